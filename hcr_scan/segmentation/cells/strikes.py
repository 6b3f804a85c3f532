"""Writing that is struck through: one straight stroke through the middle of several letters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Ink, dilate
from hcr_scan.segmentation.ink.binarization import strong_pieces

#: A struck piece of ink is at least this many times as wide as high: the bar of a letter crosses that letter only.
WIDEST_LETTER = 1.6
#: Where a strike begins and ends between the top (0) and the bottom (1) of the ink, and in how many steps it is sought.
HIGHEST, LOWEST, STEPS = 0.15, 0.85, 15
#: The share of a strike's way that is ink, and the share of the ink that is not the strike: a dash is none.
COVERED, BESIDE = 0.97, 0.35
#: Smaller pieces (pixels) hold no word.
SMALLEST = 12


def struck_places(ink: Ink) -> list[BoundingBox]:
    """The boxes of the pieces of soft ink that are struck through."""
    found = strong_pieces(ink)
    places = []
    for index in range(len(found)):
        box = found.box(index)
        if box.height < SMALLEST or box.width < WIDEST_LETTER * box.height:
            continue
        if is_struck_through(found.labels[box.top : box.bottom, box.left : box.right] == index + 1):
            places.append(box)
    return places


def is_struck_through(ink: npt.NDArray[np.bool_]) -> bool:
    """Whether a piece of ink, bool ``(height, width)`` and tight, is letters with a straight stroke across them all."""
    height, width = ink.shape
    if width < WIDEST_LETTER * height:
        return False
    # Hands are no rulers.
    near = dilate(ink.astype(np.uint8), 1, 2 * max(1, height // 16) + 1) > 0
    ends = np.linspace(HIGHEST, LOWEST, STEPS) * (height - 1)
    starts, stops = (end.reshape(-1, 1) for end in np.meshgrid(ends, ends))
    rows = np.rint(starts + (stops - starts) * np.linspace(0, 1, width)).astype(np.intp)
    covered = near[rows, np.arange(width)].mean(axis=1)
    best = int(covered.argmax())
    return bool(covered[best] >= COVERED and _share_beside(ink, rows[best]) >= BESIDE)


def _share_beside(ink: npt.NDArray[np.bool_], row: npt.NDArray[np.intp]) -> float:
    """The share of the ink that is not part of the stroke along ``row``, given for every column.

    The stroke stands alone in some columns, which tell how thick it is.
    """
    thick = max(float(np.quantile(ink.sum(axis=0), 0.1)), 2.0)
    stroke = np.abs(np.arange(len(ink))[:, None] - row) <= thick
    return float((ink & ~stroke).sum()) / max(float(ink.sum()), 1.0)
