"""What was found, drawn over the page: for people who want to see why a page reads as it does."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hcr_scan.document import Field, Glyph, Line, Page, Status
from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Gray

Color = tuple[int, int, int]

BLANK_COLOR: Color = (170, 170, 170)
REJECTED_COLOR: Color = (150, 0, 150)
FRAME_COLOR: Color = (70, 120, 220)

#: Confidences from here to 1 run from red through amber to green; below all is red.
REDDEST = 0.5

#: Height of the names of fields, in inches.
NAME_HEIGHT = 0.06

#: The page is lightened to this share of its contrast, so that colours stand out.
PAGE_CONTRAST = 0.6


def upright(pixels: Gray, rotation: int) -> Gray:
    """The pixels turned clockwise by ``rotation`` degrees (0, 90, 180 or 270), as the page's boxes are meant."""
    return np.ascontiguousarray(np.rot90(pixels, -(rotation // 90)))


def draw_overlay(pixels: Gray, page: Page) -> bytes:
    """A PNG of the page with every box and reading.

    Glyphs are framed in the colour of their confidence with what was read above them, rejected ones in purple, blank
    cells thin and grey, fields and lines in blue. Below fields of a template stand their names, and their values where
    those are not read from glyphs.

    Args:
        pixels: The page as it was loaded, before it was turned upright.
        page: What was read on it.
    """
    gray = upright(pixels, page.rotation)
    lightened = (255 - (255 - gray.astype(np.float32)) * PAGE_CONTRAST).astype(np.uint8)
    image = Image.fromarray(lightened).convert("RGB")
    draw = ImageDraw.Draw(image)
    stroke = max(1, round(page.dpi / 150))
    for field in page.fields:
        _draw_part(draw, field, stroke)
    for line in page.lines:
        _draw_part(draw, line, stroke)
    if page.template is not None:
        for field in page.fields:
            _name(draw, field, round(NAME_HEIGHT * page.dpi), stroke)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()


def color_of(glyph: Glyph) -> Color:
    """Red where the reading is a guess, green where it is sure."""
    if glyph.status is Status.BLANK:
        return BLANK_COLOR
    if glyph.status is Status.REJECTED:
        return REJECTED_COLOR
    sureness = min(max((glyph.confidence - REDDEST) / (1 - REDDEST), 0.0), 1.0)
    return round(220 * min(1.0, 2 - 2 * sureness)), round(170 * min(1.0, 2 * sureness)), 0


def _draw_part(draw: ImageDraw.ImageDraw, part: Field | Line, stroke: int) -> None:
    _frame(draw, part.box.grown(2 * stroke), FRAME_COLOR, stroke)
    for glyph in part.glyphs:
        color = color_of(glyph)
        _frame(draw, glyph.box, color, 1 if glyph.status is Status.BLANK else stroke)
        if glyph.text:
            _label(draw, glyph.box, glyph.text, color)


def _name(draw: ImageDraw.ImageDraw, field: Field, size: int, stroke: int) -> None:
    said = field.name if field.glyphs or not field.value else f"{field.name}: {field.value}"
    place = (field.box.left, field.box.bottom + 3 * stroke)
    font = ImageFont.load_default(max(size, 10))
    # Print behind the names must not make them illegible.
    draw.text(place, said, fill=FRAME_COLOR, font=font, anchor="lt", stroke_width=stroke, stroke_fill=(255, 255, 255))


def _frame(draw: ImageDraw.ImageDraw, box: BoundingBox, color: Color, stroke: int) -> None:
    corners = (box.left, box.top, max(box.right - 1, box.left), max(box.bottom - 1, box.top))
    draw.rectangle(corners, outline=color, width=stroke)


def _label(draw: ImageDraw.ImageDraw, box: BoundingBox, text: str, color: Color) -> None:
    size = min(max(round(box.height * 0.5), 10), 60)
    # The font that comes with Pillow: no font need be installed.
    font = ImageFont.load_default(size)
    x, _ = box.center
    draw.text((x, box.top), text, fill=color, font=font, anchor="mb")
