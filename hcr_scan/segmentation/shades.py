"""How dark ink is: one pen fills in a page, and its shade is seldom that of the press.

A glyph as the networks see it says nothing of this, since all ink is brought to one darkness before. How far the shades
of hand and press lie apart, and how much each of them varies, every page tells itself.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Gray

Floats = npt.NDArray[np.float64]

#: Of the pixels around a glyph, the one at this share in order of darkness is in the middle of a stroke. Shades are
#: compared as logarithms, from this darkness on: fainter ink is paper's grain.
CORE, FAINTEST = 0.9, 10.0
#: How far (standard deviation of the logarithm) the shades of a pen and of a press usually spread, what so many words
#: are worth, and what no page's shades are closer together than, grain and thin strokes being what they are.
USUAL_SPREAD_BY_HAND, USUAL_SPREAD_OF_PRINT, USUAL_WORDS, LEAST_SPREAD = 0.15, 0.3, 4.0, 0.06
#: This share of words is of another pen or press, whose shade may be any.
OTHERS, ANY_SHADE = 0.1, 1 / math.log(255 / FAINTEST)
#: With so few words of hand or press the shades count half.
FEW_WORDS = 4.0
#: What a word's shade counts for at most (nats) where it is that of the press, and where it is that of the pen: who
#: takes up another pen is not to be lost for it.
MOST_FOR_PRINT, MOST_FOR_HAND = 1.0, 2.5


def shade_of(darkness: Gray, box: BoundingBox) -> float:
    """The logarithm of how dark the strokes of a glyph are, whose box reaches no further than its ink."""
    inside = darkness[max(box.top, 0) : box.bottom, max(box.left, 0) : box.right].ravel()
    if not inside.size:
        return math.log(FAINTEST)
    place = int(CORE * inside.size)
    return math.log(max(float(np.partition(inside, place)[place]), FAINTEST))


def odds_of_print(shades: Floats, printed: Floats, worth: Floats) -> Floats:
    """How much likelier (nats) the shade of each word is in print than by hand.

    Args:
        shades: of each word, NaN where it is not known.
        printed: the chance of each that it is print, as found in the pass before; that its shade had a part in that is
            why what a shade counts for is bounded.
        worth: how much each tells of the others, 0 to 1.
    """
    odds = np.zeros(len(shades))
    known = np.isfinite(shades)
    if not known.any():
        return odds
    seen, of_print, by_hand = shades[known], (worth * printed)[known], (worth * (1 - printed))[known]
    density = [_density(seen, of_print, USUAL_SPREAD_OF_PRINT), _density(seen, by_hand, USUAL_SPREAD_BY_HAND)]
    fewer = min(of_print.sum(), by_hand.sum())
    found = np.log(density[0] / density[1]) * fewer / (fewer + FEW_WORDS)
    odds[known] = np.clip(found, -MOST_FOR_HAND, MOST_FOR_PRINT)
    return odds


def _density(shades: Floats, worth: Floats, usual: float) -> Floats:
    """The density of some shades among those that are worth something."""
    total = worth.sum()
    mean = float(worth @ shades / total) if total > 0 else float(shades.mean())
    variance = (USUAL_WORDS * usual**2 + float(worth @ (shades - mean) ** 2)) / (USUAL_WORDS + total)
    spread = math.sqrt(max(variance, LEAST_SPREAD**2))
    usual_ones = np.exp(-0.5 * ((shades - mean) / spread) ** 2) / (spread * math.sqrt(2 * math.pi))
    return np.asarray((1 - OTHERS) * usual_ones + OTHERS * ANY_SHADE, np.float64)
