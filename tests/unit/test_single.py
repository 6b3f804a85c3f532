from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.segmentation.single import single_glyph
from tests.frames import nearly, printed
from tests.strokes import blank_page, draw_text


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_bare_images_have_no_glyph():
    for brightness in (0, 90, 255):
        assert single_glyph(np.full((80, 60), brightness, np.uint8)) is None


@pytest.mark.parametrize("size", [28, 64, 150])
@pytest.mark.parametrize("inverted", [False, True])
def test_dark_on_light_and_light_on_dark_are_the_same(rng, size, inverted):
    page = blank_page(size, size)
    (drawn,) = draw_text(page, "K", 0.25 * size, 0.2 * size, 0.6 * size, 0.08 * size, rng)
    found = single_glyph(page if inverted else printed(page))
    assert found is not None
    ink, box = found
    assert nearly(box, drawn, max(1, size // 40))
    assert ink.max() == 255


def test_all_pieces_of_a_character_are_kept_and_specks_are_not(rng):
    page = blank_page(100, 120)
    (drawn,) = draw_text(page, "i", 45, 20, 80, 8, rng)
    page[4:5, 4:5] = 255
    found = single_glyph(printed(page))
    assert found is not None
    assert nearly(found[1], drawn, 2)


def test_ink_up_to_the_edge_is_ink(rng):
    page = blank_page(50, 60)
    (drawn,) = draw_text(page, "H", 0, 2, 55, 5, rng)
    found = single_glyph(printed(page)[:, : drawn.right])
    assert found is not None
    assert nearly(found[1], drawn, 2)


@pytest.mark.parametrize(
    "darkest",
    [
        0.85,
        pytest.param(
            0.5, marks=pytest.mark.xfail(strict=True, reason="half the light across one character bends the background")
        ),
    ],
)
def test_uneven_light_changes_little(rng, darkest):
    page = blank_page(120, 120)
    draw_text(page, "R", 35, 25, 70, 7, rng)
    light = np.linspace(1.0, darkest, 120)[None, :]
    even, uneven = single_glyph(printed(page)), single_glyph(np.rint(printed(page) * light).astype(np.uint8))
    assert even is not None
    assert uneven is not None
    assert nearly(even[1], uneven[1], 2)
    crops = [normalize_glyph(ink, CropSpec()).astype(float) for ink in (even[0], uneven[0])]
    assert np.abs(crops[0] - crops[1]).mean() < 8
