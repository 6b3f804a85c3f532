"""Rows of separate squares: what is closed says where its neighbors are, which writing over their walls has opened."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.frames.comb_families import CellFamily, lanes
from hcr_scan.segmentation.frames.combs import Comb
from hcr_scan.segmentation.frames.enclosures import Boxes
from hcr_scan.segmentation.frames.evidence import FrameEvidence

#: Squares of one field stand no farther apart than this share of their width, be they narrow or not.
WIDEST_GAP = 1.2
#: How far (pixels) a wall may stand from where its neighbors put it, its own thickness included.
REACH = 5
#: About so many pairs of neighbors are asked whether they share a wall.
SAMPLE = 60
#: Squares of one row start within this share of their height of each other.
LEVEL = 0.2
#: A wall is nearly whole, or shows in parts, from these shares of its length on.
NEARLY_WHOLE, IN_PARTS = 0.9, 0.5
#: A corner may be round: walls are looked for along this middle share of each side.
STRAIGHT = 0.6


def square_rows(evidence: FrameEvidence, family: CellFamily) -> list[Comb]:
    """Rows of a family's squares at one step, those that writing has opened among them."""
    step = _step(evidence, family)
    if step is None:
        return []
    combs = []
    for row in lanes(family.members, 1, LEVEL * family.height):
        cells = _completed(evidence, family, family.members[row], step)
        combs += [Comb(tuple(run), float(len(run))) for run in _runs(cells, _farthest(family))]
    return combs


def _step(evidence: FrameEvidence, family: CellFamily) -> float | None:
    """From square to square, the distance most have; ``None`` where they share walls or stand alone."""
    rows = lanes(family.members, 1, LEVEL * family.height)
    pairs = np.array([pair for row in rows for pair in pairwise(row)], np.intp).reshape(-1, 2)
    steps = np.diff(family.members[pairs, 0], axis=1)[:, 0].astype(np.float64)
    near = family.members[pairs[steps <= _farthest(family)]]
    steps = steps[steps <= _farthest(family)]
    if len(near) < 4:
        return None
    alike = np.abs(steps[:, None] - steps) <= 2.0
    most = alike[alike.sum(axis=1).argmax()]
    step = float(np.mean(steps[most]))
    some = np.flatnonzero(most)[:: 1 + np.count_nonzero(most) // SAMPLE]
    apart = [_is_light_between(evidence, family, *near[k]) for k in some]
    # Two walls with nothing between are a shared wall: combs of those are fitted as such.
    if most.mean() < 0.4 or np.mean(apart) <= 0.5:
        return None
    members = {tuple(box.tolist()): box for k in np.flatnonzero(most) for box in near[k]}
    return step if np.mean([_walls_end(evidence, family, box) for box in members.values()]) > 0.5 else None


def _farthest(family: CellFamily) -> float:
    """The longest step from one square of a field to the next."""
    return (1 + WIDEST_GAP) * max(family.width, 0.75 * family.height)


def _walls_end(evidence: FrameEvidence, family: CellFamily, box: npt.NDArray[np.int32]) -> bool:
    """Whether the upright walls of a square reach beyond neither rail: the legs of an underlined H do."""
    left, top, right, bottom = (int(v) for v in box)
    length = max(round(0.2 * family.height), 4)
    dark = math.floor(evidence.bare_wall + 0.4 * family.wall)
    beyond = [
        slice(max(top - REACH - 2 - length, 0), max(top - REACH - 2, 0)),
        slice(bottom + REACH + 2, bottom + REACH + 2 + length),
    ]
    strips = [evidence.wall[rows, max(x, 0) : x + REACH] for rows in beyond for x in (left - REACH, right)]
    return not any(strip.size and bool((strip > dark).all(axis=0).any()) for strip in strips)


def _is_light_between(
    evidence: FrameEvidence, family: CellFamily, left: npt.NDArray[np.int32], right: npt.NDArray[np.int32]
) -> bool:
    top, bottom = max(int(left[1]), int(right[1])) + 2, min(int(left[3]), int(right[3])) - 2
    gap = evidence.wall[top:bottom, int(left[2]) : int(right[0])]
    if not gap.size:
        return False
    # The lightest of the columns' medians: np.median takes ten times as long over so few pixels.
    ordered = np.sort(gap, axis=0)
    middles = ordered[(len(ordered) - 1) // 2].astype(np.int64) + ordered[len(ordered) // 2]
    return float(middles.min()) / 2 < evidence.bare_wall + 0.4 * family.wall


def _completed(evidence: FrameEvidence, family: CellFamily, row: Boxes, step: float) -> list[BoundingBox]:
    """A row's members, and the squares before, between and after them that can be seen."""
    known = [BoundingBox(*(int(v) for v in box)) for box in row]
    found = list(known)
    for left, right in pairwise(known):
        count = round((right.left - left.left) / step)
        if count > 1 and abs((right.left - left.left) / step - count) < 0.06 * count + 0.08:
            shift = ((right.left - left.left) / count, (right.top - left.top) / count)
            found += [square for k in range(1, count) if (square := _seen(evidence, family, left, k, shift))]
        else:
            found += list(_onward(evidence, family, left, step, right.left))
            found += list(_onward(evidence, family, right, -step, left.left))
    found += list(_onward(evidence, family, known[0], -step, 0))
    found += list(_onward(evidence, family, known[-1], step, evidence.wall.shape[1]))
    return _apart(sorted(found))


def _onward(
    evidence: FrameEvidence, family: CellFamily, start: BoundingBox, step: float, end: int
) -> Iterator[BoundingBox]:
    """Squares seen one after another from ``start`` on, up to the column ``end``."""
    square: BoundingBox | None = start
    while square is not None and abs(end - square.left) > 0.8 * abs(step):
        square = _seen(evidence, family, square, 1, (step, 0.0))
        if square is not None:
            yield square


def _seen(
    evidence: FrameEvidence, family: CellFamily, start: BoundingBox, count: int, shift: tuple[float, float]
) -> BoundingBox | None:
    """The square ``count`` shifts on, if it can be seen."""
    left, top = round(start.left + count * shift[0]), round(start.top + count * shift[1])
    square = BoundingBox(left, top, left + round(family.width), top + round(family.height))
    return square if is_seen(evidence, family, square) else None


def is_seen(evidence: FrameEvidence, family: CellFamily, cell: BoundingBox) -> bool:
    """Whether three walls of a cell are nearly whole and the fourth shows in parts."""
    left, top, right, bottom = cell.left, cell.top, cell.right, cell.bottom
    height, width = evidence.wall.shape
    if left < REACH or top < REACH or right + REACH > width or bottom + REACH > height:
        return False
    dx, dy = (round(size * (1 - STRAIGHT) / 2) for size in (right - left, bottom - top))
    wall = math.floor(evidence.bare_wall + 0.4 * family.wall)
    rail = math.floor(evidence.bare_rail + 0.4 * family.rail)
    columns = [(slice(top + dy, bottom - dy), slice(x, x + REACH + 2)) for x in (left - REACH, right - 2)]
    rows = [(slice(y, y + REACH + 2), slice(left + dx, right - dx)) for y in (top - REACH, bottom - 2)]
    weak = 0
    # One column or row must be a wall all along: the strokes of a letter are not.
    for raster, level, axis, places in ((evidence.wall, wall, 0, columns), (evidence.rail, rail, 1, rows)):
        for place in places:
            shown = raster[place] > level
            cover = int(np.count_nonzero(shown, axis=axis).max()) / shown.shape[axis]
            weak += cover <= NEARLY_WHOLE
            if cover <= IN_PARTS or weak > 1:
                return False
    return True


def _apart(squares: list[BoundingBox]) -> list[BoundingBox]:
    """The squares without those that stand on one before."""
    kept: list[BoundingBox] = []
    for square in squares:
        if not kept or square.left > kept[-1].left + 0.7 * kept[-1].width:
            kept.append(square)
    return kept


def _runs(squares: list[BoundingBox], farthest: float) -> list[list[BoundingBox]]:
    """Squares that follow each other closely enough to be a field."""
    runs: list[list[BoundingBox]] = []
    for square in squares:
        if runs and square.left - runs[-1][-1].left <= farthest:
            runs[-1].append(square)
        else:
            runs.append([square])
    return [run for run in runs if len(run) > 1]
