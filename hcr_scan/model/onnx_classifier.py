"""The default classifier: ONNX Runtime, on the CPU or on CUDA."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from hcr_scan.errors import MissingDependency, ModelError, first_line
from hcr_scan.model.blocks import BlockRunner
from hcr_scan.model.bundle import NETWORK_ONNX, Bundle, ModelInfo, refuse_external_data
from hcr_scan.model.classifier import Crops, Device, page_model_of
from hcr_scan.model.probabilities import Logits
from hcr_scan.onnx_network import CPU, OnnxNetwork, onnxruntime
from hcr_scan.settings import available_cores

#: Crops in a block: what stays in a core's cache, and what keeps a GPU busy.
CPU_BLOCK = 64
GPU_BLOCK = 512

#: While a GPU reads one block the next is copied to it.
GPU_THREADS = 2

_CUDA = "CUDAExecutionProvider"


class OnnxClassifier:
    """Reads crops with ONNX Runtime.

    Args:
        bundle: A bundle with ``model.onnx``.
        device: ``auto`` uses CUDA where the installed ONNX Runtime has it.
        threads: Blocks read at a time on the CPU; 0 is one a core.

    Raises:
        ModelError: the network is damaged or does not fit its manifest.
        MissingDependency: ``device`` is ``gpu`` and ONNX Runtime has no CUDA.
    """

    def __init__(self, bundle: Bundle, device: Device = Device.AUTO, threads: int = 0) -> None:
        self._info = bundle.info
        self._page_model = page_model_of(bundle)
        path = bundle.folder / NETWORK_ONNX
        network = bundle.read(NETWORK_ONNX)
        refuse_external_data(network, path)
        try:
            self._network = OnnxNetwork(network, _providers(device))
        except ValueError as error:
            raise ModelError(f"{path} is not a network ONNX Runtime can load ({error}); export it again") from error
        _check_device(self._network.providers, device)
        on_gpu = _CUDA in self._network.providers
        pool = ThreadPoolExecutor(GPU_THREADS if on_gpu else threads or available_cores(), "classify")
        self._blocks = BlockRunner(self._network.run, GPU_BLOCK if on_gpu else CPU_BLOCK, pool.map)
        self._check_shapes(path)

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def page_model(self) -> Path | None:
        return self._page_model

    def predict(self, crops: Crops) -> Logits:
        return self._blocks(crops, len(self._info.labels))

    def _check_shapes(self, path: Path) -> None:
        """Run one blank block: the only proof that the network takes these crops and names these classes."""
        size = self._info.crop_spec.size
        rows = self._blocks.rows
        expected = (rows, len(self._info.labels))
        try:
            shape = self._network.run(np.zeros((rows, size, size), np.uint8)).shape
        except Exception as error:
            raise ModelError(
                f"{path} does not take uint8 crops of {size} x {size} pixels ({first_line(error)}); export it again"
            ) from error
        if shape != expected:
            raise ModelError(
                f"{path} answers with shape {shape} where its manifest promises {expected}; export it again"
            )


def _providers(device: Device) -> tuple[str, ...]:
    available = onnxruntime().get_available_providers()
    if device is Device.GPU and _CUDA not in available:
        raise MissingDependency(
            "--device gpu: the installed ONNX Runtime has no CUDA; "
            "install it with: pip install onnxruntime-gpu, or use --device cpu"
        )
    use_cuda = device is not Device.CPU and _CUDA in available
    return (_CUDA, CPU) if use_cuda else (CPU,)


def _check_device(in_use: tuple[str, ...], device: Device) -> None:
    """ONNX Runtime falls back to the CPU in silence where CUDA is installed and does not work."""
    if device is Device.GPU and _CUDA not in in_use:
        raise MissingDependency(
            "--device gpu: CUDA could not be started; check the driver with nvidia-smi, or use --device cpu"
        )
