"""Characters written over others, and scribbles: what the ink of a glyph and the classifier's doubts say together.

Ink that is too thick, too much or too often crossed for its page (:mod:`hcr_scan.segmentation.ink_shapes`) may be a
broad letter; a doubtful reading may be a bad hand. Where both come together somebody corrected something. The weights
are learned from drawn pages, by ``hcr_scan_training.spoilt_fit``: whatever is measured is measured against the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hcr_scan.model.bundle import ModelInfo
from hcr_scan.model.probabilities import Logits
from hcr_scan.order_statistics import median_of
from hcr_scan.segmentation.candidates import (
    SHAPE_COLUMNS,
    Candidate,
    Chunk,
    SegmentedField,
    SegmentedLine,
    SegmentedPage,
)

if TYPE_CHECKING:
    from hcr_scan.segmentation.ink_shapes import Shapes

Floats = npt.NDArray[np.float64]

#: Probabilities are not told from 0, or from 1, any better than this.
LEAST = 1e-4
#: How much higher the threshold is for each nat that a page's own median lies above the usual one.
STRANGENESS = 1.5
#: Ink lower than this share of the letters beside it, or less than so many pens long, is a speck and no correction.
LEAST_HEIGHT, LEAST_PENS = 0.4, 3.0
#: Fewer letters in a row do not say how high it is written; and none is this share lower than its page.
ENOUGH_LETTERS, LOWEST_ROW = 4, 0.5

_WEIGHTS = Path(__file__).parent / "spoilt.json"


@dataclass(frozen=True, slots=True)
class SpoiltWeights:
    """Log-odds as second-degree polynomials of measures made ready by ``means`` and ``scales`` (m,).

    ``spoilt`` is of overwritten or scribbled against clean, ``scribbled`` of scribbled against overwritten: the bias,
    m weights, and those of the products. Glyphs whose odds are above ``threshold`` are spoilt, on pages whose odds have
    their median at ``usual``; where it is higher all ink of the page is like that, and the threshold is higher too.
    """

    means: Floats
    scales: Floats
    spoilt: Floats
    scribbled: Floats
    threshold: float
    usual: float

    def odds(self, measured: Floats) -> tuple[Floats, Floats]:
        """Both log-odds (n,) of measures ``(n, m)``."""
        terms = polynomial((measured - self.means) / self.scales)
        return terms @ self.spoilt, terms @ self.scribbled

    def spoilt_on_page(self, odds: Floats) -> npt.NDArray[np.bool_]:
        """Which of a page's characters are spoilt."""
        strange = median_of(odds) - self.usual if len(odds) else 0.0
        return np.asarray(odds > self.threshold + STRANGENESS * max(strange, 0.0))


@lru_cache(maxsize=1)
def shipped_weights() -> SpoiltWeights:
    """Those that come with the program."""
    found = json.loads(_WEIGHTS.read_text("utf-8"))
    means, scales, spoilt, scribbled = (np.array(found[name]) for name in ("means", "scales", "spoilt", "scribbled"))
    return SpoiltWeights(means, scales, spoilt, scribbled, float(found["threshold"]), float(found["usual"]))


def measures(shapes: Shapes, logits: Logits, temperature: float) -> Floats:
    """What is known of glyphs ``(n, m)``: their shapes, and how doubtful each is to the classifier."""
    scaled = logits.astype(np.float64) / temperature
    shares = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    # The last label is "not a character".
    best, nothing = shares[:, :-1].max(axis=1), shares[:, -1]
    entropy = -(shares * np.log(shares + 1e-9)).sum(axis=1)
    doubts = (np.log(nothing + LEAST), np.log(1 - best + 10 * LEAST), entropy)
    return np.column_stack((shapes.astype(np.float64), *doubts))


def polynomial(values: Floats) -> Floats:
    """1, the columns, and the products of every two of them ``(n, 1 + m + m (m + 1) / 2)``."""
    products = [values[:, k, None] * values[:, k:] for k in range(values.shape[1])]
    return np.column_stack((np.ones(len(values)), values, *products))


def with_spoilt_marked(segmented: SegmentedPage, logits: Logits, info: ModelInfo) -> SegmentedPage:
    """The page with candidates marked that are overwritten, and scribbles that would be read crossed out.

    What is no character to the classifier is left as it is: it is not read in any case, and may be a logo or a stamp.
    So are specks, such as a piece of a ruled line: what they are like says nothing of letters.
    """
    if segmented.shapes is None or not len(segmented.shapes):
        return segmented
    weights = shipped_weights()
    spoilt, scribbled = weights.odds(measures(segmented.shapes, logits, info.temperature))
    marked = logits[:, :-1].max(axis=1) > logits[:, -1]
    specks = _specks(segmented, segmented.shapes, marked)
    marked[marked] = weights.spoilt_on_page(spoilt[marked])
    marked &= ~specks
    if not marked.any():
        return segmented
    marks = _Marks(marked, marked & (scribbled > 0))
    fields = tuple(marks.field(field) for field in segmented.fields)
    return replace(segmented, fields=fields, lines=marks.lines(segmented.lines))


def _specks(segmented: SegmentedPage, shapes: Shapes, letters: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which crops are too faint, too short for the pen or too low beside the letters of their row, bool ``(n,)``.

    ``letters`` tells which crops are characters to the classifier.
    """
    size, filled = shapes[:, SHAPE_COLUMNS.index("size")], shapes[:, SHAPE_COLUMNS.index("filled")]
    specks = np.asarray((size < np.log(LEAST_PENS)) | (filled <= 0))
    rows = list(_rows(segmented))
    usual = _letter_height(chain.from_iterable(rows), letters)
    for row in rows:
        own = [candidate for candidate in row if letters[candidate.crop]]
        height = max(_letter_height(own, letters), LOWEST_ROW * usual) if len(own) >= ENOUGH_LETTERS else usual
        low = [candidate.crop for candidate in row if candidate.box.height < LEAST_HEIGHT * height]
        specks[low] = True
    return specks


def _rows(segmented: SegmentedPage) -> Iterator[list[Candidate]]:
    """What stands side by side on a page: the cells of a field, the words of a line."""
    for field in segmented.fields:
        yield [candidate for cell in field.cells if cell.chunk for candidate in cell.chunk.candidates]
    for line in chain(*(field.lines for field in segmented.fields), segmented.lines):
        yield [candidate for chunk in chain.from_iterable(line.words) for candidate in chunk.candidates]


def _letter_height(candidates: Iterable[Candidate], letters: npt.NDArray[np.bool_]) -> float:
    heights = [candidate.box.height for candidate in candidates if letters[candidate.crop]]
    return median(heights) if heights else 0.0


@dataclass(frozen=True, slots=True)
class _Marks:
    """Which crops are spoilt, and which of these scribbled out, bool ``(n,)``."""

    spoilt: npt.NDArray[np.bool_]
    scribbled: npt.NDArray[np.bool_]

    def field(self, field: SegmentedField) -> SegmentedField:
        cells = tuple(
            cell if cell.chunk is None else replace(cell, chunk=self.chunk(cell.chunk)) for cell in field.cells
        )
        return replace(field, cells=cells, lines=self.lines(field.lines))

    def lines(self, lines: Sequence[SegmentedLine]) -> tuple[SegmentedLine, ...]:
        return tuple(SegmentedLine(tuple(tuple(map(self.chunk, word)) for word in line.words)) for line in lines)

    def chunk(self, chunk: Chunk) -> Chunk:
        """The chunk with its marks; it is only a scribble where it cannot be anything else."""
        alone = len(chunk.candidates) == 1
        return replace(chunk, candidates=tuple(self._candidate(each, alone) for each in chunk.candidates))

    def _candidate(self, candidate: Candidate, alone: bool) -> Candidate:
        if not self.spoilt[candidate.crop] or candidate.crossed_out or candidate.maybe_print:
            return candidate
        return replace(candidate, overwritten=True, crossed_out=alone and bool(self.scribbled[candidate.crop]))
