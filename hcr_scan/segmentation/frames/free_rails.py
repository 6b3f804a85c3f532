"""Level rules that no closed cells explain: what open combs may stand on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.images import Components
from hcr_scan.segmentation.frames.comb_families import CellFamily, median_of
from hcr_scan.segmentation.frames.enclosures import Boxes
from hcr_scan.segmentation.frames.evidence import SMALLEST_CELL
from hcr_scan.segmentation.ink.rules import THICKEST_RULE

#: A rail is an edge of closed cells that end within this many pixels of it, along this share of its length.
REACH, CLOSED = 6, 0.9


@dataclass(frozen=True, slots=True)
class FreeRail:
    """A level rule: its ends, and the row of its upper edge at ``left`` and per pixel to the right."""

    left: int
    right: int
    top: float
    slope: float

    def row(self, x: float) -> int:
        return round(self.top + self.slope * (x - self.left))


def free_rails(found: Components, families: Sequence[CellFamily]) -> list[FreeRail]:
    """Level rules long enough for two cells that no closed cells explain; those that continue each other are one."""
    boxes = found.boxes
    fit = (boxes[:, 2] - boxes[:, 0] >= SMALLEST_CELL // 2) & (boxes[:, 3] - boxes[:, 1] <= 2 * THICKEST_RULE)
    fit[fit] = ~_belong_to_cells(boxes[fit], families)
    pieces = []
    for index in np.flatnonzero(fit).tolist():
        left, top, right, bottom = boxes[index].tolist()
        upper = (found.labels[top:bottom, left:right] == index + 1).argmax(axis=0)
        end = max((right - left) // 4, 1)
        rise = (median_of(upper[-end:]) - median_of(upper[:end])) / max(right - left - end, 1)
        middle = top + median_of(upper)
        pieces.append(FreeRail(left, right, middle - rise * (right - left) / 2, rise))
    return [
        rail
        for rail in _joined(sorted(pieces, key=lambda rail: rail.left))
        if rail.right - rail.left >= 2 * SMALLEST_CELL and rail.top > 2 * SMALLEST_CELL
    ]


def _joined(pieces: Sequence[FreeRail]) -> list[FreeRail]:
    """Rails, the ``pieces`` (from the left) that continue each other made one."""
    joined: list[FreeRail] = []
    #: Which of them end at a column.
    ending = defaultdict[int, set[int]](set)
    for piece in pieces:
        near = sorted(k for x in range(piece.left - 8, piece.left + 5) for k in ending.get(x, ()))
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


def _belong_to_cells(rails: Boxes, families: Sequence[CellFamily]) -> npt.NDArray[np.bool_]:
    """Which rails are the edges of closed cells over most of their length, or strokes of what is written in one."""
    cells = np.concatenate([np.zeros((0, 4), np.int32), *(family.members for family in families)])
    level = np.zeros((len(rails), len(cells)), bool)
    for edge in (1, 3):
        level |= (cells[:, edge] >= rails[:, None, 1] - REACH) & (cells[:, edge] <= rails[:, None, 3] + REACH)
    shared = np.minimum(cells[:, 2], rails[:, None, 2]) - np.maximum(cells[:, 0], rails[:, None, 0])
    covered = np.where(level, np.maximum(shared, 0), 0).sum(axis=1)
    inside = (rails[:, None, :2] >= cells[:, :2] - REACH) & (rails[:, None, 2:] <= cells[:, 2:] + REACH)
    # Cells above a rail and below it are counted twice, which does no harm.
    edges = covered > CLOSED * (rails[:, 2] - rails[:, 0])
    return np.asarray(edges | np.asarray(inside.all(axis=2)).any(axis=1))
