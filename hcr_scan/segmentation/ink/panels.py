"""Panels and bars that a press laid under cells and titles: where they are solid is paper, and their edges are rules.

A panel is as dark as ink and as wide as a shadow. Taken for ink it joins all cells that are cut out of it; taken for
shadow it dims the paper beside it. Its shape tells it from the strokes of a marker: a rectangle that is long on a page
with much else, or has many holes to write in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.images import (
    Gray,
    Mask,
    at_least,
    at_most,
    box_blur,
    closing,
    connected_components,
    difference,
    dilate,
    erode,
    fill_polygon,
    opening,
    outer_contours,
    ratio,
    rectangle_around,
    shrink,
)

#: On the coarse copy: how far apart bright paper lies at most around a panel, and what is narrower than one, and lower.
REACH, THINNEST, LOWEST = 61, 3, 3
#: Shares of the paper's brightness that panels do not reach: dark ones and ink, and paler ones.
TINTS = (0.72, 0.85, 0.93)
#: A panel is at least this share of the picture's longer side long, and fills this share of the rectangle around it.
LONG, FILLED = 0.25, 0.88
#: A bar is so many times as long as high, on a page of so many other pieces; a panel has so many holes.
BAR, OTHERS, HOLES = 3.0, 30, 4
#: In working pixels: the thinnest that is solid, the broadest light print on it, and the edge that stays.
SOLID, PRINT, EDGE = 13, 21, 2
#: A page that is printed to its edges is so in at least this share of it: the rest is cells.
COVERING = 0.4
#: So many pixels of the coarse copy are the edge of the picture.
RIM = 2
#: What is darker than the rest of a panel and no larger than this share of it is a part of it.
STRIP = 0.25
#: The strokes of a pen are darker than so many times the brightness of a panel around them.
DARKER = 0.8
#: Ink on a panel nearly as dark as ink is so much darker at least; less is the panel's own unevenness.
LEFT_FOR_INK = 60
#: Darkness that the grain of a panel does not reach beyond its median.
GRAIN = 12


@dataclass(frozen=True, slots=True)
class Panels:
    """The panels of a page on its coarse copy: where they are solid, and the brightness of the paper around."""

    solid: Mask
    paper: Gray


def find_panels(small: Gray) -> Panels | None:
    """Panels and bars on the coarse copy of a page, if there are any."""
    paper = _paper_around(small)
    ink = np.asarray(small < TINTS[0] * paper, np.uint8)
    # Without strokes and rules, which may be as close together as to make up a panel.
    bare = closing(small, THINNEST, THINNEST)
    found, covered = np.zeros_like(small), np.zeros_like(small)
    brightness = ratio(small, at_least(paper, 1))
    for tint in TINTS:
        solid = opening(np.asarray(bare < tint * paper, np.uint8), LOWEST, LOWEST)
        for outline in outer_contours(solid):
            if np.ptp(outline, axis=0).max() >= LONG * max(small.shape):
                shape = np.zeros_like(small)
                fill_polygon(shape, outline)
                # What shows a panel among its surroundings already shows its edges best; a strip of one does not.
                known = np.count_nonzero(covered & shape)
                if known <= STRIP * np.count_nonzero(shape) and _is_panel(outline, shape, solid, ink):
                    found |= _without_writing(solid & shape, brightness)
                    covered |= shape
    return Panels(found, paper) if found.any() else None


def _without_writing(solid: Mask, brightness: Gray) -> Mask:
    """What is solid of a panel without the strokes of a broad pen in its holes, which are much darker than it is.

    ``brightness`` is that against the paper around.
    """
    parts = connected_components(solid)
    usual = DARKER * float(np.median(brightness[solid > 0]))
    sides = (parts.boxes[:, 2:] - parts.boxes[:, :2]).max(axis=1, initial=0)
    short = (np.flatnonzero(sides < LONG * max(solid.shape)) + 1).tolist()
    writing = []
    for label in short:
        left, top, right, bottom = parts.boxes[label - 1].tolist()
        own = parts.labels[top:bottom, left:right] == label
        if np.median(brightness[top:bottom, left:right][own]) < usual:
            writing.append(label)
    return np.where(np.isin(parts.labels, writing), np.uint8(0), solid) if writing else solid


def _paper_around(small: Gray) -> Gray:
    """The brightness of the paper around whatever is darker, also where that reaches the edge of the picture."""
    padded = np.pad(small, REACH, constant_values=255)
    return closing(padded, REACH, REACH)[REACH:-REACH, REACH:-REACH]


def _is_panel(outline: npt.NDArray[np.int32], shape: Mask, solid: Mask, ink: Mask) -> bool:
    length, height = rectangle_around(outline)
    if np.count_nonzero(shape) < FILLED * length * height:
        return False
    # What reaches the edge of the picture is a shadow, or what lies beside the page, if it is not all over it.
    sides = (shape[:RIM], shape[-RIM:], shape[:, :RIM], shape[:, -RIM:])
    at_edge = any(side.any() for side in sides)
    covering = np.count_nonzero(solid & shape) >= COVERING * np.count_nonzero(shape)
    holes = len(connected_components(np.where(solid, np.uint8(0), shape), connectivity=4))
    if holes >= HOLES and (covering or not at_edge):
        return True
    others = len(connected_components(np.where(shape, np.uint8(0), ink)))
    return length >= BAR * height and others >= OTHERS and not at_edge


def on_panels(darkness: Gray, panels: Panels, coarser: int) -> Gray:
    """Darkness against the paper, turned into darkness against the panels where they are solid, but for their edges.

    The copy on which the panels were found is ``coarser`` so many times.
    """
    height, width = darkness.shape
    level = dilate(_levels(shrink(darkness, coarser), panels), 3, 3)
    level = level.repeat(coarser, axis=0).repeat(coarser, axis=1)[:height, :width]
    # Smoothed, since grain reaches half of a pale panel's darkness.
    dark = np.where((level > 0) & (box_blur(darkness, 5, 5) > level // 2), np.uint8(255), np.uint8(0))
    solid = closing(opening(dark, SOLID, SOLID), PRINT, PRINT)
    inside = erode(solid, 2 * EDGE + 1, 2 * EDGE + 1) > 0
    level = at_most(level, 254 - GRAIN) + np.uint8(GRAIN)
    result = darkness.copy()
    result[inside] = ratio(difference(darkness, level), at_least(255 - level, LEFT_FOR_INK))[inside]
    return result


def _levels(darkness: Gray, panels: Panels) -> Gray:
    """The darkness of each panel, all over it."""
    parts = connected_components(panels.solid)
    levels = [0, *(np.median(darkness[parts.labels == label]) for label in range(1, len(parts) + 1))]
    return np.array(levels, np.uint8)[parts.labels]
