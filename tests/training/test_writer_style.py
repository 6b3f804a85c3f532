from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from hcr_scan.model.bundle import load_bundle
from hcr_scan.normalization import CropSpec
from hcr_scan.writer_style import StyleTable
from hcr_scan_training.bundle_writer import replace_style
from hcr_scan_training.corpus import ALPHANUMERIC, LABELS, Strokes
from hcr_scan_training.writer_style import DIMENSIONS, measure_style, style_of

CLASSES = len(ALPHANUMERIC)


def hands(writers: int, samples: int, spread: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits of writers who differ along the first axis alone by ``spread`` and vary by 1 along all."""
    random = np.random.default_rng(seed)
    own = random.normal(0, np.sqrt(spread), (writers, CLASSES))
    writer, classes = (part.ravel() for part in np.mgrid[:writers, :CLASSES])
    writer, classes = np.repeat(writer, samples), np.repeat(classes, samples)
    logits = 10.0 * np.eye(CLASSES)[classes] + random.normal(0, 1, (len(classes), CLASSES))
    logits[:, 0] += own[writer, classes]
    return logits, classes, writer


def test_the_axis_along_which_writers_differ_is_found() -> None:
    logits, classes, writers = hands(40, 4, 9.0, 1)
    table = measure_style(logits, classes, writers)
    assert table.characters == "".join(ALPHANUMERIC)
    assert table.axes.shape == (CLASSES, DIMENSIONS)
    first = table.axes[:, 0] / np.linalg.norm(table.axes[:, 0])
    assert first[0] == pytest.approx(1.0, abs=0.02)
    assert table.spread[0] == pytest.approx(9.0, rel=0.15)
    assert table.spread[1:].max() < 0.3
    assert (np.diff(table.spread) <= 0).all()


def test_what_one_writer_varies_by_is_the_unit() -> None:
    logits, classes, writers = hands(40, 6, 4.0, 2)
    table = measure_style(logits * 3.0, classes, writers)
    placed = (logits * 3.0) @ table.axes
    _, cell = np.unique(np.stack([writers, classes]), axis=1, return_inverse=True)
    centers = np.stack([np.bincount(cell, column) for column in placed.T], axis=1) / 6
    left = placed - centers[cell]
    assert left.var(axis=0) * 6 / 5 == pytest.approx(1.0, rel=0.05)
    for number in (0, 30, 61):
        assert placed[classes == number].mean(axis=0) == pytest.approx(table.means[number], abs=1e-6)


def strokes_of(writers: int, classes: int, samples: int = 2) -> Strokes:
    """Slanted strokes for each character of each writer."""
    count = writers * classes * samples
    return Strokes(
        points=np.tile(np.array([[0, 0], [300, 1000]], np.int16), (count, 1)),
        stroke_offsets=np.arange(0, 2 * count + 1, 2, dtype=np.int32),
        character_offsets=np.arange(count + 1, dtype=np.int32),
        classes=np.tile(np.arange(classes), writers * samples).astype(np.int16),
        writers=np.repeat([f"w{k}" for k in range(writers)], classes * samples),
        usable=np.ones(count, bool),
        name="strokes",
    )


def test_a_network_is_asked_about_every_writer_but_those_held_out() -> None:
    asked = []

    def predict(crops: np.ndarray) -> np.ndarray:
        asked.append(crops)
        return np.random.default_rng(4).normal(0, 1, (len(crops), len(LABELS))).astype(np.float32)

    strokes = strokes_of(30, 62)
    table = style_of(predict, LABELS, strokes, CropSpec(), 0)
    assert table is not None
    assert table.axes.shape == (CLASSES, DIMENSIONS)
    (crops,) = asked
    assert len(crops) == np.count_nonzero(~strokes.held_out())
    assert (crops.max(axis=(1, 2)) > 100).all()


@pytest.mark.parametrize(("writers", "classes", "samples"), [(40, 61, 2), (3, 62, 2), (40, 62, 1)])
def test_from_too_few_writers_or_characters_there_is_no_table(writers: int, classes: int, samples: int) -> None:
    def predict(crops: np.ndarray) -> np.ndarray:
        raise AssertionError("nothing is to be predicted")

    assert style_of(predict, LABELS, strokes_of(writers, classes, samples), CropSpec(), 0) is None


def test_a_model_that_lacks_letters_has_no_table() -> None:
    strokes = object.__new__(Strokes)  # not looked at
    assert style_of(lambda crops: np.zeros((len(crops), 27)), LABELS[10:36], strokes, None, 0) is None  # type: ignore[arg-type, return-value]


def test_a_bundle_gets_another_table_and_is_whole(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(load_bundle().folder, folder)
    table = StyleTable("AB", np.eye(2), np.eye(2), np.ones(2))
    replace_style(folder, table)
    bundle = load_bundle(folder)
    assert bundle.info.style is not None
    assert bundle.info.style.document() == table.document()
    assert bundle.read("model.onnx") == load_bundle().read("model.onnx")
