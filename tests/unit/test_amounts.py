from __future__ import annotations

from decimal import Decimal

import pytest

from hcr_scan.forms.knowledge.amounts import Numbers
from hcr_scan.forms.knowledge.automata import Language
from tests.languages import allows

CHARACTERS = "0123456789.,'-+"


@pytest.mark.parametrize(
    ("least", "most"),
    [("0", "300"), ("17", "120"), ("-25", "8"), ("-30", "-4"), (None, "55"), ("99", None), ("1", "1")],
)
def test_integers_within_bounds_however_many_zeros_lead(least: str | None, most: str | None) -> None:
    language = Language(CHARACTERS, [Numbers(least, most)])
    for number in range(-1200, 1201):
        inside = (least is None or number >= int(least)) and (most is None or number <= int(most))
        assert allows(language, str(number)) is inside, number
        if number >= 0:
            assert allows(language, f"00{number}") is inside, number


@pytest.mark.parametrize(("least", "most"), [("0.5", "12.25"), ("9.99", "100"), ("-1.5", "0.05"), (None, "3.1415926")])
def test_decimals_within_bounds(least: str | None, most: str | None) -> None:
    language = Language(CHARACTERS, [Numbers(least, most, integer=False)])
    for hundredths in range(-500, 10_200, 7):
        number = Decimal(hundredths) / 100
        inside = (least is None or number >= Decimal(least)) and (most is None or number <= Decimal(most))
        assert allows(language, format(number, ".2f")) is inside, number
        assert allows(language, format(number, ".2f").replace(".", ",")) is inside, number


@pytest.mark.parametrize(
    ("value", "decimals", "number"),
    [
        ("1250", None, "1250"), ("1,250.00", 2, "1250.00"), ("1.250,00", 2, "1250.00"), ("1'250.00", 2, "1250.00"),
        ("1,250", None, "1250"), ("1.250", None, "1.250"), ("1.250", 2, "1250"), ("12,5", None, "12.5"),
        ("1.250.000", None, "1250000"), ("1,250,000.5", None, "1250000.5"), ("-12.50", 2, "-12.50"), ("0.5", 1, "0.5"),
        ("0,250", None, "0.250"), ("12,50", 2, "12.50"), ("+3", None, "3"), ("1 250,75", 2, "1250.75"),
    ],
)  # fmt: skip
def test_what_decimals_mean(value: str, decimals: int | None, number: str) -> None:
    assert Numbers(integer=False, decimals=decimals).number(value) == Decimal(number)


@pytest.mark.parametrize("value", ["1,2", "1.2.3", "12,34,567.00", "1,2500.00", ".50", "12.", "--1", "1-", ""])
def test_what_is_no_amount_with_two_decimals(value: str) -> None:
    assert Numbers(integer=False, decimals=2).number(value) is None


def test_integers_have_neither_groups_nor_decimals() -> None:
    assert [Numbers().number(value) for value in ("1,250", "1.0", "-7", "007")] == [None, None, -7, 7]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a",), "no number"),
        (("NaN",), "no number"),
        (("1E999999999",), "no number"),
        (("2", "1"), "exchange"),
        ((None, None, False, -1), "0 or more"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: tuple, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Numbers(*arguments)
