"""Captions printed in the cells themselves, as the numbers of the boxes of an answer sheet: erased by their place.

They are small, in the upper part of the cell, and a press sets them at the same place of each: no writing does that.
"""

from __future__ import annotations

import numpy as np

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Ink, above, connected_components, dilate
from hcr_scan.segmentation.ink.binarization import STRONG_INK

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


def without_captions(soft: Ink, cells: list[BoundingBox]) -> Ink:
    """The ink of a row of cells without what stands, small, at one place above in most of them.

    What is written over a caption keeps it.

    Args:
        soft: ink of a strip around the cells.
        cells: insides of the cells in the strip, left to right.
    """
    if len(cells) < FEWEST_CAPTIONS:
        return soft
    found = connected_components(above(soft, STRONG_INK - 1))
    middles = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    corners = np.array([(cell.left, cell.top) for cell in cells])
    sizes = np.array([(cell.width, cell.height) for cell in cells])
    owner = np.clip(np.searchsorted(corners[:, 0], middles[:, 0]) - 1, 0, len(cells) - 1)
    start = (found.boxes[:, :2] - corners[owner]) / sizes[owner]
    end = (found.boxes[:, 2:] - corners[owner]) / sizes[owner]
    small = (start > -SAME_PLACE).all(axis=1) & (end[:, 0] <= 1 + SAME_PLACE)
    small &= (end[:, 1] - start[:, 1] <= CAPTION_HEIGHT) & (end[:, 1] >= CAPTION_END[0]) & (end[:, 1] <= CAPTION_END[1])
    if np.unique(owner[small]).size < max(FEWEST_CAPTIONS, CAPTIONED * len(cells)):
        return soft
    # Of a number of several digits the first is where the others begin.
    first = np.full((len(cells), 2), np.inf)
    np.minimum.at(first, owner[small], start[small])
    known = np.isfinite(first).all(axis=1)
    place = np.median(first[known], axis=0)
    alike = known & (np.abs(first - place) <= SAME_PLACE).all(axis=1)
    if alike.sum() < max(FEWEST_CAPTIONS, CAPTIONED * len(cells)):
        return soft
    gone = small & (np.abs(start[:, 1] - place[1]) <= SAME_PLACE) & (start[:, 0] <= place[0] + CAPTION_WIDTH)
    erased = dilate(np.isin(found.labels, np.flatnonzero(gone) + 1).astype(np.uint8), 3, 3) > 0
    return np.where(erased, 0, soft).astype(np.uint8)
