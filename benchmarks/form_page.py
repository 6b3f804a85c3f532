"""A page drawn in millimeters on two layers, the form and the ink, with what is written in each field and where.

It is then captured: scanned in color or grey, faxed, photographed on a desk or in poor light, or scanned with punch
holes, a fold and the shadow of the lid, by a dusty feeder, through thin paper, or lying on its side.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from hcr_scan.geometry import BoundingBox

if TYPE_CHECKING:
    from hcr_scan_training.synthesis import Pen, Writer

Color = tuple[int, int, int]
Pixels = npt.NDArray[np.float64]
#: A captured page, and the projective map ``(3, 3)`` from the drawn page's pixels to its own.
Captured = tuple[Pixels, npt.NDArray[np.float64]]

WIDTH, HEIGHT = 210.0, 297.0
LEFT, RIGHT, BOTTOM = 20.0, 190.0, 268.0
BLACK, GREY = (20, 20, 20), (60, 60, 60)
#: How broad (millimeters) and how dark pens are, from and to.
PENS = {
    "ballpoint": ((0.35, 0.65), (0.65, 0.95)),
    "pencil": ((0.3, 0.5), (0.22, 0.4)),
    "felt tip": ((0.6, 0.85), (0.85, 1.0)),
    "marker": ((0.9, 1.4), (0.9, 1.0)),
}
RESOLUTIONS = (100, 150, 200, 200, 300, 400, 600)
INKS: tuple[Color, ...] = ((20, 20, 30), (25, 40, 140), (40, 60, 170), (60, 60, 60))
NAMES = """
SMITH JOHNSON WILLIAMS GARCIA MARTINEZ KOWALSKI NOVAK FISCHER WEBER DUBOIS ROSSI TANAKA PATEL NGUYEN OKAFOR LONDON
PARIS BERLIN MADRID VIENNA PRAGUE OSLO ZURICH KRAKOW LISBON DUBLIN BOSTON CHICAGO DENVER QUEBEC HAVANA
"""
LABELS = "Surname, First name, Date of birth, Street, City, Postal code, Phone, Member no., Account, Employer, Remarks"


@dataclass(slots=True)
class FormPage:
    """A page being drawn: ``print`` RGB, ``ink`` uint8 (255 = none), each field's text and corners (pixels)."""

    random: np.random.Generator
    dpi: int
    writer: Writer
    pen: Pen
    print: Image.Image
    ink: npt.NDArray[np.uint8]
    fields: list[tuple[str, npt.NDArray[np.float64]]] = field(default_factory=list)

    @classmethod
    def blank(cls, random: np.random.Generator, dpi: int, writer: Writer, pen: str = "ballpoint") -> FormPage:
        size = (round(WIDTH * dpi / 25.4), round(HEIGHT * dpi / 25.4))
        return cls.printed(random, dpi, writer, pen, Image.new("RGB", size, "white"))

    @classmethod
    def printed(cls, random: np.random.Generator, dpi: int, writer: Writer, pen: str, form: Image.Image) -> FormPage:
        """A form to be filled in, RGB, at ``dpi``."""
        from hcr_scan_training.synthesis import Pen

        width, darkness = (float(random.uniform(*bounds)) for bounds in PENS[pen])
        writer = replace(writer, seed=int(random.integers(1_000_000)))
        drawn_with = Pen(max(1.3, width * dpi / 25.4), darkness)
        return cls(random, dpi, writer, drawn_with, form, np.full(form.size[::-1], 255, np.uint8))

    def pixels(self, *lengths: float) -> tuple[float, ...]:
        return tuple(length * self.dpi / 25.4 for length in lengths)

    def chance(self, low: float, high: float) -> float:
        return float(self.random.uniform(low, high))

    def one_of(self, texts: Sequence[str]) -> str:
        return texts[int(self.random.integers(len(texts)))]

    def digits(self, count: int) -> str:
        """A number of so many digits, or fewer where the writer has not all of them."""
        found = "".join(str(digit) for digit in self.random.integers(0, 10, count))
        return "".join(c for c in found if c in self.writer.samples)

    def label(self, x: float, y: float, text: str | None = None, size: float = 3.2, color: Color = BLACK) -> None:
        text = text or self.one_of(LABELS.split(", "))
        font = ImageFont.load_default(size=max(6, *self.pixels(size)))
        ImageDraw.Draw(self.print).text(self.pixels(x, y), text, color, font)

    def line(self, x0: float, y0: float, x1: float, y1: float, thick: float = 0.25, color: Color = GREY) -> None:
        width = max(1, round(self.pixels(thick)[0]))
        ImageDraw.Draw(self.print).line(self.pixels(x0, y0, x1, y1), color, width)

    def box(
        self, x: float, y: float, width: float, height: float, color: Color = GREY, fill: Color | None = None
    ) -> None:
        corners = self.pixels(x, y, x + width, y + height)
        outline = None if fill else color
        ImageDraw.Draw(self.print).rectangle(corners, fill, outline, max(1, round(self.pixels(0.25)[0])))

    def answer(self, most: int) -> str:
        """What somebody may fill in, as far as the writer has the letters."""
        if self.random.random() < 0.3:
            text = "".join(str(digit) for digit in self.random.integers(0, 10, int(self.random.integers(3, 11))))
        else:
            text = " ".join(self.one_of(NAMES.split()) for _ in range(2 if self.random.random() < 0.3 else 1))
        return "".join(c for c in text if c in self.writer.samples or c == " ")[:most].strip()

    def in_cells(
        self, text: str, x: float, y: float, width: float, height: float, pitch: float, fill: float = 0.66
    ) -> None:
        """One character a cell."""
        cells = [(x + k * pitch, y, x + k * pitch + width, y + height) for k in range(len(text))]
        self.in_boxes(text, cells, fill)

    def in_boxes(self, text: str, boxes: Sequence[tuple[float, float, float, float]], fill: float = 0.66) -> None:
        """One character in each box: left, top, right, bottom."""
        for character, (x0, y0, x1, y1) in zip(text, boxes, strict=False):
            if character != " ":
                width, height = x1 - x0, y1 - y0
                tall = height * fill * self.chance(0.88, 1.1)
                middle = x0 + width / 2 + self.random.normal(0, 0.05 * width)
                top = y0 + (height - tall) / 2 + self.random.normal(0, 0.05 * height)
                left, top, right, bottom = self.pixels(middle - 0.43 * width, top, middle + 0.43 * width, top + tall)
                around = BoundingBox(round(left), round(top), round(right), round(bottom))
                if character in self.writer.samples and not character.islower():
                    self.writer.draw(self.ink, character, around, self.pen)
                else:
                    self.writer.write_in_cell(self.ink, character, around.grown(round(0.27 * around.height)), self.pen)
        written = boxes[: len(text)]
        if written:
            lefts, tops, rights, bottoms = zip(*written, strict=True)
            self._note(text, min(lefts), min(tops), max(rights), max(bottoms))

    def on_line(self, text: str, x: float, baseline: float, height: float, right: float) -> None:
        """Words on a line, as many characters as there is room for."""
        text = text[: int((right - x) / (0.95 * height))].strip()
        boxes = self.writer.write(self.ink, text, *self.pixels(x, baseline, height), self.pen)
        if boxes:
            end = max(box.right for box in boxes) * 25.4 / self.dpi
            self._note(text, x - 0.5, baseline - 1.15 * height, end + 1, baseline + 0.2 * height)

    def stroke(self, points: npt.NDArray[np.float64], shade: int = 40) -> None:
        """One stroke of the pen that is no character, through points ``(n, 2)`` in millimeters."""
        fixed = np.rint(points * self.dpi / 25.4 * 16).astype(np.int32)
        cv2.polylines(self.ink, [fixed], False, shade, max(1, int(self.pen.width)), cv2.LINE_AA, 4)

    def _note(self, text: str, x0: float, y0: float, x1: float, y1: float) -> None:
        if text.strip():
            corners = [self.pixels(x, y) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
            self.fields.append((text, np.array(corners)))

    def colored(self) -> Pixels:
        """Form and ink as a press and a pen leave them, float RGB."""
        ink = np.array(INKS[int(self.random.integers(len(INKS)))], float)
        paper, covered = np.asarray(self.print, float), (255.0 - self.ink)[..., None] / 255
        return np.asarray(paper * (1 - covered) + paper / 255 * ink * covered)


def title(page: FormPage, color: Color = BLACK) -> float:
    """The head of a page; returns where it ends."""
    page.label(LEFT, 12, "Application for membership", 6, color)
    page.label(LEFT, 20, "Please complete in block capitals, one character in each box.", 3.2, color)
    return 30.0


def comb(
    page: FormPage,
    y: float,
    width: float,
    height: float,
    gap: float,
    cell: Callable[[float, float], None],
    fill: float = 0.66,
    down: float = 0,
) -> None:
    """One row of cells, each drawn by ``cell(x, y)``, and in them an answer, ``fill`` of a cell high."""
    count = int((RIGHT - LEFT) / (width + gap))
    for k in range(count):
        cell(LEFT + k * (width + gap), y)
    page.in_cells(page.answer(count), LEFT, y + down, width, height, width + gap, fill)


def _scanned(page: FormPage, rgb: Pixels) -> Captured:
    angle, (height, width) = page.chance(-1.2, 1.2), rgb.shape[:2]
    to_scan = np.vstack((cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1), (0, 0, 1)))
    turned = cv2.warpPerspective(rgb, to_scan, (width, height), flags=cv2.INTER_CUBIC, borderValue=(252, 252, 252))
    soft = cv2.GaussianBlur(turned, (0, 0), 0.5 * page.dpi / 200)
    return 0.97 * soft + page.random.normal(0, 2.5, (height, width, 1)), to_scan


def _faxed(page: FormPage, rgb: Pixels) -> Captured:
    scan, to_scan = _scanned(page, rgb)
    grey = scan @ np.array([0.299, 0.587, 0.114])
    return np.where(grey + page.random.normal(0, 8, grey.shape) < 165, 0.0, 255.0), to_scan


def _photographed(page: FormPage, rgb: Pixels) -> Captured:
    """On a desk, from a little aside, in the shadow of the hand."""
    height, width = rgb.shape[:2]
    margin = 0.07 * width
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    seen = (corners + margin + page.random.normal(0, 0.03 * width, (4, 2))).astype(np.float32)
    to_photo = cv2.getPerspectiveTransform(corners, seen)
    size = (int(width + 2 * margin), int(height + 2 * margin))
    photo = cv2.warpPerspective(rgb, to_photo, size, flags=cv2.INTER_AREA, borderValue=(90, 80, 70))
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    angle = page.chance(0, 2 * math.pi)
    aside = (x / size[0] - 0.5) * math.cos(angle) + (y / size[1] - 0.5) * math.sin(angle)
    light = 0.78 - 0.3 * aside - 0.18 / (1 + np.exp(-25 * (aside - 0.15)))
    photo = cv2.GaussianBlur(photo * light[..., None], (0, 0), 0.8)
    return photo + page.random.normal(0, 3, (*size[::-1], 1)), np.asarray(to_photo, float)


def _bound(page: FormPage, rgb: Pixels) -> Captured:
    """With two punch holes, a fold, and the shadow of the lid along one side."""
    scan, to_scan = _scanned(page, rgb)
    half = rgb.shape[0] / page.dpi * 25.4 / 2
    for y in (half - 40, half + 40):
        middle = to_scan @ (*page.pixels(8, y), 1)
        cv2.circle(scan, (int(middle[0]), int(middle[1])), int(page.pixels(3)[0]), (20, 20, 20), -1)
    fold = int(page.pixels(half + page.chance(-6, 6))[0])
    scan[fold - 2 : fold + 3] *= 0.8
    shadow = int(page.pixels(4)[0])
    scan[:, :shadow] *= np.linspace(0.3, 1, shadow)[None, :, None]
    return scan, to_scan


def _fed(page: FormPage, rgb: Pixels) -> Captured:
    """By a feeder: streaks of dust from edge to edge, the dark roller around the page, more tilt."""
    angle, (height, width) = page.chance(-2.5, 2.5), rgb.shape[:2]
    edge = int(0.02 * width)
    turned = np.vstack((cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1), (0, 0, 1)))
    to_scan = np.array(((1, 0, edge), (0, 1, edge), (0, 0, 1))) @ turned
    around = (30,) * 3 if page.random.random() < 0.5 else (250,) * 3
    size = (width + 2 * edge, height + 2 * edge)
    scan = cv2.warpPerspective(rgb, to_scan, size, flags=cv2.INTER_CUBIC, borderValue=around)
    scan = cv2.GaussianBlur(scan, (0, 0), 0.5 * page.dpi / 200)
    for _ in range(int(page.random.integers(1, 4))):
        x, thick = int(page.random.integers(edge, width)), max(1, round(page.pixels(page.chance(0.1, 0.3))[0]))
        scan[:, x : x + thick] *= page.chance(0.3, 0.8)
    return 0.97 * scan + page.random.normal(0, 2.5, (*size[::-1], 1)), to_scan


def _thin(page: FormPage, rgb: Pixels) -> Captured:
    """Thin paper: the other side, filled in too, shows through."""
    height, width = rgb.shape[:2]
    other = cv2.GaussianBlur(rgb[:, ::-1], (0, 0), 1.2 * page.dpi / 200)
    other = np.roll(other, (int(0.013 * height), int(0.02 * width)), (0, 1))
    return _scanned(page, rgb * (1 - page.chance(0.05, 0.2) * (255 - other) / 255))


def _turned(page: FormPage, rgb: Pixels) -> Captured:
    """Scanned on its side or upside down; where things lie is counted on the page put upright."""
    scan, to_scan = _scanned(page, rgb)
    return np.ascontiguousarray(np.rot90(scan, int(page.random.integers(1, 4)))), to_scan


def _dim(page: FormPage, rgb: Pixels) -> Captured:
    """Photographed in poor warm light: blurred and grained."""
    photo, to_photo = _photographed(page, rgb)
    photo = cv2.GaussianBlur(photo, (0, 0), 1) * np.array((0.75, 0.65, 0.5))
    return photo + page.random.normal(0, 7, (*photo.shape[:2], 1)), to_photo


CAPTURES: dict[str, Callable[[FormPage, Pixels], Captured]] = {
    "scan": _scanned, "fax": _faxed, "photo": _photographed, "bound": _bound,
    "fed": _fed, "thin": _thin, "turned": _turned, "dim": _dim,
}  # fmt: skip


def capture_of(random: np.random.Generator, number: int) -> tuple[str, int]:
    """How a page is captured, and at how many dpi: the first of each kind is a plain scan."""
    capture = list(CAPTURES)[int(random.integers(len(CAPTURES)))] if number else "scan"
    return capture, 200 if capture in ("photo", "dim") else int(random.choice(RESOLUTIONS))


def save(page: FormPage, capture: str, folder: Path, name: str) -> None:
    """Capture a page, and write the picture and beside it what is written where, as the scorer wants it."""
    raster, to_raster = CAPTURES[capture](page, page.colored())
    picture, dpi = Image.fromarray(np.clip(raster, 0, 255).astype(np.uint8)), page.dpi
    if capture == "fax":
        picture.convert("1").save(folder / (file := f"{name}.tif"), compression="group4", dpi=(dpi, dpi))
    else:
        picture.save(folder / (file := f"{name}.jpg"), quality=85, dpi=(dpi, dpi))
    fields = []
    for text, corners in page.fields:
        x, y, scale = to_raster @ np.vstack((corners.T, np.ones(4)))
        box = [float(value) for value in ((x / scale).min(), (y / scale).min(), (x / scale).max(), (y / scale).max())]
        fields.append({"field": str(len(fields)), "text": text, "certain": True, "box": box})
    truth = {"image": file, "page": 1, "fields": fields}
    (folder / f"{name}.gt.json").write_text(json.dumps(truth), encoding="utf-8")
