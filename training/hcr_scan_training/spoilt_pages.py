"""Pages of cells in one hand, with some of the characters written over others and some scribbled out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Gray, box_blur, draw_line, resize
from hcr_scan_training.corpus import ALPHANUMERIC
from hcr_scan_training.synthesis import SUPERSAMPLING, Pen, Writer

Random = np.random.Generator

DIGITS, CAPITALS = ALPHANUMERIC[:10], ALPHANUMERIC[10:36]
#: A page of 200 dpi, its rows of cells, and the width and height of a cell, in pixels.
SIZE, ROWS, CELL = (1640, 1160), 18, (40, 52)
#: What scanners make of it: dots an inch.
RESOLUTIONS = (120, 150, 200, 200, 300)
#: Where a scan of two levels parts ink from paper.
THRESHOLDS = (120, 200)


class Spoilt(StrEnum):
    """What became of a character after it was written."""

    CLEAN = "clean"
    OVERWRITTEN = "overwritten"
    SCRIBBLED = "scribbled"


@dataclass(frozen=True, slots=True)
class WrittenCell:
    """A cell of a page, the character that is meant, and the one that stood there before, if any."""

    box: BoundingBox
    text: str
    before: str = ""
    spoilt: Spoilt = Spoilt.CLEAN


@dataclass(frozen=True, slots=True)
class SpoiltPage:
    """A scan, its resolution, and its written cells in pixels of the scan."""

    pixels: Gray
    dpi: int
    bilevel: bool
    cells: tuple[WrittenCell, ...]


def spoilt_page(writer: Writer, random: Random, spoilt: float) -> SpoiltPage:
    """A page of numbers and words in rows of cells; the share ``spoilt`` of its characters is overwritten or scribbled.

    ``writer`` must have written all digits and capitals.
    """
    page = np.full(SIZE, 255, np.uint8)
    pen = Pen(random.uniform(1.6, 4.2), random.uniform(0.55, 0.95))
    frame = int(random.integers(60, 200))
    writer = replace(writer, seed=int(random.integers(1 << 30)))
    cells: list[WrittenCell] = []
    pitch = SIZE[0] // (ROWS + 1)
    for row in range(ROWS):
        cells += _row(page, round(pitch * (row + 0.5)), frame, writer, pen, random, spoilt)
    return _scanned(page, cells, random)


def _row(
    page: Gray, top: int, frame: int, writer: Writer, pen: Pen, random: Random, spoilt: float
) -> list[WrittenCell]:
    count, left = int(random.integers(10, 23)), int(random.integers(50, 120))
    width, height = CELL
    for y in (top, top + height):
        page[y : y + 2, left : left + count * width + 2] = frame
    for number in range(count + 1):
        page[top : top + height + 2, left + number * width : left + number * width + 2] = frame
    kind = random.random()
    letters = DIGITS if kind < 0.4 else CAPITALS if kind < 0.8 else DIGITS + CAPITALS
    found = []
    for number in range(int(random.integers(count // 2, count + 1))):
        x = left + number * width
        inside = BoundingBox(x + 3, top + 3, x + width - 1, top + height - 1)
        spoil = random.random()
        kind_of = Spoilt.CLEAN if spoil > spoilt else Spoilt.OVERWRITTEN if spoil > spoilt / 3 else Spoilt.SCRIBBLED
        found.append(_write(page, inside, letters, kind_of, writer, pen, random))
    return found


def _write(
    page: Gray, cell: BoundingBox, letters: str, kind: Spoilt, writer: Writer, pen: Pen, random: Random
) -> WrittenCell:
    text = _one(letters, random)
    pressed = replace(pen, width=pen.width * random.uniform(0.92, 1.08))
    if kind is Spoilt.OVERWRITTEN:
        others = letters.replace(text, "")
        before = _one(others, random)
        first = writer.write_in_cell(page, before, cell, pressed)
        write_over(page, text, first, writer, heavier(pen, random), random)
        return WrittenCell(cell, text, before, kind)
    drawn = writer.write_in_cell(page, text, cell, pressed)
    if kind is Spoilt.SCRIBBLED:
        scribble(page, drawn, pen, random)
    return WrittenCell(cell, text, "", kind)


def _one(letters: str, random: Random) -> str:
    return letters[int(random.integers(len(letters)))]


def heavier(pen: Pen, random: Random) -> Pen:
    """The pen as it is pressed to correct a character: in two of three cases harder than before."""
    if random.random() < 1 / 3:
        return pen
    return Pen(pen.width * random.uniform(1.15, 1.9), min(1.0, pen.darkness * random.uniform(1.0, 1.3)))


def write_over(page: Gray, text: str, first: BoundingBox, writer: Writer, pen: Pen, random: Random) -> None:
    """Write ``text`` at nearly the place of the character before, about as high."""
    height = max(first.height * random.uniform(0.9, 1.15), 6.0)
    wide = max(first.width, round(height * 0.75))
    center = np.array(first.center) + random.normal(0, 0.06 * height, 2)
    box = BoundingBox(
        round(center[0] - wide / 2), round(center[1] - height / 2),
        round(center[0] + wide / 2), round(center[1] + height / 2),
    )  # fmt: skip
    writer.draw(page, text, box.clipped(page.shape[1], page.shape[0]), pen)


def scribble(page: Gray, glyph: BoundingBox, pen: Pen, random: Random) -> None:
    """Make a character unreadable: with a zigzag, with loops, or with a blot."""
    box = glyph.grown(round(0.08 * glyph.height))
    if box.width < 0.5 * box.height:
        box = box.grown(0).union(box.shifted(round(0.3 * box.height), 0)).shifted(-round(0.15 * box.height), 0)
    kind = random.random()
    if kind < 0.45:
        _draw(page, _zigzag(box, random), pen)
    elif kind < 0.8:
        _draw(page, _loops(box, random), pen)
    else:
        broad = Pen(max(pen.width, 0.22 * box.height), pen.darkness)
        _draw(page, _zigzag(box.grown(-round(0.1 * box.height)), random), broad)


def _zigzag(box: BoundingBox, random: Random) -> npt.NDArray[np.float32]:
    """A line to and fro across the box, upright, level or slanting."""
    turns = int(random.integers(5, 13))
    along, across = np.linspace(0, 1, turns), np.arange(turns) % 2 + random.normal(0, 0.08, turns)
    lean = random.uniform(-0.5, 0.5)
    points = np.stack((along + lean * (across - 0.5), across), axis=1)
    if random.random() < 0.5:
        points = points[:, ::-1]
    return _fitted(points + random.normal(0, 0.02, points.shape), box)


def _loops(box: BoundingBox, random: Random) -> npt.NDArray[np.float32]:
    """Round and round, going on from left to right."""
    turns = random.uniform(3, 7)
    angle = np.linspace(0, 2 * math.pi * turns, int(24 * turns))
    drift = np.linspace(-1, 1, len(angle)) * random.uniform(0.1, 0.7)
    radius = 1 + random.normal(0, 0.15) * np.sin(angle * random.uniform(0.2, 0.6))
    return _fitted(np.stack((np.cos(angle) * radius * 0.6 + drift, np.sin(angle) * radius), axis=1), box)


def _fitted(points: npt.NDArray[np.float64], box: BoundingBox) -> npt.NDArray[np.float32]:
    low, high = points.min(axis=0), points.max(axis=0)
    size = np.array([box.width, box.height])
    fitted = (points - low) / np.maximum(high - low, 1e-6) * size + (box.left, box.top)
    return np.asarray(fitted, np.float32)


def _draw(page: Gray, points: npt.NDArray[np.float32], pen: Pen) -> None:
    corner, far = points.min(axis=0), points.max(axis=0)
    margin = int(pen.width) + 2
    area = BoundingBox(*(int(v) for v in (*corner, *far))).grown(margin).clipped(page.shape[1], page.shape[0])
    canvas = np.zeros((area.height * SUPERSAMPLING, area.width * SUPERSAMPLING), np.uint8)
    draw_line(canvas, (points - (area.left, area.top)) * SUPERSAMPLING, max(1, round(pen.width * SUPERSAMPLING)))
    ink = resize(canvas, area.width, area.height)
    part = page[area.top : area.bottom, area.left : area.right]
    part[:] = np.rint(part * (1 - ink * np.float32(pen.darkness / 255))).astype(np.uint8)


def _scanned(page: Gray, cells: Sequence[WrittenCell], random: Random) -> SpoiltPage:
    """The page as a scanner sees it."""
    dpi = int(random.choice(RESOLUTIONS))
    scale = dpi / 200
    height, width = round(page.shape[0] * scale), round(page.shape[1] * scale)
    pixels = page if dpi == 200 else resize(page, width, height)
    if random.random() < 0.6:
        pixels = box_blur(pixels, 3, 3) if random.random() < 0.3 and dpi >= 200 else pixels
    noise = random.normal(0, random.uniform(1, 7), pixels.shape)
    pixels = np.clip(pixels * random.uniform(0.9, 1) + noise, 0, 255).astype(np.uint8)
    bilevel = bool(dpi >= 150 and random.random() < 0.35)
    if bilevel:
        pixels = np.where(pixels < random.integers(*THRESHOLDS), 0, 255).astype(np.uint8)
    moved = tuple(replace(cell, box=_scaled(cell.box, scale)) for cell in cells)
    return SpoiltPage(pixels, dpi, bilevel, moved)


def _scaled(box: BoundingBox, scale: float) -> BoundingBox:
    return BoundingBox(*(round(v * scale) for v in box.as_list()))
