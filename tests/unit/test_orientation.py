from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hcr_scan
from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Ink, connected_components
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation.page_model import PageModel
from hcr_scan.segmentation.sheet.orientation import FEWEST_LETTERS, MOST_LETTERS, letter_like, quarter_turns
from tests.frames import draw_round_box
from tests.strokes import blank_page, draw_text


@pytest.fixture(scope="module")
def model() -> PageModel:
    return PageModel.load(Path(hcr_scan.__file__).parent / "models" / "default" / "page.onnx")


def writing(text: str, lines: int = 4) -> Ink:
    rng = np.random.default_rng(5)
    page = blank_page(1000, 900)
    for k in range(lines):
        draw_text(page, text, 60, 80 + 200 * k, 60, 5, rng, jitter=0.03)
    return page


def turns_of(ink: Ink, model: PageModel) -> int:
    ink = np.ascontiguousarray(ink)
    return quarter_turns(ink, connected_components((ink >= 112).astype(np.uint8)), CropSpec(), model)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_the_turns_that_make_a_page_upright(model, turns):
    assert turns_of(np.rot90(writing("READ 4 BREAK 72 FAR"), turns), model) == turns


def test_shapes_that_fit_any_turn_do_not_turn_a_page(model):
    assert turns_of(np.rot90(writing("OO OO XX OO X"), 2), model) == 0


@pytest.mark.parametrize("turns", [0, 2])
def test_empty_boxes_say_nothing_of_the_way_up(model, turns):
    page = np.vstack([writing("READ 4 BREAK"), blank_page(1000, 900)])
    for top in range(950, 1700, 100):
        for left in range(60, 940, 58):
            draw_round_box(page, BoundingBox(left, top, left + 48, top + 58), 16, 255)
    assert turns_of(np.rot90(page, turns), model) == turns


def test_a_few_letters_do_not_turn_a_page(model):
    few = writing("READ", 1)
    assert FEWEST_LETTERS > 4
    assert turns_of(np.rot90(few, 2), model) == 0


def test_bare_paper_is_upright(model):
    assert turns_of(blank_page(400, 300), model) == 0


def test_rules_specks_and_blots_are_not_like_letters():
    page = writing("READ", 2)
    letters = connected_components((page >= 112).astype(np.uint8))
    page[10:14, 50:950] = 255
    page[600:603, 600:603] = 255
    page[700:780, 700:780] = 255
    assert len(letter_like(connected_components((page >= 112).astype(np.uint8)))) == len(letters)


def test_many_letters_are_sampled_over_the_whole_page():
    page = blank_page(1500, 1500)
    for row in range(10, 1450, 50):
        for column in range(10, 1450, 50):
            page[row : row + 3, column : column + 30] = page[row : row + 30, column : column + 3] = 255
    found = connected_components(page)
    sampled = letter_like(found)
    assert MOST_LETTERS <= len(sampled) < 2 * MOST_LETTERS
    assert found.boxes[sampled, 1].max() > 1300


class Leaning:
    """A model to which every letter looks turned by two quarters, by so many nats."""

    def __init__(self, nats: float) -> None:
        self.nats = nats

    def kinds_and_turns(self, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        kinds = np.tile(np.array([1.0, 0.0, 0.0]), (len(crops), 1))
        turns = np.tile(np.array([-1.5 - self.nats, -3.0, -1.5, -3.0]), (len(crops), 1))
        return kinds, turns


@pytest.mark.parametrize(("nats", "turns"), [(0.1, 0), (0.4, 2)])
def test_letters_that_look_a_little_like_letters_turned_do_not_turn_a_page(nats, turns):
    assert turns_of(writing("READ 4 BREAK 72 FAR"), Leaning(nats)) == turns
