"""Specks in blank cells: a full stop, a colon, or dust."""

from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.cells.cell_specks import speck_in

CELL = BoundingBox(10, 10, 50, 70)


def cell_with(*boxes: tuple[int, int, int, int]) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    ink = np.zeros((80, 60), np.uint8)
    for left, top, right, bottom in boxes:
        ink[top:bottom, left:right] = 255
    return ink


def test_a_full_stop_is_found_where_it_is() -> None:
    found = speck_in(cell_with((28, 55, 32, 59)), CELL)
    assert found is not None
    (candidate,) = found.candidates
    assert candidate.box == BoundingBox(28, 55, 32, 59)
    assert candidate.ink.shape == (4, 4)


def test_two_specks_one_above_the_other_are_one_glyph() -> None:
    found = speck_in(cell_with((28, 35, 32, 39), (29, 55, 33, 59)), CELL)
    assert found is not None
    assert found.candidates[0].box == BoundingBox(28, 35, 33, 59)


@pytest.mark.parametrize(
    "boxes",
    [
        pytest.param((), id="nothing"),
        pytest.param(((30, 40, 31, 42),), id="too small"),
        pytest.param(((20, 40, 24, 44), (36, 40, 40, 44)), id="side by side"),
        pytest.param(((20, 30, 24, 34), (30, 40, 34, 44), (24, 52, 28, 56)), id="dust"),
        pytest.param(((10, 40, 13, 60),), id="remains of the wall"),
    ],
)
def test_dust_and_remains_are_nothing(boxes: tuple[tuple[int, int, int, int], ...]) -> None:
    assert speck_in(cell_with(*boxes), CELL) is None
