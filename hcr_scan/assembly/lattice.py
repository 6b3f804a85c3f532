"""Which cuts to believe: the best way through a chunk's candidates, and how sure it is.

Every path through a chunk explains the same ink, so every path is given the same amount of evidence: the mean
log-probability of its glyphs, weighted by their widths, times the number of glyphs that ink of this shape usually
holds. A path of many glyphs is then neither better nor worse for their number; one good glyph beats two doubtful
halves, and two good glyphs beat one that looks like nothing. What geometry holds against a candidate is subtracted as
it is.

The score is a sum over candidates, so the best path (Viterbi) and the share of all paths that use a candidate
(forward-backward) cost one pass each over the cuts, however many paths there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hcr_scan.geometry import union_of
from hcr_scan.segmentation.candidates import Candidate, Chunk

#: Width over height of a letter among touching ones. Measured on 400 words drawn touching from 55 writers' pen strokes:
#: anything from 0.25 to 0.5 reads the same, 0.75 loses 0.2 and 1.2 loses 0.7 points of accuracy.
TYPICAL_ASPECT = 0.4

#: Log-probabilities below this say no more than "no": one hopeless sliver should not outvote everything else.
FLOOR = math.log(1e-4)


@dataclass(frozen=True, slots=True)
class ChosenCandidate:
    """A candidate of the best path; ``posterior`` is the probability that the ink is cut out just so."""

    candidate: Candidate
    posterior: float


def choose_path(chunk: Chunk, certainties: Sequence[float]) -> tuple[ChosenCandidate, ...]:
    """The best path through a chunk, left to right.

    Args:
        chunk: The candidates and the number of the last cut.
        certainties: For each candidate, the probability that it is one readable character.

    Raises:
        ValueError: no path leads from cut 0 to the last cut.
    """
    if len(chunk.candidates) == 1 and (chunk.candidates[0].start, chunk.candidates[0].end) == (0, chunk.cuts):
        return (ChosenCandidate(chunk.candidates[0], 1.0),)
    scores = path_scores(chunk, certainties)
    order = sorted(range(len(scores)), key=lambda i: (chunk.candidates[i].start, chunk.candidates[i].end))
    best, before = _forward(chunk, scores, order)
    after = _backward(chunk, scores, order)
    total = before[chunk.cuts]
    if total == -math.inf:
        raise ValueError(f"no path through a chunk of {chunk.cuts} cuts")
    path: list[ChosenCandidate] = []
    cut = chunk.cuts
    while cut > 0:
        index = best[cut]
        candidate = chunk.candidates[index]
        log_share = before[candidate.start] + scores[index] + after[candidate.end] - total
        path.append(ChosenCandidate(candidate, min(1.0, math.exp(log_share))))
        cut = candidate.start
    return tuple(reversed(path))


def path_scores(chunk: Chunk, certainties: Sequence[float]) -> list[float]:
    """What each candidate adds to the logarithm of how much a path through it is believed."""
    whole = union_of(candidate.box for candidate in chunk.candidates)
    width = max(whole.width, 1)
    usual_count = max(1.0, width / (TYPICAL_ASPECT * max(whole.height, 1)))
    scores = []
    for candidate, certainty in zip(chunk.candidates, certainties, strict=True):
        log_probability = max(math.log(certainty) if certainty > 0 else FLOOR, FLOOR)
        evidence = usual_count * candidate.box.width / width * log_probability
        scores.append(evidence - candidate.penalty)
    return scores


def _forward(chunk: Chunk, scores: Sequence[float], order: Sequence[int]) -> tuple[dict[int, int], dict[int, float]]:
    """The last candidate of the best path to each cut, and the log of the summed weights of all paths to it."""
    best: dict[int, int] = {}
    best_score = {0: 0.0}
    before: dict[int, float] = dict.fromkeys(range(chunk.cuts + 1), -math.inf)
    before[0] = 0.0
    for index in order:
        candidate = chunk.candidates[index]
        if candidate.start not in best_score:
            continue
        score = best_score[candidate.start] + scores[index]
        if score > best_score.get(candidate.end, -math.inf):
            best_score[candidate.end] = score
            best[candidate.end] = index
        before[candidate.end] = _log_add(before[candidate.end], before[candidate.start] + scores[index])
    return best, before


def _backward(chunk: Chunk, scores: Sequence[float], order: Sequence[int]) -> dict[int, float]:
    """The log of the summed weights of all paths from each cut to the last."""
    after: dict[int, float] = dict.fromkeys(range(chunk.cuts + 1), -math.inf)
    after[chunk.cuts] = 0.0
    for index in reversed(order):
        candidate = chunk.candidates[index]
        after[candidate.start] = _log_add(after[candidate.start], scores[index] + after[candidate.end])
    return after


def _log_add(a: float, b: float) -> float:
    high, low = max(a, b), min(a, b)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
