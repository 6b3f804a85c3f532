from __future__ import annotations

import re

import pytest

from hcr_scan.forms.knowledge.automata import Language
from hcr_scan.forms.knowledge.patterns import Pattern
from tests.languages import allows

ALPHABET = "abcABC019.-@"


@pytest.mark.parametrize(
    "pattern",
    [
        r"A[BC]{1,2}\d?",
        r"(A|BC)*",
        r"[^A\d]+",
        r"(?i:ab)c",
        r"(?i)a[b-c]",
        r"a.?c|",
        r"^A\d{2}$",
        r"\w+@\w+(\.\w+)+",
        r"(?:ab?){0,2}c*?",
        r"[^\W\d]\D",
        r"(?P<year>\d\d)-\d",
        r"(a*)*b",
        r"\.",
    ],
)
def test_a_pattern_takes_what_fullmatch_takes(pattern: str) -> None:
    language = Language(ALPHABET, [Pattern(pattern)])
    values = [a + b + c for a in ("", *ALPHABET) for b in ("", *ALPHABET) for c in ("", *ALPHABET)]
    values += ["ab@c.a", "ABBC9", "AABCA", "abab", "aabb", "11-0", "A10"]
    for value in filter(None, values):
        assert allows(language, value) == (re.fullmatch(pattern, value) is not None), value


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("A(", "no regular expression"),
        ("[9-0]", "no regular expression"),
        ("(?=A)B", "looking ahead"),
        ("(?<!A)B", "looking ahead or behind"),
        (r"(A)\1", "references back"),
        (r"\bA", "anchors"),
        ("A$B", "anchors"),
        ("A{2000}", "more than 1000"),
        ("(?>A)B", "atomic"),
        ("A++B", "possessive"),
        ("(A)?(?(1)B|C)", "conditions"),
    ],
)
def test_what_cannot_be_followed_is_refused_in_a_sentence(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        Pattern(pattern)
    assert repr(pattern) in str(refused.value)


def test_literals_are_the_characters_named() -> None:
    assert Pattern(r"[A-C]\d+x?").literals() == set("ABCx")
