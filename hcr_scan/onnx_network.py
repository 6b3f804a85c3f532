"""The only module that imports ONNX Runtime: networks that run on one thread, next to page workers on every core."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from hcr_scan.errors import MissingDependency, first_line

CPU = "CPUExecutionProvider"


class OnnxNetwork:
    """A network with one input and one output.

    Args:
        network: The bytes of an ONNX file.
        providers: ONNX Runtime's names of what may run it, the best first.

    Raises:
        ValueError: the bytes are no network that ONNX Runtime can load; the message is its own first line.
        MissingDependency: ONNX Runtime cannot be imported.
    """

    def __init__(self, network: bytes, providers: tuple[str, ...] = (CPU,)) -> None:
        runtime = onnxruntime()
        options = runtime.SessionOptions()
        # Several threads over one block wait for each other; blocks side by side do not.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session: Any = runtime.InferenceSession(network, options, providers=list(providers))
        except Exception as error:
            raise ValueError(first_line(error)) from error
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[0].name

    @property
    def providers(self) -> tuple[str, ...]:
        """Those of the providers that work."""
        return tuple(self._session.get_providers())

    def run(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """The output, float32 ``(n, k)``, of ``n`` items of the input's type. May be called by several threads."""
        (answer,) = self._session.run([self._output], {self._input: np.ascontiguousarray(batch)})
        return np.asarray(answer, np.float32)


def onnxruntime() -> ModuleType:
    """ONNX Runtime, imported when it is first needed, and told to tell nobody.

    Raises:
        MissingDependency: it cannot be imported.
    """
    # From 1.32 on it writes an identity of the machine into the home folder and reports to its makers over the network,
    # also on Linux, from the moment it is loaded: later calls of its own (disable_telemetry_events) come too late.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime as runtime
    except ImportError as error:
        raise MissingDependency(
            f"ONNX Runtime cannot be imported ({error}); install it with: pip install onnxruntime"
        ) from error
    module: ModuleType = runtime
    return module
