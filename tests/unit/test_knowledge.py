from __future__ import annotations

import string

import pytest

from hcr_scan.document import Reason
from hcr_scan.forms.knowledge.languages import (
    check_knowledge,
    check_mask,
    check_pattern,
    check_readable,
    check_type,
    field_charset,
    language,
    violations,
)
from hcr_scan.forms.template import Knowledge, ValueKind, ValueType
from tests.languages import allows

UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
RUN = "0123456789" + UPPER


def of_type(kind: ValueKind, **bounds: object) -> Knowledge:
    return Knowledge(type=ValueType(kind, **bounds))  # type: ignore[arg-type]


def test_without_knowledge_the_characters_of_the_run_are_allowed() -> None:
    free = language(Knowledge(), RUN)
    assert free.free
    assert allows(free, "A1 B2")
    assert not allows(free, "a")


def test_the_same_knowledge_is_made_ready_once() -> None:
    assert language(Knowledge(mask="A9"), RUN) is language(Knowledge(mask="A9"), RUN)


@pytest.mark.parametrize(
    ("knowledge", "charset"),
    [
        (Knowledge(charset="AB"), "AB"),
        (Knowledge(charset="AB", mask="99"), "AB"),
        (Knowledge(mask="99/99"), "/" + RUN),
        (Knowledge(pattern=r"NO\. \d+"), "." + RUN),
        (Knowledge(lexicon=("O'Neil", "Smith")), "'" + RUN),
        (of_type(ValueKind.DATE, formats=("DD/MM/YYYY",)), "/" + RUN),
        (of_type(ValueKind.INTEGER, least="-5"), "-" + RUN),
        (of_type(ValueKind.DECIMAL), ",." + RUN),
        (of_type(ValueKind.ISO7064, system="mod37-2"), "*" + RUN),
    ],
)
def test_a_field_is_read_with_the_characters_that_it_asks_for(knowledge: Knowledge, charset: str) -> None:
    assert field_charset(knowledge, RUN) == charset


@pytest.mark.parametrize(
    ("knowledge", "allowed", "refused", "reason"),
    [
        (Knowledge(charset="AB"), "AB", "AC", Reason.CHARSET),
        (Knowledge(mask="A9"), "A1", "1A", Reason.PATTERN),
        (Knowledge(pattern="A+"), "AA", "AB", Reason.PATTERN),
        (Knowledge(lexicon=("YES", "NO"), closed_lexicon=True), "YES", "NES", Reason.LEXICON),
        (of_type(ValueKind.DATE, formats=("DDMMYYYY",)), "29022000", "30022000", Reason.TYPE),
        (of_type(ValueKind.INTEGER, least="1", most="12"), "12", "13", Reason.TYPE),
        (of_type(ValueKind.DECIMAL, decimals=2), "1.25", "1.2", Reason.TYPE),
        (of_type(ValueKind.EMAIL), "J.SMITH@MAIL.CO.UK", "J.SMITH@MAIL", Reason.TYPE),
        (of_type(ValueKind.LUHN), "79927398713", "79927398710", Reason.TYPE),
        (of_type(ValueKind.ISO7064, system="mod11-2"), "079X", "0791", Reason.TYPE),
        (of_type(ValueKind.IBAN), "NO9386011117947", "NO9386011117948", Reason.TYPE),
        (of_type(ValueKind.COUNTRY), "DE", "DX", Reason.TYPE),
    ],
)
def test_what_breaks_the_rules_is_told_with_its_reason(
    knowledge: Knowledge, allowed: str, refused: str, reason: Reason
) -> None:
    assert violations(allowed, knowledge, RUN) == ()
    assert violations(refused, knowledge, RUN) == (reason,)
    assert violations("", knowledge, RUN) == ()
    spoken = language(knowledge, RUN)
    assert allows(spoken, allowed)
    assert not allows(spoken, refused)
    check_knowledge(knowledge, RUN)


def test_an_open_list_is_broken_by_nothing() -> None:
    assert violations("NES", Knowledge(lexicon=("YES",)), RUN) == ()


def test_all_that_is_broken_is_told() -> None:
    knowledge = Knowledge(charset="0123456789", mask="99", lexicon=("12", "34"), closed_lexicon=True)
    assert violations("A1B", knowledge, RUN) == (Reason.CHARSET, Reason.PATTERN, Reason.LEXICON)


@pytest.mark.parametrize(
    ("knowledge", "said"),
    [
        (Knowledge(charset="AB", mask="99"), "charset and mask"),
        (Knowledge(mask="AAA", lexicon=("AB",), closed_lexicon=True), "mask and lexicon"),
        (Knowledge(pattern=r"\d{2}", type=ValueType(ValueKind.INTEGER, most="999", least="100")), "pattern and type"),
        (Knowledge(charset="12", lexicon=("AB",)), "no word of the list"),
        (Knowledge(pattern="("), "no regular expression"),
    ],
)
def test_contradictions_are_refused(knowledge: Knowledge, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_knowledge(knowledge, RUN)


@pytest.mark.parametrize(
    ("knowledge", "said"),
    [
        (Knowledge(charset="AÄÖ"), "'ÄÖ', which this model cannot read; it reads 0123"),
        (Knowledge(mask="999€"), "'€'"),
        (Knowledge(pattern="ß+|[ÄÖ]A"), "'ÄÖß'"),
        (Knowledge(lexicon=("Ä", "Ö")), "no word of the list of 2"),
        (of_type(ValueKind.DATE, formats=("DD.MM.YYYY",)), "'.'"),
    ],
)
def test_a_field_that_cannot_be_read_is_refused(knowledge: Knowledge, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_readable(knowledge, RUN, RUN)


@pytest.mark.parametrize(
    "knowledge",
    [
        Knowledge(),
        Knowledge(charset="AB"),
        Knowledge(mask="A9"),
        Knowledge(pattern="[A-ZÄÖ]+"),
        Knowledge(lexicon=("Mayer", "Müller"), closed_lexicon=True),
        of_type(ValueKind.DECIMAL),
    ],
)
def test_a_field_of_which_some_values_can_be_read_is_not(knowledge: Knowledge) -> None:
    check_readable(knowledge, RUN, RUN)


@pytest.mark.parametrize(("run", "letters"), [("0123", string.ascii_letters), ("0123AB", "AB")])
def test_an_e_mail_address_has_letters_where_the_run_has_none(run: str, letters: str) -> None:
    mail = of_type(ValueKind.EMAIL)
    assert {character for character in field_charset(mail, run) if character.isalpha()} == set(letters)
    check_readable(mail, run, string.digits + string.ascii_letters + "@.-")


def test_each_part_can_be_checked_by_itself() -> None:
    check_mask("A9")
    check_pattern("A+")
    check_type(ValueType())
    with pytest.raises(ValueError, match="mask"):
        check_mask("")
    with pytest.raises(ValueError, match="pattern"):
        check_pattern("[")
    with pytest.raises(ValueError, match="system"):
        check_type(ValueType(ValueKind.ISO7064))
