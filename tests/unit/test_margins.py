from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Ink
from hcr_scan.segmentation.cells.writing import InkCell
from hcr_scan.segmentation.frames.finding import find_frames
from hcr_scan.segmentation.glyphs.chunks import InkCandidate, InkChunk
from hcr_scan.segmentation.ink.binarization import flatten_light, local_ink
from hcr_scan.segmentation.ink.rules import Rules, find_rules
from hcr_scan.segmentation.margins import lines_outside
from hcr_scan.segmentation.page_writer import SeenPlace, by_hand
from hcr_scan.segmentation.places import InkPlace, find_places
from hcr_scan.segmentation.printing import Evidence, Run, Where
from tests.frames import Page, draw_box, draw_comb, fill, printed, strong_pieces
from tests.strokes import blank_page, draw_text


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def filled_form(rng: np.random.Generator) -> Page:
    page = blank_page(1200, 900)
    for row in range(4):
        fill(page, draw_comb(page, 100, 100 + 90 * row, 12), "TURNER RD 14", rng)
    return page


def understood(page: Page) -> tuple[Ink, Rules, list[InkPlace]]:
    paper = flatten_light(printed(page))
    rules = find_rules(paper)
    return local_ink(paper), rules, find_places(paper, find_frames(paper, rules, strong_pieces(paper)))


def glyphs(page: Page, *, written_in: bool = True, one_size: bool = False) -> list[list[int]]:
    """How many glyphs each word of each line outside of the places has, where all that stands in these is one kind."""
    ink, rules, places = understood(page)
    written = [
        [chunk for line in place.lines for word in line.words for chunk in word.chunks]
        + [cell.chunk for cell in place.cells if cell.chunk is not None]
        for place in places
    ]
    lines = lines_outside(ink, rules, places, written if written_in else [[] for _ in places], one_size=one_size)
    return [[len(word.chunks) for word in line.words] for line in lines]


def test_nothing_is_left_of_combs_and_what_is_written_in_them(rng):
    assert glyphs(filled_form(rng)) == []


def test_a_note_under_the_combs_is_a_line(rng):
    page = filled_form(rng)
    draw_text(page, "CALL AT 7", 150, 600, 32, 4, rng)
    assert glyphs(page) == [[4, 2, 1]]


def test_writing_of_quite_another_size_is_not_lost(rng):
    """Small letters are half as high as the capitals and digits in the cells, and people write larger on a line."""
    page = filled_form(rng)
    draw_text(page, "CALL AT 7", 150, 600, 15, 2, rng)
    draw_text(page, "BIG", 150, 700, 90, 6, rng)
    assert [sum(line) for line in glyphs(page)] == [7, 3]
    assert glyphs(page, one_size=True) == []


def test_walls_of_frames_that_nobody_found_are_no_letters(rng):
    page = filled_form(rng)
    draw_text(page, "CALL AT 7", 150, 600, 32, 4, rng)
    for left in (120, 420):
        page[585:660, left : left + 3] = 200
    assert glyphs(page) == [[4, 2, 1]]


def test_without_anything_in_the_places_every_line_is_kept(rng):
    page = blank_page(1200, 900)
    draw_box(page, BoundingBox(100, 100, 500, 300))
    draw_text(page, "LAG", 150, 600, 90, 6, rng)
    assert glyphs(page) == [[3]]


def test_ticks_say_nothing_of_how_high_letters_are(rng):
    page = blank_page(1200, 900)
    for row in range(8):
        draw_box(page, box := BoundingBox(100, 100 + 90 * row, 126, 126 + 90 * row))
        page[box.top + 2 : box.bottom - 2, box.left + 11 : box.left + 15] = 255
        page[box.bottom - 6 : box.bottom - 2, box.left + 2 : box.right - 2] = 255
    draw_text(page, "CALL AT 7", 300, 420, 44, 5, rng)
    assert glyphs(page) == [[4, 2, 1]]


def test_letters_that_stand_on_a_rule_are_not_taken_away_with_it(rng):
    page = filled_form(rng)
    draw_text(page, "CALL", 150, 600, 32, 4, rng)
    page[629:632, 120:900] = 200
    assert [sum(line) for line in glyphs(page)] == [4]


@pytest.mark.parametrize(("mean", "written"), [(-1.0, 6), (1.2, 0)])
def test_what_looks_like_print_in_cells_tells_nothing_of_the_pen(mean: float, written: int) -> None:
    """Letters over an underline make cells now and then, where next to nothing is print beforehand."""
    boxes = [BoundingBox(100 + 40 * k, 100, 130 + 40 * k, 120) for k in range(6)]
    chunks = [InkChunk((InkCandidate(0, 1, box, np.full((20, 30), 255, np.uint8)),)) for box in boxes]
    place = InkPlace(boxes[0], tuple(InkCell(box, chunk) for box, chunk in zip(boxes, chunks, strict=True)))
    word = Evidence(np.full(6, mean), np.ones(6), np.full(6, np.log(90)))
    hand = SeenPlace(place, (Run(Where.CELLS, (Evidence(np.full(6, -1.0), np.ones(6)),)),))
    found, pen = by_hand([hand, hand, SeenPlace(place, (Run(Where.CELLS, (word,)),))])
    assert [len(chunks) for chunks in found] == [6, 6, written]
    assert pen == (pytest.approx(90) if written else np.inf)


def test_a_capital_of_straight_strokes_is_no_wall_where_most_letters_are_small(rng):
    page = filled_form(rng)
    page[600:640, 150:153] = page[637:640, 150:178] = 230
    draw_text(page, "AN", 190, 616, 24, 3, rng)
    ink, rules, places = understood(page)
    letters = [
        InkChunk((InkCandidate(0, 1, BoundingBox(0, 0, 10, height), np.zeros((height, 10), np.uint8)),))
        for height in [22] * 7 + [36] * 3
    ]
    (line,) = lines_outside(ink, rules, places, [letters, *([] for _ in places[1:])])
    assert sum(len(word.chunks) for word in line.words) == 3
