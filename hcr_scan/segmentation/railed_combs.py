"""Combs between two rails, of whatever cell size: the rails say how high cells are, the walls between them how wide.

Nothing has to be known of the page's cells, and no cell has to be closed: rails are the longest strokes of a form and
are found where its walls are too short to be rules or drowned in writing. What lies between two rails is looked at along
them, however they slope. A wall reaches from one to the other, which few letters do, and walls stand at one pitch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Components, Gray
from hcr_scan.segmentation.combs import Comb
from hcr_scan.segmentation.frame_evidence import FrameEvidence
from hcr_scan.segmentation.rules import THICKEST_RULE
from hcr_scan.segmentation.wall_chains import Chain, Rails, best_chain, find_walls, runs

#: Heights of cells in working pixels (2 to 14 mm on A4 at 200 dpi).
LOWEST, HIGHEST = 12, 112
#: Pitches are at least this (2.4 mm at 150 dpi).
SMALLEST_PITCH = 14
#: Pitches in heights of a cell: outside are slits and the columns of tables.
NARROWEST, WIDEST = 0.5, 2.5
#: Rails share at least this many heights of their cells.
SHARED = 1.2
#: From this share of full darkness on a pixel counts as wall.
FAINTEST = 0.3
#: Where a rail is lighter than this share of what it usually is there is none.
UNBROKEN = 0.75
#: Share of its walls that a comb shows.
SEEN = 0.8
#: Fewest cells of a comb, and of one that proves its size by itself; fewer must repeat the size of another.
FEWEST, PROOF = 2, 4
#: Share of the height that is dark in a wall, and in hardly any letter.
LEAST_WALL, LEAST_LETTER = 0.75, 0.6
#: How many pitches are tried, if they are at least this share as common as the commonest.
TRIED, RARELY = 3, 0.35
#: Walls are a pitch apart within this share of it (or two pixels).
EVEN = 0.06

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
    def middle(self) -> float:
        return (self.left + self.right) / 2

    def top_at(self, x: float) -> float:
        return self.top + self.slope * (x - self.left)

    def bottom_at(self, x: float) -> float:
        return self.bottom + self.slope * (x - self.left)


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A row of cells between two rails: its ``walls`` (columns of the aisle), and whether the rails end where it does."""

    walls: Indices
    pitch: float
    whole: bool
    score: float
    cells: tuple[BoundingBox, ...] = ()

    def holds(self, x: float, top: float, bottom: float) -> bool:
        """Whether cells of the row lie between two rails that are ``top`` and ``bottom`` at column ``x``."""
        first, last = self.cells[0], self.cells[-1]
        near = 0.2 * first.height
        level = min(first.top, last.top) - near <= top <= max(first.top, last.top) + near
        level &= min(first.bottom, last.bottom) - near <= bottom <= max(first.bottom, last.bottom) + near
        return level and first.left <= x <= last.right


@dataclass(frozen=True, slots=True)
class Aisle:
    """What lies between two rails, straightened: ``strip`` of wall evidence, from column ``left`` on.

    ``upper`` and ``lower`` are the first row inside and the first below it for each column; ``railed`` tells the columns
    with both rails.
    """

    strip: Gray
    left: int
    upper: Indices
    lower: Indices
    railed: npt.NDArray[np.bool_]


def railed_combs(evidence: FrameEvidence, level: Components) -> list[Comb]:
    """Rows of cells between two of the page's ``level`` rules, left to right, in working pixels."""
    rows: list[Row] = []
    aisles = []
    for above, below, shared in _pairs(find_rails(level)):
        middle = sum(shared) / 2
        top, bottom = above.bottom_at(middle), below.top_at(middle)
        if any(row.holds(middle, top, bottom) for row in rows):
            continue
        aisle = _aisle(evidence, above, below)
        found = _rows_at(aisle, evidence, aisle.railed.astype(np.float64))
        if found:
            aisles.append((aisle, found))
            rows.append(max(found, key=lambda row: row.score))
    sizes = _sizes([row for _, found in aisles for row in found])
    rows = [row for aisle, found in aisles for row in _all_rows(aisle, evidence, found, sizes)]
    proven = [row for row in rows if len(row.cells) >= (PROOF if row.whole else PROOF + 2)]
    believed = proven + [row for row in rows if row not in proven and any(_alike(row, other) for other in proven)]
    return [Comb(row.cells, row.score) for row in believed]


def _sizes(rows: list[Row]) -> list[tuple[Row, float]]:
    """A row of each size, and how much of the page all rows of that size explain."""
    sizes: list[tuple[Row, float]] = []
    for row in sorted(rows, key=lambda row: -row.score):
        if not any(_alike(row, size) for size, _ in sizes):
            sizes.append((row, sum(other.score for other in rows if _alike(row, other))))
    return sizes


def _all_rows(aisle: Aisle, evidence: FrameEvidence, found: list[Row], sizes: list[tuple[Row, float]]) -> list[Row]:
    """The rows of one aisle, beside one another; of several readings of the same walls the one of the page's size."""
    railed = aisle.railed.astype(np.float64)
    rows: list[Row] = []
    while found:
        best = max(found, key=lambda row: max((total for size, total in sizes if _alike(row, size)), default=0.0))
        rows.append(best)
        railed[best.walls[0] : best.walls[-1]] = 0
        found = _rows_at(aisle, evidence, railed)
    return rows


def _alike(row: Row, other: Row) -> bool:
    heights = row.cells[0].height, other.cells[0].height
    return abs(row.pitch - other.pitch) <= 1 + 0.02 * row.pitch and abs(heights[0] - heights[1]) <= 2 + 0.05 * heights[0]


def find_rails(level: Components) -> list[Rail]:
    """Level rules, those that continue each other joined to one."""
    boxes = level.boxes
    lengths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    rails = []
    for index in np.flatnonzero((lengths >= 2 * LOWEST) & (heights <= THICKEST_RULE + 0.03 * lengths)):
        left, top, right, bottom = boxes[index].tolist()
        piece = level.labels[top:bottom, left:right] == index + 1
        upper = piece.argmax(axis=0)
        lower = (bottom - top) - piece[::-1].argmax(axis=0)
        end = max((right - left) // 4, 1)
        middle = (upper + lower) / 2
        slope = float(np.median(middle[-end:]) - np.median(middle[:end])) / max(right - left - end, 1)
        run = slope * (np.arange(right - left))
        rails.append(
            Rail(left, right, top + float(np.median(upper - run)), top + float(np.median(lower - run)), slope)
        )
    return rails


def _pairs(rails: list[Rail]) -> list[tuple[Rail, Rail, tuple[int, int]]]:
    """Rails one above the other with nothing but paper, walls and writing between them, and the columns they share."""
    if not rails:
        return []
    lefts, rights = np.array([r.left for r in rails]), np.array([r.right for r in rails])
    tops, slopes = np.array([r.top for r in rails]), np.array([r.slope for r in rails])
    pairs = []
    for rail in rails:
        start, stop = np.maximum(lefts, rail.left), np.minimum(rights, rail.right)
        middle = (start + stop) / 2
        distance = tops + slopes * (middle - lefts) - (rail.bottom + rail.slope * (middle - rail.left))
        fits = (distance >= LOWEST) & (distance <= HIGHEST) & (stop - start >= SHARED * distance)
        below = np.flatnonzero(fits)
        covered: list[tuple[int, int]] = []
        for other in below[np.argsort(distance[below])].tolist():
            a, b = int(start[other]), int(stop[other])
            # What a nearer rail covers is another row's.
            if sum(max(min(b, d) - max(a, c), 0) for c, d in covered) < 0.5 * (b - a):
                pairs.append((rail, rails[other], (a, b)))
            if b - a > 3 * distance[other]:
                covered.append((a, b))
    return sorted(pairs, key=lambda pair: pair[2][0] - pair[2][1])


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
    height = max(int(np.median(lower - upper)), LOWEST) - 4
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
    usual = [np.median(row[row > faint]) if (row > faint).any() else faint for row in dark]
    railed = (dark > np.maximum(faint, UNBROKEN * np.array(usual))[:, None]).all(axis=0)
    return Aisle(strip, left, upper, lower, railed)


def _rows_at(aisle: Aisle, evidence: FrameEvidence, railed: Floats) -> list[Row]:
    """Rows of cells where an aisle is ``railed``, the best at each likely pitch."""
    dark = aisle.strip > evidence.bare_wall + FAINTEST * (evidence.cap - evidence.bare_wall)
    share = dark.mean(axis=0)
    peaks = find_walls(share >= LEAST_WALL)
    if len(peaks) <= FEWEST:
        return []
    strengths = (share[peaks] - LEAST_LETTER) / (1 - LEAST_LETTER)
    strengths = np.clip(strengths / max(float(np.quantile(strengths, 0.8)), 1e-6), 0.0, 1.0)
    free = railed[(peaks[:, None] + np.array([-THICKEST_RULE, 0, THICKEST_RULE])).clip(0, len(railed) - 1)].any(axis=1)
    peaks, strengths = peaks[free], strengths[free]
    if len(peaks) <= FEWEST:
        return []
    tried = [_row(peaks, strengths, railed, pitch) for pitch in _pitches(peaks, strengths, len(aisle.strip) + 4)]
    return [replace(row, cells=_cells(row.walls, aisle)) for row in tried if row is not None]


def _pitches(peaks: Indices, strengths: Floats, height: int) -> list[float]:
    """The commonest distances of walls, if any is common."""
    apart = peaks[:, None] - peaks
    weights = np.outer(strengths, strengths) ** 2
    fits = (apart >= max(NARROWEST * height, SMALLEST_PITCH)) & (apart <= WIDEST * height)
    lengths, weights = apart[fits], weights[fits]
    votes = np.convolve(np.bincount(lengths, weights, minlength=int(WIDEST * height) + 4), np.ones(3), "same")
    pitches: list[float] = []
    enough = max(FEWEST - 0.5, RARELY * float(votes.max()))
    while len(pitches) < TRIED and votes.max() >= enough:
        best = int(votes.argmax())
        around = np.abs(lengths - best) <= 1
        pitches.append(float(np.average(lengths[around], weights=weights[around] + 1e-6)))
        votes[max(best - 3, 0) : best + 4] = 0
    return pitches


def _row(peaks: Indices, strengths: Floats, railed: Floats, pitch: float) -> Row | None:
    """The best row of cells at a pitch, if most of its walls are seen, and evenly apart."""
    chain, _ = best_chain(peaks, strengths, Rails.of(railed, 0.8, 0.3 * pitch), pitch)
    if not chain:
        return None
    walls = _walls(chain)
    nearest = np.abs(walls[:, None] - peaks)
    seen = (nearest.min(axis=1) <= 2) & (strengths[nearest.argmin(axis=1)] >= 0.7)
    steps = np.diff(walls)
    even = np.abs(steps - np.median(steps)) <= max(2.0, EVEN * pitch)
    if seen.mean() < SEEN or even.mean() < 0.8:
        return None
    starts, ends = runs(railed > 0)
    slack = max(5.0, 0.15 * pitch)
    whole = np.abs(starts - walls[0]).min() <= slack and np.abs(ends - walls[-1]).min() <= slack
    return Row(walls, pitch, bool(whole), float(seen.sum() - 2.5 * (~seen).sum()))


def _walls(chain: Chain) -> Indices:
    walls = [chain[0][0]]
    for left, right, cells in chain:
        walls += [round(left + k * (right - left) / cells) for k in range(1, cells + 1)]
    return np.array(walls, np.int64)


def _cells(walls: Indices, aisle: Aisle) -> tuple[BoundingBox, ...]:
    cells = []
    for a, b in pairwise(walls.tolist()):
        middle = (a + b) // 2
        cells.append(
            BoundingBox(aisle.left + a + 1, int(aisle.upper[middle]), aisle.left + b, int(aisle.lower[middle]))
        )
    return tuple(cells)
