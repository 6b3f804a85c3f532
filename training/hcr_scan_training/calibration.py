"""The temperature that makes confidences true, fitted on writers that training never saw."""

from __future__ import annotations

import numpy as np

from hcr_scan_training.corpus import CHARACTERS
from hcr_scan_training.metrics import Classes, Logits, masked, softmax

#: Share of held-out labels that are wrong or name a fragment, by eye: a confident answer is not to pay for them.
WRONG_LABELS = 0.01


def fit_temperature(logits: Logits, classes: Classes, charset: str = CHARACTERS) -> float:
    """The temperature of least negative log-likelihood over the characters of ``charset``, from 0.3 to 5.

    A label is taken to be the right one, or, in :data:`WRONG_LABELS` of all cases, any.
    """
    chosen = np.isin(classes, [CHARACTERS.index(character) for character in charset])
    allowed, wanted = masked(logits[chosen], charset), classes[chosen]
    rows = np.arange(len(wanted))

    def loss(temperature: float) -> float:
        chances = softmax(allowed, temperature)[rows, wanted]
        return float(-np.log((1 - WRONG_LABELS) * chances + WRONG_LABELS / len(charset)).mean())

    low, high = np.log(0.3), np.log(5.0)
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(40):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if loss(float(np.exp(left))) < loss(float(np.exp(right))):
            high = right
        else:
            low = left
    return round(float(np.exp((low + high) / 2)), 4)
