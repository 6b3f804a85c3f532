from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.images import connected_components
from hcr_scan.segmentation.ink.parts import InkParts, Scale
from hcr_scan.segmentation.lines.finding import find_lines
from hcr_scan.segmentation.lines.leaders import without_leaders
from tests.strokes import blank_page, draw_strokes, draw_text

PEN, HEIGHT = 4.0, 44.0


def dot(page: np.ndarray, x: float, y: float, size: float = 3.0) -> None:
    draw_strokes(page, [[(x, y), (x + 0.5, y)]], size)


def dotted(page: np.ndarray, left: float, right: float, y: float, pitch: float, slope: float = 0.0) -> None:
    for x in np.arange(left, right, pitch).tolist():
        dot(page, x, y + slope * (x - left))


def left_over(page: np.ndarray) -> int:
    parts = InkParts.of(page, connected_components((page >= 128).astype(np.uint8)))
    return len(without_leaders(parts, Scale(PEN, HEIGHT)))


@pytest.mark.parametrize("pitch", [6.0, 9.5, 16.0])
@pytest.mark.parametrize("slope", [0.0, 0.01, -0.02])
def test_dotted_lines_are_taken_away(pitch, slope):
    page = blank_page(900, 300)
    for y in (60, 120, 180):
        dotted(page, 40, 860, y, pitch, slope)
    assert left_over(page) == 0


def test_writing_on_dotted_lines_is_read_without_the_dots():
    rng = np.random.default_rng(3)
    page = blank_page(900, 500)
    for k in range(4):
        draw_text(page, "MARTINEZ 47", 120, 40 + 110 * k, HEIGHT, PEN, rng)
        dotted(page, 60, 860, 40 + 110 * k + HEIGHT + 5, 9.0)
    lines = find_lines(page)
    assert [len(line.words) for line in lines] == [2] * 4
    # Letters that touch may be one piece to be cut; dots would be more of them.
    assert all(8 <= sum(len(word.chunks) for word in line.words) <= 10 for line in lines)


def test_dots_between_letters_far_apart_go_with_their_leader():
    """Where most of the page is small print, what a letter hides is more than the next dot may be away."""
    page = blank_page(900, 120)
    dotted(page, 40 + 28 * 9.5, 860, 60, 9.5)
    for first in (40, 40 + 8 * 9.5, 40 + 17 * 9.5):
        dotted(page, first, first + 2 * 9.5, 60, 9.5)
    dot(page, 40 + 4.5 * 9.5, 60)  # between two pitches: a full stop
    dot(page, 40 + 5 * 9.5, 40)  # the dot of an i
    parts = InkParts.of(page, connected_components((page >= 128).astype(np.uint8)))
    assert len(without_leaders(parts, Scale(PEN, 16.0))) == 2


def test_dots_that_a_hand_makes_stay():
    """Full stops, dots of an i, and points as unevenly set as people set them."""
    rng = np.random.default_rng(5)
    page = blank_page(900, 200)
    for x in (50, 58, 66, 74):
        dot(page, x, 60)
    for x in np.cumsum(rng.uniform(12, 40, 24)).tolist():
        dot(page, x, 120)
    for x in range(50, 850, 90):
        dot(page, x, 170)
    assert left_over(page) == 4 + 24 + 9


@pytest.mark.parametrize("text", ["263507208", "NOVAKPRAGU", "CHICAGOMAR"])
def test_letters_of_a_broad_pen_in_even_spaces_are_no_dots(text):
    """Three pens high, as far apart as each other: so marks of a felt-tip stand in a small box."""
    rng = np.random.default_rng(4)
    page = blank_page(900, 120)
    for k, letter in enumerate(text):
        draw_text(page, letter, 60 + 48 * k, 40, 22, 12.0, rng)
    (line,) = find_lines(page)
    assert sum(len(word.chunks) for word in line.words) == len(text)
