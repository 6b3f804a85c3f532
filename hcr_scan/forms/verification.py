"""How much of a blank's print is found on a page where it should be."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox, Homography
from hcr_scan.images import (
    Gray,
    above,
    closing,
    connected_components,
    correlation,
    difference,
    dilate,
    level_differences,
    opening,
    warp,
)

#: Darkness (0..255) from which a pixel of a blank is print.
PRINT = 40
#: Rules are straight runs of this many pixels or more.
RULE = 40
#: Least and greatest height of a label, and the length of the pieces that long ones are cut to.
LOWEST, HIGHEST, LONGEST = 5, 60, 60
#: Labels that are looked at, at most.
MOST = 250
#: How many pixels beside its place a label may be.
SLACK = 2
#: Letters are told apart by what differs from its surroundings of this many pixels along the line.
ALONG = 11
#: A page that shows a smaller share of the labels proves nothing.
LEAST_SEEN = 0.5
#: A label counts as found where it correlates better than this share of decoys.
BETTER_THAN = 0.9

Floats = npt.NDArray[np.float32]


def find_labels(darkness: Gray, usable: Gray) -> tuple[BoundingBox, ...]:
    """Words, and pieces of long lines, that are printed on a blank: its print without rules and frames."""
    ink = above(darkness, PRINT) & usable
    rules = np.maximum(opening(ink, RULE, 1), opening(ink, 1, RULE))
    words = closing(difference(ink, dilate(rules, 3, 3)), 7, 3)
    found = connected_components(words)
    boxes: list[BoundingBox] = []
    for index in range(len(found)):
        box = found.box(index)
        if LOWEST <= box.height <= HIGHEST and box.width >= 1.2 * box.height:
            pieces = -(-box.width // LONGEST)
            ends = [box.left + box.width * k // pieces for k in range(pieces + 1)]
            boxes += [BoundingBox(a, box.top, b, box.bottom) for a, b in pairwise(ends)]
    return tuple(boxes[:: max(1, -(-len(boxes) // MOST))])


def print_found(darkness: Gray, labels: tuple[BoundingBox, ...], blank: Gray, to_page: Homography) -> float:
    """The share of a blank's labels that are found on a page where they should be, less what chance would give.

    Each label is held against what the page has in its place, and so is a decoy: another label of about its size, which
    has no business there. Where a label is in its place it is more like it than hardly any decoy is, however noisy,
    blurred or small the page; on a page of another form, even one with the same frames, labels fare no better than
    decoys. Labels off the page are left out.

    Args:
        darkness: the page.
        labels: where the blank's labels are.
        blank: the blank's darkness.
        to_page: the map from the blank to the page.
    """
    inside = [box for box in labels if _on(darkness, to_page, box)]
    if len(inside) < max(2, LEAST_SEEN * len(labels)):
        return 0.0
    height, width = blank.shape
    seen = level_differences(warp(darkness, to_page.inverse(), width, height, fill=0), ALONG)
    expected = level_differences(blank, ALONG)
    scores, chances = [], []
    for box, other in zip(inside, _decoys(inside), strict=True):
        place = _cut(seen, box.grown(SLACK).clipped(width, height))
        scores.append(float(correlation(place, _cut(expected, box)).max()))
        chances.append(float(correlation(place, _cut(expected, _like(other, box, width, height))).max()))
    share = float(np.mean(np.array(scores) > np.quantile(chances, BETTER_THAN)))
    return max(0.0, (share - (1 - BETTER_THAN)) / BETTER_THAN)


def _decoys(labels: list[BoundingBox]) -> list[BoundingBox]:
    """For each label another one that is as high and at least as long, if there is one: a neighbor by height."""
    order = sorted(range(len(labels)), key=lambda index: (labels[index].height, labels[index].width, index))
    decoys = list(labels)
    for place, index in enumerate(order):
        decoys[index] = labels[order[place + 1 if place + 1 < len(order) else place - 1]]
    return decoys


def _on(darkness: Gray, to_page: Homography, box: BoundingBox) -> bool:
    """Whether a label of the blank lies on the page and not beyond its edges."""
    height, width = darkness.shape
    x, y = to_page.point(*box.center)
    return bool(0 <= x < width and 0 <= y < height)


def _like(other: BoundingBox, box: BoundingBox, width: int, height: int) -> BoundingBox:
    """A box of the size of ``box`` that begins where ``other`` does, as far as the raster allows."""
    left, top = min(other.left, width - box.width), min(other.top, height - box.height)
    return BoundingBox(left, top, left + box.width, top + box.height)


def _cut(image: Floats, box: BoundingBox) -> Floats:
    return image[box.top : box.bottom, box.left : box.right]
