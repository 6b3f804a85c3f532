from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.errors import UsageError
from hcr_scan.model.probabilities import check_charset, probabilities
from tests.fakes import LABELS


def logits(**values: float) -> np.ndarray:
    row = np.zeros((1, len(LABELS)), np.float32)
    for label, value in values.items():
        row[0, LABELS.index("" if label == "nothing" else label)] = value
    return row


def p(result: np.ndarray, label: str) -> float:
    return float(result[0, LABELS.index(label)])


def test_classes_outside_the_character_set_share_nothing() -> None:
    result = probabilities(logits(O=5, o=6, A=5), LABELS, "AO", 1.0)
    assert result.dtype == np.float32
    assert p(result, "o") == 0
    assert p(result, "O") == pytest.approx(p(result, "A"))
    assert result.sum() == pytest.approx(1, abs=1e-6)


def test_not_a_character_stays_in_the_race() -> None:
    result = probabilities(logits(A=3, nothing=9), LABELS, "A", 1.0)
    assert p(result, "") > 0.99


def test_a_higher_temperature_is_less_sure() -> None:
    cold, warm = (probabilities(logits(A=4), LABELS, "AB", t) for t in (1.0, 2.0))
    assert p(cold, "A") > p(warm, "A") > 0.5
    assert np.log(p(warm, "A") / p(warm, "B")) == pytest.approx(2.0, rel=1e-4)


def test_extreme_logits_stay_numbers() -> None:
    result = probabilities(logits(A=3e38, B=-3e38), LABELS, "AB", 0.5)
    assert p(result, "A") == 1


def test_no_crops_give_no_rows() -> None:
    assert probabilities(np.zeros((0, len(LABELS)), np.float32), LABELS, "AB", 1.0).shape == (0, len(LABELS))


def test_characters_the_model_never_saw_are_refused() -> None:
    check_charset(LABELS, "ABC019z")
    with pytest.raises(UsageError, match="'-Ä'"):
        check_charset(LABELS, "AB-Ä")
