"""Keras chains as lean ONNX graphs: channels first, batch normalization folded into the weights before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

OPSET = 17
#: The oldest file format that holds :data:`OPSET`, so that old runtimes can read it.
IR_VERSION = 8

Array = npt.NDArray[np.float32]


@dataclass(slots=True)
class _Graph:
    """Nodes and weights so far; ``last`` names the newest value and ``shape`` is its (height, width, channels)."""

    last: str
    shape: tuple[int, ...]
    nodes: list[Any] = field(default_factory=list)
    weights: list[Any] = field(default_factory=list)
    flattened: tuple[int, ...] | None = None

    def add(self, operator: str, *weights: Array | npt.NDArray[np.int64], **attributes: Any) -> None:
        from onnx import helper, numpy_helper

        name = f"{operator.lower()}_{len(self.nodes)}"
        inputs = [self.last]
        for number, weight in enumerate(weights):
            inputs.append(f"{name}_{number}")
            self.weights.append(numpy_helper.from_array(np.ascontiguousarray(weight), inputs[-1]))
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        self.last = name


def to_onnx(network: Any, dtype: str = "uint8") -> bytes:
    """The network as an ONNX file.

    Args:
        network: A Keras ``Sequential`` of convolution, batch normalization, ReLU, pooling, dense and dropout layers.
        dtype: ``uint8`` for an input of crops (n, size, size); ``float32`` for one of planes (n, 1, size, size).

    Raises:
        TypeError: the network holds a layer that this exporter does not know.
    """
    import onnx
    from onnx import TensorProto, helper

    size = int(network.input_shape[1])
    graph = _Graph("crops", (size, size, 1))
    if dtype == "uint8":
        graph.add("Cast", to=TensorProto.FLOAT)
        graph.add("Unsqueeze", np.array([1], np.int64))
    layers = [layer for layer in network.layers if type(layer).__name__ not in ("InputLayer", "Dropout", "Reshape")]
    _convert(graph, layers)
    graph.nodes[-1].output[0] = "logits"
    shape = ["n", size, size] if dtype == "uint8" else ["n", 1, size, size]
    kind = TensorProto.UINT8 if dtype == "uint8" else TensorProto.FLOAT
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            network.name,
            [helper.make_tensor_value_info("crops", kind, shape)],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", int(network.output_shape[-1])])],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="hcr-scan",
    )
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def _convert(graph: _Graph, layers: list[Any]) -> None:
    scale = 1.0
    index = 0
    while index < len(layers):
        layer = layers[index]
        kind = type(layer).__name__
        following = layers[index + 1] if index + 1 < len(layers) else None
        fold = following if type(following).__name__ == "BatchNormalization" and _is_linear(layer) else None
        if kind == "Rescaling":
            scale = float(layer.scale)  # into the first convolution's weights: zeros stay zeros, so padding agrees
        elif kind == "Conv2D":
            _convolution(graph, layer, fold, scale)
            scale = 1.0
        elif kind == "Dense":
            _dense(graph, layer, fold)
        elif kind == "ReLU":
            graph.add("Relu")
        elif kind == "BatchNormalization":
            _normalization(graph, layer)
        elif kind == "MaxPooling2D":
            _pooling(graph, layer)
        elif kind == "Flatten":
            graph.flattened = graph.shape
            graph.add("Flatten", axis=1)
        else:
            raise TypeError(f"the exporter does not know the layer {layer.name} ({kind})")
        index += 2 if fold is not None and kind in ("Conv2D", "Dense") else 1


def _is_linear(layer: Any) -> bool:
    return getattr(getattr(layer, "activation", None), "__name__", "linear") == "linear"


def _normalization(graph: _Graph, layer: Any) -> None:
    """One that follows an activation, and so cannot be part of the weights before it."""
    graph.add("BatchNormalization", *(np.asarray(w, np.float32) for w in layer.get_weights()), epsilon=layer.epsilon)


def _pooling(graph: _Graph, layer: Any) -> None:
    size, stride = int(layer.pool_size[0]), int(layer.strides[0])
    height, width, channels = graph.shape
    if layer.padding == "same":
        pads = [_same_padding(extent, size, stride) for extent in (height, width)]
    else:
        pads = [(0, 0), (0, 0)]
    graph.add(
        "MaxPool",
        kernel_shape=[size, size],
        strides=[stride, stride],
        pads=[pads[0][0], pads[1][0], pads[0][1], pads[1][1]],
    )
    rows, columns = ((e + sum(p) - size) // stride + 1 for e, p in zip((height, width), pads, strict=True))
    graph.shape = (rows, columns, channels)


def _folded(layer: Any, normalization: Any | None) -> tuple[Array, Array]:
    """A layer's kernel and bias with the normalization after it multiplied in; the kernel's last axis is the output."""
    kernel = np.asarray(layer.kernel, np.float64)
    bias = np.asarray(layer.bias, np.float64) if layer.use_bias else np.zeros(kernel.shape[-1])
    if normalization is not None:
        gamma, beta, mean, variance = (np.asarray(w, np.float64) for w in normalization.get_weights())
        factor = gamma / np.sqrt(variance + normalization.epsilon)
        kernel, bias = kernel * factor, (bias - mean) * factor + beta
    return kernel.astype(np.float32), bias.astype(np.float32)


def _convolution(graph: _Graph, layer: Any, normalization: Any | None, scale: float) -> None:
    kernel, bias = _folded(layer, normalization)
    stride = int(layer.strides[0])
    height, width, _ = graph.shape
    pads = [_same_padding(extent, int(kernel.shape[0]), stride) for extent in (height, width)]
    graph.add(
        "Conv",
        (kernel * np.float32(scale)).transpose(3, 2, 0, 1),
        bias,
        kernel_shape=list(kernel.shape[:2]),
        strides=[stride, stride],
        pads=[pads[0][0], pads[1][0], pads[0][1], pads[1][1]],
    )
    graph.shape = (-(-height // stride), -(-width // stride), int(kernel.shape[-1]))
    if getattr(layer.activation, "__name__", "linear") == "relu":
        graph.add("Relu")


def _same_padding(extent: int, kernel: int, stride: int) -> tuple[int, int]:
    total = max((-(-extent // stride) - 1) * stride + kernel - extent, 0)
    return total // 2, total - total // 2


def _dense(graph: _Graph, layer: Any, normalization: Any | None) -> None:
    kernel, bias = _folded(layer, normalization)
    if graph.flattened is not None:  # Keras flattened (height, width, channels), ONNX (channels, height, width)
        kernel = kernel.reshape(*graph.flattened, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
        graph.flattened = None
    graph.add("Gemm", kernel, bias)
    if getattr(layer.activation, "__name__", "linear") == "relu":
        graph.add("Relu")
