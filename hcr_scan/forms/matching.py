"""Features of a blank found again on a page: which pairs agree on how the page lies."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox, Homography
from hcr_scan.images import Features, Gray, find_features, two_nearest, warp

Floats = npt.NDArray[np.float64]
Pairs = npt.NDArray[np.intp]

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
#: Side of the squares in which they must agree, in pixels.
SQUARE = 30
#: How a blank is turned, scaled and roughened to see which of its features are found again.
REHEARSALS = ((4.0, 0.92), (-7.0, 0.84))
ROUGHNESS = 8.0


def page_features(darkness: Gray) -> Features:
    """What a page is recognized by."""
    return find_features(darkness, PAGE_LEVELS, PAGE_SPACING)


def blank_features(darkness: Gray, usable: Gray, labels: tuple[BoundingBox, ...]) -> Features:
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


def _near(features: Features, labels: tuple[BoundingBox, ...]) -> npt.NDArray[np.bool_]:
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


def agreeing(blank: Features, page: Features, pairs: Pairs, middle: tuple[float, float]) -> Pairs:
    """The pairs (n, 2) that agree best on tilt, scale, and where the blank's ``middle`` is seen on the page."""
    turns = (page.angles[pairs[:, 1]] - blank.angles[pairs[:, 0]]) % 360
    best: Pairs = np.zeros(0, np.intp)
    for turn in _commonest(turns):
        off = (turns - turn + 180) % 360 - 180
        near = np.flatnonzero(np.abs(off) < 20)
        if len(near) <= len(best):
            continue
        away = np.array(middle) - blank.points[pairs[near, 0]]
        seen = page.points[pairs[near, 1]]
        for tilt in TILTS + math.radians(turn + float(np.median(off[near]))):
            turned = np.stack([away @ (math.cos(tilt), -math.sin(tilt)), away @ (math.sin(tilt), math.cos(tilt))], 1)
            for scale in SCALES:
                middles = seen + scale * turned
                agree = _densest(middles)
                if len(agree) > len(best):
                    best = near[agree]
    return pairs[best]


def _commonest(turns: Floats) -> list[float]:
    """The two commonest turns, in degrees, more than 20 degrees apart."""
    counts = np.bincount((turns // 10).astype(np.intp) % 36, minlength=36).astype(np.float64)
    smooth = counts + np.roll(counts, 1) + np.roll(counts, -1)
    first = int(np.argmax(smooth))
    for step in (-2, -1, 0, 1, 2):
        smooth[(first + step) % 36] = -1
    return [10.0 * first + 5, 10.0 * int(np.argmax(smooth)) + 5]


def _densest(points: Floats) -> Pairs:
    """Which of the points (n, 2) lie in the fullest square of two by two cells."""
    if not len(points):
        return np.zeros(0, np.intp)
    cells = np.floor(points / SQUARE).astype(np.int64)
    cells -= cells.min(axis=0)
    width = int(cells[:, 0].max()) + 2
    counts = np.bincount(cells[:, 1] * width + cells[:, 0], minlength=width * (int(cells[:, 1].max()) + 2))
    grid = counts.reshape(-1, width)
    blocks = grid[:-1, :-1] + grid[1:, :-1] + grid[:-1, 1:] + grid[1:, 1:]
    y, x = divmod(int(np.argmax(blocks)), blocks.shape[1])
    return np.flatnonzero((cells[:, 0] - x) // 2 + 1000 * ((cells[:, 1] - y) // 2) == 0)
