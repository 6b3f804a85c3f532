from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.frames.comb_families import cell_families, lanes
from hcr_scan.segmentation.frames.combs import Comb
from hcr_scan.segmentation.frames.enclosures import enclosed_boxes
from hcr_scan.segmentation.frames.evidence import gather_evidence
from hcr_scan.segmentation.frames.tables import table_rows
from hcr_scan.segmentation.ink.rules import find_rules
from tests.frames import as_paper, draw_comb, fill, frames_of, nearly, printed, strong_pieces
from tests.strokes import blank_page


@pytest.fixture
def page() -> np.ndarray:
    return blank_page(900, 700)


def draw_table(page: np.ndarray, rows: int, columns: int, height: int = 48) -> list[list[BoundingBox]]:
    """A table whose rows share their rails."""
    return [draw_comb(page, 100, 80 + (height + 2) * k, columns, height=height) for k in range(rows)]


def completed_rows(page: np.ndarray) -> list[Comb]:
    paper = as_paper(page)
    evidence = gather_evidence(paper, find_rules(paper), strong_pieces(paper))
    (family,) = (f for f in cell_families(enclosed_boxes(evidence.frame), evidence) if f.is_common)
    return table_rows(evidence, family)


def test_a_cell_opened_by_writing_is_completed_from_its_row_and_column(page):
    rows = draw_table(page, 5, 8)
    opened = rows[2][3]
    # A stroke over the upper rail ends it early: what is left of the cell runs into the one above.
    page[opened.top - 2 : opened.top, opened.left + 2 : opened.left + 16] = 0
    found = completed_rows(page)
    # Opened are that cell and, the two being one, the cell above.
    assert [len(comb.cells) for comb in found] == [8, 8]
    assert any(nearly(cell, opened, 4) for comb in found for cell in comb.cells)


def test_where_no_walls_show_there_is_no_cell(page):
    rows = draw_table(page, 5, 8)
    missing = rows[1][6:] + rows[2][6:]
    page[rows[1][6].top : rows[2][6].bottom, rows[1][6].left : rows[1][7].right + 2] = 0
    assert not any(nearly(cell, gone, 8) for comb in completed_rows(page) for cell in comb.cells for gone in missing)


def test_a_closely_filled_table_keeps_all_its_rows(page):
    """Letters side by side are no rail through the middle of their row."""
    rng = np.random.default_rng(5)
    rows = draw_table(page, 6, 16, height=40)
    for row in rows:
        fill(page, row, "HEBMZTAHEBMZTAHE", rng, pen=6.0)
    found = sorted(frames_of(printed(page)).combs, key=lambda comb: comb[0].top)
    assert [len(comb) for comb in found] == [16] * 6


def test_lanes_follow_a_row_that_leans():
    boxes = np.array([(60 * k, 100 + 2 * k, 60 * k + 50, 150 + 2 * k) for k in range(20)], np.int32)
    assert lanes(boxes, 1, 7.0) == [list(range(20))]
    assert len(lanes(boxes, 1, 1.0)) == 20
