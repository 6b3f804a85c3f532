"""Lines of hand-printing on plain or ruled paper: ink in, lines of words of glyph candidates out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hcr_scan.images import Components, Ink, connected_components
from hcr_scan.normalization import stroke_width
from hcr_scan.order_statistics import quantile_of
from hcr_scan.segmentation.glyphs.chunks import InkChunk, InkLine, InkWord, line_chunks
from hcr_scan.segmentation.glyphs.units import Pen
from hcr_scan.segmentation.ink.parts import Floats, Indices, InkParts, Scale, ink_threshold, measure_scale, without_dust
from hcr_scan.segmentation.ink.specks import without_noise
from hcr_scan.segmentation.lines.bands import Band, boxes_around, covered_shares, nearest_letters
from hcr_scan.segmentation.lines.grouping import group_letters, is_label, join_level_lines, leveled, page_slope
from hcr_scan.segmentation.lines.leaders import without_leaders
from hcr_scan.segmentation.lines.reading_order import reading_order
from hcr_scan.segmentation.lines.ruling import without_rules
from hcr_scan.segmentation.lines.upright import upright_spans, writing_slant
from hcr_scan.segmentation.lines.words import space_threshold, word_breaks

#: Pieces higher than this many typical letters may stand on two lines; they are placed once lines are known.
TALLEST_LETTER = 1.5
#: Nothing lower than this many pixels can be read.
LOWEST_LETTER = 5
#: Writing is at least this many pens long somewhere, or it is but dots; small writing this many pens high.
LONGER_THAN_DOT, THINNEST_LETTER = 2.0, 3.2
#: A line of very small writing has at least this many letters; fewer are specks.
FEWEST_SMALL = 3


@dataclass(frozen=True, slots=True)
class LineSpec:
    """How to look for lines. The defaults suit every page; nothing here is in pixels."""

    #: Ink of at least this strength (1..255) makes up the pieces, weaker ink only softens their edges; ``None``: found.
    threshold: int | None = None


def find_lines(ink: Ink, components: Components | None = None, spec: LineSpec | None = None) -> list[InkLine]:
    """The hand-printed lines of a page in reading order, each with its words and their glyph candidates.

    Everything is relative to the letters and the pen found on the page, so resolution does not matter; print and frames
    should have been erased before.

    Args:
        ink: soft ink, uint8 ``(height, width)``, 0 = paper.
        components: of the ink that makes up pieces, if at hand; ``spec.threshold`` is then without effect.
        spec: see :class:`LineSpec`.
    """
    spec = spec or LineSpec()
    if components is None:
        threshold = spec.threshold or ink_threshold(ink)
        components = connected_components((ink >= threshold).astype(np.uint8))
    parts = without_dust(InkParts.of(ink, components))
    if len(parts) == 0:
        return []
    parts, scale = _without_rules(parts, measure_scale(parts))
    parts = _in_canonical_order(without_noise(parts, scale))
    parts, lines, flat = _group(parts, scale)
    lines = [line for line in lines if _is_writing(parts, line, scale)]
    if not lines:
        return []
    boxes = boxes_around(flat, lines)
    lines = [lines[i] for i in reading_order(boxes, scale.height)]
    return _written(parts, lines, scale)


def _without_rules(parts: InkParts, scale: Scale) -> tuple[InkParts, Scale]:
    """The pieces without ruled and dotted lines, and the scale seen again where there were any."""
    left, seen = _without(without_rules, *_without(without_leaders, parts, scale))
    # Of a page of dotted lines the scale was that of the dots until most of them were gone.
    return (left, seen) if left is parts else _without(without_leaders, left, seen)


def _without(take_away: Callable[[InkParts, Scale], InkParts], parts: InkParts, scale: Scale) -> tuple[InkParts, Scale]:
    left = take_away(parts, scale)
    if left is parts:
        return parts, scale
    left = without_dust(left)
    return left, measure_scale(left)


def _in_canonical_order(parts: InkParts) -> InkParts:
    """Left to right, so that nothing depends on the order in which pieces were found."""
    left, top, right, bottom = parts.boxes.T
    return parts.kept(np.lexsort((parts.areas, bottom, right, top, left)))


def _group(parts: InkParts, scale: Scale) -> tuple[InkParts, list[Indices], Floats]:
    """The pieces, which of them are on each line, and their boxes with the page's slope taken out.

    A piece that spans two lines (a descender that touches a letter below) is cut between them, once they are known.
    """
    lines, flat, slope = _group_whole(parts, scale)
    bridges = _bridges(parts, flat, slope, lines, scale)
    if bridges:
        parts = _in_canonical_order(parts.divided(bridges))
        lines, flat, _ = _group_whole(parts, scale)
    return parts, lines, flat


def _group_whole(parts: InkParts, scale: Scale) -> tuple[list[Indices], Floats, float]:
    """Lines of the pieces as they are. Writing of one size is grouped at a time: what is left over may be a title, or
    small print under one.
    """
    slope = page_slope(parts.boxes[_letters(parts, scale)], scale.height)
    flat = leveled(parts.boxes, slope)
    lines: list[Indices] = []
    left = np.arange(len(parts))
    for _ in range(3):
        found, left = _lines_of_one_size(parts, flat, left, scale)
        lines += found
        if len(left) == 0:
            break
        scale = Scale(scale.stroke, measure_scale(parts.kept(left)).height)
    return join_level_lines(flat, lines), flat, slope


def _bridges(parts: InkParts, flat: Floats, slope: float, lines: list[Indices], scale: Scale) -> dict[int, list[int]]:
    """Pieces that stand on two lines or more, with the rows between them at which the least ink is cut."""
    result: dict[int, list[int]] = {}
    tall = parts.heights > TALLEST_LETTER * scale.height
    others = [line[~tall[line]] for line in lines]
    others = [line for line in others if len(line) >= FEWEST_SMALL]
    around = boxes_around(flat, others)
    for piece in np.flatnonzero(tall):
        middle = (flat[piece, 0] + flat[piece, 2]) / 2
        stood_on = np.flatnonzero(covered_shares(flat, others, around, flat[piece]) >= 0.5)
        bands = _apart(sorted(Band.of(flat, others[i]).here(middle) for i in stood_on))
        if len(bands) < 2:
            continue
        ink = parts.shape(int(piece)).sum(axis=1) / scale.stroke
        at = np.arange(len(ink)) + parts.boxes[piece, 1] - slope * middle
        # A descender reaches down to the next line; that line's letters seldom reach up into this one's.
        costs = [ink + np.abs(at - below) / (0.1 * scale.height) for _, (below, _) in pairwise(bands)]
        rows = sorted({max(1, int(np.argmin(cost))) + int(parts.boxes[piece, 1]) for cost in costs})
        result[int(piece)] = rows
    return result


def _apart(bands: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Bands from top to bottom without those that share most of their height with one before: runs of one line."""
    result: list[tuple[float, float]] = []
    for top, bottom in bands:
        if not result or min(bottom, result[-1][1]) - top < 0.4 * min(bottom - top, result[-1][1] - result[-1][0]):
            result.append((top, bottom))
    return result


def _letters(parts: InkParts, scale: Scale) -> Indices:
    """Pieces of the height of letters, small ones included; not dots, bars, nor what spans several lines."""
    heights = parts.heights
    return np.flatnonzero((heights >= 0.4 * scale.height) & (heights <= TALLEST_LETTER * scale.height))


def _lines_of_one_size(parts: InkParts, flat: Floats, among: Indices, scale: Scale) -> tuple[list[Indices], Indices]:
    """Lines of letters of about the scale's height with the dots and bars near them, and the pieces left over."""
    letters = among[_letters(parts.kept(among), scale)]
    if len(letters) == 0:
        return [], among
    lines = [letters[run] for run in group_letters(flat[letters], scale.height)]
    rest = np.setdiff1d(among, letters)
    tall = rest[parts.heights[rest] > scale.height]
    lines, placed = _with_tall(flat, lines, tall)
    small = np.setdiff1d(rest, tall)
    if len(small):
        lines, floating = _with_small(flat, lines, small, scale)
        placed = np.concatenate((placed, floating))
    return [np.sort(line) for line in lines], np.setdiff1d(rest, placed)


def _with_tall(flat: Floats, lines: list[Indices], tall: Indices) -> tuple[list[Indices], Indices]:
    """Lines with the long letters (j, brackets, large capitals) that stand on them, and which these are."""
    joins: dict[int, list[int]] = {}
    around = boxes_around(flat, lines)
    for piece in tall:
        share = covered_shares(flat, lines, around, flat[piece])
        best = int(np.argmax(share))
        if share[best] >= 0.5:
            joins.setdefault(best, []).append(int(piece))
    lines = [np.concatenate((line, np.array(joins.get(i, ()), np.intp))) for i, line in enumerate(lines)]
    return lines, np.array(sorted(p for found in joins.values() for p in found), np.intp)


def _with_small(flat: Floats, lines: list[Indices], small: Indices, scale: Scale) -> tuple[list[Indices], Indices]:
    """Lines with the dots, bars and fragments that float near their letters, and which these are."""
    owner = np.concatenate([np.full(len(line), index) for index, line in enumerate(lines)])
    letters = np.concatenate(lines)
    nearest, _ = nearest_letters(flat[letters], flat[small], scale.height)
    joins = np.where(nearest >= 0, owner[nearest], -1)
    for index, line in enumerate(lines):
        near = np.flatnonzero(joins == index)
        if len(near):
            top, bottom = Band.of(flat, line).at((flat[small[near], 0] + flat[small[near], 2]) / 2)
            middle = (flat[small[near], 1] + flat[small[near], 3]) / 2
            # Small writing under a title is near it too, but hangs lower than any comma.
            away = (middle < top - 0.6 * scale.height) | (middle > bottom + 0.45 * scale.height)
            bands = zip(small[near], top, bottom, strict=True)
            label = [is_label(flat[piece], over, under, scale.height) for piece, over, under in bands]
            joins[near[away | label]] = -1
    return [np.concatenate((line, small[joins == index])) for index, line in enumerate(lines)], small[joins >= 0]


def _is_writing(parts: InkParts, line: Indices, scale: Scale) -> bool:
    """Whether a line is more than dots and specks; one of unusually low pieces must be several, of thin strokes."""
    heights = parts.heights[line]
    tallest = line[np.argsort(-heights, kind="stable")[:5]]
    if heights.max() < LOWEST_LETTER:
        return False
    longest = np.maximum(parts.heights[tallest], parts.widths[tallest])
    if heights.max() >= 0.6 * scale.height and longest.max() >= 2 * LONGER_THAN_DOT * scale.stroke:
        return True
    pens = np.array([stroke_width(parts.shape(int(piece)).view(np.uint8) * np.uint8(255)) for piece in tallest])
    if heights.max() >= 0.6 * scale.height:
        return bool((longest / pens).max() >= LONGER_THAN_DOT)
    if heights.max() < 0.35 * scale.height and np.count_nonzero(heights > 0.5 * heights.max()) < FEWEST_SMALL:
        return False
    return bool(np.median(parts.heights[tallest] / pens) >= THINNEST_LETTER)


def _written(parts: InkParts, lines: list[Indices], scale: Scale) -> list[InkLine]:
    letters = np.concatenate([line[parts.heights[line] > 0.4 * scale.height] for line in lines])
    slant = writing_slant(parts, np.sort(letters), scale)
    read: list[tuple[list[InkChunk], Floats, float]] = []
    for line in lines:
        spans = upright_spans(parts, line, slant)
        pen = _pen(parts, line, spans, scale, slant)
        chunks, gaps = line_chunks(parts, line, spans, pen)
        read.append((chunks, gaps / pen.height, pen.height))
    usual = space_threshold(np.concatenate([gaps for _, gaps, _ in read]))
    return [InkLine(_words(chunks, word_breaks(gaps, usual)), height) for chunks, gaps, height in read]


def _pen(parts: InkParts, line: Indices, spans: Floats, scale: Scale, slant: float) -> Pen:
    heights, widths = parts.heights[line], spans[:, 1] - spans[:, 0]
    tall = heights >= 0.45 * quantile_of(heights, 0.9)
    height = quantile_of(heights[tall], 0.75)
    broad = tall & (widths > 1.8 * scale.stroke) & (widths < 1.3 * height)
    # Rather too narrow than too wide: touching letters widen the median, and a needless cut costs little.
    width = quantile_of(widths[broad], 0.4) if broad.sum() >= 3 else 0.65 * height
    return Pen(scale.stroke, height, min(max(width, 0.4 * height), 0.9 * height), slant)


def _words(chunks: list[InkChunk], breaks: list[int]) -> tuple[InkWord, ...]:
    bounds = [0, *(i + 1 for i in breaks), len(chunks)]
    return tuple(InkWord(tuple(chunks[a:b])) for a, b in pairwise(bounds))
