"""The ink of a form that lies in none of its cells and boxes: labels, and what people wrote beside them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Ink
from hcr_scan.segmentation.glyphs import InkLine
from hcr_scan.segmentation.lines import find_lines
from hcr_scan.segmentation.places import InkPlace

#: How far around a place its frame reaches, as a share of a cell's height.
FRAME = 0.15
#: One hand writes letters that differ in height by less than this factor, wherever it writes; how many show its height.
OTHER_SIZE, FEWEST_LETTERS = 1.6, 5


def lines_outside(ink: Ink, places: Sequence[InkPlace]) -> list[InkLine]:
    """Lines in no place whose letters are about as high as those in the places: labels, and notes in the same hand."""
    lines = find_lines(ink_outside(ink, places))
    heights = [box.height for place in places for box in _glyphs(place)]
    if len(heights) < FEWEST_LETTERS:
        return lines
    height = median(heights)
    return [line for line in lines if height / OTHER_SIZE <= line.height <= height * OTHER_SIZE]


def ink_outside(ink: Ink, places: Sequence[InkPlace]) -> Ink:
    """The page's ink without that of the places and their frames."""
    left_over = ink.copy()
    for place in places:
        height = place.cells[0].box.height if place.cells else 24
        reach = max(3, round(FRAME * height))
        for box in (place.box.grown(reach), *_glyphs(place)):
            inside = box.clipped(ink.shape[1], ink.shape[0])
            left_over[inside.top : inside.bottom, inside.left : inside.right] = 0
    return left_over


def _glyphs(place: InkPlace) -> list[BoundingBox]:
    """The boxes of what is written in a place, which may reach beyond it."""
    in_cells = [cell.chunk for cell in place.cells if cell.chunk is not None]
    in_lines = [chunk for line in place.lines for word in line.words for chunk in word.chunks]
    boxes = [c.box for chunk in in_cells for c in chunk.candidates]
    return boxes + [c.box.shifted(place.left, place.top) for chunk in in_lines for c in chunk.candidates]
