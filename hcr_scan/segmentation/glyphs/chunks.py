"""Pieces of ink put together to glyphs, taken apart where glyphs touch, and handed over as candidates.

A letter may be several pieces (i, E with a loose bar, a broken stroke) and a piece several letters. What geometry
cannot settle stays open: a :class:`InkChunk` offers every plausible reading and the classifier chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Ink
from hcr_scan.segmentation.glyphs.cuts import Cut, find_cuts
from hcr_scan.segmentation.glyphs.units import Pen, Unit, gather_units, is_small, is_stem
from hcr_scan.segmentation.ink.parts import Floats, Indices, InkParts
from hcr_scan.segmentation.ink.patches import Atoms, candidate_patches, whole_patch

#: Most places at which one chunk is opened, where it is not so wide that it must hold more glyphs.
MOST_CUTS = 6
#: The widest letters are this many letter heights wide; price (nats) of every further height.
WIDEST_LETTER, WIDTH_PRICE = 1.3, 3.0


@dataclass(frozen=True, slots=True)
class InkCandidate:
    """A possible glyph from cut ``start`` to cut ``end`` of its chunk.

    ``box`` is the tight box in pixels of the ink given; ``ink`` is the glyph's own soft ink (a little larger than the
    box, other glyphs erased), ready for ``normalize_glyph``; ``penalty`` (nats, >= 0) is what geometry holds against
    it.
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


def line_chunks(parts: InkParts, line: Indices, spans: Floats, pen: Pen) -> tuple[list[InkChunk], Floats]:
    """The chunks of a line from left to right, and the upright white gap before each but the first."""
    members, boxes = line.tolist(), parts.boxes[line]
    units = gather_units(spans, boxes, pen)
    groups: list[list[Unit]] = []
    cuts: list[list[Cut]] = []
    top = float(boxes[:, 1].min())
    typical = _typical_gap(units, pen)
    room = 0
    for unit in units:
        found = find_cuts(parts, members, unit, top, pen)
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
    chunks = [_chunk(parts, members, group, opened, top, pen) for group, opened in zip(groups, cuts, strict=True)]
    gaps = [after[0].left - max(unit.right for unit in before) for before, after in pairwise(groups)]
    return chunks, np.array(gaps, float)


def _typical_gap(units: list[Unit], pen: Pen) -> float:
    gaps = [b.left - a.right for a, b in pairwise(units)]
    positive = [gap for gap in gaps if gap > 0]
    return median(positive) if len(positive) >= 4 else pen.height


def _may_join(a: Unit, b: Unit, typical: float, pen: Pen) -> bool:
    """Whether two neighbors may be the strokes of one letter that do not quite touch: | and < of a K."""
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


def _chunk(parts: InkParts, line: Sequence[int], units: list[Unit], cuts: list[Cut], top: float, pen: Pen) -> InkChunk:
    pieces = [[line[i] for i in unit.pieces] for unit in units]
    if not cuts:
        box, ink = whole_patch(parts, pieces[0], pen.stroke)
        return InkChunk((InkCandidate(0, 1, box, ink),))
    atoms = Atoms.opened(parts, pieces, [cut.position for cut in cuts], top, pen.slant)
    empty = atoms.empty_cuts()
    if empty:
        kept = [cut for k, cut in enumerate(cuts) if k not in empty]
        return _chunk(parts, line, units, kept, top, pen)
    spans = _plausible_spans(atoms.edges(units[0].left, units[-1].right, [(u.left, u.right) for u in units]), cuts, pen)
    patches = candidate_patches(parts, atoms, [(start, end) for start, end, _ in spans], pen.stroke)
    candidates = tuple(
        InkCandidate(start, end, box, ink, penalty)
        for (start, end, penalty), (box, ink) in zip(spans, patches, strict=True)
    )
    return InkChunk(candidates, len(cuts) + 1)


def _plausible_spans(edges: Floats, cuts: list[Cut], pen: Pen) -> list[tuple[int, int, float]]:
    """Spans of atoms that could be one glyph, each with its penalty; single atoms and the whole are among them."""
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
            penalty += _too_wide(width, pen)
            penalty += 1.0 if not whole and width < 0.8 * pen.stroke else 0.0
            result.append((start, end, round(float(penalty), 4)))
    if result[-1][:2] != (0, count) and not any(span[:2] == (0, count) for span in result):
        width = edges[-1, 1] - edges[0, 0]
        penalty = sum(cut.join for cut in cuts) + _too_wide(width, pen)
        result.append((0, count, round(float(penalty), 4)))
    return result


def _too_wide(width: float, pen: Pen) -> float:
    """What a span's width holds against its being one glyph: nothing up to a broad W."""
    return WIDTH_PRICE * max(width / pen.height - WIDEST_LETTER, 0.0)
