"""From raw logits to probabilities that can be believed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hcr_scan.errors import UsageError

Logits = npt.NDArray[np.float32]
Probabilities = npt.NDArray[np.float32]


def probabilities(logits: Logits, labels: Sequence[str], charset: str, temperature: float) -> Probabilities:
    """Calibrated probabilities, ``(n, classes)`` float32, of the characters that may stand here.

    Classes outside ``charset`` are masked before the softmax, so their share goes to what they look like and not to
    nothing; ``""``, not a character, always stays in the race. Masked classes get exactly 0.
    """
    allowed = allowed_classes(labels, charset)
    scaled = logits[:, allowed].astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True, initial=-np.inf)
    weights = np.exp(scaled)
    result = np.zeros(logits.shape, np.float32)
    result[:, allowed] = weights / weights.sum(axis=1, keepdims=True)
    return result


def allowed_classes(labels: Sequence[str], charset: str) -> npt.NDArray[np.intp]:
    """Indices of the classes that ``charset`` allows, and of ``""``."""
    characters = set(charset)
    return np.array([i for i, label in enumerate(labels) if not label or label in characters], np.intp)


def check_charset(labels: Sequence[str], charset: str) -> None:
    """Refuse characters the model has never seen, rather than silently never reading them.

    Raises:
        UsageError: ``charset`` holds some.
    """
    unknown = "".join(sorted(set(charset) - set(labels)))
    if unknown:
        raise UsageError(f"--charset has {unknown!r}, which this model cannot read; it reads {''.join(labels)}")
