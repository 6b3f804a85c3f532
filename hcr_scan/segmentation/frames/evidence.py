"""How much each pixel of a page looks like a piece of a printed frame."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hcr_scan.images import Components, Gray, Mask, above, at_most, box_blur, dilate
from hcr_scan.segmentation.ink.binarization import Paper
from hcr_scan.segmentation.ink.rules import Rules

#: Smallest cell, in working pixels (about 2.5 mm on A4).
SMALLEST_CELL = 20
#: Darkness of a rail is averaged over this many pixels: a rail is long, so it can be fainter than a wall.
RAIL_DASH = 11


@dataclass(frozen=True)
class FrameEvidence:
    """How much each pixel looks like a piece of wall (upright) or rail (level), and the frame-like pixels.

    What only pages with frames need is made when it is first asked for.
    """

    #: Darkness up to ``cap``.
    capped: Gray
    frame: Mask
    #: The part of ``frame`` that is as strong as writing.
    drawn: Mask
    #: The darkest that wall and rail can be.
    cap: int

    @cached_property
    def wall(self) -> Gray:
        return dilate(box_blur(self.capped, 1, 5), 3, 1)

    @cached_property
    def rail(self) -> Gray:
        return dilate(box_blur(self.capped, RAIL_DASH, 1), 1, 3)

    @cached_property
    def rail_near(self) -> Gray:
        """The darkest of ``rail`` at most three rows away."""
        return dilate(self.rail, 1, 7)

    @cached_property
    def bare_wall(self) -> float:
        """What ``wall`` is on bare paper."""
        return _usual(self.wall)

    @cached_property
    def bare_rail(self) -> float:
        """What ``rail`` is on bare paper."""
        return _usual(self.rail)

    def wall_level(self, share: float) -> int:
        """What ``wall`` exceeds where this share of a full wall's darkness shows; whole, so that bytes are compared."""
        return math.floor(self.bare_wall + share * (self.cap - self.bare_wall))

    def rail_level(self, share: float) -> int:
        """The same of ``rail``."""
        return math.floor(self.bare_rail + share * (self.cap - self.bare_rail))


def gather_evidence(paper: Paper, rules: Rules, pieces: Components) -> FrameEvidence:
    """The evidence of a page: its darkness, its rules, and those pieces of strong ink that are shaped like frames."""
    threshold = max(1.3 * paper.noise, 5.0)
    cap = int(4 * threshold)
    widths, heights = pieces.boxes[:, 2] - pieces.boxes[:, 0], pieces.boxes[:, 3] - pieces.boxes[:, 1]
    large = (np.maximum(widths, heights) >= 3 * SMALLEST_CELL) & (np.minimum(widths, heights) >= 1.5 * SMALLEST_CELL)
    thin = pieces.areas < 0.35 * widths * heights
    frame, upright = dilate(rules.horizontal, 5, 1), dilate(rules.vertical, 1, 5)
    drawn = _mask_of(pieces, large & thin)
    drawn &= above(paper.darkness, threshold)
    frame |= upright
    frame |= drawn
    return FrameEvidence(at_most(paper.beyond_tints, cap), frame, drawn, cap)


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
