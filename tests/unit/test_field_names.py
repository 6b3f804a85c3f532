"""Names for drafted fields."""

from __future__ import annotations

import pytest

from hcr_scan.forms.drafting.field_names import Names
from hcr_scan.forms.files.field_table import NAME


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Surname", "surname"),
        ("dateOfBirth", "date_of_birth"),
        ("topmostSubform[0].Page1[0].f1_01[0]", "f1_01"),
        ("Straße / Hausnr.", "strae_hausnr"),
        ("Prénom", "prenom"),
        ("  A__b  ", "a_b"),
        ("1st child", "field_1st_child"),
        ("姓名", "field_001"),
        ("", "field_001"),
    ],
)
def test_names_are_made_of_what_the_pdf_calls_them(text: str, name: str) -> None:
    assert Names().like(text) == name
    assert NAME.fullmatch(name)


def test_each_name_is_given_once() -> None:
    names = Names()
    given = [names.like("City"), names.like("city"), names.number(), names.like("?"), names.like("field_002")]
    assert given == ["city", "city_2", "field_001", "field_002", "field_002_2"]
