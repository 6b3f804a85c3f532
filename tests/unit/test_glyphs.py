from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.segmentation.glyphs.chunks import InkCandidate, InkChunk
from hcr_scan.segmentation.lines.finding import find_lines
from tests.strokes import blank_page, draw_strokes, draw_text, shape_glyph

HEIGHT, PEN = 60, 6


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def chunks(page) -> list[InkChunk]:
    return [chunk for line in find_lines(page) for word in line.words for chunk in word.chunks]


def whole(chunk: InkChunk) -> InkCandidate:
    return next(c for c in chunk.candidates if (c.start, c.end) == (0, chunk.cuts))


def offered(page, box: BoundingBox, tolerance: float = 3) -> bool:
    """Whether some candidate has just this box."""
    found = [c.box.as_list() for chunk in chunks(page) for c in chunk.candidates]
    return any(max(abs(a - b) for a, b in zip(f, box.as_list(), strict=True)) <= tolerance for f in found)


@pytest.mark.parametrize("character", list("ij:;!?="))
def test_dots_and_bars_belong_to_their_letter(rng, character):
    page = blank_page(500, 200)
    drawn = draw_text(page, f"AN{character}ON", 40, 60, HEIGHT, PEN, rng)
    assert [whole(c).box.as_list() for c in chunks(page)] == [pytest.approx(box.as_list(), abs=2) for box in drawn]


def test_a_dot_that_strayed_to_the_side_finds_its_stem(rng):
    page = blank_page(500, 200)
    draw_text(page, "no", 40, 60, HEIGHT, PEN, rng)
    draw_strokes(page, [[(190, 88), (190, 120)]], PEN)
    dot = draw_strokes(page, [[(202, 74), (203, 75)]], PEN)
    draw_text(page, "no", 250, 60, HEIGHT, PEN, rng)
    found = [whole(c).box for c in chunks(page)]
    assert len(found) == 5
    assert found[2].contains(dot)


def test_quotes_and_full_stops_are_kept_as_glyphs_of_their_own(rng):
    page = blank_page(600, 200)
    drawn = draw_text(page, "IT'S 1.", 40, 60, HEIGHT, PEN, rng)
    assert len(chunks(page)) == len(drawn)


@pytest.mark.parametrize("character", list("EFTKHRDBP45"))
def test_strokes_that_do_not_quite_meet_are_offered_as_one_letter(rng, character):
    page = blank_page(700, 200)
    draw_text(page, "NO", 40, 60, HEIGHT, PEN, rng)
    strokes = shape_glyph(character, 0, 0, HEIGHT, rng, jitter=0)
    # Each stroke shrinks about its middle, so that a pen's half width of paper shows where two met.
    apart = [s.mean(axis=0) + (s - s.mean(axis=0)) * (1 - 2.9 * PEN / np.ptp(s, axis=0).max()) for s in strokes]
    drawn = [draw_strokes(page, [s + np.array((190, 60))], PEN) for s in apart]
    draw_text(page, "ZONE", 280, 60, HEIGHT, PEN, rng)
    box = drawn[0]
    for other in drawn[1:]:
        box = box.union(other)
    assert offered(page, box)


@pytest.mark.parametrize("pair", ["ON", "LE", "RA", "66", "38", "TZ", "oe", "rs"])
def test_touching_letters_are_offered_one_by_one_and_whole(rng, pair):
    page = blank_page(700, 220)
    draw_text(page, "SEND", 30, 60, HEIGHT, PEN, rng)
    first, second = draw_text(page, pair, 330, 60, HEIGHT, PEN, rng, gap=-0.03)
    assert offered(page, first, 0.15 * HEIGHT)
    assert offered(page, second, 0.15 * HEIGHT)
    assert offered(page, first.union(second))


def test_a_wide_letter_is_cheapest_whole(rng):
    page = blank_page(700, 200)
    draw_text(page, "ITEM", 30, 60, HEIGHT, PEN, rng)
    # An M a full height and a third wide, as some write it.
    draw_strokes(page, [[(330, 120), (336, 60), (370, 118), (404, 60), (410, 120)]], PEN)
    chunk = chunks(page)[-1]
    assert chunk.cuts > 1
    best = min((c for c in chunk.candidates if c.start == 0), key=lambda c: c.penalty)
    assert (best.start, best.end) == (0, chunk.cuts)


def test_cuts_cost_something_and_more_through_more_ink(rng):
    def price(thickness: float) -> float:
        page = blank_page(400, 200)
        draw_strokes(page, [[(100, 60), (100, 120)], [(180, 60), (180, 120)]], PEN)
        draw_strokes(page, [[(100, 90), (180, 90)]], thickness)
        (chunk,) = chunks(page)
        assert chunk.cuts > 1
        return min(c.penalty for c in chunk.candidates if c.start == 0 and c.end < chunk.cuts)

    assert 0 < price(PEN) < price(2 * PEN)


def test_a_chunk_of_touching_letters_has_bounded_candidates(rng):
    page = blank_page(1500, 220)
    drawn = draw_text(page, "TOUCHINGLETTERS", 30, 60, HEIGHT, PEN, rng, gap=-0.04)
    assert sum(len(c.candidates) for c in chunks(page)) <= 8 * len(drawn)


def test_neighbors_are_erased_from_the_ink_of_a_glyph(rng):
    """The bar of the T reaches over the o; each is read without the other, soft edges and all."""
    alone, together = blank_page(500, 200), blank_page(500, 200)
    bar, stem = [(60, 60), (150, 60)], [(100, 60), (100, 120)]
    ring = [(150 + 15 * np.cos(a), 102 + 18 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 40)]
    draw_strokes(alone, [bar, stem], PEN)
    draw_strokes(together, [bar, stem], PEN)
    draw_strokes(together, [ring], PEN)
    (only,) = chunks(alone)
    first, _ = chunks(together)
    spec = CropSpec()
    crops = [normalize_glyph(whole(c).ink, spec).astype(int) for c in (only, first)]
    assert np.abs(crops[0] - crops[1]).max() <= 8


def test_the_ink_of_a_glyph_keeps_its_soft_edges(rng):
    page = blank_page(300, 200)
    draw_text(page, "S", 100, 60, HEIGHT, PEN, rng)
    (chunk,) = chunks(page)
    levels = np.unique(whole(chunk).ink)
    assert len(levels) > 8
    assert levels[-1] == 255


def test_candidates_of_a_cut_share_no_ink(rng):
    page = blank_page(500, 200)
    draw_text(page, "IS", 30, 60, HEIGHT, PEN, rng)
    draw_text(page, "DO", 180, 60, HEIGHT, PEN, rng, gap=-0.03)
    chunk = chunks(page)[-1]
    parts = [c for c in chunk.candidates if c.end == c.start + 1]
    assert len(parts) == chunk.cuts > 1
    amounts = sum(np.count_nonzero(c.ink >= 112) for c in parts)
    assert amounts == np.count_nonzero(whole(chunk).ink >= 112)


def test_the_dots_of_a_colon_are_one_glyph_even_where_they_lean() -> None:
    ink = blank_page(300, 200)
    for left in (40, 200):
        ink[70:130, left : left + 6] = 255
        ink[70:76, left : left + 34] = 255
    ink[90:97, 118:125] = 255
    ink[122:129, 110:117] = 255
    found = chunks(ink)
    assert len(found) == 3
    assert whole(found[1]).box == BoundingBox(110, 90, 125, 129)
