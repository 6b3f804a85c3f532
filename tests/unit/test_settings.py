from __future__ import annotations

import string
from typing import Any

import pytest

from hcr_scan.errors import UsageError
from hcr_scan.settings import PUNCTUATION, Limits, Settings, SourceSettings, parse_charset


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


@pytest.mark.parametrize("text", ["ABCD", "xyz", "YN", "abc123", "YESNO", "-/", "A-", "ABCabc", string.ascii_letters])
def test_characters_may_be_given_one_by_one(text: str) -> None:
    assert parse_charset(text) == "".join(sorted(text))


@pytest.mark.parametrize(
    "text",
    ["upper+digts", "lowercase+digits", "uppper", "digit", "txt", "capitals", "letters", "numbers", "UPPER",
     "Upper+Digits", "upper,digits", "caps", "0-9", "A-Z", "digits+A-Z", "a-zA-Z0-9"],
)  # fmt: skip
def test_a_misspelt_name_or_a_range_is_no_set_of_letters(text: str) -> None:
    with pytest.raises(UsageError, match="no set is called"):
        parse_charset(text)


@pytest.mark.parametrize(
    ("limits", "flag"),
    [
        ({"page_timeout": 0.0}, "--page-timeout"),
        ({"page_timeout": float("nan")}, "--page-timeout"),
        ({"page_timeout": float("inf")}, "--page-timeout"),
        ({"worker_memory": 511 << 20}, "--worker-memory"),
        ({"worker_memory": -1}, "--worker-memory"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused_by_their_flags(limits: dict[str, Any], flag: str) -> None:
    with pytest.raises(UsageError, match=flag):
        Limits(**limits)


def test_what_changes_no_reading_is_not_in_the_fingerprint() -> None:
    plain = Settings().fingerprint()
    assert Settings(jobs=4, batch_size=7, limits=Limits(1.0, 0)).fingerprint() == plain
    assert Settings(source=SourceSettings(dpi=200)).fingerprint() != plain
