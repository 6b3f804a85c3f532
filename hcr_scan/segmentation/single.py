"""An image that is one character."""

from __future__ import annotations

import numpy as np

from hcr_scan.geometry import BoundingBox, Homography
from hcr_scan.images import Gray, Ink, closing, resize
from hcr_scan.segmentation.ink.binarization import flatten_light, local_ink, strong_pieces

#: The image is brought to about this many pixels on its longer side.
SIZE = 224
#: A piece is part of the character when it has at least this share of the largest piece's ink.
SMALLEST_PIECE = 0.015


def single_glyph(gray: Gray) -> tuple[Ink, BoundingBox] | None:
    """The character's soft ink and its box in the image's pixels, or ``None`` where the image is bare.

    Light characters on a dark ground (as in MNIST) are turned around first: the border tells what the ground is.
    """
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    if np.median(border) < 110:
        gray = 255 - gray
    height, width = gray.shape
    scale = SIZE / max(height, width)
    # Room on all sides, so that ink at the edge still has paper around it to be compared with.
    margin = max(height, width) // 4
    bare = closing(gray, margin | 1, margin | 1)
    padded = np.pad(bare, margin, mode="edge")
    padded[margin : margin + height, margin : margin + width] = gray
    working = resize(padded, max(8, round(padded.shape[1] * scale)), max(8, round(padded.shape[0] * scale)))
    ink = local_ink(flatten_light(working))
    found = strong_pieces(ink)
    if len(found) == 0 or found.areas.max() < 12:
        return None
    kept = np.flatnonzero(found.areas >= SMALLEST_PIECE * found.areas.max())
    own = np.isin(found.labels, kept + 1)
    left, top = found.boxes[kept, :2].min(axis=0)
    right, bottom = found.boxes[kept, 2:].max(axis=0)
    inside = Homography.scale(1 / scale).box(BoundingBox(int(left), int(top), int(right), int(bottom)))
    box = inside.shifted(-margin, -margin).clipped(width, height)
    return np.where(own, ink, 0).astype(np.uint8)[top:bottom, left:right], box
