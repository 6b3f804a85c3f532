"""Where words end: gaps that stand out from the letter gaps of their line and of the page."""

from __future__ import annotations

import numpy as np

from hcr_scan.order_statistics import median_of
from hcr_scan.segmentation.ink.parts import Floats

#: No gap narrower than this share of the letter height ends a word.
NARROWEST_SPACE = 0.35
#: Gaps this much wider than those between letters end a word.
CLEARLY_WIDER = 1.8
#: Share of the gaps' variance (of their logarithms) that a division must explain.
CLEAR_DIVISION = 0.6
#: A line has at most this many words a glyph.
MOST_WORDS = 0.55


def space_threshold(gaps: Floats) -> float:
    """The gap (in letter heights, as ``gaps`` are) that divides letter gaps from word gaps; infinite if all are alike.

    Every division of the sorted gaps is tried; the one that leaves two tight and well separated groups wins.
    """
    if len(gaps) == 0:
        return float(np.inf)
    ordered = np.sort(np.maximum(gaps, 0.0))
    if len(ordered) == 1:
        return float(np.inf)
    count = len(ordered)
    low, high, size = ordered[:-1], ordered[1:], np.arange(1, count)
    soft = np.log(ordered + 0.12)
    soft -= soft.mean()
    total = float((soft**2).sum())
    # Variance within the two groups of every division at once, from running sums.
    below, squares = np.cumsum(soft)[:-1], np.cumsum(soft**2)[:-1]
    spread = squares - below**2 / size + (total - squares) - below**2 / (count - size)
    explained = 1 - spread / max(total, 1e-9) + 0.15 * (high - low) / (high + low + 0.1)
    usual = (ordered[(size - 1) // 2] + ordered[size // 2]) / 2
    explained[(high < NARROWEST_SPACE) | (high < CLEARLY_WIDER * usual)] = 0.0
    best = int(np.argmax(explained))
    return float((low[best] + high[best]) / 2) if explained[best] > CLEAR_DIVISION else float(np.inf)


def word_breaks(gaps: Floats, page_threshold: float) -> list[int]:
    """Indices of the gaps (in letter heights) of one line that end a word.

    A line with few gaps leans on the threshold of the whole page; one with many knows its own writer's spacing.
    """
    if len(gaps) == 0:
        return []
    own = space_threshold(gaps)
    typical = median_of(np.maximum(gaps, 0.0))
    if len(gaps) < 6 or not np.isfinite(own):
        threshold = page_threshold
        if not np.isfinite(threshold):
            threshold = own
        threshold = max(threshold, 1.3 * typical if len(gaps) > 3 else 0.0)
    elif np.isfinite(page_threshold):
        threshold = float(np.sqrt(own * np.clip(page_threshold, own / 2, own * 2)))
    else:
        threshold = own
    breaks = [int(i) for i in np.flatnonzero(gaps > max(threshold, NARROWEST_SPACE))]
    # Words of hardly more than a letter are letters written far apart: an alphabet, a row of boxes.
    return breaks if len(gaps) < 3 or len(breaks) + 1 <= MOST_WORDS * (len(gaps) + 1) else []
