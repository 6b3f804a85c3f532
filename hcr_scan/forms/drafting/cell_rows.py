"""Rows of cells grouped to fields: parted where a table's wall runs between them, joined across printed separators."""

from __future__ import annotations

from itertools import count, pairwise

import numpy as np

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import dilate
from hcr_scan.segmentation.segment import StraightPage

Row = tuple[BoundingBox, ...]

#: Cells with a gap of their own between them, in working pixels; else they share a wall.
GAP = 6
#: A wall that goes this share of the cells' height beyond them, above and below, parts a table's columns.
BEYOND = 0.3
#: Share of such a wall that is seen; those of cells end between rows.
UNBROKEN = 0.97
#: A row of so many cells or more tells where its next one would be; walls lie this near to there, and are dark on this
#: share.
FEWEST, NEAR, WALL = 3, 5, 0.85
#: Groups with a dash, slash or dot between them are this many cells apart at most: ``DD-MM-YYYY``.
SEPARATED = 1.5
#: Cells of one field differ in size by less than this share.
SAME_SIZE = 0.2


def regrouped(page: StraightPage, rows: list[Row]) -> list[Row]:
    """Rows of cells as fields, with the cells at their ends that were overlooked."""
    parted = [part for row in rows for part in _parted(page, row)]
    taken = [cell for row in parted for cell in row]
    parted = [_extended(page, row, taken) for row in parted]
    left = sorted(parted, key=lambda row: (row[0].left, row[0].top))
    joined: list[Row] = []
    for row in left:
        for i, field in enumerate(joined):
            if _is_separated(page, field, row):
                joined[i] = field + row
                break
        else:
            joined.append(row)
    return joined


def _extended(page: StraightPage, row: Row, taken: list[BoundingBox]) -> Row:
    """A row with the cells beyond its ends that have rails above and below and a wall behind."""
    if len(row) < FEWEST:
        return row
    pitch = (row[-1].left - row[0].left) / (len(row) - 1)
    cells = list(row)
    for end, step in ((row[-1], 1), (row[0], -1)):
        for further in count(1):
            cell = end.shifted(round(step * further * pitch), 0)
            if any(cell.intersection(other) for other in taken) or not _is_walled(page, cell, step):
                break
            cells.insert(len(cells) if step > 0 else 0, cell)
            taken.append(cell)
    return tuple(cells)


def _is_walled(page: StraightPage, cell: BoundingBox, step: int) -> bool:
    """Whether a cell has rails, and a wall on its right (``step`` 1) or left (-1)."""
    height, width = page.paper.darkness.shape
    if not BoundingBox(0, 0, width, height).contains(cell.grown(NEAR)):
        return False
    around = cell.grown(NEAR)
    darkness = page.paper.darkness[around.top : around.bottom, around.left : around.right]
    dark = darkness > max(3 * page.paper.noise, 5)
    inner = dark[:, NEAR:-NEAR]
    rails = (inner[: NEAR + 1], inner[-NEAR - 1 :])
    wall = dark[NEAR:-NEAR, -NEAR - 1 :] if step > 0 else dark[NEAR:-NEAR, : NEAR + 1]
    return all(rail.mean(axis=1).max() > WALL for rail in rails) and bool(wall.mean(axis=0).max() > WALL)


def _parted(page: StraightPage, row: Row) -> list[Row]:
    parts = [[row[0]]]
    for before, after in pairwise(row):
        if after.left - before.right >= GAP and _wall_between(page, before, after):
            parts.append([])
        parts[-1].append(after)
    return [tuple(part) for part in parts]


def _wall_between(page: StraightPage, before: BoundingBox, after: BoundingBox) -> bool:
    """Whether an upright rule runs between two cells and on beyond them."""
    reach = GAP + max(4, round(BEYOND * before.height))
    rows = slice(max(before.top - reach, 0), before.bottom + reach)
    gap = page.paper.darkness[rows, max(before.right - 2, 0) : after.left + 2]
    # Over so many rows a wall may lean by a pixel.
    dark = dilate(gap, 3, 1) > max(4 * page.paper.noise, 15)
    return bool(dark.mean(axis=0).max() > UNBROKEN)


def _is_separated(page: StraightPage, field: Row, row: Row) -> bool:
    """Whether a row goes on a field behind a printed separator."""
    last, first = field[-1], row[0]
    level = max(abs(last.top - first.top), abs(last.bottom - first.bottom)) < SAME_SIZE * last.height
    alike = abs(last.width - first.width) < SAME_SIZE * last.width
    gap = first.left - last.right
    if not (level and alike and 0 < gap < SEPARATED * last.width) or _wall_between(page, last, first):
        return False
    pieces = page.pieces.boxes
    # The walls of the cells on both sides are no separators.
    inside = (pieces[:, 0] > last.right) & (pieces[:, 2] < first.left)
    within = (pieces[:, 1] >= last.top - GAP) & (pieces[:, 3] <= last.bottom + GAP)
    sizes = pieces[:, 2:] - pieces[:, :2]
    mark = (np.maximum(sizes[:, 0], sizes[:, 1]) >= 3) & (sizes[:, 1] < last.height)
    return bool((inside & within & mark).any())
