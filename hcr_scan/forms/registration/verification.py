"""How much of a blank's print is found on a page where it should be."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hcr_scan.forms.registration.alignment import Fit
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
)

#: Darkness (0..255) from which a pixel of a blank is print.
PRINT = 40
#: Rules are straight runs of this many pixels or more.
RULE = 40
#: Least and greatest height of a label, and the length of the pieces that long ones are cut to.
LOWEST, HIGHEST, LONGEST = 5, 60, 60
#: A label is at least this many times as long as it is high: what is not may be a check box, which people write in.
WORD = 1.2
#: Labels that are looked at, at most.
MOST = 250
#: How many pixels beside its place a label may be.
SLACK = 2
#: Letters are told apart by what differs from its surroundings of this many pixels along the line.
ALONG = 11
#: One in so many pixels of a rule is looked at, and counts as found if it is darker than this share of its blank's.
SPARSE, FADED, FEWEST_POINTS = 5, 0.4, 40
#: A page that shows a smaller share of the labels proves nothing.
LEAST_SEEN = 0.5
#: Fewer labels say nothing about chance; they count as found from this correlation, with this share of the rules.
FEWEST, PLAIN, RULES_NEEDED = 6, 0.4, 0.8
#: A label counts as found where it correlates better than this share of decoys and this share of the median label.
BETTER_THAN, CLEAR = 0.9, 0.5
#: The decoy of a label is chosen among so many smaller and as many larger ones.
NEIGHBORS = 3

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Print:
    """What is printed on a blank.

    ``labels`` are words, and pieces of long lines, without rules and frames, one of ``every`` so many; ``texts`` says
    of each by number which text it is a piece of, and for each there is one of the ``decoys``, another label that looks
    otherwise. ``rules`` (n, 2) int32 are points, as x and y, all along the rules.
    """

    labels: tuple[BoundingBox, ...]
    texts: tuple[int, ...]
    decoys: tuple[BoundingBox, ...]
    every: int
    rules: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Found:
    """The shares of a blank's labels, of its whole texts and of its rules that are on a page where they should be."""

    labels: float
    texts: float
    rules: float


def find_print(darkness: Gray, usable: Gray) -> Print:
    """The labels and rules of a blank, where it is ``usable`` (255)."""
    ink = above(darkness, PRINT) & usable
    rules = np.maximum(opening(ink, RULE, 1), opening(ink, 1, RULE))
    words = closing(difference(ink, dilate(rules, 3, 3)), 7, 3)
    found = connected_components(words)
    pieces = [box for box in map(found.box, range(len(found))) if LOWEST <= box.height <= HIGHEST]
    texts = [box for box in pieces if box.width >= WORD * box.height]
    parts = [(number, part) for number, box in enumerate(texts) for part in _parts(box)]
    every = max(1, -(-len(parts) // MOST))
    numbers, boxes = [number for number, _ in parts[::every]], [box for _, box in parts[::every]]
    decoys = _decoys(level_differences(darkness, ALONG), boxes)
    rows, columns = np.nonzero(rules)
    # In a pattern that crosses every rule at the same places, whatever else is on the page.
    points = np.stack([columns, rows], 1)[(columns + 2 * rows) % SPARSE == 0].astype(np.int32)
    return Print(tuple(boxes), tuple(numbers), decoys, every, points)


def _parts(box: BoundingBox) -> list[BoundingBox]:
    """A long label cut into pieces of about equal length."""
    count = -(-box.width // LONGEST)
    ends = [box.left + box.width * k // count for k in range(count + 1)]
    return [BoundingBox(left, box.top, right, box.bottom) for left, right in pairwise(ends)]


def print_found(darkness: Gray, known: Print, blank: Gray, fit: Fit) -> Found:
    """The shares of a blank's print that are found on a page where they should be, labels less what chance would give.

    Each label is held against what the page has in its place, and so is a decoy: another label of about its size, which
    has no business there. Where a label is in its place it is more like it than hardly any decoy is, however noisy,
    blurred or small the page; on a page of another form, even one with the same frames, labels fare no better than
    decoys. Labels off the page are left out.

    Args:
        darkness: the page.
        known: what is printed on the blank, and where.
        blank: the blank's darkness.
        fit: the map from the blank to the page.
    """
    labels = zip(known.labels, known.decoys, known.texts, strict=True)
    inside = [label for label in labels if _on(darkness, fit.to_page, label[0])]
    if len(inside) < max(2, LEAST_SEEN * len(known.labels)):
        return Found(0.0, 0.0, 0.0)
    height, width = blank.shape
    laid = fit.laid(darkness, width, height)
    seen = level_differences(laid, ALONG)
    expected = level_differences(blank, ALONG)
    scores, chances = [], []
    for box, other, _ in inside:
        place = _cut(seen, box.grown(SLACK).clipped(width, height))
        scores.append(float(correlation(place, _cut(expected, box)).max()))
        chances.append(float(correlation(place, _cut(expected, other)).max()))
    rules = _rules_found(laid, known, blank)
    if len(scores) < FEWEST:
        share = _few_found(scores, rules)
        return Found(share, share, rules)
    # Where most are clear, a word that is no more than alike is another word.
    least = max(float(np.quantile(chances, BETTER_THAN)), CLEAR * float(np.median(scores)))
    clear = np.array(scores) > least
    texts = _means(clear, [text for _, _, text in inside])
    return Found(_beyond_chance(clear), _beyond_chance(texts), rules)


def _beyond_chance(found: npt.NDArray[np.bool_] | npt.NDArray[np.float64]) -> float:
    """The mean, less the share of labels that are found on any page."""
    return max(0.0, (float(np.mean(found)) - (1 - BETTER_THAN)) / BETTER_THAN)


def _means(found: npt.NDArray[np.bool_], texts: list[int]) -> npt.NDArray[np.float64]:
    """How much of each text was found, whose numbers there are for each of its pieces."""
    _, numbers = np.unique(texts, return_inverse=True)
    return np.asarray(np.bincount(numbers, found) / np.bincount(numbers), np.float64)


def _few_found(scores: list[float], rules: float) -> float:
    """The share of a blank's print that is on a page, of a blank with hardly any labels.

    All but one of them, and two at least, must be plainly there, so that the rules cannot be off by a cell or upside
    down, and nearly all rules too.
    """
    found = sum(score > PLAIN for score in scores)
    if found < max(2, len(scores) - 1) or rules < RULES_NEEDED:
        return 0.0
    return min(found / len(scores), rules)


def _rules_found(laid: Gray, known: Print, blank: Gray) -> float:
    """The share of the points of a blank's rules where the page, laid onto it, is dark too, within a pixel.

    All of them where the blank has hardly any.
    """
    if len(known.rules) < FEWEST_POINTS:
        return 1.0
    x, y = known.rules.T
    return float(np.mean(dilate(laid, 3, 3)[y, x] > FADED * blank[y, x]))


def _decoys(blank: Floats, labels: list[BoundingBox]) -> tuple[BoundingBox, ...]:
    """For each label the least similar of those that are nearest to it in height and length."""
    height, width = blank.shape
    order = sorted(range(len(labels)), key=lambda index: (labels[index].height, labels[index].width, index))
    decoys = list(labels)
    for place, index in enumerate(order):
        box = labels[index]
        around = _cut(blank, box.grown(SLACK).clipped(width, height))
        near = order[max(place - NEIGHBORS, 0) : place] + order[place + 1 : place + 1 + NEIGHBORS]
        parts = [_like(labels[other], box, width, height) for other in near]
        likeness = [float(correlation(around, _cut(blank, part)).max()) for part in parts]
        decoys[index] = parts[int(np.argmin(likeness))] if parts else box
    return tuple(decoys)


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
