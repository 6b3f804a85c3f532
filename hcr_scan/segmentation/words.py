"""Where words end: gaps that stand out from the letter gaps of their line and of the page."""

from __future__ import annotations

import numpy as np

from hcr_scan.segmentation.parts import Floats

#: No gap narrower than this share of the letter height ends a word.
NARROWEST_SPACE = 0.35
#: Gaps this much wider than those between letters end a word.
CLEARLY_WIDER = 1.8


def space_threshold(gaps: Floats) -> float:
    """The gap (in letter heights, as ``gaps`` are) that divides letter gaps from word gaps; infinite if all are alike.

    Every division of the sorted gaps is tried; the one that leaves two tight and well separated groups wins.
    """
    if len(gaps) == 0:
        return float(np.inf)
    ordered = np.sort(np.maximum(gaps, 0.0))
    if len(ordered) == 1:
        return float(np.inf)
    soft = np.log(ordered + 0.12)
    total = soft.var()
    best, threshold = 0.0, float(np.inf)
    for size in range(1, len(soft)):
        low, high = ordered[size - 1], ordered[size]
        if high < NARROWEST_SPACE or high < CLEARLY_WIDER * float(np.median(ordered[:size])):
            continue
        spread = (soft[:size].var() * size + soft[size:].var() * (len(soft) - size)) / len(soft)
        explained = 1 - spread / max(total, 1e-9) + 0.15 * (high - low) / (high + low + 0.1)
        if explained > best:
            best, threshold = explained, float((low + high) / 2)
    return threshold if best > 0.6 else float(np.inf)


def word_breaks(gaps: Floats, page_threshold: float) -> list[int]:
    """Indices of the gaps (in letter heights) of one line that end a word.

    A line with few gaps leans on the threshold of the whole page; one with many knows its own writer's spacing.
    """
    if len(gaps) == 0:
        return []
    own = space_threshold(gaps)
    typical = float(np.median(np.maximum(gaps, 0.0)))
    if len(gaps) < 6 or not np.isfinite(own):
        threshold = page_threshold
        if not np.isfinite(threshold):
            threshold = own
        threshold = max(threshold, 1.3 * typical if len(gaps) > 3 else 0.0)
    elif np.isfinite(page_threshold):
        threshold = float(np.sqrt(own * np.clip(page_threshold, own / 2, own * 2)))
    else:
        threshold = own
    return [int(i) for i in np.flatnonzero(gaps > max(threshold, NARROWEST_SPACE))]
