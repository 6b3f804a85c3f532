"""Classifiers: crops in, logits out, and nothing in an answer that depends on what else was asked with it."""

from __future__ import annotations

import platform
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hcr_scan.errors import ModelError
from hcr_scan.model.bundle import PAGE_MODEL, Bundle, ModelInfo, load_bundle, refuse_external_data
from hcr_scan.model.probabilities import Logits

Crops = npt.NDArray[np.uint8]


class EngineName(StrEnum):
    """Which library runs the network."""

    ONNX = "onnx"
    KERAS = "keras"


class Device(StrEnum):
    """Where the network runs; ``auto`` takes a GPU where one can be used."""

    AUTO = "auto"
    CPU = "cpu"
    GPU = "gpu"


class Classifier(Protocol):
    """Reads crops of single glyphs."""

    @property
    def info(self) -> ModelInfo:
        """What the classifier reads and how its crops must look."""

    @property
    def page_model(self) -> Path | None:
        """The bundle's network that finds writing on pages, for the workers to load; ``None`` where it has none."""

    def predict(self, crops: Crops) -> Logits:
        """Raw logits, float32 ``(n, classes)``, of uint8 crops ``(n, size, size)``, white on black.

        A row depends on its crop alone, bit for bit: not on the other crops, their number or their order.
        """


def load_classifier(
    path: str | Path | None = None,
    *,
    engine: EngineName | str = EngineName.ONNX,
    device: Device | str = Device.AUTO,
    threads: int = 0,
) -> Classifier:
    """The classifier of a bundle folder, or of the shipped bundle.

    >>> classifier = load_classifier()
    >>> "A" in classifier.info.labels
    True

    Args:
        path: A bundle folder; ``None`` is the one shipped with hcr-scan.
        engine: ``onnx``, or ``keras`` (TensorFlow, JAX or PyTorch, whichever ``KERAS_BACKEND`` names).
        device: ``auto``, ``cpu`` or ``gpu``.
        threads: CPU threads of ONNX Runtime; 0 is one a core.

    Raises:
        ModelError: the bundle is missing or damaged.
        MissingDependency: the engine or the device is not installed.
    """
    bundle = load_bundle(path)
    if EngineName(engine) is EngineName.KERAS:
        from hcr_scan.model.keras_classifier import KerasClassifier

        return KerasClassifier(bundle, device=Device(device))
    from hcr_scan.model.onnx_classifier import OnnxClassifier

    return OnnxClassifier(bundle, device=Device(device), threads=threads)


class ClusterClassifier:
    """A classifier whose network is loaded where it is first asked; so it can be pickled, and sent there.

    Raises:
        ModelError: the bundle is missing or damaged. (Raised by :meth:`predict` too, where it is another one there.)
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        engine: EngineName | str = EngineName.ONNX,
        device: Device | str = Device.AUTO,
    ) -> None:
        bundle = load_bundle(path)
        self._choice: dict[str, Any] = {"path": path, "engine": str(engine), "device": str(device), "threads": 1}
        self._info, self._page_model = bundle.info, page_model_of(bundle)
        self._classifier: Classifier | None = None

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def page_model(self) -> Path | None:
        return self._page_model

    def predict(self, crops: Crops) -> Logits:
        if self._classifier is None:
            found = load_classifier(**self._choice)
            if found.info.sha256 != self._info.sha256:
                raise ModelError(f"{platform.node()} has another model than where the scan began; put the same there")
            self._classifier = found
        return self._classifier.predict(crops)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_classifier": None}


def page_model_of(bundle: Bundle) -> Path | None:
    """The bundle's page network, checked once here so that workers need not.

    Raises:
        ModelError: it is damaged, or refers to files outside itself.
    """
    if PAGE_MODEL not in bundle.files:
        return None
    path = bundle.folder / PAGE_MODEL
    refuse_external_data(bundle.read(PAGE_MODEL), path)
    return path
