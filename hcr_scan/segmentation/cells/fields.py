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
    waiting = sorted(((union_of(field), field) for field in fields), key=lambda pair: (pair[0].center[1], pair[0].left))
    lines: list[list[tuple[BoundingBox, tuple[BoundingBox, ...]]]] = []
    for box, field in waiting:
        if not lines or box.center[1] > lines[-1][0][0].bottom:
            lines.append([])
        lines[-1].append((box, field))
    return [field for line in lines for _, field in sorted(line, key=lambda pair: pair[0].left)]
