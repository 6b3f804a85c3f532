"""The printed words of a form: labels tell what is a place to write on and what is a heading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hcr_scan.geometry import BoundingBox, union_of
from hcr_scan.images import Components
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.segmentation.cells.writing import read_comb
from hcr_scan.segmentation.glyphs.chunks import InkChunk, InkWord
from hcr_scan.segmentation.lines.finding import find_lines
from hcr_scan.segmentation.page_model import PageModel
from hcr_scan.segmentation.printing import Run, Where, chances_of_print, print_evidence
from hcr_scan.segmentation.segment import StraightPage

Row = tuple[BoundingBox, ...]


class Press:
    """Tells print from writing on one page.

    Args:
        page: the page, straightened.
        spec: how the page model wants its crops.
        model: the page model; ``None`` on a blank, where everything is print.
    """

    def __init__(self, page: StraightPage, spec: CropSpec, model: PageModel | None) -> None:
        self._page = page
        self._spec = spec
        self._model = model

    def words(self, without: Iterable[BoundingBox]) -> list[BoundingBox]:
        """The printed words outside of some boxes, in working pixels."""
        ink = self._page.ink.copy()
        height, width = ink.shape
        for box in without:
            hidden = box.clipped(width, height)
            ink[hidden.top : hidden.bottom, hidden.left : hidden.right] = 0
        lines = find_lines(ink)
        words = [word for line in lines for word in line.words]
        if self._model is None:
            return [_around(word) for word in words]
        runs = [self._run(self._model, Where.MARGIN, [word.chunks for word in line.words]) for line in lines]
        chances = np.concatenate([*chances_of_print(runs), np.zeros(0)])
        return [_around(word) for word, chance in zip(words, chances.tolist(), strict=True) if chance > 0.5]

    def printed(self, rows: list[Row]) -> list[bool]:
        """Which rows of cells are print that was taken for frames."""
        if self._model is None:
            return [_cut_through(self._page, row) or not _has_walls(self._page, row) for row in rows]
        read = [read_comb(self._page.paper, row) for row in rows]
        written = [[[cell.chunk for cell in cells if cell.chunk is not None]] for cells in read]
        runs = [self._run(self._model, Where.CELLS, words) for words in written]
        return [bool(chances[0] > 0.5) for chances in chances_of_print(runs)]

    def _run(self, model: PageModel, where: Where, words: Sequence[Sequence[InkChunk]]) -> Run:
        crops = [self._crop(chunk) for word in words for chunk in word]
        stacked = np.array(crops, np.uint8).reshape(-1, self._spec.size, self._spec.size)
        return Run(where, tuple(print_evidence(model, stacked).split([len(word) for word in words])))

    def _crop(self, chunk: InkChunk) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        whole = next(c for c in chunk.candidates if c.start == 0 and c.end == chunk.cuts)
        return normalize_glyph(whole.ink, self._spec)


#: How far inside a cell nothing is printed that is meant to be there, as a share of its height.
INSET = 0.14
#: Share of one of its sides that is dark, so far inside, where print runs across it.
ACROSS = 0.2
#: A wall lies this near where it is said to be, in pixels, and is dark on this share at least: a tick on a rail is.
NEAR, TICK = 4, 0.3


def runs_across(pieces: Components, cell: BoundingBox) -> bool:
    """Whether print runs across the border of a cell; guides like ``DD MM YYYY`` stay well inside."""
    inset = max(2, round(INSET * cell.height))
    inner = cell.grown(-min(inset, (cell.width - 1) // 2), -min(inset, (cell.height - 1) // 2))
    ink = pieces.labels[inner.top : inner.bottom, inner.left : inner.right] > 0
    return bool(ink.size) and max(float(side.mean()) for side in (ink[0], ink[-1], ink[:, 0], ink[:, -1])) > ACROSS


def _cut_through(page: StraightPage, row: Row) -> bool:
    """Whether print runs across the borders of half of the cells of a blank: then these are none."""
    crossed = sum(runs_across(page.pieces, cell) for cell in row)
    return crossed >= len(row) / 2


def _has_walls(page: StraightPage, row: Row) -> bool:
    """Whether most of the upright walls of a row of cells can be seen, be it in part."""
    dark = page.paper.darkness > max(3 * page.paper.noise, 5)
    seen = 0
    for cell in row:
        for x in (cell.left - 1, cell.right):
            wall = dark[cell.top : cell.bottom, max(x - NEAR, 0) : x + NEAR + 1]
            seen += bool(wall.size and wall.mean(axis=0).max() > TICK)
    return seen > len(row)


def _around(word: InkWord) -> BoundingBox:
    return union_of(candidate.box for chunk in word.chunks for candidate in chunk.candidates)
