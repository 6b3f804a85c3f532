"""Print told from handwriting, word by word, so that labels are not transcribed as answers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hcr_scan.segmentation.page_model import Kind, PageModel

#: One glyph counts for at most this much evidence (nats): a printed O is an O.
MOST_EVIDENCE = 2.0
#: What it costs to believe that a line changes between print and handwriting.
CHANGE_COST = 2.5
#: Evidence that print must bring against the presumption that ink is an answer.
PRESUMPTION = 1.5
#: The same for cells made for one character each, where print is rare and every answer counts.
CELL_PRESUMPTION = 4.5
#: How many glyphs of a field's own the common evidence of all fields is worth.
POOLED_GLYPHS = 8


def print_evidence(model: PageModel, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """For each crop the log-odds of print against handwriting, bounded; ``(n,)``."""
    kinds = np.log(np.maximum(model.kinds(crops), 1e-4)).astype(np.float64)
    return np.clip(kinds[:, Kind.PRINTED] - kinds[:, Kind.HANDWRITTEN], -MOST_EVIDENCE, MOST_EVIDENCE)


def printed_fields(evidence: Sequence[npt.NDArray[np.float64]]) -> list[bool]:
    """Which fields of cells hold print, given the evidence of their glyphs.

    A field of one glyph says little, but a page's cells are alike: what all of them say together counts as so many more
    glyphs in each.
    """
    everything = np.concatenate([*evidence, np.zeros(1)])
    common = POOLED_GLYPHS * float(np.clip(everything.mean(), -1, 1))
    return [bool(len(part)) and float(part.sum()) + common > CELL_PRESUMPTION for part in evidence]


def printed_words(evidence: Sequence[float], common: float = 0.0) -> list[bool]:
    """Which words of a line are print, given the summed evidence of each: the likeliest run of two states (Viterbi).

    ``common`` is the mean evidence of a glyph over the page: on a page of handwriting a line must be clearer print.
    """
    if not evidence:
        return []
    hand, printed = 0.0, -PRESUMPTION + POOLED_GLYPHS * min(max(common, -1.0), 0.0)
    origins: list[tuple[bool, bool]] = []
    for position, odds in enumerate(evidence):
        cost = CHANGE_COST if position else math.inf
        from_print_to_hand, from_hand_to_print = printed - cost > hand, hand - cost > printed
        origins.append((from_print_to_hand, not from_hand_to_print))
        hand, printed = max(hand, printed - cost), max(printed, hand - cost) + odds
    state = printed > hand
    states = [state]
    for to_hand, to_print in reversed(origins[1:]):
        state = to_print if state else to_hand
        states.append(state)
    return states[::-1]
