"""Where a form asks to be filled in, as far as its frames and lines tell."""

from __future__ import annotations

from dataclasses import dataclass

from hcr_scan.forms.drafting.cell_rows import regrouped
from hcr_scan.forms.drafting.check_boxes import find_check_boxes
from hcr_scan.forms.drafting.printed_words import Press, Row
from hcr_scan.forms.drafting.writing_lines import find_lines_alone, spaces_above
from hcr_scan.forms.template import FieldKind
from hcr_scan.geometry import BoundingBox, union_of
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation.cells.fields import in_reading_order, join_cells
from hcr_scan.segmentation.frames.finding import Frames, find_frames
from hcr_scan.segmentation.page_model import PageModel
from hcr_scan.segmentation.places import INSIDE, innermost
from hcr_scan.segmentation.segment import StraightPage

#: A box to write in is at least this high and wide, in working pixels (3 and 6 mm), in a part free of print.
LOWEST, NARROWEST = 24, 48
#: Shares of a box that are free of print below and beside it; with less free it is a heading.
FREE_BELOW, FREE_BESIDE = 0.55, 0.7
#: Thickness of frames.
FRAME = 6
#: The label of a check box begins within this many of its sides.
LABEL = 1.6
#: Cells of one kind differ in size by less than this share.
ALIKE = 0.2


@dataclass(frozen=True, slots=True)
class Place:
    """A place to fill in, in whatever pixels it is used with; ``cells`` are empty for other kinds than cells."""

    kind: FieldKind
    box: BoundingBox
    cells: Row = ()


def find_places(page: StraightPage, spec: CropSpec, model: PageModel | None) -> list[Place]:
    """The places to fill in on a page, in reading order and working pixels.

    Args:
        page: a blank, or a filled page.
        spec: how the page model wants its crops.
        model: tells the print of a filled page from writing; ``None`` says that the page is a blank.
    """
    frames = find_frames(page.paper, page.rules, page.pieces)
    press = Press(page, spec, model)
    squares = find_check_boxes(page.paper, [row[0] for row in frames.combs if len(row) == 1])
    rows = _rows(page, frames, squares, press)
    squares = [square for square in squares if not any(_overlap(square, cell) for row in rows for cell in row)]
    cells = [cell for row in rows for cell in row]
    lines = find_lines_alone(page, [*cells, *squares, *frames.boxes])
    hidden = [union_of(row) for row in rows] + squares
    words = press.words([*(box.grown(FRAME) for box in hidden), *(line.grown(2) for line in lines)])
    squares = [square for square in squares if not _in_word(square, words)]
    boxes = [box for box in _empty_boxes(frames, cells + squares) if _has_room(box, words)]
    spaces = spaces_above(lines, [*cells, *squares, *frames.boxes], words)
    spaces = [space for space in spaces if not any(_overlap(space, other) for other in (*cells, *boxes))]
    places = [Place(FieldKind.CELLS, union_of(row), row) for row in rows]
    places += [_square(square, cells, words) for square in squares]
    places += [Place(FieldKind.BOX, box) for box in boxes]
    places += [Place(FieldKind.LINE, space) for space in spaces]
    return _ordered(places)


def _rows(page: StraightPage, frames: Frames, squares: list[BoundingBox], press: Press) -> list[Row]:
    """Rows of cells side by side; single squares that stand alone are left to be told from check boxes."""
    rows = regrouped(page, join_cells(frames.combs))
    rows = [row for row in rows if len(row) > 1 or not any(_overlap(row[0], square) for square in squares)]
    return [row for row, printed in zip(rows, press.printed(rows), strict=True) if not printed]


def _square(square: BoundingBox, cells: list[BoundingBox], words: list[BoundingBox]) -> Place:
    """A lone square: a cell for one character if it has no label beside it and is like the form's other cells."""
    reach = LABEL * max(square.width, square.height)
    for word in words:
        level = min(word.bottom, square.bottom) - max(word.top, square.top) > 0.4 * min(word.height, square.height)
        if level and (0 <= word.left - square.right + 4 < reach + 4 or 0 <= square.left - word.right + 4 < reach + 4):
            return Place(FieldKind.CHECKBOX, square)
    alike = [
        cell
        for cell in cells
        if abs(cell.width - square.width) < ALIKE * cell.width
        and abs(cell.height - square.height) < ALIKE * cell.height
    ]
    return Place(FieldKind.CELLS, square, (square,)) if alike else Place(FieldKind.CHECKBOX, square)


def _in_word(square: BoundingBox, words: list[BoundingBox]) -> bool:
    """Whether there is print close on both sides: then it is the hole of a letter."""
    near = 2 * FRAME
    level = [word for word in words if word.top < square.center[1] < word.bottom]
    before = any(-FRAME <= square.left - word.right < near for word in level)
    return before and any(-FRAME <= word.left - square.right < near for word in level)


def _empty_boxes(frames: Frames, parts: list[BoundingBox]) -> list[BoundingBox]:
    """Boxes to write in: not those that others take up, nor those inside others."""
    large = [box for box in frames.boxes if not any(_overlap(box, p) for p in parts if p.area > 0.5 * box.area)]
    boxes = innermost(large, [*parts, *frames.boxes])
    return [box for box in boxes if not any(box.share_in(part) > INSIDE for part in parts)]


def _has_room(box: BoundingBox, words: list[BoundingBox]) -> bool:
    """Whether print leaves enough of a box free to write in: beside it, above or below."""
    inside = [part for word in words if (part := word.intersection(box)) is not None]
    if min(box.width / NARROWEST, box.height / LOWEST) < 1:
        return False
    if not inside:
        return True
    printed = union_of(inside)
    below = max(printed.top - box.top, box.bottom - printed.bottom)
    beside = max(printed.left - box.left, box.right - printed.right)
    return below >= max(LOWEST, FREE_BELOW * box.height) or beside >= max(NARROWEST, FREE_BESIDE * box.width)


def _ordered(places: list[Place]) -> list[Place]:
    by_boxes: dict[Row, Place] = {place.cells or (place.box,): place for place in places}
    return [by_boxes[boxes] for boxes in in_reading_order(list(by_boxes))]


def _overlap(one: BoundingBox, other: BoundingBox) -> bool:
    shared = one.intersection(other)
    return shared is not None and shared.area > 0.3 * min(one.area, other.area)
