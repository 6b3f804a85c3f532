from __future__ import annotations

import numpy as np

from hcr_scan.segmentation.lines.reading_order import reading_order


def rows(left: float, right: float, top: float, count: int, pitch: float = 60) -> list[list[float]]:
    return [[left, top + i * pitch, right, top + i * pitch + 40] for i in range(count)]


def test_lines_are_read_downwards():
    boxes = np.array(rows(0, 500, 0, 4))[::-1]
    assert reading_order(boxes, 40) == [3, 2, 1, 0]


def test_columns_are_read_one_after_the_other():
    boxes = np.array(rows(0, 300, 0, 4) + rows(500, 800, 25, 4))
    assert reading_order(boxes, 40) == list(range(8))


def test_level_lines_far_apart_are_rows():
    boxes = np.array(rows(0, 300, 0, 4) + rows(500, 800, 2, 4))
    assert reading_order(boxes, 40) == [0, 4, 1, 5, 2, 6, 3, 7]


def test_a_title_over_columns_comes_first():
    boxes = np.array([*rows(0, 300, 100, 4), *rows(500, 800, 125, 4), [100, 0, 700, 60]])
    assert reading_order(boxes, 40) == [8, *range(8)]


def test_overlapping_bands_of_sloping_lines_stay_in_order():
    boxes = np.array([[0, 0, 500, 90], [0, 60, 500, 150], [0, 120, 500, 210]], float)
    assert reading_order(boxes, 40) == [0, 1, 2]


def test_every_line_is_read_once():
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, 1000, (60, 2))
    boxes = np.concatenate((corners, corners + rng.uniform(20, 300, (60, 2))), axis=1)
    assert sorted(reading_order(boxes, 40)) == list(range(60))
