"""The networks: plain chains of convolutions that ONNX Runtime runs fast on one core."""

from __future__ import annotations

import os
from typing import Any

from hcr_scan.errors import MissingDependency
from hcr_scan.model.keras_classifier import native_messages_hidden
from hcr_scan.normalization import CropSpec


def import_keras() -> Any:
    """Keras, on TensorFlow unless ``KERAS_BACKEND`` says otherwise.

    Raises:
        MissingDependency: the train extra is not installed.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        with native_messages_hidden():
            import keras
    except ImportError as error:
        raise MissingDependency(
            f"training needs Keras ({error}); install it with: pip install 'hcr-scan[train]'"
        ) from error
    return keras


def glyph_network(spec: CropSpec, classes: int, width: float = 1.0) -> Any:
    """Crops uint8 (n, size, size) to logits float32 (n, ``classes``).

    8.2 million multiply-adds at width 1. Channels come in multiples of 16, which is what vector units hold; the first
    layer halves the picture at once, since layers at full size cost more time than their multiplications say; the
    dense layer is wide, since weights cost little there.
    """
    keras = import_keras()
    layers = keras.layers
    channels = [max(16, round(c * width / 16) * 16) for c in (32, 64, 128)]
    blocks = [
        *_block(keras, channels[0], 2, kernel=5),
        *_block(keras, channels[0], 1),
        *_block(keras, channels[1], 2),
        *_block(keras, channels[1], 1),
        *_block(keras, channels[1], 1),
        layers.Dropout(0.1),
        *_block(keras, channels[2], 2),
        layers.Flatten(),
        layers.Dropout(0.2),
        layers.Dense(2 * channels[2], use_bias=False),
        layers.BatchNormalization(momentum=0.98),
        layers.ReLU(),
        layers.Dropout(0.1),
        layers.Dense(classes, dtype="float32"),
    ]
    return keras.Sequential(
        [
            keras.Input((spec.size, spec.size), dtype="uint8"),
            layers.Reshape((spec.size, spec.size, 1)),
            layers.Rescaling(1 / 255),
            *blocks,
        ],
        name="glyph",
    )


def page_network(spec: CropSpec, outputs: int) -> Any:
    """Crops float32 (n, size, size, 1) of 0..255 to logits float32 (n, ``outputs``); under a million multiply-adds."""
    keras = import_keras()
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((spec.size, spec.size, 1), dtype="float32"),
            layers.Rescaling(1 / 255),
            *_block(keras, 16, 2, kernel=5),
            *_block(keras, 32, 2),
            *_block(keras, 48, 2),
            layers.Flatten(),
            layers.Dropout(0.1),
            layers.Dense(32, activation="relu"),
            layers.Dense(outputs, dtype="float32"),
        ],
        name="page",
    )


def _block(keras: Any, channels: int, stride: int, kernel: int = 3) -> list[Any]:
    layers = keras.layers
    return [
        layers.Conv2D(channels, kernel, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal"),
        layers.BatchNormalization(momentum=0.98),
        layers.ReLU(),
    ]


def multiply_adds(network: Any) -> int:
    """Multiplications one crop costs."""
    total = 0
    for layer in network.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is None:
            continue
        size = 1
        for extent in kernel.shape:
            size *= int(extent)
        if len(kernel.shape) == 4:
            size *= int(layer.output.shape[1]) * int(layer.output.shape[2])
        total += size
    return total
