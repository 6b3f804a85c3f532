"""The bundle in the package keeps the promises of its manifest."""

from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.images import draw_line
from hcr_scan.model.bundle import Bundle, load_bundle
from hcr_scan.model.classifier import load_classifier
from hcr_scan.model.probabilities import probabilities
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan_training.corpus import LABELS

#: Characters as straight strokes, in a box of 40 x 60.
DRAWN = {
    "A": [[[0, 60], [20, 0], [40, 60]], [[8, 38], [32, 38]]],
    "E": [[[40, 0], [0, 0], [0, 60], [40, 60]], [[0, 30], [32, 30]]],
    "H": [[[0, 0], [0, 60]], [[40, 0], [40, 60]], [[0, 30], [40, 30]]],
    "K": [[[0, 0], [0, 60]], [[36, 0], [0, 34]], [[10, 26], [40, 60]]],
    "L": [[[0, 0], [0, 60], [36, 60]]],
    "M": [[[0, 60], [2, 0], [22, 36], [42, 0], [44, 60]]],
    "T": [[[0, 0], [44, 0]], [[22, 0], [22, 60]]],
    "W": [[[0, 0], [12, 60], [24, 20], [36, 60], [48, 0]]],
    "X": [[[0, 0], [40, 60]], [[40, 0], [0, 60]]],
    "4": [[[30, 60], [30, 0], [0, 40], [42, 40]]],
    "7": [[[0, 0], [40, 0], [14, 60]]],
}

#: What is read unless other characters are asked for.
BLOCK = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def crop(strokes: list[list[list[int]]], pen: int = 4) -> np.ndarray:
    ink = np.zeros((80, 80), np.uint8)
    for stroke in strokes:
        draw_line(ink, np.array(stroke, np.float64) + 10, pen, smooth=False)
    return normalize_glyph(ink, CropSpec())


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle()


def test_files_are_whole_and_small(bundle: Bundle) -> None:
    assert set(bundle.files) == {"model.onnx", "model.keras", "page.onnx", "style.json"}
    assert sum(len(bundle.read(name)) for name in bundle.files) < 5_000_000
    assert bundle.info.labels == LABELS
    assert bundle.info.crop_spec == CropSpec()
    assert bundle.info.style is not None
    assert bundle.info.style.characters == "".join(LABELS[:62])


@pytest.mark.parametrize("pen", [2, 4, 8])
def test_drawn_characters_are_read(bundle: Bundle, pen: int) -> None:
    crops = np.stack([crop(strokes, pen) for strokes in DRAWN.values()])
    logits = load_classifier().predict(crops)
    labels = bundle.info.labels
    chances = probabilities(logits, labels, BLOCK, bundle.info.temperature)
    assert "".join(labels[int(best)] for best in chances.argmax(axis=1)) == "".join(DRAWN)


def test_a_bare_vertical_stroke_is_a_character_and_a_rule_is_none(bundle: Bundle) -> None:
    logits = load_classifier().predict(
        np.stack([crop([[[20, 0], [20, 60]]]), crop([[[0, 30], [60, 30]]]), crop([[[0, 30], [60, 31]]], 2)])
    )
    chances = probabilities(logits, bundle.info.labels, BLOCK, bundle.info.temperature)
    best = [bundle.info.labels[int(number)] for number in chances.argmax(axis=1)]
    assert best[0] in {"1", "I"}
    assert best[1:] == ["", ""]


@pytest.mark.train
def test_keras_and_onnx_say_the_same(bundle: Bundle) -> None:
    crops = np.stack([crop(strokes, pen) for strokes in DRAWN.values() for pen in (2, 3, 5, 9)])
    onnx, keras = (load_classifier(engine=engine).predict(crops) for engine in ("onnx", "keras"))
    assert np.abs(onnx - keras).max() < 1e-4
    chances = [probabilities(logits, bundle.info.labels, "".join(LABELS), 1.0) for logits in (onnx, keras)]
    assert np.abs(chances[0] - chances[1]).max() < 1e-5
