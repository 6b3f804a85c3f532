"""What the share of hits among a few says of the share among all."""

from __future__ import annotations

import math

#: So many standard deviations to both sides hold what is sought 95 times in 100.
DEVIATIONS = 1.96


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """Between which shares the true one lies, 95 times in 100, after ``hits`` of ``count``, ``count`` > 0."""
    share, square = hits / count, DEVIATIONS**2
    center = share + square / (2 * count)
    spread = DEVIATIONS * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    scale = 1 + square / count
    return max(0.0, (center - spread) / scale), min(1.0, (center + spread) / scale)
