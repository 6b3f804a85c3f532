"""Cells and boxes from printed frames: what is closed by walls is proposed, what is regular is completed.

Two sources, because each fails where the other holds. Enclosed paper (connected components of what is not frame) finds boxes
of any size and shape, but writing that crosses a wall or a wall too faint breaks it. Combs are therefore fitted as
models: rails above and below, walls at a constant pitch, each judged by the darkness a wall keeps over nearly all of
its height, which a letter's stroke does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Gray, Mask, box_blur, connected_components, dilate, erode
from hcr_scan.segmentation.binarization import Paper
from hcr_scan.segmentation.rules import THICKEST_RULE, Rules

#: Smallest cell, in working pixels (about 2.5 mm on A4).
SMALLEST_CELL = 20
#: Smallest box outside a comb: loops of bold print are smaller.
SMALLEST_BOX = 24
#: A cell for one character is between these shares of its height wide.
NARROWEST, WIDEST = 0.38, 1.9
#: Two cells are of one family when their sizes differ by less than this share.
ALIKE = 0.14
#: Darkness of a rail is averaged over this many pixels: a rail is long, so it can be fainter than a wall.
RAIL_DASH = 11

Boxes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Frames:
    """What the printed frames enclose, in working pixels.

    ``combs`` are rows of equal cells for one character each, left to right; ``boxes`` are other enclosed places.
    """

    combs: tuple[tuple[BoundingBox, ...], ...]
    boxes: tuple[BoundingBox, ...]


@dataclass(frozen=True, slots=True)
class _Evidence:
    """How much each pixel looks like a piece of wall (upright) or rail (level), and the frame-like pixels."""

    wall: Gray
    rail: Gray
    frame: Mask
    #: The part of ``frame`` that is as strong as writing.
    drawn: Mask
    #: What ``wall`` and ``rail`` are on bare paper.
    bare_wall: float
    bare_rail: float
    #: The darkest that either can be.
    cap: int


def find_frames(paper: Paper, rules: Rules, ink: Mask) -> Frames:
    """All cells and boxes of a straightened page.

    Args:
        ink: strong ink, for frames drawn too thick or too crooked to be rules.
    """
    evidence = _gather(paper, rules, ink)
    proposals = _without_guides(_enclosed(evidence.frame), _enclosed(evidence.drawn))
    families = _families(proposals, evidence)
    commonest = max((len(family.members) for family in families), default=0)
    rails = connected_components(rules.horizontal).boxes
    fitted = [comb for family in families for comb in _fit_family(evidence, family, rails, commonest)]
    fitted.sort(key=lambda comb: (-comb.score, comb.cells))
    combs: list[tuple[BoundingBox, ...]] = []
    taken = np.zeros(paper.darkness.shape, bool)
    for comb in fitted:
        free = tuple(cell for cell in comb.cells if not taken[_core(cell)].any())
        if len(free) < 0.7 * len(comb.cells):
            continue
        for cell in free:
            taken[cell.top : cell.bottom, cell.left : cell.right] = True
        combs.append(free)
    boxes = [box for row in proposals if min((box := _to_box(row)).width, box.height) >= SMALLEST_BOX]
    return Frames(tuple(combs), tuple(box for box in boxes if not taken[_core(box)].mean() > 0.3))


def _core(cell: BoundingBox) -> tuple[slice, slice]:
    """The middle of a cell, which a neighbor's wall does not reach."""
    dx, dy = cell.width // 4, cell.height // 4
    return slice(cell.top + dy, cell.bottom - dy), slice(cell.left + dx, cell.right - dx)


def _to_box(row: npt.NDArray[np.int32]) -> BoundingBox:
    return BoundingBox(*(int(v) for v in row))


def _gather(paper: Paper, rules: Rules, ink: Mask) -> _Evidence:
    threshold = max(1.3 * paper.noise, 5.0)
    cap = int(4 * threshold)
    capped = np.minimum(paper.darkness, cap)
    wall = dilate(box_blur(capped, 1, 5), 3, 1)
    rail = dilate(box_blur(capped, RAIL_DASH, 1), 1, 3)
    found = connected_components(ink)
    widths, heights = found.boxes[:, 2] - found.boxes[:, 0], found.boxes[:, 3] - found.boxes[:, 1]
    large = (np.maximum(widths, heights) >= 3 * SMALLEST_CELL) & (np.minimum(widths, heights) >= 1.5 * SMALLEST_CELL)
    thin = found.areas < 0.35 * widths * heights
    lookup = np.zeros(len(found) + 1, np.uint8)
    lookup[1:][large & thin] = 255
    level, upright = dilate(rules.horizontal, 5, 1), dilate(rules.vertical, 1, 5)
    drawn = lookup[found.labels]
    frame = level | upright | drawn
    return _Evidence(wall, rail, frame, drawn, float(np.median(wall[::3, ::3])), float(np.median(rail[::3, ::3])), cap)


def _enclosed(frame: Mask) -> Boxes:
    """Patches of paper with walls along most of all four sides, ``(n, 4)``."""
    height, width = frame.shape
    found = connected_components(255 - frame, connectivity=4)
    boxes = found.boxes
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    candidates = (
        (np.minimum(widths, heights) >= SMALLEST_CELL * 0.8)
        & (widths < 0.96 * width)
        & (heights < 0.5 * height)
        & (found.areas > 0.5 * widths * heights)
    )
    framed = [row for row in boxes[candidates] if _is_framed(frame, row)]
    return np.array(framed, np.int32).reshape(-1, 4)


def _without_guides(proposals: Boxes, drawn: Boxes) -> Boxes:
    """The proposals, with strongly drawn cells in place of what faint lines inside divide them into.

    Many sheets print pale guide lines in their squares. Squares of one size are cells unless cells of another size
    recur in them, as in a table whose cells hold combs.
    """
    widths, heights = (drawn[:, 2:] - drawn[:, :2]).T
    left = drawn[(widths > NARROWEST * heights) & (widths < WIDEST * heights) & (heights >= 2 * SMALLEST_CELL)]
    while len(left):
        alike = _alike(left, left[0])
        group, left = left[alike], left[~alike]
        inside = np.zeros(len(proposals), bool)
        for box in group:
            inside |= (proposals[:, :2] >= box[:2] - 4).all(axis=1) & (proposals[:, 2:] <= box[2:] + 4).all(axis=1)
        inner = proposals[inside & ~_alike(proposals, group[0])]
        sizes = inner[:, 2:] - inner[:, :2]
        inner = inner[(sizes[:, 0] > NARROWEST * sizes[:, 1]) & (sizes[:, 0] < WIDEST * sizes[:, 1])]
        recurring = max((int(_alike(inner, cell).sum()) for cell in inner), default=0)
        if len(group) >= 4 and recurring < 1.2 * len(group):
            proposals = np.concatenate([proposals[~inside], group])
    return proposals


def _alike(boxes: Boxes, other: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Which boxes are of about the other's size."""
    sizes, size = boxes[:, 2:] - boxes[:, :2], other[2:] - other[:2]
    result: npt.NDArray[np.bool_] = (np.abs(sizes - size) < ALIKE * size).all(axis=1)
    return result


def _is_framed(frame: Mask, row: npt.NDArray[np.int32]) -> bool:
    left, top, right, bottom = (int(v) for v in row)
    if left < 2 or top < 2 or right > frame.shape[1] - 2 or bottom > frame.shape[0] - 2:
        return False
    reach = 4
    sides = (
        frame[max(top - reach, 0) : top + reach, left:right].max(axis=0),
        frame[bottom - reach : bottom + reach, left:right].max(axis=0),
        frame[top:bottom, max(left - reach, 0) : left + reach].max(axis=1),
        frame[top:bottom, right - reach : right + reach].max(axis=1),
    )
    return all(float(np.count_nonzero(side)) > 0.85 * side.size for side in sides)


@dataclass(frozen=True, slots=True)
class _Family:
    """Cells of one size. ``members`` (n, 4) are insides; ``pitch`` is the distance from wall to wall.

    ``wall`` and ``rail`` say how dark the members' walls and rails are, above bare paper.
    """

    width: float
    height: float
    pitch: float
    wall: float
    rail: float
    members: Boxes


def _families(proposals: Boxes, evidence: _Evidence) -> list[_Family]:
    """Sizes that occur at least twice among proposals shaped like a cell for one character, commonest first."""
    widths, heights = proposals[:, 2] - proposals[:, 0], proposals[:, 3] - proposals[:, 1]
    shaped = (widths > NARROWEST * heights) & (widths < WIDEST * heights) & (heights >= SMALLEST_CELL)
    left = proposals[shaped]
    families = []
    while len(left):
        widths, heights = left[:, 2] - left[:, 0], left[:, 3] - left[:, 1]
        near_w = np.abs(widths[:, None] - widths) < ALIKE * widths[:, None]
        near_h = np.abs(heights[:, None] - heights) < ALIKE * heights[:, None]
        alike = near_w & near_h
        best = int(alike.sum(axis=1).argmax())
        if alike[best].sum() < 2:
            break
        members = left[alike[best]]
        width, height = float(np.median(widths[alike[best]])), float(np.median(heights[alike[best]]))
        wall, rail = _darkness_of(members, evidence)
        families.append(_Family(width, height, _pitch(members, width), wall, rail, members))
        left = left[~alike[best]]
    return families


def _darkness_of(members: Boxes, evidence: _Evidence) -> tuple[float, float]:
    """Median darkness of the walls and of the rails of some members, above bare paper."""
    walls, rails = [], []
    for left, top, right, bottom in members[:: max(1, len(members) // 30)]:
        for x in (int(left), int(right)):
            strip = evidence.wall[top + 2 : bottom - 1, max(x - 5, 0) : x + 5]
            walls.append(float(_low_quantile(strip).max(initial=0)))
        for y in (int(top), int(bottom)):
            rails.append(float(np.median(evidence.rail[max(y - 5, 0) : y + 5, left:right].max(axis=0))))
    wall, rail = float(np.median(walls)), float(np.median(rails))
    return max(wall - evidence.bare_wall, 3.0), max(rail - evidence.bare_rail, 3.0)


def _low_quantile(strip: Gray) -> npt.NDArray[np.uint8]:
    """The darkness that each column keeps over seven eighths of its height: a wall's, but hardly ever a letter's."""
    rank = strip.shape[0] // 8
    return np.partition(strip, rank, axis=0)[rank]


def _pitch(members: Boxes, width: float) -> float:
    """Median distance between members that share a wall; where none do, the width and a thin wall."""
    steps = members[:, None, 0] - members[None, :, 0]
    level = np.abs(members[:, None, 1] - members[None, :, 1]) < 0.3 * width
    shared = steps[level & (steps > 0.9 * width) & (steps < 1.3 * width)]
    return float(np.median(shared)) if len(shared) else width + 3.0


@dataclass(frozen=True, slots=True)
class _Comb:
    """A row of cells and how much frame it explains, in walls."""

    cells: tuple[BoundingBox, ...]
    score: float


def _fit_family(evidence: _Evidence, family: _Family, rails: Boxes, commonest: int) -> list[_Comb]:
    """Combs of one cell size: along every band that has members or rails of the right distance.

    Sizes much rarer than the page's ``commonest`` are trusted less: strokes of writing make cells of odd sizes.
    """
    trust = 0.6 + 0.4 * min(1.0, 10 * len(family.members) / commonest)
    bands = _bands(family, rails, evidence.wall.shape)
    fitted = [comb for band in bands for comb in _fit_band(evidence, family, band)]
    settled = {_settle(evidence, family, comb) for comb in fitted} - {None} - set(bands)
    fitted += [comb for band in sorted(settled) if band for comb in _fit_band(evidence, family, band)]
    return [_Comb(comb.cells, comb.score * trust) for comb in fitted]


def _settle(evidence: _Evidence, family: _Family, comb: _Comb) -> _Band | None:
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
    return _Band(top, bottom, max(first.left - 600, 0), min(comb.cells[-1].right + 600, width))


@dataclass(frozen=True, slots=True, order=True)
class _Band:
    """A strip between two rails: cells lie in rows ``top`` to ``bottom`` somewhere in columns ``left`` to ``right``."""

    top: int
    bottom: int
    left: int
    right: int


def _bands(family: _Family, rails: Boxes, shape: tuple[int, ...]) -> list[_Band]:
    """Strips where cells of a family may lie: around its members, between two rails, or beside a single one."""
    height, width = shape
    strips = [(int(t), int(b), int(x0), int(x1)) for x0, t, x1, b in family.members]
    strips += _beside_rails(family, rails)
    strips.sort()
    merged: list[list[int]] = []
    tolerance = max(2.0, 0.1 * family.height)
    reach = 12 * family.width
    for top, bottom, left, right in strips:
        # Strips come sorted by their top, so only the latest can be level with this one.
        for strip in reversed(merged[-40:]):
            level = abs(strip[0] - top) <= tolerance and abs(strip[1] - bottom) <= tolerance
            if level and left <= strip[3] + reach and right >= strip[2] - reach:
                strip[2], strip[3] = min(strip[2], left), max(strip[3], right)
                break
        else:
            merged.append([top, bottom, left, right])
    margin = round(reach)
    return [
        _Band(t, b, max(x0 - margin, 0), min(x1 + margin, width)) for t, b, x0, x1 in merged if 0 <= t and b < height
    ]


def _beside_rails(family: _Family, rails: Boxes) -> list[tuple[int, int, int, int]]:
    """Strips as high as the family's cells above and below each level rule, ``(top, bottom, left, right)``.

    Where a second rail ends the strip, its edge is taken; elsewhere the height is the family's.
    """
    lefts, tops, rights, bottoms = rails.T
    long = np.flatnonzero((rights - lefts >= 1.2 * family.width) & (bottoms - tops < 0.5 * family.height))
    strips = []
    for rail in long:
        left, right = int(lefts[rail]), int(rights[rail])
        shared = np.minimum(rights[long], right) - np.maximum(lefts[long], left) >= family.width
        below = tops[long] - bottoms[rail]
        fits = long[(np.abs(below - family.height) < ALIKE * family.height) & shared]
        strips += [(int(bottoms[rail]), int(tops[other]), left, right) for other in fits]
        above = tops[rail] - bottoms[long]
        paired = len(fits) or bool(((np.abs(above - family.height) < ALIKE * family.height) & shared).any())
        if not paired:
            strips.append((int(bottoms[rail]), int(bottoms[rail]) + round(family.height), left, right))
            strips.append((int(tops[rail]) - round(family.height), int(tops[rail]), left, right))
    return strips


def _fit_band(evidence: _Evidence, family: _Family, band: _Band) -> list[_Comb]:
    """Runs of cells in a band, each the best chain of walls at the family's pitch with rails above and below."""
    # Dark rails show every gap; faint ones have gaps of their own.
    plain = family.rail > 0.7 * (evidence.cap - evidence.bare_rail)
    least_cover, widest_gap = (0.82, max(10.0, 0.06 * family.pitch)) if plain else (0.12, 0.7 * family.pitch)
    railed = _railed_columns(evidence, family, band, plain)
    strip = evidence.wall[band.top + 2 : band.bottom - 1, band.left : band.right]
    if min(strip.shape) < 8 or railed.sum() < family.width / 2:
        return []
    walls = np.maximum(_low_quantile(strip) - evidence.bare_wall, 0.0)
    peaks = _peaks(walls, 0.35 * family.wall)
    strengths = np.minimum(walls[peaks] / family.wall, 1.0)
    combs = []
    while len(peaks) >= 2:
        rails = _Rails.of(railed, least_cover, widest_gap)
        chain, score = _best_chain(peaks, strengths, rails, family.pitch)
        if not chain:
            break
        first, last = chain[0][0], chain[-1][1]
        seen, guessed = sum(cells == 1 for *_, cells in chain), sum(cells - 1 for *_, cells in chain)
        threshold = evidence.bare_rail + max(3.0, 0.3 * family.rail)
        # Walls lost under writing are believed where others are seen; a box as wide as two cells is a box.
        if guessed <= seen and not _spans_two_rows(evidence.rail, band, first, last, threshold, plain):
            combs.append(_Comb(tuple(_cells(chain, band)), score))
        railed[first:last] = 0
    return combs


@dataclass(frozen=True, slots=True, eq=False)
class _Rails:
    """The rails of a band: cumulative ``cover``, the middles of ``gaps`` in them, and the cover that a cell needs."""

    cover: npt.NDArray[np.float64]
    gaps: npt.NDArray[np.float64]
    least_cover: float

    @classmethod
    def of(cls, railed: npt.NDArray[np.float64], least_cover: float, widest_gap: float) -> _Rails:
        bare = np.concatenate([[False], railed < 0.25, [False]])
        starts, ends = np.flatnonzero(bare[1:] & ~bare[:-1]), np.flatnonzero(~bare[1:] & bare[:-1])
        gaps = ((starts + ends) / 2)[ends - starts > widest_gap]
        return cls(np.concatenate([[0.0], np.cumsum(railed)]), gaps, least_cover)


def _railed_columns(evidence: _Evidence, family: _Family, band: _Band, plain: bool) -> npt.NDArray[np.float64]:
    """For each column of a band how sure (0 to 1) it is that there is a rail above and one below."""
    above = evidence.rail[max(band.top - 5, 0) : band.top + 2, band.left : band.right].max(axis=0)
    below = evidence.rail[band.bottom - 2 : band.bottom + 5, band.left : band.right].max(axis=0)
    both = np.minimum(above, below)
    if plain:
        # Averaging along the rail smeared its ends outwards: shrink them back.
        both = erode(both[None, :], RAIL_DASH, 1)[0]
    # The darkest of a few rows of grain is a little darker than bare paper.
    return np.clip((both - evidence.bare_rail - 2.0) / (0.6 * family.rail), 0.0, 1.0)


def _spans_two_rows(rail: Gray, band: _Band, left: int, right: int, threshold: float, plain: bool) -> bool:
    """Whether a rail runs through the middle: then the cells belong to a comb half as high."""
    margin = max(4, (band.bottom - band.top) // 5)
    inside = rail[band.top + margin : band.bottom - margin, band.left + left : band.left + right]
    # A rail wanders by a few pixels over its length.
    full = np.count_nonzero((dilate(inside, 1, 5) > threshold).mean(axis=1) > 0.85)
    # Against faint rails dense writing counts as one too; but it covers many rows, and a rail is thin.
    return full > 0 if plain else 0 < full <= THICKEST_RULE + 4


def _peaks(walls: npt.NDArray[np.float64], threshold: float) -> npt.NDArray[np.int64]:
    """Middles of the runs of columns that are darker than ``threshold``; wide runs keep both ends."""
    above = np.concatenate([[False], walls > threshold, [False]])
    starts, ends = np.flatnonzero(above[1:] & ~above[:-1]), np.flatnonzero(~above[1:] & above[:-1])
    peaks: list[int] = []
    for start, end in zip(starts, ends, strict=True):
        if end - start <= 12:
            peaks.append((start + end - 1) // 2)
        else:
            peaks.extend((start + 1, end - 2))
    return np.array(peaks, np.int64)


_Chain = list[tuple[int, int, int]]


def _best_chain(
    peaks: npt.NDArray[np.int64],
    strengths: npt.NDArray[np.float64],
    rails: _Rails,
    pitch: float,
) -> tuple[_Chain, float]:
    """The run of walls that explains most: ``(left, right, cells)`` per stretch, by dynamic programming; and its score.

    A wall gains its strength less a half; a stretch must be one, two or three pitches long (inner walls may be lost
    under writing, at a price) and have rails along most of it. The chain is empty where nothing is worth it.
    """
    places, strong = peaks.tolist(), strengths.tolist()
    gain = [strength - 0.5 for strength in strong]
    total, previous, counts = gain.copy(), [-1] * len(places), [0] * len(places)
    for i, j, cells, worth in _stretches(peaks, strengths, rails, pitch):
        value = total[i] + gain[j] + worth
        if value > total[j] or previous[j] < 0:
            total[j], previous[j], counts[j] = value, i, cells
    score = max(total)
    best = total.index(score)
    chain: _Chain = []
    if score < 0.6:
        return chain, score
    while previous[best] >= 0:
        chain.append((places[previous[best]], places[best], counts[best]))
        best = previous[best]
    return chain[::-1], score


def _stretches(
    peaks: npt.NDArray[np.int64],
    strengths: npt.NDArray[np.float64],
    rails: _Rails,
    pitch: float,
) -> list[tuple[int, int, int, float]]:
    """Pairs of walls that may have one, two or three cells between them: ``(left, right, cells, worth)``, by right wall."""
    length = peaks[None, :] - peaks[:, None]
    cells = np.maximum(np.rint(length / pitch), 1).astype(np.int64)
    off = np.abs(length - cells * pitch) / max(2.5, 0.14 * pitch)
    rights, lefts = np.nonzero(((length > 0) & (cells <= 3) & (off <= 2.0)).T)
    cells, off = cells[lefts, rights], off[lefts, rights]
    cover = np.ones(len(lefts))
    last = len(rails.cover) - 1
    for k in range(3):
        inside = k < cells
        a = np.rint(peaks[lefts] + k * (peaks[rights] - peaks[lefts]) / cells).astype(np.int64)
        b = np.rint(peaks[lefts] + (k + 1) * (peaks[rights] - peaks[lefts]) / cells).astype(np.int64)
        share = (rails.cover[np.minimum(b, last)] - rails.cover[np.minimum(a, last)]) / np.maximum(b - a, 1)
        cover = np.where(inside, np.minimum(cover, share), cover)
    crossed = np.concatenate([[0.0], np.cumsum(strengths)])
    # Double walls are one wall: only what stands well inside counts as passed over.
    near = min(8.0, 0.12 * pitch)
    first = np.searchsorted(peaks, peaks[lefts] + near)
    skipped = np.maximum(crossed[np.searchsorted(peaks, peaks[rights] - near)] - crossed[first], 0.0)
    # A stroke as high as its cell is common in a narrow comb and hardly ever seen in a large square.
    price = min(max(pitch / 300, 0.1), 0.6)
    worth = 0.3 + 1.2 * (cover - 0.85) - 0.35 * off * off - 0.5 * (cells - 1) - price * skipped
    gaps = np.searchsorted(rails.gaps, peaks[rights]) - np.searchsorted(rails.gaps, peaks[lefts])
    keep = (cover >= rails.least_cover) & (gaps == 0)
    columns = (lefts[keep].tolist(), rights[keep].tolist(), cells[keep].tolist(), worth[keep].tolist())
    return list(zip(*columns, strict=True))


def _cells(chain: _Chain, band: _Band) -> list[BoundingBox]:
    cells = []
    for left, right, count in chain:
        edges = np.linspace(left, right, count + 1)
        cells += [
            BoundingBox(band.left + round(a) + 1, band.top, band.left + round(b), band.bottom)
            for a, b in zip(edges[:-1], edges[1:], strict=True)
        ]
    return cells
