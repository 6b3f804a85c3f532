"""Pieces of ink of one line joined to units: what is one glyph beyond doubt, or several that touch."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hcr_scan.segmentation.ink.parts import Floats


@dataclass(frozen=True, slots=True)
class Pen:
    """What a line's letters are like, in pixels.

    ``stroke`` is the width of the pen, ``height`` that of the taller letters, ``width`` that of the usual letter;
    ``slant`` is how far a stem leans to the right, in pixels per pixel upwards.
    """

    stroke: float
    height: float
    width: float
    slant: float


@dataclass(frozen=True, slots=True)
class Unit:
    """Pieces that belong to the same glyph or glyphs.

    ``pieces`` are indices into the line. ``left`` and ``right`` are upright, i.e. with the slant taken out.
    """

    pieces: tuple[int, ...]
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

    def joined(self, other: Unit) -> Unit:
        return Unit(
            tuple(sorted(self.pieces + other.pieces)),
            min(self.left, other.left),
            max(self.right, other.right),
            min(self.top, other.top),
            max(self.bottom, other.bottom),
        )


def gather_units(spans: Floats, boxes: Floats, pen: Pen) -> list[Unit]:
    """The pieces of one line joined to units, left to right.

    Args:
        spans: ``(n, 2)`` upright left and right of each piece.
        boxes: ``(n, 4)`` of the same pieces.
        pen: what the line's letters are like.
    """
    edges = zip(spans.tolist(), boxes.tolist(), strict=True)
    units = [Unit((i,), left, right, box[1], box[3]) for i, ((left, right), box) in enumerate(edges)]
    for _ in range(3):
        joined = _join_once(units, pen)
        if len(joined) == len(units):
            break
        units = joined
    units = _with_colons(_with_stray_dots(units, pen), pen)
    return sorted(units, key=lambda unit: (unit.left + unit.right, unit.left, unit.top, unit.bottom))


def _join_once(units: list[Unit], pen: Pen) -> list[Unit]:
    """Units joined wherever two of them, as they are, belong together."""
    units = sorted(units, key=lambda unit: (unit.left, unit.top, unit.right, unit.bottom))
    leader = list(range(len(units)))
    for i, unit in enumerate(units):
        for j in range(i + 1, len(units)):
            if units[j].left >= unit.right:
                break
            if _same_glyph(unit, units[j], pen):
                leader[_leader(leader, j)] = _leader(leader, i)
    groups: dict[int, Unit] = {}
    for i, unit in enumerate(units):
        first = _leader(leader, i)
        groups[first] = groups[first].joined(unit) if first in groups else unit
    return list(groups.values())


def _leader(leader: list[int], i: int) -> int:
    while leader[i] != i:
        i = leader[i]
    return i


def _same_glyph(a: Unit, b: Unit, pen: Pen) -> bool:
    """Whether two units, one over the other, are parts of one glyph beyond doubt."""
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


def _is_dot(unit: Unit, pen: Pen) -> bool:
    return is_small(unit, pen) and max(unit.width, unit.height) <= max(2.2 * pen.stroke, 0.3 * pen.height)


def _with_colons(units: list[Unit], pen: Pen) -> list[Unit]:
    """Two dots one above the other, with nothing else between, are one glyph even where they overlap little."""
    dots = sorted((u for u in units if len(u.pieces) == 1 and _is_dot(u, pen)), key=lambda u: (u.left, u.top))
    for a, b in pairwise(dots):
        aside = abs(a.left + a.right - b.left - b.right) / 2
        apart = max(a.top, b.top) - min(a.bottom, b.bottom)
        if a in units and b in units and aside <= 0.2 * pen.height and 0.1 * pen.height <= apart <= 0.8 * pen.height:
            units = [u for u in units if u is not a and u is not b]
            units.append(a.joined(b))
    return units


def _with_stray_dots(units: list[Unit], pen: Pen) -> list[Unit]:
    """Dots of i and j that strayed to the side are given to the nearest stem that has none."""
    dots = [u for u in units if _is_dot(u, pen)]
    for dot in sorted(dots, key=lambda u: (u.left, u.top)):
        stems = [u for u in units if u is not dot and _may_carry(u, dot, pen)]
        if stems:
            stem = min(stems, key=lambda u: (abs(u.left + u.right - dot.left - dot.right), u.left, u.top))
            units = [u for u in units if u is not dot and u is not stem]
            units.append(stem.joined(dot))
    return units


def _may_carry(stem: Unit, dot: Unit, pen: Pen) -> bool:
    if len(stem.pieces) > 1 or not is_stem(stem, pen) or stem.height > 0.95 * pen.height:
        return False
    aside = max(dot.left - stem.right, stem.left - dot.right)
    above = stem.top - dot.bottom
    return aside <= 0.25 * pen.height and -0.5 * dot.height <= above <= 0.5 * pen.height


def is_small(unit: Unit, pen: Pen) -> bool:
    """A dot, bar, comma, accent or fragment rather than a letter."""
    height = unit.bottom - unit.top
    return height < 0.35 * pen.height or (height < 0.45 * pen.height and unit.right - unit.left < 1.8 * pen.stroke)


def is_stem(unit: Unit, pen: Pen) -> bool:
    """A lone upright stroke."""
    narrow = unit.right - unit.left <= max(1.8 * pen.stroke, 0.2 * pen.height)
    return narrow and unit.bottom - unit.top >= 0.4 * pen.height
