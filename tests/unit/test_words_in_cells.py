"""Rows of tables that look like combs, told by what is written in them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.frames.finding import find_frames
from hcr_scan.segmentation.ink.rules import find_rules
from hcr_scan.segmentation.places import InkPlace, find_places
from tests.frames import Page, as_paper, draw_box, strong_pieces
from tests.strokes import blank_page, draw_text

#: Columns of a table of four rows, all as wide as each other but the second, which is twice as wide.
COLUMNS, ROW = (100, 170, 310, 380, 450, 520), 60


def table(texts: tuple[str, ...]) -> tuple[Page, list[list[BoundingBox]]]:
    rng = np.random.default_rng(3)
    page = blank_page(640, 400)
    rows = []
    for top in range(60, 60 + 4 * ROW, ROW):
        cells = [BoundingBox(a + 2, top + 2, b, top + ROW) for a, b in pairwise(COLUMNS)]
        for cell, text in zip(cells, texts, strict=True):
            draw_box(page, cell)
            draw_text(page, text, cell.left + 8, cell.top + 14, 30, 3, rng)
        rows.append(cells)
    return page, rows


def places_of(page: Page) -> list[InkPlace]:
    paper = as_paper(page)
    rules = find_rules(paper)
    return find_places(paper, find_frames(paper, rules, strong_pieces(paper)))


def test_columns_of_numbers_are_boxes_with_their_own_walls():
    page, rows = table(("23", "4711", "98", "19", "55"))
    places = places_of(page)
    assert [len(place.cells) for place in places] == [0] * 20
    assert [place.written for place in places] == [2, 4, 2, 2, 2] * 4
    for place, cell in zip(places, [cell for row in rows for cell in row], strict=True):
        assert place.box.share_in(cell.grown(3)) == 1
        assert cell.share_in(place.box.grown(3)) == 1


@pytest.mark.parametrize("texts", [("2", "7", "H", "N", "5"), ("23", "7", "H", "", "")])
def test_one_letter_a_cell_is_a_comb(texts):
    """Two letters in one cell now and then are no reason, as here in one of four cells."""
    page, _ = table(texts)
    assert max(len(place.cells) for place in places_of(page)) > 1
