"""Pages to measure on: 500 characters on A4 at 300 dpi, as free lines or in combs, in each format that offices send."""

from __future__ import annotations

import io
import os
import string
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "training")]

if TYPE_CHECKING:
    from hcr_scan_training.synthesis import Writer

DPI = 300
SIZE = (3508, 2480)
ROWS, COLUMNS = 20, 25
CHARACTERS = string.ascii_uppercase + string.digits

Page = npt.NDArray[np.uint8]
Hand = Callable[[Page, str, float, float, float], None]


def hand() -> tuple[str, Hand]:
    """Who writes, and a function that writes one character: ``(paper, text, left, top, height)``.

    A UNIPEN writer whom the model never saw where the data is at hand, else the pen alphabet of the tests.
    """
    held_out = held_out_writers()
    if not held_out:
        return "the pen alphabet of the tests", alphabet(6, 1.0)
    found = held_out[0]
    few = replace(found, samples={text: samples[:3] for text, samples in found.samples.items()})
    return f"UNIPEN writer {found.name}", hand_of(few, 6, 0.9)


def held_out_writers() -> list[Writer]:
    """UNIPEN writers whom the model never saw; none where the data is not at hand."""
    from hcr_scan_training.corpus import read_strokes, writer_is_held_out
    from hcr_scan_training.synthesis import load_writers

    file = Path(os.environ.get("HCR_SCAN_SHARED", "../shared")) / "characters" / "unipen_strokes.npz"
    if not file.exists():
        return []
    return [w for w in load_writers(read_strokes(file), CHARACTERS) if writer_is_held_out(w.name)]


def digilets_writers() -> list[Writer]:
    """The writers of DigiLeTs, whom no model saw either, their samples whole; none where the data is not at hand."""
    from hcr_scan_training.corpus import read_strokes
    from hcr_scan_training.synthesis import load_writers

    file = Path(os.environ.get("HCR_SCAN_SHARED", "../shared")) / "characters" / "digilets_strokes.npz"
    return load_writers(read_strokes(file), CHARACTERS) if file.exists() else []


def hand_of(writer: Writer, pen: float, darkness: float, broad: float = 0.9) -> Hand:
    """A writer with a pen of some width and darkness, who makes characters up to ``broad`` heights wide."""
    from hcr_scan.geometry import BoundingBox
    from hcr_scan_training.synthesis import Pen

    # Afresh, so that the same page comes out whatever was written before.
    writer = replace(writer)

    def write(paper: Page, text: str, left: float, top: float, height: float) -> None:
        box = BoundingBox(round(left), round(top), round(left + broad * height), round(top + height))
        writer.draw(paper, text, box, Pen(pen, darkness))

    return write


def alphabet(pen: float, darkness: float) -> Hand:
    """The pen alphabet of the tests, with a pen of some width and darkness."""
    from tests.strokes import draw_strokes, shape_glyph

    random = np.random.default_rng(3)

    def write(paper: Page, text: str, left: float, top: float, height: float) -> None:
        ink = 255 - paper
        draw_strokes(ink, shape_glyph(text, left, top, height, random, jitter=0.03), pen, round(255 * darkness))
        paper[:] = 255 - ink

    return write


def draw_page(kind: str) -> Page:
    """A grey scan, uint8 ``SIZE``: ``lines`` of words on plain paper, or ``cells`` of combs; 500 characters."""
    return draw_known_page(kind)[0]


def draw_known_page(kind: str) -> tuple[Page, str]:
    """The page of :func:`draw_page`, and the characters on it in reading order."""
    random = np.random.default_rng(11)
    paper = np.full(SIZE, 255, np.uint8)
    _, write = hand()
    written = ""
    pitch_y, pitch_x, height = 150, 86, 62
    for row in range(ROWS):
        top = 260 + row * pitch_y
        if kind == "cells":
            _draw_comb(paper, 130, top - 16, pitch_x, height + 32)
        for column in range(COLUMNS):
            # Words of five characters, a gap after each.
            left = 140 + column * pitch_x + (0 if kind == "cells" else 14 * (column // 5))
            text = CHARACTERS[int(random.integers(len(CHARACTERS)))]
            written += text
            write(paper, text, left + random.normal(0, 2), top + random.normal(0, 3), height)
    soft = np.asarray(Image.fromarray(paper).rotate(0.4, Image.Resampling.BICUBIC, fillcolor=255)
                      .filter(ImageFilter.GaussianBlur(0.7)), float)  # fmt: skip
    return np.clip(soft * 0.97 + random.normal(0, 2, SIZE), 0, 255).astype(np.uint8), written


def _draw_comb(paper: Page, left: int, top: int, width: int, height: int) -> None:
    right = left + COLUMNS * width
    for y in (top, top + height):
        paper[y : y + 3, left:right] = 165
    for x in range(left, right + 1, width):
        paper[top : top + height + 3, x : x + 3] = 165


FORMATS = ("jpeg", "jpeg-color", "png", "g4.tif", "scan.pdf")


def encode(page: Page, name: str) -> tuple[str, bytes]:
    """The suffix and the bytes of a page in one of :data:`FORMATS`."""
    image = Image.fromarray(page)
    output = io.BytesIO()
    if name == "jpeg":
        image.save(output, "JPEG", quality=85, dpi=(DPI, DPI))
    elif name == "jpeg-color":
        tinted = Image.merge("RGB", (image, image, image.point([v * 0.97 for v in range(256)])))
        tinted.save(output, "JPEG", quality=85, dpi=(DPI, DPI))
    elif name == "png":
        image.save(output, "PNG", dpi=(DPI, DPI))
    elif name == "g4.tif":
        Image.fromarray(page > 150).save(output, "TIFF", compression="group4", dpi=(DPI, DPI))
    elif name == "scan.pdf":
        image.save(output, "PDF", resolution=DPI, quality=85)
    else:
        raise ValueError(f"no format {name!r}; there are {', '.join(FORMATS)}")
    return "." + name.split(".")[-1].split("-")[0], output.getvalue()
