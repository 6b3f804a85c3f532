"""Specks in cells that hold nothing else: dust, or a full stop, a comma, a colon, a short dash."""

from __future__ import annotations

import numpy as np

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Ink, connected_components
from hcr_scan.segmentation.glyphs.chunks import InkCandidate, InkChunk
from hcr_scan.segmentation.ink.binarization import STRONG_INK

#: What is nearer to the frame than this share of the cell is a remains of it.
MARGIN = 0.1
#: A dot has at least so many pixels, and measures this share of the cell's height.
FEWEST_PIXELS, SMALLEST = 5, 0.035
#: A colon is two specks; more are dust.
MOST_SPECKS = 2


def speck_in(ink: Ink, cell: BoundingBox) -> InkChunk | None:
    """The specks inside a blank cell of ``ink`` as one glyph, boxed in its pixels; ``None`` where there are none.

    Two specks are one glyph only if they stand one above the other.
    """
    inset = max(3, round(MARGIN * min(cell.width, cell.height)))
    left, top = cell.left + inset, cell.top + inset
    inside = ink[top : cell.bottom - inset, left : cell.right - inset]
    strong = inside >= STRONG_INK
    if not strong.any():
        return None
    found = connected_components(strong.astype(np.uint8))
    sides = np.maximum(found.boxes[:, 2] - found.boxes[:, 0], found.boxes[:, 3] - found.boxes[:, 1])
    kept = np.flatnonzero((found.areas >= FEWEST_PIXELS) & (sides >= max(2.0, SMALLEST * cell.height)))
    if not 1 <= len(kept) <= MOST_SPECKS:
        return None
    boxes = found.boxes[kept]
    x0, y0 = (int(v) for v in boxes[:, :2].min(axis=0))
    x1, y1 = (int(v) for v in boxes[:, 2:].max(axis=0))
    if len(kept) > 1 and x1 - x0 > y1 - y0:
        return None
    own = np.isin(found.labels[y0:y1, x0:x1], kept + 1)
    patch = np.where(own | ~strong[y0:y1, x0:x1], inside[y0:y1, x0:x1], 0).astype(np.uint8)
    box = BoundingBox(left + x0, top + y0, left + x1, top + y1)
    return InkChunk((InkCandidate(0, 1, box, patch),))
