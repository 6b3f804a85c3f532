"""Grain on forms printed on tint, whose fields are paler: neither paper nor frames are what it makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from hcr_scan.images import Gray, box_blur
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation.ink.binarization import GRAINY, flatten_light
from hcr_scan.segmentation.segment import segment
from hcr_scan.settings import Layout
from tests.frames import as_image, draw_form, expected, patterns, printed, strong_pieces


def tinted(step: int, seed: int) -> Gray:
    """Two columns of fields that are paler than the page by ``step``, and grain of 7 levels."""
    page = np.full((2200, 1700), 150, np.uint8)
    for top in range(150, 2000, 140):
        page[top : top + 60, 120:800] += step
        page[top : top + 60, 900:1580] += step
    grain = np.random.default_rng(seed).normal(0, 7, page.shape)
    return np.clip(box_blur(page, 5, 5) + grain, 0, 255).astype(np.uint8)


def test_grain_is_known_where_paper_is_of_two_kinds() -> None:
    assert 4 < flatten_light(tinted(12, 1), panels=True).noise < 12


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("step", [12, 18])
def test_grain_along_the_edges_of_pale_fields_closes_no_cells(step: int, seed: int) -> None:
    """The edges are rails, and grain has walls for them everywhere."""
    found = segment(as_image(tinted(step, seed)), Layout.AUTO, CropSpec(), None)
    assert [field for field in found.fields if field.kind == "cells"] == []


def test_the_grain_of_a_photo_in_poor_light_is_no_ink() -> None:
    """It made tens of thousands of pieces beside a pencil, which is hardly darker: words in print, stops in cells."""
    rng = np.random.default_rng(3)
    form = draw_form(darkness=120)
    pencil = np.where(form.page > 120, 80, form.page).astype(np.uint8)
    grain = box_blur(np.clip(rng.normal(128, 28, pencil.shape), 0, 255).astype(np.uint8), 2, 2) - 128.0
    dim = np.clip(60 + 0.5 * box_blur(printed(pencil), 3, 3) + 0.6 * grain, 0, 255).astype(np.uint8)
    paper = flatten_light(dim, panels=True)
    assert paper.noise > GRAINY
    assert len(strong_pieces(paper)) < 4 * sum(len(row) for row in form.rows)
    found = segment(as_image(dim), Layout.AUTO, CropSpec(), None)
    assert patterns(found) == expected(form.rows)
