"""From what was read to what is delivered: normalized values, and what they mean as numbers and dates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache

from hcr_scan.forms.knowledge.amounts import Numbers
from hcr_scan.forms.knowledge.dates import Dates
from hcr_scan.forms.knowledge.languages import type_automaton
from hcr_scan.forms.template import Normalization, ValueKind, ValueType

#: A value as rules between fields see it.
Meaning = Decimal | date | str


def meaning(value: str, type_: ValueType) -> Meaning | None:
    """The number or date that a value is by its type, the text itself for other types; ``None`` where it is no such.

    Args:
        value: As it was read, before normalization.
        type_: The type of its field.
    """
    automaton = _automaton(type_)
    if isinstance(automaton, Numbers):
        return automaton.number(value)
    if isinstance(automaton, Dates):
        return next(iter(automaton.dates(value)), None)
    return value


def normalized(value: str, steps: Iterable[Normalization], type_: ValueType) -> str:
    """A value after the steps, one after the other; a step that finds nothing to work on leaves it as it is."""
    for step in steps:
        value = _normalized(value, step, type_)
    return value


def _normalized(value: str, step: Normalization, type_: ValueType) -> str:
    match step:
        case Normalization.UPPER:
            return value.upper()
        case Normalization.LOWER:
            return value.lower()
        case Normalization.SPACES:
            return " ".join(value.split())
        case Normalization.NO_SPACES:
            return "".join(value.split())
        case Normalization.NO_LEADING_ZEROS:
            return re.sub(r"^([+-]?)0+(?=\d)", r"\1", value)
        case Normalization.ISO_DATE:
            kind = type_ if type_.kind is ValueKind.DATE else ValueType(ValueKind.DATE)
            day = meaning(value, kind)
            return day.isoformat() if isinstance(day, date) else value
        case Normalization.NUMBER:
            kind = type_ if type_.kind in (ValueKind.INTEGER, ValueKind.DECIMAL) else ValueType(ValueKind.DECIMAL)
            number = meaning(value, kind)
            return format(number, "f") if isinstance(number, Decimal) else value


_automaton = lru_cache(maxsize=256)(type_automaton)
