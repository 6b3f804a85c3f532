"""Cells put together to fields, in reading order."""

from __future__ import annotations

from hcr_scan.geometry import BoundingBox, union_of

#: Neighbors farther apart than this share of their width belong to different fields.
WIDEST_GAP = 0.65
#: Cells of one field differ in size by less than this share.
SAME_SIZE = 0.3


def join_cells(combs: tuple[tuple[BoundingBox, ...], ...]) -> list[tuple[BoundingBox, ...]]:
    """Rows of cells for one character each, joined where neighbors are level, alike and close; in reading order."""
    rows = sorted(combs, key=lambda row: (row[0].left, row[0].top))
    joined: list[list[BoundingBox]] = []
    for row in rows:
        for field in joined:
            if _continues(field[-1], row[0]):
                field.extend(row)
                break
        else:
            joined.append(list(row))
    return in_reading_order([tuple(field) for field in joined])


def _continues(last: BoundingBox, first: BoundingBox) -> bool:
    height = max(last.height, first.height)
    level = abs(last.top - first.top) < 0.25 * height and abs(last.bottom - first.bottom) < 0.25 * height
    width = max(last.width, first.width)
    alike = abs(last.width - first.width) < SAME_SIZE * width
    gap = first.left - last.right
    return level and alike and -0.1 * width <= gap <= WIDEST_GAP * width


def in_reading_order(fields: list[tuple[BoundingBox, ...]]) -> list[tuple[BoundingBox, ...]]:
    """Fields from top to bottom, those on one line from left to right.

    Two fields are on one line when the middle of the lower one is above the bottom of the line's first.
    """
    boxes = {field: union_of(field) for field in fields}
    waiting = sorted(fields, key=lambda field: (boxes[field].center[1], boxes[field].left))
    ordered: list[tuple[BoundingBox, ...]] = []
    line: list[tuple[BoundingBox, ...]] = []
    for field in waiting:
        if line and boxes[field].center[1] > boxes[line[0]].bottom:
            ordered += sorted(line, key=lambda f: boxes[f].left)
            line = []
        line.append(field)
    return ordered + sorted(line, key=lambda f: boxes[f].left)
