"""Pieces of ink that close around paper: boxes, circles, and the O's that look like them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hcr_scan.images import Components

#: The line of a ring covers less than this share of the rectangle around it.
THIN = 0.25
#: A ring is at least so many pixels wide and high.
SMALLEST_RING = 8


def are_rings(pieces: Components, some: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Which of ``some`` pieces (n,) are thin, empty inside and closed on all four sides."""
    sizes = pieces.boxes[some, 2:] - pieces.boxes[some, :2]
    rings = (pieces.areas[some] < THIN * sizes.prod(axis=1)) & (
        sizes.min(axis=1, initial=SMALLEST_RING) >= SMALLEST_RING
    )
    for k in np.flatnonzero(rings).tolist():
        rings[k] = _is_closed(pieces, int(some[k]))
    return np.asarray(rings)


def _is_closed(pieces: Components, index: int) -> bool:
    left, top, right, bottom = pieces.boxes[index].tolist()
    width, height = right - left, bottom - top
    own = pieces.labels[top:bottom, left:right] == index + 1
    across, down = slice(width // 4, width - width // 4), slice(height // 4, height - height // 4)
    if own[down, across].any():
        return False
    level = (own[: height // 4, across], own[-(height // 4) :, across])
    upright = (own[down, : width // 4], own[down, -(width // 4) :])
    return all(side.any(axis=0).all() for side in level) and all(side.any(axis=1).all() for side in upright)
