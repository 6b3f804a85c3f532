"""Training and scanning make the same crop of the same ink, and that crop never changes unnoticed."""

from __future__ import annotations

import hashlib
import inspect

import numpy as np
import pytest

import hcr_scan.normalization
from hcr_scan.images import draw_line
from hcr_scan.normalization import NORMALIZATION_VERSION, CropSpec, normalize_glyph
from hcr_scan_training import dataset, page_data, validation
from hcr_scan_training.corpus import LABELS, NOT_A_CHARACTER
from hcr_scan_training.negatives import negative
from hcr_scan_training.recipe import Data


def seven(scale: float = 1.0, pen: int = 3) -> np.ndarray:
    ink = np.zeros((round(70 * scale), round(60 * scale)), np.uint8)
    draw_line(ink, np.array([[10, 12], [44, 10], [22, 60]]) * scale, pen, smooth=False)
    return ink


# The golden crops: one row of each, and a digest of all. A change here is a change of NORMALIZATION_VERSION.
GOLDEN_ROW = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 82, 254, 235, 34, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
GOLDEN_SHA256 = "5cb0b1b991c451b374beb30e20c9576a2b20ad0e3d16c07d089e9f276843f1f8"


def golden_crops() -> np.ndarray:
    spec = CropSpec(28, 24)
    soft = (seven(1.0, 4).astype(np.float32) * 0.5).astype(np.uint8)
    return np.stack([normalize_glyph(ink, spec) for ink in (seven(), seven(4.0, 5), seven(0.3, 1), soft)])


def test_golden_crops_pin_the_normalizer() -> None:
    assert NORMALIZATION_VERSION == 1
    crops = golden_crops()
    assert crops[0, 14].tolist() == GOLDEN_ROW
    assert hashlib.sha256(crops.tobytes()).hexdigest() == GOLDEN_SHA256


def test_training_makes_crops_with_the_function_that_scanning_calls() -> None:
    for module in (dataset, page_data, validation):
        assert module.normalize_glyph is hcr_scan.normalization.normalize_glyph
    for module in (dataset, page_data, validation):
        assert "resize(" not in inspect.getsource(module)


def test_same_ink_gives_byte_equal_crops_in_training_and_scanning(monkeypatch: pytest.MonkeyPatch) -> None:
    ink = np.pad(seven(), 12)

    class OneGlyph:
        def draw(self, number: int, random: np.random.Generator) -> np.ndarray:
            return ink.copy()

    monkeypatch.setattr(dataset, "soiled", lambda glyph, random, neighbor: glyph)
    monkeypatch.setattr(dataset, "captured", lambda glyph, random: glyph)
    spec = CropSpec()
    data = Data({}, negatives=0.0)
    crops, classes = dataset.draw_crops(OneGlyph(), data, spec, 5, np.random.default_rng(0))  # type: ignore[arg-type]
    page = np.zeros((200, 300), np.uint8)
    page[50 : 50 + ink.shape[0], 80 : 80 + ink.shape[1]] = ink
    scanned = normalize_glyph(page[40:160, 70:200], spec)
    assert len(classes) == 5
    for crop in crops:
        assert np.array_equal(crop, scanned)


def test_same_seed_draws_the_same_crops() -> None:
    class Sevens:
        def draw(self, number: int, random: np.random.Generator) -> np.ndarray:
            return np.pad(seven(random.uniform(0.3, 1.0)), 12)

    made = [
        dataset.draw_crops(Sevens(), Data({}), CropSpec(), 60, np.random.default_rng(4))  # type: ignore[arg-type]
        for _ in range(2)
    ]
    assert np.array_equal(made[0][0], made[1][0])
    assert np.array_equal(made[0][1], made[1][1])
    assert made[0][0].any(axis=(1, 2)).all()
    assert NOT_A_CHARACTER in made[0][1]


def test_every_kind_of_negative_holds_ink() -> None:
    random = np.random.default_rng(2)
    for _ in range(200):
        ink = negative(lambda: (np.pad(seven(), 12), "4"), random)
        assert (ink >= 64).any()


def test_labels_are_the_characters_and_nothing() -> None:
    assert "".join(LABELS) == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.,-/@&'()+#:"
    assert LABELS[NOT_A_CHARACTER] == ""
