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
        bare = np.concatenate([[False], railed < 0.25, [False]])
        starts, ends = np.flatnonzero(bare[1:] & ~bare[:-1]), np.flatnonzero(~bare[1:] & bare[:-1])
        gaps = ((starts + ends) / 2)[ends - starts > widest_gap]
        return cls(np.concatenate([[0.0], np.cumsum(railed)]), gaps, least_cover)


def find_walls(walls: npt.NDArray[np.float64], threshold: float) -> npt.NDArray[np.int64]:
    """Middles of the runs of columns that are darker than ``threshold``; wide runs keep both ends."""
    above = np.concatenate([[False], walls > threshold, [False]])
    starts, ends = np.flatnonzero(above[1:] & ~above[:-1]), np.flatnonzero(~above[1:] & above[:-1])
    peaks: list[int] = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if end - start <= 12:
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
    length = peaks[None, :] - peaks[:, None]
    cells = np.maximum(np.rint(length / pitch), 1).astype(np.int64)
    off = np.abs(length - cells * pitch) / max(2.5, 0.14 * pitch)
    rights, lefts = np.nonzero(((length > 0) & (cells <= 3) & (off <= 2.0)).T)
    cells, off = cells[lefts, rights], off[lefts, rights]
    cover = np.ones(len(lefts))
    last = len(rails.cover) - 1
    for k in range(3):
        inside = k < cells
        a = np.rint(peaks[lefts] + k * (peaks[rights] - peaks[lefts]) / cells).astype(np.int64)
        b = np.rint(peaks[lefts] + (k + 1) * (peaks[rights] - peaks[lefts]) / cells).astype(np.int64)
        share = (rails.cover[np.minimum(b, last)] - rails.cover[np.minimum(a, last)]) / np.maximum(b - a, 1)
        cover = np.where(inside, np.minimum(cover, share), cover)
    crossed = np.concatenate([[0.0], np.cumsum(strengths)])
    # Double walls are one wall: only what stands well inside counts as passed over.
    near = min(8.0, 0.12 * pitch)
    first = np.searchsorted(peaks, peaks[lefts] + near)
    skipped = np.maximum(crossed[np.searchsorted(peaks, peaks[rights] - near)] - crossed[first], 0.0)
    # A stroke as high as its cell is common in a narrow comb and hardly ever seen in a large square.
    price = min(max(pitch / 300, 0.1), 0.6)
    worth = 0.3 + 1.2 * (cover - 0.85) - 0.35 * off * off - 0.5 * (cells - 1) - price * skipped
    gaps = np.searchsorted(rails.gaps, peaks[rights]) - np.searchsorted(rails.gaps, peaks[lefts])
    keep = (cover >= rails.least_cover) & (gaps == 0)
    columns = (lefts[keep].tolist(), rights[keep].tolist(), cells[keep].tolist(), worth[keep].tolist())
    return list(zip(*columns, strict=True))
