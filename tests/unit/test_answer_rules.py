"""Which words beside the frames of a form stand on a rule to write on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hcr_scan
from hcr_scan.geometry import BoundingBox
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation import page_writer
from hcr_scan.segmentation.answer_rules import AnswerRules
from hcr_scan.segmentation.ink.rules import Rules, find_rules
from hcr_scan.segmentation.page_model import PageModel
from hcr_scan.segmentation.printing import Run, Where
from hcr_scan.segmentation.segment import segment
from hcr_scan.settings import Layout
from tests.frames import Page, as_image, as_paper, draw_box, draw_comb, fill, printed
from tests.strokes import blank_page, draw_text

SHIPPED = Path(hcr_scan.__file__).parent / "models" / "default" / "page.onnx"
#: A word, and where the rule under it is drawn.
WORD, FOOT = BoundingBox(200, 100, 400, 140), 143


@pytest.fixture
def page() -> Page:
    return blank_page(900, 300)


def rules_of(page: Page, *frames: BoundingBox) -> AnswerRules:
    paper = as_paper(page)
    return AnswerRules(frames, find_rules(paper), paper.darkness)


def carried(page: Page, *frames: BoundingBox) -> bool:
    return rules_of(page, *frames).under(WORD) > 0


def test_a_word_stands_on_the_rule_below_it(page: Page) -> None:
    page[FOOT : FOOT + 3, 180:700] = 160
    assert carried(page)


@pytest.mark.parametrize(("word", "rule"), [((894, 900), (897, 900)), ((0, 6), (0, 3))])
def test_a_scrap_of_a_rule_at_the_edge_of_the_page_carries_nothing(
    page: Page, word: tuple[int, int], rule: tuple[int, int]
) -> None:
    level = np.zeros_like(page)
    level[FOOT : FOOT + 3, slice(*rule)] = 255
    found = AnswerRules([], Rules(level, np.zeros_like(page)), page)
    assert found.under(BoundingBox(word[0], 100, word[1], 140)) == 0


def test_letters_may_cross_the_rule(page: Page) -> None:
    page[FOOT : FOOT + 3, 180:700] = 160
    for left in range(210, 400, 45):
        page[100:152, left : left + 5] = 255
    assert carried(page)


def test_without_a_rule_nothing_does(page: Page) -> None:
    assert not carried(page)
    page[240:243, 180:700] = 160
    assert not carried(page)


@pytest.mark.parametrize(("right", "underlined"), [(405, True), (440, False)])
def test_a_heading_is_underlined_by_a_rule_that_ends_with_it(page: Page, right: int, underlined: bool) -> None:
    page[FOOT : FOOT + 3, 195:right] = 160
    rules = rules_of(page)
    assert rules.underlines(rules.under(WORD), WORD) is underlined


@pytest.mark.parametrize(("left", "right", "ends"), [(300, 700, [2]), (100, 305, [2]), (100, 700, []), (340, 380, [])])
def test_a_word_is_a_label_and_an_answer_where_a_rule_begins_inside_of_it(
    page: Page, left: int, right: int, ends: list[int]
) -> None:
    page[FOOT : FOOT + 3, left:right] = 160
    parts = [BoundingBox(x, 100, x + 40, 140) for x in (200, 250, 310, 360)]
    assert rules_of(page).ends_within(WORD, parts) == ends


def test_print_close_below_a_rule_is_no_wall(page: Page) -> None:
    page[FOOT : FOOT + 3, 180:700] = 160
    for left in range(220, 700, 60):
        page[FOOT + 7 : FOOT + 40, left : left + 3] = 255
    assert carried(page)


def test_nor_does_a_label_above_a_frame_that_nobody_found(page: Page) -> None:
    draw_box(page, BoundingBox(180, FOOT + 3, 700, 200), 160, 3)
    assert not carried(page)


def test_nor_what_stands_in_one(page: Page) -> None:
    draw_box(page, BoundingBox(180, 90, 700, FOOT), 160, 3)
    assert not carried(page)


def test_nor_a_label_above_many_walls(page: Page) -> None:
    page[FOOT : FOOT + 3, 100:800] = 160
    for left in range(160, 760, 60):
        page[FOOT : FOOT + 60, left : left + 3] = 160
    assert not carried(page)


def test_rails_of_frames_are_none(page: Page) -> None:
    page[FOOT : FOOT + 3, 180:700] = 160
    assert not carried(page, BoundingBox(170, FOOT - 2, 710, 220))


def form(rng: np.random.Generator) -> Page:
    """Four combs that are filled in, and room below."""
    page = blank_page(1200, 900)
    for row in range(4):
        fill(page, draw_comb(page, 100, 100 + 90 * row, 12), "TURNER RD 14", rng)
    return page


def runs_beside(page: Page, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """What is judged beside the cells of a page, in the end."""
    seen = list[Run]()
    chances = page_writer.chances_of_print

    def spy(runs: list[Run]) -> list[page_writer.Floats]:
        seen[:] = runs
        return chances(runs)

    monkeypatch.setattr(page_writer, "chances_of_print", spy)
    segment(as_image(printed(page)), Layout.AUTO, CropSpec(), PageModel.load(SHIPPED))
    return [run for run in seen if run.where is not Where.CELLS]


def test_beside_combs_an_answer_on_a_rule_is_no_label(monkeypatch: pytest.MonkeyPatch) -> None:
    """A label and an answer on a rule, three times: only the answers are judged as on a page without a form."""
    rng = np.random.default_rng(5)
    page = form(rng)
    for row, text in enumerate(("TURNER", "LONDON", "4711")):
        draw_text(page, "TOWN", 100, 560 + 90 * row, 28, 3, rng)
        draw_text(page, text, 340, 560 + 90 * row, 30, 4, rng)
        page[595 + 90 * row : 598 + 90 * row, 320:800] = 160
    beside = runs_beside(page, monkeypatch)
    assert [run.where for run in beside] == [Where.MARGIN, Where.FREE] * 3
    assert all(sum(len(word.odds) for word in run.words) >= 4 for run in beside[1::2])


def test_an_answer_on_a_dotted_line_is_no_label(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    page = form(rng)
    draw_text(page, "TOWN", 100, 600, 28, 3, rng)
    draw_text(page, "PARIS", 340, 600, 30, 4, rng)
    for left in range(320, 900, 9):
        page[633:637, left : left + 4] = 220
    beside = runs_beside(page, monkeypatch)
    assert [(run.where, sum(len(word.odds) for word in run.words)) for run in beside] == [
        (Where.MARGIN, 4), (Where.FREE, 5),
    ]  # fmt: skip


def test_letters_far_apart_on_one_rule_are_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    page = form(rng)
    draw_text(page, "TOWN", 100, 600, 28, 3, rng)
    for k, letter in enumerate("PARIS"):
        draw_text(page, letter, 340 + 90 * k, 600, 30, 4, rng)
    page[633:636, 320:900] = 160
    beside = runs_beside(page, monkeypatch)
    assert [(run.where, sum(len(word.odds) for word in run.words)) for run in beside] == [
        (Where.MARGIN, 4), (Where.FREE, 5),
    ]  # fmt: skip
