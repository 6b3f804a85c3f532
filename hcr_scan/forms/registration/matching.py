"""Features of a blank found again on a page: which pairs agree on how the page lies."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox, Homography
from hcr_scan.images import Features, Gray, find_features, warp

Floats = npt.NDArray[np.float64]
Pairs = npt.NDArray[np.intp]
Bits = npt.NDArray[np.uint8]

#: Of a blank this many features are kept, the surest first, found at this many sizes and this close to each other.
KEPT, BLANK_LEVELS, BLANK_SPACING = 600, 3, 10.0
PAGE_LEVELS, PAGE_SPACING = 2, 14.0
#: A feature is part of a label if it is at most this far from it.
BESIDE = 6
#: A feature is known again if it differs in at most this many of 256 bits, and in at most this share
#: of what the next best does.
NEAR, CLEARLY = 64, 0.95
#: Tilts (degrees) about the commonest one and scales at which pairs are asked where they see the middle of the page.
TILTS = np.radians((-6.0, -3.0, 0.0, 3.0, 6.0))
SCALES = np.array((0.55, 0.62, 0.7, 0.78, 0.86, 0.93, 1.0, 1.08, 1.17, 1.3))
#: Half the side of the squares in which they must agree, in pixels, and how many of these a page may be high or wide.
SQUARE, CELLS = 30, 45
#: How a blank is turned, scaled and roughened to see which of its features are found again.
REHEARSALS = ((4.0, 0.92), (-7.0, 0.84))
ROUGHNESS = 8.0


def page_features(darkness: Gray) -> Features:
    """What a page is recognized by."""
    return find_features(darkness, PAGE_LEVELS, PAGE_SPACING)


def blank_features(darkness: Gray, usable: Gray, labels: Sequence[BoundingBox]) -> Features:
    """What a blank is recognized by, the surest first.

    Labels come before frames, which many forms share; then what is found again in trials, and is unlike all else.
    """
    features = find_features(darkness, BLANK_LEVELS, BLANK_SPACING)
    columns, rows = (features.points.T - 0.5).astype(np.intp)
    features = features.chosen(np.flatnonzero(usable[rows, columns] == 255))
    random = np.random.default_rng(1)
    height, width = darkness.shape
    sureness = np.zeros(len(features))
    for degrees, scale in REHEARSALS:
        turn = similarity(math.radians(degrees), scale, (width / 2, height / 2), (width / 2, height / 2))
        seen = warp(darkness, turn, width, height, fill=0) + random.normal(0, ROUGHNESS, darkness.shape)
        found = page_features(np.clip(seen, 0, 255).astype(np.uint8))
        if len(found) < 2 or not len(features):
            continue
        distances, nearest = two_nearest(features.descriptors, found.descriptors)
        true = np.array([turn.point(x, y) for x, y in features.points.tolist()])
        again = np.hypot(*(found.points[nearest[:, 0]] - true).T) < 4
        sureness += np.where(again, distances[:, 1] - distances[:, 0], 0)
    return features.chosen(np.lexsort((-sureness, ~_near(features, labels)))[:KEPT])


def _near(features: Features, labels: Sequence[BoundingBox]) -> npt.NDArray[np.bool_]:
    """Which features are part of a label."""
    x, y = features.points.T[:, :, None]
    left, top, right, bottom = np.array([box.grown(BESIDE).as_list() for box in labels]).reshape(-1, 4).T
    return np.asarray(((left <= x) & (x < right) & (top <= y) & (y < bottom)).any(axis=1), np.bool_)


def similarity(angle: float, scale: float, source: tuple[float, float], target: tuple[float, float]) -> Homography:
    """The map that turns clockwise by ``angle`` (radians) and scales, and takes ``source`` to ``target``."""
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    (x, y), (u, v) = source, target
    return Homography((c, -s, u - c * x + s * y, s, c, v - s * x - c * y, 0.0, 0.0, 1.0))


def alike(blank: Features, page: Features) -> Pairs:
    """Features of a blank and of a page (n, 2) that look alike as no others do."""
    if not len(blank) or len(page) < 2:
        return np.zeros((0, 2), np.intp)
    distances, nearest = two_nearest(blank.descriptors, page.descriptors)
    clear = (distances[:, 0] <= NEAR) & (distances[:, 0] < CLEARLY * distances[:, 1])
    return np.stack([np.flatnonzero(clear), nearest[clear, 0]], 1)


def two_nearest(descriptors: Bits, others: Bits) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """For each descriptor in how many bits its two nearest ``others`` differ from it, and which they are, both (n, 2).

    Twice as fast as OpenCV's own. There must be two others at least.
    """
    words, columns = descriptors.view(np.uint64), np.ascontiguousarray(others.view(np.uint64).T)
    distances = np.empty((len(words), columns.shape[1]), np.uint16)
    # In stripes that stay in the processor's cache.
    for top in range(0, len(words), 32):
        stripe = words[top : top + 32]
        bits = np.bitwise_count(stripe[:, :1] ^ columns[0]).astype(np.uint16)
        for word in range(1, columns.shape[0]):
            bits += np.bitwise_count(stripe[:, word, None] ^ columns[word])
        distances[top : top + 32] = bits
    rows = np.arange(len(words))
    first = distances.argmin(axis=1)
    least = distances[rows, first]
    distances[rows, first] = np.iinfo(np.uint16).max
    second = distances.argmin(axis=1)
    return np.stack([least, distances[rows, second]], 1).astype(np.intp), np.stack([first, second], 1)


def agreeing(blank: Features, page: Features, pairs: Pairs, middle: tuple[float, float]) -> Pairs:
    """The pairs (n, 2) that agree best on tilt, scale, and where on the page the blank's ``middle`` is seen."""
    turns = (page.angles[pairs[:, 1]] - blank.angles[pairs[:, 0]]) % 360
    # As complex numbers, turning and scaling are one multiplication.
    away = complex(*middle) - _complex(blank.points[pairs[:, 0]])
    seen = _complex(page.points[pairs[:, 1]])
    best: Pairs = np.zeros(0, np.intp)
    for turn in _commonest(turns):
        off = (turns - turn + 180) % 360 - 180
        near = np.flatnonzero(np.abs(off) < 20)
        if len(near) > len(best):
            tilts = TILTS + math.radians(turn + float(np.median(off[near])))
            factors = np.outer(np.exp(1j * tilts), SCALES).ravel()
            agree = _densest(seen[near] + factors[:, None] * away[near])
            best = near[agree] if len(agree) > len(best) else best
    return pairs[best]


def _complex(points: Floats) -> npt.NDArray[np.complex128]:
    return np.asarray(points[:, 0] + 1j * points[:, 1], np.complex128)


def _commonest(turns: Floats) -> list[float]:
    """The two commonest turns, in degrees, more than 20 degrees apart."""
    counts = np.bincount((turns // 10).astype(np.intp) % 36, minlength=36).astype(np.float64)
    smooth = counts + np.roll(counts, 1) + np.roll(counts, -1)
    first = int(np.argmax(smooth))
    for step in (-2, -1, 0, 1, 2):
        smooth[(first + step) % 36] = -1
    return [10.0 * first + 5, 10.0 * int(np.argmax(smooth)) + 5]


def _densest(middles: npt.NDArray[np.complex128]) -> Pairs:
    """Which of ``n`` pairs see the middle in one square of two by two cells, under the guess where most of them do.

    Args:
        middles: where the pairs see it, (guesses, n); what is off the page counts for nothing.
    """
    cells = np.stack([middles.real, middles.imag]) // SQUARE
    inside = ((cells >= 0) & (cells < CELLS)).all(axis=0)
    x, y = np.where(inside, cells, CELLS).astype(np.intp)
    guess = np.arange(len(middles))[:, None]
    size = CELLS + 1
    counts = np.bincount(((guess * size + y) * size + x).ravel(), minlength=len(middles) * size * size)
    grid = counts.reshape(-1, size, size)[:, :CELLS, :CELLS]
    blocks = grid[:, :-1] + grid[:, 1:]
    blocks = blocks[:, :, :-1] + blocks[:, :, 1:]
    first, row, column = np.unravel_index(int(np.argmax(blocks)), blocks.shape)
    return np.flatnonzero(((x[first] - column) // 2 == 0) & ((y[first] - row) // 2 == 0))
