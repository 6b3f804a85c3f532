"""Printed rules: the thin straight strokes that frames, combs, tables and ruled paper are made of, however faint.

A rule is found by averaging darkness along its direction, which lifts a line that is weaker than the grain of the paper
out of the noise, and by asking that both of its sides are lighter. Dotted and grey walls average to the same thing as
a thin pale line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.images import (
    Components,
    Gray,
    Mask,
    above,
    at_most,
    beside,
    connected_components,
    difference,
    dilate,
    erode,
    row_sums,
    shrink,
    transposed,
)
from hcr_scan.order_statistics import quantile_of_bytes
from hcr_scan.segmentation.ink.binarization import Paper

#: A rule is thinner than this many pixels of the working raster (1 mm).
THICKEST_RULE = 9
#: Dashed and faint rules are thinner than this.
THINNEST_SIDE = 5
#: Length in working pixels over which a rule must be unbroken; shorter strokes are writing or print.
SHORTEST_RULE = 29
#: Darkness is averaged over this many pixels along the rule, which bridges dots and dashes.
DASH = 9
#: Level rules as long as this, of so many pixels in all, tell of show-through. This share of them is below a full rule.
LONG, FEWEST, FULL = 140, 1000, 0.8
#: Show-through is fainter than one of these shares of that, and the page has rules so many times as dark: at least
#: so many are faint, so few as this share of them lie between, and what reaches this much beyond the share is kept.
#: Beside pale rules it may be more of them, as long as it is no darker than so much.
FAINT, APART, MANY, FEW, BEYOND = (0.13, 0.16, 0.2, 0.25), 1.5, 0.35, 0.22, 1.1
FAINT_BESIDE_PALE, FAINTEST_PRINT = (0.32, 0.4), 28
#: Rows looked at together.
STRIPE = 128
#: How many times smaller the copy is on which long rules are looked for.
COARSER = 4


@dataclass(frozen=True, slots=True)
class Rules:
    """Masks of horizontal and of vertical rules."""

    horizontal: Mask
    vertical: Mask

    def share_of(self, pieces: Components, index: int) -> float:
        """How much of a piece of ink is rules."""
        left, top, right, bottom = pieces.boxes[index].tolist()
        part = (slice(top, bottom), slice(left, right))
        own = pieces.labels[part] == index + 1
        ruled = own & ((self.horizontal[part] > 0) | (self.vertical[part] > 0))
        return float(np.count_nonzero(ruled) / np.count_nonzero(own))


def find_rules(paper: Paper) -> Rules:
    """All thin straight horizontal and vertical strokes of at least :data:`SHORTEST_RULE` pixels."""
    # Dark writing must not outvote a faint wall: everything above the cap counts the same.
    threshold = max(1.3 * paper.noise, 5.0)
    capped = at_most(paper.beyond_tints, int(4 * threshold))
    return Rules(_along_rows(capped, threshold), transposed(_along_rows(transposed(capped), threshold)))


def _along_rows(capped: Gray, threshold: float) -> Mask:
    """Pixels on a row that is dark almost without a break, with both sides mostly lighter.

    A dashed or faint rule must be thin and a thick one solid: a row of small print is neither.
    """
    result = np.empty_like(capped)
    # In stripes that stay in the processor's cache, each seen with the rows beside it.
    for top in range(0, len(capped), STRIPE):
        first = max(top - THICKEST_RULE, 0)
        found = _along_stripe(capped[first : top + STRIPE + THICKEST_RULE], threshold)
        result[top : top + STRIPE] = found[top - first :][:STRIPE]
    return result


def _along_stripe(capped: Gray, threshold: float) -> Mask:
    solid = above(capped, threshold)
    dashed = above(row_sums(capped, DASH), min(DASH * (int(threshold) + 0.5), 254))
    ridge = _ridge(dashed, 0.8, THINNEST_SIDE)
    ridge |= _ridge(solid, 0.92, THICKEST_RULE)
    # What is shorter than half a rule goes. The cover falls off within half its length of an end: what is left grows
    # back by both along the dark pixels.
    middle = erode(ridge, SHORTEST_RULE // 2, 1)
    return dilate(middle, 2 * (SHORTEST_RULE // 2), 1) & dashed


def _ridge(dark: Mask, least: float, distance: int) -> Mask:
    """Dark pixels in a stretch of row that is dark to at least this share, and darker than rows at a distance."""
    cover = row_sums(dark & np.uint8(1), SHORTEST_RULE)
    clear = above(difference(cover, beside(cover, distance)), 0.2 * SHORTEST_RULE)
    return above(cover, least * SHORTEST_RULE) & clear & dark


def show_through(paper: Paper, rules: Rules, level: Components) -> int:
    """The darkness that the other side of thin paper comes to where its rules are seen too; 0 where they are not.

    Then many of the rules that lie (``level``) are much fainter than the others, and hardly any lie between the two.
    """
    # Long ones: strokes of writing are straight in places too.
    places = np.flatnonzero(rules.horizontal)
    long = np.concatenate(([False], level.boxes[:, 2] - level.boxes[:, 0] >= LONG))
    darkness = paper.darkness.ravel()[places[long[level.labels.ravel()[places]]]]
    if darkness.size < FEWEST:
        return 0
    full = quantile_of_bytes(darkness, FULL)
    shares = (*FAINT, *(share for share in FAINT_BESIDE_PALE if share * full <= FAINTEST_PRINT))
    below = [[float(np.mean(darkness < share * part * full)) for part in (1, APART)] for share in shares]
    more, faint, share = min(
        ((apart - faint) / max(faint, 0.01), faint, share) for (faint, apart), share in zip(below, shares, strict=True)
    )
    return round(BEYOND * share * full) if faint >= MANY and more <= FEW else 0


def rule_segments(mask: Mask, shortest: int) -> npt.NDArray[np.float64]:
    """Long rules of a horizontal mask as segments ``(n, 4)``: x0, y0, x1, y1 of the middle of their two ends.

    Pass the transposed vertical mask to get vertical rules with x and y exchanged.
    """
    # What is connected is so on a coarse copy too: only where that has something long is it worth a close look.
    coarse = connected_components(shrink(mask, COARSER))
    segments = []
    for index in np.flatnonzero(COARSER * (coarse.boxes[:, 2] - coarse.boxes[:, 0]) >= shortest).tolist():
        x0, y0, x1, y1 = coarse.boxes[index].tolist()
        near = (coarse.labels[y0:y1, x0:x1] == index + 1).repeat(COARSER, axis=0).repeat(COARSER, axis=1)
        window = mask[COARSER * y0 : COARSER * y1, COARSER * x0 : COARSER * x1]
        found = _segments_of(window * near[: window.shape[0], : window.shape[1]], shortest)
        segments += [segment + COARSER * np.array([x0, y0, x0, y0]) for segment in found]
    return np.array(segments).reshape(-1, 4)


def _segments_of(mask: Mask, shortest: int) -> Iterator[npt.NDArray[np.float64]]:
    found = connected_components(mask)
    lengths = found.boxes[:, 2] - found.boxes[:, 0]
    thickness = found.areas / np.maximum(lengths, 1)
    for index in np.flatnonzero((lengths >= shortest) & (thickness < THICKEST_RULE)).tolist():
        left, top, right, bottom = found.boxes[index].tolist()
        end = max(3, (right - left) // 10)
        y0, x0 = (float(v.mean()) for v in np.nonzero(found.labels[top:bottom, left : left + end] == index + 1))
        y1, x1 = (float(v.mean()) for v in np.nonzero(found.labels[top:bottom, right - end : right] == index + 1))
        yield np.array((left + x0, top + y0, right - end + x1, top + y1))
