"""Laws of line finding, on pages drawn with the pen alphabet."""

from __future__ import annotations

import string

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Components, connected_components
from hcr_scan.segmentation.glyphs.chunks import InkChunk, InkLine
from hcr_scan.segmentation.ink.parts import USUAL_THRESHOLD
from hcr_scan.segmentation.lines.finding import LineSpec, find_lines
from tests.strokes import blank_page, draw_strokes, draw_text

#: Letters that no reading of the geometry can take for two.
ALPHABET = string.ascii_uppercase + string.digits + "abcdefghijkmnopqrstuvwxyz"
MARGIN = 60

seeds = st.integers(0, 2**32 - 1)
rows = st.lists(st.text(ALPHABET, min_size=3, max_size=9), min_size=1, max_size=4)
sizes = st.integers(16, 60)
few = settings(max_examples=25, deadline=None)


def page_of(rows: list[str], height: int, seed: int, slope: float = 0.0, slant: float = 0.0, dx: int = 0, dy: int = 0):
    """A page of lines of separated letters, and the box of each letter by line."""
    rng = np.random.default_rng(seed)
    pen = max(2.0, height * rng.uniform(0.07, 0.16))
    width = round(max(len(row) for row in rows) * height * 1.7) + 2 * MARGIN + dx
    drop = round(abs(slope) * width) + MARGIN
    page = blank_page(width, round(len(rows) * height * 2.3) + 2 * drop + dy)
    truth = [
        draw_text(
            page, row, MARGIN + dx, drop + dy + i * height * 2.3, height, pen, rng, gap=0.4, slope=slope, slant=slant
        )
        for i, row in enumerate(rows)
    ]
    return page, truth


def whole_boxes(line: InkLine) -> list[BoundingBox]:
    return [whole(chunk).box for word in line.words for chunk in word.chunks]


def whole(chunk: InkChunk):
    return next(c for c in chunk.candidates if (c.start, c.end) == (0, chunk.cuts))


def every_box(lines: list[InkLine]) -> list[list[int]]:
    return [c.box.as_list() for line in lines for word in line.words for chunk in word.chunks for c in chunk.candidates]


def near(a: BoundingBox, b: BoundingBox, tolerance: float) -> bool:
    return all(abs(x - y) <= tolerance for x, y in zip(a.as_list(), b.as_list(), strict=True))


@few
@given(rows, sizes, seeds)
def test_separated_glyphs_are_found_exactly_once_in_reading_order(rows, height, seed):
    page, truth = page_of(rows, height, seed)
    found = [whole_boxes(line) for line in find_lines(page)]
    assert [len(line) for line in found] == [len(line) for line in truth]
    for line, drawn in zip(found, truth, strict=True):
        assert all(near(a, b, 2) for a, b in zip(line, drawn, strict=True))


@few
@given(rows, sizes, seeds, st.floats(-0.14, 0.14))
def test_slanted_lines_stay_whole(rows, height, seed, slope):
    page, truth = page_of(rows, height, seed, slope=slope)
    assert [len(whole_boxes(line)) for line in find_lines(page)] == [len(line) for line in truth]


@few
@given(rows, sizes, seeds)
def test_candidates_cover_every_chunk_and_stay_on_the_page(rows, height, seed):
    page, _ = page_of(rows, height, seed)
    page_box = BoundingBox(0, 0, page.shape[1], page.shape[0])
    for line in find_lines(page):
        for word in line.words:
            for chunk in word.chunks:
                spans = {(c.start, c.end) for c in chunk.candidates}
                assert len(spans) == len(chunk.candidates)
                assert {(i, i + 1) for i in range(chunk.cuts)} | {(0, chunk.cuts)} <= spans
                assert all(page_box.contains(c.box) and c.penalty >= 0 and c.ink.any() for c in chunk.candidates)


@few
@given(rows, sizes, seeds, st.integers(0, 50), st.integers(0, 50))
def test_shifting_the_page_shifts_every_box(rows, height, seed, dx, dy):
    page, _ = page_of(rows, height, seed)
    shifted = np.pad(page, ((dy, 0), (dx, 0)))
    expected = [[a + dx, b + dy, c + dx, d + dy] for a, b, c, d in every_box(find_lines(page))]
    assert every_box(find_lines(shifted)) == expected


@few
@given(rows, sizes, seeds)
def test_twice_the_scale_doubles_the_boxes(rows, height, seed):
    page, _ = page_of(rows, height, seed)
    once = [box for line in find_lines(page) for box in whole_boxes(line)]
    twice = [box for line in find_lines(np.kron(page, np.ones((2, 2), np.uint8))) for box in whole_boxes(line)]
    assert len(once) == len(twice)
    for a, b in zip(once, twice, strict=True):
        assert near(BoundingBox(*(2 * v for v in a.as_list())), b, 2)


@few
@given(rows, sizes, seeds)
def test_the_order_of_components_does_not_matter(rows, height, seed):
    page, _ = page_of(rows, height, seed)
    components = connected_components((page >= USUAL_THRESHOLD).astype(np.uint8))
    order = np.random.default_rng(seed).permutation(len(components))
    place = np.zeros(len(components) + 1, np.int32)
    place[order + 1] = np.arange(1, len(components) + 1)
    shuffled = Components(place[components.labels], components.boxes[order], components.areas[order])
    assert every_box(find_lines(page, shuffled)) == every_box(find_lines(page, components))


@few
@given(rows, sizes, seeds)
def test_all_ink_is_in_exactly_one_chunk(rows, height, seed):
    page, _ = page_of(rows, height, seed)
    threshold = USUAL_THRESHOLD
    seen = np.zeros(page.shape, np.int32)
    for line in find_lines(page, spec=LineSpec(threshold)):
        for word in line.words:
            for chunk in word.chunks:
                found = whole(chunk)
                inked = np.zeros(page.shape, np.int32)
                box = found.box
                margin_y, margin_x = (found.ink.shape[0] - box.height) // 2, (found.ink.shape[1] - box.width) // 2
                patch = found.ink[margin_y : margin_y + box.height, margin_x : margin_x + box.width]
                inked[box.top : box.bottom, box.left : box.right] = patch >= threshold
                seen += inked
    assert np.array_equal(seen, (page >= threshold).astype(np.int32))


strokes = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 200), st.integers(-60, 60), st.integers(-60, 60), st.integers(1, 12)),
    min_size=1,
    max_size=25,
)


@few
@given(strokes)
def test_any_scribble_gives_whole_chunks_of_ink_on_the_page(scribble):
    page = blank_page(300, 200)
    for x, y, dx, dy, pen in scribble:
        draw_strokes(page, [[(x, y), (x + dx, y + dy)]], pen)
    page_box = BoundingBox(0, 0, 300, 200)
    for line in find_lines(page):
        assert line.words
        for word in line.words:
            for chunk in word.chunks:
                spans = {(c.start, c.end) for c in chunk.candidates}
                assert {(i, i + 1) for i in range(chunk.cuts)} | {(0, chunk.cuts)} <= spans
                assert all(page_box.contains(c.box) and c.box.area and c.ink.any() for c in chunk.candidates)
