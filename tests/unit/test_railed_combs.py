from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import above, connected_components
from hcr_scan.segmentation.frames.evidence import gather_evidence
from hcr_scan.segmentation.frames.railed_combs import railed_combs
from hcr_scan.segmentation.ink.binarization import STRONG_INK, flatten_light, local_ink
from hcr_scan.segmentation.ink.rules import find_rules
from tests.frames import comb_cells, fill, printed
from tests.strokes import blank_page


def draw_comb(page: np.ndarray, cells: list[BoundingBox]) -> None:
    """Two rails and a wall before each cell and after the last, all two pixels thick."""
    top, bottom, left, right = cells[0].top, cells[0].bottom, cells[0].left, cells[-1].right
    for y in (top - 2, bottom):
        page[y : y + 2, left - 2 : right + 2] = 170
    for x in [cell.left - 2 for cell in cells] + [right]:
        page[top:bottom, x : x + 2] = 170


def combs_between_rails(page: np.ndarray) -> list[tuple[BoundingBox, ...]]:
    paper = flatten_light(printed(page))
    rules = find_rules(paper)
    evidence = gather_evidence(paper, rules, connected_components(above(local_ink(paper), STRONG_INK - 1)))
    combs = railed_combs(evidence, connected_components(rules.horizontal))
    return sorted((comb.cells for comb in combs), key=lambda cells: cells[0].top)


@pytest.mark.parametrize(("width", "height"), [(20, 18), (24, 24), (40, 48), (58, 28)])
def test_cells_of_any_size_are_found_where_none_is_closed_to_begin_with(width, height):
    page = blank_page(1300, 1754)
    rows = [comb_cells(60, 100 + 120 * k, 20, width, height) for k in range(3)]
    for row in rows:
        draw_comb(page, row)
        fill(page, row, "4KX7WM20E GR 3AB", np.random.default_rng(3))
    combs = combs_between_rails(page)
    assert [len(comb) for comb in combs] == [20, 20, 20]
    for comb, row in zip(combs, rows, strict=True):
        for found, cell in zip(comb, row, strict=True):
            assert max(abs(a - b) for a, b in zip(found.as_list(), cell.as_list(), strict=True)) <= 3


def test_two_cells_are_a_comb_where_others_of_their_size_are():
    page = blank_page(900, 700)
    draw_comb(page, comb_cells(60, 100, 2, 30, 36))
    assert combs_between_rails(page) == []
    draw_comb(page, comb_cells(60, 300, 9, 30, 36))
    assert [len(comb) for comb in combs_between_rails(page)] == [2, 9]


def test_rows_of_writing_between_rules_are_no_combs():
    page = blank_page(900, 700)
    for y in range(100, 600, 60):
        page[y : y + 2, 50:650] = 170
    fill(page, comb_cells(60, 162, 13, 34, 58), "HILNM1TE7HKIU", np.random.default_rng(5))
    assert combs_between_rails(page) == []


def test_walls_of_which_a_scan_of_one_bit_left_pieces():
    rng = np.random.default_rng(8)
    page = blank_page(1300, 1754)
    rows = [comb_cells(60, 100 + 120 * k, 18, 60, 32) for k in range(3)]
    for row in rows:
        draw_comb(page, row)
        for x in [cell.left - 2 for cell in row] + [row[-1].right]:
            for y in (8, 20) if rng.random() < 0.3 else ():
                page[row[0].top + y : row[0].top + y + 4, x : x + 2] = 0
        fill(page, row, "4KX7WM20E GR 3ABHN", rng)
    assert [len(comb) for comb in combs_between_rails(page)] == [18, 18, 18]
