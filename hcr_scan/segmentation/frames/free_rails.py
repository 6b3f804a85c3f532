"""Level rules that no closed cells explain: what open combs may stand on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.images import Components
from hcr_scan.order_statistics import median_of
from hcr_scan.segmentation.frames.enclosures import Boxes
from hcr_scan.segmentation.frames.evidence import SMALLEST_CELL
from hcr_scan.segmentation.frames.wall_chains import runs
from hcr_scan.segmentation.ink.binarization import Paper
from hcr_scan.segmentation.ink.rules import THICKEST_RULE

#: A rail is an edge of closed cells that end within this many pixels of it, along this share of its length.
REACH, CLOSED = 6, 0.9
#: A rail has room for two cells; pieces of one are so far apart at most, or lie side by side for so long (pixels).
SHORTEST, GAP, LAP = 2 * SMALLEST_CELL, 8, 4
#: Groups of cells are at least so many pixels apart, which are no darker than this share of the rail, and this share of
#: it at least is groups: dashes are none.
APART, PALE, GROUPED = 4, 0.3, 0.7


@dataclass(frozen=True, slots=True)
class FreeRail:
    """A level rule: its ends, and the row of its upper edge at ``left`` and per pixel to the right."""

    left: int
    right: int
    top: float
    slope: float

    def row(self, x: float) -> int:
        return round(self.top + self.slope * (x - self.left))

    def rows(self, columns: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
        """The same of many columns at once."""
        return np.asarray(np.rint(self.top + self.slope * (columns - self.left)), np.intp)


def free_rails(found: Components, cells: Boxes, paper: Paper) -> list[FreeRail]:
    """Level rules long enough for two cells that no known ``cells`` explain.

    Those that continue each other are one, but for groups of cells on them.
    """
    boxes = found.boxes
    fit = (boxes[:, 2] - boxes[:, 0] >= SMALLEST_CELL // 2) & (boxes[:, 3] - boxes[:, 1] <= 2 * THICKEST_RULE)
    fit[fit] = ~_belong_to_cells(boxes[fit], cells)
    fit[fit] = _may_hold_cells(boxes[fit])
    pieces = []
    for index in np.flatnonzero(fit).tolist():
        left, top, right, bottom = boxes[index].tolist()
        upper = (found.labels[top:bottom, left:right] == index + 1).argmax(axis=0)
        end = max((right - left) // 4, 1)
        rise = (median_of(upper[-end:]) - median_of(upper[:end])) / max(right - left - end, 1)
        middle = top + median_of(upper)
        pieces.append(FreeRail(left, right, middle - rise * (right - left) / 2, rise))
    return [
        group
        for rail in _joined(sorted(pieces, key=lambda rail: rail.left))
        if rail.right - rail.left >= SHORTEST and rail.top > 2 * SMALLEST_CELL
        for group in _groups(rail, paper)
    ]


def _groups(rail: FreeRail, paper: Paper) -> list[FreeRail]:
    """The groups of cells on a rail, which were found as one rule since they are a few pixels apart; or the rail."""
    columns = np.arange(rail.left, rail.right)
    rows = rail.rows(columns) + np.arange(-1, 3)[:, None]
    dark = paper.darkness[np.clip(rows, 0, len(paper.darkness) - 1), columns].max(axis=0)
    starts, ends = (places.tolist() for places in runs(dark <= PALE * median_of(dark)))
    gaps = [(start, end) for start, end in zip(starts, ends, strict=True) if end - start >= APART]
    edges = [0, *(place for gap in gaps for place in gap), rail.right - rail.left]
    groups = [
        FreeRail(rail.left + start, rail.left + end, rail.top + rail.slope * start, rail.slope)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if end - start >= SHORTEST
    ]
    grouped = sum(group.right - group.left for group in groups)
    return groups if len(groups) > 1 and grouped >= GROUPED * len(columns) else [rail]


def _joined(pieces: Sequence[FreeRail]) -> list[FreeRail]:
    """Rails, the ``pieces`` (from the left) that continue each other made one."""
    joined: list[FreeRail] = []
    #: Which of them end at a column.
    ending = defaultdict[int, set[int]](set)
    for piece in pieces:
        near = sorted(k for x in range(piece.left - GAP, piece.left + LAP + 1) for k in ending.get(x, ()))
        k = next((k for k in near if abs(joined[k].row(piece.left) - piece.row(piece.left)) <= 2), len(joined))
        if k == len(joined):
            joined.append(piece)
        else:
            rail = joined[k]
            ending[rail.right].remove(k)
            rise = (piece.row(piece.right) - rail.top) / (piece.right - rail.left)
            joined[k] = FreeRail(rail.left, piece.right, rail.top, rise)
        ending[piece.right].add(k)
    return joined


def _may_hold_cells(rails: Boxes) -> npt.NDArray[np.bool_]:
    """Which rails are long enough for two cells, or may be when they are joined to those that continue them."""
    left, top, right = np.ascontiguousarray(rails[:, :3].T)
    apart = left - right[:, None]
    follows = (apart >= -LAP) & (apart <= GAP) & (np.abs(top - top[:, None]) <= 2 * THICKEST_RULE)
    return np.asarray((right - left >= SHORTEST) | follows.any(axis=0) | follows.any(axis=1))


def _belong_to_cells(rails: Boxes, cells: Boxes) -> npt.NDArray[np.bool_]:
    """Which rails are the edges of cells over most of their length, or strokes of what is written in one."""
    lefts, tops, rights, bottoms = np.ascontiguousarray(cells.T)
    # Only cells that are as high on the page are compared with each rail.
    i, j = ((tops <= rails[:, None, 3] + REACH) & (bottoms >= rails[:, None, 1] - REACH)).nonzero()
    lefts, tops, rights, bottoms = lefts[j], tops[j], rights[j], bottoms[j]
    left, top, right, bottom = np.ascontiguousarray(rails.T)[:, i]
    level = (tops >= top - REACH) | (bottoms <= bottom + REACH)
    shared = np.where(level, np.maximum(np.minimum(rights, right) - np.maximum(lefts, left), 0), 0)
    # Cells above a rail and below it are counted twice, which does no harm.
    edges = np.bincount(i, shared, len(rails)) > CLOSED * (rails[:, 2] - rails[:, 0])
    inside = (left >= lefts - REACH) & (right <= rights + REACH) & (top >= tops - REACH) & (bottom <= bottoms + REACH)
    edges[i[inside]] = True
    return np.asarray(edges)
