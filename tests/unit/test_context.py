from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcr_scan.assembly.context import CharacterKinds, reweight
from hcr_scan.model.probabilities import Probabilities
from tests.fakes import LABELS

UPPER_DIGITS = "".join(label for label in LABELS if label.isdigit() or label.isupper())
KINDS = CharacterKinds.of(LABELS, UPPER_DIGITS)


def word(*glyphs: str | dict[str, float]) -> Probabilities:
    """Rows of probabilities: a character stands for itself, almost surely; a dict for its readings."""
    rows = np.zeros((len(glyphs), len(LABELS)), np.float32)
    allowed = [LABELS.index(character) for character in UPPER_DIGITS]
    for row, glyph in zip(rows, glyphs, strict=True):
        readings = {glyph: 0.995} if isinstance(glyph, str) else glyph
        for character, probability in readings.items():
            row[LABELS.index(character)] = probability
        row[allowed] += (1 - sum(readings.values())) / len(allowed)
    return rows


def text(rows: Probabilities) -> str:
    return "".join(LABELS[i] for i in rows.argmax(axis=1))


ZERO_OR_O = {"0": 0.48, "O": 0.5}
O_OR_ZERO = {"O": 0.48, "0": 0.5}


def test_among_digits_it_is_a_zero_and_among_letters_an_o() -> None:
    assert text(reweight(word("1", "9", ZERO_OR_O, "4"), KINDS)) == "1904"
    assert text(reweight(word("J", O_OR_ZERO, "H", "N"), KINDS)) == "JOHN"


def test_one_and_i_five_and_s_two_and_z_eight_and_b() -> None:
    doubtful = [{"1": 0.45, "I": 0.5}, {"5": 0.45, "S": 0.5}, {"2": 0.45, "Z": 0.5}, {"8": 0.45, "B": 0.5}]
    assert text(reweight(word("7", *doubtful, "3"), KINDS)) == "715283"


def test_doubt_on_all_sides_stays_doubt() -> None:
    rows = reweight(word({"0": 0.5, "O": 0.5}, {"1": 0.5, "I": 0.5}), KINDS)
    assert rows.max() < 0.9


def test_sure_glyphs_are_left_alone() -> None:
    rows = word("A", "B", {"8": 0.999}, "D", "E")
    assert text(reweight(rows, KINDS)) == "AB8DE"
    assert reweight(rows, KINDS)[2].max() > 0.9


def test_a_code_of_letters_and_digits_is_read_as_it_stands() -> None:
    rows = word(*"ABCDE1234F")
    assert text(reweight(rows, KINDS)) == "ABCDE1234F"
    assert reweight(rows, KINDS).max(axis=1).min() > 0.9


def test_the_same_evidence_gives_more_confidence_in_company() -> None:
    alone = reweight(word({"0": 0.7, "O": 0.3}), KINDS)
    together = reweight(word("1", "2", {"0": 0.7, "O": 0.3}, "4"), KINDS)
    assert alone[0].max() == pytest.approx(0.7)
    assert together[2].max() > 0.9


def test_not_a_character_is_left_to_the_ink() -> None:
    rows = word("1", {"": 0.4, "O": 0.6}, "3")
    nothing = LABELS.index("")
    np.testing.assert_allclose(reweight(rows, KINDS)[:, nothing], rows[:, nothing])


def test_one_kind_only_changes_nothing() -> None:
    rows = word("1", {"1": 0.5, "7": 0.5}, "3")
    digits = CharacterKinds.of(LABELS, "0123456789")
    assert reweight(rows, digits) is rows


def test_small_letters_follow_a_capital() -> None:
    kinds = CharacterKinds.of(LABELS, "".join(LABELS))
    rows = word("S", {"m": 1.0}, {"O": 0.45, "o": 0.45, "0": 0.1}, {"t": 1.0}, {"h": 1.0})
    assert text(reweight(rows, kinds)) == "Smoth"


@given(st.lists(st.lists(st.floats(0, 1), min_size=37, max_size=37), min_size=1, max_size=6))
def test_probabilities_stay_probabilities(weights: list[list[float]]) -> None:
    columns = [LABELS.index(character) for character in [*UPPER_DIGITS, ""]]
    rows = np.zeros((len(weights), len(LABELS)), np.float32)
    rows[:, columns] = np.asarray(weights, np.float32) + 1e-6
    rows /= rows.sum(axis=1, keepdims=True)
    result = reweight(rows, KINDS)
    assert np.isfinite(result).all()
    assert (result >= 0).all()
    np.testing.assert_allclose(result.sum(axis=1), 1, atol=1e-5)
    assert not result[:, [i for i in range(len(LABELS)) if i not in columns]].any()


TEXT = (*"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.,-/@&'()+#:", "")
TEXT_KINDS = CharacterKinds.of(TEXT, "".join(TEXT))


def of_text(*glyphs: str | dict[str, float]) -> Probabilities:
    rows = np.full((len(glyphs), len(TEXT)), 1e-4, np.float32)
    for row, glyph in zip(rows, glyphs, strict=True):
        for character, probability in ({glyph: 0.99} if isinstance(glyph, str) else glyph).items():
            row[TEXT.index(character)] = probability
    return rows / rows.sum(axis=1, keepdims=True)


def read_text(rows: Probabilities) -> str:
    return "".join(TEXT[i] for i in reweight(rows, TEXT_KINDS).argmax(axis=1))


def test_a_run_goes_on_after_its_punctuation() -> None:
    assert read_text(of_text("1", ",", "2", {"5": 0.45, "S": 0.5}, ZERO_OR_O, ".", ZERO_OR_O)) == "1,250.0"
    assert read_text(of_text("J", ".", {"5": 0.5, "S": 0.45}, "M", "I", "T", "H")) == "J.SMITH"
    assert read_text(of_text("A", "-", "1", "2")) == "A-12"


def test_punctuation_is_rarer_than_what_it_looks_like() -> None:
    assert read_text(of_text("1", "2", {"1": 0.5, "(": 0.49}, "4")) == "1214"
    assert read_text(of_text("A", {"I": 0.5, "'": 0.49}, "R")) == "AIR"


def test_rows_with_punctuation_still_sum_to_one() -> None:
    rows = of_text("1", {"/": 0.5, "1": 0.3}, "3", {"": 0.5, ".": 0.4})
    assert reweight(rows, TEXT_KINDS).sum(axis=1) == pytest.approx(np.ones(4), abs=1e-5)


def test_a_set_of_punctuation_alone_is_one_kind() -> None:
    rows = of_text(".", {",": 0.5, ".": 0.4})
    assert np.array_equal(reweight(rows, CharacterKinds.of(TEXT, ".,-")), rows)


def test_however_long_a_word_is_nothing_underflows() -> None:
    labels = ["", *"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    rows = np.zeros((3000, len(labels)), np.float32)
    rows[::2, labels.index("1")] = rows[1::2, labels.index("A")] = 1
    read = reweight(rows, CharacterKinds.of(labels, "".join(labels)))
    np.testing.assert_allclose(read, rows)
