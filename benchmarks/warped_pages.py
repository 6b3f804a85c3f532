"""Drawn forms and what becomes of their pages on the way in: turned, cropped, photographed, badly lit, stamped."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.drawing import Hand, Page
from benchmarks.frame_pages import HEIGHT, WIDTH, WORDS, Sheet, Style, draw_row
from hcr_scan.geometry import Homography
from hcr_scan.images import resize, warp

#: Resolution of drawn blanks.
DPI = 200
MORE_WORDS = (
    *("Please", "complete", "all", "sections", "return", "this", "form", "within", "days", "employer", "income", "tax"),
    *("declare", "that", "information", "is", "true", "policy", "holder", "claim", "amount", "currency", "receipt"),
    *("office", "use", "only", "received", "checked", "by", "department", "school", "grade", "teacher", "parent"),
    *("vehicle", "registration", "make", "model", "insured", "from", "until", "patient", "ward", "doctor", "dose"),
)


@dataclass(frozen=True, slots=True)
class DrawnForm:
    """A blank page and the same page filled in, both at :data:`DPI`."""

    blank: Page
    filled: Page


def draw_form(layout: int, labels: int, write: Hand, text: float = 1.0) -> DrawnForm:
    """A form whose frames follow from ``layout`` and whose words from ``labels``; ``text`` is the share of its words.

    So forms of the same layout and other labels are twins that only their words tell apart.
    """
    random, words = np.random.default_rng((7, layout)), np.random.default_rng((8, labels))
    sheet = Sheet(random, DPI, write)

    def say(count: int, left: float, top: float, size: float, always: bool = False) -> None:
        # The same draws whether or not it is printed, so that the layout stays the same.
        chosen = " ".join(words.choice(WORDS + MORE_WORDS, count))
        if always or words.random() < text:
            sheet.text(chosen, left, top, size, 220)

    if text:
        say(3, random.uniform(150, 700), 70, random.uniform(34, 48), always=True)
    top = 170.0
    while top < HEIGHT - 220:
        kind = random.choice(("combs", "combs", "ticks", "text", "box", "table"))
        top = _SECTIONS[kind](sheet, top, say) + random.uniform(20, 50)
    blank = sheet.gray.copy()
    sheet.fill_in(random.uniform(0.2, 1.0))
    return DrawnForm(blank, sheet.gray)


def _combs(sheet: Sheet, top: float, say: object) -> float:
    random = sheet.random
    style = _style(random)
    for _ in range(int(random.integers(1, 4))):
        left = float(random.uniform(80, 140))
        size = float(random.uniform(18, 24))
        while left < WIDTH - 300:
            count = int(min(random.integers(3, 28), (WIDTH - 90 - left) / (style.width + style.wall)))
            say(int(random.integers(1, 4)), left, top, size)  # type: ignore[operator]
            draw_row(sheet, left, top + 1.6 * size, count, style)
            left += max(count * (style.width + style.wall), 240) + 60
        top += 1.6 * size + style.height + 25
    return top


def _ticks(sheet: Sheet, top: float, say: object) -> float:
    random = sheet.random
    style = replace(_style(random), width=26.0, height=26.0)
    step = float(random.uniform(280, 480))
    for _ in range(int(random.integers(1, 3))):
        for left in np.arange(90, WIDTH - 250, step):
            draw_row(sheet, float(left), top, 1, style)
            say(int(random.integers(1, 3)), float(left) + 40, top + 2, 20)  # type: ignore[operator]
        top += 52
    return top


def _text(sheet: Sheet, top: float, say: object) -> float:
    for _ in range(int(sheet.random.integers(1, 5))):
        say(12, 90, top, 19)  # type: ignore[operator]
        top += 29
    return top


def _box(sheet: Sheet, top: float, say: object) -> float:
    random = sheet.random
    height = float(random.uniform(90, 200))
    split = float(random.uniform(600, 1000))
    for left, right in ((85.0, split), (split + 30, WIDTH - 85.0)):
        say(2, left + 8, top + 6, 18)  # type: ignore[operator]
        draw_row(sheet, left, top, 1, Style(right - left, height, darkness=200))
    sheet.fields[-2:] = []
    return top + height


def _table(sheet: Sheet, top: float, say: object) -> float:
    random = sheet.random
    style = replace(_style(random), width=float(random.uniform(40, 120)), height=float(random.uniform(34, 50)))
    columns = int((WIDTH - 200) / (style.width + style.wall))
    say(3, 95, top, 20)  # type: ignore[operator]
    top += 34
    for _ in range(int(random.integers(3, 8))):
        draw_row(sheet, 95, top, columns, style)
        top += style.height + style.rail
    return top


_SECTIONS = {"combs": _combs, "ticks": _ticks, "text": _text, "box": _box, "table": _table}


def _style(random: np.random.Generator) -> Style:
    darkness = int(random.choice([90, 150, 210]))
    return Style(float(random.uniform(26, 44)), float(random.uniform(34, 50)), darkness=darkness)


@dataclass(frozen=True, slots=True)
class Warp:
    """What happens to a page: angles in degrees, ``scale`` in pixels a pixel, the rest as shares of its size."""

    angle: float = 0.0
    quarters: int = 0
    scale: float = 1.0
    stretch: float = 1.0
    perspective: float = 0.0
    crop: float = 0.0
    noise: float = 0.0
    shade: float = 0.0
    blur: float = 0.0
    bilevel: bool = False
    desk: bool = False
    stamp: bool = False


def draw_warp(random: np.random.Generator) -> Warp:
    """A warp of any severity within what registration promises."""
    photo = random.random() < 0.3
    return Warp(
        angle=float(random.uniform(-15, 15)) if random.random() < 0.5 else float(random.normal(0, 1.5)),
        quarters=int(random.choice([0, 0, 1, 2, 3])),
        scale=float(2 ** random.uniform(-1, 1)),
        stretch=float(random.uniform(0.98, 1.02)) if random.random() < 0.3 else 1.0,
        perspective=float(random.uniform(0, 0.25)) if photo else 0.0,
        crop=float(random.uniform(0, 0.1)) if random.random() < 0.4 else 0.0,
        noise=float(random.uniform(0, 14)),
        shade=float(random.uniform(0.2, 0.6)) if photo or random.random() < 0.3 else 0.0,
        blur=float(random.uniform(0, 1.2)),
        bilevel=not photo and random.random() < 0.2,
        desk=photo and random.random() < 0.6,
        stamp=random.random() < 0.3,
    )


def warped(page: Page, how: Warp, random: np.random.Generator) -> tuple[Page, Homography]:
    """The page as it comes in, and the map from the page's pixels to its own."""
    if how.stamp:
        page = _stamped(page, random)
    height, width = page.shape
    to_scan, columns, rows = _placement(how, width, height, random)
    if how.scale < 0.8:
        # A sensor sees the mean of what falls on a pixel.
        small = resize(page, round(width * how.scale), round(height * how.scale))
        shrunk = Homography((small.shape[1] / width, 0, 0, 0, small.shape[0] / height, 0, 0, 0, 1.0))
        seen = warp(small, to_scan @ shrunk.inverse(), columns, rows, fill=_around(how))
    else:
        seen = warp(page, to_scan, columns, rows, fill=_around(how))
    return _scanned(seen, how, random), to_scan


def _around(how: Warp) -> int:
    return 90 if how.desk else 250


def _placement(how: Warp, width: int, height: int, random: np.random.Generator) -> tuple[Homography, int, int]:
    """The map from a page to a raster, and that raster's size."""
    angle = math.radians(how.angle + 90 * how.quarters)
    c, s = how.scale * math.cos(angle), how.scale * math.sin(angle)
    g, h = (how.perspective * random.uniform(-1, 1, 2) / max(width, height)).tolist()
    flat = Homography((c, -s * how.stretch, 0.0, s, c * how.stretch, 0.0, g, h, 1.0))
    flat = flat @ Homography((1.0, 0, -width / 2, 0, 1.0, -height / 2, 0, 0, 1.0))
    corners = np.array([flat.point(x, y) for x, y in corners_of(width, height)])
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = high - low
    # A desk around it, or a strip missing at some sides.
    low = low + size * random.uniform(-0.06, 0, 2) if how.desk else low + size * how.crop * random.uniform(0, 1, 2)
    high = high + size * random.uniform(0, 0.06, 2) if how.desk else high - size * how.crop * random.uniform(0, 1, 2)
    columns, rows = (int(v) for v in np.ceil(high - low))
    return Homography((1.0, 0, -float(low[0]), 0, 1.0, -float(low[1]), 0, 0, 1.0)) @ flat, columns, rows


def corners_of(width: int, height: int) -> list[tuple[float, float]]:
    return [(0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height))]


def _scanned(seen: Page, how: Warp, random: np.random.Generator) -> Page:
    if how.blur:
        seen = np.asarray(Image.fromarray(seen).filter(ImageFilter.GaussianBlur(how.blur * max(1.0, how.scale))))
    light = np.full(seen.shape, 0.97, np.float32)
    if how.shade:
        rows, columns = np.indices(seen.shape, np.float32)
        down, across = (np.float32(v) for v in random.uniform(-1, 1, 2))
        along = down * rows / len(seen) + across * columns / seen.shape[1]
        light *= 1 - np.float32(how.shade) * (along - along.min()) / max(float(np.ptp(along)), 1e-6)
    lit = seen * light + random.standard_normal(seen.shape, np.float32) * np.float32(how.noise)
    if how.bilevel:
        return np.where(lit > 0.62 * 255 * light, 255, 0).astype(np.uint8)
    return np.clip(lit, 0, 255).astype(np.uint8)


def _stamped(page: Page, random: np.random.Generator) -> Page:
    """The page with a round stamp and a scribble somewhere on it."""
    image = Image.fromarray(page)
    pen = ImageDraw.Draw(image)
    x, y = random.uniform(0.2, 0.8) * image.width, random.uniform(0.2, 0.8) * image.height
    radius = float(random.uniform(90, 160))
    for ring in (radius, 0.8 * radius):
        pen.ellipse((x - ring, y - ring, x + ring, y + ring), outline=60, width=6)
    start = random.uniform(0.2, 0.8, 2) * (image.width, image.height)
    points = start + np.cumsum(random.normal(0, 40, (30, 2)), axis=0)
    pen.line([(float(a), float(b)) for a, b in points], fill=40, width=5)
    return np.array(image)
