"""The writing of a page put into the types that leave the worker, with the print left out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice, pairwise

import numpy as np
import numpy.typing as npt

from hcr_scan.document import Source
from hcr_scan.geometry import BoundingBox, Homography, union_of
from hcr_scan.images import Gray
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation.answer_rules import AnswerRules
from hcr_scan.segmentation.candidates import (
    Chunk,
    PageGeometry,
    SegmentedCell,
    SegmentedField,
    SegmentedLine,
    SegmentedPage,
)
from hcr_scan.segmentation.continuations import continued
from hcr_scan.segmentation.crops import CropCollector
from hcr_scan.segmentation.glyphs.chunks import InkCandidate, InkChunk, InkLine, InkWord
from hcr_scan.segmentation.looks import shade_of
from hcr_scan.segmentation.page_model import PageModel
from hcr_scan.segmentation.places import InkPlace
from hcr_scan.segmentation.printing import (
    MAYBE_LABEL,
    NO_LABEL,
    SURELY_HAND,
    SURELY_PRINT,
    Evidence,
    Floats,
    Run,
    Where,
    chances_of_print,
    changes_of_kind,
    print_evidence,
)

#: Up to which chance of print ink is surely writing, and is kept.
_KINDS = (SURELY_HAND, SURELY_PRINT)
#: So many characters at least, as sure as they are some, are an answer on a rule rather than a scrap of a frame.
LEAST_ANSWER = 1.5
#: So many letters show how dark the pen is; what looks more like print than this (nats a glyph) does not.
FEWEST_LETTERS, LIKE_PRINT = 5, 0.4
#: The chunks of words beside each other.
Row = Sequence[Sequence[InkChunk]]


@dataclass(frozen=True, slots=True)
class SeenPlace:
    """A place to write in, and what its rows look like; a row of cells is one word."""

    place: InkPlace
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class SeenLine:
    """A line in no place, and what its words look like: those on a rule to write on, and the others between them."""

    line: InkLine
    runs: tuple[Run, ...]


class PageWriter:
    """Tells print from handwriting over the whole page, and gathers the crops of what is kept.

    Words that are surely print are left out; those that may be are marked, so that a person looks at them.
    """

    def __init__(
        self,
        spec: CropSpec,
        from_source: Homography,
        geometry: PageGeometry,
        model: PageModel | None,
        darkness: Gray,
    ) -> None:
        self._crops = CropCollector(spec, from_source, geometry)
        self._darkness = darkness
        self._geometry = geometry
        self._size = spec.size
        self._model = model

    def seen(self, places: Sequence[InkPlace]) -> list[SeenPlace]:
        """Places with the evidence of what is written in them."""
        evidence = iter(self._evidence([row for place in places for row in _rows(place)]))
        seen = []
        for place in places:
            cells = [Run(Where.CELLS, next(evidence))] if place.cells else []
            lines, runs = _parted(place.lines, evidence, Where.FREE)
            seen.append(SeenPlace(replace(place, lines=lines), (*cells, *runs)))
        return seen

    def seen_lines(self, lines: Sequence[InkLine], where: Where, to_write_on: AnswerRules) -> list[SeenLine]:
        """Lines that stand in no place, parted where print and handwriting meet, with the evidence of their words.

        What stands on one of the rules ``to_write_on`` is as free as on a page without a form.
        """
        evidence = iter(self._evidence([(_row(line), 0, 0) for line in lines]))
        parted, runs = _parted(lines, evidence, where, to_write_on)
        pairs = zip(parted, runs, strict=True)
        return [SeenLine(line, tuple(_by_rules(line, run, to_write_on))) for line, run in pairs]

    def page(self, source: Source, places: Sequence[SeenPlace], lines: Sequence[SeenLine]) -> SegmentedPage:
        """Everything on the page that is not surely print.

        Args:
            source: where the page is from.
            places: cells and boxes.
            lines: writing in no place.
        """
        runs = [*(run for place in places for run in place.runs), *(run for line in lines for run in line.runs)]
        found = chances_of_print(runs)
        labels = (NO_LABEL, MAYBE_LABEL if _somebody_wrote(runs, found) else NO_LABEL)
        chances = iter(found)
        fields = [self._field(seen.place, [next(chances) for _ in seen.runs]) for seen in places]
        written = [tuple(self._beside(seen, [next(chances) for _ in seen.runs], labels)) for seen in lines]
        kept = tuple(field for field in fields if field is not None)
        free = tuple(SegmentedLine(words) for words in written if words)
        return SegmentedPage(
            source, self._geometry, *continued(kept, free), self._crops.stacked(), shapes=self._crops.shapes()
        )

    def _field(self, place: InkPlace, chances: Sequence[Floats]) -> SegmentedField | None:
        """A field of cells, or of the glyphs in a box, one cell each; ``None`` where there is only print in it."""
        cells = tuple(self._cells(place, float(chances[0][0])) if place.cells else self._written(place, chances))
        if not cells and place.written:
            return None
        return SegmentedField("cells" if place.cells else "box", self._crops.source_box(place.box), cells)

    def _written(self, place: InkPlace, chances: Sequence[Floats]) -> Iterator[SegmentedCell]:
        """A cell for each glyph in a box, and a blank one between words."""
        last: BoundingBox | None = None
        for line, found in zip(place.lines, chances, strict=True):
            for word in self._words(line, found, *_KINDS, place.left, place.top):
                first, *_ = boxes = [union_of(candidate.box for candidate in chunk.candidates) for chunk in word]
                if last is not None:
                    # As wide as the gap, which has no width where a line ends.
                    yield SegmentedCell(replace(last, left=last.right, right=max(first.left, last.right)), None)
                yield from (SegmentedCell(chunk.candidates[0].box, chunk) for chunk in word)
                last = boxes[-1]

    def _cells(self, place: InkPlace, chance: float) -> Iterator[SegmentedCell]:
        if chance > SURELY_PRINT:
            return
        doubtful = chance > SURELY_HAND
        for cell in place.cells:
            glyph = self._crops.chunk(cell.chunk, 0, 0, cell.crossed_out, doubtful) if cell.chunk else None
            speck = self._crops.chunk(cell.speck, maybe_print=doubtful) if cell.speck else None
            yield SegmentedCell(self._crops.source_box(cell.box), glyph, speck)

    def _beside(
        self, seen: SeenLine, chances: Sequence[Floats], labels: tuple[float, float]
    ) -> Iterator[tuple[Chunk, ...]]:
        """The words of a line in no place; ``labels`` are the chances of print up to which a margin's are kept."""
        words = iter(seen.line.words)
        for run, found in zip(seen.runs, chances, strict=True):
            part = replace(seen.line, words=tuple(islice(words, len(run.words))))
            yield from self._words(part, found, *(labels if run.where is Where.MARGIN else _KINDS))

    def _words(
        self, line: InkLine, chances: Floats, sure: float, most: float, left: int = 0, top: int = 0
    ) -> Iterator[tuple[Chunk, ...]]:
        """The words whose chance of print is at most ``most``; those above ``sure`` may be print."""
        for word, chance in zip(line.words, chances.tolist(), strict=True):
            if chance <= most:
                doubtful = chance > sure
                yield tuple(self._crops.chunk(chunk, left, top, maybe_print=doubtful) for chunk in word.chunks)

    def _evidence(self, rows: Sequence[tuple[Row, int, int]]) -> list[tuple[Evidence, ...]]:
        """The evidence of each word of some rows, each with its left and top; there is none without a page model."""
        lengths = [len(word) for row, *_ in rows for word in row]
        if self._model is None:
            evidence = [Evidence.none(length) for length in lengths]
        else:
            glyphs = [(_whole(chunk), left, top) for row, left, top in rows for word in row for chunk in word]
            # All at once: a call of the model costs as much as some ten crops.
            crops = [self._crops.crop(glyph.ink) for glyph, *_ in glyphs]
            stacked: npt.NDArray[np.uint8] = np.array(crops, np.uint8).reshape(-1, self._size, self._size)
            boxes = [glyph.box.shifted(left, top) for glyph, left, top in glyphs]
            shades = np.array([shade_of(self._darkness, box) for box in boxes])
            heights = np.log([max(box.height, 1) for box in boxes])
            evidence = replace(print_evidence(self._model, stacked), shades=shades, heights=heights).split(lengths)
        words = iter(evidence)
        return [tuple(islice(words, len(row))) for row, *_ in rows]


def _somebody_wrote(runs: Sequence[Run], chances: Sequence[Floats]) -> bool:
    return any(
        len(word.odds) > 0 and chance <= NO_LABEL
        for run, found in zip(runs, chances, strict=True)
        for word, chance in zip(run.words, found.tolist(), strict=True)
    )


def _rows(place: InkPlace) -> list[tuple[Row, int, int]]:
    """The rows of a place, each with the left and top on the page from which its boxes count."""
    cells = [cell.chunk for cell in place.cells if cell.chunk is not None]
    lines = [(_row(line), place.left, place.top) for line in place.lines]
    return [([cells], 0, 0), *lines] if place.cells else lines


def _row(line: InkLine) -> Row:
    return [word.chunks for word in line.words]


def _parted(
    lines: Sequence[InkLine], evidence: Iterator[tuple[Evidence, ...]], where: Where, rules: AnswerRules | None = None
) -> tuple[tuple[InkLine, ...], tuple[Run, ...]]:
    """Lines whose words are each of one kind, print or handwriting, and the evidence of those."""
    parted, runs = [], []
    for line in lines:
        words = zip(line.words, next(evidence), strict=True)
        pairs = [pair for word, own in words for pair in _parts(word, own, rules)]
        parted.append(replace(line, words=tuple(word for word, _ in pairs)))
        runs.append(Run(where, tuple(own for _, own in pairs)))
    return tuple(parted), tuple(runs)


def _by_rules(line: InkLine, run: Run, rules: AnswerRules) -> Iterator[Run]:
    """The words of a line that stand on rules, those of one rule together, and the others, in their order."""
    boxes = [union_of(_whole(chunk).box for chunk in word.chunks) for word in line.words]
    numbers = [rules.under(box) for box in boxes]
    for k in range(1, len(numbers) - 1):
        # A dash or a comma between words does not reach down to their rule.
        if not numbers[k] and numbers[k - 1] == numbers[k + 1]:
            numbers[k] = numbers[k - 1]
    start = 0
    for number, found in groupby(numbers):
        span = slice(start, start := start + sum(1 for _ in found))
        glyphs = sum(float(word.weights.sum()) for word in run.words[span])
        answer = number and glyphs >= LEAST_ANSWER and not rules.underlines(number, union_of(boxes[span]))
        yield Run(Where.FREE if answer else run.where, run.words[span])


def _parts(word: InkWord, evidence: Evidence, rules: AnswerRules | None) -> list[tuple[InkWord, Evidence]]:
    boxes = [_whole(chunk).box for chunk in word.chunks]
    gaps = np.array([after.left - before.right for before, after in pairwise(boxes)], float)
    begins = [] if rules is None else rules.ends_within(union_of(boxes), boxes)
    at_ends = np.isin(np.arange(1, len(boxes)), begins)
    ends = [0, *sorted({*changes_of_kind(evidence, gaps, at_ends), *begins}), len(boxes)]
    parts = [InkWord(word.chunks[start:end]) for start, end in pairwise(ends)]
    return list(zip(parts, evidence.split(np.diff(ends).tolist()), strict=True))


def without_print(places: Sequence[SeenPlace]) -> list[SeenPlace]:
    """The places that are not surely full of print, judged by each other alone."""
    judged = _judged(places)
    return [seen for seen, printed in judged if not seen.place.written or any(p <= SURELY_PRINT for p in printed)]


def by_hand(places: Sequence[SeenPlace]) -> tuple[list[list[InkChunk]], float]:
    """What is written rather than printed in each place, judged by each other alone; and how dark the pen is there."""
    found: list[list[InkChunk]] = []
    shades: list[float] = []
    for seen, printed in _judged(places):
        words = [word for row, *_ in _rows(seen.place) for word in row]
        evidence = [own for run in seen.runs for own in run.words]
        # Letters over an underline are a row of cells now and then, where next to nothing is print beforehand, and a
        # part of a heading is a box; a single cell is neither.
        most = math.inf if len(seen.place.cells) == 1 else LIKE_PRINT
        hand = [k for k, chance in enumerate(printed) if chance < SURELY_HAND and evidence[k].mean < most]
        found.append([chunk for k in hand for chunk in words[k]])
        shades += [shade for k in hand if (own := evidence[k].shades) is not None for shade in own.tolist()]
    return found, math.exp(float(np.median(shades))) if len(shades) >= FEWEST_LETTERS else math.inf


def _judged(places: Sequence[SeenPlace]) -> Iterator[tuple[SeenPlace, list[float]]]:
    """Places with the chance of each of their words that it is print."""
    chances = iter(chances_of_print([run for seen in places for run in seen.runs]))
    for seen in places:
        yield seen, [chance for _ in seen.runs for chance in next(chances).tolist()]


def handwritten(places: Sequence[SeenPlace], lines: Sequence[SeenLine]) -> int:
    """How many glyphs of some lines a hand wrote, wherever they stand beside the places."""
    inside = [run for seen in places for run in seen.runs]
    free = [replace(run, where=Where.FREE) for seen in lines for run in seen.runs]
    chances = chances_of_print([*inside, *free])[len(inside) :]
    return sum(
        len(word.odds)
        for run, found in zip(free, chances, strict=True)
        for word, chance in zip(run.words, found.tolist(), strict=True)
        if chance < SURELY_HAND
    )


def _whole(chunk: InkChunk) -> InkCandidate:
    return next(c for c in chunk.candidates if c.start == 0 and c.end == chunk.cuts)
