"""The student project's network and the distortions it was shown."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from hcr_scan.images import Gray, affine
from hcr_scan_training.kaggle_recipe import KAGGLE_SIDE, Distortion
from hcr_scan_training.network import import_keras

#: What the bundle's extra answer, "not a character", is given: the network was never shown any, so it never wins.
NEVER = -1e4


def letter_network(classes: int) -> Any:
    """Pictures float32 (n, 28, 28, 1) of 0..1 to probabilities (n, ``classes``): 7.9 million multiply-adds."""
    keras = import_keras()
    inputs = keras.Input((KAGGLE_SIDE, KAGGLE_SIDE, 1))
    return keras.Sequential([inputs, *_body(keras), keras.layers.Dense(classes, activation="softmax")], name="letters")


def serving_network(trained: Any) -> Any:
    """The same network as a bundle wants it: uint8 crops to logits, with one answer more, which is never given."""
    keras = import_keras()
    layers = keras.layers
    *body, (kernel, bias) = _grouped(trained)
    twin = keras.Sequential(
        [
            keras.Input((KAGGLE_SIDE, KAGGLE_SIDE), dtype="uint8"),
            layers.Reshape((KAGGLE_SIDE, KAGGLE_SIDE, 1)),
            layers.Rescaling(1 / 255),
            *_body(keras),
            layers.Dense(len(bias) + 1),
        ],
        name="letters",
    )
    last = [np.pad(kernel, ((0, 0), (0, 1))), np.append(bias, np.float32(NEVER))]
    twin.set_weights([weight for group in body for weight in group] + last)
    return twin


def _grouped(network: Any) -> list[list[npt.NDArray[np.float32]]]:
    return [weights for layer in network.layers if (weights := layer.get_weights())]


def _body(keras: Any) -> list[Any]:
    layers = keras.layers

    def convolution(channels: int) -> Any:
        return layers.Conv2D(channels, 3, padding="same", activation="relu")

    def pooling() -> Any:
        return layers.MaxPooling2D(2, strides=2, padding="same")

    return [
        convolution(75),
        layers.BatchNormalization(),
        pooling(),
        convolution(50),
        layers.Dropout(0.2),
        layers.BatchNormalization(),
        pooling(),
        convolution(25),
        layers.BatchNormalization(),
        pooling(),
        layers.Flatten(),
        layers.Dense(512, activation="relu"),
        layers.Dropout(0.3),
    ]


def distorted(image: Gray, distortion: Distortion, random: np.random.Generator) -> Gray:
    """A picture turned, enlarged and moved at random, as Keras's ImageDataGenerator does it."""
    turn = math.radians(random.uniform(-distortion.rotation, distortion.rotation))
    down, across = random.uniform(-distortion.shift, distortion.shift, 2) * image.shape
    zoom = random.uniform(1 - distortion.zoom, 1 + distortion.zoom, 2)
    return transformed(image, turn, float(down), float(across), float(zoom[0]), float(zoom[1]))


def transformed(image: Gray, turn: float, down: float, across: float, zoom_y: float, zoom_x: float) -> Gray:
    """A picture through ``apply_affine_transform`` of Keras: turned by ``turn`` radians about its center, each pixel
    looked up ``down`` and ``across`` pixels further on, its axes divided by the zooms; bilinear, black outside.
    """
    cosine, sine = math.cos(turn), math.sin(turn)
    rotation = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    move = np.array([[1, 0, down], [0, 1, across], [0, 0, 1]])
    height, width = image.shape
    to_center = np.array([[1, 0, height / 2 - 0.5], [0, 1, width / 2 - 0.5], [0, 0, 1]])
    # From places (row, column) of the result to places of the source; OpenCV wants it the other way, as (x, y).
    back = to_center @ rotation @ move @ np.diag([zoom_y, zoom_x, 1.0]) @ np.linalg.inv(to_center)
    forward = np.linalg.inv(back)[[1, 0]][:, [1, 0, 2]]
    return affine(image, forward, width, height)


def distorted_batches(
    images: npt.NDArray[np.uint8], targets: npt.NDArray[Any], size: int, distortion: Distortion, seed: int
) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[Any]]]:
    """Shuffled batches without end: pictures float32 (n, 28, 28, 1) of 0..1, distorted anew each time, and targets."""
    random = np.random.default_rng([seed, 11])
    while True:
        order = random.permutation(len(images))
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            batch = np.stack([distorted(images[index], distortion, random) for index in chosen])
            yield scaled(batch), targets[chosen]


def scaled(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Pictures uint8 (n, h, w) as the network takes them: float32 (n, h, w, 1) from 0 to 1."""
    return images[..., None].astype(np.float32) / np.float32(255)
