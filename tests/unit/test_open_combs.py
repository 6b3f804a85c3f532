from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.frames.finding import Frames
from tests.frames import comb_cells, fill, frames_of, nearly, printed
from tests.strokes import blank_page, draw_text


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.fixture
def page() -> np.ndarray:
    return blank_page(900, 700)


def draw_ticks(
    page: np.ndarray, cells: list[BoundingBox], ticks: list[int], *, rail: int = 2, outer: bool = True
) -> None:
    """One rail under the cells, and a tick (its height; 0 for none) before each cell and after the last."""
    bottom = cells[0].bottom
    page[bottom : bottom + rail, cells[0].left - 2 : cells[-1].right + 2] = 160
    for x, tick in zip([cell.left - 2 for cell in cells] + [cells[-1].right], ticks, strict=True):
        page[bottom - tick : bottom, x : x + 2] = 160


def print_on_rule(page: np.ndarray, text: str, left: int, top: int, size: int, gap: int) -> None:
    """Printed text with a rule ``gap`` pixels under its letters' feet."""
    image = Image.fromarray(page)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    pen.text((left, top), text, fill=230, font=font, anchor="ls")
    page[:] = np.array(image)
    page[top + gap : top + gap + 2, left : left + round(pen.textlength(text, font=font))] = 230


def combs_of(frames: Frames) -> list[int]:
    return [len(comb) for comb in sorted(frames.combs, key=lambda comb: comb[0].top)]


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 1.0])
@pytest.mark.parametrize(("width", "height"), [(22, 30), (40, 48), (70, 60)])
def test_ticks_on_one_rail_divide_cells(page, rng, share, width, height):
    rows = [comb_cells(60, 90 + 150 * k, 10, width, height) for k in range(3)]
    for row in rows:
        draw_ticks(page, row, [round(share * height)] * 11)
        fill(page, row, "OPEN 4 CMB", rng)
    frames = frames_of(printed(page))
    assert combs_of(frames) == [10, 10, 10]
    for comb, row in zip(sorted(frames.combs, key=lambda comb: comb[0].top), rows, strict=True):
        for found, cell in zip(comb, row, strict=True):
            assert abs(found.left - cell.left) <= 3
            assert abs(found.right - cell.right) <= 3
            assert abs(found.bottom - cell.bottom) <= 3
            assert 0.7 * height < found.height < 1.7 * height


def test_the_outer_ticks_may_be_missing(page, rng):
    cells = comb_cells(60, 90, 12)
    draw_ticks(page, cells, [0, *[16] * 11, 0])
    fill(page, cells, "NO ENDS HERE", rng)
    assert combs_of(frames_of(printed(page))) == [12]


@pytest.mark.parametrize("gap", [6, 14, 30])
def test_cells_in_groups_of_two_for_a_date_are_as_many_combs(page, rng, gap):
    """Each on a rail of its own, a few pixels apart or with room for a stop."""
    for row in range(3):
        left, top = 60, 90 + 150 * row
        for count in (2, 2, 4):
            cells = comb_cells(left, top, count)
            draw_ticks(page, cells, [20] * (count + 1))
            fill(page, cells, "0719"[:count], rng)
            left = cells[-1].right + 2 + gap
    assert sorted(combs_of(frames_of(printed(page)))) == [2] * 6 + [4] * 3


@pytest.mark.parametrize("gap", [20, 25])
def test_groups_on_one_rail_may_leave_room_for_a_comma(page, rng, gap):
    for row in range(3):
        left, top = 60, 90 + 150 * row
        for count in (5, 2):
            cells = comb_cells(left, top, count)
            draw_ticks(page, cells, [20] * (count + 1))
            fill(page, cells, "07194"[:count], rng)
            left = cells[-1].right + 2 + gap
        page[cells[0].bottom : cells[0].bottom + 2, 60 : cells[-1].right + 2] = 160
    assert sorted(combs_of(frames_of(printed(page)))) == [2] * 3 + [5] * 3


@pytest.mark.parametrize(("over", "count"), [(8, 12), (12, 12), (30, 0)])
def test_a_rail_may_be_a_little_longer_than_its_cells(page, rng, over, count):
    """Grain and a shadow lengthen a rule; a rule that goes on is another thing."""
    cells = comb_cells(60, 90, 12, 40, 44)
    draw_ticks(page, cells, [16] * 13)
    bottom = cells[0].bottom
    page[bottom : bottom + 2, cells[0].left - 2 - over : cells[0].left] = 160
    fill(page, cells, "FRAYED ENDS", rng)
    assert combs_of(frames_of(printed(page))) == ([count] if count else [])


def test_a_second_rail_says_how_high_cells_are(page, rng):
    rows = [comb_cells(60, 90 + 120 * k, count, 40, 44) for k, count in enumerate((14, 12, 2))]
    for row in rows:
        # Whole walls at the ends, half ones between.
        draw_ticks(page, row, [44, *[20] * (len(row) - 1), 44])
        page[row[0].top - 2 : row[0].top, row[0].left - 2 : row[-1].right + 2] = 160
        fill(page, row, "TWO RAILS 1960"[: len(row)], rng)
    frames = frames_of(printed(page))
    assert combs_of(frames) == [14, 12, 2]
    for comb, row in zip(sorted(frames.combs, key=lambda comb: comb[0].top), rows, strict=True):
        assert all(nearly(found, cell, 3) for found, cell in zip(comb, row, strict=True))


def test_cells_that_letters_happen_to_close_do_not_say_how_high_the_others_are(page, rng):
    """Writing as high as a cell is wide would then lie above its cell, and be lost."""
    cells = comb_cells(60, 90, 12)
    draw_ticks(page, cells, [24] * 13)
    fill(page, cells, "OPEN", rng)
    for cell in (*cells[6:8], *cells[9:11]):
        page[cell.bottom - 26 : cell.bottom - 23, cell.left - 2 : cell.right + 2] = 255
    (comb,) = frames_of(printed(page)).combs
    assert all(cell.height > 40 for cell in comb)


def test_letters_with_descenders_on_a_rule_are_no_comb(page, rng):
    for k in range(4):
        boxes = draw_text(page, "pqy gjp ypq jig", 60, 60 + 120 * k, 44, 4, rng)
        page[104 + 120 * k : 106 + 120 * k, 60 : boxes[-1].right] = 160
    assert [comb for comb in frames_of(printed(page)).combs if len(comb) > 1] == []


@pytest.mark.parametrize("gap", [-1, 0, 1, 3])
@pytest.mark.parametrize("size", [24, 40, 60])
@pytest.mark.parametrize(
    "text", ["IIIIIIIIIIIIIIII", "HHHHHHHHHH", "llllllllllllllll", "M N M N M N", "I I I I I I I", "TITLE OF THE FORM"]
)
def test_printed_letters_on_a_rule_are_no_comb(page, gap, size, text):
    for k in range(3):
        print_on_rule(page, text, 60, 120 + 150 * k, size, gap)
    assert [comb for comb in frames_of(printed(page)).combs if len(comb) > 1] == []


@pytest.mark.parametrize("step", [8, 12, 24, 40])
def test_a_scale_is_no_comb(page, step):
    """Every fifth tick of a scale is longer."""
    cells = comb_cells(40, 200, 800 // step - 1, step - 2, 40)
    draw_ticks(page, cells, [26 if k % 5 == 0 else 12 for k in range(len(cells) + 1)])
    assert [comb for comb in frames_of(printed(page)).combs if len(comb) > 1] == []


def test_ticks_at_all_distances_are_no_comb(page, rng):
    page[300:302, 60:860] = 160
    for x in 60 + np.cumsum(rng.integers(15, 70, 16)):
        page[285:300, int(x) : int(x) + 2] = 160
    assert [comb for comb in frames_of(printed(page)).combs if len(comb) > 1] == []
