"""The band in which the letters of a line stand, and how other pieces of ink lie to it.

A line is a row of indices into boxes ``(n, 4)``, sorted from left to right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.segmentation.ink.parts import Floats, Indices

#: Letters whose median tells where the band is: tall and small ones, ascenders and descenders even out.
WINDOW = 5
#: A tall piece may stand this many heights of the band to the side of a line.
REACH = 5.0
#: Pieces compared with letters at a time.
BLOCK = 64


@dataclass(frozen=True, slots=True)
class Band:
    """Top and bottom of a line's letters along the line: medians over neighbors, at the letters' middles."""

    middles: Floats
    tops: Floats
    bottoms: Floats

    @classmethod
    def of(cls, boxes: Floats, line: Indices) -> Band:
        members = boxes[line]
        window = min(WINDOW, len(line))
        first = np.clip(np.arange(len(line)) - window // 2, 0, len(line) - window)
        around = members[first[:, None] + np.arange(window)]
        edges = np.sort(around[:, :, (1, 3)], axis=1)
        edges = (edges[:, (window - 1) // 2] + edges[:, window // 2]) / 2
        return cls((members[:, 0] + members[:, 2]) / 2, edges[:, 0], edges[:, 1])

    def at(self, x: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Top and bottom at each ``x``, interpolated between letters."""
        places = np.asarray(x, np.float64)
        return np.interp(places, self.middles, self.tops), np.interp(places, self.middles, self.bottoms)

    def here(self, x: float) -> tuple[float, float]:
        """Top and bottom at one ``x``."""
        top, bottom = self.at(x)
        return float(top), float(bottom)


def box_around(boxes: Floats) -> Floats:
    """The box around boxes ``(n, 4)``."""
    return np.concatenate((boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)))


def boxes_around(boxes: Floats, lines: list[Indices]) -> Floats:
    """The boxes ``(n, 4)`` around lines, none of which is empty."""
    return np.array([box_around(boxes[line]) for line in lines]).reshape(-1, 4)


def covered_shares(boxes: Floats, lines: list[Indices], around: Floats, piece: Floats) -> Floats:
    """Share of each line's band, where a tall piece stands, that the piece covers; 0 where a line does not reach.

    ``around`` are the boxes around the lines.
    """
    shares = np.zeros(len(lines))
    for index in np.flatnonzero((piece[1] < around[:, 3]) & (piece[3] > around[:, 1])):
        first, last = Band.of(boxes, lines[index]).here((piece[0] + piece[2]) / 2)
        if max(around[index, 0] - piece[2], piece[0] - around[index, 2]) <= REACH * (last - first):
            shares[index] = (min(last, piece[3]) - max(first, piece[1])) / max(last - first, 1e-9)
    return shares


def nearest_letters(boxes: Floats, pieces: Floats, reach: float) -> tuple[Indices, Floats]:
    """For each lone piece the letter it floats near (-1 for none within ``reach``), and how far away it is.

    Distances are between edges; a piece above or below a letter counts as nearer than one beside it, as dots and
    accents stand over their letter.
    """
    nearest, distances = np.full(len(pieces), -1, np.intp), np.full(len(pieces), np.inf)
    by_top = np.argsort(pieces[:, 1], kind="stable")
    for start in range(0, len(pieces), BLOCK):
        block = by_top[start : start + BLOCK]
        some = pieces[block]
        top, bottom = some[:, 1].min() - 1.3 * reach, some[:, 3].max() + 1.3 * reach
        close = np.flatnonzero((boxes[:, 3] >= top) & (boxes[:, 1] <= bottom))
        if len(close) == 0:
            continue
        near = boxes[close]
        beside = np.maximum(near[None, :, 0] - some[:, None, 2], some[:, None, 0] - near[None, :, 2])
        above = np.maximum(near[None, :, 1] - some[:, None, 3], some[:, None, 1] - near[None, :, 3])
        distance = np.hypot(np.maximum(beside, 0), 0.8 * np.maximum(above, 0))
        best = np.argmin(distance, axis=1)
        distances[block] = distance[np.arange(len(block)), best]
        nearest[block] = np.where(distances[block] <= reach, close[best], -1)
    return nearest, distances
