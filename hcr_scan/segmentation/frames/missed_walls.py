"""Every second wall of a row that was not found, since letters stand on it: other rows tell how far apart walls are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hcr_scan.geometry import BoundingBox
from hcr_scan.order_statistics import median_of
from hcr_scan.segmentation.frames.comb_families import low_quantile
from hcr_scan.segmentation.frames.evidence import FrameEvidence

Row = tuple[BoundingBox, ...]

#: A row has at least so many cells.
SHORTEST_ROW = 3
#: Walls are twice as far apart as on most rows but for this share, and rows as high as those.
OFF = 0.12
#: A wall is this dark at least, and so many of a row's cells have one in their middle, so far off it (pixels).
WALL, DIVIDED, REACH = 0.5, 0.6, 5


def with_missed_walls(rows: Sequence[Row], evidence: FrameEvidence) -> list[Row]:
    """Rows with the cells divided in which a wall was missed."""
    long = [row for row in rows if len(row) >= SHORTEST_ROW]
    if len(long) < 2:
        return list(rows)
    pitches = np.repeat([_pitch(row) for row in long], [len(row) for row in long])
    heights = np.repeat([row[0].height for row in long], [len(row) for row in long])
    usual, height = float(np.median(pitches)), float(np.median(heights))
    return [_divided(row, evidence) if _is_double(row, usual, height) else row for row in rows]


def _pitch(row: Row) -> float:
    return median_of(np.diff([cell.left for cell in row]))


def _is_double(row: Row, usual: float, height: float) -> bool:
    if len(row) < SHORTEST_ROW or abs(row[0].height - height) > OFF * height:
        return False
    return abs(_pitch(row) - 2 * usual) <= OFF * usual


def _divided(row: Row, evidence: FrameEvidence) -> Row:
    least = evidence.wall_level(WALL)
    walls = []
    for cell in row:
        left = (cell.left + cell.right) // 2 - REACH
        strip = low_quantile(evidence.wall[cell.top + 2 : cell.bottom - 1, left : left + 2 * REACH + 1])
        walls.append(left + int(strip.argmax()) if strip.max() > least else None)
    if np.mean([wall is not None for wall in walls]) < DIVIDED:
        return row
    middles = [(cell.left + cell.right) // 2 if wall is None else wall for cell, wall in zip(row, walls, strict=True)]
    halves = [
        (replace(cell, right=middle - 1), replace(cell, left=middle + 2))
        for cell, middle in zip(row, middles, strict=True)
    ]
    return tuple(half for pair in halves for half in pair)
