from __future__ import annotations

import math

from hcr_scan.forms.knowledge.automata import DEAD, Language
from hcr_scan.forms.knowledge.lexicons import OUTSIDE, Lexicon
from hcr_scan.forms.knowledge.masks import Mask
from tests.languages import allows


def test_a_language_allows_what_all_its_automata_allow() -> None:
    both = Language("AB12", [Mask("X9"), Lexicon(["A1", "B2", "A12"], closed=True)])
    assert [value for value in ("A1", "B2", "A2", "A12", "B", "C1") if allows(both, value)] == ["A1", "B2"]


def test_the_empty_value_is_always_allowed() -> None:
    assert allows(Language("A", [Mask("A")]), "")


def test_spaces_at_the_ends_do_not_count() -> None:
    language = Language("AB", [Mask("A A")])
    values = ("A B", "  A B ", "A  B", "AB", " A", "  ")
    assert [allows(language, value) for value in values] == [True, True, False, False, False, True]
    assert Language("AB").free
    assert allows(Language("AB"), "A  B")


def test_characters_outside_the_alphabet_lead_nowhere() -> None:
    assert Language("AB").step(0, "C") == DEAD


def test_weights_add_up() -> None:
    language = Language("AB", [Lexicon(["A"], closed=False), Lexicon(["B"], closed=False)])
    assert language.weight("A") == language.weight("B") == OUTSIDE
    assert language.weight("AB") == 2 * OUTSIDE
    assert language.weight("C") == -math.inf


def test_a_language_of_nothing_is_known_to_be_empty() -> None:
    assert Language("AB1", [Mask("A"), Mask("9")]).is_empty()
    assert Language("AB", [Mask("9")]).is_empty()
    assert not Language("AB1", [Mask("X"), Mask("9")]).is_empty()


def test_a_language_that_has_seen_too_much_begins_anew(monkeypatch) -> None:
    monkeypatch.setattr("hcr_scan.forms.knowledge.automata.MOST_STATES", 5)
    language = Language("ABC", [Lexicon(["ABCABC", "CBA"], closed=True)])
    assert all(allows(language, value) for value in ("ABCABC", "CBA", "ABCABC"))
    assert not allows(language, "ABC")
