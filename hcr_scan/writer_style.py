"""What a page's sure characters say about its doubtful ones: a hand writes a letter much the same each time.

One writer's 0 is narrow and open where another's is that one's O; the network, which sees one crop at a time, cannot
know. Given which of a page's crops are surely read, as examples of the hand, this is probabilistic linear discriminant
analysis (Ioffe, "Probabilistic Linear Discriminant Analysis", ECCV 2006) on the network's logits: a character's logits
are taken to be

    its mean over all writers + the writer's own way + what differs from one time to the next,

the last two normally distributed, on axes where the one has the variances ``spread`` and the other 1. With n examples
whose mean lies m off the character's, the next one is expected n spread / (1 + n spread) of m off it, with the variance
1 + spread / (1 + n spread); with none, at the mean, with 1 + spread. The logarithm of the ratio of the two densities
is the evidence for the character. Axes do not vary as independently as that has it, so that it counts for a tenth.

People have two ways of writing a letter, and pages two writers, so the next one is in a way not seen yet with the
probability that the Chinese restaurant process gives it: ``NEW_WAY`` in ``NEW_WAY`` + n.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

VERSION = 1

#: Share of the evidence that counts, and how many examples the chance of a new way weighs as much as: of 0.05 to 0.2
#: and 1 to 3 what is best calibrated on the writers held out in training, 30 to 120 characters a page, and among the
#: best in errors.
COUNTED, NEW_WAY = 0.1, 3.0
#: Crops that are weighed up at a time.
BLOCK = 64
#: Examples that weigh less than this together are none.
NONE = 1e-6


@dataclass(frozen=True, slots=True)
class StyleTable:
    """How writers differ in the logits of a model, and each from himself.

    Attributes:
        characters: Those that it knows, k of them; each is a label of the model.
        axes: (k, d); what the k logits are multiplied with.
        means: (k, d); where each character lies on the axes.
        spread: (d,); how far apart writers are on each axis, as a variance, that of one writer's own samples being 1.
    """

    characters: str
    axes: Floats
    means: Floats
    spread: Floats

    def __post_init__(self) -> None:
        count, dimensions = len(self.characters), len(self.spread)
        if len(set(self.characters)) != count:
            raise ValueError(f"the characters of its style repeat: {self.characters!r}")
        if self.axes.shape != (count, dimensions) or self.means.shape != (count, dimensions):
            raise ValueError(
                f"its style has axes {self.axes.shape} and means {self.means.shape}, not {(count, dimensions)}"
            )
        if not all(np.isfinite(part).all() for part in (self.axes, self.means, self.spread)) or (self.spread < 0).any():
            raise ValueError("its style holds what are no finite numbers, or spreads below 0")

    @classmethod
    def read(cls, document: Mapping[str, object]) -> StyleTable:
        """The table that :meth:`document` wrote.

        Raises:
            ValueError: it is of another version, or malformed.
        """
        if document.get("version") != VERSION:
            raise ValueError(f"its style is of version {document.get('version')!r}, not {VERSION}")
        axes, means, spread = (np.array(document.get(name), np.float64) for name in ("axes", "means", "spread"))
        if spread.ndim != 1:
            raise ValueError("the spreads of its style are no list of numbers")
        return cls(str(document.get("characters", "")), axes, means, spread)

    def document(self) -> dict[str, object]:
        """The table as it stands in ``style.json``."""
        parts = {"axes": self.axes, "means": self.means, "spread": self.spread}
        return {"version": VERSION, "characters": self.characters} | {
            name: np.round(part, 4).tolist() for name, part in parts.items()
        }


@dataclass(frozen=True, slots=True)
class Examples:
    """Crops of a page that are surely read.

    Attributes:
        crops: (m,); which.
        characters: (m,); what they are, as numbers in :attr:`StyleTable.characters`.
        weights: (m,); how sure that is, 0 to 1.
    """

    crops: Indices
    characters: Indices
    weights: Floats


def evidence(table: StyleTable, logits: Floats, ink: Indices, examples: Examples, doubtful: Indices) -> Floats:
    """What the examples say for each character: what to add to its logarithm of probability, ``(len(doubtful), k)``.

    Args:
        table: Of the model that the logits are from.
        logits: (n, k); of all crops of a page, one column a character of the table.
        ink: (n,); crops with the same number show the same ink cut otherwise, and are no examples for one another.
        examples: Those that are surely read.
        doubtful: The crops that are to be weighed up.
    """
    result = np.zeros((len(doubtful), len(table.characters)))
    present, which = np.unique(examples.characters, return_inverse=True)
    positions = logits @ table.axes
    weighted = positions[examples.crops] * examples.weights[:, None]
    count: Floats = np.bincount(which, examples.weights, len(present)).astype(np.float64)
    total = np.zeros((len(present), len(table.spread)))
    np.add.at(total, which, weighted)
    for start in range(0, len(doubtful), BLOCK):
        rows = doubtful[start : start + BLOCK]
        counts, totals = np.tile(count, (len(rows), 1)), np.tile(total, (len(rows), 1, 1))
        row, own = np.nonzero(ink[rows, None] == ink[examples.crops])
        np.subtract.at(counts, (row, which[own]), examples.weights[own])
        np.subtract.at(totals, (row, which[own]), weighted[own])
        counts[counts < NONE] = 0
        off = positions[rows, None] - table.means[present]
        ratio = _log_ratio(off, counts[..., None], totals, table.means[present], table.spread)
        # Beyond that the other way's share is all there is, and exp() would overflow.
        like = np.exp(np.minimum(COUNTED * ratio, 50.0))
        result[start : start + len(rows), present] = np.log((NEW_WAY + counts * like) / (NEW_WAY + counts))
    return result


def _log_ratio(off: Floats, counts: Floats, totals: Floats, means: Floats, spread: Floats) -> Floats:
    """How much likelier crops are, given the examples of a character, than without them; a logarithm, ``(r, c)``.

    ``off`` (r, c, d) are the crops from the means (c, d); ``counts`` (r, c, 1) and ``totals`` (r, c, d) the weights of
    the examples, and the sums of their weighted positions.
    """
    apart = totals / np.maximum(counts, NONE) - means
    with_none = 1 + spread
    learned = counts * spread
    learned /= 1 + learned
    variance = with_none - learned * spread
    expected = off - learned * apart
    surprise = off * off / with_none - expected * expected / variance - np.log(variance)
    return np.asarray(0.5 * (surprise.sum(axis=-1) + math.fsum(np.log(with_none))), np.float64)
