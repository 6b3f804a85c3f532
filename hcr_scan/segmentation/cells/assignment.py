"""Which cell of a row, if any, each piece of ink belongs to: writing crosses walls, and walls leave scraps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Components, labeled
from hcr_scan.segmentation.cells.strikes import is_struck_through

#: Ink of less area than the square of this share of a cell's height is a speck; of a box for words, whose dots are
#: judged by its letters later, this share.
SPECK, SPECK_OF_WORDS = 0.07, 0.045
#: In a box for several lines letters are no higher than so many pixels.
TALLEST = 90
#: A word and its strike are at least this many cells wide, hardly higher than a cell, and reach this far into each.
STRUCK_WIDTH, STRUCK_HEIGHT, STRUCK_REACH = 1.5, 1.2, 0.25
#: A glyph keeps what it has beyond the wall; less than this share on the other side does not make a second glyph, nor
#: does any share of a piece narrower than this share of a cell: that is one glyph, written beside its cell.
SHARED_GLYPH, NARROW_GLYPH = 0.25, 1.0
#: For every pixel, or column, of a strip a cell, from 1; 0 for none.
Owners = npt.NDArray[np.uint16]
#: Faint strokes are looked for so many pixels away from the frame.
OFF_FRAME = 3


def assigned(found: Components, cells: list[BoundingBox], erased: bool) -> tuple[Owners, set[int]]:
    """For every pixel the cell (from 1) whose glyph it belongs to, 0 for what belongs to none; and the struck cells.

    A piece of ink belongs whole to the cell that holds most of it. Only where two cells hold a good part each, and it
    is too wide for one glyph, is it cut at the wall between them: those are two glyphs that touch.

    Args:
        found: the pieces of a strip.
        cells: insides of the cells, left to right, in pixels of the strip.
        erased: whether the frame was erased by its shape, and may have left pieces.
    """
    columns = _nearest_cell(found.labels.shape[1], cells)
    shares = _shares(found, columns, cells)
    likeliest = np.argsort(-shares, axis=1, kind="stable")[:, :2].tolist()
    speck = SPECK if len(cells) > 1 else SPECK_OF_WORDS
    owners = np.zeros(len(found) + 1, np.uint16)
    cut, struck = [], set[int]()
    for index in np.flatnonzero(shares.sum(axis=1) >= 0.5).tolist():
        first, *others = likeliest[index]
        order = [first, *(k for k in others if shares[index, k] >= SHARED_GLYPH)]
        # Most of a glyph may lie just across the wall, where it does not reach into the neighbor's cell.
        order = [k for k in order if _is_writing(found, index, cells[k], speck)]
        if not order:
            continue
        cell = cells[order[0]]
        if _is_scrap(found, index, cell) or (erased and _is_frame(found, index, cell)):
            continue
        across = _struck_cells(found, index, columns, cells)
        struck |= across
        if across or (len(order) > 1 and found.box(index).width > NARROW_GLYPH * cell.width):
            cut.append(index)
        else:
            owners[index + 1] = order[0] + 1
    result = owners.take(found.labels)
    for index in cut:
        left, top, right, bottom = found.boxes[index].tolist()
        own = found.labels[top:bottom, left:right] == index + 1
        result[top:bottom, left:right][own] = np.broadcast_to(columns[left:right], own.shape)[own]
    return result, struck


def _struck_cells(found: Components, index: int, columns: Owners, cells: list[BoundingBox]) -> set[int]:
    """The cells whose glyphs are struck through by one stroke that makes them all a single piece."""
    box = found.box(index)
    if box.width < STRUCK_WIDTH * cells[0].width or box.height > cells[0].height * STRUCK_HEIGHT or len(cells) == 1:
        return set()
    own = found.labels[box.top : box.bottom, box.left : box.right] == index + 1
    if not is_struck_through(own):
        return set()
    reached = np.bincount(columns[box.left : box.right] - 1, minlength=len(cells))
    return {k for k, cell in enumerate(cells) if reached[k] > STRUCK_REACH * cell.width}


def add_faint_strokes(owners: Owners, ink: npt.NDArray[np.bool_], cells: list[BoundingBox]) -> None:
    """Give each glyph also what goes on from it in ``ink`` inside its cell."""
    # Outside of the cells nothing changes.
    top, bottom = min(cell.top for cell in cells) + OFF_FRAME, max(cell.bottom for cell in cells) - OFF_FRAME
    owners = owners[top:bottom]
    inside = np.zeros_like(owners)
    for number, cell in enumerate(cells, 1):
        rows = slice(cell.top + OFF_FRAME - top, cell.bottom - OFF_FRAME - top)
        inside[rows, cell.left + OFF_FRAME : cell.right - OFF_FRAME] = number
    own = (owners == inside) & (owners > 0)
    faint = ink[top:bottom] & (inside > 0) & (owners == 0)
    count, labels = labeled((own | faint).view(np.uint8))
    goes_on_from = np.zeros(count, owners.dtype)
    goes_on_from[labels[own]] = owners[own]
    owners[faint] = goes_on_from[labels[faint]]


def _shares(found: Components, columns: Owners, cells: list[BoundingBox]) -> npt.NDArray[np.float64]:
    """For every piece of ink the share of it that lies in each cell, ``(pieces, cells)``, half of each wall included.

    ``columns`` says for every column which cell (from 1) is nearest.
    """
    reach = np.array([cell.grown(2).as_list() for cell in cells])
    first, last = columns[found.boxes[:, 0]] - 1, columns[found.boxes[:, 2] - 1] - 1
    whole = (first == last) & (found.boxes[:, :2] >= reach[first, :2]).all(axis=1)
    whole &= (found.boxes[:, 2:] <= reach[first, 2:]).all(axis=1)
    shares = np.zeros((len(found), len(cells)))
    shares[whole, first[whole]] = 1.0
    # Only those on a border are counted pixel by pixel.
    nearest = np.searchsorted(columns, np.arange(1, len(cells) + 2))
    for index in np.flatnonzero(~whole).tolist():
        left, top, right, bottom = found.boxes[index].tolist()
        for k in range(first[index], last[index] + 1):
            x0, x1 = max(left, reach[k, 0], nearest[k]), min(right, reach[k, 2], nearest[k + 1])
            y0, y1 = max(top, reach[k, 1]), min(bottom, reach[k, 3])
            if x0 < x1 and y0 < y1:
                shares[index, k] = np.count_nonzero(found.labels[y0:y1, x0:x1] == index + 1) / found.areas[index]
    return shares


def _nearest_cell(width: int, cells: list[BoundingBox]) -> Owners:
    """For every column the cell (from 1) whose middle is nearest."""
    middles = np.array([cell.center[0] for cell in cells])
    borders = (middles[1:] + middles[:-1]) / 2
    return (np.searchsorted(borders, np.arange(width) + 0.5) + 1).astype(np.uint16)


def _is_writing(found: Components, index: int, cell: BoundingBox, speck: float) -> bool:
    """Whether a piece is no speck, and reaches into the cell."""
    left, top, right, bottom = found.boxes[index].tolist()
    outside = right <= cell.left + 3 or left >= cell.right - 3 or bottom <= cell.top + 3 or top >= cell.bottom - 3
    return not outside and bool(found.areas[index] >= max(4.0, (speck * min(cell.height, TALLEST)) ** 2))


def _is_scrap(found: Components, index: int, cell: BoundingBox) -> bool:
    """Whether a piece is what is left of a wall, a rail, or a corner."""
    left, top, right, bottom = found.boxes[index].tolist()
    height = min(cell.height, TALLEST)
    thin = max(4, min(cell.width, height) // 10)
    along_wall = right - left <= thin and min(abs(left - cell.left), abs(right - cell.right)) <= 3
    along_rail = bottom - top <= thin and min(abs(top - cell.top), abs(bottom - cell.bottom)) <= 3
    small = max(right - left, bottom - top) < 0.45 * height
    at_side = left <= cell.left + 3 or right >= cell.right - 3
    in_corner = small and at_side and (top <= cell.top + 3 or bottom >= cell.bottom - 3)
    return bool(in_corner or along_rail or (along_wall and bottom - top < 0.45 * height))


def _is_frame(found: Components, index: int, cell: BoundingBox) -> bool:
    """Whether a piece is what is left of the frame: as long as a side, and nearly all along the border."""
    left, top, right, bottom = found.boxes[index].tolist()
    if max((right - left) / cell.width, (bottom - top) / cell.height) < 0.6:
        return False
    inset = max(4, min(cell.width, cell.height) // 6)
    core = found.labels[cell.top + inset : cell.bottom - inset, cell.left + inset : cell.right - inset]
    return bool(np.count_nonzero(core == index + 1) < 0.12 * found.areas[index])
