"""Rows of cells as fields: dates are one, columns of a table several."""

from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.forms.drafting.cell_rows import Row, regrouped
from hcr_scan.geometry import BoundingBox
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation.segment import StraightPage, straight_page
from hcr_scan.sources import PageImage, PageRef
from tests.blank_forms import label
from tests.frames import Page, comb_cells, draw_box, draw_comb


@pytest.fixture
def page() -> Page:
    return np.zeros((2100, 1700), np.uint8)  # large enough not to be rescaled


def straight(page: Page) -> StraightPage:
    return straight_page(PageImage(PageRef("page.png", 0, 1, "0" * 64), 255 - page, 200, True), CropSpec(), None)


def rows_of(page: Page, *rows: list[BoundingBox]) -> list[int]:
    return [len(row) for row in regrouped(straight(page), [tuple(row) for row in rows])]


@pytest.mark.parametrize("separator", ["-", "/", "."])
def test_printed_separators_join_a_date(page: Page, separator: str) -> None:
    groups = [draw_comb(page, left, 400, count) for left, count in ((200, 2), (336, 2), (472, 4))]
    assert rows_of(page, *groups) == [2, 2, 4]
    for left in (296, 432):
        label(page, left, 408, separator, 34)
    assert rows_of(page, *groups) == [8]


def test_the_walls_of_a_table_part_a_row(page: Page) -> None:
    cells: list[BoundingBox] = []
    for column in range(3):
        cells += [BoundingBox(left, 400, left + 40, 448) for left in range(210 + 200 * column, 390 + 200 * column, 60)]
    for cell in cells:
        draw_box(page, cell, 80)
    row: Row = tuple(cells)
    assert rows_of(page, list(row)) == [9]
    for wall in (400, 600):
        page[360:490, wall - 5 : wall - 2] = 200
    assert rows_of(page, list(row)) == [3, 3, 3]


def test_walls_between_cells_of_a_comb_part_nothing(page: Page) -> None:
    cells = comb_cells(200, 400, 6)
    for shift in (-50, 0, 50):
        draw_comb(page, 200, 400 + shift, 6)
    assert rows_of(page, cells) == [6]


def test_cells_that_were_overlooked_at_the_ends_are_added(page: Page) -> None:
    # Thirty cells of 30.5 pixels: a pitch that is no whole number adds up.
    cells = [BoundingBox(200 + round(30.5 * k), 400, 228 + round(30.5 * k), 430) for k in range(30)]
    for cell in cells:
        draw_box(page, cell, 60)
    (row,) = regrouped(straight(page), [tuple(cells[11:17])])
    assert len(row) == 30
    for cell, drawn in zip(row, cells, strict=True):
        assert max(abs(a - b) for a, b in zip(cell.as_list(), drawn.as_list(), strict=True)) <= 2


def test_no_cell_is_added_without_a_wall_behind_it(page: Page) -> None:
    cells = draw_comb(page, 300, 400, 5)
    # The rails go on and frame a wider box.
    draw_box(page, BoundingBox(cells[-1].right + 2, 400, cells[-1].right + 300, 448))
    assert rows_of(page, cells) == [5]
