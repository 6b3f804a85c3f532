"""Pages written in one writer's hand."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from hcr_scan.errors import DatasetError
from hcr_scan.geometry import BoundingBox
from hcr_scan_training.corpus import Strokes, read_strokes
from hcr_scan_training.synthesis import Pen, Writer, draw_strokes, load_writers, smoothed

LINE = np.array([[0, 0], [50, 100]], np.float32)
HOOK = np.array([[0, 0], [40, 0], [40, 80], [0, 80]], np.float32)


def two_letter_writer(seed: int = 3) -> Writer:
    return Writer("nobody", {"A": [[LINE, HOOK], [HOOK]], "B": [[HOOK]], "g": [[HOOK]]}, seed)


def test_ink_stays_inside_the_box_it_is_fitted_to() -> None:
    page = np.full((200, 200), 255, np.uint8)
    box = BoundingBox(50, 60, 110, 140)
    drawn = draw_strokes(page, [HOOK], box, Pen(4.0, 1.0))
    outside = page.copy()
    outside[box.top : box.bottom, box.left : box.right] = 255
    assert outside.min() >= 180  # a quarter of a pixel, where the pen rounds
    assert page.min() == 0
    assert drawn.height == pytest.approx(80, abs=2)
    assert (drawn.center[0], drawn.center[1]) == pytest.approx(box.center, abs=2)


def test_a_pencil_is_lighter_than_ink_and_paper_stays() -> None:
    page = np.full((100, 100), 200, np.uint8)
    draw_strokes(page, [HOOK], BoundingBox(10, 10, 90, 90), Pen(5.0, 0.5))
    assert page.min() == 100
    assert page[0, 0] == 200


def test_drawing_beyond_the_page_draws_nothing() -> None:
    page = np.full((50, 50), 255, np.uint8)
    draw_strokes(page, [HOOK], BoundingBox(200, 200, 240, 240), Pen(2.0))
    assert page.min() == 255


def test_the_same_seed_writes_the_same_page() -> None:
    pages = []
    for _ in range(2):
        page = np.full((120, 600), 255, np.uint8)
        two_letter_writer().write(page, "AB ABA gA", 10, 80, 40, Pen(3))
        pages.append(page)
    assert np.array_equal(pages[0], pages[1])


def test_written_characters_come_in_order_and_do_not_touch() -> None:
    page = np.full((120, 800), 255, np.uint8)
    boxes = two_letter_writer().write(page, "AB ABAg", 10, 80, 40, Pen(3))
    assert len(boxes) == 6
    for left, right in pairwise(boxes):
        assert left.right < right.left
    assert boxes[-1].bottom > boxes[0].bottom + 8  # g hangs below the line


def test_an_unknown_character_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        two_letter_writer().draw(np.full((50, 50), 255, np.uint8), "Z", BoundingBox(0, 0, 40, 40), Pen())


def test_smoothing_keeps_the_ends() -> None:
    smooth = smoothed(HOOK)
    assert smooth[0].tolist() == HOOK[0].tolist()
    assert smooth[-1].tolist() == HOOK[-1].tolist()
    assert len(smooth) == 16
    turns = np.diff(smooth, axis=0)
    angles = np.abs(np.diff(np.unwrap(np.arctan2(turns[:, 1], turns[:, 0]))))
    assert angles.max() < np.pi / 2


def strokes_of(labels: str, writers: list[str]) -> Strokes:
    from hcr_scan_training.corpus import classes_of

    count = len(labels)
    points = np.tile(np.array([[0, 0], [10, 20]], np.int16), (count, 1))
    offsets = np.arange(count + 1, dtype=np.int32)
    return Strokes(
        "drawn", points, offsets * 2, offsets, classes_of(labels), np.array(writers), np.ones(count, np.bool_)
    )


def test_only_writers_with_every_character_are_loaded() -> None:
    strokes = strokes_of("ABAB1", ["x", "x", "y", "z", "x"])
    assert [writer.name for writer in load_writers(strokes, "AB")] == ["x"]
    assert load_writers(strokes, "AB")[0].characters == "1AB"
    with pytest.raises(DatasetError, match="no writer"):
        load_writers(strokes, "ABC")


def test_many_unipen_writers_have_capitals_and_digits(strokes_file: Path) -> None:
    assert len(load_writers(read_strokes(strokes_file), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")) >= 50


def test_punctuation_stands_where_it_belongs_on_the_line() -> None:
    page = np.full((160, 900), 255, np.uint8)
    boxes = dict(zip("A.,'-:/", two_letter_writer().write(page, "A.,'-:/", 10, 100, 50, Pen(3)), strict=True))
    assert boxes["."].top > 85
    assert boxes[","].bottom > boxes["."].bottom
    assert boxes["'"].bottom < 75
    assert 60 < boxes["-"].center[1] < 90
    assert boxes[":"].height > 2 * boxes["."].height
    assert boxes["/"].height > 45


def test_a_natural_hand_keeps_its_proportions() -> None:
    tall = np.array([[0, 0], [5, 100]], np.float32)
    low = np.array([[0, 0], [30, 50]], np.float32)
    writer = Writer("nobody", {"E": [[tall]], "a": [[low]]}, natural=True)
    page = np.full((160, 400), 255, np.uint8)
    large, small = writer.write(page, "Ea", 10, 100, 60, Pen(3))
    assert small.height / large.height == pytest.approx(0.5, abs=0.1)
    assert small.bottom == pytest.approx(large.bottom, abs=8)


def test_a_character_in_a_cell_stays_near_it() -> None:
    page = np.full((100, 120), 255, np.uint8)
    cell = BoundingBox(40, 20, 80, 80)
    for mark in ".-A":
        drawn = two_letter_writer().write_in_cell(page, mark, cell, Pen(3))
        assert cell.left - 15 < drawn.left
        assert drawn.right < cell.right + 15
    assert page.min() < 100
