from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from hcr_scan.document import Field, Glyph, Page, Source, Status
from hcr_scan.geometry import BoundingBox
from hcr_scan.sinks.overlay import BLANK_COLOR, FRAME_COLOR, REJECTED_COLOR, color_of, draw_overlay

BOX = BoundingBox(100, 120, 140, 180)


def glyph(status: Status = Status.OK, confidence: float = 1.0, text: str = "A", box: BoundingBox = BOX) -> Glyph:
    return Glyph(box, text, confidence, status=status)


def drawn(glyphs: list[Glyph], rotation: int = 0) -> np.ndarray:
    """The overlay of a white page, 300 x 400 pixels upright, as RGB (height, width, 3)."""
    field = Field("f", "cells", BoundingBox(80, 100, 220, 200), "A", "A", 1.0, Status.OK, glyphs=tuple(glyphs))
    page = Page(Source("a.png"), 300, 400, 300, rotation, 0.0, fields=(field,))
    pixels = np.full((400, 300) if rotation % 180 == 0 else (300, 400), 255, np.uint8)
    with Image.open(io.BytesIO(draw_overlay(pixels, page))) as image:
        return np.asarray(image)


def test_sure_is_green_and_a_guess_is_red() -> None:
    sure, doubtful, guess = (color_of(glyph(confidence=c)) for c in (1.0, 0.75, 0.4))
    assert sure[1] > sure[0]
    assert guess[0] > guess[1]
    assert doubtful[0] > sure[0]
    assert doubtful[1] > guess[1]


@pytest.mark.parametrize(("status", "color"), [(Status.BLANK, BLANK_COLOR), (Status.REJECTED, REJECTED_COLOR)])
def test_what_is_not_read_has_its_own_colour(status: Status, color: tuple[int, int, int]) -> None:
    image = drawn([glyph(status, text="")])
    assert tuple(image[150, BOX.left]) == color
    assert tuple(image[BOX.top, 120]) == color


def test_glyphs_are_framed_and_labelled_in_their_colour() -> None:
    with_text, without = (drawn([glyph(text=text)]) for text in ("A", ""))
    color = color_of(glyph())
    assert tuple(with_text[150, BOX.right - 1]) == color
    above = (slice(BOX.top - 40, BOX.top), slice(BOX.left, BOX.right))
    assert (with_text[above] == color).all(axis=2).any()
    assert not (without[above] == color).all(axis=2).any()


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_overlay_is_upright_however_the_page_lay(rotation: int) -> None:
    image = drawn([glyph()], rotation)
    assert image.shape == (400, 300, 3)
    assert tuple(image[150, BOX.left]) == color_of(glyph())


def test_a_quarter_turn_is_clockwise() -> None:
    page = Page(Source("a.png"), 300, 400, 300, 90, 0.0)
    pixels = np.full((300, 400), 255, np.uint8)
    pixels[-1, 0] = 0  # the bottom left corner comes to the top left
    with Image.open(io.BytesIO(draw_overlay(pixels, page))) as image:
        dark = np.argwhere(np.asarray(image)[:, :, 0] < 200)
    assert dark.tolist() == [[0, 0]]


def test_boxes_that_leave_the_page_do_not_stop_the_drawing() -> None:
    assert drawn([glyph(box=BoundingBox(-20, -20, 5, 5)), glyph(box=BoundingBox(290, 390, 330, 420))]).shape == (
        400,
        300,
        3,
    )
    assert drawn([glyph(box=BoundingBox(50, 50, 50, 50))]).shape == (400, 300, 3)


def test_fields_of_a_template_have_their_names_below_and_values_without_glyphs() -> None:
    def ink_below(name: str, value: str, template: str | None) -> int:
        field = Field(name, "checkbox", BoundingBox(20, 100, 280, 200), value, value, 1.0, Status.OK)
        page = Page(Source("a.png"), 300, 400, 300, 0, 0.0, fields=(field,), template=template)
        with Image.open(io.BytesIO(draw_overlay(np.full((400, 300), 255, np.uint8), page))) as image:
            below = np.asarray(image)[210:260]
        return int((below == FRAME_COLOR).all(axis=2).sum())

    assert ink_below("surname", "", None) == 0
    name, longer, with_value = (ink_below(*said, "kyc") for said in (("sex", ""), ("sexes", ""), ("sex", "f")))
    assert 0 < name < longer
    assert name < with_value
