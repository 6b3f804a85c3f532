from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcr_scan import writer_style
from hcr_scan.writer_style import COUNTED, NEW_WAY, Examples, StyleTable, evidence

#: Two characters whose logits are their places: A lies at (10, 0), B at (0, 10); writers differ along the first axis.
TABLE = StyleTable("AB", np.eye(2), np.array([[10.0, 0.0], [0.0, 10.0]]), np.array([4.0, 0.25]))


def examples(*found: tuple[int, int, float]) -> Examples:
    crops, characters, weights = zip(*found, strict=True)
    return Examples(np.array(crops), np.array(characters), np.array(weights, np.float64))


def evidence_of(logits: list[list[float]], found: Examples, doubtful: list[int], ink: list[int] | None = None) -> Any:
    """For each of the crops the evidence for A and for B."""
    numbers = np.arange(len(logits)) if ink is None else np.array(ink)
    crops, characters = np.repeat(doubtful, 2), np.tile([0, 1], len(doubtful))
    return evidence(TABLE, np.array(logits), numbers, found, crops, characters).reshape(-1, 2)


def log_density(x: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> float:
    return float(-0.5 * ((x - mean) ** 2 / variance + np.log(2 * np.pi * variance)).sum())


def test_a_character_written_as_the_same_hand_wrote_it_before_is_likelier() -> None:
    # This hand's A's lie 4 to the right of everybody's.
    found = evidence_of([[14, 0], [14, 0], [14, 0], [10, 0]], examples((0, 0, 1.0), (1, 0, 1.0)), [2, 3])
    assert found[0, 0] > 0 > found[1, 0]


def test_characters_of_which_there_is_no_example_are_left_alone() -> None:
    found = evidence_of([[14, 0], [14, 0]], examples((0, 0, 1.0)), [1])
    assert found[0, 1] == 0


@given(
    st.lists(st.tuples(st.floats(-20, 20), st.floats(-20, 20)), min_size=1, max_size=5),
    st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
)
def test_the_evidence_is_that_of_the_normal_model(seen: list[tuple[float, float]], new: tuple[float, float]) -> None:
    """Against the densities spelled out: of the new crop with the examples, and without."""
    mean, spread = TABLE.means[0], TABLE.spread
    off = np.array(seen).mean(axis=0) - mean
    count = len(seen)
    shrunk = count * spread / (1 + count * spread)
    with_examples = log_density(np.array(new), mean + shrunk * off, 1 + spread / (1 + count * spread))
    without = log_density(np.array(new), mean, 1 + spread)
    like = np.exp(min(COUNTED * (with_examples - without), 50.0))
    expected = np.log((NEW_WAY + count * like) / (NEW_WAY + count))
    logits = [[*map(float, pair)] for pair in (*seen, new)]
    found = evidence_of(logits, examples(*((k, 0, 1.0) for k in range(count))), [count])
    assert found[0, 0] == pytest.approx(expected, abs=1e-9)


def test_a_crop_is_no_example_for_itself_nor_for_the_same_ink_cut_otherwise() -> None:
    logits = [[14.0, 0.0], [13.0, 1.0]]
    assert evidence_of(logits, examples((0, 0, 1.0)), [0, 1], ink=[5, 5]) == pytest.approx(0.0, abs=1e-12)
    assert evidence_of(logits, examples((0, 0, 1.0)), [1], ink=[5, 6])[0, 0] > 0


def test_another_way_of_writing_a_letter_is_held_against_it_within_bounds() -> None:
    """A page may have two writers, and a writer two ways."""
    count = 4
    logits = [[30.0, 0.0]] * count + [[-30.0, 0.0]]
    found = evidence_of(logits, examples(*((k, 0, 1.0) for k in range(count))), [count])
    assert found[0, 0] == pytest.approx(np.log(NEW_WAY / (NEW_WAY + count)), abs=1e-3)


def test_examples_count_as_far_as_they_are_sure() -> None:
    logits = [[14.0, 0.0], [14.0, 0.0]]
    sure, half = (evidence_of(logits, examples((0, 0, weight)), [1])[0, 0] for weight in (1.0, 0.5))
    assert 0 < half < sure


def test_crops_are_weighed_together_as_each_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_style, "BLOCK", 7)
    random = np.random.default_rng(3)
    logits = random.normal(5, 5, (30, 2))
    found = examples(*((int(k), int(k) % 2, 0.9) for k in range(0, 30, 3)))
    ink = [k // 2 for k in range(30)]
    together = evidence_of(logits.tolist(), found, list(range(30)), ink)
    for k in range(30):
        (alone,) = evidence_of(logits.tolist(), found, [k], ink)
        np.testing.assert_allclose(alone, together[k], atol=1e-12)


def test_a_table_is_read_as_it_was_written() -> None:
    read = StyleTable.read(json.loads(json.dumps(TABLE.document())))
    assert read.characters == "AB"
    for name in ("axes", "means", "spread"):
        np.testing.assert_array_equal(getattr(read, name), getattr(TABLE, name))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 2}, "version 2, not 1"),
        ({"characters": "AA"}, "repeat"),
        ({"characters": "ABC"}, r"axes \(2, 2\) and means \(2, 2\), not \(3, 2\)"),
        ({"means": [[1, 0], [0]]}, "inhomogeneous"),
        ({"means": [[1.0, float("nan")], [0, 1]]}, "no finite numbers"),
        ({"spread": [1, -1]}, "below 0"),
        ({"spread": 1}, "no list of numbers"),
    ],
)
def test_a_malformed_table_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        StyleTable.read(TABLE.document() | change)
