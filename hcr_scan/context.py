"""What neighbours say about a doubtful glyph: 0 or O, 1 or I, 5 or S, 2 or Z, 8 or B.

A word is taken to be drawn from a chain of character kinds (digit, capital, small letter) that seldom changes: a start
distribution, a transition matrix, and within a kind every character of the character set equally likely. The classifier
was trained on equally frequent characters, so by Bayes' rule its probability of a character, divided by the character's
share of the set, is the likelihood of the ink. The forward-backward algorithm then gives each glyph's probability of
each kind given the whole word, and from that the probability of each character given the whole word:

    likelihood(kind)   = sum over characters of the kind of p(character) * N / n(kind)        (+ p(not a character))
    p'(character)      = p(kind | word) * p(character) * N / n(kind) / likelihood(kind)

with N characters in the set and n of the kind. Where a kind says nothing (a single glyph, one kind only, neighbours
as doubtful themselves) nothing changes; a sure glyph (0.999) is moved only by an overwhelming word. p(not a character)
is left to the ink: it is likely under every kind alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.model.probabilities import Probabilities

#: How words on forms begin, and what follows what: digit, capital, small letter. Round figures on purpose: what
#: matters is that kinds tend to stay, that small letters follow capitals, and that nothing is impossible.
START = (0.40, 0.45, 0.15)
FOLLOWS = (
    (0.93, 0.05, 0.02),
    (0.05, 0.83, 0.12),
    (0.02, 0.05, 0.93),
)


@dataclass(frozen=True, slots=True)
class CharacterKinds:
    """The kinds of a character set: ``columns[k]`` are the classes of a kind and ``scale[k]`` its N / n."""

    columns: tuple[npt.NDArray[np.intp], ...]
    scale: tuple[float, ...]
    start: tuple[float, ...]
    follows: tuple[tuple[float, ...], ...]
    nothing: int

    @classmethod
    def of(cls, labels: Sequence[str], charset: str) -> CharacterKinds:
        """The kinds that ``charset`` has characters of, with the distributions narrowed to them."""
        allowed = set(charset)
        columns = [
            [i for i, label in enumerate(labels) if label and label in allowed and _kind(label) == kind]
            for kind in range(3)
        ]
        present = [kind for kind in range(3) if columns[kind]]
        count = sum(len(columns[kind]) for kind in present)
        return cls(
            columns=tuple(np.array(columns[kind], np.intp) for kind in present),
            scale=tuple(count / len(columns[kind]) for kind in present),
            start=_normalized([START[kind] for kind in present]),
            follows=tuple(_normalized([FOLLOWS[a][b] for b in present]) for a in present),
            nothing=labels.index(""),
        )


def reweight(rows: Probabilities, kinds: CharacterKinds) -> Probabilities:
    """The probabilities of a word's glyphs ``(n, classes)``, each given the whole word; rows still sum to 1."""
    if len(rows) < 2 or len(kinds.columns) < 2:
        return rows
    nothing = rows[:, kinds.nothing].astype(np.float64)
    mass = np.stack([rows[:, columns].sum(axis=1, dtype=np.float64) for columns in kinds.columns], axis=1)
    likelihood = np.maximum(mass * kinds.scale + nothing[:, None], 1e-12)
    posterior = _posterior(likelihood, kinds)
    result = rows.copy()
    factor = posterior * np.asarray(kinds.scale) / likelihood
    for kind, columns in enumerate(kinds.columns):
        result[:, columns] = rows[:, columns] * factor[:, kind, None]
    # What "not a character" loses or gains with its word is noise: keep it, and share the rest.
    written = np.maximum(sum(result[:, columns].sum(axis=1, dtype=np.float64) for columns in kinds.columns), 1e-12)
    for columns in kinds.columns:
        result[:, columns] *= ((1.0 - nothing) / written)[:, None]
    return result


def _posterior(likelihood: npt.NDArray[np.float64], kinds: CharacterKinds) -> npt.NDArray[np.float64]:
    """``(n, kinds)``: the probability of each glyph's kind given the word, by forward-backward."""
    follows = np.asarray(kinds.follows)
    forward = np.empty_like(likelihood)
    backward = np.ones_like(likelihood)
    expected = np.asarray(kinds.start)
    for i, row in enumerate(likelihood):
        forward[i] = expected * row
        forward[i] /= forward[i].sum()
        expected = forward[i] @ follows
    for i in range(len(likelihood) - 2, -1, -1):
        backward[i] = follows @ (likelihood[i + 1] * backward[i + 1])
        backward[i] /= backward[i].sum()
    posterior = forward * backward
    normalized: npt.NDArray[np.float64] = posterior / posterior.sum(axis=1, keepdims=True)
    return normalized


def _kind(label: str) -> int:
    if label.isdigit():
        return 0
    return 2 if label.islower() else 1


def _normalized(weights: Sequence[float]) -> tuple[float, ...]:
    total = sum(weights)
    return tuple(weight / total for weight in weights)
