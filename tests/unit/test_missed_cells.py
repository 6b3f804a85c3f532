from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.frames.evidence import gather_evidence
from hcr_scan.segmentation.frames.missed_cells import with_missed_cells
from hcr_scan.segmentation.ink.rules import find_rules
from tests.frames import as_paper, draw_box, strong_pieces, write
from tests.strokes import blank_page

ROWS, CELLS, SIDE = 4, 10, 50


def cell(row: int, column: int) -> BoundingBox:
    return BoundingBox(200 + (SIDE + 2) * column, 300 + 120 * row, 200 + (SIDE + 2) * column + SIDE, 360 + 120 * row)


def completed(missing: list[tuple[int, int]], written: list[tuple[int, int]], railed: bool = True) -> list[list[int]]:
    """Which columns each row has, when some cells were not found."""
    rng = np.random.default_rng(3)
    page = blank_page(1000, 900)
    for row in range(ROWS):
        for column in range(CELLS):
            if railed or (row, column) not in missing:
                draw_box(page, cell(row, column))
    for place in written:
        write(page, cell(*place), "K", rng)
    paper = as_paper(page)
    pieces = strong_pieces(paper)
    rows = [
        tuple(cell(row, column) for column in columns)
        for row in range(ROWS)
        for columns in _runs([column for column in range(CELLS) if (row, column) not in missing])
    ]
    taken = np.zeros(page.shape, bool)
    for found in (box for row in rows for box in row):
        taken[found.top : found.bottom, found.left : found.right] = True
    whole = with_missed_cells(rows, gather_evidence(paper, find_rules(paper), pieces), pieces, taken)
    return [[(box.left - 200) // (SIDE + 2) for box in row] for row in whole]


def _runs(columns: list[int]) -> list[list[int]]:
    parts = np.split(np.array(columns), np.flatnonzero(np.diff(columns) > 1) + 1)
    return [part.tolist() for part in parts]


WHOLE = list(range(CELLS))


@pytest.mark.parametrize("missing", [[(1, 0)], [(1, 9)], [(1, 0), (1, 1), (2, 9)]])
def test_a_written_cell_at_the_end_of_a_row_belongs_to_it(missing: list[tuple[int, int]]) -> None:
    assert completed(missing, missing) == [WHOLE] * ROWS


def test_so_does_one_in_a_gap() -> None:
    assert completed([(1, 4)], [(1, 4)]) == [WHOLE, [*range(5)], [*range(5, 10)], WHOLE, WHOLE]


def test_no_cell_is_made_of_blank_paper() -> None:
    assert completed([(1, 0)], [])[1] == WHOLE[1:]


def test_nor_where_the_rails_end() -> None:
    assert completed([(1, 0)], [(1, 0)], railed=False)[1] == WHOLE[1:]


def test_nor_where_no_other_row_has_one() -> None:
    missing = [(row, 0) for row in range(ROWS)]
    assert completed(missing, [(1, 0)])[1] == WHOLE[1:]
