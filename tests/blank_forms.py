"""Blank forms, drawn to the pixel: what stands where is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hcr_scan.geometry import BoundingBox
from tests.frames import Page, draw_box, draw_comb
from tests.pdf_writer import build_pdf

SIZE = (1654, 2339)


@dataclass(frozen=True)
class BlankForm:
    """A blank of 200 dpi: ink, uint8, 255 = black, and the insides of what there is to fill in."""

    ink: Page
    combs: list[list[BoundingBox]]
    check_boxes: list[BoundingBox]
    boxes: list[BoundingBox]
    #: The lines to write on: the space above each.
    lines: list[BoundingBox]

    def save(self, path: Path, angle: float = 0.0) -> Path:
        """Write it as an image, turned counter-clockwise by some degrees."""
        image = Image.fromarray(255 - self.ink)
        if angle:
            image = image.rotate(angle, Image.Resampling.BICUBIC, expand=angle % 90 == 0, fillcolor=255)
        image.save(path, dpi=(200, 200))
        return path


def draw_blank_form(darkness: int = 150) -> BlankForm:
    """A page with a heading, labelled combs, check boxes, a box with a caption and lines to write on."""
    width, height = SIZE
    ink = np.zeros((height, width), np.uint8)
    label(ink, 500, 120, "APPLICATION FOR A LIBRARY CARD", 40)
    ink[172:175, 500:1180] = 255  # The heading is underlined.
    combs, lines = [], []
    for row, (name, count) in enumerate((("Surname", 16), ("First name", 16), ("Date of birth", 8), ("City", 12))):
        top = 300 + 110 * row
        label(ink, 120, top + 10, name)
        combs.append(draw_comb(ink, 420, top, count, darkness=darkness))
    check_boxes = []
    for column, name in enumerate(("adult", "child", "pensioner")):
        box = BoundingBox(420 + 330 * column, 800, 420 + 330 * column + 26, 826)
        draw_box(ink, box, darkness)
        label(ink, box.right + 14, 798, name)
        check_boxes.append(box)
    for row, name in enumerate(("Street", "Telephone")):
        y = 980 + 100 * row
        label(ink, 120, y - 34, name)
        ink[y : y + 2, 420:1300] = darkness
        lines.append(BoundingBox(420, y - 60, 1300, y))
    box = BoundingBox(420, 1250, 1220, 1500)
    draw_box(ink, box, darkness)
    label(ink, 430, 1258, "Signature", 24)
    label(ink, 120, 1700, "I have read the terms and agree with all that stands in them, now and later.")
    return BlankForm(ink, combs, check_boxes, [box], lines)


def label(ink: Page, left: int, top: int, text: str, size: int = 30) -> None:
    """Print a text on a page of ink."""
    image = Image.fromarray(ink)
    ImageDraw.Draw(image).text((left, top), text, fill=255, font=ImageFont.load_default(size))
    ink[:] = np.asarray(image)


def fillable_pdf() -> bytes:
    """A page of 400 x 300 points with form fields of all kinds."""
    widgets = [
        b"/FT /Tx /T (Surname) /Ff 16777218 /MaxLen 10 /Rect [20 250 220 270]",  # Comb and required.
        b"/FT /Tx /T (dateOfBirth[0]) /TU (Date of birth) /Rect [20 200 120 220]",
        b"/FT /Tx /T (Remarks) /Ff 4096 /Rect [20 100 220 180]",  # Many lines.
        b"/FT /Btn /T (news.letter) /AS /Off /AP << /N << /On 5 0 R /Off 5 0 R >> >> /Rect [250 250 262 262]",
        b"/FT /Ch /T (Country) /Ff 131072 /Opt [(Norway) (Chile)] /Rect [250 200 350 220]",  # To choose from.
        b"/Parent 12 0 R /AS /Off /AP << /N << /male 5 0 R /Off 5 0 R >> >> /Rect [250 150 262 162]",
        b"/Parent 12 0 R /AS /Off /AP << /N << /female 5 0 R /Off 5 0 R >> >> /Rect [300 150 312 162]",
        b"/FT /Btn /Ff 65536 /T (Send) /Rect [250 20 350 40]",  # A button to press.
    ]
    numbers = [6, 7, 8, 9, 10, 11, 13, 14]
    radio = b"<< /FT /Btn /Ff 49154 /T (Sex) /Kids [11 0 R 13 0 R] >>"  # Radio buttons, required.
    bodies = {number: b"<< /Subtype /Widget /P 3 0 R %s >>" % w for number, w in zip(numbers, widgets, strict=True)}
    bodies[12] = radio
    annotations = b" ".join(b"%d 0 R" % number for number in numbers)
    top_level = b" ".join(b"%d 0 R" % number for number in (6, 7, 8, 9, 10, 12, 14))
    return build_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%s] >> >>" % top_level,
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Rotate 0 /Annots [%s] /Contents 4 0 R >>"
            % annotations,
            b"<< /Length 0 >>\nstream\n\nendstream",
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 12 12] /Length 0 >>\nstream\n\nendstream",
            *(bodies[number] for number in range(6, 15)),
        ]
    )
