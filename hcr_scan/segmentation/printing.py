"""Print told from handwriting, word by word and against the rest of the page, so that labels are not read as answers.

One glyph says little, and a regular hand looks much like a press. But one pen fills in a page and one press printed it:
whatever is on the page is sorted into these two at once, and where each of them lies is learned from the page itself.
Where nothing comes near what a press does, nothing is print.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hcr_scan.order_statistics import median_of, quantile_of
from hcr_scan.segmentation.looks import HEIGHT, SHADE, odds_of_print
from hcr_scan.segmentation.page_model import Kind, PageModel

Floats = npt.NDArray[np.float64]

#: One glyph counts for at most this much evidence (nats): a printed O is an O.
MOST_EVIDENCE = 2.0
#: Mean evidence of a glyph of the usual hand and press, and how many glyphs of a page's own each of the two is worth.
USUAL_HAND, USUAL_PRESS = -1.0, 1.8
HANDS_DIFFER, PRESSES_DIFFER = 8.0, 40.0
#: A hand is at least so far (nats a glyph) from the press of its page.
LEAST_APART = 1.2
#: Where logos, drawings and scripts that the page model does not know lie.
UNKNOWN = 0.2
#: Variance of the evidence of one glyph about its hand's or press's mean, and of a whole word.
GLYPH_VARIANCE, WORD_VARIANCE = 1.2, 0.15
#: What is known beforehand of how much is print is worth so many words; no more than this (log-odds) is ever concluded.
KNOWN_WORDS, SUREST = 4.0, 4.5
#: One word counts for at most this much (nats).
MOST_ODDS = 20.0
#: More than this chance of print is print, less than that is handwriting; a person should look at what is between.
SURELY_PRINT, SURELY_HAND = 0.95, 0.5
#: Beside the frames of a form only what has at most this chance of print is no label; where somebody wrote on the page,
#: what has no more than the second may be one, and is looked at rather than left out.
NO_LABEL, MAYBE_LABEL = 0.1, 0.4
#: A word is part print and part handwriting where that explains its glyphs so much better (nats) for each change than
#: one kind does: more at gaps as wide as most, less at gaps so many times as wide, least where a rule to write on
#: begins or ends. Each part has so many glyphs.
DEAREST_CHANGE, CHEAPEST_CHANGE, WIDE_GAP, FEWEST_GLYPHS = 7.0, 4.0, 2.0, 2
CHANGE_AT_RULE = 1.0
#: A word of so many glyphs shows what its pen or press looks like. It is as high as this share of its glyphs are not.
GLYPHS_OF_A_LOOK, HEIGHT_OF_WORD = 3.0, 0.8
#: Passes in which the page's hand and press are learned.
PASSES = 12


#: How much the kinds of some glyphs explain (nats), and where they change.
_Explained = tuple[float, list[int]]


class Where(Enum):
    """Where ink stands. The value is the log-odds of print there before anything on the page was looked at."""

    #: Cells made for one character each, where print is rare and every answer counts.
    CELLS = -4.5
    #: A box, or a page without a form on it.
    FREE = -1.5
    #: Outside the frames of a form, where labels stand.
    MARGIN = 1.5


#: How often a word of a line, or a field of cells of a page, has nothing to do with the one before it.
CHANGES = {Where.CELLS: 0.03, Where.FREE: 0.15, Where.MARGIN: 0.15}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the page model says of each chunk of some words: ``odds`` of print (nats, bounded), ``weights`` 0 to 1.

    Ink that is no character at all has no weight. ``shades`` and ``heights`` are logarithms of how dark and how high
    each is, where that was looked at.
    """

    odds: Floats
    weights: Floats
    shades: Floats | None = None
    heights: Floats | None = None

    @property
    def mean(self) -> float:
        """The evidence of its usual glyph."""
        return float(self.weights @ self.odds / max(self.weights.sum(), 1e-9))

    @property
    def shade(self) -> float:
        """The shade of most of it, NaN where nobody looked."""
        return math.nan if self.shades is None or not len(self.shades) else median_of(self.shades)

    @property
    def height(self) -> float:
        """How high (logarithm) it is, NaN where nobody looked."""
        return math.nan if self.heights is None or not len(self.heights) else quantile_of(self.heights, HEIGHT_OF_WORD)

    @classmethod
    def none(cls, count: int) -> Evidence:
        """That of ``count`` chunks nobody looked at."""
        return cls(np.zeros(count), np.zeros(count))

    def split(self, lengths: Sequence[int]) -> list[Evidence]:
        """The evidence of words of so many chunks each."""
        ends = np.cumsum(lengths)[:-1]
        shades, heights = (
            [None] * (len(ends) + 1) if look is None else np.split(look, ends) for look in (self.shades, self.heights)
        )
        parts = zip(np.split(self.odds, ends), np.split(self.weights, ends), shades, heights, strict=True)
        return [Evidence(*part) for part in parts]


@dataclass(frozen=True, slots=True)
class Run:
    """Words that may be print or handwriting, left to right, with the evidence of each."""

    where: Where
    words: tuple[Evidence, ...]


def print_evidence(model: PageModel, crops: npt.NDArray[np.uint8]) -> Evidence:
    """The evidence of each crop."""
    kinds = model.kinds(crops)
    logarithms = np.log(np.maximum(kinds, 1e-4)).astype(np.float64)
    odds = logarithms[:, Kind.PRINTED] - logarithms[:, Kind.HANDWRITTEN]
    return Evidence(np.clip(odds, -MOST_EVIDENCE, MOST_EVIDENCE), 1.0 - kinds[:, Kind.OTHER].astype(np.float64))


def changes_of_kind(evidence: Evidence, gaps: Floats, rule_ends: npt.NDArray[np.bool_]) -> list[int]:
    """Where a word changes its kind: a label, what is written close behind it, and what is printed behind that.

    The kinds of its glyphs are those of the usual hand and press that explain them best, where each change has its
    price, which is lower at wide gaps (Viterbi).

    Args:
        evidence: that of each glyph.
        gaps: the white before each glyph but the first, in pixels.
        rule_ends: at which of these gaps a rule below begins or ends.

    Returns:
        The glyphs with which another part begins.
    """
    between = (USUAL_HAND + 2 * USUAL_PRESS) / 3
    gains = (evidence.weights * (evidence.odds - between) * (USUAL_PRESS - USUAL_HAND) / GLYPH_VARIANCE).tolist()
    if len(gains) < 2 * FEWEST_GLYPHS or min(gains) >= 0 or max(gains) <= 0:
        return []
    wide = np.clip((gaps / max(median_of(gaps), 1.0) - 1) / (WIDE_GAP - 1), 0, 1)
    dear = DEAREST_CHANGE + wide * (CHEAPEST_CHANGE - DEAREST_CHANGE)
    prices = np.where(rule_ends, CHANGE_AT_RULE, dear).tolist()
    # What the best kinds of all glyphs so far explain, given print (or hand) of the last; and where they last changed.
    printed: _Explained = (gains[0], [])
    by_hand: _Explained = (0.0, [])
    for k, (gain, price) in enumerate(zip(gains[1:], prices, strict=True), 1):
        printed, by_hand = (
            max((printed[0] + gain, printed[1]), (by_hand[0] - price + gain, [*by_hand[1], k]), key=_gain),
            max(by_hand, (printed[0] - price, [*printed[1], k]), key=_gain),
        )
    changes = max(printed, by_hand, key=_gain)[1]
    ends = [0, *changes, len(gains)]
    return changes if min(b - a for a, b in pairwise(ends)) >= FEWEST_GLYPHS else []


def chances_of_print(runs: Sequence[Run]) -> list[Floats]:
    """For each run of a page the chance that each of its words is print."""
    if not runs:
        return []
    words = [word for run in runs for word in run.words]
    weights = np.array([word.weights.sum() for word in words])
    means = np.array([word.mean for word in words])
    worth = weights / (GLYPH_VARIANCE + WORD_VARIANCE * weights)
    looks = ((SHADE, np.array([word.shade for word in words])), (HEIGHT, np.array([word.height for word in words])))
    known = np.minimum(weights / GLYPHS_OF_A_LOOK, 1.0)
    # What a hand looks like is learned where one is expected: scraps of pale frames in margins are no pen.
    expected = np.array([run.where is not Where.MARGIN for run in runs for _ in run.words], float)
    of_looks = np.zeros(len(words))
    chains = _chains(runs)
    hand, press = USUAL_HAND, USUAL_PRESS
    printed = np.zeros(len(words))
    for number in range(PASSES):
        odds = worth * (press - hand) * (means - (press + hand) / 2) + of_looks
        for where in Where:
            own = [chain for place, chain in chains if place is where]
            found = np.concatenate([*(printed[chain] for chain in own), np.zeros(0)])
            share = _share(where, found if number else found[:0])
            for chain in own:
                printed[chain] = _along(share, CHANGES[where], odds[chain])
        press = _mean(USUAL_PRESS, PRESSES_DIFFER, means, worth * printed)
        hand = min(_mean(USUAL_HAND, HANDS_DIFFER, means, worth * (1 - printed)), press - LEAST_APART)
        of_print, by_hand = known * printed, known * expected * (1 - printed)
        of_looks = np.sum([odds_of_print(look, values, of_print, by_hand) for look, values in looks], axis=0)
    # Beside frames not only print stands: what is no clear hand of this page is none.
    other = max(UNKNOWN, hand + LEAST_APART)
    odds = worth * (other - hand) * (means - (other + hand) / 2) + of_looks
    for where, chain in chains:
        if where is Where.MARGIN:
            printed[chain] = np.maximum(printed[chain], _along(0.5, CHANGES[where], odds[chain]))
    printed[[len(word.odds) == 0 for word in words]] = 0.0
    return np.split(printed, np.cumsum([len(run.words) for run in runs])[:-1])


def _gain(explained: _Explained) -> float:
    return explained[0]


def _chains(runs: Sequence[Run]) -> list[tuple[Where, npt.NDArray[np.intp]]]:
    """The words that follow each other: those of a line, and all fields of cells of the page."""
    starts = np.cumsum([0, *(len(run.words) for run in runs)])
    spans = [np.arange(start, start + len(run.words)) for start, run in zip(starts[:-1], runs, strict=True)]
    pairs = list(zip(runs, spans, strict=True))
    chains: list[tuple[Where, npt.NDArray[np.intp]]] = [
        (run.where, span) for run, span in pairs if run.where is not Where.CELLS
    ]
    cells = [span for run, span in pairs if run.where is Where.CELLS]
    return [*chains, (Where.CELLS, np.concatenate(cells))] if cells else chains


def _mean(usual: float, usual_worth: float, means: Floats, worth: Floats) -> float:
    """Where a hand or press lies, the usual one counting like so many glyphs."""
    known = usual_worth / GLYPH_VARIANCE
    return float((known * usual + worth @ means) / (known + worth.sum()))


def _share(where: Where, chances: Floats) -> float:
    """How much of what stands there is print on this page, given the chance of each word."""
    share = (KNOWN_WORDS / (1 + math.exp(-where.value)) + chances.sum()) / (KNOWN_WORDS + len(chances))
    return float(np.clip(share, 1 / (1 + math.exp(SUREST)), 1 / (1 + math.exp(-SUREST))))


def _along(share: float, changes: float, odds: Floats) -> Floats:
    """The chance of print of each word of a chain (forward-backward over two states, hand and print).

    One word in ``1 / changes`` has nothing to do with the one before it; ``share`` of those is print.
    """
    # Odds and not pairs of chances, one plain number a word: arrays of two are ten times slower.
    likelihood = np.exp(np.clip(odds, -MOST_ODDS, MOST_ODDS)).tolist()
    before, after = [share] * len(odds), [0.5] * len(odds)
    for k in range(1, len(odds)):
        seen = _updated(before[k - 1], likelihood[k - 1])
        before[k] = (1 - changes) * seen + changes * share
        # What follows, given print here and given hand here.
        hand, printed = 1 - after[-k], after[-k] * likelihood[-k]
        anew = changes * ((1 - share) * hand + share * printed)
        hand, printed = (1 - changes) * hand + anew, (1 - changes) * printed + anew
        after[-k - 1] = printed / (hand + printed)
    return np.array(
        [
            _updated(chance, ratio * follows / (1 - follows))
            for chance, ratio, follows in zip(before, likelihood, after, strict=True)
        ]
    )


def _updated(chance: float, ratio: float) -> float:
    """A chance of print, given ink that is so many times likelier in print."""
    printed = chance * ratio
    return printed / (printed + 1 - chance)
