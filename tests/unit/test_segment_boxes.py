from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hcr_scan
from hcr_scan.geometry import BoundingBox
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation.page_model import PageModel
from hcr_scan.segmentation.segment import segment
from hcr_scan.settings import Layout
from tests.frames import as_image, draw_box, draw_comb, fill, glyph_boxes, nearly, printed, write
from tests.strokes import blank_page, draw_text

SPEC = CropSpec()


@pytest.fixture(scope="module")
def model() -> PageModel:
    return PageModel.load(Path(hcr_scan.__file__).parent / "models" / "default" / "page.onnx")


def test_words_in_a_box_are_parted_by_a_blank(model: PageModel) -> None:
    rng = np.random.default_rng(6)
    page = blank_page(1700, 2200)
    for k in range(9):
        box = BoundingBox(150, 200 + 200 * k, 1450, 320 + 200 * k)
        draw_box(page, box)
        draw_text(page, "ANNA LOPEZ", 200, box.top + 40, 50, 5, rng, jitter=0.05, slant=0.15)
    found = segment(as_image(printed(page)), Layout.AUTO, SPEC, model)
    assert [[cell.chunk is not None for cell in field.cells] for field in found.fields] == [
        [True] * 4 + [False] + [True] * 5
    ] * 9
    assert all(field.cells[4].box.left == field.cells[3].box.right for field in found.fields)


def test_a_box_for_many_lines_loses_no_thin_letters(model: PageModel) -> None:
    rng = np.random.default_rng(6)
    page = blank_page(1700, 2200)
    for row in range(4):
        fill(page, draw_comb(page, 150, 150 + 90 * row, 12), "TURNER RD 14", rng)
    draw_box(page, BoundingBox(150, 600, 1450, 1400))
    for line in range(8):
        draw_text(page, "LILLI TILT", 200, 640 + 90 * line, 36, 4, rng)
    found = segment(as_image(printed(page)), Layout.AUTO, SPEC, model)
    (box,) = (field for field in found.fields if field.kind == "box")
    assert sum(cell.chunk is not None for cell in box.cells) == 8 * 9


def test_cells_between_black_squares(model: PageModel) -> None:
    rng = np.random.default_rng(6)
    page = blank_page(1700, 2200)
    rows = ("MARIA# LOPEZ", "12#TURNER#14", "####ROOM 700", "APRIL#######")
    letters: list[BoundingBox] = []
    for k, row in enumerate(rows):
        for n, character in enumerate(row):
            cell = BoundingBox(150 + 72 * n, 300 + 72 * k, 220 + 72 * n, 370 + 72 * k)
            draw_box(page, cell)
            if character == "#":
                page[cell.top : cell.bottom, cell.left : cell.right] = 220
            elif character != " ":
                letters.append(write(page, cell, character, rng))
    found = segment(as_image(printed(page)), Layout.AUTO, SPEC, model)
    boxes = glyph_boxes(found)
    assert len(found.fields) == len(rows)
    assert all(any(nearly(box, letter, 3) for box in boxes) for letter in letters)


def test_the_frame_of_a_slip_is_no_box_to_write_in(model: PageModel) -> None:
    """What is in it are its combs and lines; read as one box, the walls of the combs would be letters."""
    rng = np.random.default_rng(6)
    page = blank_page(1700, 2200)
    for k in range(3):
        top = 100 + 700 * k
        draw_box(page, BoundingBox(100, top, 1600, top + 620))
        fill(page, draw_comb(page, 900, top + 100, 12), "TURNER RD 14", rng)
        page[top + 400 : top + 403, 250:800] = 160
        draw_text(page, "ANNA LOPEZ", 280, top + 350, 44, 5, rng, jitter=0.05, slant=0.15)
    found = segment(as_image(printed(page)), Layout.AUTO, SPEC, model)
    assert [(field.kind, len(field.cells)) for field in found.fields] == [("cells", 12)] * 3
    assert [len(line.words) for line in found.lines] == [2] * 3


def test_a_low_section_with_combs_below_each_other_is_no_box_to_write_in() -> None:
    rng = np.random.default_rng(6)
    page = blank_page(1700, 2200)
    for k in range(4):
        top = 100 + 300 * k
        draw_box(page, BoundingBox(100, top, 1600, top + 150))
        for row, left in enumerate((130, 1300)):
            fill(page, draw_comb(page, left, top + 20 + 65 * row, 5), "PARIS", rng)
    found = segment(as_image(printed(page)), Layout.AUTO, SPEC, None)
    assert [(field.kind, len(field.cells)) for field in found.fields] == [("cells", 5)] * 8


def test_the_room_between_letters_over_a_rule_is_no_box(model: PageModel) -> None:
    """What an I, a T and the rule enclose is as large as the cells above."""
    rng = np.random.default_rng(6)
    page = blank_page(1700, 2200)
    for k in range(4):
        fill(page, draw_comb(page, 150, 150 + 100 * k, 12), "TURNER RD 14", rng)
    for top in range(700, 1500, 130):
        page[top + 48 : top + 51, 500:1500] = 150
        for left in (560, 603):
            page[top : top + 50, left : left + 5] = 120
        page[top : top + 5, 560:624] = 120
        draw_text(page, "SMALL", 680, top, 40, 5, rng, jitter=0.05, slant=0.15)
    found = segment(as_image(printed(page)), Layout.AUTO, SPEC, model)
    assert [len(field.cells) for field in found.fields] == [12] * 4
