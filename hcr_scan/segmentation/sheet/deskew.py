"""How far a page of plain writing is tilted, from the heights its letters stand at."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import Homography
from hcr_scan.images import Components
from hcr_scan.segmentation.sheet.orientation import letter_like

Floats = npt.NDArray[np.float64]

#: Largest tilt looked for and smallest worth resampling the page for, in degrees. Writing climbs and falls by a degree.
LARGEST, SMALLEST = 15.0, 1.5
#: Fewest letters that tell.
FEWEST = 24
#: How much better letters line up along the tilt than level before it is believed.
BETTER = 1.12
#: How much better leaves no doubt (letters strewn at random reach 1.4 by chance).
PLAINLY_BETTER = 1.5
#: Degrees by which the parts of the page may differ.
AGREEMENT = 1.5


def writing_tilt(components: Components) -> float:
    """Degrees clockwise that the lines of writing run downhill; 0 where the page is level, or not all of it agrees.

    ``components`` are the pieces of ink on it.
    """
    letters = letter_like(components)
    if len(letters) < FEWEST:
        return 0.0
    boxes = components.boxes[letters].astype(np.float64)
    across = (boxes[:, 0] + boxes[:, 2]) / 2
    size = float(np.median(boxes[:, 3] - boxes[:, 1]))
    tilt, better = _best_tilt(across, boxes, size)
    if abs(tilt) < SMALLEST or better < BETTER:
        return 0.0
    if better > PLAINLY_BETTER:
        return tilt
    for values in (across, boxes[:, 1]):
        for half in (values <= np.median(values), values > np.median(values)):
            own, _ = _best_tilt(across[half], boxes[half], size)
            if abs(own - tilt) > AGREEMENT:
                return 0.0
    return tilt


def level_writing(components: Components, width: int, height: int) -> tuple[Homography | None, int, int]:
    """The map that levels a page of writing, if it needs one, and the size of the raster that holds all of the page."""
    tilt = writing_tilt(components)
    return turned_back(tilt, width, height) if tilt else (None, width, height)


def turned_back(tilt: float, width: int, height: int) -> tuple[Homography, int, int]:
    """The map that turns a page counter-clockwise by ``tilt`` degrees, and the size of the raster for it."""
    c, s = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    right, bottom = math.ceil(width * c + height * abs(s)), math.ceil(height * c + width * abs(s))
    dx = right / 2 - (c * width + s * height) / 2
    dy = bottom / 2 - (c * height - s * width) / 2
    return Homography((c, s, dx, -s, c, dy, 0.0, 0.0, 1.0)), right, bottom


def _best_tilt(across: Floats, boxes: Floats, size: float) -> tuple[float, float]:
    """The tilt along which tops and bottoms of letters line up best, and how many times better than level."""
    if len(across) < FEWEST // 2:
        return 0.0, 1.0
    coarse = np.arange(-LARGEST, LARGEST + 0.01, 0.5)
    scores = _scores(coarse, across, boxes, size)
    middle = coarse[int(np.argmax(scores))]
    fine = middle + np.arange(-5, 6) / 10
    fine_scores = _scores(fine, across, boxes, size)
    level = float(_scores(np.zeros(1), across, boxes, size)[0])
    return float(fine[int(np.argmax(fine_scores))]), float(fine_scores.max()) / max(level, 1e-9)


def _scores(tilts: Floats, across: Floats, boxes: Floats, size: float) -> Floats:
    """How unevenly tops and bottoms spread over the heights of a page turned back by each tilt."""
    slopes = np.tan(np.radians(tilts))[:, None]
    total = np.zeros(len(tilts))
    for edge in (boxes[:, 1], boxes[:, 3]):
        heights = (edge - slopes * across) / (size / 4)
        heights = heights - heights.min(axis=1, keepdims=True)
        base = np.floor(heights).astype(np.intp)
        rest = heights - base
        bins = int(base.max()) + 2
        rows = np.arange(len(tilts))[:, None] * bins
        counts = np.bincount((rows + base).ravel(), (1 - rest).ravel(), len(tilts) * bins)
        counts += np.bincount((rows + base + 1).ravel(), rest.ravel(), len(tilts) * bins)
        counts = counts.reshape(len(tilts), bins)
        # Neighbors count too, so that it makes no difference where a bin begins.
        total += (counts**2).sum(axis=1) + (counts[:, 1:] * counts[:, :-1]).sum(axis=1)
    return total
