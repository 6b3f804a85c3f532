from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hcr_scan.geometry import BoundingBox
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation.candidates import SegmentedPage
from hcr_scan.segmentation.segment import segment
from hcr_scan.settings import Layout
from tests.frames import Form, as_image, draw_form, expected, glyph_boxes, nearly, patterns
from tests.strokes import blank_page, draw_text

ROWS = st.lists(
    st.text("ACEFGHKMNPRSUVWXYZ2345679 ", min_size=6, max_size=12), min_size=3, max_size=5
).map(tuple).filter(lambda rows: all(len(row.replace(" ", "")) > 2 for row in rows))  # fmt: skip
SEEDS = st.integers(0, 10**6)
FEW = settings(max_examples=6)


def read(gray: np.ndarray) -> SegmentedPage:
    return segment(as_image(gray), Layout.AUTO, CropSpec(), None)


def all_boxes(page: SegmentedPage) -> list[BoundingBox]:
    places = [cell.box for field in page.fields for cell in field.cells]
    return places + [field.box for field in page.fields] + glyph_boxes(page)


def small_form(rows: tuple[str, ...], seed: int) -> Form:
    """Of the least size that is not rescaled, to be quick."""
    return draw_form(rows, seed=seed, size=(1000, 2080), corner=(120, 160))


@FEW
@given(ROWS, SEEDS)
def test_drawn_glyphs_are_found_once_in_the_right_cell(rows, seed):
    form = small_form(rows, seed)
    page = read(form.gray)
    assert patterns(page) == expected(rows)
    drawn = [box for row in form.glyphs for box in row]
    assert all(nearly(box, there, 3) for box, there in zip(glyph_boxes(page), drawn, strict=True))


@FEW
@given(ROWS, SEEDS, st.integers(-8, 8), st.integers(-8, 8))
def test_shifting_a_page_shifts_its_boxes(rows, seed, dx, dy):
    """By eights: the light of a page is measured on a raster eight times coarser."""
    gray = small_form(rows, seed).gray
    moved = read(np.roll(gray, (8 * dy, 8 * dx), (0, 1)))
    assert all_boxes(moved) == [box.shifted(8 * dx, 8 * dy) for box in all_boxes(read(gray))]


@FEW
@given(ROWS, SEEDS, st.integers(-40, 40), st.integers(-40, 40))
def test_a_shift_of_any_size_shifts_boxes_to_a_pixel(rows, seed, dx, dy):
    gray = small_form(rows, seed).gray
    moved = all_boxes(read(np.roll(gray, (dy, dx), (0, 1))))
    for box, there in zip(all_boxes(read(gray)), moved, strict=True):
        assert nearly(box.shifted(dx, dy), there, 1)


@FEW
@given(ROWS, SEEDS)
def test_twice_the_resolution_doubles_the_boxes(rows, seed):
    gray = draw_form(rows, seed=seed, size=(1000, 2300), corner=(120, 160)).gray
    double = read(np.repeat(np.repeat(gray, 2, axis=0), 2, axis=1))
    for box, there in zip(all_boxes(read(gray)), all_boxes(double), strict=True):
        assert nearly(BoundingBox(*(2 * edge for edge in box.as_list())), there, 2)


@FEW
@given(SEEDS, st.integers(-60, 900), st.integers(-60, 2000))
def test_no_box_leaves_the_page(seed, left, top):
    page = blank_page(1000, 2050)
    draw_text(page, "KEEP INSIDE", left, top, 60, 6, np.random.default_rng(seed))
    draw_text(page, "FREE", 100, 1000, 60, 6, np.random.default_rng(seed))
    found = read(255 - page)
    whole = BoundingBox(0, 0, 1000, 2050)
    assert glyph_boxes(found)
    assert all(whole.contains(box) for box in all_boxes(found))


@settings(max_examples=3)
@given(ROWS, SEEDS)
def test_the_same_page_gives_the_same_result(rows, seed):
    gray = small_form(rows, seed).gray
    first, second = read(gray), read(gray)
    assert (first.fields, first.lines, first.geometry) == (second.fields, second.lines, second.geometry)
    assert np.array_equal(first.crops, second.crops)
