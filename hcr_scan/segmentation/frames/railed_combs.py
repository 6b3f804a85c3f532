"""Combs between two rails, of whatever cell size: the rails say how high cells are, the walls between them how wide.

Nothing has to be known of the page's cells, and no cell has to be closed: rails are the longest strokes of a form and
are found where its walls are too short to be rules or drowned in writing. What lies between two rails is looked at
along them, however they slope. A wall reaches from one to the other, which few letters do, and walls stand at one
pitch from one end of the rails to the other, which chance hardly ever brings about.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Components, Gray
from hcr_scan.order_statistics import median_of, quantile_of
from hcr_scan.segmentation.frames.combs import Comb, within_rows
from hcr_scan.segmentation.frames.enclosures import Boxes
from hcr_scan.segmentation.frames.evidence import FrameEvidence
from hcr_scan.segmentation.frames.wall_chains import find_walls, runs
from hcr_scan.segmentation.ink.binarization import WORKING_SIZE
from hcr_scan.segmentation.ink.rules import THICKEST_RULE

#: Heights of cells (2.3 to 14 mm on A4), and smallest pitch, in pixels of a raster of full working size.
LOWEST, HIGHEST = 18, 112
SMALLEST_PITCH = 18
#: Pitches in heights of a cell: outside are slits and the columns of tables.
NARROWEST, WIDEST = 0.5, 2.5
#: Rules from this length on may hide others, and are looked at first; how far (pixels) a rail may be from its box.
LONG, SLACK = 3 * LOWEST, 4
#: Rails share at least this many heights of their cells.
SHARED = 1.2
#: From this share of full darkness on a pixel counts as wall.
FAINTEST = 0.3
#: Where a rail is lighter than this share of what it usually is there is none.
UNBROKEN = 0.75
#: Share of its walls that a comb shows at least, and as a rule.
SEEN, SHOWN = 0.8, 0.95
#: A wall stands within this many pixels of its place.
NEAR = 2
#: Fewest cells of a comb.
FEWEST = 2
#: Cells and evidence (nats) from which a comb proves its size: more than chance reaches in all that is tried.
PROVEN_CELLS, PROOF = 4, 7.0
#: Share of the height that is dark in a wall, and in hardly any letter.
LEAST_WALL, LEAST_LETTER = 0.75, 0.6
#: A wall is at most this share of its height wide.
WIDEST_WALL = 0.3
#: How strong walls are beside the others of their row, and may be where no row is seen among those: a scan of one bit
#: leaves pieces of thin ones.
STRONG_WALL, WEAK_WALL = 0.7, 0.3
#: How many readings of the same walls are kept.
TRIED = 3
#: Rails that are compared with all others at a time.
BLOCK = 256

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rail:
    """A level rule: columns ``left`` to ``right``; its upper and lower edge at ``left`` and ``slope`` rows a column."""

    left: int
    right: int
    top: float
    bottom: float
    slope: float

    @property
    def length(self) -> int:
        return self.right - self.left

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    def top_at(self, x: float) -> float:
        return self.top + self.slope * (x - self.left)

    def bottom_at(self, x: float) -> float:
        return self.bottom + self.slope * (x - self.left)


#: Two rails, the upper one first, and the columns from and to which they share.
Pair = tuple[Rail, Rail, tuple[int, int]]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A row of cells between two rails: its ``walls`` (columns of the aisle), evenly apart.

    ``score`` is the evidence, in nats, that the strokes there are walls and not writing that meets them by chance.
    """

    walls: Indices
    pitch: float
    score: float
    cells: tuple[BoundingBox, ...] = ()

    @property
    def proven(self) -> bool:
        """Whether this is a row by itself; one of less evidence must repeat the size of another."""
        return self.score >= PROOF and len(self.cells) >= PROVEN_CELLS

    def holds(self, x: float, top: float, bottom: float) -> bool:
        """Whether what lies between rows ``top`` and ``bottom`` at column ``x`` is mostly in cells of the row."""
        cell = self.cells[len(self.cells) // 2]
        shared = min(bottom, cell.bottom) - max(top, cell.top)
        return shared > 0.5 * min(bottom - top, cell.height) and self.cells[0].left <= x <= self.cells[-1].right


@dataclass(frozen=True, slots=True)
class Aisle:
    """What lies between two rails, straightened: ``strip`` of wall evidence, from column ``left`` on.

    ``upper`` and ``lower`` are the first row inside and the first below it for each column; ``railed`` tells the
    columns with both rails.
    """

    strip: Gray
    left: int
    upper: Indices
    lower: Indices
    railed: npt.NDArray[np.bool_]


def railed_combs(evidence: FrameEvidence, level: Components) -> list[Comb]:
    """Rows of cells between two of the page's ``level`` rules, left to right, in working pixels."""
    scale = max(level.labels.shape) / WORKING_SIZE
    taken: list[Row] = []
    long = level.boxes[:, 2] - level.boxes[:, 0] >= LONG * scale
    rails = find_rails(level, long, scale)
    readings = _read(_pairs(rails, scale), evidence, taken)
    # Most short rules are bars of letters: those in rows that are found, or far from all others, need no look.
    left = long | ~within_rows(level.boxes, [row.cells for row in taken])
    left[left] = _near_others(level.boxes[left], scale)
    rails += find_rails(level, left & ~long, scale)
    pairs = [pair for pair in _pairs(rails, scale) if min(pair[0].length, pair[1].length) < LONG * scale]
    if taken or any(_may_prove(pair, scale) for pair in pairs):
        readings += _read(pairs, evidence, taken)
    sizes = _sizes([row for found in readings for row in found])
    rows = [row for found in readings for row in _chosen(found, sizes)]
    return [Comb(row.cells, row.score) for row in rows]


def _read(pairs: Sequence[Pair], evidence: FrameEvidence, taken: list[Row]) -> list[list[Row]]:
    """Readings of what stands between each two rails where no row is ``taken``; proven rows are taken from then on."""
    readings = []
    for above, below, shared in pairs:
        middle = sum(shared) / 2
        top, bottom = above.bottom_at(middle), below.top_at(middle)
        if any(row.holds(middle, top, bottom) for row in taken):
            continue
        found = _rows_at(_aisle(evidence, above, below), evidence)
        if found:
            readings.append(found)
            taken += sorted((row for row in found if row.proven), key=lambda row: -row.score)[:1]
    return readings


def _may_prove(pair: Pair, scale: float) -> bool:
    """Whether two rails are long enough for a row that proves a size."""
    length = max(rail.right for rail in pair[:2]) - min(rail.left for rail in pair[:2]) + THICKEST_RULE
    return length >= PROVEN_CELLS * SMALLEST_PITCH * scale


def _near_others(boxes: Boxes, scale: float) -> npt.NDArray[np.bool_]:
    """Which level rules have one above or below them, near enough to be the other rail of a row."""
    left, top, right, bottom = np.ascontiguousarray(boxes.T)
    apart = top - bottom[:, None]
    shared = np.minimum(right, right[:, None]) - np.maximum(left, left[:, None])
    near = (apart > -SLACK) & (apart <= HIGHEST * scale + SLACK)
    near &= shared >= SHARED * np.maximum(apart - SLACK, LOWEST * scale)
    np.fill_diagonal(near, False)
    return np.asarray(near.any(axis=0) | near.any(axis=1))


def _sizes(rows: list[Row]) -> list[tuple[Row, float]]:
    """A proven row of each size, and how much of the page all rows of that size explain."""
    sizes: list[tuple[Row, float]] = []
    for row in sorted(rows, key=lambda row: -row.score):
        if row.proven and not any(_alike(row, size) for size, _ in sizes):
            sizes.append((row, sum(other.score for other in rows if _alike(row, other))))
    return sizes


def _chosen(found: list[Row], sizes: list[tuple[Row, float]]) -> list[Row]:
    """The rows of one aisle, beside one another, that are proven or as others of the page."""
    rows: list[Row] = []
    while known := [row for row in found if any(_alike(row, size) for size, _ in sizes)]:
        best = max(known, key=lambda row: row.score)
        # The same walls may be read as half as many cells or twice as many: then the page's other rows tell.
        readings = [row for row in known if _multiple(row, best)]
        best = max(readings, key=lambda row: max(total for size, total in sizes if _alike(row, size)))
        rows.append(best)
        found = [row for row in found if row.walls[-1] <= best.walls[0] or row.walls[0] >= best.walls[-1]]
    return rows


def _multiple(row: Row, other: Row) -> bool:
    """Whether the pitch of one row is a whole multiple of the other's."""
    ratio = max(row.pitch, other.pitch) / min(row.pitch, other.pitch)
    return (
        round(ratio) in (1, 2, 3) and abs(ratio - round(ratio)) < 0.04 * round(ratio) and (row is other or ratio > 1.5)
    )


def _alike(row: Row, other: Row) -> bool:
    heights = row.cells[0].height, other.cells[0].height
    return (
        abs(row.pitch - other.pitch) <= 1 + 0.02 * row.pitch and abs(heights[0] - heights[1]) <= 2 + 0.05 * heights[0]
    )


def find_rails(level: Components, chosen: npt.NDArray[np.bool_], scale: float) -> list[Rail]:
    """The ``chosen`` (n,) of the level rules, but for those too short or too thick for rails."""
    boxes = level.boxes
    lengths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    rails = []
    fit = (lengths >= SHARED * LOWEST * scale) & (heights <= THICKEST_RULE + 0.03 * lengths)
    for index in np.flatnonzero(chosen & fit):
        left, top, right, bottom = boxes[index].tolist()
        piece = level.labels[top:bottom, left:right] == index + 1
        upper = piece.argmax(axis=0)
        lower = (bottom - top) - piece[::-1].argmax(axis=0)
        end = max((right - left) // 4, 1)
        middle = (upper + lower) / 2
        slope = (median_of(middle[-end:]) - median_of(middle[:end])) / max(right - left - end, 1)
        run = slope * (np.arange(right - left))
        rails.append(Rail(left, right, top + median_of(upper - run), top + median_of(lower - run), slope))
    return rails


def _pairs(rails: list[Rail], scale: float) -> list[Pair]:
    """Rails one above the other with nothing but paper, walls and writing between them, and the columns they share."""
    pairs = []
    for rail, below in _rails_below(rails, scale):
        covered: list[tuple[int, int]] = []
        for other, distance, a, b in below:
            # What a nearer rail covers is another row's.
            hidden = sum(max(min(b, d) - max(a, c), 0) for c, d in covered)
            if distance >= LOWEST * scale and hidden < 0.5 * (b - a):
                pairs.append((rail, other, (a, b)))
            if b - a > 3 * max(distance, LOWEST * scale):
                covered.append((a, b))
    return sorted(pairs, key=lambda pair: pair[2][0] - pair[2][1])


def _rails_below(rails: list[Rail], scale: float) -> Iterator[tuple[Rail, list[tuple[Rail, float, int, int]]]]:
    """For each rail those at most a cell below it, nearest first: how far, and the first and last column they share."""
    edges = np.array([(r.left, r.right, r.top, r.bottom, r.slope) for r in rails]).reshape(-1, 5)
    lefts, rights, tops, bottoms, slopes = np.ascontiguousarray(edges.T)
    drops = slopes * (rights - lefts)
    rise, fall = np.minimum(drops, 0), np.maximum(drops, 0)
    # Blocks keep what is compared small: hatching is thousands of rails.
    for first in range(0, len(rails), BLOCK):
        block = slice(first, first + BLOCK)
        # Only what comes near enough somewhere is looked at closely.
        near = (lefts[block, None] < rights) & (rights[block, None] > lefts)
        near &= tops + fall >= (bottoms + rise)[block, None]
        near &= tops + rise <= (bottoms + fall)[block, None] + HIGHEST * scale
        i, j = near.nonzero()
        i += first
        start, stop = np.maximum(lefts[i], lefts[j]), np.minimum(rights[i], rights[j])
        middle = (start + stop) / 2
        distance = tops[j] + slopes[j] * (middle - lefts[j]) - (bottoms[i] + slopes[i] * (middle - lefts[i]))
        fits = (distance >= 2) & (distance <= HIGHEST * scale) & (stop - start >= SHARED * distance)
        i, j, start, stop, distance = (values[fits] for values in (i, j, start, stop, distance))
        borders = np.searchsorted(i, np.arange(first, min(first + BLOCK, len(rails)) + 1)).tolist()
        for rail, (a, b) in zip(rails[block], pairwise(borders), strict=True):
            order = (a + np.argsort(distance[a:b])).tolist() if b > a else []
            yield rail, [(rails[j[k]], float(distance[k]), int(start[k]), int(stop[k])) for k in order]


def _aisle(evidence: FrameEvidence, above: Rail, below: Rail) -> Aisle:
    """What lies between two rails, as far as either of them goes: print above a rail hides parts of it."""
    margin = THICKEST_RULE // 2
    left = max(min(above.left, below.left) - margin, 0)
    right = min(max(above.right, below.right) + margin, evidence.wall.shape[1])
    columns = np.arange(left, right)
    # Both slope alike, and the longer one tells how.
    slope = max(above, below, key=lambda rail: rail.right - rail.left).slope
    last = len(evidence.wall) - 1
    lower, upper = (
        np.clip(np.rint(y + slope * (columns - middle)).astype(np.int64), 0, last)
        for y, middle in ((below.top_at(below.middle), below.middle), (above.bottom_at(above.middle), above.middle))
    )
    height = max(int(median_of(lower - upper)) - 4, 4)
    strip = np.zeros((height, len(columns)), np.uint8)
    dark = np.zeros((2, len(columns)), np.uint8)
    edges = [0, *(np.flatnonzero(np.diff(lower) + np.diff(upper)) + 1).tolist(), len(columns)]
    for start, stop in pairwise(edges):
        at = slice(left + start, left + stop)
        bottom, top = int(lower[start]), int(upper[start])
        part = evidence.wall[max(bottom - 2 - height, 0) : bottom - 2, at]
        strip[height - len(part) :, start:stop] = part
        dark[:, start:stop] = evidence.rail[max(top - 2, 0), at], evidence.rail[min(bottom + 1, last), at]
    faint = evidence.bare_rail + FAINTEST * (evidence.cap - evidence.bare_rail)
    usual = [median_of(row[row > faint]) if (row > faint).any() else faint for row in dark]
    railed = (dark > np.maximum(faint, UNBROKEN * np.array(usual))[:, None]).all(axis=0)
    return Aisle(strip, left, upper, lower, np.asarray(railed))


def _rows_at(aisle: Aisle, evidence: FrameEvidence) -> list[Row]:
    """Readings of what stands between two rails as rows of cells."""
    dark = aisle.strip > evidence.wall_level(FAINTEST)
    share = dark.sum(axis=0, dtype=np.uint16) / len(dark)
    peaks = find_walls(share >= LEAST_WALL, max(6.0, WIDEST_WALL * len(dark)))
    if len(peaks) <= FEWEST:
        return []
    strengths = (share[peaks] - LEAST_LETTER) / (1 - LEAST_LETTER)
    strengths = np.clip(strengths / max(quantile_of(strengths, 0.8), 1e-6), 0.0, 1.0)
    height = len(aisle.strip) + 4
    least = max(NARROWEST * height, SMALLEST_PITCH * max(evidence.wall.shape) / WORKING_SIZE)
    starts, ends = runs(closing_of(aisle.railed, 0.3 * height))
    stretches = [(a, b) for a, b in zip(starts.tolist(), ends.tolist(), strict=True) if b - a >= FEWEST * least]
    pitches = least, WIDEST * height
    rows = _rows_of(peaks[strengths >= STRONG_WALL], len(share), stretches, pitches)
    # Where all walls are strong there is nothing new to see among them.
    if not rows and strengths.min() < STRONG_WALL:
        rows = _rows_of(peaks[strengths >= WEAK_WALL], len(share), stretches, pitches)
    return [replace(row, cells=_cells(row.walls, aisle)) for row in rows]


def _rows_of(
    walls: Indices, width: int, stretches: Sequence[tuple[int, int]], pitches: tuple[float, float]
) -> list[Row]:
    """Readings of these walls of an aisle ``width`` columns wide, in each stretch that has both rails."""
    seen = np.zeros(width + 1, np.bool_)
    for shift in range(-NEAR, NEAR + 1):
        seen[(walls + shift).clip(0, width)] = True
    return [row for start, end in stretches for row in _whole_rows(walls, seen, start, end, pitches)]


def closing_of(flags: npt.NDArray[np.bool_], widest: float) -> npt.NDArray[np.bool_]:
    """The flags, with gaps of up to ``widest`` closed."""
    starts, ends = runs(~flags)
    closed = flags.copy()
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if end - start <= widest and start > 0 and end < len(flags):
            closed[start:end] = True
    return closed


def _whole_rows(
    walls: Indices, seen: npt.NDArray[np.bool_], start: int, end: int, pitches: tuple[float, float]
) -> list[Row]:
    """Rows of equal cells from one end of two rails to the other, best first: nearly every wall is where it must be."""
    slack = max(6.0, 0.3 * pitches[0])
    chance = min(max(float(seen[start:end].mean()), 0.05), 0.9)
    rows = []
    for left in walls[np.abs(walls - start) <= slack].tolist():
        for right in walls[np.abs(walls - end) <= slack].tolist():
            length = right - left
            for count in range(max(math.ceil(length / pitches[1]), FEWEST), int(length / pitches[0]) + 1):
                grid = np.rint(left + np.arange(count + 1) * (length / count)).astype(np.int64)
                hits = int(np.count_nonzero(seen[grid]))
                if hits >= SEEN * (count + 1):
                    score = hits * math.log(SHOWN / chance) + (count + 1 - hits) * math.log((1 - SHOWN) / (1 - chance))
                    rows.append(Row(grid, length / count, score))
    return sorted(rows, key=lambda row: -row.score)[:TRIED]


def _cells(walls: Indices, aisle: Aisle) -> tuple[BoundingBox, ...]:
    cells = []
    for a, b in pairwise(walls.tolist()):
        middle = (a + b) // 2
        cells.append(
            BoundingBox(aisle.left + a + 1, int(aisle.upper[middle]), aisle.left + b, int(aisle.lower[middle]))
        )
    return tuple(cells)
