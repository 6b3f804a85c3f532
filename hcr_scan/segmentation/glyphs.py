"""Pieces of ink put together to glyphs, taken apart where glyphs touch, and handed over as candidates.

A letter may be several pieces (i, E with a loose bar, a broken stroke) and a piece several letters. What geometry cannot
settle stays open: a :class:`InkChunk` offers every plausible reading and the classifier chooses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Ink
from hcr_scan.segmentation.cuts import Cut, find_cuts
from hcr_scan.segmentation.parts import Floats, Indices, InkParts
from hcr_scan.segmentation.patches import Atoms, candidate_patches

#: Most places at which one chunk is opened, where it is not so wide that it must hold more glyphs.
MOST_CUTS = 6


@dataclass(frozen=True, slots=True)
class InkCandidate:
    """A possible glyph from cut ``start`` to cut ``end`` of its chunk.

    ``box`` is the tight box in pixels of the ink given; ``ink`` is the glyph's own soft ink (a little larger than the box,
    other glyphs erased), ready for ``normalize_glyph``; ``penalty`` (nats, >= 0) is what geometry holds against it.
    """

    start: int
    end: int
    box: BoundingBox
    ink: Ink
    penalty: float = 0.0


@dataclass(frozen=True, slots=True)
class InkChunk:
    """Ink that is read as a whole: a path of candidates from cut 0 to cut ``cuts`` covers it exactly once.

    The candidate from 0 to ``cuts`` is always there.
    """

    candidates: tuple[InkCandidate, ...]
    cuts: int = 1


@dataclass(frozen=True, slots=True)
class InkWord:
    """Chunks without a wide gap between them, left to right."""

    chunks: tuple[InkChunk, ...]


@dataclass(frozen=True, slots=True)
class InkLine:
    """Words from left to right. ``height`` is that of the line's taller letters, in pixels."""

    words: tuple[InkWord, ...]
    height: float


@dataclass(frozen=True, slots=True)
class Pen:
    """What a line's letters are like: ``stroke`` width, ``height`` of the taller and ``width`` of the usual letter in pixels;
    ``slant``, how far a stem leans to the right, in pixels per pixel upwards.
    """

    stroke: float
    height: float
    width: float
    slant: float


@dataclass(frozen=True, slots=True)
class Unit:
    """Pieces that belong to the same glyph or glyphs: ``left`` and ``right`` are upright, i.e. with the slant taken out."""

    pieces: Indices
    left: float
    right: float
    top: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


def gather_units(spans: Floats, boxes: Floats, pen: Pen) -> list[Unit]:
    """The pieces of one line joined to units, left to right.

    Args:
        spans: ``(n, 2)`` upright left and right of each piece.
        boxes: ``(n, 4)`` of the same pieces.
        pen: what the line's letters are like.
    """
    groups: list[list[int]] = [[i] for i in range(len(boxes))]
    for _ in range(3):
        units = [_unit(group, spans, boxes) for group in groups]
        joined = _join_once(units, pen)
        if len(joined) == len(groups):
            break
        groups = joined
    units = _with_stray_dots([_unit(group, spans, boxes) for group in groups], spans, boxes, pen)
    return sorted(units, key=lambda unit: (unit.left + unit.right, unit.left, unit.top, unit.bottom))


def _unit(group: list[int], spans: Floats, boxes: Floats) -> Unit:
    members = np.array(sorted(group), np.intp)
    return Unit(
        members,
        float(spans[members, 0].min()), float(spans[members, 1].max()),
        float(boxes[members, 1].min()), float(boxes[members, 3].max()),
    )  # fmt: skip


def _join_once(units: list[Unit], pen: Pen) -> list[list[int]]:
    order = sorted(range(len(units)), key=lambda i: (units[i].left, units[i].top, units[i].right))
    leader = list(range(len(units)))

    def find(i: int) -> int:
        while leader[i] != i:
            i = leader[i]
        return i

    for position, i in enumerate(order):
        for j in order[position + 1 :]:
            if units[j].left > units[i].right + 0.4 * pen.height:
                break
            if _same_glyph(units[i], units[j], pen):
                leader[find(j)] = find(i)
    groups: dict[int, list[int]] = {}
    for i in order:
        groups.setdefault(find(i), []).extend(int(p) for p in units[i].pieces)
    return list(groups.values())


def _same_glyph(a: Unit, b: Unit, pen: Pen) -> bool:
    """Whether two units, one over the other or side by side, are parts of one glyph beyond doubt."""
    overlap = min(a.right, b.right) - max(a.left, b.left)
    small = a if max(a.height, 0.7 * a.width) <= max(b.height, 0.7 * b.width) else b
    share = overlap / max(min(a.width, b.width), 1.0)
    if is_small(small, pen):
        apart = max(a.top, b.top) - min(a.bottom, b.bottom)
        return share >= 0.4 and apart <= 0.65 * pen.height and _fits(a, b, pen)
    if is_stem(a, pen) or is_stem(b, pen):
        return share >= 0.6 and _fits(a, b, pen)
    return share >= 0.75


def _fits(a: Unit, b: Unit, pen: Pen) -> bool:
    return max(a.right, b.right) - min(a.left, b.left) <= max(1.4 * pen.height, a.width, b.width)


def _with_stray_dots(units: list[Unit], spans: Floats, boxes: Floats, pen: Pen) -> list[Unit]:
    """Dots of i and j that strayed to the side are given to the nearest stem that has none."""
    dots = [u for u in units if is_small(u, pen) and max(u.width, u.height) <= max(2.2 * pen.stroke, 0.3 * pen.height)]
    for dot in sorted(dots, key=lambda u: (u.left, u.top)):
        stems = [u for u in units if u is not dot and _may_carry(u, dot, pen)]
        if stems:
            stem = min(stems, key=lambda u: (abs(u.left + u.right - dot.left - dot.right), u.left, u.top))
            units = [u for u in units if u is not dot and u is not stem]
            units.append(_unit([*map(int, stem.pieces), *map(int, dot.pieces)], spans, boxes))
    return units


def _may_carry(stem: Unit, dot: Unit, pen: Pen) -> bool:
    if len(stem.pieces) > 1 or not is_stem(stem, pen) or stem.height > 0.95 * pen.height:
        return False
    aside = max(dot.left - stem.right, stem.left - dot.right)
    above = stem.top - dot.bottom
    return aside <= 0.25 * pen.height and -0.5 * dot.height <= above <= 0.5 * pen.height


def is_small(unit: Unit, pen: Pen) -> bool:
    """A dot, bar, comma, accent or fragment rather than a letter."""
    return unit.height < 0.35 * pen.height or (unit.height < 0.45 * pen.height and unit.width < 1.8 * pen.stroke)


def is_stem(unit: Unit, pen: Pen) -> bool:
    """A lone upright stroke."""
    return unit.width <= max(1.8 * pen.stroke, 0.2 * pen.height) and unit.height >= 0.4 * pen.height


def line_chunks(parts: InkParts, line: Indices, spans: Floats, pen: Pen) -> tuple[list[InkChunk], Floats]:
    """The chunks of a line from left to right, and the upright white gap before each but the first."""
    units = gather_units(spans, parts.boxes[line], pen)
    groups: list[list[Unit]] = []
    cuts: list[list[Cut]] = []
    top = float(parts.boxes[line, 1].min())
    typical = _typical_gap(units, pen)
    room = 0
    for unit in units:
        found = find_cuts(parts, line[unit.pieces], unit.left, unit.right, unit.height, top, pen)
        joins = groups and len(found) < room and _may_join(groups[-1][-1], unit, typical, pen)
        if joins:
            groups[-1].append(unit)
            cuts[-1].append(_gap_between(groups[-1][-2], unit, pen))
            room -= 1 + len(found)
        else:
            groups.append([unit])
            cuts.append([])
            room = MOST_CUTS - len(found)
        cuts[-1].extend(found)
    chunks = [_chunk(parts, line, group, opened, top, pen) for group, opened in zip(groups, cuts, strict=True)]
    gaps = [
        after[0].left - max(unit.right for unit in before) for before, after in zip(groups, groups[1:], strict=False)
    ]
    return chunks, np.array(gaps, float)


def _typical_gap(units: list[Unit], pen: Pen) -> float:
    gaps = [b.left - a.right for a, b in zip(units, units[1:], strict=False)]
    positive = [gap for gap in gaps if gap > 0]
    return float(np.median(positive)) if len(positive) >= 4 else pen.height


def _may_join(a: Unit, b: Unit, typical: float, pen: Pen) -> bool:
    """Whether two neighbours may be the strokes of one letter that do not quite touch: | and < of a K."""
    gap = b.left - a.right
    if gap > min(1.3 * pen.stroke, 0.17 * pen.height) or gap > 0.6 * typical:
        return False
    if max(a.right, b.right) - min(a.left, b.left) > 1.2 * pen.height:
        return False
    beside = min(a.bottom, b.bottom) - max(a.top, b.top)
    return beside > 0.3 * min(a.height, b.height) and any(is_stem(u, pen) or is_small(u, pen) for u in (a, b))


def _gap_between(a: Unit, b: Unit, pen: Pen) -> Cut:
    """An open place between two units: joining costs more the wider the gap."""
    gap = max(b.left - a.right, 0.0) / pen.stroke
    return Cut(None, split=max(0.3 - gap, 0.0), join=0.2 + 0.8 * gap)


def _chunk(parts: InkParts, line: Indices, units: list[Unit], cuts: list[Cut], top: float, pen: Pen) -> InkChunk:
    pieces = [line[unit.pieces] for unit in units]
    if not cuts:
        box, ink = candidate_patches(parts, Atoms.whole(pieces[0]), [(0, 1)], pen.stroke)[0]
        return InkChunk((InkCandidate(0, 1, box, ink),))
    atoms = Atoms.opened(parts, pieces, [cut.position for cut in cuts], top, pen.slant)
    spans = _plausible_spans(atoms.edges(units[0].left, units[-1].right, [(u.left, u.right) for u in units]), cuts, pen)
    patches = candidate_patches(parts, atoms, [(start, end) for start, end, _ in spans], pen.stroke)
    candidates = tuple(
        InkCandidate(start, end, box, ink, penalty)
        for (start, end, penalty), (box, ink) in zip(spans, patches, strict=True)
    )
    return InkChunk(candidates, len(cuts) + 1)


def _plausible_spans(edges: Floats, cuts: list[Cut], pen: Pen) -> list[tuple[int, int, float]]:
    """Spans of atoms that could be one glyph, each with its penalty; single atoms and the whole are always among them."""
    count = len(cuts) + 1
    result = []
    for start in range(count):
        for end in range(start + 1, count + 1):
            width = edges[end - 1, 1] - edges[start, 0]
            whole = (start, end) == (0, count)
            if end > start + 1 and width > 1.35 * pen.height and not whole:
                break
            penalty = sum(cuts[k].join for k in range(start, end - 1))
            penalty += cuts[start - 1].split / 2 if start else 0.0
            penalty += cuts[end - 1].split / 2 if end < count else 0.0
            penalty += 3.0 * max(width / pen.height - 1.15, 0.0)
            penalty += 1.0 if not whole and width < 0.8 * pen.stroke else 0.0
            result.append((start, end, round(float(penalty), 4)))
    if result[-1][:2] != (0, count) and not any(span[:2] == (0, count) for span in result):
        width = edges[-1, 1] - edges[0, 0]
        penalty = sum(cut.join for cut in cuts) + 3.0 * max(width / pen.height - 1.15, 0.0)
        result.append((0, count, round(float(penalty), 4)))
    return result
