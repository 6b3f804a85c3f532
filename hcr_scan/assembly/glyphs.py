"""A page's glyphs from its logits: every doubtful cut decided, read in context, and marked where they are not sure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.assembly.context import CharacterKinds, reweight
from hcr_scan.assembly.lattice import ChosenCandidate, choose_path
from hcr_scan.document import Alternative, Glyph, Reason, Status, Word
from hcr_scan.geometry import BoundingBox
from hcr_scan.model.bundle import ModelInfo
from hcr_scan.model.probabilities import Logits, Probabilities, probabilities
from hcr_scan.placement import Metrics, Placement, leveled
from hcr_scan.segmentation.candidates import Candidate, Chunk, SegmentedCell, SegmentedField, SegmentedLine

#: One glyph's probabilities, ``(classes,)``.
Row = npt.NDArray[np.float32]

ALTERNATIVES = 3

#: A glyph whose segmentation is less sure than this goes to review, however sure its reading.
AMBIGUOUS_BELOW = 0.8

#: Labels that one shape may mean, beside the two cases of a letter.
LOOK_ALIKES = ("0Oo", "1Il", "5Ss", "2Zz", "9gq")

#: Punctuation so small that alone in a cell it may pass for dust.
SMALL_MARKS = ".,'-:"


@dataclass(frozen=True, slots=True)
class Reader:
    """One page's probabilities over one character set, and what is needed to read them.

    ``certainties`` say of each crop how probably it is one readable character, whichever of those of its shape.
    ``with_dust`` are those over the set and the small marks that it lacks, ``dust``: where size and position show that
    ink is one of these, it is no character.
    """

    probabilities: Probabilities
    labels: tuple[str, ...]
    kinds: CharacterKinds
    placement: Placement | None
    certainties: list[float]
    small_marks: npt.NDArray[np.intp]
    with_dust: Probabilities
    dust: npt.NDArray[np.intp]
    reject_below: float
    review_below: float

    @classmethod
    def of(cls, logits: Logits, info: ModelInfo, charset: str, review_below: float) -> Reader:
        """A reader of a page's logits, float32 ``(n, classes)``, for the characters that may occur."""
        marks = [i for i, label in enumerate(info.labels) if label and label in SMALL_MARKS]
        dust = [i for i in marks if info.labels[i] not in charset]
        seen = charset + "".join(info.labels[i] for i in dust)
        read = probabilities(logits, info.labels, charset, info.temperature)
        return cls(
            read,
            info.labels,
            CharacterKinds.of(info.labels, charset),
            Placement.of(info.placement, info.labels, seen),
            _certainties(read, info.labels),
            np.array([i for i in marks if i not in dust], np.intp),
            probabilities(logits, info.labels, seen, info.temperature),
            np.array(dust, np.intp),
            info.reject_below,
            review_below,
        )


def _certainties(read: Probabilities, labels: Sequence[str]) -> list[float]:
    """For each crop the probability of its likeliest shape: one that two labels share is not half as certain."""
    shapes: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        if label:
            alike = next((group for group in LOOK_ALIKES if label in group), label.upper())
            shapes.setdefault(alike, []).append(index)
    best = np.max([read[:, own].sum(axis=1) for own in shapes.values()], axis=0)
    certainties: list[float] = np.minimum(best, 1.0).tolist()
    return certainties


def cell_glyphs(segmented: SegmentedField, reader: Reader) -> Iterator[Glyph]:
    """Every cell's glyph, left to right; written cells with no blank between them are read as one word."""
    found = glyphs_in_cells(segmented, reader)
    for blank, run in itertools.groupby(range(len(found)), key=lambda number: not found[number]):
        numbers = list(run)
        if blank:
            for number in numbers:
                yield blank_glyph(segmented.cells[number], number)
        else:
            read = [(number, choice) for number in numbers for choice, _ in found[number]]
            yield from _word_glyphs(read, np.array([row for k in numbers for _, row in found[k]]), reader)


def blank_glyph(cell: SegmentedCell, number: int) -> Glyph:
    """The glyph of a cell with nothing in it."""
    return Glyph(cell.box, "", 1.0, status=Status.BLANK, cell=number)


def glyphs_in_cells(segmented: SegmentedField, reader: Reader) -> list[list[tuple[ChosenCandidate, Row]]]:
    """For each cell what is written in it, mostly one glyph or none, each with its probabilities given its place."""
    chosen = [[] if chunk is None else _choose(chunk, reader) for chunk in _written(segmented.cells, reader)]
    rows = iter(_rows_of_field(segmented, chosen, reader))
    found = [[(choice, next(rows)) for choice in choices] for choices in chosen]
    return [
        [] if cell.chunk is None and glyphs and not _is_mark(glyphs[0][1], reader) else glyphs
        for cell, glyphs in zip(segmented.cells, found, strict=True)
    ]


def _written(cells: Sequence[SegmentedCell], reader: Reader) -> Iterator[Chunk | None]:
    """What each cell holds; a speck counts where it may be punctuation, which follows something."""
    before = False
    for cell in cells:
        chunk = cell.chunk or (cell.speck if before and len(reader.small_marks) else None)
        before = chunk is not None
        yield chunk


def _is_mark(row: Row, reader: Reader) -> bool:
    """Whether a speck is rather punctuation than dust."""
    return bool(row[reader.small_marks].sum() > 0.5)


def _rows_of_field(
    segmented: SegmentedField, chosen: Sequence[Sequence[ChosenCandidate]], reader: Reader
) -> Probabilities:
    """The probabilities of all glyphs of a field, given where they stand in their cells, or on the lines of a box."""
    choices = [choice for cell in chosen for choice in cell]
    if segmented.kind == "box":
        lines = _rows_of_writing([choice.candidate.box for choice in choices])
        parts = [_placed(choices[line], reader) for line in lines]
        return np.concatenate(parts) if parts else _placed([], reader)
    cells = [cell.box for cell, found in zip(segmented.cells, chosen, strict=True) for _ in found]
    boxes = [choice.candidate.box for choice in choices]
    edges = np.array(
        [(box.top - cell.top, box.bottom - cell.top, box.width) for box, cell in zip(boxes, cells, strict=True)]
    )
    heights = np.array([max(cell.height, 1) for cell in cells], np.float64)
    return _weighed(choices, edges.reshape(-1, 3) / heights[:, None], Metrics.of_cells(), reader)


def _rows_of_writing(boxes: Sequence[BoundingBox]) -> list[slice]:
    """The lines of a box, whose glyphs come line by line: one ends where the next glyph is further left."""
    starts = [k for k in range(1, len(boxes)) if boxes[k].right < boxes[k - 1].left]
    return [slice(a, b) for a, b in itertools.pairwise([0, *starts, len(boxes)])]


def glyphs_of_line(segmented: SegmentedLine, reader: Reader) -> tuple[list[list[list[ChosenCandidate]]], Probabilities]:
    """What is believed to stand on a line, by word and chunk, and the probabilities of it all in its place."""
    words = [[list(_choose(chunk, reader)) for chunk in chunks] for chunks in segmented.words if chunks]
    return words, _placed([choice for word in words for chunk in word for choice in chunk], reader)


def words_of_line(segmented: SegmentedLine, reader: Reader) -> tuple[Word, ...]:
    """The words of a line, read in context."""
    found, rows = glyphs_of_line(segmented, reader)
    chosen = [[choice for chunk in word for choice in chunk] for word in found]
    words = []
    for word in chosen:
        words.append(Word(tuple(_word_glyphs([(None, choice) for choice in word], rows[: len(word)], reader))))
        rows = rows[len(word) :]
    return tuple(words)


def _placed(choices: Sequence[ChosenCandidate], reader: Reader) -> Probabilities:
    """The probabilities of a line's glyphs ``(n, classes)``, given where they stand on it."""
    boxes = np.array([choice.candidate.box.as_list() for choice in choices], np.float64).reshape(-1, 4)
    edges = np.column_stack((leveled(boxes), boxes[:, 2] - boxes[:, 0]))
    metrics = Metrics.of_line(edges[:, 0], edges[:, 1]) if len(choices) > 1 else None
    return _weighed(choices, edges, metrics, reader)


def _weighed(
    choices: Sequence[ChosenCandidate], edges: npt.NDArray[np.float64], metrics: Metrics | None, reader: Reader
) -> Probabilities:
    """The probabilities of glyphs in a row, given top, bottom and width ``(n, 3)`` of each."""
    crops = [choice.candidate.crop for choice in choices]
    if reader.placement is None or metrics is None or not choices:
        return reader.probabilities[crops]
    rows = reader.with_dust[crops]
    written = np.array([not choice.candidate.crossed_out for choice in choices])
    result = rows.copy()
    if written.any():
        top, bottom, width = edges[written].T
        result[written] = reader.placement.weigh(rows[written], top, bottom, width, metrics)
    result[:, reader.kinds.nothing] += result[:, reader.dust].sum(axis=1)
    result[:, reader.dust] = 0
    return result


def _word_glyphs(
    chosen: Sequence[tuple[int | None, ChosenCandidate]], rows: Probabilities, reader: Reader
) -> Iterator[Glyph]:
    """The glyphs of a word, each with its cell if any, read in context."""
    rows = _in_context([choice.candidate for _, choice in chosen], rows, reader)
    order = np.argsort(-rows, axis=1, kind="stable")[:, : ALTERNATIVES + 2]
    shares = np.take_along_axis(rows, order, axis=1).tolist()
    nothing = rows[:, reader.kinds.nothing].tolist()
    for k, ((cell, choice), best) in enumerate(zip(chosen, order.tolist(), strict=True)):
        ranked = [Alternative(reader.labels[i], share) for i, share in zip(best, shares[k], strict=True) if share > 0]
        yield glyph_of(choice, cell, ranked, nothing[k], reader)


def _in_context(candidates: Sequence[Candidate], rows: Probabilities, reader: Reader) -> Probabilities:
    """The probabilities of a word's glyphs given each other; what is crossed out neither says nor learns anything."""
    crossed_out = np.array([candidate.crossed_out for candidate in candidates])
    if not crossed_out.any():
        return reweight(rows, reader.kinds)
    silenced = rows.copy()
    silenced[crossed_out] = 0
    silenced[crossed_out, reader.kinds.nothing] = 1
    return np.where(crossed_out[:, None], rows, reweight(silenced, reader.kinds))


def _choose(chunk: Chunk, reader: Reader) -> tuple[ChosenCandidate, ...]:
    return choose_path(chunk, [reader.certainties[candidate.crop] for candidate in chunk.candidates])


def glyph_of(
    choice: ChosenCandidate, cell: int | None, ranked: Sequence[Alternative], nothing: float, reader: Reader
) -> Glyph:
    """One glyph from its readings, best first (``""`` among them), and the probability that it is not a character."""
    candidate, posterior = choice.candidate, choice.posterior
    characters = [reading for reading in ranked if reading.text]
    if posterior < 1:
        characters = [Alternative(other.text, other.confidence * posterior) for other in characters]
    reading = characters[0] if characters else Alternative("", 0.0)
    if candidate.crossed_out:
        rejected: tuple[Reason, ...] = (Reason.CROSSED_OUT,)
        rejected += (Reason.OVERWRITTEN,) if candidate.overwritten else ()
    elif nothing * posterior >= reading.confidence or reading.confidence < reader.reject_below:
        rejected = (Reason.NOT_A_CHARACTER,)
    else:
        rejected = ()
    if rejected:
        alternatives = tuple(characters[:ALTERNATIVES])
        return Glyph(candidate.box, "", nothing, alternatives, Status.REJECTED, cell, rejected)
    reasons: tuple[Reason, ...] = ()
    if posterior < AMBIGUOUS_BELOW:
        reasons += (Reason.AMBIGUOUS_SPLIT,)
    if reading.confidence < reader.review_below:
        reasons += (Reason.LOW_CONFIDENCE,)
    if candidate.overwritten:
        reasons += (Reason.OVERWRITTEN,)
    if candidate.maybe_print:
        reasons += (Reason.MAYBE_PRINT,)
    status = Status.REVIEW if reasons else Status.OK
    others = tuple(characters[1 : ALTERNATIVES + 1])
    return Glyph(candidate.box, reading.text, reading.confidence, others, status, cell, reasons)


def text_of_cells(glyphs: Sequence[Glyph]) -> str:
    """What the cells say, a space for each cell with nothing in it or with a mark that is no character.

    A crossed-out cell is a correction, so its neighbours close up.
    """
    return "".join(text_of_cell(glyph) for glyph in glyphs).strip()


def text_of_cell(glyph: Glyph) -> str:
    return glyph.text or ("" if Reason.CROSSED_OUT in glyph.reasons else " ")


def status_of(glyphs: Sequence[Glyph]) -> Status:
    found = {glyph.status for glyph in glyphs} - {Status.BLANK}
    if not found:
        return Status.BLANK
    if found == {Status.REJECTED}:
        return Status.REJECTED
    return Status.OK if found == {Status.OK} else Status.REVIEW


def reasons_of(glyphs: Sequence[Glyph]) -> tuple[Reason, ...]:
    """The union of the glyphs' reasons, in the order of :class:`Reason`."""
    found = {reason for glyph in glyphs for reason in glyph.reasons}
    return tuple(reason for reason in Reason if reason in found)
