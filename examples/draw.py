"""Draws the filled forms of this folder anew, in the hands of UNIPEN writers that the shipped model never saw.

    HCR_SCAN_SHARED=path/to/data python examples/draw.py

writes examples/forms/ and, beside it, truth.json: what stands on each page. HCR_SCAN_SHARED is the folder that holds
characters/unipen_strokes.npz (see README.md here). The same pixels come out every time.
"""

from __future__ import annotations

import json
import string
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from hcr_scan.geometry import BoundingBox
from hcr_scan_training.corpus import read_strokes, shared_folder, writer_is_held_out
from hcr_scan_training.synthesis import Pen, Writer, load_writers

HERE = Path(__file__).parent
DPI = 200
A4 = (1654, 2339)
A5 = (1165, 1654)
BLUE_BLACK = (38, 42, 92)
PENCIL = (84, 84, 88)

APPLICATION = (
    [
        ("Surname", 16, "WHITFIELD"),
        ("Given names", 20, "MARGARET JUNE"),
        ("Date of birth (DDMMYYYY)", 8, "17031968"),
        ("Member number", 10, "4096253781"),
        ("Street and house number", 22, "28 QUAYSIDE LANE"),
        ("Town", 16, "KIRKBY"),
        ("Postcode", 8, "LX47 9ZB"),
        ("Telephone", 12, "01632960548"),
    ],
    [
        ("Employer", 22, "HEXWORTH JOINERY"),
        ("Occupation", 16, "CARPENTER"),
        ("Account", 18, "GB29VQPX60161331"),
        ("Vehicle", 10, "BD51 SMR"),
        ("Next of kin", 20, "OLIVER WHITFIELD"),
        ("Date (DDMMYYYY)", 8, "05112026"),
    ],
)
FAXES = (
    [("Customer", 18, "BERGSTROM"), ("Order", 8, "70419"), ("Article", 10, "KX2286"), ("Pieces", 4, "35")],
    [("Customer", 18, "DVORAK AND SON"), ("Order", 8, "70420"), ("Article", 10, "FJ9134"), ("Pieces", 4, "8")],
)
LETTER = (
    "DELIVERY NOTE 4471",
    "LEFT AT THE SIDE DOOR",
    "BY THE NEIGHBOUR AT 16",
    "TWO BOXES AND ONE PIPE",
    "VAN 83 DRIVER JACK QUINN",
    "PLEASE SIGN BY FRIDAY 9",
)
CHARACTERS = "AEGKMNRTW2358"

#: Writers held out of training, and how many samples a character are drawn from: some later ones are broken in the set.
WRITERS = ("ced:CYPL9614", "uqb:ja_3828", "syn:spd", "aga:AnnZchrl", "ibm:r03-15")
SAMPLES = 3


@dataclass
class Sheet:
    """A page while it is drawn: print and ink apart, both grey with paper 255."""

    size: tuple[int, int]
    printed: Image.Image = field(init=False)
    ink: npt.NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        self.printed = Image.new("L", self.size, 255)
        self.ink = np.full(self.size[::-1], 255, np.uint8)

    def label(self, text: str, left: int, top: int, size: int, grey: int = 60) -> None:
        ImageDraw.Draw(self.printed).text((left, top), text, fill=grey, font=ImageFont.load_default(size))

    def line(self, left: int, top: int, right: int, bottom: int, grey: int, width: int = 2) -> None:
        ImageDraw.Draw(self.printed).line((left, top, right, bottom), fill=grey, width=width)

    def comb(self, left: int, top: int, cells: int, grey: int, cell: tuple[int, int]) -> None:
        """Boxes in a row that share their walls."""
        width, height = cell
        for y in (top, top + height):
            self.line(left, y, left + cells * width, y, grey)
        for number in range(cells + 1):
            self.line(left + number * width, top, left + number * width, top + height, grey)

    def scanned(self, color: tuple[int, int, int], paper: tuple[int, int, int], tilt: float, seed: int) -> Image.Image:
        """The sheet as a colour scanner sees it: lying askew, a little soft, with grain."""
        random = np.random.default_rng(seed)
        covered = 1 - self.ink[..., None] / 255
        rgb = np.asarray(self.printed)[..., None] / 255 * np.array(paper, float)
        rgb = rgb * (1 - covered) + np.minimum(rgb, np.array(color, float)) * covered
        image = Image.fromarray(np.rint(rgb).astype(np.uint8))
        image = image.rotate(tilt, Image.Resampling.BICUBIC, fillcolor=paper).filter(ImageFilter.GaussianBlur(0.6))
        grain = random.normal(0, 2.0, (*self.ink.shape, 1))
        return Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))

    def faxed(self, tilt: float, seed: int) -> Image.Image:
        """The sheet after a fax machine: one bit a pixel, and specks."""
        grey = self.scanned((40, 40, 40), (240, 240, 240), tilt, seed).convert("L")
        black = np.asarray(grey) < 150
        specks = np.random.default_rng(seed).random(black.shape) < 0.00004
        return Image.fromarray(~(black | specks))


def fill_comb(sheet: Sheet, writer: Writer, text: str, left: int, top: int, cell: tuple[int, int], pen: Pen) -> None:
    """One character a cell, as people do it: not quite centred, not all of one height."""
    random = np.random.default_rng(len(text) * 1000 + left + top)
    width, height = cell
    for number, character in enumerate(text):
        if character == " ":
            continue
        tall = int(height * random.uniform(0.62, 0.74))
        x = left + number * width + 6 + int(random.normal(0, 1.5))
        y = top + (height - tall) // 2 + int(random.normal(0, 2))
        writer.draw(sheet.ink, character, BoundingBox(x, y, x + width - 12, y + tall), pen)


def form(title: str, fields: list[tuple[str, int, str]], writer: Writer, grey: int, pen: Pen) -> Sheet:
    """A printed form of comb fields, filled in."""
    sheet = Sheet(A4)
    sheet.label(title, 150, 130, 52)
    sheet.label("Please write one block letter or digit in each box, with a dark pen.", 150, 210, 28)
    cell = (56, 68)
    for row, (label, cells, text) in enumerate(fields):
        top = 330 + row * 200
        sheet.label(label, 150, top, 28)
        sheet.comb(150, top + 42, cells, grey, cell)
        fill_comb(sheet, writer, text, 150, top + 42, cell, pen)
    sheet.label("Form 12-B, page printed by the office. Do not write below this line.", 150, 2230, 24)
    return sheet


def letter(lines: tuple[str, ...], writer: Writer) -> Sheet:
    """A ruled page, written on in free block letters."""
    sheet = Sheet(A5)
    pitch, first = 130, 260
    for number in range(10):
        sheet.line(60, first + number * pitch, A5[0] - 60, first + number * pitch, 195)
    sheet.line(140, 40, 140, A5[1] - 40, 205)
    for number, text in enumerate(lines):
        writer.write(sheet.ink, text, 175, first + number * pitch - 12, 34, Pen(4, 0.85))
    return sheet


def character(writer: Writer, text: str) -> Image.Image:
    """One character on a small card, as a demo hands it in."""
    sheet = Sheet((112, 112))
    writer.draw(sheet.ink, text, BoundingBox(24, 20, 88, 92), Pen(6, 0.9))
    return sheet.scanned((30, 30, 40), (244, 243, 238), 0, ord(text)).convert("L")


def writers() -> list[Writer]:
    """The hands of :data:`WRITERS`."""
    strokes = read_strokes(shared_folder() / "characters" / "unipen_strokes.npz")
    hands = {writer.name: writer for writer in load_writers(strokes, string.ascii_uppercase + string.digits)}
    assert all(writer_is_held_out(name) for name in WRITERS)
    return [Writer(name, {text: drawn[:SAMPLES] for text, drawn in hands[name].samples.items()}) for name in WRITERS]


def draw(folder: Path) -> dict[str, list[str]]:
    """Draw every page into ``folder``; returns the lines and fields of each page by ``file#page``."""
    first, second, third, fourth, fifth = writers()
    (folder / "characters").mkdir(parents=True, exist_ok=True)
    truth: dict[str, list[str]] = {}

    pages = [
        form(f"Membership application, page {number}", fields, first, 178, Pen(4.2, 0.9)).scanned(
            BLUE_BLACK, (250, 249, 245), tilt, number
        )
        for number, (fields, tilt) in enumerate(zip(APPLICATION, (0.7, -0.5), strict=True), 1)
    ]
    epoch = time.gmtime(0)
    pages[0].save(
        folder / "application.pdf", save_all=True, append_images=pages[1:], resolution=DPI, quality=55,
        creationDate=epoch, modDate=epoch, producer="hcr-scan examples/draw.py",
    )  # fmt: skip
    for number, fields in enumerate(APPLICATION, 1):
        truth[f"application.pdf#{number}"] = [text for _, _, text in fields]

    note = letter(LETTER, second).scanned(PENCIL, (252, 251, 247), -0.8, 5)
    note.save(folder / "delivery-note.jpg", quality=60, dpi=(DPI, DPI))
    truth["delivery-note.jpg#1"] = list(LETTER)

    faxes = [
        form("Order by fax", fields, writer, 90, Pen(4.4, 1)).faxed(tilt, number)
        for number, (fields, writer, tilt) in enumerate(zip(FAXES, (third, fourth), (0.4, -0.9), strict=True), 7)
    ]
    faxes[0].save(
        folder / "orders.tif", save_all=True, append_images=faxes[1:], compression="group4", dpi=(DPI, DPI)
    )  # fmt: skip
    for number, fields in enumerate(FAXES, 1):
        truth[f"orders.tif#{number}"] = [text for _, _, text in fields]

    for text in CHARACTERS:
        character(fifth, text).save(folder / "characters" / f"{text}.png", optimize=True)
        truth[f"characters/{text}.png#1"] = [text]
    return truth


if __name__ == "__main__":
    written = draw(HERE / "forms")
    (HERE / "truth.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    print(f"{len(written)} pages drawn into {HERE / 'forms'}", file=sys.stderr)
