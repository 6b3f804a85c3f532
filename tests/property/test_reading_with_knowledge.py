from __future__ import annotations

import itertools
import math
import re
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hcr_scan.forms.knowledge.decoding import SLIP, Decoding, Lattice, Scores, decode
from hcr_scan.forms.knowledge.languages import language, violations
from hcr_scan.forms.template import Knowledge, ValueKind, ValueType

CHARSET = "01AB"
LABELS = (*CHARSET, "")

#: What a classifier may say of a crop: any shares, often sharp ones.
rows = st.lists(st.floats(0.05, 20), min_size=5, max_size=5).map(lambda shares: np.log(np.array(shares) / sum(shares)))
sharp_rows = st.integers(0, 4).map(lambda k: np.log((np.eye(5)[k] + 1e-7) / (1 + 5e-7)))
cells = st.lists(st.one_of(rows, sharp_rows, st.none()), min_size=1, max_size=4)

pieces = st.sampled_from(["A", "0", "[AB]", r"\d", ".", "(A|01)", "(?:B1)?", "[^A]", "A{1,2}", r"\w+", "[01]*", " ?"])
patterns = st.lists(pieces, min_size=1, max_size=4).map("".join)
masks = st.text("A9X*?", min_size=1, max_size=4)
words = st.lists(st.text(CHARSET, min_size=1, max_size=4), min_size=1, max_size=6, unique=True).map(tuple)
types = st.sampled_from(
    [
        ValueType(),
        ValueType(ValueKind.INTEGER, least="1", most="110"),
        ValueType(ValueKind.LUHN),
        ValueType(ValueKind.ISO7064, system="mod37-36"),
    ]
)
knowledge = st.builds(
    Knowledge, st.none(), st.none() | masks, st.none() | patterns, st.just(()) | words, st.booleans(), types
)


def decoded(ink: list[Scores | None], known: Knowledge, count: int = 3) -> Decoding | None:
    return decode(Lattice.of_cells(LABELS, ink), language(known, CHARSET), count)


@settings(max_examples=200)
@given(cells, knowledge)
def test_what_is_decoded_is_never_what_knowledge_forbids(ink, known):
    found = decoded(ink, known)
    for value in [found.value, *(other.value for other in found.alternatives)] if found else []:
        assert violations(value, known, CHARSET) == ()
        assert not known.pattern or not value or re.fullmatch(known.pattern, value)


@settings(max_examples=200)
@given(cells, knowledge)
def test_probabilities_of_a_value_and_its_alternatives_are_shares(ink, known):
    found = decoded(ink, known, 20)
    if found:
        shares = [found.confidence, *(other.confidence for other in found.alternatives)]
        assert min(shares) >= 0
        assert sum(shares) <= found.obeyed + 2e-3
        assert shares[1:] == sorted(shares[1:], reverse=True)


def everything(ink: list[Scores | None], known: Knowledge) -> dict[str, tuple[float, float]]:
    """By brute force: for each allowed text how much it weighs as meant, and as meant and written."""
    spoken = language(known, CHARSET)
    slip = 0.0 if spoken.free else SLIP
    readings = []
    for row in ink:
        found = [(" ", 1.0, 1.0), ("", math.exp(-7), math.exp(-7))]
        if row is not None:
            shares = dict(zip(LABELS, np.exp(row) * (1 - slip), strict=True))
            found = [(text, price * (shares[""] + slip / 5), price * shares[""]) for text, price, _ in found] + [
                (label, shares[label] + slip / 5, shares[label]) for label in CHARSET
            ]
        readings.append(found)
    result: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for path in itertools.product(*readings):
        text = "".join(part[0] for part in path).strip()
        weight = spoken.weight(text)
        if weight > -math.inf:
            result[text][0] += math.exp(weight) * math.prod(part[1] for part in path)
            result[text][1] += math.exp(weight) * math.prod(part[2] for part in path)
    return {text: (meant, written) for text, (meant, written) in result.items()}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(rows, st.none()), min_size=1, max_size=4), knowledge)
def test_the_best_value_and_its_probability_are_those_of_all_values_tried_one_by_one(ink, known):
    found, texts = decoded(ink, known, 500), everything(ink, known)
    total = sum(meant for meant, _ in texts.values())
    chances = {text: written / total for text, (_, written) in texts.items()}
    best = max((text for text in chances if text or chances[""] >= 0.5), key=chances.__getitem__, default=None)
    if found is None:
        assert best is None or chances[best] < 1e-3
        return
    assert best is not None
    assert found.confidence == pytest.approx(chances[best], rel=0.02, abs=0.002)
    assert chances[found.value] == pytest.approx(chances[best], rel=0.02)
    assert found.obeyed == pytest.approx(sum(chances.values()), abs=0.01)


@given(st.text(CHARSET + " ", min_size=1, max_size=8).filter(str.strip), knowledge)
def test_clear_ink_that_knowledge_allows_is_read_as_without(text, known):
    assume(not violations(text.strip(), known, CHARSET))
    ink = [None if c == " " else np.log((np.eye(5)[CHARSET.index(c)] + 1e-9) / (1 + 5e-9)) for c in text]
    found, plain = decoded(ink, known), decoded(ink, Knowledge())
    assert found is not None
    assert plain is not None
    assert found.value == plain.value == text.strip()
    # Not surer: a slip in one of five labels may have been meant as a word of an open list, and eight characters that
    # change from letter to digit each time are as likely a few slips, among so few labels.
    assert found.confidence > 0.4


@settings(max_examples=150)
@given(st.lists(rows, min_size=1, max_size=3), st.integers(0, 10**6), knowledge)
def test_knowledge_that_holds_never_lowers_the_rank_of_the_truth(ink, seed, known):
    # Where runs of letters and digits are left open, likelier runs come first.
    assume(not language(known, CHARSET).surprise)
    plain = decoded(ink, Knowledge(), 500)
    assert plain is not None
    shares = {other.value: other.confidence for other in plain.alternatives} | {plain.value: plain.confidence}
    # An open list prefers its words to a truth outside of it.
    allowed = [value for value in sorted(shares) if value and (not known.lexicon or value in known.lexicon)]
    allowed = [v for v in allowed if shares[v] > 1e-3 and not violations(v, known, CHARSET)]
    assume(allowed)
    truth = allowed[seed % len(allowed)]
    found = decoded(ink, known, 500)
    assert found is not None
    better = [found.value, *(other.value for other in found.alternatives)]
    better = better[: better.index(truth)]
    # Whether there is any character is another question than which.
    assert all(shares[value] >= shares[truth] * 0.999 for value in better if value)
