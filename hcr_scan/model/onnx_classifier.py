"""The default classifier: ONNX Runtime, on the CPU or on CUDA."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hcr_scan.errors import MissingDependency, ModelError
from hcr_scan.model.bundle import NETWORK_ONNX, Bundle, ModelInfo, refuse_external_data
from hcr_scan.model.classifier import Crops, Device, in_blocks, page_model_of
from hcr_scan.model.probabilities import Logits

if TYPE_CHECKING:
    from types import ModuleType

#: The network always sees blocks of this many crops, the last one padded. Matrix kernels may be chosen by the number of
#: rows and differ in the last bits, so a free batch size could let an answer depend on what else was asked. Padding
#: costs at most one block a batch.
CPU_BLOCK = 64
GPU_BLOCK = 512

_CUDA = "CUDAExecutionProvider"


class OnnxClassifier:
    """Reads crops with ONNX Runtime.

    Args:
        bundle: A bundle with ``model.onnx``.
        device: ``auto`` uses CUDA where the installed ONNX Runtime has it.
        threads: CPU threads; 0 is one a core.

    Raises:
        ModelError: the network is damaged or does not fit its manifest.
        MissingDependency: ``device`` is ``gpu`` and ONNX Runtime has no CUDA.
    """

    def __init__(self, bundle: Bundle, device: Device = Device.AUTO, threads: int = 0) -> None:
        self._info = bundle.info
        self._page_model = page_model_of(bundle)
        runtime = _onnxruntime()
        providers = _providers(runtime, device)
        network = bundle.read(NETWORK_ONNX)
        refuse_external_data(network, bundle.folder / NETWORK_ONNX)
        self._session = _session(runtime, network, providers, threads, bundle.folder / NETWORK_ONNX)
        _check_device(self._session.get_providers(), device)
        self._block = GPU_BLOCK if _CUDA in self._session.get_providers() else CPU_BLOCK
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[0].name
        self._check_shapes(bundle.folder / NETWORK_ONNX)

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def page_model(self) -> Path | None:
        return self._page_model

    def predict(self, crops: Crops) -> Logits:
        return in_blocks(self._run, crops, self._block, len(self._info.labels))

    def _run(self, block: Crops) -> Logits:
        (logits,) = self._session.run([self._output], {self._input: np.ascontiguousarray(block)})
        return np.asarray(logits, np.float32)

    def _check_shapes(self, path: Path) -> None:
        """Run one blank block: the only proof that the network takes these crops and names these classes."""
        size = self._info.crop_spec.size
        expected = (self._block, len(self._info.labels))
        try:
            shape = self._run(np.zeros((self._block, size, size), np.uint8)).shape
        except Exception as error:
            raise ModelError(
                f"{path} does not take uint8 crops of {size} x {size} pixels ({_first_line(error)}); export it again"
            ) from error
        if shape != expected:
            raise ModelError(
                f"{path} answers with shape {shape} where its manifest promises {expected}; export it again"
            )


def _onnxruntime() -> ModuleType:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependency(
            f"ONNX Runtime cannot be imported ({error}); install it with: pip install onnxruntime"
        ) from error
    module: ModuleType = onnxruntime
    return module


def _providers(runtime: ModuleType, device: Device) -> list[str]:
    available = runtime.get_available_providers()
    if device is Device.GPU and _CUDA not in available:
        raise MissingDependency(
            "--device gpu: the installed ONNX Runtime has no CUDA; "
            "install it with: pip install onnxruntime-gpu, or use --device cpu"
        )
    use_cuda = device is not Device.CPU and _CUDA in available
    return [_CUDA, "CPUExecutionProvider"] if use_cuda else ["CPUExecutionProvider"]


def _check_device(in_use: list[str], device: Device) -> None:
    """ONNX Runtime falls back to the CPU in silence where CUDA is installed and does not work."""
    if device is Device.GPU and _CUDA not in in_use:
        raise MissingDependency(
            "--device gpu: CUDA could not be started; check the driver with nvidia-smi, or use --device cpu"
        )


def _session(runtime: ModuleType, network: bytes, providers: list[str], threads: int, path: Path) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Idle threads would otherwise spin on cores that the page workers need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = runtime.InferenceSession(network, options, providers=providers)
    except Exception as error:
        raise ModelError(
            f"{path} is not a network ONNX Runtime can load ({_first_line(error)}); export it again"
        ) from error
    return session


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
