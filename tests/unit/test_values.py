from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from hcr_scan.forms.knowledge.values import meaning, normalized
from hcr_scan.forms.template import Normalization, ValueKind, ValueType

DAY = ValueType(ValueKind.DATE, ("DDMMYY", "DD/MM/YYYY"))


@pytest.mark.parametrize(
    ("value", "steps", "type_", "expected"),
    [
        ("Jo Smith", [Normalization.UPPER], ValueType(), "JO SMITH"),
        ("J@MAIL.COM", [Normalization.LOWER], ValueType(), "j@mail.com"),
        ("JO  SMITH ", [Normalization.SPACES], ValueType(), "JO SMITH"),
        ("12 34", [Normalization.NO_SPACES], ValueType(), "1234"),
        ("0070", [Normalization.NO_LEADING_ZEROS], ValueType(), "70"),
        ("000", [Normalization.NO_LEADING_ZEROS], ValueType(), "0"),
        ("-007", [Normalization.NO_LEADING_ZEROS], ValueType(), "-7"),
        ("021198", [Normalization.ISO_DATE], DAY, "1998-11-02"),
        ("2/11/1998", [Normalization.ISO_DATE], DAY, "1998-11-02"),
        ("31/11/1998", [Normalization.ISO_DATE], DAY, "31/11/1998"),
        ("02.11.1998", [Normalization.ISO_DATE], ValueType(), "1998-11-02"),
        ("1.250,00", [Normalization.NUMBER], ValueType(ValueKind.DECIMAL, decimals=2), "1250.00"),
        ("1,250", [Normalization.NUMBER], ValueType(), "1250"),
        ("ABC", [Normalization.NUMBER], ValueType(), "ABC"),
        ("a  b", [Normalization.SPACES, Normalization.UPPER], ValueType(), "A B"),
        ("", list(Normalization), ValueType(), ""),
    ],
)
def test_values_are_normalized(value: str, steps: list[Normalization], type_: ValueType, expected: str) -> None:
    assert normalized(value, steps, type_) == expected


@pytest.mark.parametrize(
    ("value", "type_", "meant"),
    [
        ("021198", DAY, date(1998, 11, 2)),
        ("991198", DAY, None),
        ("0012", ValueType(ValueKind.INTEGER), Decimal(12)),
        ("1.5", ValueType(ValueKind.INTEGER), None),
        ("1,5", ValueType(ValueKind.DECIMAL), Decimal("1.5")),
        ("12", ValueType(), "12"),
        ("12", ValueType(ValueKind.LUHN), "12"),
    ],
)
def test_values_mean_numbers_and_dates_by_their_type(value: str, type_: ValueType, meant: object) -> None:
    assert meaning(value, type_) == meant
