"""Which pieces of ink stand on the same line.

Letters are linked to their neighbors (each to the best on its right, where the choice is mutual), and the resulting
runs are merged end to end. Links are local, so slanted and curved lines, lists and lines of different sizes need no
special case. All measures are relative to the letters at hand.
"""

from __future__ import annotations

from statistics import median

import numpy as np

from hcr_scan.segmentation.ink.parts import Floats, Indices
from hcr_scan.segmentation.lines.bands import Band, box_around, boxes_around, nearest_letters

#: Steepest slope of a line that is looked for: 10 degrees.
STEEPEST = 0.176
#: Letters of a line are at most this many of their heights apart; further away is another column.
WIDEST_GAP = 6.0
#: Share of the lower of two neighbors that must lie beside the other.
SIDE_BY_SIDE = 0.35
#: The same for two runs of letters, whose bands are known better.
RUNS_SIDE_BY_SIDE = 0.5
#: Runs of up to this many pieces may be given to a line whose band they hardly share.
SCRAP = 3
#: A word of small print is at least this share of a letter high, which bars are not, and so many times as wide; it
#: reaches into the letters' band by this share at most.
LOW_PRINT, WIDE_PRINT, BESIDE = 0.22, 1.8, 0.1


def page_slope(boxes: Floats, height: float) -> float:
    """How far lines sink, in pixels per pixel to the right: the slope at which tops and bottoms pile up most.

    Few letters pile up at any slope by chance, so a level page wins unless another slope is clearly better.
    """
    if len(boxes) < 4:
        return 0.0
    slopes = np.linspace(-STEEPEST, STEEPEST, 57)
    across = (boxes[:, 0] + boxes[:, 2]) / 2
    across = across - across.mean()
    bins = 0.15 * height
    score = np.zeros(len(slopes))
    for edge in (boxes[:, 1], boxes[:, 3]):
        position = (edge - edge.min() - slopes[:, None] * across) / bins
        position -= position.min()
        low = np.floor(position).astype(np.intp)
        part = position - low
        size = int(low.max()) + 2
        row = np.arange(len(slopes))[:, None] * size
        piled = np.bincount((row + low).ravel(), (1 - part).ravel(), len(slopes) * size + 1)
        piled += np.bincount((row + low + 1).ravel(), part.ravel(), len(slopes) * size + 1)
        score += (piled[:-1].reshape(len(slopes), size) ** 2).sum(axis=1)
    score *= 1 - 0.5 * np.abs(slopes)
    level = len(slopes) // 2
    best = int(np.argmax(score))
    return float(slopes[best]) if score[best] > 1.08 * score[level] else 0.0


def leveled(boxes: Floats, slope: float) -> Floats:
    """The boxes with the page's slope taken out of their heights on the page."""
    drop = slope * (boxes[:, 0] + boxes[:, 2]) / 2
    result = boxes.copy()
    result[:, 1] -= drop
    result[:, 3] -= drop
    return result


def group_letters(boxes: Floats, height: float) -> list[Indices]:
    """Letters as lines, each a row of indices from left to right.

    Args:
        boxes: leveled, sorted by left edge.
        height: about that of the letters.
    """
    if len(boxes) == 0:
        return []
    runs = [np.array(run, np.intp) for run in _linked_runs(boxes)]
    for _ in range(12):
        merged = _merge_runs(boxes, runs)
        if len(merged) == len(runs):
            break
        runs = merged
    return _absorb_scraps(boxes, runs, height)


def join_level_lines(boxes: Floats, lines: list[Indices]) -> list[Indices]:
    """Lines of different sizes of writing that go on level with each other, joined: an answer beside its label."""
    for _ in range(4):
        heights = boxes[:, 3] - boxes[:, 1]
        letters = [line[heights[line] >= 0.4 * heights[line].max()] for line in lines]
        partners = _partners(boxes, letters) if len(lines) > 1 else [-1] * len(lines)
        joined = [np.sort(np.concatenate((lines[i], lines[j]))) for i, j in enumerate(partners) if i < j]
        if not joined:
            break
        lines = [lines[i] for i, j in enumerate(partners) if j < 0] + joined
    return lines


def _absorb_scraps(boxes: Floats, runs: list[Indices], height: float) -> list[Indices]:
    """Give runs of a few letters or fragments to a longer line they stand on, or cling to, shortest first."""
    runs = sorted(runs, key=lambda run: (len(run), boxes[run[0], 0], boxes[run[0], 1]))
    around = boxes_around(boxes, runs)
    sizes = np.array([len(run) for run in runs])
    for at, scrap in enumerate(runs):
        if len(scrap) > SCRAP:
            continue
        box = around[at]
        aside = np.maximum(around[:, 0] - box[2], box[0] - around[:, 2])
        above = np.maximum(around[:, 1] - box[3], box[1] - around[:, 3])
        near = np.flatnonzero((sizes > sizes[at]) & (aside <= 1.5 * height) & (above <= 0.5 * height))
        hosts = [(_clinging(boxes, box, len(scrap), runs[i], max(aside[i], 0.0), height), int(i)) for i in near]
        distance, host = min(hosts, default=(np.inf, -1))
        if not np.isfinite(distance):
            continue
        members = np.concatenate((runs[host], scrap))
        runs[host] = members[np.argsort(boxes[members, 0] + boxes[members, 2], kind="stable")]
        runs[at] = scrap[:0]
        around[host] = box_around(boxes[runs[host]])
        sizes[host], sizes[at] = len(runs[host]), 0
    return [run for run in runs if len(run)]


def is_label(piece: Floats, top: float, bottom: float, height: float) -> bool:
    """Whether a piece (its box) clear over or under letters is a small word whose letters run together, and no bar."""
    low = float(piece[3] - piece[1])
    clear = piece[3] <= top + BESIDE * height or piece[1] >= bottom - BESIDE * height
    return bool(clear and low >= LOW_PRINT * height and piece[2] - piece[0] >= WIDE_PRINT * low)


def _clinging(boxes: Floats, scrap: Floats, count: int, run: Indices, aside: float, height: float) -> float:
    """How far a scrap (its box) of so many pieces is from a line it may belong to; infinite if it may not."""
    top, bottom = Band.of(boxes, run).here((scrap[0] + scrap[2]) / 2)
    middle = (scrap[1] + scrap[3]) / 2
    off = float(max(top - middle, middle - bottom, 0.0))
    if is_label(scrap, top, bottom, height):
        return float(np.inf)
    if off <= 0.35 * height:
        return aside + off
    if count <= 2 and scrap[3] - scrap[1] < 0.65 * max(height, bottom - top):
        nearest, distance = nearest_letters(boxes[run], scrap[None], 0.5 * height)
        return float(distance[0]) + off if nearest[0] >= 0 else float(np.inf)
    return float(np.inf)


def _linked_runs(boxes: Floats) -> list[list[int]]:
    left, right = _neighbor_pairs(boxes)
    gap = boxes[right, 0] - boxes[left, 2]
    heights = boxes[:, 3] - boxes[:, 1]
    lower, higher = np.minimum(heights[left], heights[right]), np.maximum(heights[left], heights[right])
    beside = np.minimum(boxes[left, 3], boxes[right, 3]) - np.maximum(boxes[left, 1], boxes[right, 1])
    share = beside / lower
    centers = (boxes[:, 0] + boxes[:, 2]) / 2
    narrower = np.minimum(boxes[left, 2] - boxes[left, 0], boxes[right, 2] - boxes[right, 0])
    ok = (share >= SIDE_BY_SIDE) & (gap <= WIDEST_GAP * higher) & (higher <= 3.5 * lower)
    ok &= (centers[right] > centers[left]) & (gap > -0.5 * narrower)
    left, right = left[ok], right[ok]
    cost = np.maximum(gap[ok], 0) / higher[ok] + 2.0 * (1 - np.minimum(share[ok], 1))
    after = _cheapest(left, right, cost, len(boxes))
    before = _cheapest(right, left, cost, len(boxes))
    follows = [int(j) if j >= 0 and before[j] == i else -1 for i, j in enumerate(after)]
    starts = sorted(set(range(len(boxes))) - set(follows))
    runs = []
    for start in starts:
        run = [start]
        while follows[run[-1]] >= 0:
            run.append(follows[run[-1]])
        runs.append(run)
    return runs


def _neighbor_pairs(boxes: Floats) -> tuple[Indices, Indices]:
    """Ordered pairs whose middles are near enough in height for their boxes to overlap."""
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    reach = (boxes[:, 3] - boxes[:, 1]).max() / 2
    reaches = (boxes[:, 3] - boxes[:, 1]) / 2 + reach
    order = np.argsort(middles, kind="stable")
    ranked = middles[order]
    first, last = np.searchsorted(ranked, middles - reaches), np.searchsorted(ranked, middles + reaches, side="right")
    counts = last - first
    left = np.repeat(np.arange(len(boxes)), counts)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    right = order[np.repeat(first, counts) + offsets]
    near = (left != right) & (boxes[right, 0] >= boxes[left, 0])
    return left[near], right[near]


def _cheapest(sources: Indices, targets: Indices, cost: Floats, count: int) -> Indices:
    """For each source its cheapest target, or -1."""
    best = np.full(count, -1, np.intp)
    order = np.lexsort((targets, cost, sources))
    chosen, first = np.unique(sources[order], return_index=True)
    best[chosen] = targets[order][first]
    return best


def _merge_runs(boxes: Floats, runs: list[Indices]) -> list[Indices]:
    """Join every two runs that are each other's best continuation."""
    if len(runs) < 2:
        return runs
    runs = sorted(runs, key=lambda run: (boxes[run[0], 0], boxes[run[0], 1]))
    partners = _partners(boxes, runs)
    merged = []
    for i, j in enumerate(partners):
        if j < 0 or i < j:
            members = np.concatenate((runs[i], runs[j])) if j >= 0 else runs[i]
            centers = boxes[members, 0] + boxes[members, 2]
            merged.append(members[np.argsort(centers, kind="stable")])
    return merged


def _partners(boxes: Floats, runs: list[Indices]) -> list[int]:
    """For each run the one that it continues best, where that is mutual, or -1."""
    first, second, cost = _continuations(boxes, runs)
    best = _cheapest(np.concatenate((first, second)), np.concatenate((second, first)), np.tile(cost, 2), len(runs))
    return [int(j) if j >= 0 and best[j] == i else -1 for i, j in enumerate(best)]


def _continuations(boxes: Floats, runs: list[Indices]) -> tuple[Indices, Indices, Floats]:
    """Pairs of runs that may be one line, and how badly they fit."""
    ends = np.array([_ends(boxes, run) for run in runs])
    i, j = _level_pairs(ends[:, 6], ends[:, 7])
    # The run whose middle is further left comes first.
    swap = ends[i, 0] + ends[i, 1] > ends[j, 0] + ends[j, 1]
    i, j = np.where(swap, j, i), np.where(swap, i, j)
    gap = ends[j, 0] - ends[i, 1]
    # The bands that face each other: the end of the run on the left and the start of the one on the right.
    cost = _band_cost(ends[i, 4], ends[i, 5], ends[j, 2], ends[j, 3], gap)
    # Runs that overlap from left to right are compared where the shorter one stands.
    overlapping = np.flatnonzero(gap < -0.3 * (ends[i, 5] - ends[i, 4]))
    bands: dict[int, Band] = {}
    for k in overlapping:
        long, short = (int(v) for v in ((i[k], j[k]) if len(runs[i[k]]) >= len(runs[j[k]]) else (j[k], i[k])))
        if long not in bands:
            bands[long] = Band.of(boxes, runs[long])
        cost[k] = _inside_cost(bands[long], boxes[runs[short]])
    fits = np.isfinite(cost)
    return i[fits], j[fits], cost[fits]


def _level_pairs(tops: Floats, bottoms: Floats) -> tuple[Indices, Indices]:
    """Every two runs that share rows, once."""
    order = np.argsort(tops, kind="stable")
    last = np.searchsorted(tops[order], bottoms[order])
    counts = np.maximum(last - np.arange(len(order)) - 1, 0)
    upper = np.repeat(np.arange(len(order)), counts)
    lower = upper + 1 + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return order[upper], order[lower]


def _ends(boxes: Floats, run: Indices) -> tuple[float, ...]:
    """Left, right, top and bottom at the left end, top and bottom at the right end, top and bottom of all."""
    members = boxes[run].tolist()
    lefts, tops, rights, bottoms = zip(*members, strict=True)
    return (
        min(lefts), max(rights),
        median(tops[:4]), median(bottoms[:4]), median(tops[-4:]), median(bottoms[-4:]),
        min(tops), max(bottoms),
    )  # fmt: skip


def _band_cost(top_a: Floats, bottom_a: Floats, top_b: Floats, bottom_b: Floats, gap: Floats) -> Floats:
    heights = bottom_a - top_a, bottom_b - top_b
    lower, higher = np.minimum(*heights), np.maximum(*heights)
    share = (np.minimum(bottom_a, bottom_b) - np.maximum(top_a, top_b)) / np.maximum(lower, 1e-9)
    apart = np.maximum(gap, 0) / np.maximum(higher, 1e-9)
    ok = (share >= RUNS_SIDE_BY_SIDE) & (apart <= WIDEST_GAP) & (higher <= 3.5 * lower)
    return np.where(ok, apart / 3 + 2.0 * (1 - np.minimum(share, 1)), np.inf)


def _inside_cost(band: Band, short: Floats) -> float:
    """Cost of taking a short run (its boxes) into the stretch of a longer one that spans it."""
    top, bottom = band.at((short[:, 0] + short[:, 2]) / 2)
    costs = np.sort(_band_cost(top, bottom, short[:, 1], short[:, 3], np.zeros(len(short))))
    # Two full lines one above the other share columns: most of their letters must be level with the other's.
    return float(costs[len(costs) // 2])
