"""How much each pixel of a page looks like a piece of a printed frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.images import Components, Gray, Mask, above, at_most, box_blur, dilate
from hcr_scan.segmentation.ink.binarization import Paper
from hcr_scan.segmentation.ink.rules import Rules

#: Smallest cell, in working pixels (about 2.5 mm on A4).
SMALLEST_CELL = 20
#: Darkness of a rail is averaged over this many pixels: a rail is long, so it can be fainter than a wall.
RAIL_DASH = 11


@dataclass(frozen=True, slots=True)
class FrameEvidence:
    """How much each pixel looks like a piece of wall (upright) or rail (level), and the frame-like pixels."""

    #: Darkness up to ``cap``.
    capped: Gray
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


def gather_evidence(paper: Paper, rules: Rules, pieces: Components) -> FrameEvidence:
    """The evidence of a page: its darkness, its rules, and those pieces of strong ink that are shaped like frames."""
    threshold = max(1.3 * paper.noise, 5.0)
    cap = int(4 * threshold)
    capped = at_most(paper.darkness, cap)
    wall = dilate(box_blur(capped, 1, 5), 3, 1)
    rail = dilate(box_blur(capped, RAIL_DASH, 1), 1, 3)
    widths, heights = pieces.boxes[:, 2] - pieces.boxes[:, 0], pieces.boxes[:, 3] - pieces.boxes[:, 1]
    large = (np.maximum(widths, heights) >= 3 * SMALLEST_CELL) & (np.minimum(widths, heights) >= 1.5 * SMALLEST_CELL)
    thin = pieces.areas < 0.35 * widths * heights
    level, upright = dilate(rules.horizontal, 5, 1), dilate(rules.vertical, 1, 5)
    drawn = _mask_of(pieces, large & thin)
    drawn &= above(capped, threshold)
    frame = level
    frame |= upright
    frame |= drawn
    return FrameEvidence(capped, wall, rail, frame, drawn, _usual(wall), _usual(rail), cap)


def _usual(raster: Gray) -> float:
    """The median of a raster, from one pixel in nine."""
    some = raster[::3, ::3]
    at_most = np.cumsum(np.bincount(some.ravel(), minlength=256))
    middles = np.searchsorted(at_most, ((some.size - 1) // 2, some.size // 2), side="right")
    return float(middles.mean())


def _mask_of(found: Components, chosen: npt.NDArray[np.bool_]) -> Mask:
    """The ``chosen`` (n,) components as a mask."""
    sizes = found.boxes[chosen, 2:] - found.boxes[chosen, :2]
    if sizes.prod(axis=1, dtype=np.int64).sum() > found.labels.size:
        lookup = np.zeros(len(found) + 1, np.uint8)
        lookup[1:][chosen] = 255
        return lookup[found.labels]
    # Few and small as a rule: then their boxes are looked at alone.
    mask = np.zeros(found.labels.shape, np.uint8)
    for index in np.flatnonzero(chosen).tolist():
        left, top, right, bottom = found.boxes[index].tolist()
        mask[top:bottom, left:right][found.labels[top:bottom, left:right] == index + 1] = 255
    return mask
