"""Digits as a calculator shows them, drawn with training's pens: the least that a network can learn."""

from __future__ import annotations

import numpy as np

from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan_training.augmentation import captured, drawn_strokes

SPEC = CropSpec()
#: Digits as the segments of a calculator: corners a..f of two stacked squares.
CORNERS = {"a": (0, 0), "b": (1, 0), "c": (1, 1), "d": (0, 1), "e": (1, 2), "f": (0, 2)}
DIGITS = ("abefa", "be", "abcdfe", "abcdcef", "adcbe", "badcef", "badfecd", "abe", "abefadc", "cdabef")


def drawn_digits(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    classes = random.integers(0, 10, count).astype(np.int16)
    crops = np.zeros((count, SPEC.size, SPEC.size), np.uint8)
    for row, number in enumerate(classes):
        stroke = np.array([CORNERS[corner] for corner in DIGITS[number]], np.float32)
        crops[row] = normalize_glyph(captured(drawn_strokes([stroke], random), random), SPEC)
    return crops, classes
