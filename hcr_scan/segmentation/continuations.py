"""Writing that goes on beyond the edge of its box: one answer, not two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hcr_scan.geometry import BoundingBox, union_of
from hcr_scan.segmentation.candidates import Chunk, SegmentedCell, SegmentedField, SegmentedLine

#: Writing goes on where the gap is less than so many times as wide as its tallest letter is high.
WIDEST_GAP = 1.0
#: It stands on the same line where it shares this much of the lower one's height.
SIDE_BY_SIDE = 0.6


def continued(
    fields: Sequence[SegmentedField], lines: Sequence[SegmentedLine]
) -> tuple[tuple[SegmentedField, ...], tuple[SegmentedLine, ...]]:
    """The fields with the words that go on from the one line written in a box, and the lines without them."""
    result, left = list(fields), list(lines)
    for number, line in enumerate(left):
        words = list(line.words)
        # A word may stand beside a box only once the one between them has joined it.
        while (joins := _first_join(result, words)) is not None:
            owner, word = joins
            result[owner] = _joined(result[owner], words.pop(word))
        left[number] = SegmentedLine(tuple(words))
    return tuple(result), tuple(line for line in left if line.words)


def _first_join(fields: Sequence[SegmentedField], words: Sequence[tuple[Chunk, ...]]) -> tuple[int, int] | None:
    """A field and a word that goes on from it, as their numbers."""
    pairs = ((k, n) for k, field in enumerate(fields) for n, word in enumerate(words) if _goes_on(field, word))
    return next(pairs, None)


def _goes_on(field: SegmentedField, word: tuple[Chunk, ...]) -> bool:
    """Whether a word stands directly before or behind the one line of writing in a box."""
    if field.kind != "box" or not field.cells:
        return False
    written, beside = union_of(cell.box for cell in field.cells), _box_of(word)
    tallest = max(cell.box.height for cell in field.cells)
    gap = max(beside.left - written.right, written.left - beside.right)
    shared = min(written.bottom, beside.bottom) - max(written.top, beside.top)
    one_line = written.height < 2 * tallest
    return one_line and gap < WIDEST_GAP * tallest and shared > SIDE_BY_SIDE * min(written.height, beside.height)


def _joined(field: SegmentedField, word: tuple[Chunk, ...]) -> SegmentedField:
    cells = [*field.cells, *(SegmentedCell(chunk.candidates[0].box, chunk) for chunk in word)]
    cells.sort(key=lambda cell: cell.box.left)
    return replace(field, box=field.box.union(_box_of(word)), cells=tuple(cells))


def _box_of(word: tuple[Chunk, ...]) -> BoundingBox:
    return union_of(candidate.box for chunk in word for candidate in chunk.candidates)
