"""What size and position say about a glyph: c or C, a comma or a 1, a full stop or an O.

A crop is scaled to fill its square, so it cannot tell these apart. Where glyphs stand side by side their boxes can:
given the line's baseline B, its capital height H and the writer's x-height, a character's place is known to within a
spread that training measured (:class:`PlacementTable`, kept in the model bundle). The network saw characters of every
size alike, so by Bayes' rule

    p(character | crop, place)  ~  p(character | crop) * p(place | character)

B, H and the x-height are not estimated but summed over: every triple on a grid is weighted with how well it explains
the glyph's neighbors, each of which may be any character its crop looks like. A line that could as well be large small
letters as small capitals then says nothing, a glyph without neighbors keeps its probabilities, and neither scale nor
place on the page matters. In a cell the cell itself says roughly where capitals stand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.order_statistics import median_of, quantile_of

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Probabilities = npt.NDArray[np.float32]

#: A line of the table: see :class:`PlacementTable`.
Row = tuple[float, float, float, float, float, float, float]

VERSION = 1

#: Sets whose characters all have about the same height (logarithm) have nothing to be told apart by.
TELLING = 0.3
#: Probabilities below this are not weighed up: no place would make them matter.
NEGLIGIBLE = 1e-3
#: Share of characters that stand just anywhere, and where that is (a row of the table).
ASTRAY = 0.02
ANYWHERE: Row = (0.5, 0.4, 0.7, -0.5, 0.9, 0.0, 0.0)
#: What is no character is mostly a letter badly written or cut, so as large as one (a row of the table), and
#: else just anywhere.
LETTER_LIKE, LETTER_LIKE_SHARE = (0.3, 0.3, 0.08, 0.0, 0.16, 0.0, 0.0), 0.7
#: Lines of fewer glyphs are taken to be level; no line is steeper than this.
FEWEST_FOR_SLOPE, STEEPEST = 6, 0.18
#: Glyphs to each side that a glyph is compared with: lines bend, and hands grow tired.
NEIGHBORS = 12
#: Logarithms of a writer's x-height to the usual, and how likely they are.
X_HEIGHTS, X_HEIGHT_SHARES = (-0.25, 0.0, 0.25), (0.25, 0.5, 0.25)
#: Capital height in the height of the taller glyphs: they may be capitals, or small letters, or have tails.
LINE_HEIGHTS = np.exp(np.linspace(math.log(0.55), math.log(2.6), 14))
#: Baseline below the usual bottom, in the height of the taller glyphs: all of them may have tails.
LINE_BASES = np.linspace(-1.0, 0.45, 17)
#: Capital height and baseline in the height of a cell, the baseline from its top: mean and spread.
CELL_HEIGHT, CELL_BASE = (math.log(0.62), 0.3), (0.83, 0.12)
CELL_HEIGHTS = np.exp(np.linspace(math.log(0.25), math.log(1.15), 14))
CELL_BASES = np.linspace(0.5, 1.15, 17)


@dataclass(frozen=True, slots=True)
class PlacementTable:
    """Where characters stand and how large they are, in capital heights above the baseline.

    ``rows`` holds, by character: ``anchor``, the share of its height at which it stands most steadily (0 = its bottom,
    1 = its top); ``position`` of the anchor, mean and spread; natural logarithm of its ``size``, mean and spread; how
    much that mean moves with the logarithm of the writer's x-height (1 for ``a``, 0 for ``A``); and what size is: 0 for
    the height, 1 for the longer side (a dash is as low as a full stop).
    """

    rows: Mapping[str, Row]

    def __post_init__(self) -> None:
        for label, row in self.rows.items():
            if len(row) != 7 or not all(math.isfinite(value) for value in row):
                raise ValueError(f"the placement of {label!r} must be seven numbers, not {row!r}")
            if min(row[2], row[4]) < 0.01 or not 0 <= row[0] <= 1:
                raise ValueError(f"the placement of {label!r} has a spread below 0.01, or its anchor is not in 0..1")

    @classmethod
    def read(cls, document: Mapping[str, object]) -> PlacementTable:
        """The table that :meth:`document` wrote.

        Raises:
            ValueError: it is of another version, or malformed.
        """
        rows = document.get("rows")
        if document.get("version") != VERSION or not isinstance(rows, Mapping):
            raise ValueError(f"its placement is of version {document.get('version')!r}, not {VERSION}")
        read = {str(label): tuple(float(value) for value in row) for label, row in rows.items()}
        return cls({label: _row(label, row) for label, row in read.items()})

    def document(self) -> dict[str, object]:
        """The table as it stands in ``model.json``, under ``placement``."""
        rows = {label: [round(value, 4) for value in row] for label, row in self.rows.items()}
        return {"version": VERSION, "rows": rows}


def _row(label: str, row: tuple[float, ...]) -> Row:
    if len(row) != 7:
        raise ValueError(f"the placement of {label!r} must be seven numbers, not {len(row)}")
    return row


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a line's baseline and capital height may be: a grid, and the logarithm of how likely each pair is.

    ``heights`` (h,) and ``bases`` (b,) are in the unit of the glyphs' tops and bottoms, which grow downward;
    ``prior`` is (h, b).
    """

    heights: Floats
    bases: Floats
    prior: Floats

    @classmethod
    def of_line(cls, tops: Floats, bottoms: Floats) -> Metrics:
        """Of glyphs in a row: as good as anything goes, within what their sizes allow."""
        unit = quantile_of(bottoms - tops, 0.75)
        bases = median_of(bottoms) + unit * LINE_BASES
        return cls(unit * LINE_HEIGHTS, bases, np.zeros((len(LINE_HEIGHTS), len(LINE_BASES))))

    @classmethod
    def of_cells(cls) -> Metrics:
        """Of glyphs whose tops and bottoms are given in heights of their cells."""
        height = -0.5 * ((np.log(CELL_HEIGHTS) - CELL_HEIGHT[0]) / CELL_HEIGHT[1]) ** 2
        base = -0.5 * ((CELL_BASES - CELL_BASE[0]) / CELL_BASE[1]) ** 2
        return cls(CELL_HEIGHTS, CELL_BASES, height[:, None] + base[None, :])


@dataclass(frozen=True, slots=True)
class Placement:
    """The part of a table that a character set needs.

    ``rows`` (m, 7) are the different lines of the table, the last being what is no character; ``kinds`` (classes,) says
    which is whose (those outside the set share the last), and ``astray`` (m,) what share of each stands just anywhere.
    """

    rows: Floats
    kinds: Indices
    astray: Floats

    @classmethod
    def of(cls, table: PlacementTable | None, labels: Sequence[str], charset: str) -> Placement | None:
        """``None`` where there is no table, or nothing in the set to be told apart by size and position."""
        if table is None:
            return None
        allowed = [label for label in labels if label and label in charset and label in table.rows]
        rows = sorted({table.rows[label] for label in allowed})
        sizes = [row[3] for row in rows]
        if len(allowed) < 2 or max(sizes) - min(sizes) < TELLING:
            return None
        place = {label: rows.index(table.rows[label]) for label in allowed}
        kinds = np.array([place.get(label, len(rows)) for label in labels], np.intp)
        astray = np.array([ASTRAY] * len(rows) + [1 - LETTER_LIKE_SHARE])
        return cls(np.array([*rows, LETTER_LIKE], np.float64), kinds, astray)

    def weigh(
        self, rows: Probabilities, tops: Floats, bottoms: Floats, widths: Floats, metrics: Metrics
    ) -> Probabilities:
        """The probabilities ``(n, classes)`` of glyphs in a row, given also where they stand; rows still sum to 1.

        Args:
            rows: what the crops say, left to right.
            tops: (n,) of their boxes, level with the line, growing downward.
            bottoms: (n,) likewise.
            widths: (n,) of their boxes.
            metrics: what baseline and capital height may be, in the same unit.
        """
        likely = rows @ np.equal(self.kinds[:, None], np.arange(len(self.rows))).astype(np.float32)
        # Few kinds are likely for any one glyph: the k likeliest of each are weighed up.
        count = max(1, int((likely > NEGLIGIBLE).sum(axis=1).max()))
        kinds = np.argsort(-likely, axis=1, kind="stable")[:, :count]
        each = np.arange(len(rows))[:, None]
        weights = likely[each, kinds].astype(np.float64)
        # One kind more for each glyph: what stands just anywhere.
        astray = self.astray[kinds]
        shares = np.column_stack((weights * (1 - astray), (weights * astray).sum(axis=1)))
        described = np.empty((*shares.shape, len(ANYWHERE)))
        described[:, :-1], described[:, -1] = self.rows[kinds], ANYWHERE
        steady, size = _densities(described, tops, bottoms, widths, metrics)
        explained = (size * shares[:, None, :, None]).swapaxes(2, 3) @ steady
        belief = _beliefs(np.log(explained), metrics.prior)
        # Two sums of one axis each take an eighth of the time of one over both.
        seen = ((steady @ belief.swapaxes(2, 3)) * size).sum(axis=1).sum(axis=2)
        evidence = seen[:, -1:] * self.astray
        evidence[each, kinds] = astray * seen[:, -1:] + (1 - astray) * seen[:, :-1]
        weighed = rows * evidence[:, self.kinds]
        weighed /= weighed.sum(axis=1, keepdims=True)
        return np.asarray(weighed, np.float32)


def _densities(
    described: Floats, tops: Floats, bottoms: Floats, widths: Floats, metrics: Metrics
) -> tuple[Floats, Floats]:
    """How likely each of a glyph's k kinds stands where it does (n, h, k, b) and is as large (n, h, k, x).

    For every capital height, baseline and x-height. ``described`` (n, k, 7) are rows of the table. Densities are those
    of edges in the unit of the page, so the second ones are divided by the capital height.
    """
    height = np.maximum(bottoms - tops, 1e-6)
    anchor, position, position_spread, log_size, size_spread, response, longer = described.transpose(2, 0, 1)
    at = bottoms[:, None] - anchor * height[:, None]
    # How far the anchor is from where it should be, (base - at) / line - position, is a product of two small matrices.
    line = metrics.heights[:, None]
    terms, factors = np.ones((3, *metrics.prior.shape)), np.ones((*at.shape, 3))
    terms[0], terms[1] = metrics.bases / line, 1 / line
    factors[..., 1], factors[..., 2] = -at, -position
    factors /= position_spread[..., None]
    apart = (factors.reshape(-1, 3) @ terms.reshape(3, -1)).reshape(*at.shape, *metrics.prior.shape)
    steady = _likely(apart).swapaxes(1, 2)
    relative = np.log(height)[:, None] - np.log(metrics.heights)
    # The crop knows the shape, so height and longer side are the same evidence: one factor apart.
    shape = np.log(np.maximum(widths / height, 1))
    expected = (log_size - longer * shape[:, None])[..., None] + response[..., None] * np.array(X_HEIGHTS)
    size = _likely((relative[:, :, None, None] - expected[:, None]) / size_spread[:, None, :, None])
    size /= (position_spread * size_spread)[:, None, :, None] * metrics.heights[:, None, None]
    return steady, size


def _likely(apart: Floats) -> Floats:
    """Student's t with three degrees of freedom: hands stray more often than a normal distribution would have it.

    Up to a factor that is the same for all; ``apart`` is written over.
    """
    apart *= apart
    apart /= 3
    apart += 1
    apart *= apart
    return np.reciprocal(apart, out=apart)


def _beliefs(explained: Floats, prior: Floats) -> Floats:
    """For each glyph how likely each triple (h, x, b) is, given its neighbors but not itself; sums to 1.

    Args:
        explained: (n, h, x, b), the logarithm of each glyph's likelihood.
        prior: (h, b), a logarithm.
    """
    place = np.arange(len(explained))
    apart = np.abs(place[:, None] - place)
    near = ((apart > 0) & (apart <= NEIGHBORS)).astype(np.float64)
    around = (near @ explained.reshape(len(explained), -1)).reshape(explained.shape)
    around += prior[:, None] + np.log(X_HEIGHT_SHARES)[:, None]
    around -= around.max(axis=(1, 2, 3), keepdims=True)
    beliefs: Floats = np.exp(around)
    beliefs /= beliefs.sum(axis=(1, 2, 3), keepdims=True)
    return beliefs


def leveled(boxes: Floats) -> Floats:
    """Tops and bottoms (n, 2) of a line's boxes (n, 4), left to right, with the line's slope taken out.

    The slope is the median over pairs of glyphs that are not close by, of their bottoms' and of their tops' slopes;
    tails and capitals go either way. A line of few glyphs is taken to be level.
    """
    edges = boxes[:, (1, 3)].copy()
    if len(boxes) < FEWEST_FOR_SLOPE:
        return edges
    middles = (boxes[:, 0] + boxes[:, 2]) / 2
    across = np.triu(middles - middles[:, None], 2)
    i, j = np.nonzero(across > 2 * median_of(edges[:, 1] - edges[:, 0]))
    if not len(i):
        return edges
    far = across[i, j]
    slopes = np.concatenate([(edges[j, k] - edges[i, k]) / far for k in (0, 1)])
    weights = np.tile(far, 2)
    order = np.argsort(slopes, kind="stable")
    running = np.cumsum(weights[order])
    slope = float(slopes[order][np.searchsorted(running, running[-1] / 2)])
    edges -= min(max(slope, -STEEPEST), STEEPEST) * middles[:, None]
    return edges
