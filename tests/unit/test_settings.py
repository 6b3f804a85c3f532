from __future__ import annotations

import string

import pytest

from hcr_scan.errors import UsageError
from hcr_scan.settings import PUNCTUATION, parse_charset


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("upper", string.ascii_uppercase),
        ("upper+digits", string.ascii_uppercase + string.digits),
        ("digits+punct", string.digits + PUNCTUATION),
        ("CAB", "ABC"),
        ("A+B", "A+B"),
        ("upper+.-", string.ascii_uppercase + ".-"),
        ("digits+,+.", string.digits + ",."),
        ("digits++", string.digits + "+"),
        ("digits+ABC", string.digits + "ABC"),
        ("upper+xyz", string.ascii_uppercase + "xyz"),
    ],
)
def test_names_and_literal_characters_may_be_joined(text: str, characters: str) -> None:
    assert parse_charset(text) == "".join(sorted(set(characters)))


@pytest.mark.parametrize("text", ["", " ", "upper+ ", "A B"])
def test_sets_of_nothing_or_with_white_space_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--charset"):
        parse_charset(text)


@pytest.mark.parametrize("text", ["upper+digts", "lowercase+digits"])
def test_a_misspelt_name_beside_others_is_not_a_set_of_small_letters(text: str) -> None:
    with pytest.raises(UsageError, match="no set is called"):
        parse_charset(text)
