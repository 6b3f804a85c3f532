from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import connected_components
from hcr_scan.segmentation.ink.parts import InkParts, Scale
from hcr_scan.segmentation.lines.finding import find_lines
from hcr_scan.segmentation.lines.ruling import without_rules
from tests.strokes import blank_page, draw_strokes, draw_text

HEIGHT, PEN = 80, 6
ROWS = ("WRITTEN ON RULES", "with joggy tails", "AND 0123 NUMBERS")


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def write(page, rng, slope: float = 0.0) -> list[list[BoundingBox]]:
    return [
        draw_text(page, row, 60, 60 + 170 * i, HEIGHT, PEN, rng, gap=0.25, slope=slope) for i, row in enumerate(ROWS)
    ]


def rule(page, y: float, slope: float = 0.0, bend: float = 0.0, thickness: float = 2.5) -> None:
    x = np.linspace(15, page.shape[1] - 15, 80)
    draw_strokes(page, [np.stack((x, y + slope * x + bend * np.sin(x / page.shape[1] * np.pi)), axis=1)], thickness)


def found_share(page, truth: list[list[BoundingBox]], tolerance: float = 5) -> float:
    """Share of the letters whose box is among those found, whole."""
    found = [c.box.as_list() for line in find_lines(page) for w in line.words for k in w.chunks for c in k.candidates]
    boxes = [box.as_list() for row in truth for box in row]
    hits = [any(max(abs(a - b) for a, b in zip(f, box, strict=True)) <= tolerance for f in found) for box in boxes]
    return float(np.mean(hits))


@pytest.mark.parametrize(("slope", "bend"), [(0.0, 0.0), (0.03, 0.0), (-0.03, 0.0), (0.0, 12.0)])
def test_letters_on_ruled_paper_are_found_whole(rng, slope, bend):
    page = blank_page(1750, 640)
    truth = write(page, rng, slope)
    for i in range(3):
        # A little below the baseline, where descenders cross it.
        rule(page, 60 + HEIGHT + 9 + 170 * i + 60 * -slope, slope, bend)
    lines = find_lines(page)
    assert len(lines) == 3
    assert found_share(page, truth) >= 0.9


def test_rules_leave_nothing_left_of_a_margin_where_they_are_a_little_thicker(rng):
    page = blank_page(1750, 640)
    for i, row in enumerate(ROWS):
        draw_text(page, row, 220, 60 + 170 * i, HEIGHT, PEN, rng, gap=0.25)
        y = 60 + HEIGHT + 12 + 170 * i
        page[y : y + 3, 15:1735] = 255
        page[y - 1 : y + 4, 15:160] = 255
    page[10:630, 160:163] = 255
    boxes = [c.box for line in find_lines(page) for w in line.words for k in w.chunks for c in k.candidates]
    assert min(box.left for box in boxes) > 163


def test_letters_that_stand_on_the_rule_lose_no_more_than_it_covers(rng):
    page = blank_page(1750, 640)
    truth = write(page, rng)
    for i in range(3):
        rule(page, 60 + HEIGHT + 170 * i)
    assert len(find_lines(page)) == 3
    assert found_share(page, truth) >= 0.85


def test_letters_on_squared_paper_are_found(rng):
    page = blank_page(1750, 640)
    truth = write(page, rng)
    for x in range(25, 1750, 55):
        draw_strokes(page, [[(x, 10), (x + 3, 630)]], 2)
    for y in range(25, 640, 55):
        rule(page, y, thickness=2)
    assert len(find_lines(page)) == 3
    assert found_share(page, truth) >= 0.85


def test_an_underline_and_a_dotted_leader_are_not_writing(rng):
    page = blank_page(1300, 300)
    draw_text(page, "UNDER", 60, 60, HEIGHT, PEN, rng)
    draw_strokes(page, [[(50, 158), (460, 162)]], PEN)
    for x in range(520, 1240, 16):
        draw_strokes(page, [[(x, 140), (x + 5, 140)]], 3)
    (line,) = find_lines(page)
    assert sum(len(word.chunks) for word in line.words) == 5


def test_the_bars_of_a_row_of_letters_are_not_a_rule(rng):
    page = blank_page(1500, 300)
    drawn = draw_text(page, "TEETH FEET FIT TO TEE", 60, 100, HEIGHT, PEN, rng, jitter=0.0)
    assert found_share(page, [drawn]) == 1.0


def test_without_rules_nothing_changes(rng):
    page = blank_page(700, 250)
    draw_text(page, "PLAIN", 60, 80, HEIGHT, PEN, rng)
    parts = InkParts.of(page, connected_components((page >= 112).astype(np.uint8)))
    assert without_rules(parts, Scale(PEN, HEIGHT)) is parts
