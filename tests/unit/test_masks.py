from __future__ import annotations

import pytest

from hcr_scan.forms.knowledge.automata import Language
from hcr_scan.forms.knowledge.masks import Mask, mask_characters
from tests.languages import allows


@pytest.mark.parametrize(
    ("mask", "allowed", "refused"),
    [
        ("AA99", ["AB12"], ["A112", "AB1", "AB123", "ab12"]),
        ("aX*", ["bC1", "z9a"], ["BC1", "bc1"]),
        ("99/99", ["12/03"], ["1203", "12-03"]),
        (r"\A9", ["A1"], ["B1"]),
        ("9??", ["1", "12", "123", "1 2"], ["", "1234", "A"]),
        ("A?9", ["A19", "AB9", "A9", "A 9"], ["A", "9"]),
        ("A 9", ["A 9"], ["A9"]),
        ("*", ["A"], ["AA"]),
    ],
)
def test_one_symbol_a_character(mask: str, allowed: list[str], refused: list[str]) -> None:
    language = Language("ABCabczZ0123456789/-", [Mask(mask)])
    assert [value for value in allowed if not allows(language, value)] == []
    assert [value for value in refused if value and allows(language, value)] == []


@pytest.mark.parametrize(
    ("mask", "said"), [("", "at least one symbol"), ("A\\", "backslash"), (" A", "space at an end")]
)
def test_a_mask_that_is_none_is_refused(mask: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Mask(mask)


def test_a_mask_names_its_characters() -> None:
    assert mask_characters(r"9/*\?") == set("0123456789/?")
