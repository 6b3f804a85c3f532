from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcr_scan.forms.knowledge.field_rules import check_rule, parse_rule

VALUES = {
    "total": Fraction(7), "a": Fraction(3), "b": Fraction(4), "none": None, "empty": None, "from": date(2024, 2, 28),
    "until": date(2024, 3, 1), "mail": "x@y.z", "again": "x@y.z", "größe": Fraction(2),
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("total = a + b", True), ("total == a+b", True), ("a + b = total + 1", False), ("total != a", True),
        ("a <= b", True), ("b <= a", False), ("a < b < total", True), ("a < b > total", False),
        ("total >= 2 * a - 1", True), ("total > 2 * (a + 1)", False), ("-a + total = b", True),
        ("total / 2 = 3.5", True),
        ("total - a - b = 0", True), ("from <= until", True), ("until - from = 2", True), ("from + 2 = until", True),
        ("until > 2024-02-29", True), ("2 + from = until", True), ("until - 2 = from", True), ("mail = again", True),
        ('mail = "x@y.z"', True), ("mail != 'q'", True), ("größe = 2", True), ("a / (b - 4) = 1", False),
    ],
)  # fmt: skip
def test_rules_are_computed(rule: str, holds: bool) -> None:
    assert parse_rule(rule).holds(VALUES) is holds


@pytest.mark.parametrize(
    ("rule", "holds"),
    [("total = a + b + none", True), ("total = a + none", False), ("none = a", True), ("none + empty = a", True),
     ("from <= none", True), ("none <= empty", True), ("mail = none", True),
     ("until = none + a", True), ("until - none = a", True), ("from <= none + a <= until", True)],
)  # fmt: skip
def test_blanks_count_as_nothing_in_sums_and_are_not_compared_alone(rule: str, holds: bool) -> None:
    assert parse_rule(rule).holds(VALUES) is holds


def test_a_rule_knows_its_fields_and_whether_it_equates() -> None:
    assert parse_rule("total = a + 2 * b").names == {"total", "a", "b"}
    assert parse_rule("total = a").equates
    assert not parse_rule("a <= b").equates


@pytest.mark.parametrize(
    "rule", ["until < from + total", "until != total + from", "from - total <= until", "a / b = 1"]
)
@given(total=st.fractions(), b=st.fractions())
def test_any_numbers_can_be_asked_about(rule: str, total: Fraction, b: Fraction) -> None:
    assert parse_rule(rule).holds(VALUES | {"total": total, "b": b}) in (True, False)


@pytest.mark.parametrize("rule", ["from <= until + total", "from > until - total", "from != until + total"])
def test_a_rule_that_leaves_the_calendar_does_not_hold(rule: str) -> None:
    assert not parse_rule(rule).holds(VALUES | {"total": Fraction(3_000_000)})
    assert not parse_rule(rule).holds(VALUES | {"total": Fraction(10**30)})


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("total", "compares nothing"), ("", "ends where"), ("total = ", "ends where"), ("total = a + ", "ends where"),
        ("total = (a", "ends where"), ("total = (a b", "bracket"), ("a b = 1", "from 'b' on"), ("a = 1 $", r"'\$'"),
        ("1 = 1", "no field"), ("a = * b", "where a field"), ("a = 2024-02-30", "no day"), ("a = b c", "from 'c' on"),
        ("__import__('os').system('x') = 1", "means nothing"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused_in_a_sentence(rule: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_rule(rule)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("totl = a", "'totl', which is no field; there are"), ("total = mail", "different types"),
        ("total = a + mail", "a text is no number; give 'mail' type = \"integer\", \"decimal\" or \"date\"$"),
        ("total < mail", "a number and a text are of different types; give 'mail' type"),
        ("mail < again", "none is greater; give 'again' and 'mail' type"),
        ('total = "7"', "a number and a text are of different types$"),
        ("from = total", "different types"), ("from * 2 = until", "a date is no number$"),
        ("until < from + 9999999", "leaves the calendar"),
        ("until > from - 99999999999999999999", "leaves the calendar"),
    ],
)  # fmt: skip
def test_rules_that_a_form_cannot_have_are_refused(rule: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_rule(rule, VALUES)
    check_rule("total = a + b", VALUES)
