from __future__ import annotations

from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.cells.fields import in_reading_order, join_cells
from tests.frames import comb_cells


def test_a_comb_stays_one_field():
    row = tuple(comb_cells(100, 50, 6))
    assert join_cells((row,)) == [row]


def test_pieces_of_a_row_are_joined_in_order():
    row = tuple(comb_cells(100, 50, 9))
    assert join_cells((row[6:], row[:2], row[2:6])) == [row]


def test_separate_squares_are_joined_where_gaps_are_small():
    row = tuple(BoundingBox(100 + 56 * k, 50, 140 + 56 * k, 90) for k in range(5))
    assert join_cells(tuple((cell,) for cell in row)) == [row]


def test_a_wide_gap_separates_fields():
    left, right = tuple(comb_cells(100, 50, 3)), tuple(comb_cells(270, 50, 3))
    assert join_cells((right, left)) == [left, right]


def test_cells_of_other_sizes_or_on_other_lines_are_not_joined():
    row = tuple(comb_cells(100, 50, 3))
    wide = (BoundingBox(230, 50, 300, 98),)
    low = tuple(comb_cells(226, 80, 3))
    assert join_cells((row, wide)) == [row, wide]
    assert join_cells((row, low)) == [row, low]


def test_fields_are_read_in_lines_from_left_to_right():
    rows = [tuple(comb_cells(left, top, 2)) for left, top in ((100, 50), (400, 56), (80, 200), (300, 190), (90, 400))]
    wanted = [rows[0], rows[1], rows[2], rows[3], rows[4]]
    assert in_reading_order(rows[::-1]) == wanted
    assert in_reading_order([]) == []
