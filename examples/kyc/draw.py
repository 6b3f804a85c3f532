"""Draws the form of this folder anew: its blank, and filled copies as a scanner sees them.

    HCR_SCAN_SHARED=path/to/data python examples/kyc/draw.py

writes blank.png, filled.tif and truth.csv; the template kyc.toml is written by hand. The same pixels come out every
time.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from examples.draw import BLUE_BLACK, DPI, PENCIL, Sheet, fill_comb, writers  # noqa: E402
from hcr_scan_training.synthesis import Pen, Writer  # noqa: E402

A4 = (1654, 2339)
CELL = (50, 60)
SIDE = 36


@dataclass(frozen=True)
class Comb:
    """A row of cells: label, where it begins, and how many there are."""

    label: str
    left: int
    top: int
    cells: int


COMBS = {
    "surname": Comb("1 Surname", 140, 420, 22),
    "given_names": Comb("2 Given names", 140, 540, 22),
    "date_of_birth": Comb("3 Date of birth (day, month, year)", 140, 660, 8),
    "country": Comb("4 Nationality (code)", 700, 660, 2),
    "tax_number": Comb("5 Tax number", 1000, 660, 10),
    "street": Comb("7 Street and number", 140, 920, 22),
    "city": Comb("8 City", 140, 1040, 16),
    "postcode": Comb("9 Postcode", 1000, 1040, 6),
    "card": Comb("10 Card number", 140, 1160, 16),
    "salary": Comb("11 Income from work", 140, 1420, 7),
    "rent": Comb("12 Income from rent", 600, 1420, 7),
    "total": Comb("13 Income in all", 1060, 1420, 7),
}
GENDER = {"female": 420, "male": 640, "other": 840}
GENDER_TOP = 800
CONSENT = (140, 1620)

PEOPLE = (
    {
        "surname": "WHITFIELD", "given_names": "MARGARET JUNE", "date_of_birth": "17031968", "country": "GB",
        "tax_number": "LWKPM4821H", "street": "28 QUAYSIDE LANE", "city": "HYDERABAD", "postcode": "500034",
        "card": "4539578763621486", "salary": "48200", "rent": "6150", "total": "54350",
        "gender": "female", "consent": "yes",
    },
    {
        "surname": "DVORAK", "given_names": "TOMAS", "date_of_birth": "29021984", "country": "CZ",
        "tax_number": "BQZRT7093K", "street": "FLAT 9 HILL ROAD", "city": "MUMBAI", "postcode": "400051",
        "card": "5425233430109903", "salary": "39075", "rent": "0", "total": "39075",
        "gender": "male", "consent": "yes",
    },
    {
        "surname": "BERGSTROM", "given_names": "EVA LINNEA", "date_of_birth": "08111995", "country": "SE",
        "tax_number": "CFJXN5560D", "street": "114 STATION AVENUE", "city": "CHENNAI", "postcode": "600020",
        "card": "4916338506082832", "salary": "61300", "rent": "1725", "total": "63025",
        "gender": "female", "consent": "",
    },
    {
        "surname": "OKAFOR", "given_names": "BLESSING", "date_of_birth": "30061979", "country": "NG",
        "tax_number": "HYVGE2417S", "street": "5B MARKET STREET", "city": "KOLKATA", "postcode": "700016",
        "card": "4024007134564842", "salary": "27840", "rent": "3300", "total": "31140",
        "gender": "other", "consent": "yes",
    },
)  # fmt: skip


def blank() -> Sheet:
    """The form as it is printed."""
    sheet = Sheet(A4)
    sheet.label("KNOW YOUR CUSTOMER", 140, 110, 56, 30)
    sheet.label("Form K-7", 1370, 120, 36, 30)
    sheet.label(
        "Please write one block letter or digit in each box, with a dark pen, and tick what applies.", 140, 200, 28
    )
    sheet.line(140, 260, 1514, 260, 40, 4)
    sheet.label("A  You", 140, 290, 36, 30)
    for comb in COMBS.values():
        sheet.label(comb.label, comb.left, comb.top - 38, 26)
        sheet.comb(comb.left, comb.top, comb.cells, 150, CELL)
    sheet.label("6 Gender", 140, GENDER_TOP + 2, 26)
    for name, left in GENDER.items():
        _square(sheet, left, GENDER_TOP)
        sheet.label(name, left + 52, GENDER_TOP + 2, 26)
    sheet.line(140, 1270, 1514, 1270, 40, 4)
    sheet.label("B  Your income in a year, in whole units", 140, 1300, 36, 30)
    sheet.line(140, 1540, 1514, 1540, 40, 4)
    _square(sheet, *CONSENT)
    sheet.label(
        "14 I agree that these data are kept for as long as the law demands.", CONSENT[0] + 56, CONSENT[1] + 2, 26
    )
    small = "Form K-7 is read by machine. Please do not fold it, and do not write outside of the boxes."
    sheet.label(small, 140, 2200, 24)
    return sheet


def filled(person: dict[str, str], writer: Writer, pen: Pen, seed: int) -> Sheet:
    """A copy in somebody's hand. Numbers stand at the right end of their cells."""
    random = np.random.default_rng(seed)
    sheet = blank()
    for name, comb in COMBS.items():
        text = person[name]
        skipped = comb.cells - len(text) if name in ("salary", "rent", "total") else 0
        fill_comb(sheet, writer, text, comb.left + skipped * CELL[0], comb.top, CELL, pen)
    ticked = [(GENDER[person["gender"]], GENDER_TOP)] + [CONSENT] * bool(person["consent"])
    for left, top in ticked:
        x, y = left + random.normal(14, 3), top + random.normal(28, 3)
        points = [(x - 12, y - 14), (x, y), (x + random.uniform(22, 34), y - random.uniform(30, 48))]
        inked = Image.fromarray(sheet.ink)
        ImageDraw.Draw(inked).line(points, fill=round(255 * (1 - pen.darkness)), width=round(pen.width), joint="curve")
        sheet.ink = np.asarray(inked).copy()
    return sheet


def _square(sheet: Sheet, left: int, top: int) -> None:
    for x in (left, left + SIDE):
        sheet.line(x, top, x, top + SIDE, 90)
    for y in (top, top + SIDE):
        sheet.line(left, y, left + SIDE, y, 90)


def main() -> None:
    blank().printed.save(HERE / "blank.png", dpi=(DPI, DPI), optimize=True)
    hands = writers()
    pages = []
    for number, (person, writer) in enumerate(zip(PEOPLE, hands, strict=False), 1):
        color = PENCIL if number == 3 else BLUE_BLACK
        sheet = filled(person, writer, Pen(4.2, 0.9), number)
        page = sheet.scanned(color, (250, 249, 245), (0.8, -1.6, 2.4, -0.4)[number - 1], number)
        # The second sheet was fed upside down, the third was scanned at another resolution.
        page = {2: page.rotate(180), 3: page.resize((1240, 1754))}.get(number, page)
        pages.append(page.convert("L"))
    pages[0].save(
        HERE / "filled.tif", save_all=True, append_images=pages[1:], compression="jpeg", quality=45, dpi=(DPI, DPI)
    )
    with (HERE / "truth.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(PEOPLE[0]))
        table.writeheader()
        table.writerows(PEOPLE)


if __name__ == "__main__":
    main()
