from __future__ import annotations

import math

import numpy as np
import pytest

from hcr_scan.geometry import Homography
from hcr_scan.images import warp
from hcr_scan.segmentation.ink.binarization import Paper
from hcr_scan.segmentation.ink.rules import Rules, find_rules
from hcr_scan.segmentation.sheet.rectification import straighten
from tests.strokes import blank_page

WIDTH, HEIGHT = 1000, 1200


def grid() -> np.ndarray:
    page = blank_page(WIDTH, HEIGHT)
    for y in range(100, 1101, 125):
        page[y : y + 3, 100:900] = 200
    for x in range(100, 901, 100):
        page[100:1103, x : x + 3] = 200
    return page


def turned(degrees: float) -> Homography:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = WIDTH / 2, HEIGHT / 2
    return Homography((c, -s, x - c * x + s * y, s, c, y - s * x - c * y, 0.0, 0.0, 1.0))


def seen_through(homography: Homography) -> Rules:
    return find_rules(Paper(warp(grid(), homography, WIDTH, HEIGHT, fill=0), 1.0))


def worst_slope(homography: Homography) -> float:
    """The largest slope that lines of the grid keep after the map."""
    slopes = []
    for along in (150, 600, 1000):
        (x0, y0), (x1, y1) = homography.point(150, along), homography.point(850, along)
        slopes.append(abs((y1 - y0) / (x1 - x0)))
        (x0, y0), (x1, y1) = homography.point(along * 0.85, 150), homography.point(along * 0.85, 1050)
        slopes.append(abs((x1 - x0) / (y1 - y0)))
    return max(slopes)


@pytest.mark.parametrize("degrees", [-2.0, -0.4, 0.0, 1.0, 2.0])
def test_a_tilted_page_is_made_level(degrees):
    found = straighten(seen_through(turned(degrees)))
    assert found is not None
    to_straight, tilt = found
    assert tilt == pytest.approx(degrees, abs=0.05)
    assert worst_slope(to_straight @ turned(degrees)) < 0.001


def test_perspective_is_taken_out():
    lean = Homography((1.0, 0.02, -10.0, 0.01, 1.0, 0.0, 0.00003, 0.00002, 1.0))
    found = straighten(seen_through(lean))
    assert found is not None
    assert worst_slope(lean) > 0.01
    assert worst_slope(found[0] @ lean) < 0.002


def test_the_middle_of_the_page_stays_where_it_is():
    found = straighten(seen_through(turned(1.5)))
    assert found is not None
    assert found[0].point(WIDTH / 2, HEIGHT / 2) == pytest.approx((WIDTH / 2, HEIGHT / 2))


def test_too_few_rules_prove_nothing():
    page = blank_page(WIDTH, HEIGHT)
    page[300:303, 100:900] = 200
    assert straighten(find_rules(Paper(page, 1.0))) is None
    assert straighten(find_rules(Paper(blank_page(WIDTH, HEIGHT), 1.0))) is None
