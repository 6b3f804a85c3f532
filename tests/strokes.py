"""A small pen alphabet: A-Z, a-z, 0-9 and some punctuation as strokes, drawn by any pen at any size.

Test pages are drawn with it, so that no test needs data from outside and the truth is exact. Capitals and digits stand
between y = 0 (top) and y = 1 (baseline); small letters between 0.42 and 1, descenders down to 1.4. x runs from 0 to the
letter's width.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from hcr_scan.geometry import BoundingBox, union_of

Points = list[tuple[float, float]]

#: Pixels are drawn this many times larger and averaged, so that edges are soft as in a scan.
SUPERSAMPLE = 4


def _arc(cx: float, cy: float, rx: float, ry: float, start: float, stop: float) -> Points:
    """Part of an ellipse; degrees clockwise from the right (y points down)."""
    steps = max(4, int(abs(stop - start) / 15))
    angles = [math.radians(start + (stop - start) * i / steps) for i in range(steps + 1)]
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles]


def _line(*numbers: float) -> Points:
    return list(zip(numbers[::2], numbers[1::2], strict=True))


_RING = _arc(0.34, 0.5, 0.34, 0.5, -90, 270)
_BOWL = _arc(0.24, 0.71, 0.24, 0.29, -50, -410)
_HUMP = [(0.0, 0.62), *_arc(0.2, 0.62, 0.2, 0.2, 180, 360), (0.4, 1.0)]

#: Strokes of each character, in units of its height.
STROKES: dict[str, list[Points]] = {
    "A": [_line(0, 1, 0.35, 0, 0.7, 1), _line(0.13, 0.64, 0.57, 0.64)],
    "B": [
        _line(0, 0, 0, 1),
        [(0, 0), *_arc(0.3, 0.23, 0.25, 0.23, -90, 90), (0, 0.46)],
        [(0.3, 0.46), *_arc(0.3, 0.73, 0.3, 0.27, -90, 90), (0, 1)],
    ],
    "C": [_arc(0.36, 0.5, 0.36, 0.5, -45, -315)],
    "D": [_line(0, 0, 0, 1), [(0, 0), *_arc(0.2, 0.5, 0.45, 0.5, -90, 90), (0, 1)]],
    "E": [_line(0.55, 0, 0, 0, 0, 1, 0.58, 1), _line(0, 0.48, 0.45, 0.48)],
    "F": [_line(0.55, 0, 0, 0, 0, 1), _line(0, 0.48, 0.45, 0.48)],
    "G": [[*_arc(0.36, 0.5, 0.36, 0.5, -45, -330), (0.68, 0.58), (0.4, 0.58)]],
    "H": [_line(0, 0, 0, 1), _line(0.6, 0, 0.6, 1), _line(0, 0.5, 0.6, 0.5)],
    "I": [_line(0.2, 0, 0.2, 1), _line(0, 0, 0.4, 0), _line(0, 1, 0.4, 1)],
    "J": [[(0.2, 0), (0.6, 0)], [(0.42, 0), (0.42, 0.76), *_arc(0.21, 0.76, 0.21, 0.24, 0, 170)]],
    "K": [_line(0, 0, 0, 1), _line(0.55, 0, 0, 0.55), _line(0.16, 0.42, 0.58, 1)],
    "L": [_line(0, 0, 0, 1, 0.55, 1)],
    "M": [_line(0, 1, 0.04, 0, 0.4, 0.8, 0.76, 0, 0.8, 1)],
    "N": [_line(0, 1, 0, 0, 0.6, 1, 0.6, 0)],
    "O": [_RING],
    "P": [_line(0, 0, 0, 1), [(0, 0), *_arc(0.28, 0.27, 0.28, 0.27, -90, 90), (0, 0.54)]],
    "Q": [_RING, _line(0.42, 0.72, 0.75, 1.08)],
    "R": [_line(0, 0, 0, 1), [(0, 0), *_arc(0.28, 0.26, 0.27, 0.26, -90, 90), (0, 0.52)], _line(0.2, 0.52, 0.58, 1)],
    "S": [[*_arc(0.3, 0.25, 0.26, 0.25, -30, -270), *_arc(0.29, 0.75, 0.28, 0.25, -90, 160)]],
    "T": [_line(0, 0, 0.66, 0), _line(0.33, 0, 0.33, 1)],
    "U": [[(0, 0), *_arc(0.3, 0.68, 0.3, 0.32, 180, 0), (0.6, 0)]],
    "V": [_line(0, 0, 0.32, 1, 0.64, 0)],
    "W": [_line(0, 0, 0.22, 1, 0.45, 0.25, 0.68, 1, 0.9, 0)],
    "X": [_line(0, 0, 0.6, 1), _line(0.6, 0, 0, 1)],
    "Y": [_line(0, 0, 0.31, 0.48, 0.62, 0), _line(0.31, 0.48, 0.31, 1)],
    "Z": [_line(0, 0, 0.58, 0, 0, 1, 0.6, 1)],
    "0": [_arc(0.28, 0.5, 0.28, 0.5, -90, 270)],
    "1": [_line(0, 0.22, 0.2, 0, 0.2, 1)],
    "2": [[*_arc(0.28, 0.27, 0.26, 0.27, -160, 30), (0, 1), (0.56, 1)]],
    "3": [[*_arc(0.25, 0.24, 0.25, 0.24, -150, 90), *_arc(0.25, 0.73, 0.27, 0.27, -90, 150)]],
    "4": [_line(0.4, 0, 0, 0.65, 0.6, 0.65), _line(0.42, 0.35, 0.42, 1)],
    "5": [[(0.06, 0), (0.03, 0.42), *_arc(0.24, 0.7, 0.28, 0.3, -110, 150)], _line(0.06, 0, 0.5, 0)],
    "6": [[(0.45, 0), (0.12, 0.4), *_arc(0.27, 0.72, 0.27, 0.28, 190, -180)]],
    "7": [_line(0, 0, 0.55, 0, 0.2, 1)],
    "8": [[*_arc(0.28, 0.24, 0.24, 0.24, 90, 450), *_arc(0.28, 0.74, 0.28, 0.26, -90, 270)]],
    "9": [[*_arc(0.26, 0.28, 0.26, 0.28, 0, -360), (0.5, 0.4), (0.42, 1)]],
    "a": [_BOWL, _line(0.48, 0.44, 0.48, 1)],
    "b": [_line(0, 0, 0, 1), _arc(0.22, 0.72, 0.22, 0.28, 180, 540)],
    "c": [_arc(0.24, 0.71, 0.24, 0.29, -45, -315)],
    "d": [_BOWL, _line(0.48, 0, 0.48, 1)],
    "e": [[(0.02, 0.7), (0.46, 0.7), *_arc(0.24, 0.71, 0.24, 0.29, 0, -315)]],
    "f": [[*_arc(0.3, 0.16, 0.14, 0.16, -10, -180), (0.16, 1)], _line(0, 0.45, 0.34, 0.45)],
    "g": [_BOWL, [(0.48, 0.44), (0.48, 1.18), *_arc(0.26, 1.18, 0.22, 0.22, 0, 160)]],
    "h": [_line(0, 0, 0, 1), _HUMP],
    "i": [_line(0.04, 0.46, 0.04, 1), _line(0.04, 0.2, 0.05, 0.22)],
    "j": [[(0.26, 0.46), (0.26, 1.2), *_arc(0.13, 1.2, 0.13, 0.2, 0, 150)], _line(0.26, 0.2, 0.27, 0.22)],
    "k": [_line(0, 0, 0, 1), _line(0.4, 0.45, 0, 0.76), _line(0.12, 0.68, 0.42, 1)],
    "l": [_line(0.04, 0, 0.04, 1)],
    "m": [
        _line(0, 0.44, 0, 1),
        [(0.0, 0.62), *_arc(0.18, 0.62, 0.18, 0.2, 180, 360), (0.36, 1.0)],
        [(0.36, 0.62), *_arc(0.54, 0.62, 0.18, 0.2, 180, 360), (0.72, 1.0)],
    ],
    "n": [_line(0, 0.44, 0, 1), _HUMP],
    "o": [_arc(0.25, 0.71, 0.25, 0.29, -90, 270)],
    "p": [_line(0, 0.44, 0, 1.4), _arc(0.22, 0.72, 0.22, 0.28, 180, 540)],
    "q": [_BOWL, _line(0.48, 0.44, 0.48, 1.4)],
    "r": [_line(0, 0.44, 0, 1), [(0, 0.62), *_arc(0.2, 0.62, 0.2, 0.18, 180, 310)]],
    "s": [[*_arc(0.2, 0.57, 0.18, 0.14, -20, -270), *_arc(0.2, 0.85, 0.2, 0.15, -90, 160)]],
    "t": [[(0.2, 0.1), (0.2, 0.88), *_arc(0.32, 0.88, 0.12, 0.12, 180, 60)], _line(0, 0.42, 0.42, 0.42)],
    "u": [[(0, 0.44), *_arc(0.21, 0.8, 0.21, 0.2, 180, 0), (0.42, 0.44), (0.42, 1)]],
    "v": [_line(0, 0.44, 0.22, 1, 0.44, 0.44)],
    "w": [_line(0, 0.44, 0.16, 1, 0.32, 0.55, 0.48, 1, 0.64, 0.44)],
    "x": [_line(0, 0.44, 0.42, 1), _line(0.42, 0.44, 0, 1)],
    "y": [_line(0, 0.44, 0.22, 0.98), _line(0.46, 0.44, 0.1, 1.4)],
    "z": [_line(0, 0.46, 0.42, 0.46, 0, 1, 0.44, 1)],
    ".": [_line(0.02, 0.97, 0.03, 0.99)],
    ",": [_line(0.06, 0.94, 0, 1.14)],
    ":": [_line(0.02, 0.5, 0.03, 0.52), _line(0.02, 0.94, 0.03, 0.96)],
    ";": [_line(0.06, 0.5, 0.07, 0.52), _line(0.06, 0.94, 0, 1.14)],
    "!": [_line(0.03, 0, 0.03, 0.66), _line(0.02, 0.95, 0.03, 0.97)],
    "?": [[*_arc(0.2, 0.2, 0.2, 0.2, -170, 60), (0.2, 0.5), (0.2, 0.68)], _line(0.2, 0.95, 0.21, 0.97)],
    "-": [_line(0, 0.55, 0.35, 0.55)],
    "=": [_line(0, 0.45, 0.45, 0.45), _line(0, 0.68, 0.45, 0.68)],
    "/": [_line(0, 1.05, 0.4, -0.05)],
    "'": [_line(0.02, 0, 0, 0.2)],
    "+": [_line(0, 0.55, 0.5, 0.55), _line(0.25, 0.3, 0.25, 0.8)],
}  # fmt: skip


def blank_page(width: int, height: int) -> npt.NDArray[np.uint8]:
    """An empty page of ink: 0 everywhere."""
    return np.zeros((height, width), np.uint8)


def draw_strokes(
    page: npt.NDArray[np.uint8], strokes: Iterable[npt.ArrayLike], pen: float, darkness: int = 255
) -> BoundingBox | None:
    """Ink the strokes (page pixels) into ``page`` with a round pen ``pen`` pixels wide.

    Returns the tight box of the ink of at least half strength, inside the page, or ``None`` if there is none.
    """
    lines = [np.asarray(s, float) for s in strokes]
    every = np.concatenate(lines)
    height, width = page.shape
    left, top = (int(v) for v in np.maximum(np.floor(every.min(axis=0) - pen - 1), 0))
    right, bottom = (int(v) for v in np.minimum(np.ceil(every.max(axis=0) + pen + 1), (width, height)))
    if right <= left or bottom <= top:
        return None
    big = Image.new("L", ((right - left) * SUPERSAMPLE, (bottom - top) * SUPERSAMPLE))
    brush, radius = ImageDraw.Draw(big), pen * SUPERSAMPLE / 2
    for stroke in lines:
        points = [((x - left) * SUPERSAMPLE, (y - top) * SUPERSAMPLE) for x, y in stroke]
        brush.line(points, fill=darkness, width=max(1, round(2 * radius)), joint="curve")
        for x, y in points:
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=darkness)
    inked = np.asarray(big.reduce(SUPERSAMPLE))
    region = page[top:bottom, left:right]
    np.maximum(region, inked, out=region)
    strong = inked >= 128
    rows, columns = np.flatnonzero(strong.any(axis=1)), np.flatnonzero(strong.any(axis=0))
    if rows.size == 0:
        return None
    return BoundingBox(left + int(columns[0]), top + int(rows[0]), left + int(columns[-1]) + 1, top + int(rows[-1]) + 1)


def shape_glyph(
    character: str,
    left: float,
    top: float,
    height: float,
    rng: np.random.Generator,
    jitter: float = 0.02,
    slant: float = 0.0,
) -> list[npt.NDArray[np.float64]]:
    """The character's strokes in page pixels, each letter a little different.

    Args:
        character: a key of :data:`STROKES`.
        left: where the letter's box begins, before jitter and slant.
        top: where capitals begin.
        height: of a capital, in pixels.
        rng: where chance comes from.
        jitter: how far points stray, in heights.
        slant: how far the top leans to the right, in heights (0.2 is a usual italic).
    """
    wobble = rng.normal(0, jitter, (2, 4))
    shaped = []
    for stroke in STROKES[character]:
        x, y = np.asarray(stroke, float).T
        x, y = (
            x + wobble[0, 0] * np.sin(3 * y + 9 * wobble[0, 1]) + wobble[0, 2] * y + slant * (1 - y),
            y + wobble[1, 0] * np.sin(3 * x + 9 * wobble[1, 1]) + wobble[1, 2] * x,
        )
        shaped.append(np.stack((left + x * height, top + y * height), axis=1))
    return shaped


def draw_text(
    page: npt.NDArray[np.uint8],
    text: str,
    left: float,
    top: float,
    height: float,
    pen: float,
    rng: np.random.Generator,
    *,
    gap: float = 0.3,
    space: float = 0.9,
    slope: float = 0.0,
    jitter: float = 0.02,
    slant: float = 0.0,
    darkness: int = 255,
) -> list[BoundingBox]:
    """Write one line of text into ``page`` (ink: 0 paper, 255 ink), in place, without touching letters.

    Returns the tight box of each character that is not a space, in order.

    Args:
        page: uint8 ink.
        text: characters of :data:`STROKES` and spaces.
        left: page pixel where the line begins.
        top: page pixel where the first letter's capitals would begin.
        height: of a capital, in pixels.
        pen: stroke width in pixels.
        rng: where chance comes from; the same state draws the same ink.
        gap: white between the ink of neighboring letters, in heights; negative makes them touch.
        space: white a space adds, in heights.
        slope: how far the line sinks, in pixels per pixel to the right.
        jitter: see :func:`shape_glyph`.
        slant: see :func:`shape_glyph`.
        darkness: of the ink, 1 to 255.
    """
    boxes: list[BoundingBox] = []
    x, origin = float(left), float(left)
    for character in text:
        if character == " ":
            x += space * height
            continue
        strokes = shape_glyph(character, 0, 0, height, rng, jitter, slant)
        every = np.concatenate(strokes)
        shift = (x + pen / 2 - every[:, 0].min(), top + slope * (x - origin))
        box = draw_strokes(page, [s + shift for s in strokes], pen, darkness)
        if box is not None:
            boxes.append(box)
        x += every[:, 0].max() - every[:, 0].min() + pen + gap * height
    return boxes


def text_box(boxes: Iterable[BoundingBox]) -> BoundingBox:
    """The box around a whole line."""
    return union_of(boxes)
