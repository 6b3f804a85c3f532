"""Drawn punctuation has the shape and size of its mark, whatever the hand."""

from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.settings import NAMED_CHARSETS, PUNCTUATION
from hcr_scan_training.corpus import CHARACTERS
from hcr_scan_training.marks import RELATIVE_SIZE, drawn_mark, is_small
from hcr_scan_training.negatives import full_stop_blot


def extents(ink: np.ndarray) -> tuple[int, int]:
    """Height and width of the strong ink."""
    strong = ink >= 64
    return int(strong.any(axis=1).sum()), int(strong.any(axis=0).sum())


def drawn(mark: str, count: int = 60) -> list[np.ndarray]:
    random = np.random.default_rng(1)
    return [drawn_mark(mark, random) for _ in range(count)]


def test_every_mark_of_the_labels_can_be_drawn() -> None:
    assert set(RELATIVE_SIZE) == set(PUNCTUATION)
    assert sorted(CHARACTERS) == sorted(NAMED_CHARSETS["text"])
    for mark in PUNCTUATION:
        assert all((ink >= 64).any() for ink in drawn(mark, 20))


def test_marks_lie_and_stand_as_they_should() -> None:
    wide = [extents(ink) for ink in drawn("-")]
    assert np.median([width / height for height, width in wide]) > 2
    for mark in "(/')":
        assert np.median([height / width for height, width in map(extents, drawn(mark))]) > 1.2


def test_a_full_stop_is_filled_and_a_ring_is_not() -> None:
    spec = CropSpec()
    dots = [normalize_glyph(ink, spec)[2:-2, 2:-2] for ink in drawn(".")]
    assert np.median([(dot >= 64).mean() for dot in dots]) > 0.6
    hashes = [normalize_glyph(ink, spec)[2:-2, 2:-2] for ink in drawn("#")]
    assert np.median([(crop >= 64).mean() for crop in hashes]) < 0.6


def test_small_marks_are_small() -> None:
    sizes = {mark: float(np.median([max(extents(ink)) for ink in drawn(mark)])) for mark in PUNCTUATION}
    assert sizes["."] < sizes[","] < sizes["/"]
    assert is_small(".")
    assert is_small(",")
    assert not is_small("@")


@pytest.mark.parametrize("seed", range(5))
def test_blots_called_full_stops_are_compact(seed: int) -> None:
    height, width = extents(full_stop_blot(np.random.default_rng(seed)))
    assert 0.5 < width / height < 2
