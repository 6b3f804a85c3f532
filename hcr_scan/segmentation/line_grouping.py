"""Which pieces of ink stand on the same line.

Letters are linked to their neighbours (each to the best on its right, where the choice is mutual), and the resulting runs
are merged end to end. Links are local, so slanted and curved lines, lists and lines of different sizes need no special
case. All measures are relative to the letters at hand.
"""

from __future__ import annotations

from statistics import median

import numpy as np
import numpy.typing as npt

from hcr_scan.segmentation.parts import Floats, Indices

#: Steepest slope of a line that is looked for: 10 degrees.
STEEPEST = 0.176
#: Letters of a line are at most this many of their heights apart; further away is another column.
WIDEST_GAP = 6.0
#: Share of the lower of two neighbours that must lie beside the other.
SIDE_BY_SIDE = 0.35
#: The same for two runs of letters, whose bands are known better.
RUNS_SIDE_BY_SIDE = 0.5
#: Runs of up to this many pieces may be given to a line whose band they hardly share.
SCRAP = 3


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
    """Letters (leveled boxes, sorted by left edge, of about ``height``) as lines, each a row of indices left to right."""
    if len(boxes) == 0:
        return []
    runs = [np.array(run, np.intp) for run in _linked_runs(boxes)]
    for _ in range(12):
        merged = _merge_runs(boxes, runs)
        if len(merged) == len(runs):
            break
        runs = merged
    return _absorb_scraps(boxes, runs, height)


def _absorb_scraps(boxes: Floats, runs: list[Indices], height: float) -> list[Indices]:
    """Give runs of a few letters or fragments to a longer line they stand on, or cling to, shortest first."""
    runs = sorted(runs, key=lambda run: (len(run), boxes[run[0], 0], boxes[run[0], 1]))
    at = 0
    while at < len(runs) and len(runs[at]) <= SCRAP:
        scrap = runs[at]
        hosts = [(_clinging(boxes, scrap, run, height), i) for i, run in enumerate(runs) if len(run) > len(scrap)]
        distance, host = min(hosts, default=(np.inf, -1))
        if not np.isfinite(distance):
            at += 1
            continue
        members = np.concatenate((runs[host], scrap))
        runs[host] = members[np.argsort(boxes[members, 0] + boxes[members, 2], kind="stable")]
        del runs[at]
    return runs


def _clinging(boxes: Floats, scrap: Indices, run: Indices, height: float) -> float:
    """How far a scrap is from a line it may belong to, in pixels; infinite if it may not."""
    around = np.concatenate((boxes[scrap, :2].min(axis=0), boxes[scrap, 2:].max(axis=0)))
    reach = np.concatenate((boxes[run, :2].min(axis=0), boxes[run, 2:].max(axis=0)))
    aside = max(reach[0] - around[2], around[0] - reach[2], 0.0)
    if aside > 1.5 * height or max(reach[1] - around[3], around[1] - reach[3]) > 0.5 * height:
        return float(np.inf)
    top, bottom = band(boxes, run, (around[0] + around[2]) / 2)
    middle = (around[1] + around[3]) / 2
    off = max(float(top) - middle, middle - float(bottom), 0.0)
    if off <= 0.35 * height:
        return aside + off
    if len(scrap) <= 2 and around[3] - around[1] < 0.65 * max(height, float(bottom - top)):
        distance = float(nearest_letters(boxes[run], around[None])[1][0])
        return distance + off if distance <= 0.5 * height else float(np.inf)
    return float(np.inf)


def band(boxes: Floats, line: Indices, x: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Top and bottom of a line's letters near each ``x``: medians over five neighbours, interpolated between."""
    members = boxes[line]
    centers = (members[:, 0] + members[:, 2]) / 2
    window = min(5, len(line))
    first = np.clip(np.arange(len(line)) - window // 2, 0, len(line) - window)
    around = first[:, None] + np.arange(window)
    tops, bottoms = np.median(members[:, 1][around], axis=1), np.median(members[:, 3][around], axis=1)
    return np.interp(x, centers, tops), np.interp(x, centers, bottoms)


def _linked_runs(boxes: Floats) -> list[list[int]]:
    left, right = _neighbour_pairs(boxes)
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


def _neighbour_pairs(boxes: Floats) -> tuple[Indices, Indices]:
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
    cost = _continuation_costs(boxes, runs)
    best = np.argmin(cost, axis=1)
    merged, used = [], set()
    for i, j in enumerate(best):
        if i in used:
            continue
        mutual = bool(np.isfinite(cost[i, j])) and int(best[j]) == i and int(j) not in used
        members = np.concatenate((runs[i], runs[j])) if mutual else runs[i]
        used.update((i, int(j)) if mutual else (i,))
        centers = boxes[members, 0] + boxes[members, 2]
        merged.append(members[np.argsort(centers, kind="stable")])
    return merged


def _continuation_costs(boxes: Floats, runs: list[Indices]) -> Floats:
    """How badly each run would continue another (symmetric; infinite where it cannot)."""
    ends = np.array([_ends(boxes, run) for run in runs])
    left, right = ends[:, 0], ends[:, 1]
    gap = np.maximum(left[None, :] - right[:, None], left[:, None] - right[None, :])
    # The bands that face each other: the end of the run on the left and the start of the one on the right.
    i_first = (left[:, None] + right[:, None]) <= (left[None, :] + right[None, :])
    top_i = np.where(i_first, ends[:, None, 4], ends[:, None, 2])
    bottom_i = np.where(i_first, ends[:, None, 5], ends[:, None, 3])
    cost = _band_cost(top_i, bottom_i, top_i.T, bottom_i.T, gap)
    # Runs that overlap from left to right are compared where the shorter one stands.
    counts = np.array([len(run) for run in runs])
    inside = gap < -0.3 * (bottom_i - top_i)
    reach = (ends[:, 6][:, None] < ends[:, 7][None, :]) & (ends[:, 7][:, None] > ends[:, 6][None, :])
    cost[inside & ~reach] = np.inf
    for i, j in zip(*np.nonzero(np.triu(inside & reach, 1)), strict=True):
        cost[i, j] = cost[j, i] = (
            _inside_cost(boxes, runs[i], runs[j]) if counts[i] >= counts[j] else _inside_cost(boxes, runs[j], runs[i])
        )
    np.fill_diagonal(cost, np.inf)
    return cost


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


def _inside_cost(boxes: Floats, run: Indices, short: Indices) -> float:
    """Cost of taking a short run into the stretch of a longer one that spans it."""
    members = boxes[short]
    top, bottom = band(boxes, run, (members[:, 0] + members[:, 2]) / 2)
    # Two full lines one above the other share columns: their letters would stand on top of each other.
    return float(np.median(_band_cost(top, bottom, members[:, 1], members[:, 3], np.zeros(len(short)))))


def covered_share(boxes: Floats, line: Indices, piece: Floats) -> float:
    """Share of the line's band, where a tall piece stands, that the piece covers; 0 where the line does not reach."""
    members = boxes[line]
    left, right = float(members[:, 0].min()), float(members[:, 2].max())
    top, bottom = float(members[:, 1].min()), float(members[:, 3].max())
    if piece[1] >= bottom or piece[3] <= top:
        return 0.0
    first, last = band(boxes, line, (piece[0] + piece[2]) / 2)
    height = float(last - first)
    if max(left - piece[2], piece[0] - right) > 2 * height:
        return 0.0
    return float(min(last, piece[3]) - max(first, piece[1])) / max(height, 1e-9)


def nearest_letters(boxes: Floats, pieces: Floats) -> tuple[Indices, Floats]:
    """For each lone piece the letter it floats near, and how far away that is in pixels.

    Distances are between edges; a piece above or below a letter counts as nearer than one beside it, as dots and
    accents stand over their letter.
    """
    beside = np.maximum(boxes[None, :, 0] - pieces[:, None, 2], pieces[:, None, 0] - boxes[None, :, 2])
    above = np.maximum(boxes[None, :, 1] - pieces[:, None, 3], pieces[:, None, 1] - boxes[None, :, 3])
    distance = np.hypot(np.maximum(beside, 0), 0.8 * np.maximum(above, 0))
    nearest = np.argmin(distance, axis=1)
    return nearest, distance[np.arange(len(pieces)), nearest]
