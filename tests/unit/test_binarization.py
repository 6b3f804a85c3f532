from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import connected_components
from hcr_scan.segmentation.ink.binarization import (
    KEEP_TO,
    WORKING_SIZE,
    Paper,
    flatten_light,
    local_ink,
    working_raster,
)
from tests.frames import printed, with_grain
from tests.strokes import blank_page, draw_text


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_rasters_near_the_working_size_are_left_alone():
    gray = np.zeros((2200, 1700), np.uint8)
    same, to_working = working_raster(gray)
    assert same is gray
    assert to_working.point(3, 4) == (3, 4)


@pytest.mark.parametrize(("height", "width"), [(4400, 3400), (1754, 1240), (900, 700), (640, 5000)])
def test_other_rasters_are_brought_to_it_and_the_map_says_how(height, width):
    working, to_working = working_raster(np.full((height, width), 200, np.uint8))
    assert WORKING_SIZE <= max(working.shape) <= KEEP_TO * WORKING_SIZE
    corner = BoundingBox(0, 0, width, height)
    assert to_working.box(corner) == BoundingBox(0, 0, working.shape[1], working.shape[0])


def test_large_rasters_keep_their_ink_when_they_shrink(rng):
    page = blank_page(2400, 3500)
    draw_text(page, "SMALLER", 300, 300, 120, 9, rng)
    working, to_working = working_raster(printed(page))
    ratio = working.size / page.size
    assert (255.0 - working).sum() == pytest.approx((255.0 - printed(page)).sum() * ratio, rel=0.01)
    rows, columns = np.nonzero(working < 128)
    found = BoundingBox(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    rows, columns = np.nonzero(page > 127)
    drawn = BoundingBox(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    mapped = to_working.box(drawn)
    edges = zip((found.left, found.top, found.right, found.bottom),
                (mapped.left, mapped.top, mapped.right, mapped.bottom), strict=True)  # fmt: skip
    assert all(abs(one - other) <= 1 for one, other in edges)


@pytest.mark.parametrize("brightness", [255, 200, 90])
def test_paper_of_any_brightness_is_bare(brightness):
    paper = flatten_light(np.full((300, 400), brightness, np.uint8))
    assert not paper.darkness.any()
    assert paper.noise == 1.0


def test_uneven_light_is_divided_out(rng):
    page = blank_page(900, 700)
    draw_text(page, "LIGHT AND SHADE", 80, 300, 60, 5, rng)
    even = local_ink(flatten_light(printed(page))) >= 128
    light = np.linspace(1.0, 0.3, 900)[None, :] * np.linspace(0.8, 1.0, 700)[:, None]
    uneven = local_ink(flatten_light(np.rint(printed(page) * light).astype(np.uint8))) >= 128
    assert np.count_nonzero(even) > 5_000
    assert np.count_nonzero(even != uneven) < 0.02 * np.count_nonzero(even)


def test_noise_is_that_of_the_paper(rng):
    paper = flatten_light(with_grain(np.full((600, 600), 230, np.uint8), rng, 4.0))
    assert paper.noise == pytest.approx(4.0 * 255 / 226, rel=0.35)


def test_tinted_cells_are_no_grain(rng):
    page = np.full((900, 900), 230, np.uint8)
    for top in range(60, 860, 100):
        for left in range(60, 560, 50):
            page[top : top + 55, left : left + 45] = 205
    paper = flatten_light(with_grain(page, rng, 2.0))
    assert paper.noise < 6


def test_grain_is_no_more_ink_than_a_speck_here_and_there(rng):
    paper = flatten_light(with_grain(np.full((600, 600), 230, np.uint8), rng, 4.0))
    specks = connected_components((local_ink(paper) >= 112).astype(np.uint8))
    assert specks.areas.sum() < 0.005 * 600 * 600
    assert specks.areas.max(initial=0) <= 6


def test_pencil_and_marker_both_become_full_ink(rng):
    page = blank_page(900, 700)
    draw_text(page, "PENCIL", 80, 60, 60, 5, rng, darkness=80)
    draw_text(page, "MARKER", 80, 500, 60, 9, rng)
    ink = local_ink(flatten_light(printed(page)))
    assert ink[:200].max() == 255
    assert ink[450:].max() == 255


def test_what_is_much_fainter_than_the_writing_beside_it_fades(rng):
    page = blank_page(900, 300)
    draw_text(page, "GUIDE", 80, 100, 60, 5, rng)
    page[165:167] = np.maximum(page[165:167], 25)
    ink = local_ink(flatten_light(printed(page)))
    assert ink[165:167, 100:300].min() < 60


def test_a_pencil_beside_black_print_is_full_ink_where_its_darkness_is_known(rng):
    page = np.full((600, 600), 245, np.uint8)
    page[100:500, 100:108] = 5  # print
    page[100:500, 150:153] = 215  # a stroke of a pencil
    paper = flatten_light(with_grain(page, rng, 1.0))
    pencil = [np.median(ink[110:490, 151]) for ink in (local_ink(paper), local_ink(paper, 1.2 * 30))]
    assert pencil[0] < 112 < 180 < pencil[1]


def test_off_the_sheet_there_is_no_ink(rng):
    page = blank_page(800, 400)
    draw_text(page, "ON THE DESK", 60, 150, 60, 5, rng)
    sheet = np.zeros((400, 800), np.uint8)
    sheet[:, :300] = 255
    paper = flatten_light(printed(page), sheet)
    assert isinstance(paper, Paper)
    assert paper.darkness[:, :300].any()
    assert not paper.darkness[:, 300:].any()
