"""The one way ink becomes model input; scanning and the training data set both call it.

The bundle's :class:`CropSpec` says how crops look and nothing else can: change what :func:`normalize_glyph` returns for
any input and :data:`NORMALIZATION_VERSION` must change too (a golden array in the tests pins it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from hcr_scan.images import Ink

NORMALIZATION_VERSION = 1

#: Strokes thinner than this many pixels of the crop fade when shrunk, so they are thickened first.
THINNEST_STROKE = 1.6


@dataclass(frozen=True, slots=True)
class CropSpec:
    """How a glyph is laid out in a crop: fitted to a square of ``box`` pixels, centered in one of ``size``."""

    size: int = 28
    box: int = 24
    version: int = NORMALIZATION_VERSION

    def __post_init__(self) -> None:
        if not 4 <= self.box <= self.size:
            raise ValueError(f"box must be from 4 to size ({self.size}), not {self.box}")


def normalize_glyph(ink: Ink, spec: CropSpec) -> npt.NDArray[np.uint8]:
    """One glyph's ink as a ``(spec.size, spec.size)`` uint8 crop, white on black.

    The ink's tight box is scaled, keeping its shape, until its longer side fills ``spec.box``, and centered. Thin
    strokes are thickened before shrinking and the darkest ink becomes 255, so that a fine pen at 600 dpi and a marker
    at 100 dpi look alike. Where the glyph stood in ``ink`` makes no difference. No ink gives zeros.

    Args:
        ink: uint8 ``(height, width)``, 0 = paper; soft (grey) or binary.
        spec: how the model wants its crops.
    """
    # Imported here: the parent of a run knows crops by their size, but never loads OpenCV.
    from hcr_scan.images import inked_box, resize

    crop = np.zeros((spec.size, spec.size), np.uint8)
    left, top, right, bottom = inked_box((ink >= 64).view(np.uint8))
    if left == right:
        return crop
    glyph = _thicken(ink[top:bottom, left:right], spec)
    height, width = glyph.shape
    scale = spec.box / max(height, width)
    fitted_width, fitted_height = max(1, round(width * scale)), max(1, round(height * scale))
    fitted = resize(glyph, fitted_width, fitted_height)
    darkest = float(fitted.max())
    if darkest < 255:
        fitted = np.rint(fitted.astype(np.float32) * (255.0 / max(darkest, 1.0))).astype(np.uint8)
    top, left = (spec.size - fitted_height) // 2, (spec.size - fitted_width) // 2
    crop[top : top + fitted_height, left : left + fitted_width] = fitted
    return crop


def _thicken(glyph: Ink, spec: CropSpec) -> Ink:
    """Dilate strokes that would be thinner than :data:`THINNEST_STROKE` in the crop."""
    scale = spec.box / max(glyph.shape)
    if scale >= 1 or THINNEST_STROKE / scale < 2:  # no stroke is thinner than a pixel
        return glyph
    missing = THINNEST_STROKE / scale - stroke_width(glyph)
    grow = int(missing) // 2 * 2 + 1 if missing >= 1 else 1
    if grow == 1:
        return glyph
    from hcr_scan.images import dilate

    margin = grow // 2
    padded = np.pad(glyph, margin)
    return dilate(padded, grow, grow)


def stroke_width(ink: Ink) -> float:
    """Mean pen width in pixels: twice the ink's area over the length of its outline.

    A long stroke of width w and length l has area w*l and an outline of about 2*l, so the ratio is exact for thin
    strokes and needs no skeleton.
    """
    framed = np.zeros((ink.shape[0] + 2, ink.shape[1] + 2), np.bool_)
    for level in (128, 64):
        np.greater_equal(ink, level, out=framed[1:-1, 1:-1])
        area = np.count_nonzero(framed)
        if area:
            break
    # Steps from pixel to pixel, down and along: where one row goes on as the next there is paper on both sides.
    pixels, row = framed.ravel(), framed.shape[1]
    steps = np.count_nonzero(pixels[row:] != pixels[:-row]) + np.count_nonzero(pixels[1:] != pixels[:-1])
    # An oblique edge is counted in both directions: 4/pi is the mean ratio of such a staircase to its length.
    return 2.0 * area / max(steps / 1.27, 1.0)
