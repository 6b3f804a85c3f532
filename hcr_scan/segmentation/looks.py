"""How dark ink is and how high letters are: one pen fills in a page, and neither is often what the press does.

A glyph as the networks see it says nothing of either, since all are brought to one darkness and one size before. How
far hand and press lie apart, and how much each of them varies, every page tells itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Gray

Floats = npt.NDArray[np.float64]

#: Of the pixels around a glyph, the one at this share in order of darkness is in the middle of a stroke. Shades are
#: compared as logarithms, from this darkness on: fainter ink is paper's grain.
CORE, FAINTEST = 0.9, 10.0
#: What is usually known of how far a look spreads is worth so many words of the page.
USUAL_WORDS = 4.0
#: This share of words is of another pen or press, whose look may be any.
OTHERS = 0.1
#: With so few words of hand or press a look counts half.
FEW_WORDS = 4.0


@dataclass(frozen=True, slots=True)
class Look:
    """How a look differs between the words of one page, as logarithms.

    Attributes:
        by_hand: how far (standard deviation) it usually spreads among words of a hand.
        of_print: the same, of a press.
        least: what no page's look spreads less than.
        span: how far apart any two may lie.
        most_for_print: what it counts for at most (nats) where it is the press's.
        most_for_hand: the same, where it is the hand's.
    """

    by_hand: float
    of_print: float
    least: float
    span: float
    most_for_print: float
    most_for_hand: float


#: Grain and thin strokes are what they are. Who takes up another pen is not to be lost for it.
SHADE = Look(0.15, 0.3, 0.06, math.log(255 / FAINTEST), 1.0, 2.5)
#: Small letters are half as high as capitals, and a press has sizes of its own for labels, notes and headings.
HEIGHT = Look(0.25, 0.3, 0.12, math.log(20), 1.0, 2.5)


def shade_of(darkness: Gray, box: BoundingBox) -> float:
    """The logarithm of how dark the strokes of a glyph are, whose box reaches no further than its ink."""
    inside = darkness[max(box.top, 0) : box.bottom, max(box.left, 0) : box.right].ravel()
    if not inside.size:
        return math.log(FAINTEST)
    place = int(CORE * inside.size)
    return math.log(max(float(np.partition(inside, place)[place]), FAINTEST))


def odds_of_print(look: Look, values: Floats, of_print: Floats, by_hand: Floats) -> Floats:
    """How much likelier (nats) a look of each word is in print than by hand.

    Args:
        look: which.
        values: of each word, NaN where it is not known.
        of_print: how much each tells of the press, 0 to 1: its chance of print, as found in the pass before, times how
            much it shows. That its look had a part in that is why what it counts for is bounded.
        by_hand: the same, of the hand.
    """
    odds = np.zeros(len(values))
    known = np.isfinite(values)
    if not known.any():
        return odds
    seen, of_print, by_hand = values[known], of_print[known], by_hand[known]
    density = [_density(look, seen, of_print, look.of_print), _density(look, seen, by_hand, look.by_hand)]
    fewer = min(of_print.sum(), by_hand.sum())
    found = np.log(density[0] / density[1]) * fewer / (fewer + FEW_WORDS)
    odds[known] = np.clip(found, -look.most_for_hand, look.most_for_print)
    return odds


def _density(look: Look, values: Floats, worth: Floats, usual: float) -> Floats:
    """The density of some values among those that are worth something."""
    total = worth.sum()
    mean = float(worth @ values / total) if total > 0 else float(values.mean())
    variance = (USUAL_WORDS * usual**2 + float(worth @ (values - mean) ** 2)) / (USUAL_WORDS + total)
    spread = math.sqrt(max(variance, look.least**2))
    usual_ones = np.exp(-0.5 * ((values - mean) / spread) ** 2) / (spread * math.sqrt(2 * math.pi))
    return np.asarray((1 - OTHERS) * usual_ones + OTHERS / look.span, np.float64)
