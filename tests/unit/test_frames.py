from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.frames.combs import Comb
from hcr_scan.segmentation.frames.finding import Frames, between_closed
from tests.frames import comb_cells, draw_box, draw_comb, fill, frames_of, nearly, printed, with_grain, write
from tests.strokes import blank_page, draw_text


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def page() -> np.ndarray:
    return blank_page(900, 700)


def assert_combs(frames: Frames, drawn: list[list[BoundingBox]], tolerance: int = 3) -> None:
    found = sorted(frames.combs, key=lambda row: (row[0].top // 20, row[0].left))
    assert [len(row) for row in found] == [len(row) for row in drawn]
    for row, cells in zip(found, drawn, strict=True):
        for box, cell in zip(row, cells, strict=True):
            assert nearly(box, cell, tolerance), (box, cell)


def test_bare_paper_has_no_frames(page):
    assert frames_of(printed(page)) == Frames((), ())


def test_writing_alone_has_no_combs(page, rng):
    """Loops of letters may look like single boxes, never like a row of cells."""
    for k in range(4):
        draw_text(page, "OBD 80 QPR 6894 DOB", 60, 60 + 120 * k, 60, 5, rng)
    assert [comb for comb in frames_of(printed(page)).combs if len(comb) > 1] == []


@pytest.mark.parametrize("darkness", [60, 150, 255])
def test_a_comb_with_shared_walls(page, rng, darkness):
    cells = [draw_comb(page, 100, 80 + 130 * k, 14, darkness=darkness) for k in range(3)]
    for row in cells:
        fill(page, row, "HOLM 27 UTAH 9", rng)
    assert_combs(frames_of(printed(page)), cells)


def test_faint_frames_in_grainy_paper(page, rng):
    cells = [draw_comb(page, 100, 80 + 130 * k, 14, darkness=20) for k in range(3)]
    for row in cells:
        fill(page, row, "LUNA 31 KX", rng)
    assert_combs(frames_of(with_grain(printed(page), rng)), cells)


def test_dotted_walls(page, rng):
    cells = [draw_comb(page, 100, 80 + 130 * k, 14, darkness=150) for k in range(3)]
    for row in cells:
        for cell in row[:-1]:
            dots = page[row[0].top : row[0].bottom, cell.right : cell.right + 2]
            dots[np.arange(len(dots)) % 5 >= 3] = 0
    for row in cells:
        fill(page, row, "SAMUEL 4", rng)
    assert_combs(frames_of(printed(page)), cells)


def test_separate_squares_with_gaps(page, rng):
    cells = [
        [BoundingBox(100 + 56 * k, 80 + 130 * r, 140 + 56 * k, 120 + 130 * r) for k in range(10)] for r in range(3)
    ]
    for row in cells:
        for cell in row:
            draw_box(page, cell)
        fill(page, row, "2024 MARCH", rng)
    frames = frames_of(printed(page))
    found = sorted((box for comb in frames.combs for box in comb), key=lambda box: (box.top // 20, box.left))
    drawn = [cell for row in cells for cell in row]
    assert len(found) + len(frames.boxes) == len(drawn)
    found = sorted([*found, *frames.boxes], key=lambda box: (box.top // 20, box.left))
    assert all(nearly(box, cell, 3) for box, cell in zip(found, drawn, strict=True))


def test_letters_over_the_walls_of_squares_open_none(page, rng):
    cells = [BoundingBox(80 + 60 * k, 120, 116 + 60 * k, 160) for k in range(13)]
    for cell in cells:
        draw_box(page, cell)
    for k, cell in enumerate(cells[:10]):
        if k % 2:
            write(page, cell, "HMXKA"[k // 2], rng, shift=(-12, 12)[k // 2 % 2])
    assert_combs(frames_of(printed(page)), [cells])


def test_a_table_of_cells(page, rng):
    cells = [comb_cells(100, 80 + 50 * k, 12) for k in range(6)]
    for row in cells:
        for cell in row:
            draw_box(page, cell)
        fill(page, row, "EMIL  83 QK", rng)
    assert_combs(frames_of(printed(page)), cells)


def guided_squares(page: np.ndarray, rng: np.random.Generator, upright: bool) -> list[BoundingBox]:
    rows = [comb_cells(60, 60 + 130 * k, 7, width=90, height=90) for k in range(4)]
    for cell in (cell for row in rows for cell in row):
        draw_box(page, cell, 170)
        for share in (0.28, 0.72):
            y = cell.top + round(share * cell.height)
            page[y : y + 2, cell.left : cell.right] = 22
        if upright:
            x, y = (round(v) for v in cell.center)
            page[y : y + 2, cell.left : cell.right] = page[cell.top : cell.bottom, x : x + 2] = 22
    for row in rows:
        fill(page, row, "AKBTCUS", rng)
    return [cell for row in rows for cell in row]


@pytest.mark.parametrize("upright", [False, True])
def test_pale_guide_lines_inside_squares_are_no_walls(page, rng, upright):
    drawn = guided_squares(page, rng, upright)
    frames = frames_of(printed(page))
    found = [box for comb in frames.combs for box in comb] + list(frames.boxes)
    assert len(found) == len(drawn)
    for cell in drawn:
        assert any(nearly(box, cell, 4) for box in found), cell


@pytest.mark.parametrize(("thick", "darkness"), [(2, 190), (4, 190), (2, 100)])
def test_squares_quartered_by_a_pale_cross_are_whole(page, rng, thick, darkness):
    """A frame and its guides may both be as dark as evidence counts; next to each other they differ."""
    rows = [draw_comb(page, 60, 60 + 150 * k, 8, width=80, height=84, darkness=darkness, thick=thick) for k in range(4)]
    for cell in (cell for row in rows for cell in row):
        x, y = (round(v) for v in cell.center)
        page[cell.top : cell.bottom, x - 1 : x + 1] = np.maximum(page[cell.top : cell.bottom, x - 1 : x + 1], 55)
        page[y - 1 : y + 1, cell.left : cell.right] = np.maximum(page[y - 1 : y + 1, cell.left : cell.right], 55)
    for row in rows[:3]:
        fill(page, row, "GUIDED 8", rng)
    # Writing over its rail leaves two squares open.
    page[rows[0][2].top - 8 : rows[0][2].top + 20, rows[0][2].right - 10 : rows[0][2].right + 14] = 0
    assert_combs(frames_of(printed(page)), rows, tolerance=4)


def test_a_wide_box_is_no_comb(page):
    boxes = [BoundingBox(80, 80, 700, 150), BoundingBox(80, 200, 500, 400)]
    for box in boxes:
        draw_box(page, box, 200)
    frames = frames_of(printed(page))
    assert frames.combs == ()
    assert len(frames.boxes) == 2
    assert all(any(nearly(found, box, 3) for found in frames.boxes) for box in boxes)


@pytest.mark.parametrize("share", [1.0, 0.33])
def test_an_open_comb_whose_walls_stand_on_one_rail(page, rng, share):
    """The closed combs of the page say how high its cells are."""
    closed = [draw_comb(page, 100, 80 + 130 * k, 12) for k in range(2)]
    row = comb_cells(100, 340, 12)
    page[row[0].bottom : row[0].bottom + 2, row[0].left - 2 : row[-1].right + 2] = 150
    for x in [cell.left - 2 for cell in row] + [row[-1].right]:
        page[row[0].bottom - round(share * row[0].height) : row[0].bottom, x : x + 2] = 150
    for cells in (*closed, row):
        fill(page, cells, "OPEN COMB 12", rng)
    frames = frames_of(printed(page))
    assert [len(comb) for comb in sorted(frames.combs, key=lambda comb: comb[0].top)] == [12, 12, 12]


def test_strokes_like_walls_make_no_cells(page, rng):
    """A row of ones and Hs does not divide the cells it is written in."""
    cells = [draw_comb(page, 100, 80 + 130 * k, 12) for k in range(3)]
    for row in cells:
        for k, cell in enumerate(row):
            write(page, cell, "1HIN"[k % 4], rng, shift=(-8, 0, 8, 4)[k % 4])
    assert_combs(frames_of(printed(page)), cells)


def test_a_comb_ends_where_it_would_cut_through_closed_squares():
    squares = [BoundingBox(300 + 70 * k, 90, 350 + 70 * k, 150) for k in range(8)]
    members = np.array([(c.left, c.top, c.right, c.bottom) for c in squares], np.int32)
    table = comb_cells(60, 120, 7, width=80, height=40)
    (left,) = between_closed(Comb(tuple(table), 7.0), members)
    assert left.cells == tuple(table[:3])
    assert left.score == pytest.approx(3.0)
    # The squares themselves, and cells that hold or fill whole ones, cut through nothing.
    for cells in (squares, [square.grown(8) for square in squares], [square.grown(-8) for square in squares]):
        comb = Comb(tuple(cells), 8.0)
        assert between_closed(comb, members) == [comb]
