"""A page as blocks of lines of words, which is how exchange formats tell of it: on the image as its file shows it.

A block is a field, or a line of free writing. Boxes elsewhere are on the upright page; here they are turned back, since
these formats lay them over the image itself, and clipped to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from hcr_scan.document import (
    Correction,
    Field,
    FieldAlternative,
    Glyph,
    Page,
    Reason,
    Status,
    Word,
    line_name,
    rounded,
)
from hcr_scan.geometry import BoundingBox, quarter_turn, union_of

#: Glyphs further apart than this share of their height are in different words, where nothing else tells.
WORD_GAP = 0.6

Words = tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class TextLine:
    """Words of one line, left to right; never empty."""

    words: Words

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words if word.text)

    @property
    def box(self) -> BoundingBox:
        return union_of(word.box for word in self.words)

    @property
    def confidence(self) -> float:
        product = 1.0
        for word in self.words:
            product *= word.confidence
        return product


@dataclass(frozen=True, slots=True)
class Block:
    """A field or a free line. ``value`` is what is delivered; what is written is in the lines.

    A field with nothing in it, and a check box, have no lines.
    """

    name: str
    kind: str
    box: BoundingBox
    value: str
    confidence: float
    status: Status
    reasons: tuple[Reason, ...]
    alternatives: tuple[FieldAlternative, ...]
    lines: tuple[TextLine, ...]

    @property
    def written(self) -> str:
        return "\n".join(line.text for line in self.lines)

    def word_confidence(self, word: Word) -> float:
        """How sure a word is: as sure as the whole value where it is all there is."""
        alone = len(self.lines) == 1 and len(self.lines[0].words) == 1 and word.text == self.value
        return rounded(self.confidence if alone else word.confidence)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page's image, pixels of ``width`` x ``height``, with what is on it in the order of the output.

    ``turn`` is by how many degrees (0, 90, 180, 270) the image must be turned clockwise to be upright.
    """

    width: int
    height: int
    turn: int
    blocks: tuple[Block, ...]


def sheet_of(page: Page, *, upright: bool = False) -> Sheet:
    """The page as its file shows it, or upright."""
    turn = 0 if upright else page.rotation
    back = quarter_turn(-(turn // 90), page.width, page.height)
    sideways = turn % 180 == 90
    width, height = (page.height, page.width) if sideways else (page.width, page.height)

    def placed(box: BoundingBox) -> BoundingBox:
        return (back.box(box) if turn else box).clipped(width, height)

    return Sheet(width, height, turn, tuple(_placed(block, placed) for block in _blocks(page)))


def lines_of(field: Field) -> Iterator[Words]:
    """The words that a field's glyphs make, line by line. Blank cells, and marks that are no character, part words."""
    glyphs = [glyph for glyph in field.glyphs if glyph.status is not Status.BLANK]
    if not glyphs:
        return
    if any(glyph.cell is not None for glyph in field.glyphs):
        yield tuple(_words_of_cells(field.glyphs))
        return
    parted = _parted_as(field.raw, glyphs) or _parted_as(field.value, glyphs) or _parted_by_place(glyphs)
    for line in parted:
        yield tuple(Word(tuple(word)) for word in line)


def _blocks(page: Page) -> Iterator[Block]:
    for field in page.fields:
        said = _last_word(field.correction, field.glyphs, field.box)
        lines = tuple(map(TextLine, lines_of(field) if said is None else said))
        yield Block(
            field.name, field.kind, field.box, field.value, rounded(field.confidence), field.status, field.reasons,
            field.alternatives, lines,
        )  # fmt: skip
    for number, line in enumerate(page.lines, 1):
        said = _last_word(line.correction, line.glyphs, line.box)
        yield Block(
            line_name(number), "line", line.box, line.text, rounded(line.confidence), line.status, line.reasons,
            (), tuple(map(TextLine, [line.words] if said is None else said)),
        )  # fmt: skip


def _last_word(correction: Correction | None, glyphs: Sequence[Glyph], box: BoundingBox) -> list[Words] | None:
    """What a person says is written, in lines of words; ``None`` where it is what was read.

    Characters have the places of the glyphs where there are as many; else words have their share of the box.
    """
    if correction is None or correction.value == correction.machine.value:
        return None
    text = correction.value
    read = [glyph for glyph in glyphs if glyph.text]
    characters = "".join(text.split())
    if len(characters) == len(read):
        said = [
            replace(glyph, text=character, confidence=1.0, alternatives=(), status=Status.OK, reasons=())
            for glyph, character in zip(read, characters, strict=True)
        ]
        parted = _parted_as(text, said) or []
        return [tuple(Word(tuple(word)) for word in line) for line in parted]
    rows = [row.split() for row in text.split("\n") if row.split()]
    return [tuple(_spread(row, _slice(box, number, len(rows)))) for number, row in enumerate(rows)]


def _spread(words: Sequence[str], box: BoundingBox) -> Iterator[Word]:
    """Words side by side in a box, each as wide as it is long."""
    length, done = len(" ".join(words)), 0
    for word in words:
        left = box.left + box.width * done // length
        right = box.left + box.width * (done + len(word)) // length
        yield Word((Glyph(BoundingBox(left, box.top, right, box.bottom), word, 1.0),))
        done += len(word) + 1


def _slice(box: BoundingBox, number: int, count: int) -> BoundingBox:
    top, bottom = (box.top + box.height * part // count for part in (number, number + 1))
    return BoundingBox(box.left, top, box.right, bottom)


def _placed(block: Block, placed: Callable[[BoundingBox], BoundingBox]) -> Block:
    lines = tuple(
        TextLine(
            tuple(Word(tuple(replace(glyph, box=placed(glyph.box)) for glyph in word.glyphs)) for word in line.words)
        )
        for line in block.lines
    )
    return replace(block, box=placed(block.box), lines=lines)


def _words_of_cells(glyphs: Sequence[Glyph]) -> Iterator[Word]:
    """Words as the value has them: a cell that is blank or holds no character is a space, one struck out is not."""
    word: list[Glyph] = []
    for glyph in glyphs:
        apart = not glyph.text and Reason.CROSSED_OUT not in glyph.reasons
        if apart and word:
            yield Word(tuple(word))
            word = []
        if glyph.status is Status.BLANK:
            continue
        if apart:
            yield Word((glyph,))
        else:
            word.append(glyph)
    if word:
        yield Word(tuple(word))


def _parted_as(text: str, glyphs: Sequence[Glyph]) -> list[list[list[Glyph]]] | None:
    """The glyphs in lines of words as a text has them; ``None`` where it is not what they say."""
    lines: list[list[list[Glyph]]] = [[[]]]
    position = 0
    for glyph in glyphs:
        if not glyph.text:
            if lines[-1][-1] and _apart(lines[-1][-1][-1], glyph):
                lines[-1].append([])
            lines[-1][-1].append(glyph)
            continue
        start = position
        while position < len(text) and text[position].isspace() and not text.startswith(glyph.text, position):
            position += 1
        if not text.startswith(glyph.text, position):
            return None
        gap, position = text[start:position], position + len(glyph.text)
        if "\n" in gap:
            lines.append([[]])
        elif gap or (lines[-1][-1] and not lines[-1][-1][-1].text and _apart(lines[-1][-1][-1], glyph)):
            lines[-1].append([])
        lines[-1][-1].append(glyph)
    if text[position:].strip():
        return None
    return _filled(lines)


def _parted_by_place(glyphs: Sequence[Glyph]) -> list[list[list[Glyph]]]:
    """The same by where the glyphs are: a line begins where the next glyph is below and not to the right."""
    lines: list[list[list[Glyph]]] = [[[]]]
    for before, glyph in zip((None, *glyphs), glyphs, strict=False):
        if before is not None and glyph.box.left < before.box.right and glyph.box.top > before.box.center[1]:
            lines.append([[]])
        elif before is not None and _apart(before, glyph):
            lines[-1].append([])
        lines[-1][-1].append(glyph)
    return _filled(lines)


def _filled(lines: Iterable[list[list[Glyph]]]) -> list[list[list[Glyph]]]:
    """Without words and lines that nothing is in."""
    return [words for line in lines if (words := [word for word in line if word])]


def _apart(before: Glyph, glyph: Glyph) -> bool:
    gap = glyph.box.left - before.box.right
    return gap > WORD_GAP * max(before.box.height, glyph.box.height) or glyph.box.right < before.box.left
