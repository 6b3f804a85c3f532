"""More pages that offices use: bars, panels, sentences with blanks, ledgers, cards, and people who cross the walls."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from PIL import ImageDraw, ImageFont

from benchmarks.form_page import BLACK, BOTTOM, GREY, LEFT, RIGHT, Color, FormPage, comb, title

WHITE: Color = (255, 255, 255)
WORDS = """
I the undersigned residing at hereby declare that on the day of the amount of was paid to my account and that
"""


def placeholders(page: FormPage) -> None:
    """Pale letters in the cells say what belongs there."""
    y, width = title(page), page.chance(5.5, 7)
    high, tone = 1.25 * width, int(page.random.integers(170, 215))
    while y < BOTTOM:
        mask = page.one_of(("DDMMYYYY", "DD/MM/YYYY", "XXXXXXXXXX", "YYYYMMDD"))
        page.label(LEFT, y)
        for k, letter in enumerate(mask):
            x = LEFT + k * width
            if letter != "/":
                page.box(x, y + 4.5, width, high)
            _centered(page, x, y + 4.5, width, high, letter, 0.55 * high, BLACK if letter == "/" else (tone,) * 3)
        filled, start = page.random.random() < 0.8, 0
        for part in mask.split("/"):
            if filled:
                page.in_cells(page.digits(len(part)), LEFT + start * width, y + 4.5, width, high, width)
            start += len(part) + 1
        y += high + 9.5


def separators(page: FormPage) -> None:
    """Groups of cells with a dash, a slash or a full stop printed between them."""
    y, width = title(page), page.chance(5, 7)
    high = 1.2 * width
    while y < BOTTOM:
        sign, gap, x = page.one_of(("-", "/", ".")), page.chance(2, 5), LEFT
        page.label(LEFT, y)
        for group in range(int(page.random.integers(2, 5))):
            if group:
                _centered(page, x - gap, y + 4.5, gap, high, sign, 0.6 * high)
            count = int(page.random.integers(2, 5))
            for k in range(count):
                page.box(x + k * width, y + 4.5, width, high)
            page.in_cells(page.digits(count), x, y + 4.5, width, high, width)
            x += count * width + gap
        y += high + 9.5


def section_bars(page: FormPage) -> None:
    """Dark bars with light titles, and under them frames of rows, each with a label and a comb."""
    y, width = title(page), page.chance(5, 6)
    high, start = 1.3 * width, LEFT + 32
    count = int((RIGHT - start) / width)
    while y < BOTTOM - 30:
        page.box(LEFT, y, RIGHT - LEFT, 6, fill=(25, 25, 60))
        page.label(LEFT + 1, y + 1.2, page.one_of(("Personal details", "Address", "For office use")), 3.6, WHITE)
        y += 6
        for _ in range(int(page.random.integers(2, 5))):
            page.box(LEFT, y, RIGHT - LEFT, high)
            page.label(LEFT + 1, y + high / 2 - 1.8)
            for k in range(count):
                page.line(start + k * width, y, start + k * width, y + high)
            page.in_cells(page.answer(count), start, y, width, high, width)
            y += high
        y += 4


def dark_panel(page: FormPage) -> None:
    """White cells and white labels on a strong color."""
    colors = ((190, 60, 60), (50, 110, 170), (60, 140, 90), (240, 160, 40))
    page.box(12, 8, 186, 280, fill=colors[int(page.random.integers(4))])
    page.label(LEFT, 12, "Order form", 7, WHITE)
    y, width, gap = 30.0, page.chance(5.5, 7), page.chance(0.3, 0.8)
    high = 1.25 * width
    while y < BOTTOM:
        page.label(LEFT, y, color=WHITE)
        comb(page, y + 4.5, width, high, gap, lambda x, top: page.box(x, top, width, high, fill=WHITE))
        y += high + 9.5


def boxed_lines(page: FormPage) -> None:
    """White boxes for an answer each, two on a row, on a pale panel."""
    page.box(8, 8, 194, 282, fill=(228, 236, 244))
    y = title(page)
    while y < BOTTOM:
        for x0, x1 in ((LEFT, 100.0), (106.0, RIGHT)):
            page.label(x0, y, size=3)
            page.box(x0, y + 4.3, x1 - x0, 8, fill=WHITE)
            if page.random.random() < 0.85:
                page.on_line(page.answer(14), x0 + 2.5, y + 10.9, page.chance(4.2, 5.2), x1 - 1)
        y += 15


def ledger(page: FormPage) -> None:
    """Amounts in narrow pale columns, flush right, a bold rule before the cents."""
    y, high, wide, count = title(page), page.chance(7, 9), page.chance(5, 6), 10
    rows, start = int((BOTTOM - y) / high), RIGHT - count * wide
    page.box(LEFT, y, RIGHT - LEFT, high, fill=(220, 230, 220))
    page.label(LEFT + 1, y + 2, "Item")
    page.label(start + 1, y + 2, "Amount")
    for row in range(rows + 1):
        page.line(LEFT, y + row * high, RIGHT, y + row * high)
    for x in (LEFT, RIGHT):
        page.line(x, y, x, y + rows * high)
    for k in range(count):
        bold = k in (0, count - 2)
        x = start + k * wide
        page.line(x, y, x, y + rows * high, 0.7 if bold else 0.12, BLACK if bold else (150, 170, 150))
    for row in range(1, rows):
        if page.random.random() < 0.85:
            page.on_line(page.answer(12), LEFT + 2, y + (row + 0.8) * high, high / 2, start - 1)
            amount = page.digits(int(page.random.integers(3, 9)))
            page.in_cells(amount, RIGHT - len(amount) * wide, y + row * high, wide, high, wide, fill=0.6)


def crossword(page: FormPage) -> None:
    """Squares between black ones, the first of each word with its number."""
    y, side, number = title(page), page.chance(8, 10), 0
    columns = int((RIGHT - LEFT) / side)
    for row in range(int((BOTTOM - y) / side)):
        top = y + row * side
        black = [-1, *np.flatnonzero(page.random.random(columns) < 0.2).tolist(), columns]
        for k in range(columns):
            page.box(LEFT + k * side, top, side, side, fill=BLACK if k in black else None)
        for before, after in pairwise(black):
            x, length = LEFT + (before + 1) * side, after - before - 1
            if length:
                number += 1
                page.label(x + 0.5, top + 0.3, str(number), 1.9)
                if page.random.random() < 0.7:
                    word = "".join(c for c in page.answer(30) if c.isalpha())
                    page.in_cells(word[:length], x, top, side, side, side, fill=0.6)


def stamped(page: FormPage) -> None:
    """Combs, a logo, a round stamp and a signature."""
    y = title(page)
    while y < BOTTOM - 40:
        page.label(LEFT, y)
        comb(page, y + 4.5, 6.0, 7.5, 0, lambda x, top: page.box(x, top, 6.0, 7.5))
        y += 17
    color = ((60, 60, 170), (170, 50, 50), (110, 60, 140))[int(page.random.integers(3))]
    x, y, draw = page.chance(120, 170), page.chance(200, 250), ImageDraw.Draw(page.print)
    for radius in (18.0, 12.5):
        circle = page.pixels(x - radius, y - radius, x + radius, y + radius)
        draw.ellipse(circle, None, color, max(1, round(page.pixels(0.6)[0])))
    _centered(page, x - 18, y - 3, 36, 6, "RECEIVED", 4, color)
    draw.polygon(page.pixels(170, 8, 186, 8, 178, 24), (30, 60, 120))
    page.line(LEFT, BOTTOM + 8, 95, BOTTOM + 8)
    page.label(LEFT, BOTTOM + 9, "Signature")
    t = np.linspace(0, 1, 200)
    scrawl = (LEFT + 5 + 55 * t + 4 * np.sin(37 * t), BOTTOM + 4 + 5 * np.sin(29 * t + 1) * np.cos(7 * t))
    page.stroke(np.stack(scrawl, axis=1))


def labels_left(page: FormPage) -> None:
    """A label and a comb, twice on a row."""
    y, width = title(page), page.chance(4.5, 5.5)
    high = 1.3 * width
    while y < BOTTOM:
        for left, right in ((LEFT, 102.0), (108.0, RIGHT)):
            page.label(left, y + high / 2 - 1.8)
            count = int((right - left - 28) / width)
            for k in range(count):
                page.box(left + 28 + k * width, y, width, high)
            page.in_cells(page.answer(count), left + 28, y, width, high, width)
        y += high + page.chance(2, 5)


def filled_cells(page: FormPage) -> None:
    """Letters as high as their cells, and some across the walls."""
    y, width = title(page), page.chance(5, 6.5)
    high, count = 1.15 * width, int((RIGHT - LEFT) / width)
    while y < BOTTOM:
        page.label(LEFT, y)
        for k in range(count):
            page.box(LEFT + k * width, y + 4.5, width, high)
        page.in_cells(page.answer(count), LEFT, y + 4.5, width, high, width, fill=0.98)
        y += high + 9.5


def double_walls(page: FormPage) -> None:
    """Each cell a box in a box."""
    y, width = title(page), page.chance(6, 7.5)
    high = 1.2 * width

    def cell(x: float, top: float) -> None:
        page.box(x, top, width, high)
        page.box(x + 0.6, top + 0.6, width - 1.2, high - 1.2)

    while y < BOTTOM:
        page.label(LEFT, y)
        comb(page, y + 4.5, width, high, 0.5, cell)
        y += high + 9.5


def manuscript(page: FormPage) -> None:
    """Rows of squares as close as lines of text."""
    y, side = title(page), page.chance(6, 7.5)
    count = int((RIGHT - LEFT) / side)
    tone = ((200, 120, 90), (120, 160, 120), GREY)[int(page.random.integers(3))]
    while y < BOTTOM:
        for k in range(count):
            page.box(LEFT + k * side, y, side, side, tone)
        if page.random.random() < 0.9:
            page.in_cells(f"{page.answer(30)} {page.answer(30)}"[:count], LEFT, y, side, side, side, fill=0.7)
        y += side + page.chance(1, 2)


def sentences(page: FormPage) -> None:
    """Printed sentences with blanks to fill in."""
    y, words = title(page) + 5, WORDS.split()
    font, draw = ImageFont.load_default(size=max(6, *page.pixels(4))), ImageDraw.Draw(page.print)
    while y < BOTTOM:
        x = LEFT
        while x < RIGHT - 20:
            text = " ".join(page.one_of(words) for _ in range(int(page.random.integers(1, 4))))
            draw.text(page.pixels(x, y - 4.2), text, BLACK, font)
            x += draw.textlength(text, font) * 25.4 / page.dpi + 1.5
            blank = page.chance(25, 50)
            if x + blank > RIGHT:
                break
            page.line(x, y, x + blank, y, 0.2)
            if page.random.random() < 0.85:
                page.on_line(page.answer(8), x + 1.5, y - 0.7, page.chance(4, 5), x + blank)
            x += blank + 1.5
        y += page.chance(10, 12)


def options(page: FormPage) -> None:
    """Questions with boxes to tick, and a line for another answer."""
    y = title(page)
    while y < BOTTOM:
        page.label(LEFT, y, "Which of these do you use most often?", 3.6)
        for k, label in enumerate(("Yes", "No", "Often", "Other:")):
            x = LEFT + k * 28
            page.box(x, y + 6, 4, 4)
            page.label(x + 5.5, y + 6, label, 3.4)
            if page.random.random() < 0.3:
                page.stroke(np.array([(x + 0.5, y + 8), (x + 1.8, y + 9.8), (x + 4.6, y + 5)]))
        page.line(LEFT + 100, y + 10, RIGHT, y + 10, 0.2)
        if page.random.random() < 0.85:
            page.on_line(page.answer(12), LEFT + 102, y + 9.3, page.chance(4, 5), RIGHT)
        y += 17


def index_card(page: FormPage) -> None:
    """A small ruled card with a red line under its heading."""
    width, height = 127.0, 76.0
    page.line(0, 16, width, 16, 0.4, (220, 90, 90))
    page.on_line(page.answer(14), 8, 14.5, page.chance(4.2, 5.2), width - 5)
    for y in np.arange(23, height - 4, 7).tolist():
        page.line(0, y, width, y, 0.2, (150, 180, 225))
        page.on_line(f"{page.answer(14)} {page.answer(8)}", 8, y - 0.7, page.chance(4.2, 5.2), width - 5)
    columns, rows = (round(length) for length in page.pixels(width, height))
    page.print, page.ink = page.print.crop((0, 0, columns, rows)), page.ink[:rows, :columns].copy()


def _centered(
    page: FormPage, x: float, y: float, width: float, height: float, text: str, size: float, color: Color = BLACK
) -> None:
    font = ImageFont.load_default(size=max(6, *page.pixels(size)))
    ImageDraw.Draw(page.print).text(page.pixels(x + width / 2, y + height / 2), text, color, font, anchor="mm")


LAYOUTS: dict[str, Callable[[FormPage], None]] = {
    "placeholders": placeholders, "separators": separators, "section bars": section_bars, "dark panel": dark_panel,
    "boxed lines": boxed_lines, "ledger": ledger, "crossword": crossword, "stamped": stamped,
    "labels left": labels_left, "filled cells": filled_cells, "double walls": double_walls,
    "manuscript": manuscript, "sentences": sentences, "options": options, "index card": index_card,
}  # fmt: skip
