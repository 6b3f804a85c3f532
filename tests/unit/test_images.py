"""The wrappers of hcr_scan.images that are more than a call of OpenCV."""

from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.images import inked_box, row_sums


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (300, 2000)])
@pytest.mark.parametrize("length", [1, 5, 9, 29])
def test_row_sums_are_those_of_a_window_slid_along_each_row(shape: tuple[int, int], length: int) -> None:
    image = np.random.default_rng(length).integers(0, 30, shape).astype(np.uint8)
    padded = np.pad(image.astype(int), ((0, 0), (length // 2, length // 2)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, length, axis=1).sum(axis=2)
    assert np.array_equal(row_sums(image, length), np.minimum(windows, 255))


def test_the_inked_box_is_tight() -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[4:7, 10] = mask[5, 10:25] = 1
    assert inked_box(mask) == (10, 4, 25, 7)


def test_the_inked_box_of_nothing_is_empty() -> None:
    assert inked_box(np.zeros((5, 5), np.uint8)) == (0, 0, 0, 0)
