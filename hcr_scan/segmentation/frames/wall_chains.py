"""The row of walls that explains most of a band, by dynamic programming."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

#: Rows looked at together.
BLOCK = 256
#: A chain that explains less is none.
LEAST_SCORE = 0.6
#: Columns that are less sure to have rails are a gap in them.
UNRAILED = 0.25

#: Stretches between two walls from left to right, and how many cells are in each: ``(left, right, cells)``.
Chain = list[tuple[int, int, int]]


@dataclass(frozen=True, slots=True, eq=False)
class WallRow:
    """What may be walls in a band, and the rails that they stand between.

    ``peaks`` (n,) are columns of the band, ascending, ``strengths`` (n,) how sure (0 to 1) it is that each is a wall,
    ``railed`` (width,) how sure that a column has rails. Of each cell a share of ``least_cover`` must have some, and
    none reaches over a gap in them wider than ``widest_gap``.
    """

    peaks: npt.NDArray[np.int64]
    strengths: npt.NDArray[np.float64]
    railed: npt.NDArray[np.float64]
    pitch: float
    least_cover: float
    widest_gap: float


def runs(flags: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where the runs of true flags start and end (exclusive)."""
    framed = np.zeros(len(flags) + 2, np.bool_)
    framed[1:-1] = flags
    borders = (framed[1:] != framed[:-1]).nonzero()[0]
    return borders[::2], borders[1::2]


def find_walls(dark: npt.NDArray[np.bool_], widest: float = 12) -> npt.NDArray[np.int64]:
    """Middles of the runs of dark columns; runs wider than ``widest`` keep both ends."""
    starts, ends = runs(dark)
    peaks: list[int] = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if end - start <= widest:
            peaks.append((start + end - 1) // 2)
        else:
            peaks.extend((start + 1, end - 2))
    return np.array(peaks, np.int64)


def find_chains(rows: Sequence[WallRow]) -> list[list[tuple[Chain, float]]]:
    """For each row its chains of walls and their scores, best first, each on the rails that those before it left."""
    found: list[list[tuple[Chain, float]]] = [[] for _ in rows]
    left = [(k, replace(row, railed=row.railed.copy())) for k, row in enumerate(rows) if len(row.peaks) >= 2]
    while left:
        block, later = left[:BLOCK], left[BLOCK:]
        again = []
        for (k, row), (chain, score) in zip(block, _best_chains([row for _, row in block]), strict=True):
            if chain:
                found[k].append((chain, score))
                row.railed[chain[0][0] : chain[-1][1]] = 0
                again.append((k, row))
        left = later + again
    return found


def _best_chains(rows: Sequence[WallRow]) -> list[tuple[Chain, float]]:
    """The run of walls that explains most of each row, by dynamic programming; and its score.

    A wall gains its strength less a half; a stretch must be one, two or three pitches long (inner walls may be lost
    under writing, at a price) and have rails along most of it. The chain is empty where nothing is worth it.
    """
    gain = [strength - 0.5 for row in rows for strength in row.strengths.tolist()]
    total, previous, counts = gain.copy(), [-1] * len(gain), [0] * len(gain)
    for i, j, cells, worth in _stretches(_EndToEnd.of(rows)):
        value = total[i] + gain[j] + worth
        if value > total[j] or previous[j] < 0:
            total[j], previous[j], counts[j] = value, i, cells
    chains = []
    first = 0
    for row in rows:
        places = row.peaks.tolist()
        score = max(total[first : first + len(places)])
        best = total.index(score, first)
        chain: Chain = []
        while score >= LEAST_SCORE and previous[best] >= 0:
            chain.append((places[previous[best] - first], places[best - first], counts[best]))
            best = previous[best]
        chains.append((chain[::-1], score))
        first += len(places)
    return chains


@dataclass(frozen=True, slots=True, eq=False)
class _EndToEnd:
    """Rows laid end to end, farther apart than any stretch is long: all are asked at once, which costs as one did.

    Columns count on from row to row. ``before`` (n,) sums the strengths of the walls before each in its row, ``cover``
    (columns,) the rails before each column of a row; ``gaps`` are the middles of wide gaps in them. ``pitch`` and
    ``least_cover`` (n,) are those of each wall's row.
    """

    peaks: npt.NDArray[np.int64]
    before: npt.NDArray[np.float64]
    cover: npt.NDArray[np.float64]
    gaps: npt.NDArray[np.float64]
    pitch: npt.NDArray[np.float64]
    least_cover: npt.NDArray[np.float64]

    @classmethod
    def of(cls, rows: Sequence[WallRow]) -> _EndToEnd:
        apart = math.ceil(_longest(np.array(max(row.pitch for row in rows))))
        # Halves are rounded to even columns, so rows begin at such.
        lengths = [len(row.railed) + apart + (len(row.railed) + apart) % 2 for row in rows]
        starts = np.cumsum([0, *lengths[:-1]])
        counts = [len(row.peaks) for row in rows]
        railed, cover, before = np.ones(sum(lengths)), np.zeros(sum(lengths)), np.zeros(sum(counts))
        # Sums begin anew with each row: what stands before it must not decide, by rounding, between chains as good.
        for start, end, row in zip(starts.tolist(), np.cumsum(counts).tolist(), rows, strict=True):
            railed[start : start + len(row.railed)] = row.railed
            np.cumsum(row.railed, out=cover[start + 1 : start + 1 + len(row.railed)])
            np.cumsum(row.strengths[:-1], out=before[end + 1 - len(row.peaks) : end])
        left, right = runs(railed < UNRAILED)
        widest = np.array([row.widest_gap for row in rows])[np.searchsorted(starts, left, side="right") - 1]
        return cls(
            np.concatenate([row.peaks for row in rows]) + np.repeat(starts, counts),
            before,
            cover,
            ((left + right) / 2)[right - left > widest],
            np.repeat([row.pitch for row in rows], counts),
            np.repeat([row.least_cover for row in rows], counts),
        )


def _tolerance(pitch: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How far, in pixels, a wall may be off."""
    return np.maximum(2.5, 0.14 * pitch)


def _longest(pitch: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """More than the longest stretch of three cells."""
    return 3 * pitch + 2.1 * _tolerance(pitch)


def _stretches(rows: _EndToEnd) -> Iterator[tuple[int, int, int, float]]:
    """Pairs of walls with one, two or three cells between them, by right wall: ``(left, right, cells, worth)``."""
    rights, lefts, cells, off = _pairs(rows)
    gaps = np.searchsorted(rows.gaps, rows.peaks)
    cover = _least_cover(rows.cover, rows.peaks[lefts], rows.peaks[rights], cells)
    keep = (gaps[rights] == gaps[lefts]) & (cover >= rows.least_cover[rights])
    rights, lefts, cells, off, cover = rights[keep], lefts[keep], cells[keep], off[keep], cover[keep]
    # Double walls are one wall: only what stands well inside counts as passed over.
    near = np.minimum(8.0, 0.12 * rows.pitch)
    first = np.searchsorted(rows.peaks, rows.peaks + near)[lefts]
    last = np.searchsorted(rows.peaks, rows.peaks - near)[rights]
    skipped = np.maximum(rows.before[last] - rows.before[np.minimum(first, rights)], 0.0)
    # A stroke as high as its cell is common in a narrow comb and hardly ever seen in a large square.
    price = np.clip(rows.pitch / 300, 0.1, 0.6)[rights]
    worth = 0.3 + 1.2 * (cover - 0.85) - 0.35 * off * off - 0.5 * (cells - 1) - price * skipped
    return zip(lefts.tolist(), rights.tolist(), cells.tolist(), worth.tolist(), strict=True)


def _pairs(
    rows: _EndToEnd,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Walls about one, two or three pitches apart, by right wall: right, left, cells between, and how far off."""
    # The lefts of each right wall follow each other.
    first = np.searchsorted(rows.peaks, rows.peaks - _longest(rows.pitch))
    counts = np.searchsorted(rows.peaks, rows.peaks) - first
    rights = np.repeat(np.arange(len(rows.peaks)), counts)
    lefts = np.arange(len(rights)) + np.repeat(first - np.cumsum(counts) + counts, counts)
    length, pitch = rows.peaks[rights] - rows.peaks[lefts], rows.pitch[rights]
    cells = np.maximum(np.rint(length / pitch), 1).astype(np.int64)
    off = np.abs(length - cells * pitch) / _tolerance(pitch)
    keep = ((cells <= 3) & (off <= 2.0)).nonzero()[0]
    return rights[keep], lefts[keep], cells[keep], off[keep]


def _least_cover(
    cover: npt.NDArray[np.float64],
    starts: npt.NDArray[np.int64],
    stops: npt.NDArray[np.int64],
    cells: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """The share of railed columns of the worst cell of each stretch; 1 at most."""
    least = np.ones(len(starts))
    for k in range(int(cells.max(initial=0))):
        inside = (k < cells).nonzero()[0] if k else slice(None)
        start, length, count = starts[inside], (stops - starts)[inside], cells[inside]
        a = np.rint(start + k * length / count).astype(np.int64)
        b = np.rint(start + (k + 1) * length / count).astype(np.int64)
        least[inside] = np.minimum(least[inside], (cover[b] - cover[a]) / np.maximum(b - a, 1))
    return least
