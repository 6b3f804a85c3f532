"""Whether a check box is marked: a tick, a cross, a blot, a ring around it, or but a stroke that strays in.

What counts is how far ink reaches inside the box and how much of it there is, both in sides of the box, and whether
ink outside surrounds it. A logistic regression over these, fitted to drawn boxes (``benchmarks/marks.py``), gives the
probability; a hand that is unlike them all lands in the middle, and so before a person.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.forms.prepared_pages import ASTRAY
from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Gray, above, connected_components, dilate
from hcr_scan.segmentation.ink.binarization import FAINTEST_INK, Paper

#: The frame, and registration that is a pixel off, take up this share of the box at each side, and so many pixels.
FRAME_SHARE, FRAME_PIXELS = 0.12, 2
#: A ring is looked for as far around a box as this share of its side.
AROUND = 0.8
#: Directions around a box in which a ring is looked for.
DIRECTIONS = 24

#: Weights of the logistic regression: bias, reach, amount (square root), ring.
WEIGHTS = (-7.2, 12.6, 10.3, 17.5)


@dataclass(frozen=True, slots=True)
class MarkEvidence:
    """What there is to see of a mark.

    ``reach`` is how far ink reaches inside the box (the longer side of its largest piece, in sides of the box),
    ``amount`` the share of the inside that is ink, ``ring`` the share of directions in which ink outside surrounds it.
    """

    reach: float
    amount: float
    ring: float


def mark_probability(paper: Paper, printed: Gray, box: BoundingBox) -> float:
    """The probability that a check box is marked.

    Args:
        paper: the page, registered to its blank.
        printed: darkness of the blank, uint8, on the same raster.
        box: the inside of the check box.
    """
    seen = mark_evidence(paper, printed, box)
    bias, reach, amount, ring = WEIGHTS
    return 1 / (1 + math.exp(-(bias + reach * seen.reach + amount * math.sqrt(seen.amount) + ring * seen.ring)))


def mark_evidence(paper: Paper, printed: Gray, box: BoundingBox) -> MarkEvidence:
    """What :func:`mark_probability` goes by."""
    reach = round(AROUND * max(box.width, box.height))
    height, width = paper.darkness.shape
    around = box.grown(reach).clipped(width, height)
    window = (slice(around.top, around.bottom), slice(around.left, around.right))
    own = above(printed[window], FAINTEST_INK)
    ink = above(paper.darkness[window], max(FAINTEST_INK, 5 * paper.noise))
    ink[dilate(own, 2 * ASTRAY + 1, 2 * ASTRAY + 1) > 0] = 0
    inside = box.shifted(-around.left, -around.top)
    dx, dy = (max(FRAME_PIXELS, round(FRAME_SHARE * side)) for side in (box.width, box.height))
    core = ink[inside.top + dy : inside.bottom - dy, inside.left + dx : inside.right - dx]
    return MarkEvidence(*_inside(core), _ring(ink, inside))


def _inside(core: Gray) -> tuple[float, float]:
    if not core.any():
        return 0.0, 0.0
    pieces = connected_components(core)
    sizes = (pieces.boxes[:, 2:] - pieces.boxes[:, :2]) / np.array(core.shape[::-1])
    return float(sizes.max()), float(np.count_nonzero(core) / core.size)


def _ring(ink: Gray, inside: BoundingBox) -> float:
    """The share of directions from the middle of the box in which one piece of ink is met outside of it."""
    outside = ink.copy()
    outside[inside.top : inside.bottom, inside.left : inside.right] = 0
    if not outside.any():
        return 0.0
    pieces = connected_components(dilate(outside, 3, 3))
    x, y = inside.center
    best = 0
    for index in range(len(pieces)):
        rows, columns = np.nonzero(pieces.labels == index + 1)
        angles: npt.NDArray[np.float64] = np.arctan2(rows + 0.5 - y, columns + 0.5 - x)
        best = max(best, len(np.unique(((angles + np.pi) / (2 * np.pi) * DIRECTIONS).astype(int) % DIRECTIONS)))
    return best / DIRECTIONS
