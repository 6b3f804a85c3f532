"""From a segmented page and its logits to the page as the user sees it: text, confidence, and what to look at again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from statistics import median

from hcr_scan.assembly.glyphs import (
    ALTERNATIVES,
    Reader,
    cell_glyphs,
    reasons_of,
    status_of,
    text_of_cell,
    text_of_cells,
    words_of_line,
)
from hcr_scan.assembly.spoilt import with_spoilt_marked
from hcr_scan.assembly.writer_adaptation import read_in_writers_hand
from hcr_scan.document import (
    Alternative,
    Field,
    FieldAlternative,
    Glyph,
    Line,
    Page,
    Reason,
    Status,
    Word,
    joint_confidence,
)
from hcr_scan.model.bundle import ModelInfo
from hcr_scan.model.probabilities import Logits
from hcr_scan.segmentation.candidates import SegmentedField, SegmentedLine, SegmentedPage
from hcr_scan.settings import Settings

#: A box of at least so many pieces, more than this share of them no characters, holds a drawing.
FEWEST_PIECES, DRAWN_SHARE = 5, 0.5
#: A word in it of so many letters, this share of them sure, was written there all the same.
FEWEST_LETTERS, SURE_SHARE = 3, 0.75
#: A box of so many pieces, more than any field asks for, holds running text; such a letter in it is sure.
PARAGRAPH, SURE = 100, 0.9
#: What is written beside the frames of a form is read where this share of it is read with so much confidence; what is
#: lower than this share of the other pieces is a scrap.
CLEAR_SHARE, CLEAR, SCRAP = 0.5, 0.6, 0.5
#: What a cross or a tick in a check box may be read as.
MARK_LIKE = "XxVv"


def assemble_page(segmented: SegmentedPage, logits: Logits, info: ModelInfo, settings: Settings) -> Page:
    """The page with every glyph read, every doubtful cut decided, and whatever is not sure marked with the reason.

    Args:
        segmented: The page's boxes and candidates.
        logits: float32 ``(n, classes)``, one row a crop of the page.
        info: The model the logits are from.
        settings: The character set, and below what confidence a person should look.
    """
    segmented = with_spoilt_marked(segmented, logits, info)

    def read(logits: Logits) -> Page:
        reader = Reader.of(logits, info, settings.charset, settings.review_below)
        return page_with(
            segmented,
            _with_marks_doubted([_field(field, number, reader) for number, field in enumerate(segmented.fields, 1)]),
            (free_line(line, reader, bool(segmented.fields)) for line in segmented.lines if any(line.words)),
        )

    return read_in_writers_hand(read, segmented, logits, info, settings.charset)


def page_with(segmented: SegmentedPage, fields: Iterable[Field], lines: Iterable[Line]) -> Page:
    """The page as it lay and the template that it matched, if any, with what was read on it."""
    geometry, match = segmented.geometry, segmented.template
    return Page(
        source=segmented.source,
        width=geometry.width,
        height=geometry.height,
        dpi=geometry.dpi,
        rotation=geometry.rotation,
        skew=geometry.skew,
        fields=tuple(fields),
        lines=tuple(lines),
        template=match.template if match else None,
        template_match=match.match if match else None,
        template_page=match.page if match else None,
    )


def _field(segmented: SegmentedField, number: int, reader: Reader) -> Field:
    glyphs = tuple(cell_glyphs(segmented, reader))
    if segmented.kind == "box" and _is_prose(glyphs):
        glyphs = tuple(map(_rejected, glyphs))
    elif segmented.kind == "box" and _is_drawing(glyphs):
        glyphs = tuple(_without_drawing(glyphs))
    raw = text_of_cells(glyphs)
    return Field(
        name=f"field_{number:03}",
        kind=segmented.kind,
        box=segmented.box,
        value=raw,
        raw=raw,
        confidence=joint_confidence(glyphs),
        status=status_of(glyphs),
        reasons=reasons_of(glyphs),
        alternatives=field_alternatives(glyphs, raw),
        glyphs=glyphs,
    )


def _with_marks_doubted(fields: Sequence[Field]) -> Iterator[Field]:
    """Cells that stand alone are check boxes where most of them hold no character, or a cross or tick that looks like
    one; there such a reading goes to review.
    """
    alone = [
        field
        for field in fields
        if field.kind == "cells" and len(field.glyphs) == 1 and field.status is not Status.BLANK
    ]
    marks = [field for field in alone if field.status is Status.REJECTED or field.value in MARK_LIKE]
    doubted = {field.name for field in marks if field.value} if len(marks) > len(alone) / 2 else set()
    for field in fields:
        if field.name in doubted:
            (glyph,) = field.glyphs
            reasons = tuple(dict.fromkeys((*glyph.reasons, Reason.NOT_A_CHARACTER)))
            glyphs = (replace(glyph, status=Status.REVIEW, reasons=reasons),)
            yield replace(field, glyphs=glyphs, status=status_of(glyphs), reasons=reasons_of(glyphs))
        else:
            yield field


def _is_prose(glyphs: Sequence[Glyph]) -> bool:
    """Whether a box holds paragraphs in a hand that is not sure enough to be read: they are keyed, not corrected."""
    pieces = [glyph for glyph in glyphs if glyph.status is not Status.BLANK]
    sure = sum(bool(glyph.text) and glyph.confidence >= SURE for glyph in pieces)
    return len(pieces) >= PARAGRAPH and sure < SURE_SHARE * len(pieces)


def _is_drawing(glyphs: Sequence[Glyph]) -> bool:
    """Whether a box holds a stamp, a logo or a signature: most of its pieces are no characters, or may be print."""
    pieces = [glyph for glyph in glyphs if glyph.status is not Status.BLANK]
    rejected = sum(glyph.status is Status.REJECTED or Reason.MAYBE_PRINT in glyph.reasons for glyph in pieces)
    return len(pieces) >= FEWEST_PIECES and rejected > DRAWN_SHARE * len(pieces)


def _without_drawing(glyphs: Sequence[Glyph]) -> Iterator[Glyph]:
    """A drawing's glyphs, rejected but for words that are surely read, such as an answer under a label."""
    for _, group in groupby(glyphs, lambda glyph: glyph.status is Status.BLANK):
        word = tuple(group)
        sure = sum(glyph.status is Status.OK for glyph in word)
        written = len(word) >= FEWEST_LETTERS and sure >= SURE_SHARE * len(word)
        yield from word if written else map(_rejected, word)


def _rejected(glyph: Glyph) -> Glyph:
    """A glyph of what is not read letter by letter; what it would read stays among its alternatives."""
    if glyph.status in (Status.REJECTED, Status.BLANK):
        return glyph
    readings = (Alternative(glyph.text, glyph.confidence), *glyph.alternatives)[:ALTERNATIVES]
    nothing = max(1.0 - sum(reading.confidence for reading in readings), 0.0)
    return Glyph(glyph.box, "", nothing, readings, Status.REJECTED, glyph.cell, (Reason.NOT_A_CHARACTER,))


def free_line(segmented: SegmentedLine, reader: Reader, on_form: bool = False) -> Line:
    """A line of words. ``on_form`` it stands beside the frames, where labels, logos and signatures are too."""
    words = words_of_line(segmented, reader)
    glyphs = tuple(glyph for word in words for glyph in word.glyphs)
    if on_form and glyphs and not _is_clear(glyphs):
        words = tuple(Word(tuple(_rejected(glyph) for glyph in word.glyphs)) for word in words)
        glyphs = tuple(glyph for word in words for glyph in word.glyphs)
    return Line(words, status_of(glyphs), reasons_of(glyphs))


def _is_clear(glyphs: Sequence[Glyph]) -> bool:
    """Whether enough of a line is read well; scraps of rules and specks beside it say nothing of it."""
    usual = median(glyph.box.height for glyph in glyphs)
    full = [glyph for glyph in glyphs if glyph.box.height >= SCRAP * usual]
    clear = sum(bool(glyph.text) and glyph.confidence >= CLEAR for glyph in full)
    return clear >= CLEAR_SHARE * len(full)


def field_alternatives(glyphs: Sequence[Glyph], raw: str) -> tuple[FieldAlternative, ...]:
    """The most probable other values: those that read one glyph otherwise."""
    whole = joint_confidence(tuple(glyphs))
    texts = [text_of_cell(glyph) for glyph in glyphs]
    found: dict[str, float] = {}
    for index, glyph in enumerate(glyphs):
        if not glyph.text or not glyph.confidence:
            continue
        before, after = "".join(texts[:index]), "".join(texts[index + 1 :])
        for alternative in glyph.alternatives:
            value = f"{before}{alternative.text or ' '}{after}".strip()
            confidence = whole / glyph.confidence * alternative.confidence
            if value != raw:
                found[value] = max(found.get(value, 0.0), confidence)
    best = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:ALTERNATIVES]
    return tuple(FieldAlternative(value, confidence) for value, confidence in best)
