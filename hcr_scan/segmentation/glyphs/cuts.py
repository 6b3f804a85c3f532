"""Places where touching glyphs may be taken apart: thin spots of the ink seen along its slant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hcr_scan.images import labeled
from hcr_scan.segmentation.glyphs.units import Pen, Unit
from hcr_scan.segmentation.ink.parts import Flags, Floats, InkParts

#: Ink up to this many pens thick may be cut.
THICKEST_CUT = 2.4
#: Price (nats) of any cut, and of every further pen's width of ink in its way.
CUT_PRICE, PEN_PRICE = 1.5, 0.3
#: What counts against a cut (in pens of ink) where it crosses two strokes, and where it opens a loop.
TWO_STROKES, LOOP = 0.7, 4.0
#: Where a piece is too wide for one letter, ink up to this share of its height may be.
DEEPEST_CUT = 0.75
#: Stretches this many usual widths wide may still hold two letters.
STILL_WIDE = 1.1
#: No part narrower than this share of the letter height is cut off.
NARROWEST_PART = 0.14
#: Nor any part lower than this share of it.
LOWEST_PART = 0.4


@dataclass(frozen=True, slots=True)
class Cut:
    """An open place in a chunk.

    It is a cut through ink at an upright ``position``, or a narrow gap (``None``) between pieces.
    ``split`` and ``join`` (nats) are what ending a glyph here costs, and what going on across it costs.
    """

    position: float | None
    split: float
    join: float


def find_cuts(parts: InkParts, line: Sequence[int], unit: Unit, reference: float, pen: Pen) -> list[Cut]:
    """Cuts through a unit too wide for the usual letter, left to right; none for the others.

    Args:
        parts: all pieces.
        line: those of the unit's line.
        unit: what may be cut.
        reference: the row at which upright and actual columns agree.
        pen: what the line's letters are like.
    """
    width, height = unit.right - unit.left, unit.bottom - unit.top
    wide_for_line = width > 1.35 * pen.width and width > 0.6 * pen.height
    wide_for_itself = width > 1.2 * height and width > 0.45 * pen.height and height > 0.35 * pen.height
    if not (wide_for_line or wide_for_itself) or height < 0.3 * pen.height:
        return []
    canvas = _upright(parts, [line[i] for i in unit.pieces], unit, reference, pen.slant)
    cost = _costs(canvas, pen)
    margin = max(NARROWEST_PART * pen.height, 0.9 * pen.stroke)
    most = max(6, round(2.2 * width / pen.width))
    columns = _between_letters(_thin_spots(cost, margin, most), canvas, cost, LOWEST_PART * min(height, pen.height))
    places = _with_forced(columns, cost, pen.width, DEEPEST_CUT * height / pen.stroke + LOOP)
    return [Cut(unit.left + place, split=_price(float(cost[place])), join=0.0) for place in places]


def _price(cost: float) -> float:
    """What it costs to end a glyph at a cut through so many pens of ink."""
    return CUT_PRICE + PEN_PRICE * max(cost - 1.0, 0.0)


def _upright(parts: InkParts, pieces: Sequence[int], unit: Unit, reference: float, slant: float) -> Flags:
    """The pixels of a unit with the slant taken out; columns from its left to its right."""
    canvas = np.zeros((int(unit.bottom - unit.top), math.ceil(unit.right - unit.left) + 1), np.bool_)
    for piece in pieces:
        rows, columns = np.nonzero(parts.shape(piece))
        x0, y0 = parts.boxes[piece, 0], parts.boxes[piece, 1]
        upright = np.rint(x0 + columns + slant * (y0 + rows - reference) - unit.left).astype(np.intp)
        canvas[rows + int(y0 - unit.top), np.clip(upright, 0, canvas.shape[1] - 1)] = True
    return canvas


def _costs(canvas: Flags, pen: Pen) -> Floats:
    """How much stands against a cut in each column, in pens of ink to cut through."""
    ink = canvas.sum(axis=0)
    crossings = np.count_nonzero(canvas[1:] & ~canvas[:-1], axis=0) + canvas[0]
    cost = _smooth(ink, 0.25 * pen.stroke) / pen.stroke + 0.15 * _smooth(ink, 0.12 * pen.height) / pen.stroke
    cost += TWO_STROKES * (crossings > 1)
    # What is paper all around is outside; the rest are the loops of letters.
    bare = np.ones((canvas.shape[0] + 2, canvas.shape[1] + 2), np.bool_)
    bare[1:-1, 1:-1] = ~canvas
    count, paper = labeled(bare.view(np.uint8), connectivity=4)
    if count > 2:
        loop = (paper > 0) & (paper != paper[0, 0])
        cost += LOOP * (loop[1:-1, 1:-1].sum(axis=0) > 0.15 * pen.height)
    return np.asarray(cost, float)


def _with_forced(columns: list[float], cost: Floats, width: float, thickest: float) -> list[int]:
    """The columns, and the thinnest spot in the middle of every stretch that is still too wide for one letter."""
    result = [round(column) for column in columns]
    stretches = list(pairwise([0, *result, len(cost)]))
    while stretches:
        a, b = stretches.pop()
        first, last = a + max(1, round(0.25 * width)), b - max(1, round(0.25 * width))
        if b - a <= STILL_WIDE * width or first >= last:
            continue
        best = first + int(np.argmin(cost[first:last]))
        if cost[best] <= thickest:
            result.append(best)
            stretches += [(a, best), (best, b)]
    return sorted(result)


def _between_letters(columns: list[float], canvas: Flags, cost: Floats, lowest: float) -> list[float]:
    """The columns that leave no part too low for a letter: not the arm of a T, nor the tail of a Q."""
    columns = list(columns)
    while columns:
        edges = [0, *(int(column) for column in columns), canvas.shape[1]]
        extents = [np.flatnonzero(canvas[:, a:b].any(axis=1)) for a, b in pairwise(edges)]
        low = [i for i, rows in enumerate(extents) if len(rows) == 0 or rows[-1] - rows[0] + 1 < lowest]
        if not low:
            break
        beside = {k for i in low for k in (i - 1, i) if 0 <= k < len(columns)}
        columns.pop(max(beside, key=lambda k: (cost[int(columns[k])], k)))
    return columns


def _smooth(values: Floats, width: float) -> Floats:
    size = max(1, int(width) // 2 * 2 + 1)
    if size == 1:
        return values.astype(float)
    before, after = np.full(size // 2, values[0]), np.full(size // 2, values[-1])
    running = np.cumsum(np.concatenate(((0.0,), before, values, after)))
    smooth: Floats = (running[size:] - running[:-size]) / size
    return smooth


def _thin_spots(cost: Floats, margin: float, most: int) -> list[float]:
    """The cheapest columns at least ``margin`` apart and from both ends, at most ``most``, left to right."""
    open_to = cost.copy()
    edge = int(np.ceil(margin))
    open_to[:edge] = np.inf
    open_to[max(len(cost) - edge, 0) :] = np.inf
    # Only valleys: nothing much cheaper within reach.
    chosen: list[float] = []
    while len(chosen) < most:
        best = int(np.argmin(open_to))
        if not open_to[best] <= THICKEST_CUT:
            break
        run = best
        while run + 1 < len(cost) and open_to[run + 1] <= open_to[best] + 0.05:
            run += 1
        middle = (best + run) / 2
        chosen.append(middle)
        reach = 1.3 * margin
        open_to[max(int(middle - reach), 0) : int(middle + reach) + 1] = np.inf
    return sorted(chosen)
