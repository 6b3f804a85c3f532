"""Frames as dark as the pen, erased by their shape: straight lines of one thickness where walls and rails are expected.

A wall is fitted as a line (middle, lean, thickness), so that no more than the wall goes: a stroke that runs beside it
is kept, and one that crosses it is not cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Ink, dilate
from hcr_scan.order_statistics import median_of, quantile_of

#: The share of its length that a frame as dark as the pen is ink.
FRAME_COVER = 0.85
#: A wall lies within this many pixels of where the cell ends; its lean is known from this many rows.
WALL_REACH, FEWEST_ROWS = 6, 8
#: The border of a form may be so thick.
THICKEST_FRAME = 20
#: A rail longer than this many heights of its box is taken in pieces of about that length.
RAIL_PIECE = 4
#: Round corners of a comb of so many cells show in this share of them, from so many pixels outside of a cell on.
KNOWN_CORNERS, RECURRING, OUTSIDE = 6, 0.6, 2
#: A straight wall strays from its line by this many pixels at most (median).
STRAIGHT = 0.6


def without_frame(soft: Ink, pen: npt.NDArray[np.bool_], cells: list[BoundingBox]) -> Ink:
    """Erase walls and rails, keeping strokes that go on on both sides of them, and pixels known to be ``pen``."""
    strong = soft >= 100
    walls, rails = _walls(strong, cells), _rails(strong, cells)
    frame = np.zeros_like(strong)
    for bands, part in ((walls, frame), (rails, frame.T)):
        for band in bands:
            part[band.rows[:, None], band.columns] |= band.inside
    # Where a wall meets a rail, neither is a stroke that crosses the other.
    writing = strong & ~frame
    erased = soft.copy()
    for bands, ink, result in ((walls, writing, erased), (rails, writing.T, erased.T)):
        for band in bands:
            gone = band.inside & ~_is_crossed(ink, band)[:, None]
            result[np.broadcast_to(band.rows[:, None], gone.shape)[gone], band.columns[gone]] = 0
    erased = np.where(pen, soft, erased)
    if len(cells) >= KNOWN_CORNERS:
        _erase_corners(erased, pen, cells)
    return erased


def _erase_corners(soft: Ink, pen: npt.NDArray[np.bool_], cells: list[BoundingBox]) -> None:
    """Erase round corners, which are no straight lines: what is ink in the corners of most cells, no hand wrote."""
    reach = min(min(cell.width, cell.height) for cell in cells) // 2
    near = np.add.outer(np.arange(reach), np.arange(reach)) < reach
    # Each of the four corners as the upper left one.
    for flip in product((1, -1), (1, -1)):
        turned, known = (raster[:: flip[0], :: flip[1]] for raster in (soft, pen))
        places = [_corner(cell, soft.shape, flip, reach) for cell in cells]
        places = [place for place in places if turned[place].shape == near.shape]
        if not places:
            continue
        shown = [dilate((turned[place] >= 100).view(np.uint8), 3, 3) for place in places]
        recurs = near & (np.mean(shown, axis=0) >= RECURRING)
        for place in places:
            turned[place][recurs & ~known[place]] = 0


def _corner(cell: BoundingBox, shape: tuple[int, ...], flip: tuple[int, int], reach: int) -> tuple[slice, slice]:
    """Rows and columns of a corner of a cell, in a raster turned over so that it is the upper left one."""
    top = (cell.top if flip[0] > 0 else shape[0] - cell.bottom) - OUTSIDE
    left = (cell.left if flip[1] > 0 else shape[1] - cell.right) - OUTSIDE
    return slice(max(top, 0), top + reach), slice(max(left, 0), left + reach)


@dataclass(frozen=True, slots=True)
class _Band:
    """A wall and what is beside it: some rows, ``(n, k)`` columns in each, and how far right of the wall's middle."""

    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    apart: npt.NDArray[np.float64]
    half: float

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        return np.asarray(np.abs(self.apart) <= self.half)


def _walls(strong: npt.NDArray[np.bool_], cells: list[BoundingBox]) -> list[_Band]:
    found = (
        _band(strong, x, (cell.top, cell.bottom), (cell.top - 4, cell.bottom + 4))
        for cell in cells
        for x in (cell.left, cell.right)
    )
    return [band for band in found if band is not None]


def _rails(strong: npt.NDArray[np.bool_], cells: list[BoundingBox]) -> list[_Band]:
    """Bands of the transposed raster.

    A rail is judged over three cells: a bar of 7 or T that runs along it is dark over one. Long rails bend, so they are
    taken piece by piece.
    """
    bands = []
    for k, cell in enumerate(cells):
        around = (cells[max(k - 1, 0)].left, cells[min(k + 1, len(cells) - 1)].right)
        pieces = max(1, round(cell.width / (RAIL_PIECE * cell.height)))
        for ends in pairwise(np.linspace(cell.left, cell.right, pieces + 1).astype(int).tolist()):
            along = around if pieces == 1 else ends
            bands += [_band(strong.T, y, along, (ends[0] - 4, ends[1] + 4)) for y in (cell.top, cell.bottom)]
    return [band for band in bands if band is not None]


def _band(strong: npt.NDArray[np.bool_], x: int, along: tuple[int, int], extent: tuple[int, int]) -> _Band | None:
    """The wall near column ``x`` that is ink over nearly all of the rows ``along``, in the rows of ``extent``."""
    first, last = max(x - WALL_REACH, 0), x + WALL_REACH
    # A wall that goes on where the strip ends is a thick one.
    while first > max(x - THICKEST_FRAME, 0) and strong[along[0] : along[1], first].mean() > FRAME_COVER:
        first -= 1
    while (
        last < min(x + THICKEST_FRAME, strong.shape[1] - 1) and strong[along[0] : along[1], last].mean() > FRAME_COVER
    ):
        last += 1
    wall = _wall_line(strong[along[0] : along[1], first : last + 1])
    if wall is None:
        return None
    rows = np.arange(max(extent[0], 0), min(extent[1], len(strong)))
    middles = first + wall.offset + wall.slope * (rows - along[0])
    half = wall.thickness / 2 + 0.75
    reach = int(half) + 3
    columns = np.rint(middles).astype(np.intp)[:, None] + np.arange(-reach, reach + 1)
    apart = columns - middles[:, None]
    return _Band(rows, np.clip(columns, 0, strong.shape[1] - 1), apart, half)


def _is_crossed(writing: npt.NDArray[np.bool_], band: _Band) -> npt.NDArray[np.bool_]:
    """The rows in which a stroke goes on on both sides of a wall."""
    ink = writing[band.rows[:, None], band.columns]
    # A stroke that crosses obliquely enters and leaves a few rows apart.
    spread = round(2 * band.half) + 2
    left = _touched(ink & (band.apart < -band.half) & (band.apart >= -band.half - 2), spread)
    right = _touched(ink & (band.apart > band.half) & (band.apart <= band.half + 2), spread)
    return left & right


@dataclass(frozen=True, slots=True)
class _WallLine:
    """The middle of a wall in column ``offset + slope * row`` of a strip, and its thickness in pixels."""

    offset: float
    slope: float
    thickness: float


def _wall_line(strip: npt.NDArray[np.bool_]) -> _WallLine | None:
    """The upright line that is ink over nearly all of a strip, if there is one."""
    # A rail's strip is one of a transposed raster, on which all that follows would take three times as long.
    strip = np.ascontiguousarray(strip)
    # A long wall leans by a pixel or two from end to end.
    lean = 1 + 2 * (len(strip) // 45)
    filled = np.flatnonzero(dilate(strip.view(np.uint8), lean, 1).mean(axis=0) > FRAME_COVER)
    if not filled.size:
        return None
    margin = lean // 2
    left, right = max(int(filled[0]) - margin, 0), min(int(filled[-1]) + margin + 1, strip.shape[1])
    band = strip[:, left:right]
    rows = np.flatnonzero(band.any(axis=1))
    # From edge to edge: two rails close together are one to erase.
    before, after = band[rows].argmax(axis=1), band[rows, ::-1].argmax(axis=1)
    spans = band.shape[1] - before - after
    thickness = quantile_of(spans, 0.4)
    clear = spans <= thickness + 1
    middles = left + (before + band.shape[1] - 1 - after)[clear] / 2
    clear = rows[clear]
    if len(clear) >= FEWEST_ROWS:
        down = clear - clear.mean()
        slope = float(down @ middles / (down @ down))
        offset = median_of(middles - slope * clear)
        if median_of(np.abs(middles - offset - slope * clear)) <= STRAIGHT:
            return _WallLine(offset, slope, thickness)
    # Two lines, or a bent one: all that it covers.
    return _WallLine((filled[0] + filled[-1]) / 2, 0.0, filled[-1] - filled[0] + 1.5)


def _touched(side: npt.NDArray[np.bool_], spread: int) -> npt.NDArray[np.bool_]:
    """Rows in which, or near which, there is ink at a side."""
    rows = np.asarray(side.any(axis=1, keepdims=True), np.uint8)
    return np.asarray(dilate(rows, 1, spread)[:, 0] > 0)
