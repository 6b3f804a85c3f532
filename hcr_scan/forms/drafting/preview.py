"""A template drawn over its blanks, for people who name the fields."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hcr_scan.errors import UsageError
from hcr_scan.forms.blank import blank_of
from hcr_scan.forms.template import FieldKind, Template, TemplateField, TemplatePage
from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Gray

Color = tuple[int, int, int]

COLORS: dict[FieldKind, Color] = {
    FieldKind.CELLS: (200, 30, 30),
    FieldKind.CROSSED_CELLS: (220, 110, 0),
    FieldKind.BOX: (40, 80, 220),
    FieldKind.LINE: (150, 30, 170),
    FieldKind.CHECKBOX: (0, 130, 50),
    FieldKind.CHOICE: (0, 130, 140),
}
#: The page is lightened to this share of its contrast, so that colors stand out.
PAGE_CONTRAST = 0.5
#: Pages are drawn at least at this resolution, so that names fit between the lines of print.
SHARPEST = 300
#: Height of names, in inches, and the gap between pages, in pixels.
NAME_HEIGHT, PAGE_GAP = 0.06, 20


def draw_preview(template: Template) -> bytes:
    """A PNG of all pages, one below the other, with the boxes, names and kinds of their fields.

    Raises:
        UsageError: a blank cannot be read any more.
    """
    drawn = [_page(page, _pixels(page)) for page in template.pages]
    width = max(image.width for image in drawn)
    sheet = Image.new("RGB", (width, sum(image.height + PAGE_GAP for image in drawn) - PAGE_GAP), (128, 128, 128))
    top = 0
    for image in drawn:
        sheet.paste(image, (0, top))
        top += image.height + PAGE_GAP
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()


def _pixels(page: TemplatePage) -> Gray:
    try:
        return blank_of(page).pixels
    except ValueError as error:
        raise UsageError(f"pages[{page.number - 1}].blank: {error}") from error


def _page(page: TemplatePage, pixels: Gray) -> Image.Image:
    lightened = (255 - (255 - pixels.astype(np.float32)) * PAGE_CONTRAST).astype(np.uint8)
    image = Image.fromarray(lightened).convert("RGB")
    # Whole factors keep the print sharp.
    scale = max(1, round(SHARPEST / page.dpi + 0.25))
    image = image.resize((image.width * scale, image.height * scale), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    # The font that comes with Pillow: no font need be installed.
    font = ImageFont.load_default(round(NAME_HEIGHT * page.dpi * scale))
    stroke = max(1, round(page.dpi * scale / 150))
    for field in page.fields:
        _frames(draw, field, scale, stroke)
    for field in page.fields:
        place = (field.box.left * scale, max(field.box.top * scale - 2 * stroke, 0))
        color = COLORS[field.kind]
        # Labels printed behind the names must stay legible: they tell what the names should be.
        draw.text(place, field.name, fill=color, font=font, anchor="lb", stroke_width=1, stroke_fill=(255, 255, 255))
    return image


def _frames(draw: ImageDraw.ImageDraw, field: TemplateField, scale: int, stroke: int) -> None:
    color = COLORS[field.kind]
    for cell in field.cells:
        _frame(draw, cell, color, scale, 1)
    for option in field.options:
        _frame(draw, option.box, color, scale, stroke)
    if not field.options:
        _frame(draw, field.box, color, scale, stroke, stroke)


def _frame(
    draw: ImageDraw.ImageDraw, box: BoundingBox, color: Color, scale: int, stroke: int, outside: int = 0
) -> None:
    left, top, right, bottom = (edge * scale for edge in box.as_list())
    corners = (left - outside, top - outside, max(right - 1, left) + outside, max(bottom - 1, top) + outside)
    draw.rectangle(corners, outline=color, width=stroke)
