"""The places of a page to write in, cells and boxes, and the ink in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hcr_scan.geometry import BoundingBox, union_of
from hcr_scan.segmentation.cells.fields import in_reading_order, join_cells
from hcr_scan.segmentation.cells.words_in_cells import rows_of_words
from hcr_scan.segmentation.cells.writing import InkCell, ink_in_box, read_comb
from hcr_scan.segmentation.frames.finding import Frames
from hcr_scan.segmentation.glyphs.chunks import InkLine
from hcr_scan.segmentation.ink.binarization import Paper
from hcr_scan.segmentation.lines.finding import find_lines

#: A box whose cells and boxes take up more than this share of it is a table, not a place to write in.
CONTAINER_SHARE = 0.2
#: A box lies in another with more than this share of it.
INSIDE = 0.7
#: So is one so many times as high as the cells of combs in it, which have so many cells: a section, or a slip. Letters
#: that stand in a box make combs too, of cells lower than so many pixels (4.5 mm).
SECTION_HEIGHT, SECTION_CELLS, LETTER_HEIGHT = 5.0, 4, 36
#: Of combs below each other in a box cells are at least so many pixels high: loops of print make lower ones.
STACKED_CELL_HEIGHT = 30
#: Cells of a table are about as high as those of the comb that they were taken for, take up more than this share of
#: one, and share no more than that with each other.
HIGHER, HALF, APART = 1.4, 0.5, 0.2
#: Boxes shaped like cells are cells when this many stand side by side; fewer are judged by what they hold.
CELLS_IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class InkPlace:
    """A row of cells, each with its glyph; or a box with lines of writing, which has no cells.

    ``left`` and ``top`` are where the raster of the lines lies on the page.
    """

    box: BoundingBox
    cells: tuple[InkCell, ...] = ()
    lines: tuple[InkLine, ...] = ()
    left: int = 0
    top: int = 0

    @property
    def written(self) -> int:
        """How many pieces of writing there are in it."""
        return sum(cell.chunk is not None for cell in self.cells) + sum(
            len(word.chunks) for line in self.lines for word in line.words
        )


def find_places(paper: Paper, frames: Frames) -> list[InkPlace]:
    """Every place that the frames of a page make, with its ink, in reading order."""
    cells = [cell for comb in frames.combs for cell in comb]
    inner = innermost([box for box in frames.boxes if not _is_section(box, frames.combs)], [*cells, *frames.boxes])
    joined = join_cells((*frames.combs, *((box,) for box in inner if _is_cell_shaped(box))))
    rows = [row for row in joined if len(row) >= CELLS_IN_A_ROW or (row in frames.combs and len(row) > 1)]
    taken = {cell for row in rows for cell in row}
    alone = [cell for row in joined for cell in row if cell not in taken]
    boxes = {box: _read_box(paper, box) for box in (*(box for box in inner if box not in taken), *alone)}
    single = tuple((box,) for box, place in boxes.items() if _is_cell_shaped(box) and place.written <= 1)
    combs = {row: _read_row(paper, row) for row in join_cells((*rows, *single))}
    tables = [tuple(cell.box for cell in row) for row in rows_of_words(place.cells for place in combs.values())]
    columns = [box for row in tables for box in _columns(row, frames.closed)]
    boxes |= {box: _read_box(paper, box) for box in columns}
    combs = {row: place for row, place in combs.items() if row not in tables and not _is_part(row, columns)}
    places = in_reading_order([*combs, *((box,) for box in boxes if (box,) not in single)])
    return [combs[place] if place in combs else boxes[place[0]] for place in places]


def _columns(row: tuple[BoundingBox, ...], closed: Sequence[BoundingBox]) -> list[BoundingBox]:
    """The cells of a table's row that was taken for a comb: what walls close there, and of its cells what is left."""
    low, high = row[0].height / HIGHER, row[0].height * HIGHER
    columns: list[BoundingBox] = []
    for box in (*sorted(closed, key=lambda box: box.area), *row):
        of_row = any(max(cell.share_in(box), box.width / cell.width * box.share_in(cell)) > HALF for cell in row)
        if low < box.height < high and of_row and not _shares_paper(box, columns):
            columns.append(box)
    return columns


def _shares_paper(box: BoundingBox, others: Sequence[BoundingBox]) -> bool:
    return any(max(box.share_in(other), other.share_in(box)) > APART for other in others)


def _is_part(row: tuple[BoundingBox, ...], columns: Sequence[BoundingBox]) -> bool:
    """Whether a cell by itself is a part of one of a table's."""
    return len(row) == 1 and any(row[0].share_in(column) > INSIDE for column in columns)


def _read_row(paper: Paper, row: tuple[BoundingBox, ...]) -> InkPlace:
    return InkPlace(union_of(row), cells=read_comb(paper, row))


def _read_box(paper: Paper, box: BoundingBox) -> InkPlace:
    found = ink_in_box(paper, box)
    if found is None:
        return InkPlace(box)
    ink, left, top = found
    return InkPlace(box, (), tuple(find_lines(ink)), left, top)


def _is_section(box: BoundingBox, combs: Sequence[Sequence[BoundingBox]]) -> bool:
    """Whether a box goes around combs, and is much higher than their cells, or holds one below the other."""
    if box.height < 2 * INSIDE * STACKED_CELL_HEIGHT:
        return False
    inside = [[cell for cell in comb if cell.share_in(box) > INSIDE] for comb in combs]
    held = [cell for cells in inside for cell in cells if cell.height >= LETTER_HEIGHT]
    high = box.height >= SECTION_HEIGHT * max((cell.height for cell in held), default=LETTER_HEIGHT)
    if len(held) >= SECTION_CELLS and high:
        return True
    long = [cells[0] for cells in inside if len(cells) >= SECTION_CELLS and cells[0].height >= STACKED_CELL_HEIGHT]
    first = min(long, key=lambda cell: cell.top, default=None)
    return first is not None and any(cell.top >= first.bottom for cell in long)


def _is_cell_shaped(box: BoundingBox) -> bool:
    return 0.55 * box.height < box.width < 1.8 * box.height


def innermost(boxes: Sequence[BoundingBox], parts: Sequence[BoundingBox]) -> list[BoundingBox]:
    """Boxes to write in: not those that ``parts`` take up, nor crumbs inside the loops of what is written in others."""
    whole = []
    for box in boxes:
        inner = [part for part in parts if part.area < 0.8 * box.area and part.share_in(box) > INSIDE]
        if sum(part.area for part in inner) < CONTAINER_SHARE * box.area:
            whole.append(box)
    return [box for box in whole if not any(other.area > box.area and box.share_in(other) > INSIDE for other in whole)]
