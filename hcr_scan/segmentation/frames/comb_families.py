"""Cells of one size, and how their walls and rails look: what the combs of a page are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.images import Gray
from hcr_scan.order_statistics import median_of
from hcr_scan.segmentation.frames.enclosures import ALIKE, NARROWEST, WIDEST, Boxes
from hcr_scan.segmentation.frames.evidence import SMALLEST_CELL, FrameEvidence

#: Sizes with fewer members than this share of the commonest are accidents of the writing: three of two hundred are not.
RAREST = 0.014
#: Grain closes boxes too, with walls darker than most of it; cells of their size would then be found all over the page.
#: Where walls are fainter than this share of full ones, at least this share of the cells must stand in rows or columns.
FAINT_WALL, LINED_UP = 0.45, 0.5
#: Cells of a row or column start level with each other up to so many pixels.
LEVEL = 3
#: A size that recurs this often among closed boxes is a size of cells; strokes of writing make cells of odd sizes.
COMMON = 8


@dataclass(frozen=True, slots=True)
class CellFamily:
    """Cells of one size. ``members`` (n, 4) are insides; ``pitch`` is the distance from wall to wall.

    ``wall`` and ``rail`` say how dark the members' walls and rails are, above bare paper.
    """

    width: float
    height: float
    pitch: float
    wall: float
    rail: float
    members: Boxes

    @property
    def is_common(self) -> bool:
        """Whether so many are closed that they are cells beyond doubt."""
        return len(self.members) >= COMMON


def cell_families(proposals: Boxes, evidence: FrameEvidence) -> list[CellFamily]:
    """Sizes that occur at least twice among proposals shaped like a cell for one character, commonest first."""
    widths, heights = proposals[:, 2] - proposals[:, 0], proposals[:, 3] - proposals[:, 1]
    shaped = (widths > NARROWEST * heights) & (widths < WIDEST * heights) & (heights >= SMALLEST_CELL)
    # Letters side by side over a rule enclose paper too, but no room to write in.
    shaped &= widths >= 0.6 * SMALLEST_CELL
    left = proposals[shaped]
    families: list[CellFamily] = []
    while len(left):
        widths, heights = left[:, 2] - left[:, 0], left[:, 3] - left[:, 1]
        near_w = np.abs(widths[:, None] - widths) < ALIKE * widths[:, None]
        near_h = np.abs(heights[:, None] - heights) < ALIKE * heights[:, None]
        alike = near_w & near_h
        best = int(alike.sum(axis=1).argmax())
        size = int(alike[best].sum())
        if size < max(2, RAREST * (families[0].members.shape[0] if families else 0)):
            break
        members = left[alike[best]]
        width, height = median_of(widths[alike[best]]), median_of(heights[alike[best]])
        wall, rail = _darkness_of(members, evidence)
        family = CellFamily(width, height, _pitch(members, width), wall, rail, members)
        if wall >= FAINT_WALL * (evidence.cap - evidence.bare_wall) or _lined_up(family) >= LINED_UP:
            families.append(family)
        left = left[~alike[best]]
    return families


def _lined_up(family: CellFamily) -> float:
    """The share of a family's members that stand above or below another, or one pitch beside it."""
    lefts, tops = family.members[:, 0], family.members[:, 1]
    across, down = np.abs(lefts[:, None] - lefts), np.abs(tops[:, None] - tops)
    column = (across <= LEVEL) & (down > 0)
    row = (down <= LEVEL) & (np.abs(across - family.pitch) <= ALIKE * family.pitch)
    return float((column | row).any(axis=1).mean())


def _darkness_of(members: Boxes, evidence: FrameEvidence) -> tuple[float, float]:
    """Median darkness of the walls and of the rails of some members, above bare paper."""
    walls, rails = [], []
    for left, top, right, bottom in members[:: max(1, len(members) // 30)]:
        for x in (int(left), int(right)):
            strip = evidence.wall[top + 2 : bottom - 1, max(x - 5, 0) : x + 5]
            walls.append(float(low_quantile(strip).max(initial=0)))
        edges = (evidence.rail[max(y - 5, 0) : y + 5, left:right] for y in (int(top), int(bottom)))
        rails += [median_of(edge.max(axis=0)) for edge in edges]
    wall, rail = median_of(walls), median_of(rails)
    return max(wall - evidence.bare_wall, 3.0), max(rail - evidence.bare_rail, 3.0)


def low_quantile(strip: Gray) -> npt.NDArray[np.uint8]:
    """The darkness that each column keeps over seven eighths of its height: a wall's, but hardly ever a letter's."""
    rank = strip.shape[0] // 8
    return np.asarray(np.partition(strip, rank, axis=0)[rank])


def _pitch(members: Boxes, width: float) -> float:
    """Median distance between members that share a wall; where none do, the width and a thin wall."""
    steps = members[:, None, 0] - members[None, :, 0]
    level = np.abs(members[:, None, 1] - members[None, :, 1]) < 0.3 * width
    shared = steps[level & (steps > 0.9 * width) & (steps < 1.3 * width)]
    return float(np.median(shared)) if len(shared) else width + 3.0


def lanes(boxes: Boxes, axis: int, tolerance: float) -> list[list[int]]:
    """Indices of boxes that start level with each other, each along its way: rows for ``axis`` 1, columns for 0."""
    found: list[list[int]] = []
    lasts: list[int] = []
    starts = boxes[:, axis].tolist()
    for index in np.argsort(boxes[:, 1 - axis], kind="stable").tolist():
        lane = next((lane for lane, last in enumerate(lasts) if abs(last - starts[index]) < tolerance), len(found))
        if lane == len(found):
            found.append([])
            lasts.append(0)
        found[lane].append(index)
        lasts[lane] = starts[index]
    return found
