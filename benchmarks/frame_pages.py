"""Drawn forms whose every cell is known: frames of each kind that offices print, filled by several hands, then scanned.

Sizes are in pixels of the working raster (A4 about 2,300 pixels high) until a page is drawn at its own resolution.
"""

from __future__ import annotations

import io
import string
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from benchmarks.drawing import ROOT, Hand, Page  # noqa: F401  (its import makes the project's sources importable)
from hcr_scan.geometry import BoundingBox, Homography
from hcr_scan.images import warp

Floats = npt.NDArray[np.float64]
CHARACTERS = string.ascii_uppercase + string.digits
#: A4 in working pixels.
WIDTH, HEIGHT = 1626, 2300
WORDS = (
    *("Surname", "Given", "names", "Date", "of", "birth", "Address", "line", "Telephone", "Account", "number", "tick"),
    *("Branch", "code", "Signature", "Place", "Postcode", "of", "the", "applicant", "(in", "BLOCK", "letters)", "if"),
)


@dataclass(frozen=True, slots=True)
class Style:
    """How the frames of one page are printed; sizes in working pixels, ``darkness`` from 0 to 255."""

    width: float
    height: float
    wall: float = 2.0
    rail: float = 2.0
    darkness: int = 160
    gap: float = 0.0
    dash: tuple[int, int] = (0, 0)
    tick: float = 1.0
    top_rail: bool = True
    both_ticks: bool = False
    double: bool = False
    radius: float = 0.0
    cross: int = 0
    caption: int = 0


@dataclass(slots=True)
class FramePage:
    """A drawn scan, and the inside of each cell of each field in its pixels."""

    kind: str
    gray: Page
    dpi: int
    fields: list[list[BoundingBox]] = field(default_factory=list)


class Sheet:
    """A page being printed and written on: ``gray`` uint8, drawn at ``scale`` pixels per working pixel."""

    def __init__(self, random: np.random.Generator, dpi: int, write: Hand) -> None:
        self.random = random
        self.write = write
        self.scale = dpi * 11.69 / HEIGHT
        self.gray = np.full((round(HEIGHT * self.scale), round(WIDTH * self.scale)), 255, np.uint8)
        self.fields: list[list[BoundingBox]] = []

    def fill(self, left: float, top: float, right: float, bottom: float, darkness: int) -> None:
        """Print a rectangle with soft edges; what is darker already stays."""
        ends = [v * self.scale for v in (left, top, right, bottom)]
        x0, y0, x1, y1 = max(int(ends[0]), 0), max(int(ends[1]), 0), int(ends[2]) + 1, int(ends[3]) + 1
        part = self.gray[y0:y1, x0:x1]
        columns, rows = np.arange(x0, x0 + part.shape[1]), np.arange(y0, y0 + part.shape[0])
        across = np.clip(np.minimum(columns + 1, ends[2]) - np.maximum(columns, ends[0]), 0, 1)
        down = np.clip(np.minimum(rows + 1, ends[3]) - np.maximum(rows, ends[1]), 0, 1)
        part[:] = np.minimum(part, 255 - np.rint(darkness * np.outer(down, across)).astype(np.uint8))

    def rule(self, left: float, top: float, right: float, bottom: float, style: Style) -> None:
        """A wall or rail along its longer side, dashed where the style says so."""
        on, off = style.dash
        if not off:
            self.fill(left, top, right, bottom, style.darkness)
        elif right - left > bottom - top:
            for x in np.arange(left, right, on + off):
                self.fill(x, top, min(x + on, right), bottom, style.darkness)
        else:
            for y in np.arange(top, bottom, on + off):
                self.fill(left, y, right, min(y + on, bottom), style.darkness)

    def text(self, text: str, left: float, top: float, size: float, darkness: int = 210) -> float:
        """Print a text; returns its width."""
        font = ImageFont.load_default(max(size * self.scale, 6))
        image = Image.fromarray(self.gray)
        pen = ImageDraw.Draw(image)
        pen.text((left * self.scale, top * self.scale), text, fill=255 - darkness, font=font)
        self.gray = np.array(image)
        return float(pen.textlength(text, font=font)) / self.scale

    def rounded(self, left: float, top: float, right: float, bottom: float, style: Style) -> None:
        """A frame with round corners around an inside."""
        image = Image.fromarray(self.gray)
        outer = [
            round((v + d * style.wall) * self.scale)
            for v, d in zip((left, top, right, bottom), (-1, -1, 1, 1), strict=True)
        ]
        width = max(1, round(style.wall * self.scale))
        radius = style.radius * self.scale
        ImageDraw.Draw(image).rounded_rectangle(outer, radius, outline=255 - style.darkness, width=width)
        self.gray = np.array(image)

    def add_cells(self, lefts: Floats, top: float, style: Style) -> None:
        """Remember the insides of a row of cells."""
        ends = [(x, top, x + style.width, top + style.height) for x in lefts.tolist()]
        self.fields.append([BoundingBox(*(round(v * self.scale) for v in end)) for end in ends])

    def fill_in(self, share: float) -> None:
        """Write into the cells: a share of each row, from its left; now and then a letter crosses a wall."""
        random = self.random
        for row in self.fields:
            written = len(row) if random.random() < share else int(random.integers(len(row) + 1))
            for cell in row[:written]:
                if random.random() < 0.08:
                    continue
                height = min(cell.height * random.uniform(0.55, 0.85), 1.5 * cell.width)
                left = cell.left + (cell.width - 0.7 * height) / 2 + random.normal(0, 0.07) * cell.width
                top = cell.top + (cell.height - height) / 2 + random.normal(0, 0.05) * cell.height
                self.write(self.gray, CHARACTERS[int(random.integers(len(CHARACTERS)))], left, top, height)


def draw_row(sheet: Sheet, left: float, top: float, count: int, style: Style) -> None:
    """One field of ``count`` cells; ``left`` and ``top`` are where its first inside begins."""
    step = style.width + (style.gap + 2 * style.wall if style.gap else style.wall)
    lefts = left + step * np.arange(count)
    bottom = top + style.height
    sheet.add_cells(lefts, top, style)
    if style.radius or style.gap:
        for x in lefts.tolist():
            _draw_square(sheet, x, top, style)
        return
    right = float(lefts[-1]) + style.width
    _rail(sheet, left - style.wall, bottom, right + style.wall, style, 1)
    if style.top_rail:
        _rail(sheet, left - style.wall, top - style.rail, right + style.wall, style, -1)
    for k, x in enumerate([*lefts.tolist(), right + style.wall]):
        # The outer walls of a comb are often whole.
        tick = style.height * (1.0 if style.top_rail and k in (0, count) else style.tick)
        sheet.rule(x - style.wall, bottom - tick, x, bottom, style)
        if style.both_ticks and tick < style.height:
            sheet.rule(x - style.wall, top, x, top + 0.6 * tick, style)
    for k, x in enumerate(lefts.tolist()):
        if style.cross:
            sheet.fill(x, top + style.height / 2 - 1, x + style.width, top + style.height / 2 + 1, style.cross)
            sheet.fill(x + style.width / 2 - 1, top, x + style.width / 2 + 1, bottom, style.cross)
        if style.caption:
            sheet.text(
                "DMYHS"[k % 5], x + 0.3 * style.width, top + 0.25 * style.height, 0.5 * style.height, style.caption
            )


def _rail(sheet: Sheet, left: float, top: float, right: float, style: Style, outward: int) -> None:
    sheet.rule(left, top, right, top + style.rail, style)
    if style.double:
        shift = outward * (style.rail + 4)
        sheet.rule(left, top + shift, right, top + shift + style.rail, style)


def _draw_square(sheet: Sheet, x: float, top: float, style: Style) -> None:
    right, bottom = x + style.width, top + style.height
    if style.radius:
        sheet.rounded(x, top, right, bottom, style)
        return
    w = style.wall
    for ends in ((x - w, top - w, right + w, top), (x - w, bottom, right + w, bottom + w),
                 (x - w, top, x, bottom), (right, top, right + w, bottom)):  # fmt: skip
        sheet.rule(*ends, style)


def draw_fields(sheet: Sheet, style: Style) -> None:
    """Rows of fields down the page, with labels before or above them."""
    random = sheet.random
    step = style.width + (style.gap + 2 * style.wall if style.gap else style.wall)
    label_size = float(random.uniform(16, 24))
    above = random.random() < 0.5
    y = 140.0
    rows = 0
    while y + style.height < HEIGHT - 120 and rows < 12:
        x = float(random.uniform(80, 160))
        while True:
            label = " ".join(random.choice(WORDS, int(random.integers(1, 4))))
            width = sheet.text(
                label, x, y - 1.5 * label_size if above else y + style.height / 2 - label_size / 2, label_size
            )
            start = x if above else x + width + 24
            room = int((WIDTH - 70 - start) / step)
            count = int(min(random.integers(2, 31), room))
            if count >= 2:
                draw_row(sheet, start, y, count, style)
            x = start + max(count, 0) * step + 40
            if WIDTH - x < 8 * step + 200 or random.random() < 0.4:
                break
        y += style.height * (1 + random.uniform(0.25, 1.0)) + 2.2 * label_size
        rows += 1


def draw_table(sheet: Sheet, style: Style) -> None:
    """Tables of cells: rows that share their rails."""
    random = sheet.random
    step_x, step_y = style.width + style.wall, style.height + style.rail
    y = 200.0
    for _ in range(2):
        columns = int(min(random.integers(6, 26), (WIDTH - 240) / step_x))
        rows = int(min(random.integers(3, 9), 900 / step_y))
        sheet.text(" ".join(random.choice(WORDS, 4)), 120, y - 50, 22)
        for _ in range(rows):
            draw_row(sheet, 120, y, columns, style)
            y += step_y
        y += 160


def draw_no_frames(sheet: Sheet, style: Style) -> None:
    """Print, underlines, a scale with ticks, ruled paper and writing: nothing here is a cell."""
    random = sheet.random
    y = 120.0
    for k in range(12):
        text = " ".join(random.choice(WORDS, 7))
        size = float(random.uniform(18, 34))
        width = sheet.text(text, 110, y, size)
        if k % 2:
            sheet.rule(110, y + size * random.uniform(0.92, 1.15), 110 + width, y + size * 1.15 + style.rail, style)
        y += 2.1 * size
    for k in range(61):
        tick = 26 if k % 5 == 0 else 12
        sheet.fill(110 + 22 * k, y - tick, 112 + 22 * k, y, 180)
    sheet.fill(110, y, 112 + 22 * 60, y + 3, 180)
    y += 60
    for text in ("IIIIIIIIIIIIIIII", "HHHHHHHHHHHH", "llllllllllllllllllll", "||| || |||| ||", "M N M N M N M N"):
        width = sheet.text(text, 110, y, 40)
        sheet.fill(110, y + 41, 110 + width, y + 43, 200)
        y += 70
    while y < HEIGHT - 150:
        sheet.rule(90, y + 52, WIDTH - 90, y + 52 + style.rail, style)
        for k in range(20):
            if random.random() < 0.8:
                text = CHARACTERS[int(random.integers(len(CHARACTERS)))]
                left, top = (100 + 68 * k) * sheet.scale, (y + random.normal(2, 3)) * sheet.scale
                sheet.write(sheet.gray, text, left, top, 48 * sheet.scale)
        y += 84


def _style(random: np.random.Generator, **chosen: object) -> Style:
    width = float(random.uniform(26, 62)) if random.random() < 0.8 else float(random.uniform(19, 80))
    height = float(np.clip(width / random.uniform(0.6, 1.25), 20, 100))
    base = {
        "wall": float(random.choice([1, 1.5, 2, 2, 3, 4])), "rail": float(random.choice([1, 1.5, 2, 2, 3, 4, 6])),
        "darkness": int(random.choice([90, 130, 170, 210, 250])), "width": width, "height": height,
    }  # fmt: skip
    return Style(**(base | chosen))  # type: ignore[arg-type]


#: Kind -> the style of its frames.
KINDS: dict[str, Callable[[np.random.Generator], Style]] = {
    "closed comb": lambda r: _style(r),
    "wide cells": lambda r: _style(r, width=float(r.uniform(45, 75)), height=float(r.uniform(32, 42))),
    "faint comb": lambda r: _style(r, darkness=int(r.integers(20, 55))),
    "dotted or dashed": lambda r: _style(r, dash=[(2, 2), (3, 3), (4, 3), (6, 4), (8, 5)][int(r.integers(5))]),
    "one rail, ticks": lambda r: _style(r, top_rail=False, tick=float(r.uniform(0.2, 0.6))),
    "one rail, walls": lambda r: _style(r, top_rail=False),
    "two rails, ticks": lambda r: _style(r, tick=float(r.uniform(0.3, 0.6)), both_ticks=bool(r.random() < 0.4)),
    "double rails": lambda r: _style(r, double=True, rail=float(r.choice([1, 2])), wall=float(r.choice([1, 2]))),
    "squares": lambda r: _style(r, gap=float(r.uniform(4, 24))),
    "round corners": lambda r: _style(r, gap=float(r.uniform(4, 24)), radius=float(r.uniform(4, 9))),
    "quartered squares": lambda r: _style(r, width=float(r.uniform(70, 100)), height=float(r.uniform(75, 95)),
                                          darkness=190, cross=int(r.integers(18, 60))),
    "captions in cells": lambda r: _style(r, caption=int(r.integers(50, 130))),
    "table": lambda r: _style(r),
    "no frames": lambda r: _style(r),
}  # fmt: skip


def draw_frame_page(kind: str, seed: int, hands: list[Callable[[float, float], Hand]]) -> FramePage:
    """A page with frames of one kind, filled and scanned; the same seed draws the same page.

    ``hands`` make a hand of a pen's width in pixels and its darkness.
    """
    random = np.random.default_rng([seed, sorted(KINDS).index(kind)])
    dpi = int(random.choice([150, 200, 240, 300]))
    style = KINDS[kind](random)
    # Ball pens write 0.5 mm wide, and smaller letters are written with finer pens.
    pen = float(np.clip(random.uniform(0.06, 0.13) * style.height, 1.8, 5.5)) * dpi * 11.69 / HEIGHT
    write = hands[int(random.integers(len(hands)))](pen, float(random.uniform(0.6, 0.95)))
    sheet = Sheet(random, dpi, write)
    draw = {"table": draw_table, "no frames": draw_no_frames}.get(kind, draw_fields)
    draw(sheet, style)
    sheet.fill_in(float(random.uniform(0.2, 0.9)))
    return _scanned(FramePage(kind, sheet.gray, dpi, sheet.fields), random)


def _scanned(page: FramePage, random: np.random.Generator) -> FramePage:
    """The page a little turned, soft, grainy, and compressed or made black and white."""
    height, width = page.gray.shape
    angle = np.deg2rad(random.uniform(-2, 2)) if random.random() < 0.7 else 0.0
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    dx, dy = width / 2 * (1 - cos) + height / 2 * sin, height / 2 * (1 - cos) - width / 2 * sin
    turn = Homography((cos, -sin, dx, sin, cos, dy, 0.0, 0.0, 1.0))
    gray = warp(page.gray, turn, width, height) if angle else page.gray
    soft = np.asarray(Image.fromarray(gray).filter(ImageFilter.GaussianBlur(random.uniform(0.2, 1.1))), np.float32)
    soft = soft * random.uniform(0.85, 1.0) + random.normal(0, random.uniform(0.5, 5), soft.shape).astype(np.float32)
    gray = np.clip(soft, 0, 255).astype(np.uint8)
    faint = page.kind in ("faint comb", "quartered squares")
    if random.random() < 0.2 and not faint:
        gray = np.where(gray > 0.8 * float(np.median(gray)), 255, 0).astype(np.uint8)
    elif random.random() < 0.7:
        output = io.BytesIO()
        Image.fromarray(gray).save(output, "JPEG", quality=int(random.integers(45, 92)))
        gray = np.asarray(Image.open(output))
    fields = [[turn.box(cell) for cell in row] for row in page.fields]
    return FramePage(page.kind, gray, page.dpi, fields)
