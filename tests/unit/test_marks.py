from __future__ import annotations

import math

import numpy as np
import pytest

from hcr_scan.forms.marks import mark_evidence, mark_probability
from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.ink.binarization import Paper
from tests.strokes import Points, draw_strokes

SIDE, LEFT, TOP = 30, 60, 60
BOX = BoundingBox(LEFT + 1, TOP + 1, LEFT + SIDE - 1, TOP + SIDE - 1)
RING = [(0.5 + 0.9 * math.cos(k / 6), 0.5 + 0.9 * math.sin(k / 6)) for k in range(39)]
MARKS: dict[str, list[Points]] = {
    "tick": [[(0.2, 0.5), (0.45, 0.8), (1.2, -0.2)]],
    "cross": [[(0.1, 0.1), (0.9, 0.9)], [(0.1, 0.9), (0.9, 0.1)]],
    "filling": [[(0.15, y / 10) if y % 2 else (0.85, y / 10) for y in range(1, 10)]],
    "ring": [RING],
}
OTHERS: dict[str, list[Points]] = {
    "dust": [[(0.4, 0.4), (0.42, 0.4)]],
    "stray stroke": [[(0.5, -0.9), (0.45, 0.12)]],
    "neighbor": [[(1.6, 0.5), (1.85, 0.8), (2.5, -0.2)]],
}


def box_with(strokes: list[Points], shift: int = 0) -> tuple[Paper, np.ndarray]:
    """A page with a frame and strokes in sides of the box, off by ``shift`` pixels, and its blank."""
    blank = np.zeros((150, 160), np.uint8)
    frame = [[(LEFT, TOP), (LEFT + SIDE, TOP), (LEFT + SIDE, TOP + SIDE), (LEFT, TOP + SIDE), (LEFT, TOP)]]
    draw_strokes(blank, frame, 2, 180)
    page = np.roll(blank, shift, axis=(0, 1))
    drawn = [[(LEFT + shift + x * SIDE, TOP + shift + y * SIDE) for x, y in stroke] for stroke in strokes]
    if drawn:
        draw_strokes(page, drawn, 3, 200)
    return Paper(page, 1.0), blank


@pytest.mark.parametrize("shift", [-1, 0, 1])
@pytest.mark.parametrize("name", MARKS)
def test_marks_are_seen_wherever_registration_is_a_pixel_off(name: str, shift: int) -> None:
    paper, blank = box_with(MARKS[name], shift)
    assert mark_probability(paper, blank, BOX) > 0.9


@pytest.mark.parametrize("shift", [-1, 0, 1])
@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_mark_is_none(name: str, shift: int) -> None:
    paper, blank = box_with(OTHERS[name], shift)
    assert mark_probability(paper, blank, BOX) < 0.3


def test_an_empty_box_is_surely_empty() -> None:
    paper, blank = box_with([])
    assert mark_probability(paper, blank, BOX) < 0.01
    seen = mark_evidence(paper, blank, BOX)
    assert (seen.reach, seen.amount, seen.ring) == (0.0, 0.0, 0.0)


def test_print_in_the_box_is_no_mark() -> None:
    paper, blank = box_with(MARKS["cross"])
    assert mark_probability(paper, paper.darkness, BOX) < 0.05
    assert mark_probability(paper, blank, BOX) > 0.9


def test_a_box_at_the_edge_of_the_page_is_read_too() -> None:
    paper, blank = box_with(MARKS["tick"])
    cut = Paper(paper.darkness[TOP:, LEFT:], 1.0)
    assert mark_probability(cut, blank[TOP:, LEFT:], BOX.shifted(-LEFT, -TOP)) > 0.9
