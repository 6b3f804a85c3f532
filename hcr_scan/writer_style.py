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
#: Pairs of crop and character that are weighed up at a time: pages of 100,000 crops exist.
BLOCK = 4096
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


def evidence(
    table: StyleTable, logits: Floats, ink: Indices, examples: Examples, crops: Indices, characters: Indices
) -> Floats:
    """How much likelier the examples make it that these crops are these characters: nats, ``(p,)``, one a pair.

    Args:
        table: Of the model that the logits are from.
        logits: (n, k); of all crops of a page, one column a character of the table.
        ink: (n,), at least 0; crops with the same number show the same ink cut otherwise, and are no examples for one
            another.
        examples: Those that are surely read.
        crops: (p,); which crops are weighed up.
        characters: (p,); as what.
    """
    # einsum, since a matrix product would wake BLAS's threads, which cost more than it.
    positions, size = np.einsum("nk,kd->nd", logits, table.axes), len(table.characters)
    weighted = positions[examples.crops] * examples.weights[:, None]
    count, total = _sums(examples.characters, examples.weights, weighted, size)
    known, which = np.unique(ink[examples.crops] * size + examples.characters, return_inverse=True)
    own_count, own_total = _sums(which, examples.weights, weighted, len(known))
    result = np.zeros(len(crops))
    for start in range(0, len(crops), BLOCK):
        part = slice(start, start + BLOCK)
        means, counts, totals = table.means[characters[part]], count[characters[part]], total[characters[part]]
        # Less what the same ink adds.
        sought = ink[crops[part]] * size + characters[part]
        place = np.minimum(np.searchsorted(known, sought), len(known) - 1)
        same = known[place] == sought
        counts[same] -= own_count[place[same]]
        totals[same] -= own_total[place[same]]
        counts = np.where(counts < NONE, 0.0, counts)[:, None]
        apart = totals / np.maximum(counts, NONE) - means
        ratio = _log_ratio(positions[crops[part]] - means, counts, apart, table.spread)
        # Beyond that the other way's share is all there is, and exp() would overflow.
        like = np.exp(np.minimum(COUNTED * ratio, 50.0))
        result[part] = np.log((NEW_WAY + counts[:, 0] * like) / (NEW_WAY + counts[:, 0]))
    return result


def _sums(which: Indices, weights: Floats, weighted: Floats, size: int) -> tuple[Floats, Floats]:
    """The weights and weighted positions of the examples, summed by ``which`` of ``size`` groups they are in."""
    total = np.zeros((size, weighted.shape[1]))
    np.add.at(total, which, weighted)
    return np.bincount(which, weights, size).astype(np.float64), total


def _log_ratio(off: Floats, counts: Floats, apart: Floats, spread: Floats) -> Floats:
    """How much likelier crops are with examples than without; a logarithm, ``(p,)``.

    ``off`` (p, d) are the crops, ``apart`` (p, d) the mean of the examples from the character's mean; ``counts``
    (p, 1) is what the examples weigh.
    """
    with_none = 1 + spread
    learned = counts * spread
    learned /= 1 + learned
    variance = with_none - learned * spread
    expected = off - learned * apart
    surprise = off * off / with_none - expected * expected / variance - np.log(variance)
    return np.asarray(0.5 * (surprise.sum(axis=1) + math.fsum(np.log(with_none))), np.float64)
