"""Printed frames and filled forms, drawn to the pixel, for the tests of segmentation.

Ink is 0 on paper, 255 when black.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.document import Source
from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Components, Gray, connected_components
from hcr_scan.segmentation.candidates import SegmentedField, SegmentedPage
from hcr_scan.segmentation.frames.finding import Frames, find_frames
from hcr_scan.segmentation.ink.binarization import Paper, flatten_light, local_ink
from hcr_scan.segmentation.ink.rules import find_rules
from hcr_scan.sources import PageImage, PageRef
from tests.strokes import draw_strokes, shape_glyph

Page = npt.NDArray[np.uint8]


def draw_box(page: Page, box: BoundingBox, darkness: int = 150, thick: int = 2) -> None:
    """A frame around the inside ``box``."""
    outer = box.grown(thick)
    for rows, columns in (
        (slice(outer.top, box.top), slice(outer.left, outer.right)),
        (slice(box.bottom, outer.bottom), slice(outer.left, outer.right)),
        (slice(outer.top, outer.bottom), slice(outer.left, box.left)),
        (slice(outer.top, outer.bottom), slice(box.right, outer.right)),
    ):
        page[rows, columns] = np.maximum(page[rows, columns], darkness)


def comb_cells(left: int, top: int, count: int, width: int = 40, height: int = 48, thick: int = 2) -> list[BoundingBox]:
    """The insides of the cells of a comb with shared walls."""
    step = width + thick
    return [BoundingBox(left + k * step, top, left + k * step + width, top + height) for k in range(count)]


def draw_comb(
    page: Page,
    left: int,
    top: int,
    count: int,
    *,
    width: int = 40,
    height: int = 48,
    darkness: int = 150,
    thick: int = 2,
) -> list[BoundingBox]:
    """A comb with shared walls; returns the insides of its cells."""
    cells = comb_cells(left, top, count, width, height, thick)
    for cell in cells:
        draw_box(page, cell, darkness, thick)
    return cells


def draw_round_box(page: Page, box: BoundingBox, radius: float, darkness: int = 150, thick: int = 2) -> None:
    """A frame around the inside ``box`` with round corners; one of half its shorter side makes an oval of it."""
    y, x = np.mgrid[: page.shape[0], : page.shape[1]]
    (cx, cy), straight = box.center, np.array((box.width / 2 - radius, box.height / 2 - radius))
    beyond = np.hypot(
        np.maximum(np.abs(x + 0.5 - cx) - straight[0], 0), np.maximum(np.abs(y + 0.5 - cy) - straight[1], 0)
    )
    page[(beyond >= radius) & (beyond < radius + thick)] = darkness


def write(
    page: Page,
    cell: BoundingBox,
    character: str,
    rng: np.random.Generator,
    *,
    pen: float = 4.0,
    darkness: int = 255,
    shift: float = 0.0,
) -> BoundingBox:
    """Write one character in the middle of a cell, ``shift`` pixels off to the right; returns the box of its ink."""
    height = 0.62 * cell.height
    # A hand leans and strays; ruler-straight letters would be print.
    strokes = shape_glyph(character, 0, 0, height, rng, jitter=0.05, slant=0.15)
    every = np.concatenate(strokes)
    low, high = every.min(axis=0), every.max(axis=0)
    middle = np.add(cell.center, (shift, 0)) - (low + high) / 2
    box = draw_strokes(page, [stroke + middle for stroke in strokes], pen, darkness)
    assert box is not None
    return box


def fill(page: Page, cells: list[BoundingBox], text: str, rng: np.random.Generator, **pen: float) -> list[BoundingBox]:
    """Write a text into cells, a space leaving one blank; returns the box of each character that is not a space."""
    pairs = zip(cells, text, strict=False)
    return [write(page, cell, character, rng, **pen) for cell, character in pairs if character != " "]  # type: ignore[arg-type]


def printed(page: Page, darkness_of_paper: int = 0) -> Gray:
    """The grey picture of a page of ink."""
    paper = 255 - darkness_of_paper
    return np.rint((255.0 - page) * (paper / 255)).astype(np.uint8)


def with_grain(gray: Gray, rng: np.random.Generator, deviation: float = 3.0) -> Gray:
    return np.clip(gray + rng.normal(0, deviation, gray.shape) - 2 * deviation, 0, 255).astype(np.uint8)


def as_paper(page: Page) -> Paper:
    return flatten_light(printed(page))


def strong_pieces(paper: Paper) -> Components:
    """The pieces of a page's strong ink, as a scan has them at hand."""
    return connected_components((local_ink(paper) >= 112).astype(np.uint8))


def frames_of(gray: Gray) -> Frames:
    paper = flatten_light(gray)
    return find_frames(paper, find_rules(paper), strong_pieces(paper))


def as_image(gray: Gray, dpi: int = 200) -> PageImage:
    return PageImage(PageRef("drawn.png", 0, 1, ""), np.ascontiguousarray(gray), dpi, True)


def source() -> Source:
    return as_image(np.zeros((1, 1), np.uint8)).ref.source


@dataclass(frozen=True, slots=True)
class Form:
    """A filled form: its grey picture, and cells and glyphs of each row."""

    page: Page
    rows: tuple[str, ...]
    cells: tuple[list[BoundingBox], ...]
    glyphs: tuple[list[BoundingBox], ...]

    @property
    def gray(self) -> Gray:
        return printed(self.page)


ROWS = ("MARIA LOPEZ", "12 APRIL1968", "TURNER RD 14", "7 HILLSIDE")


def draw_form(
    rows: tuple[str, ...] = ROWS,
    *,
    seed: int = 3,
    size: tuple[int, int] = (1700, 2200),
    corner: tuple[int, int] = (150, 200),
    darkness: int = 150,
    pen: float = 4.0,
    cell: tuple[int, int] = (40, 48),
) -> Form:
    """A page ``size`` (width, height) of combs, one for each row of text; sizes need no rescaling."""
    rng = np.random.default_rng(seed)
    page = np.zeros((size[1], size[0]), np.uint8)
    left, top = corner
    cells, glyphs = [], []
    for k, row in enumerate(rows):
        cells.append(
            draw_comb(page, left, top + 3 * cell[1] * k, len(row), width=cell[0], height=cell[1], darkness=darkness)
        )
        glyphs.append(fill(page, cells[-1], row, rng, pen=pen))
    return Form(page, rows, tuple(cells), tuple(glyphs))


def pattern(field: SegmentedField) -> str:
    """``x`` for each written cell of a field, ``.`` for each blank one."""
    return "".join("." if cell.chunk is None else "x" for cell in field.cells)


def patterns(page: SegmentedPage) -> list[str]:
    return [pattern(field) for field in page.fields]


def expected(rows: tuple[str, ...]) -> list[str]:
    return ["".join("." if character == " " else "x" for character in row) for row in rows]


def glyph_boxes(page: SegmentedPage) -> list[BoundingBox]:
    """The box of every written cell and of every whole chunk in lines, in order."""
    chunks = [cell.chunk for field in page.fields for cell in field.cells if cell.chunk is not None]
    chunks += [chunk for line in page.lines for word in line.words for chunk in word]
    return [next(c.box for c in chunk.candidates if (c.start, c.end) == (0, chunk.cuts)) for chunk in chunks]


def nearly(a: BoundingBox, b: BoundingBox, tolerance: int) -> bool:
    return all(abs(x - y) <= tolerance for x, y in zip(a.as_list(), b.as_list(), strict=True))
