"""Lines to write on, and rules that are none."""

from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.forms.drafting.writing_lines import find_lines_alone, spaces_above
from hcr_scan.geometry import BoundingBox
from tests.blank_forms import label
from tests.frames import Page, draw_box
from tests.unit.test_cell_rows import straight


@pytest.fixture
def page() -> Page:
    return np.zeros((2100, 1700), np.uint8)  # large enough not to be rescaled


def spaces(page: Page, words: list[BoundingBox] | None = None) -> list[BoundingBox]:
    return sorted(spaces_above(find_lines_alone(straight(page), []), [], words or []))


@pytest.mark.parametrize("darkness", [50, 255])
def test_the_space_above_a_line_is_to_be_written_in(page: Page, darkness: int) -> None:
    page[500:503, 300:1200] = darkness
    (space,) = spaces(page)
    assert abs(space.left - 300) <= 4
    assert abs(space.right - 1200) <= 4
    assert 495 <= space.bottom <= 500
    assert 50 <= space.height <= 80


def test_dotted_lines_are_lines(page: Page) -> None:
    for left in range(300, 1200, 8):
        page[500:503, left : left + 4] = 200
    (space,) = spaces(page)
    assert space.width > 860


def test_lines_close_together_share_the_space(page: Page) -> None:
    for top in (500, 550, 600):
        page[top : top + 2, 300:1200] = 150
    assert [space.height > 30 for space in spaces(page)] == [True, True, True]
    assert all(a.intersection(b) is None for a, b in zip(spaces(page), spaces(page)[1:], strict=False))


def test_what_is_underlined_or_framed_is_not_written_on(page: Page) -> None:
    label(page, 300, 455, "IMPORTANT NOTICE", 40)
    page[500:503, 300:680] = 255
    draw_box(page, BoundingBox(300, 700, 900, 900))
    assert spaces(page, [BoundingBox(300, 462, 675, 492)]) == []


def test_rows_of_print_and_edges_of_tints_are_no_lines(page: Page) -> None:
    for row in range(5):
        label(page, 300, 400 + 50 * row, "He that would perfect his work must first sharpen his tools.", 30)
    page[900:1000, 200:1500] = 25
    assert spaces(page) == []
