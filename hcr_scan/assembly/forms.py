"""From a registered page and its logits to the named fields of its form: values, confidences, what to look at again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hcr_scan.assembly.field_decoding import FieldInk
from hcr_scan.assembly.glyphs import (
    ALTERNATIVES,
    Reader,
    cell_glyphs,
    reasons_of,
    status_of,
    text_of_cells,
    words_of_line,
)
from hcr_scan.assembly.pages import assemble_page, field_alternatives, free_line, page_with
from hcr_scan.assembly.spoilt import with_spoilt_marked
from hcr_scan.assembly.writer_adaptation import read_in_writers_hand
from hcr_scan.document import Field, FieldAlternative, Glyph, Line, Page, Reason, Status, Word, joint_confidence
from hcr_scan.forms.knowledge.checks import Candidates, Resolved, resolve
from hcr_scan.forms.knowledge.languages import field_charset, language, violations
from hcr_scan.forms.knowledge.values import normalized
from hcr_scan.forms.template import (
    MARK_KINDS,
    Check,
    FieldKind,
    Knowledge,
    Template,
    TemplateField,
    TemplatePage,
)
from hcr_scan.model.bundle import ModelInfo
from hcr_scan.model.probabilities import Logits
from hcr_scan.segmentation.candidates import Chunk, SegmentedField, SegmentedMark, SegmentedPage
from hcr_scan.settings import Settings

#: What a check box that stands for ``yes`` says when it is not marked.
YES, NO = "yes", "no"
#: Labels that a crossed-out cell reads as.
CROSSES = "Xx"
#: A value of which it is less probable than this that the writer kept to what the field asks for breaks its rules.
OBEYED = 0.5


def assemble_form_page(
    segmented: SegmentedPage, logits: Logits, info: ModelInfo, settings: Settings, templates: Sequence[Template]
) -> Page:
    """The page with the fields of its template read, or, where it matches none, read without one and marked so.

    Args:
        segmented: The page's boxes and candidates.
        logits: float32 ``(n, classes)``, one row a crop of the page.
        info: The model the logits are from.
        settings: The character set of fields that name none, and below what confidence a person should look.
        templates: Those that the page was held against.
    """
    match = segmented.template
    if match is None:
        return replace(assemble_page(segmented, logits, info, settings), reasons=(Reason.UNREGISTERED,))
    template = next(template for template in templates if template.id == match.template)
    page = next(page for page in template.pages if page.number == match.page)
    segmented = with_spoilt_marked(segmented, logits, info)

    def read(logits: Logits) -> Page:
        assembler = _Assembler(logits, info, settings, {})
        fields = assembler.fields(segmented, page, template.checks)
        return page_with(segmented, fields, assembler.lines_outside(segmented))

    return read_in_writers_hand(read, segmented, logits, info, settings.charset)


@dataclass(slots=True)
class _Assembler:
    """Reads the fields of one page, each with its own characters."""

    logits: Logits
    info: ModelInfo
    settings: Settings
    readers: dict[str, Reader]

    def reader(self, charset: str) -> Reader:
        """The reader of a character set; fields mostly share a few."""
        if charset not in self.readers:
            self.readers[charset] = Reader.of(self.logits, self.info, charset, self.settings.review_below)
        return self.readers[charset]

    def fields(self, segmented: SegmentedPage, page: TemplatePage, checks: Sequence[Check]) -> Iterator[Field]:
        """The fields in the order of the template, first each by itself, then in the light of the form's rules."""
        by_name = {field.name: field for field in segmented.fields}
        read = {known.name: self._read(by_name[known.name], known) for known in page.fields}
        candidates = {
            known.name: Candidates(
                (FieldAlternative(read[known.name].value, read[known.name].confidence), *read[known.name].alternatives),
                known.knowledge.type,
            )
            for known in page.fields
        }
        resolved = resolve(checks, candidates)
        for known in page.fields:
            field = read[known.name]
            if known.name in resolved:
                field = self._resolved(field, by_name[known.name], known, resolved[known.name])
            yield _judged(_delivered(field, known), known, self.settings.review_below)

    def _read(self, segmented: SegmentedField, known: TemplateField) -> Field:
        if known.kind in MARK_KINDS:
            return _marked(segmented)
        return self._written(self._prepared(segmented, known), known)

    def _prepared(self, segmented: SegmentedField, known: TemplateField) -> SegmentedField:
        if known.kind is not FieldKind.CROSSED_CELLS:
            return segmented
        return self._without_crosses(segmented, self._charset(known))

    def _charset(self, known: TemplateField) -> str:
        return field_charset(known.knowledge, self.settings.charset)

    def lines_outside(self, segmented: SegmentedPage) -> Iterator[Line]:
        """Lines that are written where the form has no field: a person decides what they belong to.

        Those that are hardly characters are scribbles, smudges and the like, of which every page has some.
        """
        for found in segmented.lines:
            line = free_line(found, self.reader(self.settings.charset))
            if sum(bool(glyph.text) for glyph in line.glyphs) > len(line.glyphs) / 2:
                yield replace(line, status=Status.REVIEW, reasons=(*line.reasons, Reason.OUTSIDE_FIELDS))

    def _written(self, segmented: SegmentedField, known: TemplateField) -> Field:
        """The field as it is read for what may stand in it.

        Where the ink plainly says something else, that is the value, at a low confidence and with the rules it breaks.
        """
        charset = self._charset(known)
        everything = "".join(sorted({*charset, *self.settings.charset}))
        raw = self._free(segmented, self.reader(everything))
        values = language(known.knowledge, self.settings.charset)
        if values.free or not raw.value:
            own = raw if charset == everything else self._free(segmented, self.reader(charset))
            return replace(own, raw=raw.value)
        reading = FieldInk(segmented, self.reader(charset)).read(values)
        obeyed = reading.obeyed if reading else 0.0
        if reading is None or obeyed < OBEYED:
            broken = violations(" ".join(raw.value.split()), known.knowledge, self.settings.charset)
            others = reading and (FieldAlternative(reading.value, reading.confidence), *reading.alternatives)
            return replace(
                raw,
                confidence=raw.confidence * (1 - obeyed),
                reasons=(*raw.reasons, *broken),
                alternatives=others[:ALTERNATIVES] if others else raw.alternatives,
            )
        field = replace(
            raw,
            value=reading.value,
            confidence=reading.confidence,
            status=status_of(reading.glyphs),
            reasons=reasons_of(reading.glyphs),
            alternatives=reading.alternatives,
            glyphs=reading.glyphs,
        )
        if not _doubtful(field, known, self.settings.review_below):
            return field
        # Whoever looks at it should know that the value is not what the ink says best.
        seen = raw.value if charset == everything else _free_text(segmented, self.reader(charset))[0]
        broken = violations(" ".join(seen.split()), known.knowledge, self.settings.charset)
        return replace(field, reasons=(*field.reasons, *(reason for reason in broken if reason is Reason.TYPE)))

    def _free(self, segmented: SegmentedField, reader: Reader) -> Field:
        """The field as its ink reads by itself."""
        text, glyphs = _free_text(segmented, reader)
        return Field(
            name=segmented.name,
            kind=segmented.kind,
            box=segmented.box,
            value=text,
            raw=text,
            confidence=joint_confidence(glyphs),
            status=status_of(glyphs),
            reasons=reasons_of(glyphs),
            alternatives=field_alternatives(glyphs, text) if segmented.cells else (),
            glyphs=glyphs,
        )

    def _resolved(self, field: Field, segmented: SegmentedField, known: TemplateField, found: Resolved) -> Field:
        """The field with the value that suits the other fields best, and its glyphs read accordingly."""
        reasons = (*field.reasons, *([Reason.CHECK_FAILED] if found.failed else []))
        glyphs = field.glyphs
        if found.value != field.value and glyphs:
            # A field that breaks its own rules may say what its characters do not.
            charset = "".join(sorted({*self._charset(known), *found.value} - {" "}))
            one = Knowledge(charset=charset, lexicon=(found.value,), closed_lexicon=True)
            reading = FieldInk(self._prepared(segmented, known), self.reader(charset)).read(language(one, charset))
            glyphs = reading.glyphs if reading else glyphs
        return replace(
            field,
            value=found.value,
            confidence=found.confidence,
            alternatives=found.alternatives,
            reasons=reasons,
            glyphs=glyphs,
        )

    def _without_crosses(self, segmented: SegmentedField, charset: str) -> SegmentedField:
        """The field with the crosses in its first cells marked: what looks rather like an X than like what belongs."""
        everything = "".join(self.info.labels)
        shares = self.reader(everything).probabilities
        crosses = [i for i, label in enumerate(self.info.labels) if label and label in CROSSES]
        fitting = [i for i, label in enumerate(self.info.labels) if label and label in charset and label not in CROSSES]
        cells = list(segmented.cells)
        for number, cell in enumerate(cells):
            if cell.chunk is None:
                continue
            whole = next(c for c in cell.chunk.candidates if c.start == 0 and c.end == cell.chunk.cuts)
            if not whole.crossed_out and shares[whole.crop, crosses].sum() <= shares[whole.crop, fitting].sum():
                break
            cells[number] = replace(cell, chunk=Chunk((replace(whole, crossed_out=True),), whole.end))
        return replace(segmented, cells=tuple(cells))


def _free_text(segmented: SegmentedField, reader: Reader) -> tuple[str, tuple[Glyph, ...]]:
    """What the ink says by itself, and its glyphs."""
    if segmented.cells:
        glyphs = tuple(cell_glyphs(segmented, reader))
        return text_of_cells(glyphs), glyphs
    lines = [words_of_line(line, reader) for line in segmented.lines]
    return _text_of_lines(lines), tuple(glyph for words in lines for word in words for glyph in word.glyphs)


def _delivered(field: Field, known: TemplateField) -> Field:
    """The field with its value, and the other ones, put into the form that the template asks for."""
    if not known.normalize:
        return field
    value = normalized(field.value, known.normalize, known.knowledge.type)
    others: dict[str, float] = {}
    for other in field.alternatives:
        text = normalized(other.value, known.normalize, known.knowledge.type)
        if text != value:
            others[text] = others.get(text, 0.0) + other.confidence
    return replace(field, value=value, alternatives=tuple(FieldAlternative(*item) for item in others.items()))


def _text_of_lines(lines: Sequence[tuple[Word, ...]]) -> str:
    return "\n".join(" ".join(word.text for word in words if word.text) for words in lines if words)


def _marked(segmented: SegmentedField) -> Field:
    """A check box, or a choice of several: what the marks say, and how sure that is."""
    marked = [mark for mark in segmented.marks if mark.probability >= 0.5]
    value = ";".join(mark.value for mark in marked)
    confidence = math.prod(max(mark.probability, 1 - mark.probability) for mark in segmented.marks)
    reasons: tuple[Reason, ...] = ()
    if segmented.kind == FieldKind.CHECKBOX and not marked and segmented.marks[0].value == YES:
        value = NO
    if len(marked) > 1:
        reasons = (Reason.SEVERAL_MARKED,)
    status = Status.REVIEW if reasons else Status.OK if value else Status.BLANK
    return Field(
        name=segmented.name,
        kind=segmented.kind,
        box=segmented.box,
        value=value,
        raw=value,
        confidence=confidence,
        status=status,
        reasons=reasons,
        alternatives=_other_marks(segmented.marks, value),
    )


def _other_marks(marks: Sequence[SegmentedMark], value: str) -> tuple[FieldAlternative, ...]:
    """The probabilities that one option alone is marked, where that is not what was read."""
    none = math.prod(1 - mark.probability for mark in marks)
    found = [
        FieldAlternative(mark.value, none / (1 - mark.probability) * mark.probability)
        for mark in marks
        if mark.value != value and mark.probability < 1
    ]
    return tuple(sorted((a for a in found if a.confidence >= 0.01), key=lambda a: -a.confidence))[:3]


def _judged(field: Field, known: TemplateField, review_below: float) -> Field:
    """The field with the template's own standards applied: what is required, and how sure is sure enough."""
    reasons = set(field.reasons) - {Reason.LOW_CONFIDENCE}
    blank = not field.value
    if known.required and blank:
        reasons.add(Reason.NONE_MARKED if known.kind is FieldKind.CHOICE else Reason.REQUIRED)
    if _doubtful(field, known, review_below):
        reasons.add(Reason.LOW_CONFIDENCE)
    ordered = tuple(reason for reason in Reason if reason in reasons)
    if field.status is Status.REJECTED:
        return replace(field, reasons=ordered)
    status = Status.REVIEW if ordered else Status.BLANK if blank else Status.OK
    return replace(field, status=status, reasons=ordered)


def _doubtful(field: Field, known: TemplateField, review_below: float) -> bool:
    """Whether a field is not as sure as the template, or else the run, asks for."""
    if known.accept_above is not None:
        return field.confidence <= known.accept_above
    return Reason.LOW_CONFIDENCE in field.reasons or (not field.glyphs and field.confidence < review_below)
