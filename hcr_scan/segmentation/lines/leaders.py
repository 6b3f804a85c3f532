"""Dotted lines to write on, taken away dot by dot; longer dashes are rules (:mod:`.ruling`)."""

from __future__ import annotations

import numpy as np

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Components, Ink
from hcr_scan.order_statistics import median_of
from hcr_scan.segmentation.ink.parts import Floats, Indices, InkParts, Scale, measure_scale
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
#: Of the dots of a leader this share lie a whole number of pitches apart, to this share of one. What is written on it
#: may hide so many dots in a row.
REGULAR, OFF_PITCH, HIDDEN = 0.8, 0.2, 12


def without_leaders(parts: InkParts, scale: Scale) -> InkParts:
    """The pieces left when rows of dots at one pitch are taken away; full stops and dots of letters stay."""
    leaders = find_leaders(parts, scale)
    if not leaders:
        return parts
    left = np.ones(len(parts), np.bool_)
    left[np.concatenate(leaders)] = False
    return parts.kept(left)


def leader_boxes(ink: Ink, pieces: Components) -> list[BoundingBox]:
    """Where the dotted lines of a page lie, from its pieces of ink."""
    parts = InkParts.of(ink, pieces)
    if not len(parts):
        return []
    found = [parts.boxes[dots] for dots in find_leaders(parts, measure_scale(parts))]
    corners = [(*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist()) for boxes in found]
    return [BoundingBox(*(int(value) for value in corner)) for corner in corners]


def find_leaders(parts: InkParts, scale: Scale) -> list[Indices]:
    """The dots of each dotted line: those that follow each other closely, and those between the letters on it."""
    sizes = np.maximum(parts.widths, parts.heights)
    most = np.where(sizes >= AS_HIGH * scale.height, HIGH_DOT, DOT_SIZE)
    small = np.flatnonzero(sizes <= most * scale.stroke)
    if len(small) < FEWEST_DOTS:
        return []
    small = small[np.argsort(parts.boxes[small, 0], kind="stable")]
    dots = parts.kept(small)
    middles = (dots.boxes[:, :2] + dots.boxes[:, 2:]) / 2
    reach = max(REACH * scale.height, REACH_IN_PENS * scale.stroke)
    rows = _rows(_next_dots(middles, dots.areas, dots.boxes, reach))
    rows = [row for row in rows if len(row) >= FEWEST_DOTS and _is_regular(middles[row, 0])]
    free = np.ones(len(dots), np.bool_)
    free[[dot for row in rows for dot in row]] = False
    leaders = []
    for row in rows:
        whole = row
        while len(more := _more(whole, np.flatnonzero(free), middles, dots)):
            whole = np.sort(np.concatenate((whole, more)))
            free[more] = False
        leaders.append(small[whole])
    return leaders


def _more(row: Indices, free: Indices, middles: Floats, dots: InkParts) -> Indices:
    """Of the dots in no row those that go on with one beyond what is written on it: as large, level, at its pitch."""
    columns, sizes = middles[row, 0], dots.boxes[:, 2:] - dots.boxes[:, :2]
    if not len(free):
        return free
    nearest = row[np.abs(np.subtract.outer(middles[free, 0], columns)).argmin(axis=1)]
    apart = middles[free] - middles[nearest]
    size, slope = np.median(sizes[row], axis=0), np.polyfit(columns - columns.mean(), middles[row, 1], 1)[0]
    pitches = np.diff(columns)
    turns = apart[:, 0] * np.rint(pitches / median_of(pitches)).sum() / (columns[-1] - columns[0])
    found = (np.abs(sizes[free] - size) <= AS_WIDE[0] * size + AS_WIDE[1]).all(axis=1)
    found &= np.abs(apart[:, 1] - slope * apart[:, 0]) <= LEVEL[0] * size[1] + LEVEL[1]
    found &= (np.abs(turns) <= HIDDEN) & (np.abs(turns - np.rint(turns)) <= OFF_PITCH) & (np.rint(turns) != 0)
    return free[np.flatnonzero(found)]


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
