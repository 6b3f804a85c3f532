from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.forms.knowledge.automata import Language
from hcr_scan.forms.knowledge.decoding import GAP, NOTHING, SLIP, Edge, Lattice, Scores, decode
from hcr_scan.forms.knowledge.languages import language
from hcr_scan.forms.template import Knowledge, ValueKind, ValueType

LABELS = (*"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "")
CHARSET = "".join(LABELS)


def ink(**shares: float) -> Scores:
    """What the classifier says of a crop: shares by label (``_0`` for digits, ``nothing``), the rest spread thinly."""
    row = np.full(len(LABELS), 1e-6)
    for name, share in shares.items():
        row[LABELS.index("" if name == "nothing" else name.removeprefix("_"))] = share
    return np.log(row / row.sum())


def clear(text: str) -> list[Scores | None]:
    return [None if c == " " else ink(**{f"_{c}": 0.999}) for c in text]


def cells(*rows: Scores | None) -> Lattice:
    return Lattice.of_cells(LABELS, rows)


def knows(**given: object) -> Language:
    return language(Knowledge(**given), CHARSET)  # type: ignore[arg-type]


FREE = knows()


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("AB123456", {"mask": "AA999999"}),
        ("JOHN SMITH", {}),
        ("JOHN SMITH", {"lexicon": ("JOHN SMITH", "JOAN SMITH"), "closed_lexicon": True}),
        ("2902 2000", {"pattern": r"\d{4} \d{4}"}),
        ("79927398713", {"type": ValueType(ValueKind.LUHN)}),
        ("DE89370400440532013000", {"type": ValueType(ValueKind.IBAN)}),
    ],
)
def test_clear_ink_is_read_as_it_is(text: str, given: dict) -> None:
    found = decode(cells(*clear(text)), knows(**given))
    assert found is not None
    assert found.value == text
    assert found.confidence > 0.97
    assert found.obeyed > 0.99
    assert "".join(character.text for character in found.characters) == text
    assert [character.edge for character in found.characters] == list(range(len(text)))


@pytest.mark.parametrize(("mask", "value"), [("9A9", "0I5"), ("AAA", "OIS"), ("A9A", "O1S")])
def test_lookalikes_are_told_apart_by_position(mask: str, value: str) -> None:
    doubtful = [ink(_0=0.5, O=0.49), ink(_1=0.3, I=0.69), ink(_5=0.45, S=0.54)]
    found = decode(cells(*doubtful), knows(mask=mask))
    assert found is not None
    assert found.value == value
    assert found.confidence > 0.97


def test_a_check_digit_decides_which_of_several_doubts_is_right() -> None:
    # 79927398713 is right; both doubtful digits look rather like others.
    rows = clear("79927398713")
    rows[2], rows[7] = ink(_9=0.4, _4=0.59), ink(_8=0.45, _3=0.54)
    found = decode(cells(*rows), knows(type=ValueType(ValueKind.LUHN)))
    assert found is not None
    assert found.value == "79927398713"
    assert found.confidence > 0.95


def test_the_list_decides_between_words() -> None:
    rows = [ink(S=0.9), ink(M=0.5, N=0.49), ink(I=0.4, T=0.59), ink(T=0.4, I=0.59), ink(H=0.9)]
    assert decode(cells(*rows), FREE).value == "SMTIH"  # type: ignore[union-attr]
    found = decode(cells(*rows), knows(lexicon=("SMITH", "SNOW", "SMOTE"), closed_lexicon=True))
    assert found is not None
    assert found.value == "SMITH"
    assert found.confidence > 0.95


def test_an_open_list_pulls_doubtful_words_and_leaves_clear_ones_alone() -> None:
    open_list = knows(lexicon=("SMITH",))
    doubtful = [*clear("SM"), ink(I=0.3, T=0.69), *clear("TH")]
    assert decode(cells(*doubtful), open_list).value == "SMITH"  # type: ignore[union-attr]
    found = decode(cells(*clear("SMYTH")), open_list)
    assert found is not None
    assert found.value == "SMYTH"
    assert found.confidence > 0.9


def test_ink_that_plainly_breaks_the_rules_gives_an_allowed_value_that_nobody_should_trust() -> None:
    found = decode(cells(*clear("12A4")), knows(mask="9999"))
    assert found is not None
    assert found.value[:2] + found.value[3:] == "124"
    assert found.value[2].isdigit()
    assert found.confidence < 0.2
    assert found.obeyed < 0.5
    assert found.characters[0].confidence > 0.9 > 0.2 > found.characters[2].confidence


def test_too_little_ink_is_no_allowed_value() -> None:
    assert decode(cells(*clear("12 ")), knows(mask="9999")) is None


def test_too_much_ink_is_not_trusted() -> None:
    found = decode(cells(*clear("12345")), knows(mask="9999"))
    assert found is not None
    assert len(found.value) == 4
    assert found.confidence < 0.1


def test_a_field_without_ink_is_blank() -> None:
    for lattice in (cells(), cells(None, None, None)):
        found = decode(lattice, knows(mask="999"))
        assert found is not None
        assert (found.value, found.confidence, found.alternatives) == ("", 1.0, ())


def test_blank_cells_are_spaces_between_words_and_nothing_at_the_ends() -> None:
    assert decode(cells(*clear("  JO HN  ")), FREE).value == "JO HN"  # type: ignore[union-attr]


def test_gaps_are_closed_where_no_space_may_stand() -> None:
    found = decode(cells(*clear("12 34 56")), knows(pattern=r"\d{6}"))
    assert found is not None
    assert found.value == "123456"
    assert found.confidence > 0.97


def test_a_mark_that_is_no_character_may_be_a_blank() -> None:
    found = decode(cells(*clear("12"), ink(nothing=0.9, _1=0.09)), knows(pattern=r"\d+"))
    assert found is not None
    assert found.value == "12"
    assert found.alternatives[0].value == "121"
    assert found.characters[2].text == ""


def test_alternatives_are_the_next_best_allowed_values() -> None:
    rows = [ink(_1=0.6, I=0.3, _7=0.1), ink(_2=0.7, Z=0.2, _7=0.1)]
    found = decode(cells(*rows), knows(mask="99"))
    assert found is not None
    assert [alternative.value for alternative in found.alternatives] == ["72", "17", "77"]
    assert found.confidence == pytest.approx(0.6 / 0.7 * 0.7 / 0.8, abs=0.01)
    assert found.alternatives[0].confidence == pytest.approx(0.1 / 0.7 * 0.7 / 0.8, abs=0.01)
    assert found.characters[0].confidence == pytest.approx(0.6 / 0.7, abs=0.01)
    assert len(decode(cells(*rows), knows(mask="99"), count=1).alternatives) == 1  # type: ignore[union-attr]


def test_knowledge_chooses_among_cuts() -> None:
    """Touching ink is one W or two Vs; geometry prefers the whole."""
    edges = (Edge(0, 2, ink(W=0.95), cost=0.2), Edge(0, 1, ink(V=0.9), cost=0.8), Edge(1, 2, ink(V=0.9), cost=0.8))
    lattice = Lattice(LABELS, edges, 2)
    whole, parts = decode(lattice, knows(mask="A?")), decode(lattice, knows(mask="AA"))
    assert whole is not None
    assert parts is not None
    assert (whole.value, [character.edge for character in whole.characters]) == ("W", [0])
    assert (parts.value, [character.edge for character in parts.characters]) == ("VV", [1, 2])
    assert whole.alternatives[0].value == "VV"


def test_ways_to_cut_the_same_text_add_up() -> None:
    a, b = ink(A=0.6, C=0.4), ink(B=0.7, D=0.3)
    halves = (Edge(0, 1, a), Edge(1, 3, b), Edge(0, 2, a), Edge(2, 3, b))
    found = decode(Lattice(LABELS, halves, 3), FREE)
    assert found is not None
    assert (found.value, found.confidence) == ("AB", pytest.approx(0.42, abs=0.001))


def test_word_spaces_of_a_line() -> None:
    edges = (Edge(0, 1, ink(A=0.999)), Edge(1, 2, None, GAP), Edge(2, 3, ink(B=0.999)))
    lattice = Lattice(LABELS, edges, 3)
    assert decode(lattice, FREE).value == "A B"  # type: ignore[union-attr]
    assert decode(lattice, knows(mask="AA")).value == "AB"  # type: ignore[union-attr]
    assert decode(lattice, knows(pattern=r"A?")) is not None


def test_a_speck_reads_as_nothing() -> None:
    edges = (Edge(0, 1, ink(A=0.999)), Edge(1, 2, ink(nothing=0.99), NOTHING))
    assert decode(Lattice(LABELS, edges, 2), FREE).value == "A"  # type: ignore[union-attr]


def test_impossible_labels_do_not_break_arithmetic() -> None:
    row = np.full(len(LABELS), -np.inf)
    row[LABELS.index("A")] = 0.0
    assert decode(cells(row), FREE).confidence == 1.0  # type: ignore[union-attr]
    found = decode(cells(row), knows(mask="9"))
    assert found is not None
    assert found.confidence == 0.0
    assert decode(cells(row), language(Knowledge(), "B")) is None


def test_many_equal_ways_to_the_same_end_are_no_trap() -> None:
    """Remainders have hundreds of ways into each state, and the search for alternatives must still come to an end."""
    row = np.log(np.full(len(LABELS), 1 / len(LABELS)))
    found = decode(cells(*[row] * 20), knows(type=ValueType(ValueKind.ISO7064, system="mod97-10")))
    assert found is not None
    assert len(found.alternatives) == 3


def test_a_page_of_equals_is_decoded_all_the_same() -> None:
    row = np.log(np.full(len(LABELS), 1 / len(LABELS)))
    found = decode(cells(*[row] * 16), knows(mask="9" * 16))
    assert found is not None
    assert len(found.value) == 16
    assert found.confidence < 1e-6


def test_writers_slip_now_and_then() -> None:
    """Where ink says A and 4 equally and only a digit (or nothing) may stand there, a slip is as rare as meant."""
    found = decode(cells(ink(A=0.5, _4=0.5)), knows(mask="9"))
    assert found is not None
    assert found.value == "4"
    assert 1 - found.obeyed == pytest.approx(11 * SLIP / len(LABELS) / 0.5, rel=0.1)
