"""The row of walls that explains most of a band, by dynamic programming."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Rails:
    """The rails of a band: cumulative ``cover``, the middles of ``gaps`` in them, and the cover that a cell needs."""

    cover: npt.NDArray[np.float64]
    gaps: npt.NDArray[np.float64]
    least_cover: float

    @classmethod
    def of(cls, railed: npt.NDArray[np.float64], least_cover: float, widest_gap: float) -> Rails:
        starts, ends = runs(railed < 0.25)
        gaps = ((starts + ends) / 2)[ends - starts > widest_gap]
        return cls(np.concatenate([[0.0], np.cumsum(railed)]), gaps, least_cover)


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


Chain = list[tuple[int, int, int]]


def best_chain(
    peaks: npt.NDArray[np.int64],
    strengths: npt.NDArray[np.float64],
    rails: Rails,
    pitch: float,
) -> tuple[Chain, float]:
    """The run of walls that explains most: ``(left, right, cells)`` per stretch, by dynamic programming; and its score.

    A wall gains its strength less a half; a stretch must be one, two or three pitches long (inner walls may be lost
    under writing, at a price) and have rails along most of it. The chain is empty where nothing is worth it.
    """
    places, strong = peaks.tolist(), strengths.tolist()
    gain = [strength - 0.5 for strength in strong]
    total, previous, counts = gain.copy(), [-1] * len(places), [0] * len(places)
    for i, j, cells, worth in _stretches(peaks, strengths, rails, pitch):
        value = total[i] + gain[j] + worth
        if value > total[j] or previous[j] < 0:
            total[j], previous[j], counts[j] = value, i, cells
    score = max(total)
    best = total.index(score)
    chain: Chain = []
    if score < 0.6:
        return chain, score
    while previous[best] >= 0:
        chain.append((places[previous[best]], places[best], counts[best]))
        best = previous[best]
    return chain[::-1], score


def _stretches(
    peaks: npt.NDArray[np.int64],
    strengths: npt.NDArray[np.float64],
    rails: Rails,
    pitch: float,
) -> list[tuple[int, int, int, float]]:
    """Pairs of walls with one, two or three cells between them, by right wall: ``(left, right, cells, worth)``."""
    rights, lefts, cells, off = _pairs(peaks, pitch)
    if not len(rights):
        return []
    start, stop = peaks[lefts], peaks[rights]
    gaps = np.searchsorted(rails.gaps, peaks)
    keep = gaps[rights] == gaps[lefts]
    cover = _least_cover(rails.cover, start, stop, cells)
    keep &= cover >= rails.least_cover
    if not keep.any():
        return []
    rights, lefts, cells, off, cover = rights[keep], lefts[keep], cells[keep], off[keep], cover[keep]
    crossed = np.zeros(len(peaks) + 1)
    np.cumsum(strengths, out=crossed[1:])
    # Double walls are one wall: only what stands well inside counts as passed over.
    near = min(8.0, 0.12 * pitch)
    first, last = np.searchsorted(peaks, peaks + near), np.searchsorted(peaks, peaks - near)
    skipped = np.maximum(crossed[last[rights]] - crossed[first[lefts]], 0.0)
    # A stroke as high as its cell is common in a narrow comb and hardly ever seen in a large square.
    price = min(max(pitch / 300, 0.1), 0.6)
    worth = 0.3 + 1.2 * (cover - 0.85) - 0.35 * off * off - 0.5 * (cells - 1) - price * skipped
    return list(zip(lefts.tolist(), rights.tolist(), cells.tolist(), worth.tolist(), strict=True))


def _pairs(
    peaks: npt.NDArray[np.int64], pitch: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Walls about one, two or three pitches apart, by right wall: right, left, cells between, and how far off."""
    length = peaks[:, None] - peaks[None, :]
    tolerance = max(2.5, 0.14 * pitch)
    rights, lefts = ((length > 0) & (length <= 3 * pitch + 2.1 * tolerance)).nonzero()
    length = length[rights, lefts]
    cells = np.maximum(np.rint(length / pitch), 1).astype(np.int64)
    off = np.abs(length - cells * pitch) / tolerance
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
    last = len(cover) - 1
    for k in range(int(cells.max())):
        inside = (k < cells).nonzero()[0] if k else slice(None)
        start, length, count = starts[inside], (stops - starts)[inside], cells[inside]
        a = np.rint(start + k * length / count).astype(np.int64)
        b = np.rint(start + (k + 1) * length / count).astype(np.int64)
        share = (cover[np.minimum(b, last)] - cover[np.minimum(a, last)]) / np.maximum(b - a, 1)
        least[inside] = np.minimum(least[inside], share)
    return least
