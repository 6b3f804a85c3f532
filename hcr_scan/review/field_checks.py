"""Whether a value may stand in a field by what its template knows, and which rule it breaks, for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from hcr_scan.document import Reason
from hcr_scan.forms.knowledge.languages import violations
from hcr_scan.forms.template import FieldKind, Knowledge, Normalization, TemplateField, ValueKind, ValueType

#: What a type calls the value that it refuses, where that is not plain from the type's own words.
_REFUSED: dict[ValueKind | None, str] = {
    ValueKind.LUHN: "fails the check digit (Luhn)",
    ValueKind.ISO7064: "fails the check characters (ISO 7064)",
    ValueKind.IBAN: "is no IBAN: its length or its check digits are wrong",
}
#: Steps that take away what a mask or a pattern may ask for.
_LOSSY = {Normalization.NUMBER, Normalization.NO_SPACES, Normalization.SPACES}


def broken_rules(value: str, field: TemplateField, charset: str, type_words: str) -> list[str]:
    """Which rules of a field a value breaks, as what one would say of it; none where it may stand there.

    Args:
        value: What was typed, as it is written or as it is delivered: a normalized value is right too.
        field: The field.
        charset: The characters of the run.
        type_words: What the field's type is called.
    """
    reasons = broken_reasons(value, field, charset)
    if not reasons:
        return _beside_knowledge(value, field) if value.strip() else []
    return [_words(reason, value, field.knowledge, type_words) for reason in reasons]


def broken_reasons(value: str, field: TemplateField, charset: str) -> list[Reason]:
    """The same as the machine would say it of its own reading, what the form says by its cells and boxes aside."""
    if not value.strip():
        return []
    broken = [_violations(form, known, charset) for form, known in _written_forms(value, field)]
    return broken[0] if all(broken) else []


def _violations(value: str, known: Knowledge, charset: str) -> list[Reason]:
    """The rules that a value breaks; what the run can read is no rule of the form."""
    broken = violations(" ".join(value.split()), known, charset)
    return [reason for reason in broken if reason is not Reason.CHARSET or known.charset is not None]


def _written_forms(value: str, field: TemplateField) -> Iterator[tuple[str, Knowledge]]:
    """A value as it may have been written before it was normalized, each with the rules for it."""
    known, steps = field.knowledge, field.normalize
    yield value, known
    if Normalization.UPPER in steps:
        yield value.lower(), known
    if Normalization.LOWER in steps:
        yield value.upper(), known
    if Normalization.NO_LEADING_ZEROS in steps:
        yield from ((value.zfill(length), known) for length in range(len(value) + 1, len(field.cells) + 1))
    if Normalization.ISO_DATE in steps and _is_iso_date(value):
        bounds = ValueType(ValueKind.DATE, ("YYYY-MM-DD",), known.type.least, known.type.most)
        yield value, Knowledge(type=bounds if known.type.kind is ValueKind.DATE else ValueType())
    if _LOSSY & set(steps):
        yield value, replace(known, mask=None, pattern=None)


def _is_iso_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _beside_knowledge(value: str, field: TemplateField) -> list[str]:
    """What the form itself says: how many cells there are, and which boxes."""
    characters = len("".join(value.split()))
    # A normalized value may be longer than what is written.
    if field.cells and not field.normalize and characters > len(field.cells):
        return [f"has {characters} characters, and the field has {len(field.cells)} cells"]
    if field.kind is FieldKind.CHOICE and not set(value.split(";")) <= {option.value for option in field.options}:
        return ["is none of the field's boxes"]
    return []


def _words(reason: Reason, value: str, known: Knowledge, type_words: str) -> str:
    if reason is Reason.CHARSET:
        return "has a character that may not stand here"
    if reason is Reason.LEXICON:
        return "is not in the field's word list"
    if reason is Reason.TYPE:
        # Of letters one would not say that their check digit is wrong.
        return _REFUSED.get(known.type.kind if any(map(str.isdigit, value)) else None, f"is not {type_words}")
    rules = [f"the mask {known.mask}"] if known.mask is not None else []
    rules += [f"the pattern {known.pattern}"] if known.pattern is not None else []
    return f"does not fit {' and '.join(rules)}"
