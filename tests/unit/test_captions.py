from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import connected_components
from hcr_scan.segmentation.cells.captions import caption_pieces
from hcr_scan.segmentation.cells.writing import InkCell, read_comb
from tests.frames import as_paper, draw_comb, fill, nearly
from tests.strokes import blank_page, draw_strokes

Page = np.ndarray


def numbered(page: Page, cells: list[BoundingBox], first: int) -> Page:
    """The page with the cells' numbers printed in their corners."""
    numbers = Image.new("L", page.shape[::-1])
    for number, cell in enumerate(cells, first):
        ImageDraw.Draw(numbers).text((cell.left + 3, cell.top + 1), str(number), 200, ImageFont.load_default(size=13))
    return np.maximum(page, np.asarray(numbers))


def written(cells: tuple[InkCell, ...]) -> str:
    return "".join("." if cell.chunk is None else "x" for cell in cells)


@pytest.mark.parametrize("first", [1, 6, 10])
def test_numbers_printed_in_the_cells_are_no_answers_and_no_part_of_one(first):
    page = blank_page(1100, 240)
    cells = draw_comb(page, 60, 90, 12, width=76, height=76)
    boxes = fill(page, cells, " MN  O 4 7 K", np.random.default_rng(7), shift=6)
    found = read_comb(as_paper(numbered(page, cells, first)), tuple(cells))
    assert written(found) == ".xx..x.x.x.x"
    read = [cell.chunk.candidates[0].box for cell in found if cell.chunk is not None]
    assert all(nearly(box, drawn, 3) for box, drawn in zip(read, boxes, strict=True))


def test_dots_that_a_hand_makes_stay():
    """Half of the letters of a word may have one, each a little elsewhere."""
    ink = blank_page(900, 120)
    cells = [BoundingBox(20 + 70 * k, 20, 84 + 70 * k, 100) for k in range(12)]
    for k in (0, 1, 3, 4, 6, 7):
        x = cells[k].left + 24 + 3 * (k % 3)
        draw_strokes(ink, [[(x, 30), (x + 1, 33)]], 5)
        draw_strokes(ink, [[(x, 48), (x, 92)]], 5)
    assert not caption_pieces(connected_components(ink), cells).size
