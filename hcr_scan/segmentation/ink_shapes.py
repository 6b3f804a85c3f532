"""What the ink of each glyph is like beside the page's own pen: how thick, how much, how often it crosses itself.

A character that was written over another, or scribbled out, has more ink than its size needs, in strokes thicker than
the pen, with more holes. All glyphs of a page are measured at once, side by side in one strip.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hcr_scan.images import Gray, Ink, Mask, inside_distance
from hcr_scan.segmentation.candidates import SHAPE_COLUMNS

Shapes = npt.NDArray[np.float32]
Counts = npt.NDArray[np.float64]
Starts = npt.NDArray[np.intp]

COLUMNS = SHAPE_COLUMNS
#: Soft ink from which a pixel is counted.
INKED = 128
#: Glyphs are cut down to this many pixels: nothing larger is one, and columns are summed in bytes.
LARGEST = 200
#: More holes than this say no more.
MOST_HOLES = 6
#: So many whole characters tell what pen a page was written with, if theirs is so many times that of all pieces.
ENOUGH_WHOLE, BROADER = 8, 1.4


def ink_shapes(inks: Sequence[Ink], whole: Sequence[bool] = ()) -> Shapes:
    """The measures of each glyph's own soft ink, float32 ``(n, len(COLUMNS))``, against the pen of them all.

    ``inks`` are tight but for a pixel or so of paper around them. ``whole`` tells which are characters that need no
    parting: where theirs is a broad pen it is the page's, and not that of words, some printed, in many pieces.
    """
    if not inks:
        return np.zeros((0, len(COLUMNS)), np.float32)
    strip, starts = _strip(inks)
    inked: Mask = (strip >= INKED).view(np.uint8)
    height, width = np.array([ink.shape for ink in inks], np.float64).clip(3, LARGEST).T - 2
    area = _sums(inked, starts)
    across, down = _sums(inked[:, 1:] ^ inked[:, :-1], starts), _sums(inked[1:] ^ inked[:-1], starts)
    stroke = np.maximum(2 * area / np.maximum((across + down) / 1.27, 1), 0.5)
    pen = _pen(stroke, area > 0, np.array(whole, bool))
    deepest = np.maximum.reduceat(inside_distance(inked).max(axis=0), starts)
    size = np.maximum(width, height)
    columns = (
        np.log(stroke / pen),
        np.log(2 * deepest / pen + 0.1),
        area / pen / size,
        area / (width * height),
        np.clip(-_euler_number(inked, area, starts), -1, MOST_HOLES),
        across / 2 / height,
        down / 2 / width,
        np.log(size / pen),
        np.log(width / height),
    )
    return np.stack(columns, axis=1).astype(np.float32)


def _pen(stroke: Counts, inked: npt.NDArray[np.bool_], whole: npt.NDArray[np.bool_]) -> float:
    """The median of the strokes' widths, in pixels; 1 at least."""
    pen = max(float(np.median(stroke[inked])), 1.0) if inked.any() else 1.0
    written = stroke[inked & whole] if len(whole) else stroke[:0]
    own = float(np.median(written)) if len(written) >= ENOUGH_WHOLE else 0.0
    return own if own > BROADER * pen else pen


def _strip(inks: Sequence[Ink]) -> tuple[Gray, Starts]:
    """All glyphs side by side, paper between them, and the columns where each begins."""
    cut = [ink[:LARGEST, :LARGEST] for ink in inks]
    widths = np.array([ink.shape[1] + 2 for ink in cut])
    starts = np.concatenate(([0], np.cumsum(widths)[:-1]))
    strip = np.zeros((max(ink.shape[0] for ink in cut) + 2, int(widths.sum())), np.uint8)
    for ink, left in zip(cut, starts.tolist(), strict=True):
        height, width = ink.shape
        strip[1 : height + 1, left + 1 : left + width + 1] = ink
    return strip, starts


def _sums(mask: Mask, starts: Starts) -> Counts:
    """How many pixels of each glyph are 1; there is none in the last column of one."""
    return np.add.reduceat(mask.sum(axis=0, dtype=np.uint8), starts, dtype=np.int64).astype(np.float64)


def _euler_number(inked: Mask, area: Counts, starts: Starts) -> Counts:
    """Pieces less holes (8-connected): corners less edges plus faces of the pixels taken as closed squares."""
    upright = inked[1:] | inked[:-1]
    edges = _sums(upright, starts) + _sums(inked[:, 1:] | inked[:, :-1], starts)
    return _sums(upright[:, 1:] | upright[:, :-1], starts) - edges + area
