"""Printed rules: the thin straight strokes that frames, combs, tables and ruled paper are made of, however faint.

A rule is found by averaging darkness along its direction, which lifts a line that is weaker than the grain of the paper
out of the noise, and by asking that both of its sides are lighter. Dotted and grey walls average to the same thing as
a thin pale line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.images import (
    Gray,
    Mask,
    above,
    at_most,
    beside,
    connected_components,
    difference,
    dilate,
    opening,
    row_sums,
    transposed,
)
from hcr_scan.segmentation.binarization import Paper

#: A rule is thinner than this many pixels of the working raster (1 mm).
THICKEST_RULE = 9
#: Dashed and faint rules are thinner than this.
THINNEST_SIDE = 5
#: Length in working pixels over which a rule must be unbroken; shorter strokes are writing or print.
SHORTEST_RULE = 29
#: Darkness is averaged over this many pixels along the rule, which bridges dots and dashes.
DASH = 9


@dataclass(frozen=True, slots=True)
class Rules:
    """Masks of horizontal and of vertical rules."""

    horizontal: Mask
    vertical: Mask


def find_rules(paper: Paper, coarser: int = 1) -> Rules:
    """All thin straight horizontal and vertical strokes of at least :data:`SHORTEST_RULE` pixels.

    The paper may be that many times ``coarser`` than the working raster.
    """
    # Dark writing must not outvote a faint wall: everything above the cap counts the same.
    threshold = max(1.3 * paper.noise, 5.0)
    capped = at_most(paper.darkness, int(4 * threshold))
    horizontal = _along_rows(capped, threshold, coarser)
    vertical = transposed(_along_rows(transposed(capped), threshold, coarser))
    return Rules(horizontal, vertical)


def _along_rows(capped: Gray, threshold: float, coarser: int) -> Mask:
    """Pixels on a row that is dark almost without a break, with both sides mostly lighter.

    A dashed or faint rule must be thin and a thick one solid: a row of small print is neither.
    """
    solid = above(capped, threshold)
    dash = DASH // coarser | 1
    dashed = above(row_sums(capped, dash), min(dash * (int(threshold) + 0.5), 254))
    shortest = SHORTEST_RULE // coarser | 1
    ridge = _ridge(dashed, shortest, 0.8, THINNEST_SIDE // coarser | 1)
    ridge |= _ridge(solid, shortest, 0.92, THICKEST_RULE // coarser | 1)
    middle = opening(ridge, shortest // 2, 1)
    # The cover falls off within half its length of an end: grow back along the dark pixels.
    return dilate(middle, shortest // 2 | 1, 1) & dashed


def _ridge(dark: Mask, shortest: int, least: float, distance: int) -> Mask:
    """Dark pixels in a stretch of row that is dark to at least this share, and darker than rows at a distance."""
    cover = row_sums(dark & np.uint8(1), shortest)
    return above(cover, least * shortest) & above(difference(cover, beside(cover, distance)), 0.2 * shortest) & dark


def rule_segments(mask: Mask, shortest: int, thickest: int = THICKEST_RULE) -> npt.NDArray[np.float64]:
    """Long rules of a horizontal mask as segments ``(n, 4)``: x0, y0, x1, y1 of the middle of their two ends.

    Pass the transposed vertical mask to get vertical rules with x and y exchanged.
    """
    found = connected_components(mask)
    lengths = found.boxes[:, 2] - found.boxes[:, 0]
    thickness = found.areas / np.maximum(lengths, 1)
    keep = np.flatnonzero((lengths >= shortest) & (thickness < thickest))
    segments = np.zeros((len(keep), 4))
    for row, index in enumerate(keep):
        left, top, right, bottom = found.boxes[index].tolist()
        end = max(3, (right - left) // 10)
        y0, x0 = (float(v.mean()) for v in np.nonzero(found.labels[top:bottom, left : left + end] == index + 1))
        y1, x1 = (float(v.mean()) for v in np.nonzero(found.labels[top:bottom, right - end : right] == index + 1))
        segments[row] = (left + x0, top + y0, right - end + x1, top + y1)
    return segments
