"""The same network through Keras, on TensorFlow, JAX or PyTorch: for GPUs that ONNX Runtime cannot use."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from hcr_scan.errors import MissingDependency, ModelError, first_line
from hcr_scan.model.blocks import BlockRunner
from hcr_scan.model.bundle import NETWORK_KERAS, Bundle, ModelInfo
from hcr_scan.model.classifier import Crops, Device, page_model_of
from hcr_scan.model.probabilities import Logits

#: Crops in a block.
BLOCK = 256


class KerasClassifier:
    """Reads crops with Keras; ``KERAS_BACKEND`` chooses ``tensorflow`` (the default), ``jax`` or ``torch``.

    Raises:
        ModelError: the network is damaged or does not fit its manifest.
        MissingDependency: Keras or its backend is not installed, or ``device`` is ``gpu`` and there is none.
    """

    def __init__(self, bundle: Bundle, device: Device = Device.AUTO) -> None:
        self._info = bundle.info
        self._page_model = page_model_of(bundle)
        if device is Device.CPU:
            _hide_gpus()
        keras = _keras()
        if device is Device.GPU and not _has_gpu(keras):
            raise MissingDependency(
                f"--device gpu: Keras on {keras.backend.backend()} finds no GPU; "
                "install the GPU build of that backend, or use --device cpu"
            )
        path = bundle.verified_path(NETWORK_KERAS)
        try:
            # Without safe_mode a file could bring its own code; without compile=False its own optimizer state.
            self._model: Any = keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:
            raise ModelError(
                f"{path} is not a network Keras can load ({first_line(error)}); export it again"
            ) from error
        self._keras = keras
        self._blocks = BlockRunner(self._run, BLOCK)
        self._check_shapes(path)

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def page_model(self) -> Path | None:
        return self._page_model

    def predict(self, crops: Crops) -> Logits:
        return self._blocks(crops, len(self._info.labels))

    def _run(self, block: Crops) -> Logits:
        # predict_on_batch compiles the call once; calling the model would trace it layer by layer every time.
        return np.asarray(self._model.predict_on_batch(np.ascontiguousarray(block)), np.float32)

    def _check_shapes(self, path: Path) -> None:
        size = self._info.crop_spec.size
        try:
            shape = self._run(np.zeros((BLOCK, size, size), np.uint8)).shape
        except Exception as error:
            raise ModelError(f"{path} does not take uint8 crops of {size} x {size} pixels; export it again") from error
        if shape != (BLOCK, len(self._info.labels)):
            raise ModelError(
                f"{path} answers with shape {shape}, its manifest promises {len(self._info.labels)} classes"
            )


def _keras() -> ModuleType:
    try:
        with native_messages_hidden():
            import keras
    except ImportError as error:
        raise MissingDependency(
            f"--engine keras: Keras or its backend cannot be imported ({error}); "
            "install them with: pip install 'hcr-scan[train]', or set KERAS_BACKEND to jax or torch if you have those"
        ) from error
    module: ModuleType = keras
    return module


@contextlib.contextmanager
def native_messages_hidden() -> Iterator[None]:
    """Keep what TensorFlow's libraries write to standard error when they are loaded, past Python, from the terminal.

    They write before they look at their own log level. What Python raises meanwhile is raised as ever.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if sys.stderr is None:  # A program without one may have any file of its own there.
        yield
        return
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _hide_gpus() -> None:
    """Keep the backend off the GPU; it looks at these once, when first imported."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ.setdefault("JAX_PLATFORMS", "cpu")


def _has_gpu(keras: ModuleType) -> bool:
    return bool(keras.distribution.list_devices("gpu"))
