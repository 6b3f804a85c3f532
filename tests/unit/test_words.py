from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.segmentation.lines.words import space_threshold, word_breaks

LETTERS = [0.3, 0.25, 0.35, 0.28]


def test_gaps_all_alike_end_no_word():
    assert space_threshold(np.array(LETTERS * 3)) == np.inf
    assert word_breaks(np.array(LETTERS * 3), np.inf) == []


def test_wide_gaps_among_narrow_ones_end_words():
    gaps = np.array([*LETTERS, 1.1, *LETTERS, 0.9, *LETTERS])
    assert word_breaks(gaps, space_threshold(gaps)) == [4, 9]


@pytest.mark.parametrize("scale", [0.6, 1.0, 2.0])
def test_each_writer_has_a_spacing(scale):
    gaps = np.array([*LETTERS, 1.1, *LETTERS, 0.9, *LETTERS]) * scale
    assert word_breaks(gaps, space_threshold(gaps)) == [4, 9]


def test_a_short_line_leans_on_the_page():
    page = space_threshold(np.array([*LETTERS, 1.1, *LETTERS, 0.9, *LETTERS]))
    assert word_breaks(np.array([0.3, 1.0, 0.25]), page) == [1]
    assert word_breaks(np.array([0.3]), page) == []


def test_letters_written_far_apart_are_not_words():
    """An alphabet: the gaps differ, but words of one letter each make no sense."""
    gaps = np.array([0.5, 0.9, 1.0, 0.45, 0.95, 1.1, 0.9])
    assert word_breaks(gaps, 0.7) == []


def test_negative_gaps_are_letter_gaps():
    gaps = np.array([-0.1, -0.2, 0.9, -0.1, 0.0, -0.15])
    assert word_breaks(gaps, space_threshold(gaps)) == [2]


def test_no_gaps():
    assert space_threshold(np.array([])) == np.inf
    assert word_breaks(np.array([]), 0.5) == []
