"""What the page says of a field in words: why it is doubtful, and what its template lets stand in it."""

from __future__ import annotations

import string

from hcr_scan.document import Reason
from hcr_scan.forms.knowledge.values import normalized
from hcr_scan.forms.template import FieldKind, Knowledge, Normalization, Template, TemplateField, ValueKind, ValueType
from hcr_scan.review.items import Item, Why
from hcr_scan.review.server.field_checks import broken_rules
from hcr_scan.settings import Settings

REASONS = {
    Reason.LOW_CONFIDENCE: "not sure enough",
    Reason.NOT_A_CHARACTER: "a mark that is no character",
    Reason.AMBIGUOUS_SPLIT: "touching characters that may be cut apart in another way",
    Reason.CROSSED_OUT: "crossed out",
    Reason.OVERWRITTEN: "written over something else, or retraced",
    Reason.MAYBE_PRINT: "maybe a printed label",
    Reason.CHARSET: "a character that may not stand here",
    Reason.PATTERN: "does not fit the field's pattern",
    Reason.LEXICON: "not in the field's word list",
    Reason.TYPE: "no such value: out of bounds, or its check digit is wrong",
    Reason.CHECK_FAILED: "contradicts other fields",
    Reason.REQUIRED: "must be filled in, and is blank",
    Reason.NONE_MARKED: "none of the boxes is marked",
    Reason.SEVERAL_MARKED: "several boxes are marked",
    Reason.UNREGISTERED: "the page matches no template",
    Reason.OUTSIDE_FIELDS: "written where the form has no field",
    Reason.INCOMPLETE: "a page of the form is missing",
    Reason.UNREADABLE: "could not be read by a person either",
}

WHYS = {
    Why.DOUBTFUL: "",
    Why.REQUIRED: "must be filled in, and is blank",
    Why.THRESHOLD: "less sure than what is accepted unseen",
    Why.AUDIT: "drawn by chance, to see how good what is accepted unseen is",
}

_KINDS = {
    FieldKind.CELLS: "one character a cell",
    FieldKind.BOX: "one or more lines",
    FieldKind.LINE: "one line",
    FieldKind.CHECKBOX: "a box to tick",
    FieldKind.CHOICE: "one of several boxes",
    FieldKind.CROSSED_CELLS: "digits at the right end, unused cells crossed out",
}

_TYPES = {
    ValueKind.DATE: "a date",
    ValueKind.INTEGER: "a whole number",
    ValueKind.DECIMAL: "a number",
    ValueKind.EMAIL: "an e-mail address",
    ValueKind.LUHN: "a number with a check digit (Luhn)",
    ValueKind.ISO7064: "a code with check characters (ISO 7064)",
    ValueKind.IBAN: "an IBAN",
    ValueKind.COUNTRY: "a country's code (ISO 3166-1)",
}

_NORMALIZED = {Normalization.ISO_DATE: "written down as YYYY-MM-DD", Normalization.NUMBER: "written down as 1234.5"}

#: Runs of characters that are told as a range.
_RANGES = (string.ascii_uppercase, string.ascii_lowercase, string.digits)
#: Word lists up to this long are told whole.
MOST_WORDS = 12


def reasons_of(reasons: tuple[Reason, ...], why: Why | None) -> list[str]:
    """Why a person is asked, each reason once."""
    words = [REASONS[reason] for reason in reasons]
    if why is not None and WHYS[why]:
        words.append(WHYS[why])
    return list(dict.fromkeys(words))


def rules_of(field: TemplateField) -> list[str]:
    """What may stand in a field, for people."""
    known = field.knowledge
    rules = [_kind(field), *_text_rules(known), _type_rule(known.type)]
    if field.options and field.kind is FieldKind.CHOICE:
        rules.append("one of: " + ", ".join(option.value for option in field.options))
    if field.required:
        rules.append("must be filled in")
    rules += [words for step, words in _NORMALIZED.items() if step in field.normalize]
    return [rule for rule in rules if rule]


def _kind(field: TemplateField) -> str:
    words = _KINDS[field.kind]
    return f"{words}, {len(field.cells)} cells" if field.cells else words


def _text_rules(known: Knowledge) -> list[str]:
    rules = []
    if known.charset is not None:
        rules.append(f"characters: {_ranges(known.charset)}")
    if known.mask is not None:
        rules.append(f"mask: {known.mask}")
    if known.pattern is not None:
        rules.append(f"pattern: {known.pattern}")
    if known.lexicon:
        few = len(known.lexicon) <= MOST_WORDS
        words = ", ".join(known.lexicon) if few else f"a list of {len(known.lexicon):,} words"
        rules.append(f"{'one of' if known.closed_lexicon else 'mostly one of'}: {words}")
    return rules


def _type_rule(kind: ValueType) -> str:
    if kind.kind is ValueKind.TEXT:
        return ""
    words = _TYPES[kind.kind]
    if kind.formats:
        words += f" as {' or '.join(kind.formats)}"
    if kind.least is not None:
        words += f", from {kind.least}"
    if kind.most is not None:
        words += f", up to {kind.most}"
    if kind.decimals is not None:
        words += f", {kind.decimals} digits after the mark"
    return words


def _ranges(charset: str) -> str:
    """``A-Z 0-9 +-`` for what would take a line."""
    parts, rest = [], charset
    for whole in _RANGES:
        if set(whole) <= set(rest):
            parts.append(f"{whole[0]}-{whole[-1]}")
            rest = "".join(character for character in rest if character not in whole)
    return " ".join([*parts, rest]) if rest else " ".join(parts)


class FieldRules:
    """What the templates of a scan say of its fields; nothing where there are none."""

    def __init__(self, templates: tuple[Template, ...] = (), charset: str | None = None) -> None:
        self._charset = Settings().charset if charset is None else charset
        self._fields = {(template.id, field.name): field for template in templates for field in template.fields}

    def rules(self, template: str | None, name: str) -> list[str]:
        """What may stand in a field, for people."""
        field = self._field(template, name)
        return [] if field is None else rules_of(field)

    def values(self, template: str | None, name: str) -> list[str]:
        """All values of a field that is marked, not written in."""
        field = self._field(template, name)
        if field is None or field.kind not in (FieldKind.CHECKBOX, FieldKind.CHOICE):
            return []
        values = [option.value for option in field.options]
        return [*(values or ["yes"]), "no"] if field.kind is FieldKind.CHECKBOX else values

    def broken(self, value: str, item: Item) -> list[str]:
        """Which rules of an item's field a value breaks, as what one would say of the value."""
        field = self._field(item.page.template, item.name)
        return [] if field is None else broken_rules(value, field, self._charset, _type_rule(field.knowledge.type))

    def written(self, item: Item) -> str | None:
        """What the characters say where the field's rules made another value of it; ``None`` where they did not."""
        field = self._field(item.page.template, item.name)
        if field is not None:
            written = normalized(item.raw, field.normalize, field.knowledge.type)
            return None if _unspaced(written) == _unspaced(item.value) else written
        # Without the template the glyphs tell: they are those of the value, before it was normalized.
        chosen = _unspaced("".join(glyph.text for glyph in item.glyphs))
        return None if not chosen or chosen == _unspaced(item.raw) else item.raw

    def _field(self, template: str | None, name: str) -> TemplateField | None:
        return None if template is None else self._fields.get((template, name))


def _unspaced(text: str) -> str:
    return "".join(text.split())
