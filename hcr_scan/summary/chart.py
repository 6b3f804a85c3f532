"""Where the bars of the histogram of confidences stand, in units of its picture."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hcr_scan.document import Status
from hcr_scan.summary.counting import BINS

#: From the foot of a bar up.
STATUSES = (Status.OK, Status.REVIEW, Status.REJECTED, Status.BLANK)
#: The plot: how far apart bars are, how wide, how high the highest, and where its left end and its foot are.
PITCH, BAR, HIGHEST, LEFT, FOOT = 34.0, 28.0, 150.0, 14.0, 178.0
WIDTH, HEIGHT = LEFT * 2 + PITCH * BINS, FOOT + 40
#: What is there at all is seen.
LEAST = 1.5


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of a bar that is of one status."""

    status: Status
    count: int
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: the confidences it is of, in percent, and its parts; ``x`` and ``top`` are where its number stands."""

    low: int
    high: int
    total: int
    x: float
    top: float
    segments: tuple[Segment, ...]


def bars(bins: Counter[tuple[int, Status]]) -> list[Bar]:
    """The bars of the histogram, the least confident first."""
    totals = [sum(bins[number, status] for status in STATUSES) for number in range(BINS)]
    scale = HIGHEST / max(*totals, 1)
    return [_bar(number, totals[number], scale, bins) for number in range(BINS)]


def mark(percent: int) -> float:
    """Where a confidence is on the axis."""
    return LEFT - (PITCH - BAR) / 2 + PITCH * BINS * percent / 100


def _bar(number: int, total: int, scale: float, bins: Counter[tuple[int, Status]]) -> Bar:
    x, y, segments = LEFT + PITCH * number, FOOT, list[Segment]()
    for status in STATUSES:
        count = bins[number, status]
        if count:
            height = max(round(count * scale, 2), LEAST)
            y = round(y - height, 2)
            segments.append(Segment(status, count, x, y, height))
    step = 100 // BINS
    return Bar(number * step, (number + 1) * step, total, x + BAR / 2, y - 4, tuple(segments))
