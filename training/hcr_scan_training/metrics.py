"""How well a network reads: accuracy within a character set, calibration, rejection."""

from __future__ import annotations

import string
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hcr_scan_training.corpus import CHARACTERS, NOT_A_CHARACTER

UPPER, LOWER, DIGITS = string.ascii_uppercase, string.ascii_lowercase, string.digits
Logits = npt.NDArray[np.float32]
Classes = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of one set within one character set. ``accuracy`` is top-1, ``calibration_error`` the expected one."""

    count: int
    accuracy: float
    calibration_error: float

    def as_dict(self) -> dict[str, Any]:
        return {name: round(value, 4) for name, value in asdict(self).items()}


def masked(logits: Logits, charset: str, with_rejection: bool = False) -> npt.NDArray[np.float64]:
    """Logits float64 (n, classes), -inf outside ``charset``; ``""`` stays in the race only ``with_rejection``."""
    allowed = np.array([character in charset for character in CHARACTERS] + [with_rejection])
    return np.where(allowed, logits.astype(np.float64), -np.inf)


def softmax(logits: npt.NDArray[np.float64], temperature: float = 1.0) -> npt.NDArray[np.float64]:
    scaled = logits / temperature
    weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float64)


def score(logits: Logits, classes: Classes, charset: str, temperature: float = 1.0) -> Score | None:
    """Figures over the characters of ``charset`` alone, ``None`` where the set has none of them."""
    wanted = {CHARACTERS.index(character) for character in charset}
    chosen = np.isin(classes, list(wanted))
    if not chosen.any():
        return None
    chances = softmax(masked(logits[chosen], charset), temperature)
    correct = chances.argmax(axis=1) == classes[chosen]
    return Score(int(chosen.sum()), float(correct.mean()), calibration_error(chances.max(axis=1), correct))


def calibration_error(confidence: npt.NDArray[np.float64], correct: npt.NDArray[np.bool_], bins: int = 15) -> float:
    """Expected calibration error: the mean gap between confidence and accuracy over equally filled bins."""
    order = np.argsort(confidence)
    gaps = [
        len(part) * abs(float(confidence[part].mean()) - float(correct[part].mean()))
        for part in np.array_split(order, bins)
        if len(part)
    ]
    return float(sum(gaps) / max(len(confidence), 1))


def rejection(logits: Logits, charset: str, temperature: float = 1.0) -> float:
    """Share of crops whose best answer is "not a character"."""
    chances = softmax(masked(logits, charset, with_rejection=True), temperature)
    return float((chances.argmax(axis=1) == NOT_A_CHARACTER).mean())


def confusions(logits: Logits, classes: Classes, charset: str, most: int = 12) -> list[tuple[str, str, int]]:
    """The most frequent mistakes: what it was, what was read, how often."""
    chosen = np.isin(classes, [CHARACTERS.index(character) for character in charset])
    read = masked(logits[chosen], charset).argmax(axis=1)
    counts: dict[tuple[str, str], int] = {}
    for was, answer in zip(classes[chosen], read, strict=True):
        if was != answer:
            pair = (CHARACTERS[int(was)], CHARACTERS[int(answer)])
            counts[pair] = counts.get(pair, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(was, answer, count) for (was, answer), count in ranked[:most]]
