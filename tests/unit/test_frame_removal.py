from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.cells.frame_removal import without_frame
from tests.frames import draw_box, draw_comb
from tests.strokes import blank_page

INK = 255


def erased(page: np.ndarray, cells: list[BoundingBox]) -> np.ndarray:
    return without_frame(page, np.zeros(page.shape, bool), cells)


@pytest.mark.parametrize("thick", [1, 2, 4])
def test_walls_and_rails_go(thick):
    page = blank_page(400, 120)
    cells = draw_comb(page, 40, 30, 6, darkness=INK, thick=thick)
    assert np.count_nonzero(erased(page, cells)) == 0


def test_a_frame_that_leans_goes():
    page = blank_page(700, 140)
    x = np.arange(30, 650)
    for y in (40, 90):
        level = y + (x - 30) // 155  # four pixels over its length
        for k in range(3):
            page[level + k, x] = INK
    page[40:93, 28:31] = page[43:97, 650:653] = INK
    left = erased(page, [BoundingBox(31, 44, 650, 91)])
    assert np.count_nonzero(left) < 0.02 * np.count_nonzero(page)


def test_a_stroke_beside_the_rail_is_kept():
    page = blank_page(400, 120)
    cells = draw_comb(page, 40, 30, 6, darkness=INK)
    foot = (slice(cells[2].bottom - 5, cells[2].bottom - 2), slice(cells[2].left + 8, cells[2].right - 8))
    page[foot] = INK
    assert (erased(page, cells)[foot] == INK).all()


def test_a_stroke_that_crosses_the_rail_is_not_cut():
    page = blank_page(400, 140)
    cells = draw_comb(page, 40, 30, 6, darkness=INK)
    leg = (slice(cells[2].top + 10, cells[2].bottom + 12), slice(cells[2].left + 18, cells[2].left + 22))
    page[leg] = INK
    assert (erased(page, cells)[leg] == INK).all()


def test_nothing_is_left_where_double_walls_meet_double_rails():
    page = blank_page(500, 160)
    rows = [[BoundingBox(40 + 46 * k, top, 80 + 46 * k, top + 40) for k in range(6)] for top in (30, 76)]
    for row in rows:
        for cell in row:
            draw_box(page, cell, INK, 2)
    left = erased(page, rows[0])
    assert np.count_nonzero(left[26:76, 36 : rows[0][-1].right + 4]) == 0


def test_what_is_known_to_be_pen_is_kept():
    page = blank_page(400, 120)
    cells = draw_comb(page, 40, 30, 6, darkness=200)
    pen = np.zeros(page.shape, bool)
    pen[29:31, 60:70] = True
    page[pen] = INK
    assert (without_frame(page, pen, cells)[pen] == INK).all()
