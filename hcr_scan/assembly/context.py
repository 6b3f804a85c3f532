"""What neighbours say about a doubtful glyph: 0 or O, 1 or I, 5 or S, 2 or Z, 8 or B, / or 1.

A word is taken to be drawn from a chain of character kinds (digit, capital, small letter, punctuation) that seldom
changes: a start distribution, a transition matrix, and within a kind every character equally likely. The classifier
was trained on equally frequent characters, so by Bayes' rule its probability of a character, divided by the character's
share of the set, is the likelihood of the ink. The forward-backward algorithm then gives each glyph's probability of
each kind given the whole word, and from that the probability of each character given the whole word:

    likelihood(kind)   = sum over characters of the kind of p(character) * N / n(kind)        (+ p(not a character))
    p'(character)      = p(kind | word) * p(character) * N / n(kind) / likelihood(kind)

with N characters in the set and n of the kind. Punctuation is not equally frequent: there 1 / n is each mark's usual
share. It stands inside runs, so it is three kinds, one for each kind of the run that it stands in: what follows the
comma of ``1,250`` is a digit. Where a kind says nothing (a single glyph, one kind only, neighbours
as doubtful themselves) nothing changes; a sure glyph (0.999) is moved only by an overwhelming word. p(not a character)
is left to the ink: it is likely under every kind alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.character_kinds import AFTER_MARK, FIRST_MARK, FOLLOWS, MARK, MARK_AGAIN, START, kind_of, mark_weight
from hcr_scan.model.probabilities import Probabilities

#: Glyphs after which the products of the forward-backward algorithm are made to sum to 1 again.
RESCALED = 32


@dataclass(frozen=True, slots=True)
class CharacterKinds:
    """The kinds of a character set: ``columns[k]`` are the classes of a kind, ``scale[k]`` N times the share of each.

    ``states`` names the kind of each state of the chain: the kinds themselves and then, if there is punctuation (the
    last kind), one state of it for each of the others.
    """

    columns: tuple[npt.NDArray[np.intp], ...]
    scale: tuple[npt.NDArray[np.float64], ...]
    states: tuple[int, ...]
    start: tuple[float, ...]
    follows: tuple[tuple[float, ...], ...]
    nothing: int

    @classmethod
    def of(cls, labels: Sequence[str], charset: str) -> CharacterKinds:
        """The kinds that ``charset`` has characters of, with the distributions narrowed to them."""
        allowed = set(charset)
        found = [
            [i for i, label in enumerate(labels) if label and label in allowed and kind_of(label) == kind]
            for kind in range(4)
        ]
        present = [kind for kind in range(3) if found[kind]]
        columns = [found[kind] for kind in present]
        shares = [[1 / len(found[kind])] * len(found[kind]) for kind in present]
        start = _normalized([START[kind] for kind in present])
        follows = [_normalized([FOLLOWS[a][b] for b in present]) for a in present]
        states = tuple(range(len(present)))
        if found[3]:
            columns.append(found[3])
            shares.append(list(_normalized([mark_weight(labels[i]) for i in found[3]])))
            after = [_normalized([AFTER_MARK[a][b] for b in present]) for a in present]
            start, follows = _with_marks(start, follows, after, [MARK[kind] for kind in present])
            states += (len(present),) * max(len(present), 1)
        count = sum(len(members) for members in columns)
        return cls(
            columns=tuple(np.array(members, np.intp) for members in columns),
            scale=tuple(count * np.array(part) for part in shares),
            states=states,
            start=tuple(start),
            follows=tuple(tuple(row) for row in follows),
            nothing=labels.index(""),
        )


def _with_marks(
    start: tuple[float, ...], follows: list[tuple[float, ...]], after: list[tuple[float, ...]], going_over: list[float]
) -> tuple[tuple[float, ...], list[tuple[float, ...]]]:
    """The chain with a state of punctuation beside each of its states; punctuation alone is a chain of one."""
    size = len(start)
    if size == 0:
        return (1.0,), [(1.0,)]
    identity = np.eye(size)
    begin = np.concatenate([(1 - FIRST_MARK) * np.array(start), FIRST_MARK * np.array(start)])
    often = np.array(going_over)[:, None]
    run = np.concatenate([(1 - often) * np.array(follows), often * identity], axis=1)
    mark = np.concatenate([(1 - MARK_AGAIN) * np.array(after), MARK_AGAIN * identity], axis=1)
    return tuple(begin.tolist()), [tuple(row) for row in np.concatenate([run, mark]).tolist()]


def reweight(rows: Probabilities, kinds: CharacterKinds) -> Probabilities:
    """The probabilities of a word's glyphs ``(n, classes)``, each given the whole word; rows still sum to 1."""
    if len(rows) < 2 or len(kinds.columns) < 2:
        return rows
    nothing = rows[:, kinds.nothing].astype(np.float64)
    mass = [rows[:, columns] @ scale for columns, scale in zip(kinds.columns, kinds.scale, strict=True)]
    likelihood = np.maximum(np.stack(mass, axis=1) + nothing[:, None], 1e-12)
    of_states = _posterior(likelihood[:, kinds.states], kinds)
    posterior = np.zeros_like(likelihood)
    np.add.at(posterior.T, np.array(kinds.states), of_states.T)
    result = rows.copy()
    factor = posterior / likelihood
    for kind, (columns, scale) in enumerate(zip(kinds.columns, kinds.scale, strict=True)):
        result[:, columns] = rows[:, columns] * factor[:, kind, None] * scale
    # What "not a character" loses or gains with its word is noise: keep it, and share the rest.
    written = np.maximum(sum(result[:, columns].sum(axis=1, dtype=np.float64) for columns in kinds.columns), 1e-12)
    for columns in kinds.columns:
        result[:, columns] *= ((1.0 - nothing) / written)[:, None]
    return result


def _posterior(likelihood: npt.NDArray[np.float64], kinds: CharacterKinds) -> npt.NDArray[np.float64]:
    """``(n, states)``: the probability of each glyph's state given the word, by forward-backward."""
    # Only ratios within a row matter: with 1 as its largest a row makes what is carried on smaller by 100 at the most.
    rows = likelihood / likelihood.max(axis=1, keepdims=True)
    # How probable each state of a glyph is, and its ink in that state, and each state of the next.
    steps = rows[:, :, None] * np.asarray(kinds.follows)
    # With so few numbers ``dot`` takes a third of the time of ``@``.
    before, after = [np.asarray(kinds.start)], [rows[-1]]
    for i in range(1, len(rows)):
        before.append(before[-1].dot(steps[i - 1]))
        after.append(steps[-i - 1].dot(after[-1]))
        if i % RESCALED == 0:
            before[-1] /= before[-1].sum()
            after[-1] /= after[-1].sum()
    posterior = np.array(before) * np.array(after[::-1])
    normalized: npt.NDArray[np.float64] = posterior / posterior.sum(axis=1, keepdims=True)
    return normalized


def _normalized(weights: Sequence[float]) -> tuple[float, ...]:
    total = sum(weights)
    return tuple(weight / total for weight in weights)
