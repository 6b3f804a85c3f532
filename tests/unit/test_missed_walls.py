from __future__ import annotations

import numpy as np

from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.frames.evidence import gather_evidence
from hcr_scan.segmentation.frames.missed_walls import with_missed_walls
from hcr_scan.segmentation.ink.rules import find_rules
from tests.frames import as_paper, draw_box, strong_pieces
from tests.strokes import blank_page

SIDE, CELLS = 50, 12


def row(top: int, side: int, cells: int) -> tuple[BoundingBox, ...]:
    return tuple(BoundingBox(200 + (side + 2) * k, top, 200 + (side + 2) * k + side, top + 60) for k in range(cells))


def mended(drawn: list[tuple[BoundingBox, ...]], found: list[tuple[BoundingBox, ...]]) -> list[tuple[BoundingBox, ...]]:
    page = blank_page(1000, 900)
    for cell in (cell for cells in drawn for cell in cells):
        draw_box(page, cell)
    paper = as_paper(page)
    pieces = strong_pieces(paper)
    return with_missed_walls(found, gather_evidence(paper, find_rules(paper), pieces))


SINGLE = [row(top, SIDE, CELLS) for top in (200, 320, 440)]
DOUBLE = row(560, 2 * SIDE + 2, CELLS // 2)


def test_a_row_of_which_every_second_wall_was_missed_gets_them_back() -> None:
    *_, last = mended([*SINGLE, row(560, SIDE, CELLS)], [*SINGLE, DOUBLE])
    assert len(last) == CELLS
    wanted = row(560, SIDE, CELLS)
    assert all(np.abs(np.subtract(a.as_list(), b.as_list())).max() <= 3 for a, b in zip(last, wanted, strict=True))


def test_cells_that_are_twice_as_wide_stay_so() -> None:
    assert mended([*SINGLE, DOUBLE], [*SINGLE, DOUBLE]) == [*SINGLE, DOUBLE]


def test_one_row_alone_has_nothing_to_go_by() -> None:
    assert mended([row(560, SIDE, CELLS)], [DOUBLE]) == [DOUBLE]
