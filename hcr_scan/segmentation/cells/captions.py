"""Captions printed in the cells themselves, as the numbers of the boxes of an answer sheet: erased by their place.

They are small, in the upper part of the cell, and a press sets them at the same place of each: no writing does that.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Components, Ink, dilate

#: A caption, with what is left of the rail that it may touch, is at most this share of its cell high,
CAPTION_HEIGHT = 0.3
#: and ends so far from above; rails end sooner.
CAPTION_END = (0.08, 0.45)
#: Further digits of it begin within this share of a cell's width.
CAPTION_WIDTH = 0.35
#: Those of a row begin at the same height and side of their cells up to this share of a cell's size,
SAME_PLACE = 0.08
#: and at least so many cells, and this share of them, have one.
FEWEST_CAPTIONS, CAPTIONED = 5, 0.6


def caption_pieces(found: Components, cells: list[BoundingBox]) -> npt.NDArray[np.intp]:
    """Which pieces of ink stand, small, at one place above in most cells of a row; none where fewer cells have one.

    What is written over a caption keeps it.

    Args:
        found: pieces of the ink of a strip around the cells.
        cells: insides of the cells in the strip, left to right.
    """
    least = max(FEWEST_CAPTIONS, CAPTIONED * len(cells))
    if len(found) < least or len(cells) < least:
        return np.zeros(0, np.intp)
    corners = np.array([(cell.left, cell.top) for cell in cells])
    sizes = np.array([(cell.width, cell.height) for cell in cells])
    middles = (found.boxes[:, 0] + found.boxes[:, 2]) / 2
    owner = np.clip(np.searchsorted(corners[:, 0], middles) - 1, 0, len(cells) - 1)
    start = (found.boxes[:, :2] - corners[owner]) / sizes[owner]
    end = (found.boxes[:, 2:] - corners[owner]) / sizes[owner]
    small = (start > -SAME_PLACE).all(axis=1) & (end[:, 0] <= 1 + SAME_PLACE)
    small &= (end[:, 1] - start[:, 1] <= CAPTION_HEIGHT) & (end[:, 1] >= CAPTION_END[0]) & (end[:, 1] <= CAPTION_END[1])
    # Of a number of several digits the first is where the others begin.
    first = np.full((len(cells), 2), np.inf)
    np.minimum.at(first, owner[small], start[small])
    known = first[np.isfinite(first).all(axis=1)]
    if len(known) < least:
        return np.zeros(0, np.intp)
    left, top = np.median(known, axis=0)
    if np.count_nonzero((np.abs(known - (left, top)) <= SAME_PLACE).all(axis=1)) < least:
        return np.zeros(0, np.intp)
    return np.flatnonzero(small & (np.abs(start[:, 1] - top) <= SAME_PLACE) & (start[:, 0] <= left + CAPTION_WIDTH))


def without_pieces(soft: Ink, found: Components, pieces: npt.NDArray[np.intp]) -> Ink:
    """The ink without some of its pieces and the soft pixels around them."""
    gone = dilate(np.isin(found.labels, pieces + 1).astype(np.uint8), 3, 3) > 0
    return np.where(gone, 0, soft).astype(np.uint8)
