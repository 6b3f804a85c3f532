"""Combs that are open above: ticks of one height at a regular pitch standing on a rail, which nothing else does.

Letters on an underline stand at all distances and reach all heights; the ticks of a scale differ in height or stand
closer than anybody writes. The rail of a comb also ends where its first and last cells do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Components, Gray, box_blur
from hcr_scan.order_statistics import median_of
from hcr_scan.segmentation.frames.comb_families import CellFamily
from hcr_scan.segmentation.frames.combs import Comb
from hcr_scan.segmentation.frames.enclosures import Boxes
from hcr_scan.segmentation.frames.evidence import SMALLEST_CELL, FrameEvidence
from hcr_scan.segmentation.frames.free_rails import FreeRail, free_rails
from hcr_scan.segmentation.frames.wall_chains import Chain, WallRow, find_chains, runs
from hcr_scan.segmentation.ink.binarization import Paper
from hcr_scan.segmentation.ink.rules import THICKEST_RULE

#: Pitches of open combs, in working pixels; wider ones would be columns of tables.
NARROWEST_PITCH, WIDEST_PITCH = SMALLEST_CELL - 1, 110
#: Shortest tick above its rail, in working pixels: less is the roughness of a rail.
SHORTEST_TICK = 4
#: Height of a cell of which nothing is known but its pitch, in pitches.
USUAL_HEIGHT = 1.2
#: An open comb is believed less than a closed one that explains the same walls.
TRUST = 0.8
#: From this share of full darkness on a rail or wall shows.
SHOWING = 0.35
#: Ticks that prove a pitch by themselves; fewer must repeat those of another comb of the page.
ENOUGH_TICKS = 5
#: With so many walls, which are no chance, the rail may end this share of a pitch off them: grain makes it longer.
MANY_WALLS, FRAYED = 8, 0.35
#: Between two groups of cells on a rail there is at most this share of a pitch.
SEPARATED = 0.9

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Ticks:
    """Columns where something stands on a rail, counted from its left end, and how high (pixels) each is.

    ``solid`` tells what is dark above the rail; row k is k + 1 pixels above it.
    """

    places: Indices
    heights: Indices
    solid: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Regular:
    """The ticks on a rail that are of one height: ``flags`` (n,) which, and the pitch at which most of them stand."""

    rail: FreeRail
    ticks: _Ticks
    flags: npt.NDArray[np.bool_]
    pitch: float
    tick: float

    @property
    def row(self) -> WallRow:
        """All of the rail's ticks as walls that a chain may be of."""
        strengths = np.where(self.flags, 1.0, np.where(self.ticks.heights > self.tick, 0.7, 0.2))
        railed = np.ones(self.rail.right - self.rail.left)
        return WallRow(self.ticks.places, strengths, railed, self.pitch, 0.8, 0.5 * self.pitch)


@dataclass(frozen=True, slots=True)
class _Group:
    """A chain of ticks, the columns of all its walls, counted from the left end of the rail, and its score."""

    chain: Chain
    walls: list[int]
    score: float


@dataclass(frozen=True, slots=True)
class _TickComb:
    """Ticks found on one rail; ``walls`` are page columns.

    ``overwritten`` tells whether most of what is written in the cells rises above the ticks.
    """

    rail: FreeRail
    walls: tuple[int, ...]
    seen: int
    pitch: float
    tick: float
    overwritten: bool
    score: float


def find_open_combs(
    paper: Paper, rails: Components, evidence: FrameEvidence, families: Sequence[CellFamily], cells: Boxes
) -> list[Comb]:
    """Rows of cells that ticks on a rail divide; where a second rail runs above they reach up to it.

    ``rails`` are the page's level rules; what known ``cells`` stand on or hang from is theirs. The ``families`` of
    closed ones say how high cells are.
    """
    free = free_rails(rails, cells, paper)
    stands = [(rail, standing) for rail in free if (standing := _standing_on(paper, evidence, rail)) is not None]
    found = _combs_of([_regular(*stand) for stand in stands])
    proven = [comb for combs in found for comb in combs if comb.seen >= ENOUGH_TICKS]
    kinds = _kinds(proven)
    # Few ticks prove nothing, unless they are those of another comb of the page.
    others = [stand for stand, combs in zip(stands, found, strict=True) if all(c.seen < ENOUGH_TICKS for c in combs)]
    again = iter(_combs_of([_regular(*stand, kind) for stand in others for kind in kinds]))
    believed = proven.copy()
    for _ in others:
        alike = [comb for _ in kinds for comb in next(again)]
        believed += sorted(alike, key=lambda comb: -comb.score)[:1]
    combs = [_with_cells(comb, evidence, families, believed) for comb in believed]
    return [comb for comb in combs if not _crossed(comb, evidence)]


def _kinds(combs: Sequence[_TickComb]) -> list[_TickComb]:
    """One comb of each pitch and height of tick, those of most ticks first."""
    kinds: list[_TickComb] = []
    for comb in sorted(combs, key=lambda comb: -comb.seen):
        if not any(_alike(comb, kind) for kind in kinds):
            kinds.append(comb)
    return kinds


def _alike(comb: _TickComb, other: _TickComb) -> bool:
    return (
        abs(comb.pitch - other.pitch) <= 0.05 * other.pitch + 1 and abs(comb.tick - other.tick) <= 0.15 * other.tick + 1
    )


def _above(paper: Paper, rail: FreeRail, height: int) -> Gray:
    """What stands on a rail: row k is k + 1 pixels above it; ``(height, rail's length)``."""
    edge = rail.rows(np.arange(rail.left, rail.right))
    steps = [0, *(np.flatnonzero(np.diff(edge)) + 1).tolist(), len(edge)]
    strip = np.zeros((height, len(edge)), np.uint8)
    # A rail keeps to a row for long: whole blocks are copied.
    for start, stop in pairwise(steps):
        bottom = max(int(edge[start]), 0)
        top = max(bottom - height, 0)
        strip[: bottom - top, start:stop] = paper.darkness[top:bottom, rail.left + start : rail.left + stop][::-1]
    return strip


def _standing_on(paper: Paper, evidence: FrameEvidence, rail: FreeRail) -> _Ticks | None:
    """What stands on a rail, ``None`` where that is nothing."""
    # Ticks are as dark as their rail, but thin ones look paler.
    columns = np.arange(rail.left, rail.right, 3)
    edge = rail.rows(columns) + np.arange(THICKEST_RULE)[:, None]
    darkest = paper.darkness[np.clip(edge, 0, len(paper.darkness) - 1), columns].max(axis=0)
    dark = math.floor(max(evidence.cap / 2, 0.3 * median_of(darkest)))
    if not _thin_runs(_above(paper, rail, SHORTEST_TICK) > dark):
        return None
    solid = box_blur(_above(paper, rail, int(1.7 * WIDEST_PITCH)), 1, 3) > dark
    places, heights = [], []
    for start, end in _thin_runs(solid):
        column = np.append(solid[:, start:end].any(axis=1), False)
        places.append((start + end - 1) // 2)
        heights.append(int(np.argmin(column)))
    return _Ticks(np.array(places, np.int64), np.array(heights, np.int64), solid)


def _regular(rail: FreeRail, ticks: _Ticks, known: _TickComb | None = None) -> _Regular | None:
    """The ticks of one height on a rail, and the pitch of most; those of a ``known`` comb, if given."""
    tick = _commonest_height(ticks.heights) if known is None else known.tick
    if tick is None:
        return None
    flags = _about(ticks.heights, tick)
    # The outer walls of a comb are often whole.
    slack = 5
    flags |= (ticks.heights > tick) & ((ticks.places < slack) | (ticks.places >= rail.right - rail.left - slack))
    pitch = _commonest_pitch(ticks.places[flags]) if known is None else known.pitch
    return None if pitch is None or tick > 2.2 * pitch else _Regular(rail, ticks, flags, pitch, tick)


def _combs_of(rails: Sequence[_Regular | None]) -> list[list[_TickComb]]:
    """All open combs that stand on each of some rails."""
    chains = iter(find_chains([rail.row for rail in rails if rail is not None]))
    return [[] if rail is None else _combs(rail, next(chains)) for rail in rails]


def _thin_runs(dark: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs of columns, no wider than a rule, that are dark from the rail up."""
    starts, ends = runs(np.asarray(dark[:SHORTEST_TICK].all(axis=0)))
    thin = ends - starts <= THICKEST_RULE
    return list(zip(starts[thin].tolist(), ends[thin].tolist(), strict=True))


def _about(heights: Indices, height: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    return np.asarray(np.abs(heights - np.asarray(height)) <= 0.15 * np.asarray(height) + 1.5)


def _commonest_height(heights: Indices) -> float | None:
    """The height that most ticks have; ``None`` where fewer than two agree."""
    near = _about(heights, heights[:, None])
    if not len(heights) or near.sum(axis=1).max() < 2:
        return None
    return median_of(heights[near[near.sum(axis=1).argmax()]])


def _commonest_pitch(places: Indices) -> float | None:
    """The distance at which most ticks follow each other."""
    steps = np.diff(places)
    steps = steps[(steps >= NARROWEST_PITCH) & (steps <= WIDEST_PITCH)]
    if not len(steps):
        return None
    near = np.abs(steps[:, None] - steps) <= 0.04 * steps[:, None] + 1
    return float(np.mean(steps[near[near.sum(axis=1).argmax()]]))


def _combs(found: _Regular, chains: Sequence[tuple[Chain, float]]) -> list[_TickComb]:
    """The ``chains`` of regular ticks on a rail that nothing but combs explains."""
    rail, ticks, regular, pitch, tick = found.rail, found.ticks, found.flags, found.pitch, found.tick
    combs: list[_TickComb] = []
    for groups in _side_by_side(chains, pitch, rail.right - rail.left):
        own = [np.isin(ticks.places, [x for left, right, _ in group.chain for x in (left, right)]) for group in groups]
        kept, walls = np.any(own, axis=0), sum(len(group.walls) for group in groups)
        if not _is_comb(ticks, kept, regular, walls, tick, pitch):
            continue
        if all(_is_even(ticks.places[flags & regular], group.walls) for flags, group in zip(own, groups, strict=True)):
            seen = int((kept & _about(ticks.heights, tick)).sum())
            combs += [_tick_comb(found, group, seen) for group in groups]
    return combs


def _tick_comb(found: _Regular, group: _Group, seen: int) -> _TickComb:
    walls, rises = group.walls, _rises(found.ticks, group.walls, found.tick, found.pitch)
    places, pitch = tuple(found.rail.left + x for x in walls), (walls[-1] - walls[0]) / (len(walls) - 1)
    return _TickComb(found.rail, places, seen, pitch, found.tick, rises, group.score)


def _side_by_side(chains: Sequence[tuple[Chain, float]], pitch: float, length: int) -> list[list[_Group]]:
    """Chains that take up their rail from end to end, those with room for a comma or a dash between them together."""
    rows: list[list[_Group]] = []
    for chain, score in sorted(chains, key=lambda found: found[0][0][0]):
        group = _Group(chain, _walls(chain), score)
        if not rows or group.walls[0] - rows[-1][-1].walls[-1] > SEPARATED * pitch:
            rows.append([])
        rows[-1].append(group)
    whole = []
    for groups in rows:
        ends = _to_rail_ends([wall for group in groups for wall in group.walls], pitch, length)
        if ends is not None:
            groups[0].walls[:0] = [x for x in ends[:1] if x < groups[0].walls[0]]
            groups[-1].walls.extend(x for x in ends[-1:] if x > groups[-1].walls[-1])
            whole.append(groups)
    return whole


def _is_comb(
    ticks: _Ticks,
    kept: npt.NDArray[np.bool_],
    regular: npt.NDArray[np.bool_],
    walls: int,
    tick: float,
    pitch: float,
) -> bool:
    """Whether a chain of the ``kept`` ticks is neither print nor a scale."""
    places = ticks.places[kept]
    inside = (ticks.places >= places[0]) & (ticks.places <= places[-1])
    # Print has further strokes of the same height between those that happen to be regular.
    strange = (inside & ~kept & regular).sum()
    even = kept & regular
    return bool(
        even.sum() >= 0.7 * kept.sum()
        and kept.sum() >= 0.6 * walls
        and strange <= 0.15 * walls
        and _free_above(ticks, ticks.places[kept & _about(ticks.heights, tick)], tick, pitch)
        and not _is_scale(ticks.heights[kept])
    )


def _is_even(places: Indices, walls: list[int]) -> bool:
    """Whether nearly all ticks stand where equal cells put them: print and pen strokes do so only by chance."""
    if len(walls) < 3 or not len(places):
        return False
    pitch = (walls[-1] - walls[0]) / (len(walls) - 1)
    off = (places - walls[0]) / pitch
    off -= np.rint(off)
    return float(np.mean(np.abs(off - median_of(off)) * pitch <= max(2.0, 0.03 * pitch))) >= 0.8


def _is_scale(heights: Indices) -> bool:
    """Whether every so many of the inner ticks is longer than the others."""
    inner = heights[1:-1]
    longer = np.flatnonzero(inner > 1.25 * np.median(inner) + 2) if len(inner) else np.zeros(0, np.int64)
    if len(longer) < 3:
        return False
    period = int(np.bincount(np.diff(longer)).argmax())
    return period > 1 and float(np.mean((longer - longer[len(longer) // 2]) % period == 0)) >= 0.8


def _walls(chain: Chain) -> list[int]:
    walls = [chain[0][0]]
    for left, right, cells in chain:
        walls += [round(left + k * (right - left) / cells) for k in range(1, cells + 1)]
    return walls


def _to_rail_ends(walls: list[int], pitch: float, length: int) -> list[int] | None:
    """The walls, and one at each end of the rail that is a pitch away; ``None`` where the rail ends elsewhere."""
    slack = max(5.0, 0.12 * pitch)
    frayed = max(slack, FRAYED * pitch) if len(walls) >= MANY_WALLS else slack
    for place, end, beyond in ((0, 0, -pitch), (len(walls), length - 1, pitch)):
        last = walls[0] if place == 0 else walls[-1]
        if abs(last - end) <= frayed:
            continue
        if abs(last + beyond - end) > slack:
            return None
        walls = [round(last + beyond), *walls] if place == 0 else [*walls, round(last + beyond)]
    return walls


def _free_above(ticks: _Ticks, places: Indices, tick: float, pitch: float) -> bool:
    """Whether enough ticks end in paper, whatever is written over the others, and are no walls of a table."""
    start, stop = round(tick) + 3, round(tick + 3 + max(4, 0.15 * pitch))
    free = [not ticks.solid[start:stop, max(x - 2, 0) : x + 3].any() for x in places.tolist()]
    return len(free) > 0 and float(np.mean(free)) >= 0.3


def _rises(ticks: _Ticks, walls: list[int], tick: float, pitch: float) -> bool:
    """Whether most cells with something in them have it above the ticks too."""
    inside = [ticks.solid[:, left + 4 : right - 3] for left, right in pairwise(walls)]
    written = [cell for cell in inside if cell[3 : round(tick)].any()]
    start, stop = round(tick) + 2, round(tick + 2 + 0.15 * pitch)
    return len(written) > 0 and float(np.mean([cell[start:stop].any() for cell in written])) > 0.5


def _with_cells(
    comb: _TickComb, evidence: FrameEvidence, families: Sequence[CellFamily], others: Sequence[_TickComb]
) -> Comb:
    bottom = comb.rail.row((comb.walls[0] + comb.walls[-1]) / 2)
    top = _second_rail(comb, evidence, bottom)
    if top is None:
        top = bottom - round(_height(comb, families))
        # What stands above keeps its place.
        above = [o.rail.row(comb.walls[0]) for o in others if _overlaps(o, comb)]
        top = max([top, *(row + THICKEST_RULE for row in above if top < row < bottom - comb.tick)])
    cells = tuple(BoundingBox(left + 2, top, max(right - 1, left + 3), bottom) for left, right in pairwise(comb.walls))
    return Comb(cells, TRUST * comb.score)


def _crossed(comb: Comb, evidence: FrameEvidence) -> bool:
    """Whether a rail runs through the middle of the cells: then they are rows of a table, closed on all sides."""
    first, last = comb.cells[0], comb.cells[-1]
    margin = first.height // 5
    inside = evidence.rail[first.top + margin : first.bottom - margin, first.left : last.right]
    # Dense writing covers a row as well; but it covers many rows, and a rail is thin.
    full = int(np.count_nonzero((inside > evidence.rail_level(SHOWING)).mean(axis=1) > 0.95))
    return 0 < full <= THICKEST_RULE + 4


def _overlaps(other: _TickComb, comb: _TickComb) -> bool:
    return other.walls[0] < comb.walls[-1] and comb.walls[0] < other.walls[-1]


def _height(comb: _TickComb, families: Sequence[CellFamily]) -> float:
    """How high cells are: as their walls, as the page's closed cells of that pitch, or as is usual."""
    # What rises above walls as high as cells are wide is a label.
    if comb.tick >= (1.0 if comb.overwritten else 0.7) * comb.pitch:
        return comb.tick
    # Letters between two ticks close a cell here and there.
    common = [family for family in families if family.is_common]
    near = [family for family in common if abs(family.pitch - comb.pitch) < 0.12 * comb.pitch]
    return near[0].height if near else max(USUAL_HEIGHT * comb.pitch, 1.2 * comb.tick)


def _second_rail(comb: _TickComb, evidence: FrameEvidence, bottom: int) -> int | None:
    """The row below the rail that closes the comb from above; ``None`` where it is open.

    A rule above is the comb's own where it ends as the comb does and walls or ticks of the comb reach it.
    """
    left, right = comb.walls[0], comb.walls[-1]
    first, last = bottom - round(2.2 * comb.pitch), bottom - round(max(0.5 * comb.pitch, comb.tick - 3))
    last = min(last, bottom - 2 * SHORTEST_TICK)
    if first < 0 or last <= first:
        return None
    cover = (evidence.rail[first:last, left:right] > evidence.rail_level(SHOWING)).mean(axis=1)
    for row in range(last - 1, first - 1, -1):
        if cover[row - first] < 0.85:
            continue
        dark = evidence.wall[row + 3 : bottom - 2] > evidence.wall_level(SHOWING)
        outer = [dark[:, max(x - 3, 0) : x + 4].any(axis=1).mean() > 0.9 for x in (left, right)]
        hanging = np.mean([dark[: SHORTEST_TICK + 2, max(x - 1, 0) : x + 2].any(axis=1).all() for x in comb.walls])
        if any(outer) or hanging > 0.7 or bottom - row < 1.5 * comb.pitch:
            return row + 1
        return None
    return None
