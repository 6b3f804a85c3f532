from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.cells.writing import InkCell, ink_in_box, read_comb
from tests.frames import as_paper, comb_cells, draw_box, draw_comb, fill, nearly, write
from tests.strokes import blank_page, draw_strokes


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def page() -> np.ndarray:
    return blank_page(800, 240)


def glyph(cell: InkCell) -> BoundingBox:
    assert cell.chunk is not None
    (candidate,) = cell.chunk.candidates
    return candidate.box


def written(cells: tuple[InkCell, ...]) -> str:
    return "".join("." if cell.chunk is None else "x" for cell in cells)


@pytest.mark.parametrize("darkness", [25, 120, 200, 255])
def test_blank_cells_keep_their_place(page, rng, darkness):
    cells = draw_comb(page, 100, 90, 12, darkness=darkness)
    boxes = fill(page, cells, " MN  O 4 7 K", rng)
    found = read_comb(as_paper(page), tuple(cells))
    assert written(found) == ".xx..x.x.x.x"
    assert [cell.box for cell in found] == cells
    for cell, box in zip([cell for cell in found if cell.chunk], boxes, strict=True):
        assert nearly(glyph(cell), box, 3)


@pytest.mark.parametrize("darkness", [90, 150, 255])
def test_an_open_comb_is_no_stroke_of_the_letters_that_touch_it(page, rng, darkness):
    """One rail below, walls that are ticks: most of what a closed comb has for a frame is bare paper here."""
    cells = comb_cells(100, 90, 12)
    rail = cells[0].bottom
    draw_strokes(page, [[(cells[0].left - 1, rail), (cells[-1].right + 1, rail)]], 2, darkness)
    for x in (cells[0].left - 1, *(cell.right for cell in cells)):
        draw_strokes(page, [[(x, rail - 14), (x, rail)]], 2, darkness)
    boxes = fill(page, cells, "OSLO  1998", rng)
    # A leg of the last letter stands on the rail.
    box = boxes[-1]
    draw_strokes(page, [[(box.center[0], box.bottom - 4), (box.center[0], rail)]], 4)
    found = read_comb(as_paper(page), tuple(cells))
    assert written(found) == "xxxx..xxxx.."
    assert max(glyph(cell).width for cell in found if cell.chunk) < cells[0].width


@pytest.mark.parametrize("darkness", [25, 120, 255])
def test_bare_combs_are_blank_whatever_their_walls(page, darkness):
    cells = draw_comb(page, 100, 90, 12, darkness=darkness)
    assert written(read_comb(as_paper(page), tuple(cells))) == "." * 12


def test_a_stroke_keeps_nothing_of_an_uneven_frame_that_it_touches(page, rng):
    """A dithered frame is in places as dark as the pen."""
    cells = draw_comb(page, 100, 90, 12, darkness=140, thick=3)
    dark = np.kron(rng.random((80, 100)) < 0.3, np.ones((3, 8), bool))
    page[(page > 0) & dark] = 235
    for cell in cells:
        x = cell.left + 20
        draw_strokes(page, [[(x, cell.top - 1), (x, cell.bottom - 8)]], 4, darkness=215)
    found = read_comb(as_paper(page), tuple(cells))
    assert max(glyph(cell).width for cell in found) <= 8


@pytest.mark.parametrize("darkness", [120, 255])
@pytest.mark.parametrize("shift", [-13, -10, 10, 13])
def test_strokes_beside_a_wall_are_kept_and_walls_are_not(page, rng, darkness, shift):
    """The pen of a 1 or an l stands a few pixels from the wall, as straight and nearly as high as it."""
    cells = draw_comb(page, 100, 90, 8, darkness=darkness)
    boxes = [write(page, cell, "l", rng, shift=shift) for cell in cells[::2]]
    found = read_comb(as_paper(page), tuple(cells))
    assert written(found) == "x.x.x.x."
    for cell, box in zip(found[::2], boxes, strict=True):
        assert nearly(glyph(cell), box, 3)


@pytest.mark.parametrize("darkness", [25, 120])
def test_a_glyph_half_across_a_wall_is_one_glyph(page, rng, darkness):
    cells = draw_comb(page, 100, 90, 6, darkness=darkness)
    write(page, cells[1], "E", rng)
    box = write(page, cells[2], "3", rng, shift=16)
    write(page, cells[3], "4", rng, shift=8)
    assert 0.3 < (box.right - cells[2].right) / box.width < 0.7
    found = read_comb(as_paper(page), tuple(cells))
    assert written(found) == ".xxx.."
    assert nearly(glyph(found[2]), box, 4)


@pytest.mark.parametrize("darkness", [25, 60])
def test_a_stroke_that_fades_is_part_of_its_glyph(page, rng, darkness):
    cells = draw_comb(page, 100, 90, 4, darkness=darkness)
    draw_strokes(page, [[(152, 102), (152, 130)]], 4)
    draw_strokes(page, [[(152, 102), (172, 102)]], 4, darkness=round(0.32 * 255))
    (found,) = (cell for cell in read_comb(as_paper(page), tuple(cells)) if cell.chunk)
    assert glyph(found).width >= 18


@pytest.mark.parametrize("darkness", [120, 255])
def test_ink_that_crosses_a_wall_stays_with_its_glyph(page, rng, darkness):
    cells = draw_comb(page, 100, 90, 6, darkness=darkness)
    box = write(page, cells[2], "Z", rng, shift=13)
    assert box.right > cells[2].right + 2
    found = read_comb(as_paper(page), tuple(cells))
    assert written(found) == "..x..."
    # A few pixels of a wall as dark as the pen may cling to the stroke that crosses it.
    assert nearly(glyph(found[2]), box, 3 if darkness < 255 else 5)


def test_ink_that_crosses_a_rail_stays_with_its_glyph(page, rng):
    cells = draw_comb(page, 100, 90, 4)
    box = draw_strokes(page, [[(160, 100), (160, 152)]], 4)
    assert box is not None
    found = read_comb(as_paper(page), tuple(cells))
    assert written(found) == ".x.."
    assert nearly(glyph(found[1]), box, 3)


def test_a_speck_is_not_a_glyph(page, rng):
    cells = draw_comb(page, 100, 90, 4)
    page[110:113, 120:123] = 255
    write(page, cells[2], "A", rng)
    assert written(read_comb(as_paper(page), tuple(cells))) == "..x."


@pytest.mark.parametrize("thick", [2, 4])
def test_an_x_through_a_cell_strikes_it_out_and_a_written_x_does_not(page, rng, thick):
    cells = draw_comb(page, 100, 90, 4, thick=thick)
    cell = cells[1]
    corners = [(cell.left + 1, cell.top + 1), (cell.right - 1, cell.bottom - 1)]
    draw_strokes(page, [corners, [(corners[1][0], corners[0][1]), (corners[0][0], corners[1][1])]], 4)
    write(page, cells[3], "X", rng)
    found = read_comb(as_paper(page), tuple(cells))
    assert written(found) == ".x.x"
    assert [cell.crossed_out for cell in found] == [False, True, False, False]


def test_the_ink_of_a_glyph_leaves_its_neighbors_out(page, rng):
    cells = draw_comb(page, 100, 90, 2, darkness=100)
    left, right = fill(page, cells, "OH", rng)
    for cell, box in zip(read_comb(as_paper(page), tuple(cells)), (left, right), strict=True):
        assert cell.chunk is not None
        ink = cell.chunk.candidates[0].ink
        assert abs(ink.shape[0] - box.height) <= 6
        assert abs(ink.shape[1] - box.width) <= 6
        assert ink.max() == 255


def test_the_ink_of_a_box_is_without_its_frame(page, rng):
    box = BoundingBox(100, 60, 600, 160)
    draw_box(page, box, 255)
    glyphs = fill(page, comb_cells(150, 80, 6), "ROAD 5", rng)
    found = ink_in_box(as_paper(page), box)
    assert found is not None
    ink, left, top = found
    rows, columns = np.nonzero(ink >= 128)
    around = BoundingBox(
        int(columns.min()) + left, int(rows.min()) + top, int(columns.max()) + left + 1, int(rows.max()) + top + 1
    )
    assert nearly(around, glyphs[0].union(glyphs[-1]), 3)


@pytest.mark.parametrize("left", [110, 380, 640])
def test_one_character_in_a_wide_box_is_found_wherever_it_stands(page, rng, left):
    """As in the columns of a table: less ink than a hundredth of the box, and close to its wall."""
    box = BoundingBox(100, 60, 700, 140)
    draw_box(page, box)
    drawn = write(page, BoundingBox(left, 70, left + 40, 130), "1", rng, darkness=200)
    found = ink_in_box(as_paper(page), box)
    assert found is not None
    ink, x, y = found
    rows, columns = np.nonzero(ink >= 128)
    there = BoundingBox(x + columns.min(), y + rows.min(), x + columns.max() + 1, y + rows.max() + 1)
    assert nearly(there, drawn, 2)


@pytest.mark.parametrize(("pencil", "found"), [(150, True), (60, True), (25, False)])
def test_a_pale_answer_under_a_dark_label_is_ink(page, rng, pencil, found):
    """What shows through the paper under a label is paler still."""
    box = BoundingBox(100, 60, 600, 190)
    draw_box(page, box)
    for left in range(110, 190, 16):
        write(page, BoundingBox(left, 82, left + 14, 106), "H", rng, darkness=240)
    write(page, BoundingBox(120, 120, 170, 175), "R", rng, darkness=250)
    page[112:185, 110:180] = page[112:185, 110:180].astype(float) * pencil / 250
    seen = ink_in_box(as_paper(page), box)
    assert seen is not None
    ink, _, top = seen
    assert (ink[112 - top :] >= 128).any() == found
    assert (ink[: 108 - top] >= 128).any()


def test_an_empty_box_has_no_ink(page):
    box = BoundingBox(100, 60, 600, 160)
    draw_box(page, box, 255)
    assert ink_in_box(as_paper(page), box) is None


@pytest.mark.parametrize("side", [3, 4])
def test_the_dots_of_a_colon_in_a_box_for_words_are_ink(page, rng, side):
    """Whether they are dust is judged beside the letters."""
    box = BoundingBox(100, 60, 600, 124)
    draw_box(page, box)
    fill(page, comb_cells(150, 70, 5, 30, 40), "20", rng)
    for top in (86, 102):
        page[top : top + side, 240 : 240 + side] = 255
    found = ink_in_box(as_paper(page), box)
    assert found is not None
    ink, left, top = found
    assert all((ink[y - top : y - top + side, 240 - left : 240 - left + side] >= 128).any() for y in (86, 102))
