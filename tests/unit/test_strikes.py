from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.cells.strikes import is_struck_through, struck_places
from hcr_scan.segmentation.cells.writing import read_comb
from tests.frames import as_paper, draw_comb, fill
from tests.strokes import blank_page, draw_strokes, draw_text


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def word(rng: np.random.Generator) -> tuple[np.ndarray, BoundingBox]:
    page = blank_page(500, 120)
    boxes = draw_text(page, "KHADEN", 40, 40, 36, 4, rng)
    return page, BoundingBox(boxes[0].left, 40, boxes[-1].right, 76)


def test_a_word_with_a_stroke_through_it_is_struck(rng):
    page, box = word(rng)
    draw_strokes(page, [[(box.left - 5, 56), (box.right + 5, 60)]], 4)
    (found,) = struck_places(page)
    assert found.left <= box.left
    assert found.right >= box.right


@pytest.mark.parametrize("y", [20, 84])
def test_a_word_as_it_is_or_with_a_line_beside_it_is_not_struck(rng, y):
    page, box = word(rng)
    draw_strokes(page, [[(box.left - 5, y), (box.right + 5, y)]], 4)
    assert not struck_places(page)


def test_a_dash_is_not_struck():
    page = blank_page(200, 80)
    draw_strokes(page, [[(20, 40), (90, 42)]], 16)
    assert not struck_places(page)


def test_letters_that_touch_at_their_feet_are_not_struck():
    ink = np.zeros((40, 120), bool)
    ink[36:] = True
    ink[:, ::30] = ink[:, 1::30] = ink[:, 2::30] = ink[:, 3::30] = True
    assert not is_struck_through(ink)


@pytest.mark.parametrize("darkness", [25, 120])
def test_a_strike_across_cells_strikes_those_that_it_crosses(rng, darkness):
    page = blank_page(800, 240)
    cells = draw_comb(page, 100, 90, 9, darkness=darkness)
    fill(page, cells[:4], "MKHN", rng)
    fill(page, cells[5:8], "OEL", rng)
    middle = cells[0].center[1]
    draw_strokes(page, [[(cells[0].left + 4, middle - 2), (cells[3].right - 4, middle + 2)]], 4)
    found = read_comb(as_paper(page), tuple(cells))
    assert [cell.crossed_out for cell in found] == [True] * 4 + [False] * 5
    assert sum(cell.chunk is not None for cell in found) == 7
