"""Combs fitted as models: rails above and below, walls at a constant pitch, and all that is between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox, union_of
from hcr_scan.images import Gray, dilate, erode
from hcr_scan.segmentation.frames.comb_families import CellFamily, low_quantile
from hcr_scan.segmentation.frames.enclosures import ALIKE, Boxes
from hcr_scan.segmentation.frames.evidence import RAIL_DASH, FrameEvidence
from hcr_scan.segmentation.frames.wall_chains import Chain, WallRow, find_chains, find_walls
from hcr_scan.segmentation.ink.rules import THICKEST_RULE

#: How far beyond a settled comb its band is searched for more of the same row, in working pixels.
SETTLED_REACH = 600


@dataclass(frozen=True, slots=True)
class Comb:
    """A row of cells and how much frame it explains, in walls."""

    cells: tuple[BoundingBox, ...]
    score: float


def fit_family(
    evidence: FrameEvidence, family: CellFamily, rails: Boxes, commonest: int, known: Sequence[Comb] = ()
) -> list[Comb]:
    """Combs of one cell size: along every band that has members or rails of the right distance.

    Sizes much rarer than the page's ``commonest`` are trusted less: strokes of writing make cells of odd sizes. Where
    rows are ``known`` already nothing is looked for.
    """
    rails = rails[~within_rows(rails, [comb.cells for comb in known])]
    trust = 0.6 + 0.4 * min(1.0, 10 * len(family.members) / commonest)
    bands = _bands(family, rails, evidence.wall.shape, known)
    fitted = _fit_bands(evidence, family, bands)
    settled = {band for comb in fitted if (band := _settle(evidence, family, comb)) is not None} - set(bands)
    fitted += _fit_bands(evidence, family, sorted(settled))
    return [Comb(comb.cells, comb.score * trust) for comb in fitted]


def within_rows(boxes: Boxes, rows: Sequence[Sequence[BoundingBox]]) -> npt.NDArray[np.bool_]:
    """Which boxes lie in the cells of a row."""
    around = [union_of(row).as_list() for row in rows]
    left, top, right, bottom = np.array(around, np.int32).reshape(-1, 4).T
    inside = (boxes[:, 0, None] >= left) & (boxes[:, 2, None] <= right)
    inside &= (boxes[:, 1, None] >= top) & (boxes[:, 3, None] <= bottom)
    return np.asarray(inside.any(axis=1))


def _settle(evidence: FrameEvidence, family: CellFamily, comb: Comb) -> _Band | None:
    """The band that a comb's own walls span, ``None`` where they do not tell.

    Rails hide under writing and are confused with its bars; walls end where the rails are, whatever is written between
    them.
    """
    if len(comb.cells) < 3:
        return None
    height, width = evidence.wall.shape
    first = comb.cells[0]
    reach = round(0.6 * family.height)
    start, stop = max(first.top - reach, 0), min(first.bottom + reach, height)
    edges = [cell.left - 1 for cell in comb.cells] + [comb.cells[-1].right]
    columns = np.stack([evidence.wall[start:stop, max(x - 1, 0) : x + 2].max(axis=1) for x in edges])
    dark = np.median(columns, axis=0) > evidence.bare_wall + 0.5 * family.wall
    middle = (first.top + first.bottom) // 2 - start
    light_above, light_below = np.flatnonzero(~dark[:middle]), np.flatnonzero(~dark[middle:])
    if not len(light_above) or not len(light_below):
        return None
    # Averaging walls over five pixels made them two longer at each end.
    top, bottom = start + int(light_above[-1]) + 4, start + middle + int(light_below[0]) - 3
    if abs(bottom - top - family.height) > 0.3 * family.height or (top, bottom) == (first.top, first.bottom):
        return None
    return _Band(top, bottom, max(first.left - SETTLED_REACH, 0), min(comb.cells[-1].right + SETTLED_REACH, width))


@dataclass(frozen=True, slots=True, order=True)
class _Band:
    """A strip between two rails: cells lie in rows ``top`` to ``bottom`` somewhere in columns ``left`` to ``right``."""

    top: int
    bottom: int
    left: int
    right: int


def _bands(family: CellFamily, rails: Boxes, shape: tuple[int, ...], known: Sequence[Comb]) -> list[_Band]:
    """Strips where cells of a family may lie: around its members, between two rails, or beside a single one."""
    height, width = shape
    strips = [(int(t), int(b), int(x0), int(x1)) for x0, t, x1, b in family.members]
    strips += _beside_rails(family, rails)
    strips = sorted(_outside(strips, known))
    merged: list[list[int]] = []
    tolerance = max(2.0, 0.1 * family.height)
    reach = 12 * family.width
    for top, bottom, left, right in strips:
        # Strips come sorted by their top, so only the latest can be level with this one.
        for strip in reversed(merged[-40:]):
            if top - strip[0] > tolerance:
                merged.append([top, bottom, left, right])
                break
            level = abs(strip[1] - bottom) <= tolerance
            if level and left <= strip[3] + reach and right >= strip[2] - reach:
                strip[2], strip[3] = min(strip[2], left), max(strip[3], right)
                break
        else:
            merged.append([top, bottom, left, right])
    margin = round(reach)
    return [
        _Band(t, b, max(x0 - margin, 0), min(x1 + margin, width)) for t, b, x0, x1 in merged if t >= 0 and b < height
    ]


def _outside(strips: list[tuple[int, int, int, int]], known: Sequence[Comb]) -> list[tuple[int, int, int, int]]:
    """The strips ``(top, bottom, left, right)`` but those in known rows along all of their length."""
    if not strips or not known:
        return strips
    top, bottom, left, right = np.array(strips).T[:, :, None]
    around = [union_of(comb.cells) for comb in known]
    rows = np.array([(box.top, box.bottom, box.left, box.right) for box in around]).T
    shared = np.minimum(bottom, rows[1]) - np.maximum(top, rows[0])
    level = shared > 0.5 * np.maximum(bottom - top, rows[1] - rows[0])
    inside = level & (left >= rows[2] - THICKEST_RULE) & (right <= rows[3] + THICKEST_RULE)
    return [strip for strip, held in zip(strips, inside.any(axis=1).tolist(), strict=True) if not held]


def _beside_rails(family: CellFamily, rails: Boxes) -> list[tuple[int, int, int, int]]:
    """Strips as high as the family's cells above and below each level rule, ``(top, bottom, left, right)``.

    Where a second rail ends the strip, its edge is taken; elsewhere the height is the family's.
    """
    long = (rails[:, 2] - rails[:, 0] >= 1.2 * family.width) & (rails[:, 3] - rails[:, 1] < 0.5 * family.height)
    lefts, tops, rights, bottoms = np.ascontiguousarray(rails[long].T)
    # Rails sorted by their top: those that may pair with one are neighbors in that order.
    order = np.argsort(tops, kind="stable")
    slack = ALIKE * family.height
    first = np.searchsorted(tops[order], bottoms + (family.height - slack), side="right").tolist()
    last = np.searchsorted(tops[order], bottoms + (family.height + slack), side="left").tolist()
    strips, paired = [], set()
    for rail, (left, right, bottom) in enumerate(zip(lefts.tolist(), rights.tolist(), bottoms.tolist(), strict=True)):
        near = order[first[rail] : last[rail]]
        shared = np.minimum(rights[near], right) - np.maximum(lefts[near], left) >= family.width
        fits = np.sort(near[shared]).tolist()
        strips += [(bottom, int(tops[other]), left, right) for other in fits]
        paired |= {rail, *fits} if fits else set()
    height = round(family.height)
    for rail, (left, top, right, bottom) in enumerate(
        zip(*(v.tolist() for v in (lefts, tops, rights, bottoms)), strict=True)
    ):
        if rail not in paired:
            strips += [(bottom, bottom + height, left, right), (top - height, top, left, right)]
    return strips


def _fit_bands(evidence: FrameEvidence, family: CellFamily, bands: Sequence[_Band]) -> list[Comb]:
    """Runs of cells in bands, each the best chain of walls at the family's pitch with rails above and below."""
    # Dark rails show every gap; faint ones have gaps of their own.
    plain = family.rail > 0.7 * (evidence.cap - evidence.bare_rail)
    found = [row for band in bands if (row := _walls_in(evidence, family, band, plain)) is not None]
    combs = []
    for (band, _), chains in zip(found, find_chains([row for _, row in found]), strict=True):
        for chain, score in chains:
            seen, guessed = sum(cells == 1 for *_, cells in chain), sum(cells - 1 for *_, cells in chain)
            # Walls lost under writing are believed where others are seen; a box as wide as two cells is a box.
            if guessed <= seen and not _spans_two_rows(evidence, family, band, chain, plain):
                combs.append(Comb(tuple(_cells(chain, band)), score))
    return combs


def _walls_in(evidence: FrameEvidence, family: CellFamily, band: _Band, plain: bool) -> tuple[_Band, WallRow] | None:
    """The part of a band that has rails, and what may be walls there; ``None`` where there is no such part."""
    railed = _railed_columns(evidence, family, band, plain)
    if railed is None:
        return None
    # Only the part with rails is worth a look; a comb may stand out on either side by less than a cell.
    places = np.flatnonzero(railed > 0.1)
    if not len(places):
        return None
    first, last = max(int(places[0]) - round(family.pitch), 0), int(places[-1]) + round(family.pitch)
    band = _Band(band.top, band.bottom, band.left + first, min(band.left + last, band.right))
    strip = evidence.wall[band.top + 2 : band.bottom - 1, band.left : band.right]
    if min(strip.shape) < 8:
        return None
    least_cover, widest_gap = (0.82, max(10.0, 0.06 * family.pitch)) if plain else (0.12, 0.7 * family.pitch)
    peaks, strengths = _walls_of(strip, evidence, family)
    return band, WallRow(peaks, strengths, railed[first:last], family.pitch, least_cover, widest_gap)


def _walls_of(
    strip: Gray, evidence: FrameEvidence, family: CellFamily
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Columns of a strip that are walls, and how strong (0 to 1) each is."""
    rank = strip.shape[0] // 8
    threshold = 0.35 * family.wall
    # The same as low_quantile() being above the threshold, for a fraction of its time.
    light = strip <= math.floor(evidence.bare_wall + threshold)
    peaks = find_walls(light.sum(axis=0, dtype=np.int16) <= rank)
    walls = np.maximum(low_quantile(strip[:, peaks]) - evidence.bare_wall, 0.0)
    return peaks, np.minimum(walls / family.wall, 1.0)


def _railed_columns(
    evidence: FrameEvidence, family: CellFamily, band: _Band, plain: bool
) -> npt.NDArray[np.float64] | None:
    """For each column of a band how sure (0 to 1) it is that there is a rail above and one below.

    ``None`` where that is too few columns for a cell.
    """
    last = len(evidence.rail) - 1
    above, below = evidence.rail_near[[max(band.top - 2, 0), min(band.bottom + 1, last)], band.left : band.right]
    both = np.minimum(above, below)
    # The darkest of a few rows of grain is a little darker than bare paper.
    bare = evidence.bare_rail + 2.0
    if np.count_nonzero(both > math.floor(bare)) < family.width / 2:
        return None
    if plain:
        # Averaging along the rail smeared its ends outwards: shrink them back.
        both = erode(both[None, :], RAIL_DASH, 1)[0]
    railed = np.clip((both - bare) / (0.6 * family.rail), 0.0, 1.0)
    return railed if railed.sum() >= family.width / 2 else None


def _spans_two_rows(evidence: FrameEvidence, family: CellFamily, band: _Band, chain: Chain, plain: bool) -> bool:
    """Whether a rail runs through the middle: then the cells belong to a comb half as high."""
    # What is averaged along a rail shows letters side by side without gaps: cells known well are not lost to them.
    shown = evidence.capped if plain and family.is_common else evidence.rail
    margin = max(4, (band.bottom - band.top) // 5)
    left, right = band.left + chain[0][0], band.left + chain[-1][1]
    inside = shown[band.top + margin : band.bottom - margin, left:right]
    threshold = evidence.bare_rail + max(3.0, 0.3 * family.rail)
    # A rail wanders by a few pixels over its length.
    full = int(np.count_nonzero((dilate(inside, 1, 5) > math.floor(threshold)).mean(axis=1) > 0.85))
    # Against faint rails dense writing counts as one too; but it covers many rows, and a rail is thin.
    return full > 0 if plain else 0 < full <= THICKEST_RULE + 4


def _cells(chain: Chain, band: _Band) -> list[BoundingBox]:
    cells = []
    for left, right, count in chain:
        step = (right - left) / count
        edges = [left + k * step for k in range(count + 1)]
        cells += [
            BoundingBox(band.left + round(a) + 1, band.top, band.left + round(b), band.bottom)
            for a, b in pairwise(edges)
        ]
    return cells
