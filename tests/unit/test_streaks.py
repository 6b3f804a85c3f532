from __future__ import annotations

import cv2
import numpy as np
import pytest

from hcr_scan.images import Gray
from hcr_scan.segmentation.sheet.streaks import without_streaks


def written() -> Gray:
    """Strokes up, down, across and slanted, a frame that ends at the margins, on grained paper."""
    page = np.full((1600, 1200), 245, np.uint8)
    cv2.rectangle(page, (60, 60), (1140, 1540), 100, 2)
    for k in range(10):
        cv2.line(page, (150, 150 + 130 * k), (450, 250 + 130 * k), 40, 6)
        cv2.line(page, (300 + 8 * k, 150 + 130 * k), (300 + 8 * k, 230 + 130 * k), 40, 9)
    grain = np.random.default_rng(3).normal(0, 2, page.shape)
    return (page + grain).clip(0, 255).astype(np.uint8)


def with_streaks(page: Gray, columns: list[tuple[int, int]], factor: float) -> Gray:
    streaked = page.astype(float)
    for start, stop in columns:
        streaked[:, start:stop] *= factor
    return streaked.astype(np.uint8)


@pytest.mark.parametrize("lying", [False, True])
@pytest.mark.parametrize("factor", [0.9, 0.5, 0.1])
def test_streaks_are_gone_and_strokes_are_whole(factor: float, lying: bool) -> None:
    page = written()
    columns = [(320, 323), (800, 801), (1000, 1004)]
    streaked = with_streaks(page, columns, factor)
    mended = without_streaks(streaked.T.copy()).T if lying else without_streaks(streaked)
    off = np.abs(mended.astype(int) - page)
    assert np.mean(off > 40) < 0.0005
    assert off[:, 460:].max() < 30


def test_a_frame_and_lines_that_do_not_lie_straight_are_none() -> None:
    page = written()
    assert without_streaks(page) is page
    cv2.line(page, (700, 0), (712, 1599), 100, 2)
    cv2.line(page, (0, 300), (1199, 309), 100, 2)
    assert without_streaks(page) is page


def test_a_grid_is_none() -> None:
    page = written()
    page[:, 40::60] = 120
    page[40::60] = 120
    assert without_streaks(page) is page


def test_small_pictures_have_none() -> None:
    for shape in ((1, 1), (3, 2000), (2000, 3), (40, 40)):
        page = np.full(shape, 200, np.uint8)
        assert without_streaks(page) is page


def test_a_streak_hardly_shows_on_the_dark_roller() -> None:
    page = written()
    page[:40] = page[-40:] = 20
    streaked = with_streaks(page, [(800, 803)], 0.4)
    streaked[:10], streaked[-20:] = page[:10], page[-20:]
    mended = without_streaks(streaked)
    assert np.abs(mended.astype(int) - page)[60:-60].max() < 40
