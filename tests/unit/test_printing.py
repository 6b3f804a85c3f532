from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from hcr_scan.segmentation.page_model import PageModel
from hcr_scan.segmentation.printing import MOST_EVIDENCE, print_evidence, printed_fields, printed_words


class KindsOf(PageModel):
    """Says of each crop what its first pixel says: the chance of print in 255ths."""

    def __init__(self) -> None:
        pass

    def kinds(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        printed = crops[:, 0, 0] / 255
        return np.stack([1 - printed, printed, 0 * printed], axis=1).astype(np.float32)


def test_evidence_is_log_odds_and_bounded():
    crops = np.zeros((3, 28, 28), np.uint8)
    crops[:, 0, 0] = (0, 153, 255)
    low, middle, high = print_evidence(KindsOf(), crops)
    assert (low, high) == (-MOST_EVIDENCE, MOST_EVIDENCE)
    assert middle == pytest.approx(np.log(0.6 / 0.4))


def test_no_crops_give_no_evidence():
    assert print_evidence(KindsOf(), np.zeros((0, 28, 28), np.uint8)).shape == (0,)


@pytest.mark.parametrize(
    ("evidence", "printed"),
    [
        ([], []),
        ([-5.0, -5.0, -5.0], [False] * 3),
        ([6.0, 6.0, 6.0], [True] * 3),
        ([6.0, 6.0, -9.0, -9.0], [True, True, False, False]),
        ([-9.0, 8.0], [False, True]),
        ([6.0, -1.0, 6.0], [True, True, True]),
        ([-6.0, 1.0, -6.0], [False, False, False]),
        ([1.0], [False]),
    ],
)
def test_a_line_changes_between_print_and_hand_only_for_good_reason(evidence, printed):
    assert printed_words(evidence) == printed


def test_fields_of_print_are_told_from_fields_of_writing():
    hand, printed = np.full(8, -1.5), np.full(12, 1.9)
    assert printed_fields([hand, printed, hand]) == [False, True, False]


def test_one_doubtful_glyph_goes_with_all_the_others():
    doubtful = np.array([0.8])
    assert printed_fields([np.full(20, -1.5), doubtful]) == [False, False]
    assert printed_fields([np.full(20, 1.8), doubtful]) == [True, True]


def test_blank_fields_are_not_print():
    assert printed_fields([np.zeros(0), np.full(9, 2.0)]) == [False, True]
    assert printed_fields([]) == []
