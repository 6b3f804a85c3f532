"""Bundles with small random networks, for tests of what surrounds a network."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hcr_scan.normalization import NORMALIZATION_VERSION
from tests.fakes import LABELS


def random_network(classes: int = len(LABELS), size: int = 28, seed: int = 0) -> bytes:
    """An ONNX network with random weights: two convolutions and two matrix products, like a real one in small."""
    onnx = pytest.importorskip("onnx", reason="onnx builds the test network; it comes with the train extra")
    from onnx import TensorProto, helper, numpy_helper

    generator = np.random.default_rng(seed)

    def weights(name: str, *shape: int) -> Any:
        fan_in = int(np.prod(shape[1:])) if len(shape) == 4 else shape[0]
        values = generator.normal(0, 1.5 / np.sqrt(fan_in), shape).astype(np.float32)
        return numpy_helper.from_array(values, name)

    flat = 32 * (size // 4) ** 2
    initializers = [
        weights("w1", 16, 1, 3, 3),
        weights("w2", 32, 16, 3, 3),
        weights("w3", flat, 96),
        weights("w4", 96, classes),
        numpy_helper.from_array(np.array([1], np.int64), "axis"),
        numpy_helper.from_array(np.array(1 / 64, np.float32), "scale"),
    ]
    pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
    nodes = [
        helper.make_node("Cast", ["crops"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["float", "scale"], ["scaled"]),
        helper.make_node("Unsqueeze", ["scaled", "axis"], ["image"]),
        helper.make_node("Conv", ["image", "w1"], ["c1"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("MaxPool", ["r1"], ["p1"], **pool),
        helper.make_node("Conv", ["p1", "w2"], ["c2"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c2"], ["r2"]),
        helper.make_node("MaxPool", ["r2"], ["p2"], **pool),
        helper.make_node("Flatten", ["p2"], ["f"]),
        helper.make_node("MatMul", ["f", "w3"], ["m3"]),
        helper.make_node("Relu", ["m3"], ["r3"]),
        helper.make_node("MatMul", ["r3", "w4"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "random",
        [helper.make_tensor_value_info("crops", TensorProto.UINT8, ["n", size, size])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", classes])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


def write_bundle(folder: Path, network: bytes, **changes: Any) -> Path:
    """A bundle of a network, with a manifest that is right but for ``changes``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(network)
    manifest = {
        "format": 1,
        "labels": list(LABELS),
        "crop_spec": {"size": 28, "box": 22, "version": NORMALIZATION_VERSION},
        "temperature": 1.0,
        "reject_below": 0.0,
        "trained_with": {},
        "recipe_sha256": "",
        "metrics": {},
        "files": {"model.onnx": hashlib.sha256(network).hexdigest()},
    } | changes
    (folder / "model.json").write_text(json.dumps(manifest))
    return folder
