"""Ink that is not writing: specks, shadows along the page's edge, staple holes, and bare rules and folds."""

from __future__ import annotations

import numpy as np

from hcr_scan.normalization import stroke_width
from hcr_scan.segmentation.ink.parts import Flags, InkParts, Scale

#: A dot made by the pen covers at least this share of the pen's width squared.
SMALLEST_DOT = 0.3
#: No stroke is thicker than this many pens: what is, is a shadow, a hole or a bar. But print may be finer than the pen:
#: so many pieces are a pen's that are this many times as long as thick, and fill no more of their boxes than this.
THICKEST_STROKE, OF_ANOTHER_PEN, LONGER_THAN_HOLE, FULLEST_LETTER = 3.0, 3, 2.0, 0.8
#: No stroke of a letter is this many times longer than it is wide.
LONGEST_STROKE = 30.0
#: What stays within this share of a letter's height from the raster's edge, and touches it, came from beyond.
EDGE = 0.35


def without_noise(parts: InkParts, scale: Scale) -> InkParts:
    """The pieces that may be writing."""
    return parts.kept(
        ~(_specks(parts, scale) | _bare_rules(parts, scale) | _edge_shadows(parts, scale) | _blobs(parts, scale))
    )


def _specks(parts: InkParts, scale: Scale) -> Flags:
    return parts.areas < SMALLEST_DOT * scale.stroke**2


def _bare_rules(parts: InkParts, scale: Scale) -> Flags:
    """Long, thin and nearly straight along the page's sides: rules, underlines, folds."""
    widths, heights = parts.widths, parts.heights
    result = np.zeros(len(parts), np.bool_)
    for along, across in ((widths, heights), (heights, widths)):
        thickness = parts.areas / along
        straight = across <= 0.2 * along + 2 * thickness
        thin = thickness <= 1.6 * scale.stroke
        result |= straight & thin & (along >= LONGEST_STROKE * thickness) & (along >= 2 * scale.height)
    return result


def _edge_shadows(parts: InkParts, scale: Scale) -> Flags:
    height, width = parts.ink.shape
    left, top, right, bottom = parts.boxes.T
    reach = EDGE * scale.height
    result: Flags = (
        ((left <= 0) & (right <= reach))
        | ((top <= 0) & (bottom <= reach))
        | ((right >= width) & (left >= width - reach))
        | ((bottom >= height) & (top >= height - reach))
    )
    return result


def _blobs(parts: InkParts, scale: Scale) -> Flags:
    pens = np.zeros(len(parts))
    boxes = parts.widths * parts.heights
    large = parts.areas > 12 * scale.stroke**2
    for index in np.flatnonzero(large & (parts.areas > 0.5 * boxes)):
        pens[index] = stroke_width(parts.shape(int(index)).view(np.uint8) * np.uint8(255))
    thick: Flags = pens > THICKEST_STROKE * scale.stroke
    longest = np.maximum(parts.widths, parts.heights)
    written = thick & (longest >= LONGER_THAN_HOLE * pens) & (parts.areas <= FULLEST_LETTER * boxes)
    return thick & ~written if np.count_nonzero(written) >= OF_ANOTHER_PEN else thick
