"""What the page says of a field in words: what its template lets stand in it, and what of that a value breaks."""

from __future__ import annotations

import string

from hcr_scan.forms.template import FieldKind, Knowledge, Normalization, TemplateField, ValueKind, ValueType
from hcr_scan.review.field_checks import broken_rules
from hcr_scan.review.items import Item
from hcr_scan.review.rules import FieldRules

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


class FieldWords(FieldRules):
    """The same in words, for people."""

    def rules(self, template: str | None, name: str) -> list[str]:
        """What may stand in a field."""
        field = self.field(template, name)
        return [] if field is None else rules_of(field)

    def broken_words(self, value: str, item: Item) -> list[str]:
        """Which rules of an item's field a value breaks, as what one would say of the value."""
        field = self.field(item.page.template, item.name)
        return [] if field is None else broken_rules(value, field, self.charset, _type_rule(field.knowledge.type))
