"""The pieces of ink that lines and glyphs are made of, and the measures everything else is relative to."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hcr_scan.images import Components, Ink, connected_components
from hcr_scan.normalization import stroke_width
from hcr_scan.order_statistics import median_of, quantile_of
from hcr_scan.segmentation.ink.binarization import STRONG_INK

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]

#: Components looked at to learn the width of the pen.
SAMPLE = 48
#: A component of this many pixels is never writing, at any resolution.
FEWEST_PIXELS = 1
#: No page holds more pieces of writing; the time that a page takes is bounded with them.
MOST_PIECES = 6000
#: Strength of ink (0..255) that makes up pieces on most pages, and where the writing is faint.
USUAL_THRESHOLD, FAINT_THRESHOLD = STRONG_INK, 72
#: Writing is faint where there is at least this much ink between the two, as a share of what is above.
FAINT_SHARE = 0.18


@dataclass(frozen=True, slots=True)
class InkParts:
    """Connected pieces of ink that may be glyphs or parts of glyphs.

    ``labels`` (height, width) says which piece a pixel belongs to: piece ``i`` owns the pixels equal to ``ids[i]``;
    other values are paper (0) or ink that has been set aside. ``boxes`` (n, 4) float64: left, top, right, bottom
    (half-open).
    """

    ink: Ink
    labels: Labels
    ids: npt.NDArray[np.int32]
    boxes: Floats
    areas: Floats

    @classmethod
    def of(cls, ink: Ink, components: Components) -> InkParts:
        ids = np.arange(1, len(components) + 1, dtype=np.int32)
        return cls(ink, components.labels, ids, components.boxes.astype(float), components.areas.astype(float))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def widths(self) -> Floats:
        return self.boxes[:, 2] - self.boxes[:, 0]

    @property
    def heights(self) -> Floats:
        return self.boxes[:, 3] - self.boxes[:, 1]

    def kept(self, keep: Flags | Indices) -> InkParts:
        return InkParts(self.ink, self.labels, self.ids[keep], self.boxes[keep], self.areas[keep])

    def slices(self, index: int) -> tuple[slice, slice]:
        left, top, right, bottom = (int(v) for v in self.boxes[index])
        return slice(top, bottom), slice(left, right)

    def shape(self, index: int) -> Flags:
        """The piece's pixels within its box."""
        own: Flags = np.equal(self.labels[self.slices(index)], self.ids[index])
        return own

    def divided(self, cuts: dict[int, list[int]]) -> InkParts:
        """The pieces with some cut along rows: ``cuts`` holds, for a piece, the rows at which new pieces begin."""
        labels = self.labels.copy()
        next_id = int(self.ids.max(initial=0)) + 1
        ids, boxes, areas = [], [], []
        for index, rows in cuts.items():
            shape = self.shape(index)
            own = labels[self.slices(index)]
            left, top = (int(v) for v in self.boxes[index, :2])
            for first, last in pairwise([0, *(row - top for row in rows), len(shape)]):
                found = connected_components(np.ascontiguousarray(shape[first:last]).view(np.uint8))
                band = own[first:last]
                band[shape[first:last]] = found.labels[shape[first:last]] + (next_id - 1)
                ids.append(np.arange(next_id, next_id + len(found), dtype=np.int32))
                boxes.append(found.boxes + np.array((left, top + first, left, top + first)))
                areas.append(found.areas.astype(float))
                next_id += len(found)
        keep = np.ones(len(self), np.bool_)
        keep[list(cuts)] = False
        return InkParts(
            self.ink,
            labels,
            np.concatenate((self.ids[keep], *ids)),
            np.concatenate((self.boxes[keep], *boxes)),
            np.concatenate((self.areas[keep], *areas)),
        )


@dataclass(frozen=True, slots=True)
class Scale:
    """What is near and what is small on this page: pen ``stroke`` width and typical letter ``height``, in pixels."""

    stroke: float
    height: float


def ink_threshold(ink: Ink) -> int:
    """The strength from which ink makes up pieces: lower where strokes are faint, but not the paper's grain.

    Pencil strokes fall apart at the usual threshold; they show as ink of middling strength that does not grow rarer
    towards full strength as soft edges do, nor commoner towards paper as noise does.
    """
    middling, strong = (int(np.count_nonzero(ink >= level)) for level in (FAINT_THRESHOLD, USUAL_THRESHOLD))
    if middling - strong < FAINT_SHARE * strong:
        return USUAL_THRESHOLD
    # Pixels a level just around the faint threshold, and from there to the usual one.
    below, above = FAINT_THRESHOLD - 8, FAINT_THRESHOLD + 8
    weak, rest = (int(np.count_nonzero(ink >= level)) for level in (below, above))
    low, between = (weak - rest) / (above - below), (rest - strong) / (USUAL_THRESHOLD - above)
    return FAINT_THRESHOLD if low <= 1.6 * between else USUAL_THRESHOLD


def without_dust(parts: InkParts) -> InkParts:
    """Drop single pixels, whatever the scale, and of a page that is all grain the smallest pieces."""
    if len(parts) > MOST_PIECES:
        smallest = np.partition(parts.areas, -MOST_PIECES)[-MOST_PIECES]
        return parts.kept(parts.areas > max(float(smallest), FEWEST_PIXELS))
    return parts.kept(parts.areas > FEWEST_PIXELS)


def measure_scale(parts: InkParts) -> Scale:
    """Pen width and letter height that half of the page's ink stays under.

    Sizes are weighted by ink, so that a page full of specks still has the scale of its writing; pieces far larger than
    most (frames, shadows, rules) do not vote.
    """
    if len(parts) == 0:
        return Scale(1.0, 1.0)
    stroke = _pen_width(parts)
    heights, widths = parts.heights, parts.widths
    longer, shorter = np.maximum(heights, widths), np.minimum(heights, widths)
    letters = (longer >= 2.5 * stroke) & (parts.areas < 0.7 * heights * widths + 4 * stroke**2)
    letters &= (longer <= 8 * shorter) | (longer <= 25 * stroke)
    if not letters.any():
        return Scale(stroke, max(float(np.median(longer)), 3 * stroke))
    # Two passes: the second leaves out pieces of several lines or words stuck together.
    weights = np.minimum(parts.areas, 40 * stroke * longer)
    height = _weighted_quantile(heights[letters], np.sqrt(weights[letters]), 0.5)
    sane = letters & (heights < 4 * height) & (heights > 0.25 * height)
    if sane.any():
        height = _weighted_quantile(heights[sane], np.sqrt(weights[sane]), 0.6)
    return Scale(stroke, max(height, 2.5 * stroke))


def _pen_width(parts: InkParts) -> float:
    """Median stroke width over pieces spread evenly through the page's ink."""
    order = np.lexsort((parts.boxes[:, 0], parts.boxes[:, 1], parts.areas))
    spread = np.cumsum(np.sqrt(parts.areas[order]))
    picks = np.searchsorted(spread, np.linspace(0, spread[-1], SAMPLE + 2)[1:-1])
    chosen = np.unique(order[np.minimum(picks, len(order) - 1)])
    largest = quantile_of(parts.widths * parts.heights, 0.98) * 4
    widths = [
        stroke_width(parts.shape(i).view(np.uint8) * np.uint8(255))
        for i in chosen
        if parts.widths[i] * parts.heights[i] <= largest
    ]
    return max(median_of(widths), 1.0) if widths else 1.0


def _weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    order = np.argsort(values, kind="stable")
    running = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(running, share * running[-1])])
