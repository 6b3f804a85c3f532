"""What a template knows about a field, made ready for reading: its language, its characters, and what breaks its rules.

The functions whose names begin with ``check`` are for those who read templates: they say in a sentence what is wrong.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from hcr_scan.document import Reason
from hcr_scan.forms.knowledge.amounts import Numbers
from hcr_scan.forms.knowledge.automata import Automaton, Language
from hcr_scan.forms.knowledge.check_digits import Iban, Iso7064, Luhn
from hcr_scan.forms.knowledge.countries import COUNTRY_CODES
from hcr_scan.forms.knowledge.dates import Dates
from hcr_scan.forms.knowledge.lexicons import Lexicon, fitted
from hcr_scan.forms.knowledge.masks import Mask, mask_characters
from hcr_scan.forms.knowledge.patterns import Pattern
from hcr_scan.forms.template import Knowledge, ValueKind, ValueType

#: What e-mail addresses look like as people write them into forms (RFC 5321 allows far more).
EMAIL = r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9]+(-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,}"


@lru_cache(maxsize=1024)
def language(knowledge: Knowledge, charset: str) -> Language:
    """All values that may stand in a field, ready to be searched; the same one for the same arguments.

    Args:
        knowledge: What is known of the field.
        charset: The characters of the run, for fields that name none; see :func:`field_charset`.

    Raises:
        ValueError: something in ``knowledge`` cannot be meant.
    """
    characters = field_charset(knowledge, charset)
    automata = [automaton for _, automaton in _automata(knowledge, characters)]
    # Words of a list and check digits say more of a character than its neighbors.
    shaped = not knowledge.lexicon and knowledge.type.kind in (ValueKind.TEXT, ValueKind.EMAIL)
    open_kinds = shaped and any(automaton.kinds_open for automaton in automata)
    return Language(characters, automata, neighbors=open_kinds)


def field_charset(knowledge: Knowledge, charset: str) -> str:
    """The characters that a field's crops are to be read with, sorted.

    Those it names; else those of the run and whatever its mask, pattern, type or word list asks for besides.

    Raises:
        ValueError: something in ``knowledge`` cannot be meant.
    """
    if knowledge.charset is not None:
        return knowledge.charset
    wanted = set(charset) | _type_characters(knowledge.type)
    if knowledge.type.kind is ValueKind.EMAIL and wanted.isdisjoint(string.ascii_letters):
        # No address is without letters; whether they are capitals is for the run to say, where it has any.
        wanted |= set(string.ascii_letters)
    if knowledge.mask is not None:
        wanted |= mask_characters(knowledge.mask)
    if knowledge.pattern is not None:
        wanted |= Pattern(knowledge.pattern).literals()
    if knowledge.lexicon:
        letters = {character for word in knowledge.lexicon for character in word}
        wanted |= {c for c in letters if c.swapcase() not in wanted}
    return "".join(sorted(wanted - set(string.whitespace)))


def violations(value: str, knowledge: Knowledge, charset: str) -> tuple[Reason, ...]:
    """Why a value may not stand in a field, in the order of :class:`Reason`; empty where it may.

    Empty values are never wrong; whether a field is required is for others to say.
    """
    value = value.strip(" ")
    if not value:
        return ()
    characters = field_charset(knowledge, charset)
    broken = {reason for reason, automaton in _automata(knowledge, characters) if not _takes(automaton, value)}
    if not set(value) <= set(characters) | {" "}:
        broken.add(Reason.CHARSET)
    return tuple(reason for reason in Reason if reason in broken)


def check_knowledge(knowledge: Knowledge, charset: str) -> None:
    """Refuse knowledge that cannot be meant, or whose parts contradict each other.

    Raises:
        ValueError: with a sentence for people.
    """
    if language(knowledge, charset).is_empty():
        given = [name for name in ("charset", "mask", "pattern", "lexicon") if getattr(knowledge, name)]
        given += ["type"] * (knowledge.type.kind is not ValueKind.TEXT)
        raise ValueError(f"no value satisfies {' and '.join(given)} at once; leave one out or correct it")


def check_readable(knowledge: Knowledge, charset: str, readable: str) -> None:
    """Refuse a field of which a model can read no value, or not all characters of the set it names.

    Args:
        knowledge: What is known of the field.
        charset: The characters of the run.
        readable: The characters of the model.

    Raises:
        ValueError: with a sentence for people.
    """
    wanted = field_charset(knowledge, charset)
    unknown = "".join(character for character in wanted if character not in readable)
    if not unknown:
        return
    rest = replace(knowledge, charset="".join(character for character in wanted if character in readable))
    if knowledge.charset is not None or language(rest, charset).is_empty():
        raise ValueError(f"the field takes {unknown!r}, which this model cannot read; it reads {readable}")


def check_mask(mask: str) -> None:
    """Refuse a mask that is none.

    Raises:
        ValueError: with a sentence for people.
    """
    Mask(mask)


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that is no regular expression, or none that can be followed while reading.

    Raises:
        ValueError: with a sentence for people.
    """
    Pattern(pattern)


def check_type(type_: ValueType) -> None:
    """Refuse bounds, formats and systems that cannot be meant.

    Raises:
        ValueError: with a sentence for people.
    """
    type_automaton(type_)


def type_automaton(type_: ValueType) -> Automaton[Any] | None:
    """The values of a type; ``None`` where it is any text.

    Raises:
        ValueError: its bounds, formats or system cannot be meant.
    """
    match type_.kind:
        case ValueKind.TEXT:
            return None
        case ValueKind.DATE:
            return Dates(type_.formats, type_.least, type_.most)
        case ValueKind.INTEGER:
            return Numbers(type_.least, type_.most)
        case ValueKind.DECIMAL:
            return Numbers(type_.least, type_.most, integer=False, decimals=type_.decimals)
        case ValueKind.EMAIL:
            return Pattern(EMAIL)
        case ValueKind.LUHN:
            return Luhn()
        case ValueKind.ISO7064:
            return Iso7064(type_.system)
        case ValueKind.IBAN:
            return Iban()
        case ValueKind.COUNTRY:
            return Lexicon(COUNTRY_CODES, closed=True)


def _automata(knowledge: Knowledge, characters: str) -> Iterator[tuple[Reason, Automaton[Any]]]:
    if knowledge.mask is not None:
        yield Reason.PATTERN, Mask(knowledge.mask)
    if knowledge.pattern is not None:
        yield Reason.PATTERN, Pattern(knowledge.pattern)
    if knowledge.lexicon:
        yield Reason.LEXICON, _lexicon(knowledge.lexicon, characters, knowledge.closed_lexicon)
    automaton = type_automaton(knowledge.type)
    if automaton is not None:
        yield Reason.TYPE, automaton


@lru_cache(maxsize=64)
def _lexicon(words: tuple[str, ...], characters: str, closed: bool) -> Lexicon:
    writable = fitted(words, characters)
    if not writable:
        raise ValueError(
            f"no word of the list of {len(words)} can be written with the characters {characters!r}; name others"
        )
    return Lexicon(writable, closed)


def _takes(automaton: Automaton[Any], value: str) -> bool:
    state = automaton.start
    for character in value:
        state = automaton.step(state, character)
        if state is None:
            return False
    return automaton.final(state) > -float("inf")


def _type_characters(type_: ValueType) -> set[str]:
    match type_.kind:
        case ValueKind.DATE:
            layouts = "".join(type_.formats) if type_.formats else ""
            return set(string.digits) | (set(layouts) - set(string.ascii_letters))
        case ValueKind.INTEGER:
            return set(string.digits) | set("-" if (type_.least or "").startswith("-") else "")
        case ValueKind.DECIMAL:
            return set(string.digits + ".,") | set("-" if (type_.least or "").startswith("-") else "")
        case ValueKind.EMAIL:
            return set("@.-_+")
        case ValueKind.LUHN:
            return set(string.digits)
        case ValueKind.ISO7064:
            return set(Iso7064(type_.system).characters)
        case ValueKind.IBAN:
            return set(string.digits + string.ascii_uppercase)
        case ValueKind.COUNTRY:
            return set(string.ascii_uppercase)
        case ValueKind.TEXT:
            return set()
