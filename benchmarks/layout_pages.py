"""Pages of layouts that offices use, unlike each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
from PIL import ImageDraw

from benchmarks.form_page import BLACK, BOTTOM, GREY, HEIGHT, LEFT, RIGHT, WIDTH, FormPage, comb, title


def drop_out(page: FormPage) -> None:
    """Pale colored combs and labels."""
    pale = ((235, 150, 150), (160, 215, 160), (170, 190, 240), (250, 190, 120))[int(page.random.integers(4))]
    dark = (int(0.7 * pale[0]), int(0.7 * pale[1]), int(0.7 * pale[2]))
    y, width = title(page, dark), page.chance(5, 6.5)
    height = width * page.chance(1.1, 1.4)
    while y < BOTTOM:
        page.label(LEFT, y, color=dark)
        comb(page, y + 4.5, width, height, 0, lambda x, top: page.box(x, top, width, height, pale))
        y += height + 9.5


def shaded(page: FormPage) -> None:
    """White cells on a tinted panel."""
    grey = int(page.random.integers(190, 235))
    page.box(12, 8, 186, 280, fill=(grey, grey, min(255, grey + 15)))
    y, width, gap = title(page), page.chance(5, 7), page.chance(0.4, 1)
    while y < BOTTOM:
        page.label(LEFT, y)
        comb(
            page, y + 4.5, width, 1.2 * width, gap, lambda x, top: page.box(x, top, width, 1.2 * width, fill=(255,) * 3)
        )
        y += 1.2 * width + 9.5


def small_cells(page: FormPage) -> None:
    y, width = title(page), page.chance(3.8, 4.4)
    page.pen = replace(page.pen, width=max(1.2, page.pixels(0.3)[0]))
    while y < BOTTOM:
        page.label(LEFT, y, size=2.8)
        comb(page, y + 4, width, 1.3 * width, 0, lambda x, top: page.box(x, top, width, 1.3 * width))
        y += 1.3 * width + 8


def numbered_boxes(page: FormPage) -> None:
    """Large boxes, each with its number printed in a corner."""
    y, side = title(page), page.chance(10, 13)
    count = int((RIGHT - LEFT) / (side + 3))
    while y < BOTTOM:
        for k in range(count):
            page.label(LEFT + k * (side + 3) + 0.6, y, str(k + 1), 2.2)
        comb(page, y, side, side, 3, lambda x, top: page.box(x, top, side, side))
        y += side + 9


def open_combs(page: FormPage) -> None:
    """A line below, and walls that are no more than ticks."""
    y, width = title(page) + 6, page.chance(5.5, 7)
    while y < BOTTOM:
        tick = page.chance(1.5, 3)
        page.label(LEFT, y - 12)
        page.line(LEFT, y, LEFT + int((RIGHT - LEFT) / width) * width, y)
        for k in range(int((RIGHT - LEFT) / width) + 1):
            page.line(LEFT + k * width, y - tick, LEFT + k * width, y)
        page.in_cells(page.answer(int((RIGHT - LEFT) / width)), LEFT, y - 7, width, 7, width)
        y += 15


def dashed_walls(page: FormPage) -> None:
    """Rounded boxes with dashed walls inside."""
    y, width, height = title(page), 6.2, 8.0
    while y < BOTTOM:
        count = int(page.random.integers(8, 25))
        page.label(LEFT, y)
        top = y + 4.5
        corners = page.pixels(LEFT, top, LEFT + count * width, top + height)
        ImageDraw.Draw(page.print).rounded_rectangle(
            corners, page.pixels(2)[0], None, GREY, round(max(1, page.pixels(0.3)[0]))
        )
        for k in range(1, count):
            for dash in np.arange(top + 0.5, top + height - 0.4, 1.3).tolist():
                page.line(LEFT + k * width, dash, LEFT + k * width, dash + 0.7, 0.2)
        page.in_cells(page.answer(count), LEFT, top, width, height, width)
        y += height + 10.5


def answer_sheet(page: FormPage) -> None:
    """Single boxes far apart, a number before each."""
    y, number = title(page), 0
    while y < BOTTOM:
        for x in (20.0, 64.0, 108.0, 152.0):
            number += 1
            page.label(x, y + 1.8, f"{number}.", 4.3)
            page.box(x + 10, y, 8, 8)
            page.in_cells(page.answer(1), x + 10, y, 8, 8, 8)
        y += 13


def table(page: FormPage) -> None:
    """A table with a shaded head: names and numbers of a few digits."""
    y, columns, high = title(page), int(page.random.integers(4, 7)), page.chance(8, 11)
    rows, wide = int((BOTTOM - y) / high), (RIGHT - LEFT) / columns
    page.box(LEFT, y, RIGHT - LEFT, high, fill=(225, 225, 225))
    for row in range(rows + 1):
        page.line(LEFT, y + row * high, RIGHT, y + row * high)
    for column in range(columns + 1):
        page.line(LEFT + column * wide, y, LEFT + column * wide, y + rows * high)
    for column in range(columns):
        page.label(LEFT + column * wide + 1, y + 2)
        for row in range(1, rows):
            if page.random.random() < 0.8:
                x, baseline = LEFT + column * wide + page.chance(1.5, 3.5), y + (row + 0.78) * high
                text = page.answer(int(page.random.integers(1, 5))) if column else page.answer(6)
                page.on_line(text, x, baseline, high / 2, LEFT + (column + 1) * wide - 0.8)


def labels_inside(page: FormPage) -> None:
    """Boxes with their labels inside, above the writing."""
    y = title(page)
    while y < BOTTOM - 8:
        high, middle = page.chance(12, 15), page.chance(80, 130)
        for x0, x1 in ((LEFT, middle), (middle, RIGHT)):
            page.box(x0, y, x1 - x0, high)
            page.label(x0 + 1, y + 0.6, size=2.8)
            page.on_line(page.answer(14), x0 + 3, y + high - 1.8, page.chance(4.2, 5.2), x1 - 2)
        y += high + (3 if page.random.random() < 0.5 else 0)


def underlined(page: FormPage) -> None:
    """Labels before lines, whole or dotted, two on a row."""
    y, dotted = title(page) + 6, page.random.random() < 0.5
    while y < BOTTOM:
        for x0, x1 in ((LEFT, 105.0), (110.0, RIGHT)):
            page.label(x0, y - 3.6, size=3.6)
            for x in np.arange(x0 + 24, x1, 1.2).tolist():
                page.line(x, y, x + (0.4 if dotted else 1.3), y)
            if page.random.random() < 0.85:
                page.on_line(page.answer(12), x0 + 26, y - 0.6, page.chance(4, 5), x1)
        y += page.chance(10, 13)


def notebook(page: FormPage) -> None:
    """Ruled paper with a red margin."""
    page.line(28, 5, 28, HEIGHT - 5, 0.3, (230, 120, 120))
    for y in np.arange(25, HEIGHT - 15, 8).tolist():
        page.line(0, y, WIDTH, y, 0.2, (150, 180, 225))
        if page.random.random() < 0.85:
            page.on_line(f"{page.answer(20)} {page.answer(12)}", page.chance(31, 34), y - 0.8, page.chance(4, 5), RIGHT)


def plain(page: FormPage) -> None:
    """Free lines on plain paper."""
    y = 25.0
    while y < BOTTOM:
        page.on_line(f"{page.answer(20)} {page.answer(12)}", page.chance(20, 35), y, page.chance(4.5, 6), RIGHT)
        y += page.chance(10, 14)


def underscores(page: FormPage) -> None:
    """A short rule for each character."""
    y, width = title(page) + 6, page.chance(5.5, 7.5)
    count = int((RIGHT - LEFT) / width)
    while y < BOTTOM:
        page.label(LEFT, y - 12)
        for k in range(count):
            page.line(LEFT + k * width + 0.6, y, LEFT + (k + 1) * width - 0.6, y)
        page.in_cells(page.answer(count), LEFT, y - 7, width, 7, width)
        y += 15


def typed_combs(page: FormPage) -> None:
    """|__|__|__| as typewriters make them, higher or lower than the writing."""
    y, width, tall = title(page) + 6, page.chance(5.5, 7), page.chance(4, 7)
    while y < BOTTOM:
        count = int(page.random.integers(8, int((RIGHT - LEFT) / width)))
        page.label(LEFT, y - 11)
        for k in range(count):
            page.line(LEFT + k * width, y - tall, LEFT + k * width, y + 0.8)
            page.line(LEFT + k * width + 0.5, y, LEFT + (k + 1) * width - 0.5, y)
        page.line(LEFT + count * width, y - tall, LEFT + count * width, y + 0.8)
        page.in_cells(page.answer(count), LEFT, y - 7, width, 7, width)
        y += 15


def thick_borders(page: FormPage) -> None:
    """Combs with a thick black border and thin walls."""
    y, width = title(page), page.chance(5.5, 7)
    high = 1.25 * width
    while y < BOTTOM:
        count, thick = int(page.random.integers(6, int((RIGHT - LEFT) / width))), page.chance(0.6, 1.1)
        page.label(LEFT, y)
        top, right = y + 4.5, LEFT + count * width
        for k in range(1, count):
            page.line(LEFT + k * width, top, LEFT + k * width, top + high, 0.2)
        for edge in (top, top + high):
            page.line(LEFT, edge, right, edge, thick, BLACK)
        for edge in (LEFT, right):
            page.line(edge, top, edge, top + high, thick, BLACK)
        page.in_cells(page.answer(count), LEFT, top, width, high, width)
        y += high + 10


def squared_paper(page: FormPage) -> None:
    """A character in each square of 5 to 7 mm, most rows left out."""
    side, pale = page.chance(5, 7), (170, 190, 225)
    for x in np.arange(10, WIDTH - 9, side).tolist():
        page.line(x, 10, x, HEIGHT - 10, 0.15, pale)
    for y in np.arange(10, HEIGHT - 9, side).tolist():
        page.line(10, y, WIDTH - 10, y, 0.15, pale)
    row = 2
    while 10 + (row + 2) * side < HEIGHT - 15:
        x = 10 + side * int(page.random.integers(1, 4))
        page.in_cells(page.answer(24), x, 10 + row * side, side, side, side, fill=0.75)
        row += int(page.random.integers(2, 4))


def numbered_lines(page: FormPage) -> None:
    """A quiz: numbers before short rules, three on a row."""
    y, number = title(page) + 6, 0
    while y < BOTTOM:
        for x in (LEFT, 78.0, 136.0):
            number += 1
            page.label(x, y - 4.2, f"{number})", 4)
            page.line(x + 9, y, x + 45, y)
            if page.random.random() < 0.85:
                page.on_line(page.answer(7), x + 11, y - 0.6, page.chance(4.2, 5.2), x + 46)
        y += 12


def round_cells(page: FormPage) -> None:
    """Single cells from a little rounded to oval."""
    y, width, gap = title(page), page.chance(6, 8), page.chance(0.8, 2)
    radius, thick = page.pixels(page.chance(0.15, 0.5) * width)[0], max(1, round(page.pixels(0.25)[0]))

    def cell(x: float, top: float) -> None:
        corners = page.pixels(x, top, x + width, top + 1.2 * width)
        ImageDraw.Draw(page.print).rounded_rectangle(corners, radius, None, GREY, thick)

    while y < BOTTOM:
        page.label(LEFT, y)
        comb(page, y + 4.5, width, 1.2 * width, gap, cell)
        y += 1.2 * width + 10


def tinted_cells(page: FormPage) -> None:
    """Cells that are patches of pale color without a line."""
    tint = ((214, 228, 240), (240, 226, 210), (225, 225, 225))[int(page.random.integers(3))]
    y, width, gap = title(page), page.chance(5.5, 7), page.chance(0.5, 1.2)
    high = 1.25 * width
    while y < BOTTOM:
        page.label(LEFT, y)
        comb(page, y + 4.5, width, high, gap, lambda x, top: page.box(x, top, width, high, fill=tint))
        y += high + 10


def circles(page: FormPage) -> None:
    """A circle for one character before each of two columns of questions."""
    y, number = title(page), 0
    while y < BOTTOM:
        for x in (20.0, 110.0):
            number += 1
            thick = max(1, round(page.pixels(0.25)[0]))
            ImageDraw.Draw(page.print).ellipse(page.pixels(x, y, x + 9, y + 9), None, GREY, thick)
            page.label(x + 12, y + 2.5, f"{number}. Which of these is right?", 3.6)
            page.in_cells(page.answer(1), x, y, 9, 9, 9, fill=0.55)
        y += 13


def labels_below(page: FormPage) -> None:
    """Rules with their labels below, two on a row."""
    y = title(page) + 8
    while y < BOTTOM:
        for x0, x1 in ((LEFT, 100.0), (108.0, RIGHT)):
            page.label(x0, y + 0.6, size=2.6)
            page.line(x0, y, x1, y, 0.2)
            if page.random.random() < 0.85:
                page.on_line(page.answer(14), x0 + 3, y - 0.8, page.chance(4.2, 5.5), x1)
        y += page.chance(13, 16)


def roster(page: FormPage) -> None:
    """A table: printed numbers, names, and ten narrow columns for a digit each."""
    y, high = title(page), page.chance(7.5, 9.5)
    edges = [LEFT, LEFT + 10, *(LEFT + 80 + 9 * k for k in range(11))]
    rows = int((BOTTOM - y) / high)
    for row in range(rows + 1):
        page.line(LEFT, y + row * high, edges[-1], y + row * high)
    for x in edges:
        page.line(x, y, x, y + rows * high)
    for row in range(1, rows):
        baseline = y + (row + 0.8) * high
        page.label(LEFT + 2, y + (row + 0.5) * high - 2, str(row), 3.5)
        page.on_line(page.answer(11), edges[1] + 2, baseline, high / 2, edges[2] - 1)
        for left, right in pairwise(edges[2:]):
            digit = str(page.random.integers(0, 10))
            if digit in page.writer.samples and page.random.random() < 0.6:
                page.on_line(digit, left + page.chance(2, 4), baseline, high / 2, right)


def combs_and_lines(page: FormPage) -> None:
    """Combs, remarks on rules, and a box to sign in."""
    y, width = title(page), 6.0
    for _ in range(6):
        page.label(LEFT, y)
        comb(page, y + 4.5, width, 7.5, 0, lambda x, top: page.box(x, top, width, 7.5))
        y += 17
    page.label(LEFT, y, "Remarks:")
    y += 14
    while y < BOTTOM - 25:
        page.line(LEFT, y, RIGHT, y, 0.2)
        if page.random.random() < 0.8:
            text = f"{page.answer(14)} {page.answer(12)}"
            page.on_line(text, LEFT + 2, y - 0.8, page.chance(4.5, 5.5), RIGHT)
        y += 10
    page.box(120, y, 70, 20)
    page.label(121, y + 15.5, "Signature", 3)


def address_boxes(page: FormPage) -> None:
    """Large boxes with a small label and several lines of writing."""
    y = title(page)
    while y < BOTTOM - 20:
        count, pitch = int(page.random.integers(2, 5)), page.chance(8, 10)
        page.box(LEFT, y, RIGHT - LEFT, count * pitch + 7)
        page.label(LEFT + 1, y + 0.7, size=2.8)
        for k in range(count):
            text, baseline = f"{page.answer(14)} {page.answer(10)}", y + 5 + (k + 0.85) * pitch
            page.on_line(text, LEFT + page.chance(4, 8), baseline, page.chance(4.3, 5.3), RIGHT - 3)
        y += count * pitch + 11


LAYOUTS: dict[str, Callable[[FormPage], None]] = {
    "drop-out colors": drop_out, "shaded panel": shaded, "small cells": small_cells, "numbered boxes": numbered_boxes,
    "open combs": open_combs, "dashed walls": dashed_walls, "answer sheet": answer_sheet, "table": table,
    "labels inside": labels_inside, "underlined": underlined, "ruled paper": notebook, "plain paper": plain,
    "underscores": underscores, "typed combs": typed_combs, "thick borders": thick_borders,
    "squared paper": squared_paper, "numbered lines": numbered_lines, "round cells": round_cells,
    "tinted cells": tinted_cells, "circles": circles, "labels below": labels_below, "roster": roster,
    "combs and lines": combs_and_lines, "address boxes": address_boxes,
}  # fmt: skip
