"""Dotted lines to write on, taken away dot by dot; longer dashes are rules (:mod:`.ruling`)."""

from __future__ import annotations

import numpy as np

from hcr_scan.order_statistics import median_of
from hcr_scan.segmentation.ink.parts import Floats, Indices, InkParts, Scale
from hcr_scan.segmentation.lines.ruling import FEWEST_DOTS

#: A dot is at most so many pens wide and high, and no more than this share larger or smaller than the next one.
DOT_SIZE, ALIKE = 3.0, 0.6
#: Letters of a broad pen are hardly larger. What has this share of a letter's height is a dot only if it has fewer pens
#: still; and the width and height of dots differ by no more than this share and so many pixels.
AS_HIGH, HIGH_DOT = 0.6, 2.65
AS_WIDE = (0.15, 2.0)
#: The next dot is at most this many letter heights away (letters stand on some), or pens where the scale is that of
#: dots; level with it means up to this much of a dot's height and so many pixels.
REACH, REACH_IN_PENS, LEVEL = 1.5, 12.0, (0.35, 1.0)
#: Of the dots of a leader this share lie a whole number of pitches apart, to this share of one.
REGULAR, OFF_PITCH = 0.8, 0.2


def without_leaders(parts: InkParts, scale: Scale) -> InkParts:
    """The pieces left when rows of dots at one pitch are taken away; full stops and dots of letters stay."""
    sizes = np.maximum(parts.widths, parts.heights)
    most = np.where(sizes >= AS_HIGH * scale.height, HIGH_DOT, DOT_SIZE)
    small = np.flatnonzero(sizes <= most * scale.stroke)
    if len(small) < FEWEST_DOTS:
        return parts
    small = small[np.argsort(parts.boxes[small, 0], kind="stable")]
    middles = (parts.boxes[small, :2] + parts.boxes[small, 2:]) / 2
    dots = np.zeros(len(parts), np.bool_)
    reach = max(REACH * scale.height, REACH_IN_PENS * scale.stroke)
    for row in _rows(_next_dots(middles, parts.areas[small], parts.boxes[small], reach)):
        if len(row) >= FEWEST_DOTS and _is_regular(middles[row, 0]):
            dots[small[row]] = True
    return parts.kept(~dots) if dots.any() else parts


def _next_dots(middles: Floats, areas: Floats, boxes: Floats, reach: float) -> Indices:
    """For each dot, from left to right, the nearest one like it to its right and level with it; -1 for none."""
    count = len(middles)
    sizes = boxes[:, 2:] - boxes[:, :2]
    unlike = AS_WIDE[0] * sizes + AS_WIDE[1]
    following = np.full(count, -1, np.intp)
    open_ended = np.ones(count, np.bool_)
    for step in range(1, count):
        apart = middles[step:] - middles[:-step]
        near = apart[:, 0] <= reach
        if not near.any():
            break
        level = np.abs(apart[:, 1]) <= LEVEL[0] * sizes[:-step, 1] + LEVEL[1]
        alike = np.abs(np.log(areas[step:] / areas[:-step])) <= np.log1p(ALIKE)
        alike &= (np.abs(sizes[step:] - sizes[:-step]) <= unlike[:-step]).all(axis=1)
        found = np.flatnonzero(near & level & alike & (apart[:, 0] > 0) & open_ended[:-step])
        following[found] = found + step
        open_ended[found] = False
    return following


def _rows(following: Indices) -> list[Indices]:
    """Dots that follow each other, each in one row: of two with the same next one the later keeps it."""
    before = np.full(len(following), -1, np.intp)
    linked = np.flatnonzero(following >= 0)
    before[following[linked]] = linked
    rows = []
    for start in np.flatnonzero(before < 0).tolist():
        row = [start]
        while (ahead := following[row[-1]]) >= 0 and before[ahead] == row[-1]:
            row.append(int(ahead))
        rows.append(np.array(row, np.intp))
    return rows


def _is_regular(columns: Floats) -> bool:
    """Whether dots lie a whole number of pitches apart: letters may hide some."""
    pitches = np.diff(columns)
    turns = pitches / median_of(pitches)
    return bool(np.mean(np.abs(turns - np.maximum(np.rint(turns), 1)) <= OFF_PITCH) >= REGULAR)
