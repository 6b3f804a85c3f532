"""The order of lines: columns from left to right, each from top to bottom; of lines side by side the left one first."""

from __future__ import annotations

import numpy as np

from hcr_scan.segmentation.ink.parts import Floats, Indices

#: White between two columns of text is at least this many letter heights wide.
NARROWEST_GUTTER = 2.0
#: A column has at least this many lines; less is lines side by side.
FEWEST_LINES = 3


def reading_order(boxes: Floats, height: float) -> list[int]:
    """Indices of the lines' boxes ``(n, 4)`` in the order they are read. ``height`` is that of a typical line."""
    return _ordered(boxes, np.arange(len(boxes)), height)


def _ordered(boxes: Floats, among: Indices, height: float) -> list[int]:
    if len(among) < 2:
        return [int(i) for i in among]
    for gutter in _gaps(boxes[among][:, (0, 2)], NARROWEST_GUTTER * height):
        left = among[boxes[among, 0] < gutter]
        right = among[boxes[among, 0] >= gutter]
        if min(len(left), len(right)) >= FEWEST_LINES and _are_columns(boxes[left], boxes[right]):
            return _ordered(boxes, left, height) + _ordered(boxes, right, height)
    for gap in _gaps(boxes[among][:, (1, 3)], 1e-6):
        above = among[boxes[among, 1] < gap]
        below = among[boxes[among, 1] >= gap]
        return _ordered(boxes, above, height) + _ordered(boxes, below, height)
    return _rows_then_left(boxes, among)


def _gaps(spans: Floats, width: float) -> list[float]:
    """Where the white stretches between the spans end, widest first."""
    order = np.argsort(spans[:, 0], kind="stable")
    starts, ends = spans[order, 0], np.maximum.accumulate(spans[order, 1])
    white = starts[1:] - ends[:-1]
    wide = np.flatnonzero(white >= width)
    return [float(starts[i + 1]) for i in wide[np.argsort(-white[wide], kind="stable")]]


def _are_columns(left: Floats, right: Floats) -> bool:
    """Text beside text, and not the two ends of the same rows."""
    overlap = min(left[:, 3].max(), right[:, 3].max()) - max(left[:, 1].min(), right[:, 1].min())
    shorter = min(left[:, 3].max() - left[:, 1].min(), right[:, 3].max() - right[:, 1].min())
    if overlap < 0.5 * shorter:
        return False
    middles = [(side[:, 1] + side[:, 3]) / 2 for side in (left, right)]
    apart = np.abs(middles[0][:, None] - middles[1][None, :]).min(axis=1)
    heights = left[:, 3] - left[:, 1]
    return float(np.mean(apart < 0.3 * heights)) < 0.7


def _rows_then_left(boxes: Floats, among: Indices) -> list[int]:
    """Lines whose bands overlap are one row, read from the left; rows follow each other downwards."""
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    rows: list[list[int]] = []
    for i in sorted((int(i) for i in among), key=lambda i: (middles[i], boxes[i, 0])):
        row = rows[-1] if rows else []
        beside = [j for j in row if boxes[j, 1] < middles[i] < boxes[j, 3] and _apart(boxes[i], boxes[j])]
        if row and len(beside) == len(row):
            row.append(i)
        else:
            rows.append([i])
    return [i for row in rows for i in sorted(row, key=lambda i: (boxes[i, 0], middles[i]))]


def _apart(a: Floats, b: Floats) -> bool:
    return bool(a[2] <= b[0] or b[2] <= a[0])
