from __future__ import annotations

import cv2
import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import connected_components
from hcr_scan.segmentation.ink.binarization import Paper, flatten_light
from hcr_scan.segmentation.ink.rules import SHORTEST_RULE, find_rules, rule_segments, show_through
from tests.frames import as_paper, draw_box, printed, with_grain
from tests.strokes import blank_page, draw_strokes, draw_text


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def page() -> np.ndarray:
    return blank_page(600, 400)


@pytest.mark.parametrize("darkness", [25, 120, 255])
@pytest.mark.parametrize("thick", [1, 3, 6])
def test_rules_are_found_along_their_whole_length(page, darkness, thick):
    page[100 : 100 + thick, 50:500] = darkness
    page[150:350, 300 : 300 + thick] = darkness
    rules = find_rules(as_paper(page))
    assert (rules.horizontal[100 : 100 + thick, 54:496].max(axis=0) == 255).all()
    assert (rules.vertical[154:346, 300 : 300 + thick].max(axis=1) == 255).all()
    assert not rules.horizontal[200:].any()
    assert not rules.vertical[:90].any()


def test_a_rule_fainter_than_the_grain_is_found(page, rng):
    page[100:102, 50:550] = 20
    rules = find_rules(flatten_light(with_grain(printed(page), rng, 4.0)))
    assert (rules.horizontal[98:104, 60:540].max(axis=0) == 255).mean() > 0.9


def test_the_grain_of_a_tint_makes_no_rules(rng):
    """Of boxes lower than what light is told from print by, which it is divided out with."""
    page = np.full((900, 1200), 250.0)
    for top in range(100, 800, 140):
        page[top : top + 55, 100:1100] -= 8
    page += cv2.GaussianBlur(rng.normal(0, 6, page.shape), (0, 0), 0.8)
    rules = find_rules(flatten_light(np.clip(page, 0, 255).astype(np.uint8)))
    assert not rules.horizontal[:, 130:1070].any()
    assert not rules.vertical[:, 130:1070].any()


def test_dotted_rules_are_found(page):
    page[100:102, 50:550] = 200
    page[100:102, np.arange(600) % 4 == 3] = 0
    assert (find_rules(as_paper(page)).horizontal[98:104, 60:540].max(axis=0) == 255).all()


def test_bands_thicker_than_a_rule_are_none(page):
    page[100:130, 50:550] = 200
    assert not find_rules(as_paper(page)).horizontal[110:120].any()


def test_small_letters_lower_than_the_shortest_rule_are_none(page, rng):
    draw_text(page, "coses mine", 60, 160, 24, 3, rng)
    rules = find_rules(as_paper(page))
    assert not rules.vertical.any()
    assert not rules.horizontal.any()


@pytest.mark.xfail(strict=True, reason="tops and feet of small capitals close together look like dashes")
def test_a_row_of_small_capitals_is_no_rule(page, rng):
    draw_text(page, "SOS 68 COG 3", 60, 60, 17, 3, rng)
    assert not find_rules(as_paper(page)).horizontal.any()


def test_strokes_shorter_than_the_shortest_rule_are_none(page):
    page[100:102, 50 : 50 + SHORTEST_RULE // 2 - 2] = 255
    assert not find_rules(as_paper(page)).horizontal.any()


def test_segments_run_from_end_to_end_of_a_rule(page):
    draw_strokes(page, [[(50, 100.5), (550, 108.5)]], 3)
    (segment,) = rule_segments((page >= 128).astype(np.uint8) * 255, 140)
    x0, y0, x1, y1 = segment
    assert (y1 - y0) / (x1 - x0) == pytest.approx(8 / 500, abs=0.0005)
    assert 0.75 * 500 < x1 - x0 < 505


def test_short_and_thick_pieces_are_no_segments(page):
    page[100:102, 50:150] = 255
    page[200:240, 50:550] = 255
    assert rule_segments(page, 140).shape == (0, 4)


def test_a_long_rule_is_measured_apart_from_strokes_close_to_it():
    page = np.zeros((300, 300), np.uint8)
    page[100:103, 37:259] = 255
    page[105:108, 30:90] = 255  # two rows of paper between: one piece on a coarse copy
    ((x0, y0, x1, y1),) = rule_segments(page, 140)
    assert (y0, y1) == (101.0, 101.0)
    assert (x0, x1) == (37 + 10.5, 259 - 11.5)


def through(paper: Paper) -> int:
    rules = find_rules(paper)
    return show_through(paper, rules, connected_components(rules.horizontal))


def test_what_shows_through_from_the_other_side_is_much_fainter_than_the_page() -> None:
    page = np.zeros((2100, 1650), np.uint8)
    for top in range(200, 1900, 120):
        draw_box(page, BoundingBox(150, top, 1450, top + 60), 200)
        for left in range(200, 1450, 50):
            page[top : top + 60, left : left + 2] = 200
    other = cv2.GaussianBlur(np.roll(page[:, ::-1], (33, 21), (0, 1)), (0, 0), 1.2)
    thin = as_paper(np.maximum(page, (0.2 * other).astype(np.uint8)))
    level = through(thin)
    assert 0.2 * other.max() <= level < 100
    opaque = as_paper(page)
    assert through(opaque) == 0


@pytest.mark.parametrize("dark", [(65,), (157, 35)])
def test_it_is_told_from_pale_rules_too(dark: tuple[int, ...]) -> None:
    """Ruled paper, whose rules are hardly three times as dark; and a ledger with bold rules between pale ones."""
    page = np.zeros((2100, 1650), np.uint8)
    for k, top in enumerate(range(200, 1900, 60)):
        page[top : top + 3, 150:1450] = dark[k % len(dark)]
    other = cv2.GaussianBlur(np.roll(page[:, ::-1], (25, 21), (0, 1)), (0, 0), 1.2)
    thin = as_paper(np.maximum(page, (other * (20 / other.max())).astype(np.uint8)))
    level = through(thin)
    assert 18 <= level < min(dark)
    assert through(as_paper(page)) == 0


def test_pale_walls_between_dark_rails_do_not_show_through() -> None:
    page = np.zeros((2100, 1650), np.uint8)
    for top in range(200, 1900, 120):
        for left in range(200, 1450, 50):
            page[top : top + 60, left : left + 2] = 60
        draw_box(page, BoundingBox(150, top, 1450, top + 60), 230)
    paper = as_paper(page)
    assert through(paper) == 0
