"""Lines that a scanner draws: dust under the glass of a feeder leaves a straight streak from one edge to the other.

Nothing printed runs so: a form keeps its margins, and paper that is ruled to its edges never lies as straight.
"""

from __future__ import annotations

import numpy as np

from hcr_scan.images import Gray, transposed

#: Every so manieth row is looked at.
STEP = 16
#: A streak is this much darker than what lies so far beside it (working pixels), on this share of the rows.
DARKER, BESIDE, ROWS = 8, 6, 0.85
#: So it is on this share of those at either end, which are this share of all: the roller may be there, dark as well.
END, END_ROWS = 0.03, 0.6
#: A streak is at most so wide, and there are at most so many: more are a grid.
WIDEST, MOST = 2 * BESIDE - 2, 8
#: Ink is darker than this share of the paper; a streak that leaves less than this share of the light hides it.
INK, CLEAR = 0.6, 0.3


def without_streaks(pixels: Gray) -> Gray:
    """The page with streaks, upright or level, made up from what lies on both of their sides."""
    upright = _streaks(pixels[::STEP])
    if upright:
        pixels = _mended(pixels, upright)
    level = _streaks(transposed(pixels[:, ::STEP]))
    return transposed(_mended(transposed(pixels), level)) if level else pixels


def _mended(pixels: Gray, streaks: list[tuple[int, int]]) -> Gray:
    result = pixels.copy()
    for start, stop in streaks:
        under = pixels[:, start:stop].astype(np.float32)
        sides = pixels[:, [start - 1, stop]].astype(np.float32)
        share = np.arange(1, stop - start + 1, dtype=np.float32) / (stop - start + 1)
        between = sides[:, :1] * (1 - share) + sides[:, 1:] * share
        left = np.maximum(np.median(under / np.maximum(between, 1), axis=0), 0.01)
        dark = sides.max(axis=1) < INK * np.median(sides)
        # What shows through is better than a guess at it.
        shows = left.min() > CLEAR and dark.any() and np.median((under / left)[dark]) < (1 + INK) / 2 * np.median(sides)
        result[:, start:stop] = np.minimum(under / left, 255) if shows else between
    return result


def _streaks(sample: Gray) -> list[tuple[int, int]]:
    """Where streaks start and stop, in columns, from some of the rows."""
    height, width = sample.shape
    if width <= 4 * BESIDE or height < 2 / END:
        return []
    rows = sample.astype(np.int16)
    sides = np.minimum(rows[:, : -2 * BESIDE], rows[:, 2 * BESIDE :])
    ridge = rows[:, BESIDE:-BESIDE] <= sides - DARKER
    end = round(END * height)
    shares = ((ridge, ROWS), (ridge[:end], END_ROWS), (ridge[-end:], END_ROWS))
    is_streak = np.all([part.mean(axis=0) >= least for part, least in shares], axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_streak, [False])).astype(np.int8))).reshape(-1, 2)
    # With their soft edges.
    found = [(start + BESIDE - 1, stop + BESIDE + 1) for start, stop in edges.tolist() if stop - start <= WIDEST]
    return found if len(found) <= MOST else []
