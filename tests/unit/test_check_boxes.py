"""Boxes to tick among letters, combs and tables."""

from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.forms.drafting.check_boxes import find_check_boxes
from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.ink.binarization import flatten_light
from tests.blank_forms import label
from tests.frames import Page, draw_box, draw_comb


@pytest.fixture
def page() -> Page:
    return np.zeros((900, 1200), np.uint8)


def found(page: Page) -> list[BoundingBox]:
    return sorted(find_check_boxes(flatten_light(255 - page)))


@pytest.mark.parametrize("darkness", [40, 120, 255])
@pytest.mark.parametrize("size", [14, 26, 50])
def test_boxes_with_a_label_are_found_to_the_pixel(page: Page, darkness: int, size: int) -> None:
    boxes = [BoundingBox(100, top, 100 + size, top + size) for top in (100, 300, 500)]
    for box in boxes:
        draw_box(page, box, darkness)
        label(page, box.right + 12, box.top - 4, "Yes, please")
    assert found(page) == boxes


def test_boxes_at_the_edge_of_the_page_are_found(page: Page) -> None:
    box = BoundingBox(3, 300, 29, 326)
    draw_box(page, box)
    assert found(page) == [box]


def test_a_tick_hides_no_box_that_others_are_like(page: Page) -> None:
    boxes = [BoundingBox(100, 100, 126, 126), BoundingBox(100, 200, 126, 226)]
    for box in boxes:
        draw_box(page, box)
    for step in range(34):
        page[196 + step : 200 + step, 96 + step : 100 + step] = 255
    assert found(page) == boxes


def test_cells_of_combs_and_tables_and_letters_are_no_check_boxes(page: Page) -> None:
    draw_comb(page, 100, 100, 8, width=26, height=26)
    for row in range(3):
        for column in range(4):
            left, top = 100 + 42 * column, 300 + 42 * row
            draw_box(page, BoundingBox(left, top, left + 40, top + 40))
    label(page, 100, 500, "BOARD ODD DOBRO 00880", 60)
    label(page, 100, 600, "board odd dobro 00880", 40)
    assert found(page) == []
