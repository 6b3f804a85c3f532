from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import hcr_scan
from hcr_scan.geometry import BoundingBox, Homography, quarter_turn
from hcr_scan.images import warp
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation import page_writer
from hcr_scan.segmentation.page_model import PageModel
from hcr_scan.segmentation.printing import Run, Where
from hcr_scan.segmentation.segment import segment
from hcr_scan.settings import Layout
from tests.frames import (
    ROWS,
    Form,
    as_image,
    draw_box,
    draw_form,
    draw_round_box,
    expected,
    fill,
    glyph_boxes,
    nearly,
    patterns,
    printed,
    write,
)
from tests.strokes import blank_page, draw_text

SHIPPED = Path(hcr_scan.__file__).parent / "models" / "default" / "page.onnx"
SPEC = CropSpec()


@pytest.fixture(scope="module")
def model() -> PageModel:
    return PageModel.load(SHIPPED)


@pytest.fixture(scope="module")
def form() -> Form:
    return draw_form()


def written(form: Form) -> list[BoundingBox]:
    return [box for row in form.glyphs for box in row]


def assert_read(gray: np.ndarray, form: Form, tolerance: int = 3, to_source: Homography | None = None) -> None:
    page = segment(as_image(gray), Layout.AUTO, SPEC, None)
    assert patterns(page) == expected(form.rows)
    for box, drawn in zip(glyph_boxes(page), written(form), strict=True):
        there = drawn if to_source is None else to_source.box(drawn)
        assert nearly(box, there, tolerance), (box, there)


def handwriting(lines: int = 5) -> np.ndarray:
    rng = np.random.default_rng(4)
    page = blank_page(1700, 2200)
    for k in range(lines):
        draw_text(page, "GENTLE RAIN FELL AT 7", 150, 200 + 170 * k, 60, 5, rng)
    return printed(page)


def print_of(lines: int = 12) -> np.ndarray:
    picture = Image.new("L", (1700, 2200), 255)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=34)
    for k in range(lines):
        draw.text((150, 150 + 70 * k), "Please complete this form in black ink and return it to us.", 0, font)
    return np.asarray(picture)


def test_a_filled_form_is_fields_of_cells(form):
    assert_read(form.gray, form)


def test_a_blank_form_yields_no_glyph(model):
    blank = draw_form(tuple(" " * len(row) for row in ROWS))
    for layout in (Layout.AUTO, Layout.CELLS):
        page = segment(as_image(blank.gray), layout, SPEC, model)
        assert glyph_boxes(page) == []
        assert page.crops.shape == (0, SPEC.size, SPEC.size)


def test_bare_paper_yields_nothing(model):
    page = segment(as_image(np.full((2200, 1700), 240, np.uint8)), Layout.AUTO, SPEC, model)
    assert (page.fields, page.lines) == ((), ())


def test_dark_frames(form):
    dark = draw_form(darkness=255)
    assert_read(dark.gray, dark)


@pytest.mark.parametrize("dark_paper", [40, 110])
def test_coloured_paper(form, dark_paper):
    assert_read(printed(form.page, dark_paper), form)


def test_a_strong_gradient_of_light_changes_nothing(form):
    height, width = form.page.shape
    light = np.linspace(1.0, 0.35, width)[None, :] * np.linspace(1.0, 0.7, height)[:, None]
    assert_read(np.rint(form.gray * light).astype(np.uint8), form)


def test_a_one_bit_fax(form):
    assert_read(np.where(form.gray > 170, 255, 0).astype(np.uint8), form, tolerance=4)


@pytest.mark.parametrize("degrees", [-1.8, 0.7, 1.8])
def test_frames_tilted_by_less_than_two_degrees(form, degrees):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    tilt = Homography((c, -s, 850 - c * 850 + s * 1100, s, c, 1100 - s * 850 - c * 1100, 0.0, 0.0, 1.0))
    gray = warp(form.gray, tilt, 1700, 2200)
    assert_read(gray, form, tolerance=6, to_source=tilt)
    assert segment(as_image(gray), Layout.CELLS, SPEC, None).geometry.skew == pytest.approx(degrees, abs=0.15)


def test_mild_perspective(form):
    lean = Homography((1.0, 0.015, -10.0, 0.01, 1.0, 0.0, 0.00002, 0.000015, 1.0))
    assert_read(warp(form.gray, lean, 1700, 2200), form, tolerance=6, to_source=lean)


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_other_resolutions(scale):
    form = draw_form()
    size = Homography.scale(scale)
    gray = np.asarray(
        Image.fromarray(form.gray).resize((round(1700 * scale), round(2200 * scale)), Image.Resampling.BOX)
    )
    assert_read(gray, form, tolerance=round(4 * max(scale, 1)), to_source=size)


def test_handwriting_is_lines(model):
    page = segment(as_image(handwriting()), Layout.AUTO, SPEC, model)
    assert page.fields == ()
    assert [[len(word) for word in line.words] for line in page.lines] == [[6, 4, 4, 2, 1]] * 5


def test_letters_with_loops_are_no_cells(model):
    rng = np.random.default_rng(7)
    page = blank_page(1700, 2200)
    for k in range(6):
        draw_text(page, "OBD 80 QPR 6894 DOB", 150, 200 + 170 * k, 70, 5, rng, jitter=0.05)
    found = segment(as_image(printed(page)), Layout.AUTO, SPEC, model)
    assert found.fields == ()
    assert [[len(word) for word in line.words] for line in found.lines] == [[3, 2, 3, 4, 3]] * 6


def test_ticked_boxes_before_lines_make_no_form_of_a_page(model):
    """In a form lines are labels until they show that they are not; on a list they are what was written."""
    rng = np.random.default_rng(9)
    page = blank_page(1700, 2200)
    for k in range(10):
        box = BoundingBox(100, 160 + 150 * k, 150, 210 + 150 * k)
        draw_box(page, box)
        write(page, box, "X", rng)
        draw_text(page, "GENTLE RAIN FELL", 220, 150 + 150 * k, 60, 5, rng)
    lines = segment(as_image(printed(page)), Layout.AUTO, SPEC, model).lines
    assert [[len(word) for word in line.words][-3:] for line in lines] == [[6, 4, 4]] * 10


def test_boxes_of_one_size_make_a_form_each_with_its_answer(model):
    """As on an answer sheet: boxes far apart, none of them large, a number printed before each."""
    rng = np.random.default_rng(11)
    page = blank_page(1700, 2200)
    boxes = [BoundingBox(x, y, x + 62, y + 62) for y in range(200, 1200, 160) for x in range(250, 1500, 350)]
    numbers = Image.new("L", (1700, 2200))
    for number, box in enumerate(boxes, 1):
        draw_box(page, box)
        write(page, box, "ABCDE2347"[number % 9], rng)
        ImageDraw.Draw(numbers).text((box.left - 90, box.top + 15), f"{number}.", 255, ImageFont.load_default(size=30))
    found = segment(as_image(printed(np.maximum(page, np.asarray(numbers)))), Layout.AUTO, SPEC, model)
    assert [sum(cell.chunk is not None for cell in field.cells) for field in found.fields] == [1] * len(boxes)
    assert found.lines == ()


@pytest.mark.parametrize("widths", [(62,) * 6, (50, 62, 55, 70, 52, 66, 58, 71, 60, 52)], ids=["few", "uneven"])
def test_a_row_of_cells_that_strokes_happen_to_close_makes_no_form_of_a_page_of_writing(model, widths):
    rng = np.random.default_rng(4)
    gray = handwriting(6)
    page = blank_page(1700, 2200)
    left = 300
    for width in widths:
        cell = BoundingBox(left, 1500, left + width, 1586)
        draw_box(page, cell)
        write(page, cell, "M", rng)
        left += width + 2
    for k in range(3):
        box = BoundingBox(1200 + 90 * k, 1500, 1230 + 90 * k, 1530 + k)
        draw_box(page, box)
        write(page, box, "O", rng)
    found = segment(as_image(np.minimum(gray, printed(page))), Layout.AUTO, SPEC, model)
    assert [[len(word) for word in line.words] for line in found.lines][:6] == [[6, 4, 4, 2, 1]] * 6


def test_boxes_along_the_strokes_of_large_letters_are_no_cells(model):
    """A broad pen leaves paper between its two edges, and grain divides that and lies in it."""
    rng = np.random.default_rng(3)
    page = blank_page(1700, 2200)
    for left in (200, 600, 1000):
        for stroke in (BoundingBox(left, 500, left + 42, 1000), BoundingBox(left, 740, left + 350, 772),
                       BoundingBox(left + 308, 500, left + 350, 1000)):  # fmt: skip
            page[stroke.top : stroke.bottom, stroke.left : stroke.right] = 200
        for column in (left + 4, left + 312):
            for top in (*range(510, 690, 36), *range(780, 960, 36)):
                page[top : top + 32, column : column + 32] = 0
                write(page, BoundingBox(column, top, column + 32, top + 32), "AX4NK"[top // 36 % 5], rng, pen=2.5)
    for row in range(500, 1000):
        page[row] = np.roll(page[row], (row - 500) // 8)
    found = segment(as_image(printed(page)), Layout.AUTO, SPEC, model)
    assert found.fields == ()


@pytest.mark.parametrize("radius", [14, 20])
def test_cells_with_round_corners_and_ovals(model, radius):
    rng = np.random.default_rng(5)
    rows = ("MARIA LOPEZ  ", "12 APRIL 1968", "TURNER 14    ", "0000 700     ")
    page = blank_page(1700, 2200)
    for k, row in enumerate(rows):
        cells = [BoundingBox(150 + 60 * n, 300 + 150 * k, 190 + 60 * n, 348 + 150 * k) for n in range(len(row))]
        for cell in cells:
            draw_round_box(page, cell, radius)
        fill(page, cells, row, rng)
    assert patterns(segment(as_image(printed(page)), Layout.AUTO, SPEC, model)) == expected(rows)


def test_patches_of_tint_are_cells_and_writing_may_lead_from_one_to_the_next(model):
    rng = np.random.default_rng(6)
    rows = ("MARIA LOPEZ  ", "12 APRIL 1968", "TURNER 14    ")
    page = blank_page(1700, 2200)
    for k, row in enumerate(rows):
        cells = [BoundingBox(150 + 47 * n, 300 + 150 * k, 190 + 47 * n, 348 + 150 * k) for n in range(len(row))]
        for cell in cells:
            page[cell.top : cell.bottom, cell.left : cell.right] = 28
        fill(page, cells, row, rng)
        if k == 0:
            page[cells[2].bottom - 20 : cells[2].bottom - 16, cells[2].left + 20 : cells[3].left + 4] = 255
    assert patterns(segment(as_image(printed(page)), Layout.AUTO, SPEC, model)) == expected(rows)


def test_circles_in_columns_are_single_cells(model):
    rng = np.random.default_rng(8)
    page = blank_page(1700, 2200)
    for k in range(12):
        for left in (200, 900):
            circle = BoundingBox(left, 200 + 130 * k, left + 72, 272 + 130 * k)
            draw_round_box(page, circle, 36)
            if k < 10:
                write(page, circle, "ABCDE2347"[(k + left) % 9], rng)
                # One writes over the line.
                if k == 4:
                    page[230 + 130 * k : 234 + 130 * k, left + 30 : left + 90] = 255
    found = segment(as_image(printed(page)), Layout.AUTO, SPEC, model)
    assert len(found.fields) == 24
    assert len(glyph_boxes(found)) == 20


def test_a_page_of_print_yields_no_line(model):
    page = segment(as_image(print_of()), Layout.AUTO, SPEC, model)
    assert (page.fields, page.lines) == ((), ())


def test_print_around_the_cells_is_not_read(form, model):
    together = np.minimum(form.gray, np.roll(print_of(8), 900, axis=0))
    page = segment(as_image(together), Layout.AUTO, SPEC, model)
    assert patterns(page) == expected(form.rows)
    assert page.lines == ()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_pages_lying_on_their_side_or_head_are_turned_upright(model, turns):
    """``turns`` clockwise quarters are what it takes; boxes are pixels of the page as it stands upright."""
    upright = segment(as_image(handwriting()), Layout.AUTO, SPEC, model)
    page = segment(as_image(np.rot90(handwriting(), turns)), Layout.AUTO, SPEC, model)
    assert page.geometry.rotation == 90 * turns
    assert (page.geometry.width, page.geometry.height) == (1700, 2200)
    for box, there in zip(glyph_boxes(page), glyph_boxes(upright), strict=True):
        assert nearly(box, there, 3)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_boxes_of_cells_lie_in_the_upright_source(form, model, turns):
    page = segment(as_image(np.rot90(form.gray, turns)), Layout.AUTO, SPEC, model)
    assert page.geometry.rotation == 90 * turns
    assert patterns(page) == expected(form.rows)
    for box, drawn in zip(glyph_boxes(page), written(form), strict=True):
        assert nearly(box, drawn, 3)


def test_a_quarter_turn_of_the_geometry_agrees_with_the_pixels():
    box = BoundingBox(10, 20, 15, 40)
    pixels = np.zeros((100, 60), np.uint8)
    pixels[box.top : box.bottom, box.left : box.right] = 1
    for turns in range(4):
        rows, columns = np.nonzero(np.rot90(pixels, -turns))
        there = quarter_turn(turns, 60, 100).box(box)
        assert there.as_list() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_a_row_of_straight_letters_is_kept(model):
    rows = ("7 HILLSIDE",) * 3
    page = segment(as_image(draw_form(rows).gray), Layout.AUTO, SPEC, model)
    assert patterns(page) == expected(rows)


def test_crops_and_candidates_belong_together(form):
    page = segment(as_image(form.gray), Layout.AUTO, SPEC, None)
    chunks = [cell.chunk for field in page.fields for cell in field.cells if cell.chunk is not None]
    indices = [candidate.crop for chunk in chunks for candidate in chunk.candidates]
    assert sorted(indices) == list(range(len(page.crops)))
    assert page.crops.dtype == np.uint8
    assert (page.crops.reshape(len(page.crops), -1).max(axis=1) == 255).all()


def test_the_same_page_gives_the_same_result(form, model):
    first, second = (segment(as_image(form.gray), Layout.AUTO, SPEC, model) for _ in range(2))
    assert (first.geometry, first.fields, first.lines) == (second.geometry, second.fields, second.lines)
    assert np.array_equal(first.crops, second.crops)


def test_what_is_written_close_behind_a_label_is_kept_without_it(model):
    """So close that both are one word: labels are small, and those who write large leave wide gaps."""
    rng = np.random.default_rng(6)
    labels = Image.new("L", (1700, 2200))
    page = blank_page(1700, 2200)
    names = ("Surname", "First name", "Street", "Postal code", "City", "Country", "Phone", "Employer")
    for k, name in enumerate(names):
        left, top = 150, 200 + 120 * k
        font = ImageFont.load_default(size=32)
        ImageDraw.Draw(labels).text((left, top + 22), f"{name}:", 255, font)
        right = left + font.getlength(f"{name}:")
        draw_text(page, "GARDEN", right + 16, top, 52, 5, rng, jitter=0.05)
    found = segment(as_image(printed(np.maximum(page, np.asarray(labels)))), Layout.AUTO, SPEC, model)
    lengths = [sum(len(word) for word in line.words) for line in found.lines]
    assert len(lengths) == len(names)
    assert min(lengths) >= 6
    # The colon may stay, and of two labels a piece.
    assert sum(length <= 7 for length in lengths) >= 6


def test_a_small_image_is_one_character():
    page = blank_page(100, 100)
    (drawn,) = draw_text(page, "R", 30, 25, 50, 5, np.random.default_rng(1))
    found = segment(as_image(printed(page)), Layout.AUTO, SPEC, None)
    (box,) = glyph_boxes(found)
    assert nearly(box, drawn, 2)


def test_a_note_beside_the_frames_of_a_form_is_a_line_and_labels_are_not(form, model):
    page = np.minimum(form.gray, np.roll(print_of(8), 1300, axis=0))
    note = blank_page(1700, 2200)
    draw_text(note, "CALL AFTER 7", 300, 1150, 34, 4, np.random.default_rng(3), slant=0.15, jitter=0.05)
    found = segment(as_image(np.minimum(page, printed(note))), Layout.AUTO, SPEC, model)
    assert patterns(found) == expected(form.rows)
    assert [[len(word) for word in line.words] for line in found.lines] == [[4, 5, 1]]


@pytest.mark.parametrize(("rows", "kept"), [(ROWS, True), (tuple(" " * len(row) for row in ROWS), False)])
def test_what_may_be_a_label_is_looked_at_where_somebody_wrote(monkeypatch, rows, kept):
    """Else it is left out: a blank form would give its labels. What has no ink is surely no print, and not written."""

    def chances(runs: Sequence[Run]) -> list[np.ndarray]:
        beside = [0.2 if run.where is Where.MARGIN else 0.01 for run in runs]
        pairs = zip(runs, beside, strict=True)
        return [np.array([chance * (len(word.odds) > 0) for word in run.words]) for run, chance in pairs]

    monkeypatch.setattr(page_writer, "chances_of_print", chances)
    note = blank_page(1700, 2200)
    draw_text(note, "CALL AFTER 7", 300, 1150, 34, 4, np.random.default_rng(3))
    found = segment(as_image(np.minimum(draw_form(rows).gray, printed(note))), Layout.AUTO, SPEC, None)
    marked = [c.maybe_print for line in found.lines for word in line.words for chunk in word for c in chunk.candidates]
    assert all(marked)
    assert (len(marked) >= 10) is kept


def test_what_may_be_print_is_kept_and_marked(model):
    regular = blank_page(1700, 2200)
    for k in range(3):
        draw_text(regular, "HILL", 300, 1900 + 90 * k, 40, 4, np.random.default_rng(3))
    page = segment(as_image(np.minimum(print_of(20), printed(regular))), Layout.AUTO, SPEC, model)
    candidates = [c for line in page.lines for word in line.words for chunk in word for c in chunk.candidates]
    assert sum(c.box.top > 1800 for c in candidates) >= 12
    assert all(c.box.top > 1800 for c in candidates)
