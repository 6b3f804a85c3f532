from __future__ import annotations

import string

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from hcr_scan.geometry import BoundingBox, union_of
from hcr_scan.images import connected_components
from hcr_scan.segmentation.glyphs.chunks import InkLine
from hcr_scan.segmentation.ink.parts import ink_threshold
from hcr_scan.segmentation.lines.finding import find_lines
from tests.strokes import blank_page, draw_strokes, draw_text


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def boxes(line: InkLine) -> list[BoundingBox]:
    return [union_of(c.box for c in chunk.candidates) for word in line.words for chunk in word.chunks]


def lengths(lines: list[InkLine]) -> list[int]:
    return [len(boxes(line)) for line in lines]


def word_lengths(line: InkLine) -> list[int]:
    return [len(word.chunks) for word in line.words]


def test_no_ink_is_no_lines():
    assert find_lines(blank_page(300, 200)) == []


def test_a_page_of_specks_is_no_lines(rng):
    page = blank_page(600, 600)
    rows, columns = rng.integers(0, 600, (2, 400))
    page[rows, columns] = 255
    assert find_lines(page) == []


def test_one_letter_is_one_line(rng):
    page = blank_page(200, 200)
    (drawn,) = draw_text(page, "K", 70, 60, 80, 7, rng)
    (line,) = find_lines(page)
    (found,) = boxes(line)
    assert found.grown(2).contains(drawn)
    assert line.height == pytest.approx(drawn.height, abs=2)


@pytest.mark.parametrize("top", [34, 178])
def test_a_label_close_over_or_under_a_letter_is_no_part_of_it(rng, top):
    """Its letters run together at low resolution, so that it is one low and wide piece."""
    page = blank_page(900, 300)
    drawn = draw_text(page, "BOSTON 4", 100, 80, 84, 7, rng)
    label = Image.new("L", (900, 300))
    ImageDraw.Draw(label).text((90, top), "Account", 255, ImageFont.load_default(size=36))
    page = np.maximum(page, cv2.dilate(np.asarray(label), np.ones((1, 7), np.uint8)))
    (line,) = [line for line in find_lines(page) if line.height > 50]
    assert word_lengths(line) == [6, 1]
    for found, letter in zip(boxes(line), drawn, strict=True):
        assert found.grown(3).contains(letter)
        assert letter.grown(4).contains(found)


def test_a_list_under_a_larger_title_is_read_downwards(rng):
    page = blank_page(900, 700)
    draw_text(page, "TITLE", 250, 30, 110, 9, rng)
    for i, row in enumerate(("1. MILK", "2. EGGS", "AND FLOUR", "3. TEA")):
        draw_text(page, row, 60 + 90 * (i == 2), 210 + 110 * i, 50, 5, rng)
    assert lengths(find_lines(page)) == [5, 6, 6, 8, 5]


def test_small_writing_under_a_large_title_is_not_noise(rng):
    page = blank_page(1100, 500)
    draw_text(page, "HUGE", 100, 40, 200, 14, rng)
    draw_text(page, "small print below", 100, 360, 36, 4, rng)
    assert lengths(find_lines(page)) == [4, 15]


def test_columns_are_read_one_after_the_other(rng):
    page = blank_page(1500, 700)
    for i in range(5):
        draw_text(page, "LEFT" + str(i), 40, 40 + 110 * i, 50, 5, rng)
        draw_text(page, "R" + str(i), 1000, 90 + 110 * i, 50, 5, rng)
    assert lengths(find_lines(page)) == [5] * 5 + [2] * 5


def test_level_entries_far_apart_are_read_across(rng):
    page = blank_page(1700, 500)
    for i in range(3):
        draw_text(page, "NAME" + str(i), 40, 40 + 130 * i, 50, 5, rng)
        draw_text(page, "AB", 1200, 40 + 130 * i, 50, 5, rng)
    assert [len(found) for found in ([b.left for b in boxes(line)] for line in find_lines(page))] == [5, 2] * 3


@pytest.mark.parametrize("slope", [-0.14, -0.07, 0.07, 0.14])
def test_sloping_lines_close_together_stay_apart(rng, slope):
    page = blank_page(1300, 700)
    rows = ["SLOPING LINES", "of small things", "AND CAPITALS 123"]
    for i, row in enumerate(rows):
        draw_text(page, row, 50, 250 + 85 * i, 50, 5, rng, gap=0.25, slope=slope)
    assert lengths(find_lines(page)) == [len(row.replace(" ", "")) for row in rows]


def test_a_curved_line_stays_whole(rng):
    page = blank_page(1800, 400)
    x, count = 40.0, 0
    for letter in "CURVED LIKE A PAGE IN A BOOK":
        if letter != " ":
            draw_text(page, letter, x, 120 + 60 * np.sin(x / 1800 * np.pi), 50, 5, rng)
            count += 1
        x += 60
    assert lengths(find_lines(page)) == [count]


def test_letters_written_far_apart_are_one_line(rng):
    page = blank_page(1500, 500)
    draw_text(page, "abcdefg", 60, 60, 60, 9, rng, gap=2.0)
    draw_text(page, "hijklmn", 60, 200, 60, 9, rng, gap=2.0)
    draw_text(page, "Z", 60, 340, 60, 9, rng)
    found = find_lines(page)
    assert lengths(found) == [7, 7, 1]
    assert [len(line.words) for line in found] == [1, 1, 1]


def test_words_are_divided_at_the_wide_gaps(rng):
    page = blank_page(1600, 300)
    draw_text(page, "THIS IS A LINE OF WORDS", 40, 60, 50, 5, rng, gap=0.3, space=0.8)
    draw_text(page, "TO DO", 40, 190, 50, 5, rng, gap=0.3, space=0.8)
    assert [word_lengths(line) for line in find_lines(page)] == [[4, 2, 1, 4, 2, 5], [2, 2]]


def test_a_descender_that_touches_the_next_line_is_cut_off_there(rng):
    page = blank_page(1200, 400)
    rows = ["a happy man sat on", "THE KEYS BELOW IT", "and sang", "AGAIN"]
    for i, row in enumerate(rows):
        draw_text(page, row, 40, 40 + 75 * i, 60, 5, rng, gap=0.25)
    assert len(connected_components((page >= 112).astype(np.uint8))) < sum(len(row.replace(" ", "")) for row in rows)
    assert lengths(find_lines(page)) == [len(row.replace(" ", "")) for row in rows]


def test_shadows_staples_and_folds_are_not_writing(rng):
    page = blank_page(900, 600)
    page[:, :14] = 255  # the edge of the scanner's lid
    page[590:, 300:] = 255
    page[40:100, 60:120] = 255  # a staple's corner, or a punched hole
    draw_strokes(page, [[(0, 300), (899, 306)]], 2, 200)  # a fold
    draw_text(page, "ONLY", 200, 380, 60, 6, rng)
    assert lengths(find_lines(page)) == [4]


def test_a_broad_pen_beside_fine_print_is_a_pen(rng):
    page = blank_page(900, 300)
    label = Image.new("L", (900, 300))
    ImageDraw.Draw(label).text((60, 40), "Account number", 255, ImageFont.load_default(size=22))
    page = np.maximum(page, np.asarray(label))
    drawn = draw_text(page, "75435", 80, 120, 60, 14, rng, gap=0.5)
    page[180:240, 700:760] = 255  # a bar
    lines = find_lines(page)
    assert len(drawn) in lengths(lines)


def test_pencil_that_fades_within_strokes_holds_together(rng):
    page = blank_page(1200, 260)
    draw_text(page, "HOLD TOGETHER", 40, 80, 70, 8, rng)
    # Strokes pale to a third of their strength in bands, as graphite does on rough paper.
    waves = np.sin(np.arange(260) / 4)[:, None] + np.sin(np.arange(1200) / 7)[None, :]
    faded = (page * np.clip(0.7 + 0.25 * waves, 0.33, 1)).astype(np.uint8)
    assert lengths(find_lines(faded)) == [12]
    assert ink_threshold(faded) < ink_threshold(page)


def test_grain_of_the_paper_does_not_lower_the_threshold(rng):
    page = blank_page(1200, 260)
    draw_text(page, "ROUGH PAPER", 40, 80, 70, 8, rng)
    grain = np.abs(rng.normal(0, 35, page.shape)).astype(np.uint8)
    assert ink_threshold(np.maximum(page, grain)) == ink_threshold(page)


def test_components_at_hand_are_used(rng):
    page = blank_page(500, 200)
    draw_text(page, "ABCDE", 40, 60, 60, 6, rng)
    mask = (page >= 112).astype(np.uint8)
    mask[:, :120] = 0  # what the caller erased
    assert lengths(find_lines(page, connected_components(mask))) == [4]


@pytest.mark.parametrize("height", [14, 40, 150, 400])
def test_resolution_does_not_matter(rng, height):
    page = blank_page(16 * height, 6 * height)
    draw_text(page, "Any size", height, height, height, max(2, height / 12), rng)
    draw_text(page, "At all", height, 3 * height, height, max(2, height / 12), rng)
    assert lengths(find_lines(page)) == [7, 5]


def test_one_reading_for_every_plain_letter(rng):
    """A classifier call a letter: what stands alone and is no wider than a letter is not cut."""
    letters = (string.ascii_uppercase + string.digits).replace("M", "").replace("W", "")
    page = blank_page(2800, 300)
    draw_text(page, letters, 40, 100, 50, 5, rng)
    (line,) = find_lines(page)
    assert [len(chunk.candidates) for word in line.words for chunk in word.chunks] == [1] * len(letters)
