"""A small form drawn for tests: its blank, filled copies of it, and the template that names its fields."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from hcr_scan.geometry import BoundingBox
from tests.strokes import draw_strokes, draw_text, shape_glyph

WIDTH, HEIGHT, DPI = 1240, 1754, 150
CELL, INK = 44, 230

#: What else is printed on the form.
SMALL_PRINT = (
    "Your data are kept for as long as you are a member, and given to nobody else.",
    "Members receive the quarterly letter and may vote in the yearly assembly.",
    "The fee is due in the first month of each year; half of it from July on.",
    "Leaving is possible at the end of a year, by a short note to the treasurer.",
)

Page = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Place:
    """A field of the form: what it is called, and where its (first) cell or box begins."""

    name: str
    kind: str
    left: int
    top: int
    cells: int = 1


FIELDS = (
    Place("surname", "cells", 320, 300, 14),
    Place("birth", "cells", 320, 420, 8),
    Place("member", "cells", 320, 540, 8),
    Place("remark", "line", 320, 680, 14),
    Place("agree", "checkbox", 320, 820),
)
OPTIONS = {"post": 320, "mail": 520, "phone": 720}
OPTIONS_TOP = 940
SIDE = 34


def draw_blank() -> Page:
    """The form as it is printed, uint8 ``(HEIGHT, WIDTH)``."""
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    draw = ImageDraw.Draw(image)
    font, large = ImageFont.load_default(26), ImageFont.load_default(44)
    draw.text((100, 90), "APPLICATION FOR MEMBERSHIP", font=large, fill=20)
    draw.text((100, 170), "Please write in capital letters, one in each box, with a dark pen.", font=font, fill=20)
    for place in FIELDS:
        draw.text((100, place.top + 6), place.name.capitalize(), font=font, fill=30)
    for k, line in enumerate(SMALL_PRINT):
        draw.text((100, 1060 + 40 * k), line, font=font, fill=40)
    for place in FIELDS[:3]:
        for k in range(place.cells):
            left = place.left + k * CELL
            draw.rectangle((left, place.top, left + CELL, place.top + CELL), outline=90, width=2)
    remark = FIELDS[3]
    draw.line((remark.left, remark.top + 52, remark.left + remark.cells * CELL, remark.top + 52), fill=90, width=2)
    for left, top in ((FIELDS[4].left, FIELDS[4].top), *((left, OPTIONS_TOP) for left in OPTIONS.values())):
        draw.rectangle((left, top, left + SIDE, top + SIDE), outline=60, width=2)
    for name, left in OPTIONS.items():
        draw.text((left + 50, OPTIONS_TOP + 2), name, font=font, fill=30)
    return np.asarray(image).copy()


def draw_filled(values: dict[str, str], seed: int = 5) -> Page:
    """A filled copy: text by field, ``yes`` for the check box, and for ``contact`` the options that are ticked."""
    random = np.random.default_rng(seed)
    ink = 255 - draw_blank()
    for place in FIELDS:
        value = values.get(place.name, "")
        if place.kind == "cells":
            for k, character in enumerate(value):
                if character != " ":
                    left, top = place.left + k * CELL + 13, place.top + 9
                    draw_strokes(ink, shape_glyph(character, left, top, 0.6 * CELL, random, jitter=0.03), 3.2, INK)
        elif place.kind == "line" and value:
            draw_text(ink, value, place.left + 10, place.top + 12, 32, 3.2, random, darkness=INK)
        elif value:
            _tick(ink, place.left, place.top)
    for option in values.get("contact", "").split():
        _tick(ink, OPTIONS[option], OPTIONS_TOP)
    return 255 - ink


def _tick(ink: Page, left: int, top: int) -> None:
    points = [(left + 6, top + 16), (left + 14, top + 27), (left + 38, top - 8)]
    draw_strokes(ink, [points], 3.2, INK)


def write_template(folder: Path) -> Path:
    """The template of the form with its blank, as files in a folder."""
    Image.fromarray(draw_blank()).save(folder / "blank.png", dpi=(DPI, DPI))
    lines = ['schema = "hcr-scan-template/1"', 'id = "membership"', "[[pages]]", 'blank = "blank.png"']
    knowledge = {
        "surname": 'charset = "upper"\nrequired = true',
        "birth": 'type = { kind = "date", formats = ["DDMMYYYY"] }\nnormalize = ["iso_date"]',
        "member": 'mask = "AA999999"',
    }
    for place in FIELDS:
        lines += ["[[pages.fields]]", f'name = "{place.name}"', f'kind = "{place.kind}"']
        lines += [f"box = {box_of(place).as_list()}"]
        lines += [f"cells = {place.cells}"] if place.kind == "cells" else []
        lines += [knowledge[place.name]] if place.name in knowledge else []
    options = ", ".join(
        f'{{ value = "{name}", box = {_square(left, OPTIONS_TOP).as_list()} }}' for name, left in OPTIONS.items()
    )
    lines += ["[[pages.fields]]", 'name = "contact"', 'kind = "choice"', f"options = [{options}]"]
    path = folder / "membership.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def box_of(place: Place) -> BoundingBox:
    """Where a field is on the blank."""
    if place.kind == "checkbox":
        return _square(place.left, place.top)
    height = 50 if place.kind == "line" else CELL
    return BoundingBox(place.left, place.top, place.left + place.cells * CELL, place.top + height)


def _square(left: int, top: int) -> BoundingBox:
    return BoundingBox(left + 1, top + 1, left + SIDE, top + SIDE)
