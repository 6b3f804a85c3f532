from __future__ import annotations

from hcr_scan.forms.knowledge.automata import Language
from hcr_scan.forms.knowledge.lexicons import OUTSIDE, Lexicon, fitted
from tests.languages import allows


def test_a_closed_list_allows_its_words_only() -> None:
    language = Language("ABCN", [Lexicon(["AB", "ABC", "CAN BAC"], closed=True)])
    values = ["A", "AB", "ABC", "ABCA", "CAN BAC", "CAN", "BAC"]
    assert [value for value in values if allows(language, value)] == ["AB", "ABC", "CAN BAC"]


def test_an_open_list_allows_others_at_a_price() -> None:
    language = Language("ABC", [Lexicon(["AB"], closed=False)])
    assert [language.weight(value) for value in ("AB", "A", "ABC", "C")] == [0.0, OUTSIDE, OUTSIDE, OUTSIDE]


def test_words_are_written_as_the_characters_allow() -> None:
    assert fitted(["Smith", "O'Neil", "van Dyk"], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ["SMITH", "VAN DYK"]
    assert fitted([" Smith ", ""], "Smith") == ["Smith"]
