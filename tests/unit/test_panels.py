from __future__ import annotations

import cv2
import numpy as np
import pytest

from hcr_scan.images import Gray, shrink
from hcr_scan.segmentation.frames.finding import find_frames
from hcr_scan.segmentation.ink.binarization import Paper, flatten_light, local_ink, strong_pieces
from hcr_scan.segmentation.ink.panels import find_panels
from hcr_scan.segmentation.ink.rules import find_rules

PAPER, PANEL, INK = 250, 100, 40


def blank() -> Gray:
    """A page with as much print as a form has."""
    page = np.full((2300, 1626), PAPER, np.uint8)
    for k in range(60):
        cv2.putText(page, "Name", (40 + 250 * (k % 6), 2040 + 26 * (k // 6)), cv2.FONT_HERSHEY_SIMPLEX, 0.7, INK, 2)
    return page


def cells_of(page: Gray) -> list[int]:
    paper = flatten_light(page, panels=True)
    frames = find_frames(paper, find_rules(paper), strong_pieces(local_ink(paper)))
    return [len(comb) for comb in frames.combs]


def with_panel(page: Gray, tone: int = PANEL) -> Gray:
    """Eight rows of twenty cells of 50 x 60, cut out of a panel with a label in light print, 7 in the first cell."""
    page[60:1960, 100:1526] = tone
    cv2.putText(page, "Surname", (160, 160), cv2.FONT_HERSHEY_SIMPLEX, 0.8, PAPER, 2)
    for row in range(8):
        for cell in range(20):
            cv2.rectangle(page, (160 + 54 * cell, 300 + 200 * row), (209 + 54 * cell, 359 + 200 * row), PAPER, -1)
    cv2.polylines(page, [np.array([(170, 310), (198, 310), (180, 350)])], False, INK, 5)
    return page


@pytest.mark.parametrize("tone", [60, 100, 160])
def test_cells_cut_out_of_a_dark_panel(tone: int) -> None:
    assert cells_of(with_panel(blank(), tone)) == [20] * 8


def test_what_is_written_in_the_cells_is_all_that_is_left_within_their_walls() -> None:
    page = with_panel(blank())
    darkness = flatten_light(page, panels=True).darkness
    assert darkness[312:348, 166:204].max() > 180
    assert not darkness[304:356, 224:258].any()
    assert darkness[300:360, 211].min() > 100  # a wall between two cells
    assert not darkness[420:480, 200:1400].any()  # the panel, well away from its edges
    assert not darkness[100:170, 160:600].any()  # light print


def test_writing_on_a_panel_is_dark_against_it() -> None:
    page = blank()
    page[200:300, 100:1526] = 170
    before = flatten_light(page, panels=True).darkness
    cv2.putText(page, "KARL", (200, 280), cv2.FONT_HERSHEY_SIMPLEX, 2, INK, 5)
    darkness = flatten_light(page, panels=True).darkness
    assert not before[210:290, 110:1516].any()
    assert np.count_nonzero(darkness[210:290, 200:480] > 100) > 1000


@pytest.mark.parametrize("tone", [215, 222])
def test_cells_filled_in_by_a_broad_pen_on_a_page_that_is_printed_to_its_edges(tone: int) -> None:
    page = np.full((1700, 2300), tone, np.uint8)
    for k in range(40):
        cv2.putText(page, "Name", (60 + 380 * (k % 6), 60 + 200 * (k // 6)), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 110, 2)
    for top in range(90, 1400, 200):
        page[top : top + 96, 100:2128] = 245
        for x in range(100, 2140, 78):
            page[top : top + 96, x : x + 3] = tone - 10
        for x in range(112, 1000, 78):
            cv2.putText(page, "BSR8"[x // 78 % 4], (x, top + 78), cv2.FONT_HERSHEY_SIMPLEX, 2.2, INK, 12)
    assert cells_of(page) == [26] * 7
    assert np.median(flatten_light(page, panels=True).darkness[page == INK]) > 150


def test_the_grain_of_a_black_bar_is_no_ink() -> None:
    page = blank()
    page[200:260, 100:1526] = np.clip(np.random.default_rng(1).normal(4, 4, (60, 1426)), 0, 255)
    assert flatten_light(page, panels=True).darkness[212:248, 130:1490].max() < 60


def test_a_bar_leaves_the_frame_that_hangs_on_it() -> None:
    page = blank()
    page[200:250, 100:1526] = 30
    cv2.putText(page, "Address", (120, 240), cv2.FONT_HERSHEY_SIMPLEX, 1.2, PAPER, 3)
    for x in range(400, 1480, 54):
        cv2.line(page, (x, 250), (x, 310), 90, 2)
    cv2.line(page, (100, 310), (1525, 310), 90, 2)
    paper = flatten_light(page, panels=True)
    pieces = strong_pieces(local_ink(paper))
    rules = find_rules(paper)
    frame = int(pieces.labels[310, 800]) - 1
    assert rules.share_of(pieces, frame) > 0.5
    assert cells_of(page) == [19]


def letters(text: str, thickness: int, size: float) -> Gray:
    page = np.full((1626, 2300), PAPER, np.uint8)
    for k, letter in enumerate(text):
        cv2.putText(page, letter, (100 + 2100 // len(text) * k, 1400), cv2.FONT_HERSHEY_SIMPLEX, size, INK, thickness)
    return page


@pytest.mark.parametrize("page", [letters("I-I", 60, 30), letters("BOX", 90, 30), letters("8", 150, 45)])
def test_strokes_of_a_marker_are_no_panels(page: Gray) -> None:
    assert find_panels(shrink(page, 8)) is None


def test_the_dim_rim_of_a_page_with_boxes_is_no_panel() -> None:
    page = blank()
    rim = np.minimum.outer(*(np.minimum(np.arange(n), np.arange(n)[::-1]) for n in page.shape))
    page = np.where(rim < 120, page * 0.88, page).astype(np.uint8)
    for row in range(6):
        cv2.rectangle(page, (0, 300 + 250 * row), (1625, 306 + 250 * row), 215, -1)
    assert find_panels(shrink(page, 8)) is None


def test_a_shadow_is_no_panel() -> None:
    page = blank().astype(float)
    soft = 1 - 0.5 * np.exp(-(((np.arange(2300) - 1000) / 120.0) ** 2))
    paper = flatten_light((page * soft[:, None]).astype(np.uint8), panels=True)
    assert isinstance(paper, Paper)
    assert paper.darkness[600:1400].max() < 60


@pytest.mark.parametrize("height", [1, 9, 17, 40, 49, 57])
def test_a_strip_of_a_page_may_hold_a_bar(height: int) -> None:
    page = np.full((height, 2300), PAPER, np.uint8)
    page[:, 100:2200] = PANEL
    for x in range(200, 2100, 130):
        page[height // 5 : height - height // 5, x : x + 60] = PAPER
    assert flatten_light(page, panels=True).darkness.shape == page.shape
    for k in range(0, 2300, 40):
        page[:2, k : k + 20] = INK
    assert flatten_light(page, panels=True).darkness.shape == page.shape
