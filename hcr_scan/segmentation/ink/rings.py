"""Pieces of ink that close around paper: boxes, circles, and the O's that look like them."""

from __future__ import annotations

from hcr_scan.images import Components

#: The line of a ring covers less than this share of the rectangle around it.
THIN = 0.25
#: A ring is at least so many pixels wide and high.
SMALLEST_RING = 8


def is_ring(pieces: Components, index: int) -> bool:
    """Whether a thin piece is empty inside and closed on all four sides."""
    left, top, right, bottom = pieces.boxes[index].tolist()
    width, height = right - left, bottom - top
    if pieces.areas[index] >= THIN * width * height or min(width, height) < SMALLEST_RING:
        return False
    own = pieces.labels[top:bottom, left:right] == index + 1
    across, down = slice(width // 4, width - width // 4), slice(height // 4, height - height // 4)
    if own[down, across].any():
        return False
    level = (own[: height // 4, across], own[-(height // 4) :, across])
    upright = (own[down, : width // 4], own[down, -(width // 4) :])
    return all(side.any(axis=0).all() for side in level) and all(side.any(axis=1).all() for side in upright)
