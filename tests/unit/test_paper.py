"""The sheet in a photo is found and laid flat; scans, shaded pages and pages of several colors are left whole."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from hcr_scan.geometry import Homography, quarter_turn
from hcr_scan.images import Gray, gaussian_blur, warp
from hcr_scan.segmentation.ink.binarization import flatten_light
from hcr_scan.segmentation.sheet.paper import homography_between, lay_flat, paper_quad, paper_region

WIDTH, HEIGHT = 1700, 2300
SHEET = np.array([[0, 0], [1240, 0], [1240, 1754], [0, 1754]], np.float64)
QUAD = np.array([[260, 310], [1420, 270], [1500, 2040], [190, 1990]], np.float64)


def _page(width: int, height: int, paper: int = 225, ink: int = 60) -> Gray:
    """Rows of strokes as tall as letters, kept off the edges."""
    page = np.full((height, width), paper, np.uint8)
    for top in range(120, height - 160, 90):
        for left in range(120, width - 140, 60):
            page[top : top + 45, left : left + 7] = ink
            page[top + 20 : top + 26, left : left + 30] = ink
    return page


def _desk(brightness: int, seed: int = 0) -> Gray:
    """Wood: grain along the desk, and fine noise."""
    random = np.random.default_rng(seed)
    grain = np.repeat(random.normal(0, 0.12, (HEIGHT // 12 + 1, 1)), 12, axis=0)[:HEIGHT]
    noise = random.normal(0, 0.03, (HEIGHT, WIDTH))
    return np.clip(brightness * (1 + grain + noise), 0, 255).astype(np.uint8)


def _photo(desk: Gray, corners: npt.NDArray[np.float64] = QUAD) -> Gray:
    """A written sheet lying on a desk, seen at an angle."""
    page = _page(1240, 1754)
    to_photo = homography_between(SHEET, corners)
    seen = warp(page, to_photo, WIDTH, HEIGHT)
    on_sheet = warp(np.full_like(page, 255), to_photo, WIDTH, HEIGHT, fill=0)
    return gaussian_blur(np.where(on_sheet > 127, seen, desk).astype(np.uint8), 1.0)


def _truth(corners: npt.NDArray[np.float64] = QUAD) -> npt.NDArray[np.bool_]:
    full = np.full((1754, 1240), 255, np.uint8)
    return np.asarray(warp(full, homography_between(SHEET, corners), WIDTH, HEIGHT, fill=0) > 127)


@pytest.mark.parametrize("brightness", [30, 80, 130, 165])
def test_sheet_on_a_desk_is_found_to_its_edge(brightness: int) -> None:
    region = paper_region(_photo(_desk(brightness)))

    assert region is not None
    found, truth = region > 0, _truth()
    assert (found & truth).sum() / (found | truth).sum() > 0.94
    assert (found & ~truth).sum() < 0.003 * truth.sum()


def test_corners_lie_just_inside_the_sheet() -> None:
    region = paper_region(_photo(_desk(90)))
    assert region is not None
    quad = paper_quad(region)

    assert quad is not None
    assert np.abs(quad - QUAD).max() < 40


def test_laid_flat_sheet_is_a_rectangle_of_its_shape() -> None:
    flat = lay_flat(QUAD, WIDTH, HEIGHT)

    assert flat is not None
    to_flat, width, height = flat
    corners = np.array([to_flat.point(*corner) for corner in QUAD.tolist()])
    assert corners == pytest.approx(np.array([[0, 0], [width, 0], [width, height], [0, height]]), abs=1e-6)
    assert max(width, height) == max(WIDTH, HEIGHT)
    assert width / height == pytest.approx(1240 / 1754, rel=0.05)


def test_sheet_that_leaves_the_picture_has_no_quad() -> None:
    beyond = QUAD + np.array([[0, 0], [0, 0], [0, 600], [0, 600]])
    region = paper_region(_photo(_desk(90), beyond))

    assert region is not None
    assert region[-1].max() == 255, "the sheet goes on to the picture's end"
    assert paper_quad(region) is None


def test_too_steep_a_sheet_is_not_laid_flat() -> None:
    steep = np.array([[700, 300], [1000, 300], [1600, 2000], [100, 2000]], np.float64)

    assert lay_flat(steep, WIDTH, HEIGHT) is None


def _with_header_bar() -> Gray:
    page = _page(WIDTH, HEIGHT, paper=255)
    page[:90] = 185
    page[30:60, 100:900:14] = 255
    return page


def _with_white_panel() -> Gray:
    page = _page(WIDTH, HEIGHT, paper=200)
    page[600:2000, 200:1500] = 250
    return page


def _in_shadow(penumbra: float) -> Gray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    away = (columns * 0.9 + rows * 0.4 - 1150) / penumbra
    light = 0.6 + 0.4 / (1 + np.exp(np.clip(-away, -50, 50)))
    noise = np.random.default_rng(1).normal(0, 3, (HEIGHT, WIDTH))
    return np.clip(_page(WIDTH, HEIGHT) * light + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(_page(WIDTH, HEIGHT, paper=255, ink=0), id="scan"),
        pytest.param(_page(WIDTH, HEIGHT, paper=170), id="grey paper"),
        pytest.param(_with_header_bar(), id="header bar"),
        pytest.param(_with_white_panel(), id="white panel on a grey page"),
        pytest.param(_in_shadow(2.0), id="hard shadow"),
        pytest.param(_in_shadow(60.0), id="soft shadow"),
        pytest.param(np.full((HEIGHT, WIDTH), 255, np.uint8), id="blank"),
        pytest.param(np.zeros((HEIGHT, WIDTH), np.uint8), id="black"),
        pytest.param(np.full((1, 900), 128, np.uint8), id="one row"),
    ],
)
def test_page_that_fills_the_picture_is_left_whole(page: Gray) -> None:
    assert paper_region(page) is None


def test_black_border_of_a_photocopy_takes_no_writing_with_it() -> None:
    page = _page(WIDTH, HEIGHT, paper=250)
    page[:, :70] = 15
    page[-60:] = 15
    region = paper_region(page)

    assert region is None or (region[100:-160, 110:] > 0).all()


def test_off_the_sheet_there_is_no_ink_and_near_its_edge_no_false_ink() -> None:
    photo = _photo(_desk(165))
    region = paper_region(photo)
    assert region is not None
    paper = flatten_light(photo, region)

    assert paper.darkness[region == 0].max() == 0
    blank = np.full((1754, 1240), 255, np.uint8)
    blank[100:-100, 100:-100] = 0
    margin = (warp(blank, homography_between(SHEET, QUAD), WIDTH, HEIGHT, fill=0) == 255) & (region > 0)
    assert np.percentile(paper.darkness[margin], 99) < 26


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_quarter_turn_goes_where_rot90_puts_the_pixel(turns: int) -> None:
    raster = np.zeros((4, 7), np.uint8)
    raster[1, 5] = 1
    row, column = np.argwhere(np.rot90(raster, -turns))[0]

    assert quarter_turn(turns, 7, 4).point(5.5, 1.5) == (column + 0.5, row + 0.5)


def test_homography_tilt_is_what_the_map_takes_out() -> None:
    c, s = np.cos(np.radians(5)), np.sin(np.radians(5))
    turned_back = Homography((float(c), float(s), 0.0, float(-s), float(c), 0.0, 0.0, 0.0, 1.0))

    assert turned_back.tilt(10, 10) == pytest.approx(5)
