from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.cells.frame_removal import without_frame
from tests.frames import draw_box, draw_comb, draw_round_box
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


def test_a_thick_border_goes_whole_beside_a_stroke_that_touches_it():
    """What was left of it joined the stroke to the next label."""
    page = blank_page(400, 140)
    cells = draw_comb(page, 40, 40, 6, darkness=INK)
    page[26:40, cells[0].left - 2 : cells[-1].right + 2] = INK
    leg = (slice(40, 70), slice(cells[2].left + 18, cells[2].left + 22))
    page[leg] = INK
    left = erased(page, cells)
    assert (left[42:70, leg[1]] == INK).all()
    assert not left[:38].any()


def test_round_corners_go_and_a_stroke_that_keeps_to_one_of_them_stays():
    page = blank_page(500, 140)
    cells = [BoundingBox(40 + 50 * k, 40, 80 + 50 * k, 88) for k in range(8)]
    for cell in cells:
        draw_round_box(page, cell, 14, INK)
    stroke = (slice(44, 48), slice(cells[3].left + 6, cells[3].left + 12))
    page[stroke] = INK
    left = erased(page, cells)
    assert (left[stroke] == INK).sum() > 0.5 * left[stroke].size
    left[stroke] = 0
    assert not any(left[cell.top + 1 : cell.bottom - 1, cell.left + 1 : cell.right - 1].any() for cell in cells)


def test_what_is_known_to_be_pen_is_kept():
    page = blank_page(400, 120)
    cells = draw_comb(page, 40, 30, 6, darkness=200)
    pen = np.zeros(page.shape, bool)
    pen[29:31, 60:70] = True
    page[pen] = INK
    assert (without_frame(page, pen, cells)[pen] == INK).all()
