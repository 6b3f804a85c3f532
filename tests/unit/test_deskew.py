"""Pages of plain writing are leveled when all of them is tilted, and left alone otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.images import Components, connected_components, warp
from hcr_scan.segmentation.sheet.deskew import turned_back, writing_tilt

WIDTH, HEIGHT = 1600, 2200


def _writing(tilt: float, seed: int = 0, rows: int = 14) -> Components:
    """Rows of letters of uneven size and height, turned clockwise by ``tilt`` degrees."""
    random = np.random.default_rng(seed)
    page = np.zeros((HEIGHT, WIDTH), np.uint8)
    for top in range(300, 300 + 110 * rows, 110):
        for left in range(250, 1300, 70):
            height, drop = int(random.integers(35, 60)), int(random.integers(-4, 5))
            page[top + drop + 60 - height : top + drop + 60, left : left + 8] = 255
            page[top + drop + 52 : top + drop + 60, left : left + 34] = 255
    to_turned, width, height = turned_back(-tilt, WIDTH, HEIGHT)
    turned = warp(page, to_turned, width, height, fill=0)
    return connected_components((turned > 127).astype(np.uint8))


@pytest.mark.parametrize("tilt", [-13.0, -6.0, -2.5, 2.5, 4.0, 9.0, 14.0])
def test_tilt_of_a_page_is_found(tilt: float) -> None:
    assert writing_tilt(_writing(tilt)) == pytest.approx(tilt, abs=0.4)


@pytest.mark.parametrize("tilt", [-0.8, 0.0, 0.6])
def test_hand_that_climbs_a_little_is_left_alone(tilt: float) -> None:
    assert writing_tilt(_writing(tilt)) == 0.0


def test_few_letters_tell_nothing() -> None:
    assert writing_tilt(_writing(8.0, rows=1)) == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_letters_strewn_about_have_no_tilt(seed: int) -> None:
    random = np.random.default_rng(seed)
    page = np.zeros((HEIGHT, WIDTH), np.uint8)
    for x, y in random.uniform((0, 0), (WIDTH - 40, HEIGHT - 60), (120, 2)).astype(int):
        page[y : y + 45, x : x + 8] = 1
        page[y + 37 : y + 45, x : x + 30] = 1

    assert writing_tilt(connected_components(page)) == 0.0


@pytest.mark.parametrize("tilt", [-10.0, 7.0])
def test_no_corner_is_cut_off_when_a_page_is_turned_back(tilt: float) -> None:
    to_level, width, height = turned_back(tilt, WIDTH, HEIGHT)
    for x in (0, WIDTH):
        for y in (0, HEIGHT):
            across, down = to_level.point(x, y)
            assert -0.01 <= across <= width + 0.01
            assert -0.01 <= down <= height + 0.01
    assert to_level.tilt(WIDTH / 2, HEIGHT / 2) == pytest.approx(tilt)
