"""The ink of a form that lies in none of its cells and boxes: labels, and what people wrote beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Ink, Mask, above, connected_components, dilate, opening
from hcr_scan.order_statistics import quantile_of
from hcr_scan.segmentation.glyphs.chunks import InkChunk, InkLine
from hcr_scan.segmentation.ink.parts import ink_threshold
from hcr_scan.segmentation.ink.rules import Rules
from hcr_scan.segmentation.lines.finding import find_lines
from hcr_scan.segmentation.places import InkPlace

#: How far around a place its frame reaches: as a share of a cell's height, and in pixels.
FRAME, THINNEST_FRAME = 0.15, 3
#: One hand writes letters that differ in height by less than this factor, wherever it writes; how many show its height.
OTHER_SIZE, FEWEST_LETTERS = 1.6, 5
#: Where letters are of both cases, this share of them is lower than most capitals, and none is so many times as high.
SMALL_LETTERS, CAPITAL = 0.8, 1.3
#: A tick is at least this share of its box high.
TICK = 0.7
#: Ink higher or wider than letters that is rules to this share is what is left of a frame.
RULE_SHARE = 0.6
#: Such a piece that is longer than so many of the longest letters is a rail, and may be one with what is written on it:
#: what it leaves that is lower than this share of that is a crumb.
WRITTEN_ON, CRUMB = 2.0, 0.25


def lines_outside(
    ink: Ink,
    rules: Rules,
    places: Sequence[InkPlace],
    written: Sequence[Sequence[InkChunk]],
    *,
    one_size: bool = False,
) -> list[InkLine]:
    """Lines in no place: labels, and notes in the same hand.

    Args:
        ink: of the page.
        rules: of the page.
        places: to write in.
        written: of each place what is written there rather than printed.
        one_size: only those whose letters are about as high as that.
    """
    outside = _ink_outside(ink, places)
    heights = [
        candidate.box.height
        for place, chunks in zip(places, written, strict=True)
        for chunk in chunks
        for candidate in chunk.candidates
        if not _is_tick(candidate.box, place)
    ]
    if len(heights) < FEWEST_LETTERS:
        return find_lines(outside)
    height = median(heights)
    longest = max(OTHER_SIZE * height, CAPITAL * quantile_of(heights, SMALL_LETTERS))
    lines = find_lines(_without_frames(outside, rules, longest))
    return [line for line in lines if not one_size or 1 / OTHER_SIZE <= line.height / height <= OTHER_SIZE]


def _is_tick(mark: BoundingBox, place: InkPlace) -> bool:
    """Whether what is written in a place is a lone mark as high as its box: letters leave more room."""
    return place.written == 1 and mark.height >= TICK * place.box.height


def _ink_outside(ink: Ink, places: Sequence[InkPlace]) -> Ink:
    """The page's ink without that of the places and their frames."""
    outside = ink.copy()
    for place in places:
        for box in (with_frame(place), *_glyphs(place)):
            inside = box.clipped(ink.shape[1], ink.shape[0])
            outside[inside.top : inside.bottom, inside.left : inside.right] = 0
    return outside


def with_frame(place: InkPlace) -> BoundingBox:
    """A place and the frame around it."""
    cell = place.cells[0].box.height if place.cells else 0
    return place.box.grown(max(THINNEST_FRAME, round(FRAME * cell)))


def _glyphs(place: InkPlace) -> list[BoundingBox]:
    """The boxes of what is written in a place, which may reach beyond it."""
    in_cells = [cell.chunk for cell in place.cells if cell.chunk is not None]
    in_lines = [chunk for line in place.lines for word in line.words for chunk in word.chunks]
    boxes = [candidate.box for chunk in in_cells for candidate in chunk.candidates]
    return boxes + [
        candidate.box.shifted(place.left, place.top) for chunk in in_lines for candidate in chunk.candidates
    ]


def _without_frames(ink: Ink, rules: Rules, longest: float) -> Ink:
    """The ink without the pieces longer than letters that are walls and rails of frames nobody found.

    What was written across a long one, and is one piece with it, stays.
    """
    pieces = connected_components(above(ink, ink_threshold(ink) - 1))
    sides = (pieces.boxes[:, 2:] - pieces.boxes[:, :2]).max(axis=1, initial=0)
    length = math.ceil(longest)
    result = ink
    for index in np.flatnonzero(sides > longest).tolist():
        if rules.share_of(pieces, index) > RULE_SHARE:
            result = result if result is not ink else ink.copy()
            box = pieces.box(index).grown(1).clipped(ink.shape[1], ink.shape[0])
            part = (slice(box.top, box.bottom), slice(box.left, box.right))
            own = (pieces.labels[part] == index + 1).view(np.uint8)
            gone = own > 0
            if sides[index] > WRITTEN_ON * longest:
                straight = dilate(opening(own, length, 1) | opening(own, 1, length), 3, 3)
                gone &= (straight > 0) | _crumbs(np.where(straight, np.uint8(0), own), CRUMB * longest)
            # With its soft edge, which what is looked for next in fainter ink would be made of.
            edge = (dilate(gone.view(np.uint8), 3, 3) > 0) & (pieces.labels[part] == 0)
            result[part][gone | edge] = 0
    return result


def _crumbs(left: Mask, least: float) -> npt.NDArray[np.bool_]:
    """What is left that is lower than ``least`` pixels, as no letter is."""
    found = connected_components(left)
    low = np.concatenate(([False], found.boxes[:, 3] - found.boxes[:, 1] < least))
    return np.asarray(low[found.labels], np.bool_)
