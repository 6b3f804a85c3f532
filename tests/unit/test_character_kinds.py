from __future__ import annotations

import string

import numpy as np
import pytest

from hcr_scan.character_kinds import KindChain
from hcr_scan.forms.knowledge.automata import Language
from hcr_scan.forms.knowledge.decoding import decode
from hcr_scan.forms.knowledge.masks import Mask
from hcr_scan.forms.knowledge.patterns import Pattern
from tests.unit.test_decoding import cells, clear, ink, knows


def test_what_may_follow_a_run_sums_to_one() -> None:
    alphabet = string.digits + string.ascii_letters + ".,-"
    chain = KindChain(alphabet)
    runs = {chain.start, *(chain.after(run, c) for run in range(8) for c in "1Aa.")}
    assert len(runs) == 8
    assert [sum(chain.weight(run, c) for c in alphabet) for run in sorted(runs)] == pytest.approx([1.0] * 8)


@pytest.mark.parametrize(("text", "read"), [("MA1L", "MAIL"), ("40O17", "40017"), ("A1B2", "A1B2")])
def test_where_a_pattern_takes_either_kind_neighbors_tell_which_it_is(text: str, read: str) -> None:
    doubts = {"1": ink(_1=0.6, I=0.39), "O": ink(O=0.6, _0=0.39)} if text != read else {}
    found = decode(cells(*(row for c in text for row in ([doubts[c]] if c in doubts else clear(c)))),
                   knows(pattern="[A-Z0-9]{3,9}"))  # fmt: skip
    assert found is not None
    assert found.value == read


def test_a_change_of_kind_that_the_pattern_demands_is_free() -> None:
    shape = Pattern("[A-Z]{4}[0-9]{3}[A-Z0-9]{3,}")
    language = Language(string.digits + string.ascii_uppercase, [shape], neighbors=True)
    assert language.weight("AAAA111111") == 0.0
    assert language.weight("AAAA11111A") < 0.0


@pytest.mark.parametrize(
    ("pattern", "is_open"),
    [
        ("[A-Z0-9]+", True),
        (r"\w{2,8}", True),
        ("([A-Za-z]+ ?)*", True),
        (r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}", False),
        (r"([A-Z]\d){4}", False),
        (r"\d{3,12}", False),
    ],
)
def test_a_pattern_knows_whether_it_takes_runs_of_either_kind(pattern: str, is_open: bool) -> None:
    assert Pattern(pattern).kinds_open == is_open


@pytest.mark.parametrize(("mask", "is_open"), [("XXXX99", True), ("AX99", False), ("AA??*", True), ("AX9X9X", False)])
def test_a_mask_knows_whether_it_takes_runs_of_either_kind(mask: str, is_open: bool) -> None:
    assert Mask(mask).kinds_open == is_open


def test_a_long_value_of_many_kinds_is_still_read() -> None:
    text = "A1B2C3D4E5F6G7H8J9"
    found = decode(cells(*clear(text)), knows(pattern="[A-Z0-9]+"))
    assert found is not None
    assert found.value == text


def test_confidences_are_shares_of_what_neighbors_leave() -> None:
    rows = [*clear("AB"), ink(I=0.5, _1=0.5), *clear("CD")]
    found = decode(cells(*rows), knows(pattern="[A-Z0-9]{5}"))
    assert found is not None
    total = found.confidence + sum(other.confidence for other in found.alternatives)
    assert found.value == "ABICD"
    assert total == pytest.approx(1.0, abs=0.03)
    assert found.confidence > 10 * found.alternatives[0].confidence
    assert np.isclose(found.alternatives[0].confidence, 1 - found.confidence, atol=0.03)
