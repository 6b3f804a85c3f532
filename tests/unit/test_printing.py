from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from hcr_scan.segmentation.page_model import PageModel
from hcr_scan.segmentation.printing import (
    MOST_EVIDENCE,
    NO_LABEL,
    SURELY_HAND,
    SURELY_PRINT,
    Evidence,
    Run,
    Where,
    chances_of_print,
    changes_of_kind,
    print_evidence,
)

HAND, REGULAR, PRESS = -1.0, 0.3, 1.8


class KindsOf(PageModel):
    """Says of each crop what its first two pixels say: the chances of print and of dirt in 255ths."""

    def __init__(self) -> None:
        pass

    def kinds(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        printed, other = crops[:, 0, 0] / 255, crops[:, 0, 1] / 255
        return np.stack([1 - printed - other, printed, other], axis=1).astype(np.float32)


def word(mean: float, length: int = 5, weight: float = 1.0) -> Evidence:
    return Evidence(np.full(length, mean), np.full(length, weight))


def line(*means: float, where: Where = Where.FREE, length: int = 5) -> Run:
    return Run(where, tuple(word(mean, length) for mean in means))


def printed(runs: Sequence[Run]) -> list[list[bool]]:
    """What is left out."""
    return [[chance > SURELY_PRINT for chance in found.tolist()] for found in chances_of_print(runs)]


def surely_written(runs: Sequence[Run]) -> bool:
    return all((found < SURELY_HAND).all() for found in chances_of_print(runs))


def test_evidence_is_log_odds_and_bounded():
    crops = np.zeros((3, 28, 28), np.uint8)
    crops[:, 0, 0] = (0, 153, 255)
    low, middle, high = print_evidence(KindsOf(), crops).odds
    assert (low, high) == (-MOST_EVIDENCE, MOST_EVIDENCE)
    assert middle == pytest.approx(np.log(0.6 / 0.4))


def test_what_is_no_character_has_no_weight():
    crops = np.zeros((2, 28, 28), np.uint8)
    crops[:, 0, 1] = (0, 255)
    assert print_evidence(KindsOf(), crops).weights == pytest.approx([1, 0])


def test_no_crops_give_no_evidence():
    assert print_evidence(KindsOf(), np.zeros((0, 28, 28), np.uint8)).odds.shape == (0,)
    assert chances_of_print([]) == []


def test_a_page_of_writing_and_a_page_of_print():
    assert surely_written([line(HAND, HAND, HAND)] * 5)
    assert printed([line(PRESS, PRESS, PRESS)] * 5) == [[True] * 3] * 5


def test_a_hand_as_regular_as_this_is_kept_where_it_is_all_there_is():
    assert surely_written([line(REGULAR, REGULAR + 0.5, REGULAR - 0.3, REGULAR)] * 8)


def test_a_regular_hand_is_told_from_the_press_beside_it():
    labels, answers = [line(PRESS, PRESS)] * 8, [line(REGULAR, REGULAR, REGULAR)] * 8
    assert printed([*labels, *answers]) == [[True] * 2] * 8 + [[False] * 3] * 8
    assert surely_written(answers)


def test_print_that_the_model_is_less_sure_of_is_print_beside_a_clear_hand():
    assert printed([*[line(1.2, 1.1, 1.0)] * 6, *[line(HAND, HAND)] * 4]) == [[True] * 3] * 6 + [[False] * 2] * 4


def test_an_answer_behind_its_label():
    assert printed([line(PRESS, PRESS, HAND, HAND)] * 4) == [[True, True, False, False]] * 4


def test_a_doubtful_word_goes_with_its_neighbors():
    chances = chances_of_print([line(PRESS, 0.4, PRESS), line(HAND, 0.4, HAND)])
    assert chances[0][1] > SURELY_HAND > chances[1][1]


def test_dirt_goes_with_its_neighbors():
    runs = [Run(Where.FREE, (word(mean), word(0.0, weight=0.0), word(mean))) for mean in (PRESS, HAND)]
    assert printed(runs) == [[True] * 3, [False] * 3]


def test_cells_with_a_regular_character_or_two_are_kept_where_others_are_written_in():
    written = [line(HAND, where=Where.CELLS, length=6)] * 5
    assert printed([*written, line(PRESS, where=Where.CELLS, length=2)])[-1] == [False]
    assert printed([*written, line(PRESS, where=Where.CELLS, length=8)])[-1] == [True]


def test_characters_printed_into_every_field_of_a_blank_form_are_print():
    assert printed([line(PRESS, where=Where.CELLS, length=2)] * 8) == [[True]] * 8


def test_beside_frames_a_word_must_be_clearly_written():
    (inside,), (outside,) = (chances_of_print([line(0.3, where=where)]) for where in (Where.FREE, Where.MARGIN))
    assert outside[0] > inside[0]


def shaded(mean: float, darkness: float, length: int = 5) -> Evidence:
    return replace(word(mean, length), shades=np.full(length, np.log(darkness)))


def sized(mean: float, height: float, length: int = 5) -> Evidence:
    return replace(word(mean, length), heights=np.full(length, np.log(height)))


@pytest.mark.parametrize(
    ("looking", "labels", "answers", "doubtful"),
    [
        # Labels are black and the pen is grey, and both show themselves elsewhere on the page.
        (shaded, (200, 190), (90, 95), (92, 195)),
        # A regular hand looks printed, and its letters are twice as high as the labels.
        (sized, (12, 14), (27, 30), (28, 13)),
    ],
)
def test_a_doubtful_word_goes_with_the_hand_or_press_that_looks_like_it(looking, labels, answers, doubtful):
    printed_words = [Run(Where.MARGIN, tuple(looking(PRESS, look) for look in labels))] * 5
    written_words = [Run(Where.CELLS, (looking(HAND, look),)) for look in answers] * 4
    known = [*printed_words, *written_words]
    chances = [float(chances_of_print([*known, Run(Where.MARGIN, (looking(0.4, look),))])[-1][0]) for look in doubtful]
    unknown = float(chances_of_print([*known, line(0.4, where=Where.MARGIN)])[-1][0])
    assert chances[0] < SURELY_HAND < unknown <= chances[1]


def test_the_shade_says_nothing_where_all_ink_is_as_dark():
    """As on a fax."""
    labels = [Run(Where.MARGIN, (shaded(PRESS, 255),))] * 5
    answers = [Run(Where.CELLS, (shaded(HAND, 255),))] * 8
    (seen,), (unseen,) = (
        chances_of_print([*labels, *answers, Run(Where.MARGIN, (found,))])[-1]
        for found in (shaded(0.4, 255), word(0.4))
    )
    assert abs(seen - unseen) < 0.1


def test_headings_as_high_as_the_hand_are_print_and_small_letters_are_not():
    labels = [Run(Where.MARGIN, (sized(PRESS, 12),))] * 5
    answers = [Run(Where.CELLS, (sized(HAND, 27),))] * 8
    heading, note = Run(Where.MARGIN, (sized(PRESS, 27),)), Run(Where.MARGIN, (sized(HAND, 13),))
    chances = [float(found[0]) for found in chances_of_print([*labels, *answers, heading, note])[-2:]]
    assert chances[0] > SURELY_PRINT
    assert chances[1] < SURELY_HAND


def test_pale_scraps_beside_frames_are_no_hand_of_a_blank_form():
    """Printed hints in grey, and walls of frames nobody found, are all of one shade and height, and not the labels'."""
    labels = [Run(Where.MARGIN, (shaded(PRESS, 250), shaded(PRESS, 245)))] * 8
    scraps = [Run(Where.MARGIN, (shaded(mean, 35),)) for mean in (0.8, 0.3, -0.4, 1.2, 0.7)]
    chances = [float(found[0]) for found in chances_of_print([*labels, *scraps])[8:]]
    assert min(chances) > NO_LABEL


def test_a_clear_hand_in_another_shade_is_a_hand_all_the_same():
    answers = [Run(Where.FREE, (shaded(HAND, 90),))] * 8
    labels = [Run(Where.FREE, (shaded(PRESS, 200),))] * 8
    assert chances_of_print([*labels, *answers, Run(Where.FREE, (shaded(HAND, 200),))])[-1][0] < SURELY_HAND


def test_where_a_rule_begins_a_word_may_change_its_kind_for_less():
    odds, gaps = np.array([1.7, 1.5, 1.9, -0.2, -0.6, -0.4]), np.full(5, 6.0)
    evidence = Evidence(odds, np.ones(6))
    assert changes_of_kind(evidence, gaps, np.zeros(5, np.bool_)) == []
    assert changes_of_kind(evidence, gaps, np.arange(5) == 2) == [3]


def test_blank_fields_are_not_print():
    blank = Run(Where.CELLS, (Evidence.none(0),))
    assert printed([blank, line(PRESS, where=Where.CELLS, length=9)])[0] == [False]


@pytest.mark.parametrize(
    ("odds", "gaps", "changes"),
    [
        ([1.9, 1.8, 2.0, 1.7, -1.2, -0.9, -1.5], [2, 2, 2, 9, 6, 6], [4]),
        # A colon may be of either: the gap tells.
        ([1.9, 1.8, 2.0, 1.7, 0.4, -1.2, -0.9, -1.5, -1.0], [2, 2, 2, 3, 9, 6, 6, 6], [5]),
        ([-1.2, -0.9, -1.5, -1.1, 1.8, 1.9, 1.5], [6, 6, 6, 9, 2, 2], [4]),
        # A hand that is regular in places, and a press that is worn, are one all the same.
        ([-0.9, -1.4, -0.2, -0.8, 0.3, -0.1, 0.2], [6, 6, 6, 6, 6, 6], []),
        ([1.9, 1.2, 2.0, 0.8, 0.6, 1.2, 1.8], [2, 2, 2, 2, 2, 2], []),
        # A blank in a printed sentence, and two of them.
        ([1.9] * 5 + [-1.2] * 5 + [1.9] * 6, [2] * 4 + [5] * 6 + [2] * 5, [5, 10]),
        ([1.9] * 5 + [-1.2] * 5 + [1.9] * 6 + [-1.0] * 4, [2] * 4 + [5] * 6 + [2] * 5 + [5] * 4, [5, 10, 16]),
        # Plain strokes among a word's letters, and a letter as plain as print.
        ([-1.5, 1.2, 1.4, 1.3, -1.2, -1.4], [6, 6, 6, 6, 6], []),
        # One glyph says nothing.
        ([1.9, 1.8, 1.9, 2.0, 1.7, -2.0], [2, 2, 2, 2, 9], []),
        ([1.9, -2.0], [9], []),
    ],
)
def test_a_word_changes_its_kind_where_a_label_ends(odds, gaps, changes):
    evidence = Evidence(np.array(odds), np.ones(len(odds)))
    assert changes_of_kind(evidence, np.array(gaps, float), np.zeros(len(gaps), np.bool_)) == changes
