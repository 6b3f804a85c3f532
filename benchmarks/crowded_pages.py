"""Still more pages: several cards on a sheet, security paper, units and text beside cells, and hands that fit badly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.form_page import BLACK, BOTTOM, GREY, LEFT, RIGHT, Color, FormPage, comb, title

SMALL_PRINT = """
the applicant confirms that all statements made in this form are complete and true and that any change will be notified
without delay processing is based on the terms in force at the date of receipt copies of documents need not be returned
"""


def guilloche(page: FormPage) -> None:
    """Security paper: fine pale waves under everything."""
    pale: Color = ((205, 225, 215), (225, 210, 220), (205, 215, 235))[int(page.random.integers(3))]
    draw, x = ImageDraw.Draw(page.print), np.linspace(0, 210, 900)
    phase, step = page.chance(0, 6), page.chance(2.2, 3.5)
    for y in np.arange(-6, 303, step).tolist():
        for sign in (1, -1):
            wave = y + sign * 4 * np.sin(x / 9 + phase + 0.15 * y)
            points = np.stack((x, wave), axis=1) * page.dpi / 25.4
            draw.line(list(map(tuple, points)), pale, max(1, round(page.pixels(0.15)[0])))
    y, width = title(page), page.chance(5, 6.5)
    while y < BOTTOM:
        page.label(LEFT, y)
        comb(page, y + 4.5, width, 1.25 * width, 0, lambda x, top: page.box(x, top, width, 1.25 * width))
        y += 1.25 * width + 9.5


def four_cards(page: FormPage) -> None:
    """Four equal cards on a sheet, to be cut apart along dashed lines."""
    for top in (10.0, 148.0):
        for left in (10.0, 108.0):
            page.label(left + 3, top + 3, "Visitor card", 4.5)
            y = top + 14
            for label in ("Name", "Company", "Visiting", "Car no.", "Date"):
                page.label(left + 3, y, label, 3)
                page.line(left + 24, y + 5, left + 88, y + 5, 0.25)
                if page.random.random() < 0.9:
                    page.on_line(page.answer(14), left + 26, y + 4.3, page.chance(4, 5), left + 88)
                y += 11
            page.label(left + 3, y, "Badge", 3)
            for k in range(6):
                page.box(left + 24 + k * 6, y - 1, 6, 7.5)
            page.in_cells(page.digits(6), left + 24, y - 1, 6, 7.5, 6)
    for k in range(0, 290, 4):
        page.line(105, k, 105, k + 2, 0.2)
        page.line(k * 0.71, 143, k * 0.71 + 1.4, 143, 0.2)


def small_print(page: FormPage) -> None:
    """Two columns of terms in fine print, and combs between them."""
    y = title(page)
    while y < BOTTOM - 22:
        for left, right in ((LEFT, 102.0), (108.0, RIGHT)):
            end = _paragraph(page, left, y, right, int(page.random.integers(3, 6)))
            page.label(left, end + 1)
            for k in range(int((right - left) / 5.2)):
                page.box(left + k * 5.2, end + 5.5, 5.2, 6.6)
            page.in_cells(page.answer(int((right - left) / 5.2)), left, end + 5.5, 5.2, 6.6, 5.2)
        y += 34


def units(page: FormPage) -> None:
    """Words and signs before, between and after the cells of an amount, a time or a measure."""
    y, width = title(page), page.chance(5, 6.5)
    high = 1.25 * width
    kinds = (("Total due", "EUR", 5, ",", 2, ""), ("Body height", "", 3, "", 0, "cm"), ("Start", "", 2, ":", 2, "h"))
    while y < BOTTOM:
        x = LEFT
        for _ in range(2):
            label, before, whole, sign, part, after = kinds[int(page.random.integers(3))]
            _text(page, x, y + 2.2, label)
            x += 24
            _text(page, x, y + 2.2, before)
            x += 9 if before else 0
            for count in (whole, part):
                for k in range(count):
                    page.box(x + k * width, y, width, high)
                page.in_cells(page.digits(count), x, y, width, high, width)
                x += count * width
                if count == whole and sign:
                    _text(page, x + 0.6, y + high - 5, sign)
                    x += 2.5
            _text(page, x + 1, y + 2.2, after)
            x += 12
        y += high + page.chance(4, 7)


def rounded(page: FormPage) -> None:
    """Cells with round corners, apart from each other, on a pale ground or none."""
    y, width, gap = title(page), page.chance(5.5, 7), page.chance(0.8, 1.6)
    high, radius, ground = 1.25 * width, page.chance(0.8, 1.8), page.random.random() < 0.5
    draw = ImageDraw.Draw(page.print)

    def cell(x: float, top: float) -> None:
        corners = page.pixels(x, top, x + width, top + high)
        fill = (255, 255, 255) if ground else None
        draw.rounded_rectangle(corners, page.pixels(radius)[0], fill, GREY, max(1, round(page.pixels(0.25)[0])))

    if ground:
        page.box(12, 28, 186, 250, fill=(232, 236, 240))
    while y < BOTTOM:
        page.label(LEFT, y)
        comb(page, y + 4.5, width, high, gap, cell)
        y += high + 9.5


def carbon_copy(page: FormPage) -> None:
    """The third sheet of a set: print and writing equally blue, pale and soft."""
    y = title(page, (110, 120, 175))
    while y < BOTTOM:
        page.label(LEFT, y, color=(110, 120, 175))
        comb(page, y + 4.5, 7, 8.5, 0, lambda x, top: page.box(x, top, 7, 8.5, (120, 130, 180)))
        y += 18
    page.ink = np.rint(255 - 0.62 * (255.0 - page.ink)).astype(np.uint8)


def small_hand(page: FormPage) -> None:
    """A small hand in generous cells, lying low or to one side."""
    y, width = title(page), page.chance(7.5, 9)
    high, fill = 1.2 * width, page.chance(0.3, 0.42)
    while y < BOTTOM:
        page.label(LEFT, y)
        comb(page, y + 4.5, width, high, 0, lambda x, top: page.box(x, top, width, high), fill, 0.15 * width)
        y += high + 9.5


def large_hand(page: FormPage) -> None:
    """A large hand that reaches over the rails of its cells."""
    y, width = title(page), page.chance(5.5, 6.5)
    high, fill = 1.1 * width, page.chance(0.95, 1.1)
    while y < BOTTOM:
        page.label(LEFT, y)
        comb(page, y + 5, width, high, 0, lambda x, top: page.box(x, top, width, high), fill)
        y += high + 10.5


def margin_titles(page: FormPage) -> None:
    """Sections in frames, their titles standing on end in a bar at the left."""
    y = title(page)
    while y < BOTTOM - 40:
        rows = int(page.random.integers(3, 5))
        high = 10.5 * rows + 3
        page.box(LEFT, y, 8, high, fill=(70, 70, 70))
        page.box(LEFT, y, RIGHT - LEFT, high)
        font = ImageFont.load_default(size=max(6, *page.pixels(4)))
        name = Image.new("RGB", tuple(round(v) for v in page.pixels(high - 2, 6)), (70, 70, 70))
        ImageDraw.Draw(name).text((name.width / 2, name.height / 2), "APPLICANT", (255, 255, 255), font, anchor="mm")
        page.print.paste(name.rotate(90, expand=True), tuple(round(v) for v in page.pixels(LEFT + 1, y + 1)))
        for row in range(rows):
            top = y + 2.5 + 10.5 * row
            page.label(LEFT + 11, top + 2)
            for k in range(20):
                page.box(LEFT + 45 + k * 6, top, 6, 7.6)
            page.in_cells(page.answer(20), LEFT + 45, top, 6, 7.6, 6)
        y += high + 5


def deposit_slips(page: FormPage) -> None:
    """Three slips on a sheet: lines, a box for the amount, a comb for the date, printed numbers below."""
    for y in (12.0, 105.0, 198.0):
        page.box(12, y, 186, 80, (150, 150, 170), fill=None)
        page.label(18, y + 4, "First Savings Bank", 5)
        for label, x0, x1, row in (("Pay to", 30, 130, 22), ("Sum in words", 42, 130, 36), ("Purpose", 36, 130, 50)):
            page.label(18, y + row - 3.5, label, 3)
            page.line(x0, y + row, x1, y + row, 0.25)
            page.on_line(page.answer(14), x0 + 2, y + row - 0.8, page.chance(4, 5), x1)
        page.label(140, y + 12, "Amount")
        page.box(140, y + 16, 52, 11)
        page.on_line(page.digits(6), 144, y + 25, page.chance(4.5, 6), 190)
        page.label(140, y + 31, "Date")
        for k in range(8):
            page.box(140 + k * 6, y + 35, 6, 7.5)
        page.in_cells(page.digits(8), 140, y + 35, 6, 7.5, 6)
        _text(page, 40, y + 70, "000417  502193 04  71882605", 4.2)


def drop_shadow(page: FormPage) -> None:
    """White answer boxes with a dark edge below and at the right, as office programs draw them."""
    y = title(page)
    while y < BOTTOM:
        page.label(LEFT, y + 2.5)
        page.box(LEFT + 41, y + 1, 90, 9, fill=(150, 150, 150))
        page.box(LEFT + 40, y, 90, 9, fill=(255, 255, 255))
        page.box(LEFT + 40, y, 90, 9)
        if page.random.random() < 0.9:
            page.on_line(page.answer(16), LEFT + 43, y + 7, page.chance(4.2, 5.2), LEFT + 129)
        y += 14


def tally(page: FormPage) -> None:
    """A wide table: names printed at the left, numbers by hand in the columns, totals below a bold rule."""
    y, high, first, wide = title(page), page.chance(7, 9), 55.0, page.chance(15, 22)
    columns, rows = int((RIGHT - first) / wide), int((BOTTOM - y) / high)
    for row in range(rows + 1):
        page.line(LEFT, y + row * high, first + columns * wide, y + row * high, 0.6 if row in (1, rows - 1) else 0.2)
    for x in (LEFT, *(first + k * wide for k in range(columns + 1))):
        page.line(x, y, x, y + rows * high, 0.2)
    for k in range(columns):
        _text(page, first + k * wide + 2, y + high / 3, f"Week {k + 1}", 3)
    for row in range(1, rows):
        name = "Total" if row == rows - 1 else page.one_of(("Apples", "Pears", "Bread", "Milk", "Station 4", "Butter"))
        _text(page, LEFT + 1.5, y + (row + 0.3) * high, name)
        for k in range(columns):
            if page.random.random() < 0.75:
                number = page.digits(int(page.random.integers(1, 4)))
                left = first + k * wide
                page.on_line(number, left + page.chance(2, 5), y + (row + 0.78) * high, 0.52 * high, left + wide)


def _text(page: FormPage, x: float, y: float, text: str, size: float = 3.4, color: Color = BLACK) -> None:
    if text:
        page.label(x, y, text, size, color)


def _paragraph(page: FormPage, left: float, top: float, right: float, lines: int) -> float:
    """Fine print from edge to edge; returns where it ends."""
    font = ImageFont.load_default(size=max(6, *page.pixels(2.1)))
    words, draw = SMALL_PRINT.split(), ImageDraw.Draw(page.print)
    for number in range(lines):
        text = page.one_of(words)
        while draw.textlength(text + " registered", font) * 25.4 / page.dpi < right - left:
            text += " " + page.one_of(words)
        draw.text(page.pixels(left, top + 2.7 * number), text, BLACK, font)
    return top + 2.7 * lines


LAYOUTS: dict[str, Callable[[FormPage], None]] = {
    "guilloche": guilloche, "four cards": four_cards, "small print": small_print, "units": units, "rounded": rounded,
    "carbon copy": carbon_copy, "small hand": small_hand, "large hand": large_hand, "margin titles": margin_titles,
    "deposit slips": deposit_slips, "drop shadow": drop_shadow, "tally": tally,
}  # fmt: skip
