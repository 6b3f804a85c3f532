"""One page from pixels to crops: which way up, how straight, what layout, and every glyph in it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.geometry import BoundingBox, Homography, quarter_turn, union_of
from hcr_scan.images import Components, Gray, Ink, Mask, above, connected_components, warp
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.segmentation.binarization import STRONG_INK, Paper, flatten_light, local_ink, working_raster
from hcr_scan.segmentation.candidates import (
    Candidate,
    Chunk,
    PageGeometry,
    SegmentedCell,
    SegmentedField,
    SegmentedLine,
    SegmentedPage,
)
from hcr_scan.segmentation.cells import InkCell, ink_in_box, read_comb
from hcr_scan.segmentation.crops import CropCollector
from hcr_scan.segmentation.deskew import level_writing
from hcr_scan.segmentation.fields import in_reading_order, join_cells
from hcr_scan.segmentation.frames import Frames, find_frames
from hcr_scan.segmentation.glyphs import InkChunk, InkLine
from hcr_scan.segmentation.lines import find_lines
from hcr_scan.segmentation.orientation import quarter_turns
from hcr_scan.segmentation.page_model import PageModel
from hcr_scan.segmentation.paper import lay_flat, paper_quad, paper_region
from hcr_scan.segmentation.parts import ink_threshold
from hcr_scan.segmentation.printing import print_evidence, printed_fields, printed_words
from hcr_scan.segmentation.rectification import straighten
from hcr_scan.segmentation.rules import Rules, find_rules
from hcr_scan.segmentation.single import single_glyph
from hcr_scan.settings import Layout
from hcr_scan.sources import PageImage

#: Images no larger than this (pixels) hold one character, not a page.
LARGEST_GLYPH = 160
#: A box whose cells and boxes take up more than this share of it is a table, not a place to write in.
CONTAINER_SHARE = 0.2
#: Boxes shaped like cells are cells when this many stand side by side; fewer are judged by what they hold.
CELLS_IN_A_ROW = 3
#: A page with at least this many cells and boxes is a form.
FORM_PLACES = 8


@dataclass(frozen=True, slots=True)
class StraightPage:
    """A page made upright, straight and evenly lit, in working pixels, and the map to it from the upright source."""

    paper: Paper
    ink: Ink
    pieces: Components
    rules: Rules
    from_source: Homography
    geometry: PageGeometry


def segment(image: PageImage, layout: Layout, spec: CropSpec, page_model: PageModel | None) -> SegmentedPage:
    """Everything written on a page that may be a glyph, with its crop.

    Args:
        image: the page as it was loaded.
        layout: how to understand it; ``auto`` decides.
        spec: how the model wants its crops.
        page_model: tells print from handwriting and which way is up; without it all ink is upright handwriting.
    """
    height, width = image.pixels.shape
    if layout is Layout.GLYPH or (layout is Layout.AUTO and max(height, width) <= LARGEST_GLYPH):
        return _one_glyph(image, spec)
    page = straight_page(image, spec, page_model)
    writer = _CropWriter(page, spec, page_model)
    fields: tuple[SegmentedField, ...] = ()
    if layout is not Layout.LINES:
        frames = find_frames(page.paper, page.rules, page.pieces)
        fields = tuple(_fields(page, frames, writer))
        if layout is Layout.CELLS or _places(fields) >= FORM_PLACES:
            return writer.finish(image, fields, ())
    free = _CropWriter(page, spec, page_model)
    # Faint writing is made up of weaker ink than the pieces at hand.
    pieces = page.pieces if ink_threshold(page.ink) == STRONG_INK else None
    lines = tuple(line for line in free.lines(find_lines(page.ink, pieces)) if line)
    if layout is Layout.AUTO and _written(fields) >= max(1, sum(len(word) for line in lines for word in line.words)):
        return writer.finish(image, fields, ())
    return free.finish(image, (), lines)


def straight_page(image: PageImage, spec: CropSpec, page_model: PageModel | None) -> StraightPage:
    """The page turned upright, scaled to working size, straightened by its rules and evenly lit."""
    paper, to_working = flat_paper(image.pixels)
    height, width = paper.darkness.shape
    straight = straighten(paper)
    if straight is not None and _moves(straight[0], width, height):
        # A coarse look tells that the page is tilted, a fine one how much.
        straight = straighten(paper, coarser=1) or straight
        paper, to_working = _warped(paper, straight[0], width, height), straight[0] @ to_working
    ink = local_ink(paper)
    pieces = _pieces(ink)
    turns = 0 if page_model is None else quarter_turns(ink, pieces, spec, page_model)
    if turns:
        to_working = _turned_map(to_working, turns, image.pixels.shape, (height, width))
        paper, ink = Paper(_turned(paper.darkness, turns), paper.noise), _turned(ink, turns)
        pieces = _pieces(ink)
    if straight is None:
        to_level, width, height = level_writing(pieces, *ink.shape[::-1])
        if to_level is not None:
            paper, to_working = _warped(paper, to_level, width, height), to_level @ to_working
            ink = local_ink(paper)
            pieces = _pieces(ink)
    rows, columns = image.pixels.shape if turns % 2 == 0 else image.pixels.shape[::-1]
    geometry = PageGeometry(columns, rows, image.dpi, 90 * turns, round(to_working.tilt(columns / 2, rows / 2), 2))
    return StraightPage(paper, ink, pieces, find_rules(paper), to_working, geometry)


def flat_paper(pixels: Gray) -> tuple[Paper, Homography]:
    """The page at working size, evenly lit, laid flat if it is a sheet on a desk, and the map from its pixels."""
    pixels, sheet, to_working = _sheet(pixels)
    return flatten_light(pixels, sheet), to_working


def _warped(paper: Paper, homography: Homography, width: int, height: int) -> Paper:
    return Paper(warp(paper.darkness, homography, width, height, fill=0), paper.noise)


def _turned(raster: Gray, turns: int) -> Gray:
    return np.ascontiguousarray(np.rot90(raster, -turns))


def _turned_map(to_working: Homography, turns: int, source: tuple[int, ...], working: tuple[int, int]) -> Homography:
    """The map from the source turned upright to the working raster turned with it; shapes are those before."""
    height, width = source
    from_upright = quarter_turn(-turns, *((height, width) if turns % 2 else (width, height)))
    return quarter_turn(turns, working[1], working[0]) @ to_working @ from_upright


def _moves(homography: Homography, width: int, height: int) -> bool:
    """Whether a map moves a corner of the raster by a pixel or more; resampling for less only blurs."""
    corners = ((0, 0), (width, 0), (width, height), (0, height))
    return any(math.dist(corner, homography.point(*corner)) >= 1 for corner in corners)


def _pieces(ink: Ink) -> Components:
    return connected_components(above(ink, STRONG_INK - 1))


def _sheet(pixels: Gray) -> tuple[Gray, Mask | None, Homography]:
    """The page at working size, the sheet that it is a photo of, if any, laid flat if possible, and the map to both."""
    pixels, to_working = working_raster(pixels)
    sheet = paper_region(pixels)
    quad = None if sheet is None else paper_quad(sheet)
    flat = None if quad is None else lay_flat(quad, pixels.shape[1], pixels.shape[0])
    if sheet is None or flat is None:
        return pixels, sheet, to_working
    to_flat, width, height = flat
    pixels, sheet = warp(pixels, to_flat, width, height), warp(sheet, to_flat, width, height, fill=0)
    return pixels, np.where(sheet == 255, sheet, 0), to_flat @ to_working


def _places(fields: tuple[SegmentedField, ...]) -> int:
    """How many places to write in there are: cells side by side, and single cells and boxes with something in them.

    A lone empty box may be the loop of a large letter.
    """
    return sum(len(f.cells) if f.kind == "cells" and len(f.cells) > 1 else _written((f,)) > 0 for f in fields)


def _written(fields: tuple[SegmentedField, ...]) -> int:
    return sum(1 for field in fields for cell in field.cells if cell.chunk is not None)


def _fields(page: StraightPage, frames: Frames, writer: _CropWriter) -> list[SegmentedField]:
    """Fields of cells and boxes in reading order; those that hold print are labels, not fields."""
    inner = _innermost(frames)
    joined = join_cells((*frames.combs, *((box,) for box in inner if _is_cell_shaped(box))))
    rows = [row for row in joined if len(row) >= CELLS_IN_A_ROW or (row in frames.combs and len(row) > 1)]
    taken = {cell for row in rows for cell in row}
    alone = [cell for row in joined for cell in row if cell not in taken]
    boxes = {box: ink_in_box(page.paper, box) for box in (*(box for box in inner if box not in taken), *alone)}
    lines = {box: find_lines(found[0]) if found else [] for box, found in boxes.items()}
    single = tuple((box,) for box in boxes if _is_single(box, lines[box]))
    rows = join_cells((*rows, *single))
    combs = dict(zip(rows, writer.without_print([read_comb(page.paper, row) for row in rows]), strict=True))
    places = [*rows, *((box,) for box in boxes if (box,) not in single)]
    fields = []
    for place in in_reading_order(places):
        if place in combs:
            cells = combs[place]
            field = writer.cells(cells) if cells else None
        else:
            found = boxes[place[0]]
            field = writer.box(place[0], lines[place[0]], *(found[1:] if found else (0, 0)))
        if field is not None:
            fields.append(field)
    return fields


def _is_cell_shaped(box: BoundingBox) -> bool:
    return 0.55 * box.height < box.width < 1.8 * box.height


def _is_single(box: BoundingBox, lines: list[InkLine]) -> bool:
    """Whether a box is shaped like a cell for one character and holds no more than one."""
    return _is_cell_shaped(box) and sum(len(word.chunks) for line in lines for word in line.words) <= 1


def _innermost(frames: Frames) -> list[BoundingBox]:
    """Boxes to write in: not those that cells and boxes take up, nor crumbs inside the loops of what is written."""
    parts = [cell for comb in frames.combs for cell in comb] + list(frames.boxes)
    whole = []
    for box in frames.boxes:
        inner = [part for part in parts if part.area < 0.8 * box.area and _mostly_in(part, box)]
        if sum(part.area for part in inner) < CONTAINER_SHARE * box.area:
            whole.append(box)
    return [box for box in whole if not any(other.area > box.area and _mostly_in(box, other) for other in whole)]


def _mostly_in(inner: BoundingBox, outer: BoundingBox) -> bool:
    shared = inner.intersection(outer)
    return shared is not None and shared.area > 0.7 * inner.area


class _CropWriter:
    """Collects the crops of a page while its fields and lines are put into the types that leave the worker."""

    def __init__(self, page: StraightPage, spec: CropSpec, model: PageModel | None) -> None:
        self._page = page
        self._spec = spec
        self._model = model
        self._crops = CropCollector(spec, page.from_source, page.geometry)

    def without_print(self, rows: list[tuple[InkCell, ...]]) -> list[tuple[InkCell, ...] | None]:
        """The rows of cells, with ``None`` for those that are filled with print."""
        if self._model is None:
            return list(rows)
        size = self._spec.size
        evidence = []
        for row in rows:
            crops = [self._crops.crop(_whole(cell.chunk)) for cell in row if cell.chunk is not None]
            evidence.append(print_evidence(self._model, np.array(crops, np.uint8).reshape(-1, size, size)))
        return [None if printed else row for row, printed in zip(rows, printed_fields(evidence), strict=True)]

    def cells(self, cells: tuple[InkCell, ...]) -> SegmentedField:
        """A field of cells."""
        places = tuple(
            SegmentedCell(
                self._crops.source_box(cell.box),
                self._crops.chunk(cell.chunk, crossed_out=cell.crossed_out) if cell.chunk else None,
                self._crops.chunk(cell.speck) if cell.speck else None,
            )
            for cell in cells
        )
        return SegmentedField("cells", self._crops.source_box(union_of(cell.box for cell in cells)), places)

    def box(self, box: BoundingBox, lines: list[InkLine], left: int, top: int) -> SegmentedField | None:
        """A field of lines of writing in a box, one cell a glyph, or ``None`` where there is only print in it.

        ``left`` and ``top`` are where the lines' raster lies on the page.
        """
        cells = []
        for line in lines:
            for chunks in self._handwritten(line):
                cells += [
                    SegmentedCell(c.candidates[0].box, c) for c in (self._crops.chunk(k, left, top) for k in chunks)
                ]
        return SegmentedField("box", self._crops.source_box(box), tuple(cells)) if cells or not lines else None

    def lines(self, lines: list[InkLine]) -> list[SegmentedLine | None]:
        """Lines of handwriting, with ``None`` where all of one is print."""
        evidence = [self._evidence([word.chunks for word in line.words]) for line in lines]
        common = float(np.concatenate([part for line in evidence for part in line] or [np.zeros(1)]).mean())
        result = []
        for line, found in zip(lines, evidence, strict=True):
            printed = printed_words([float(part.sum()) for part in found], common)
            words = [word.chunks for word, is_print in zip(line.words, printed, strict=True) if not is_print]
            chunks = tuple(tuple(self._crops.chunk(chunk) for chunk in word) for word in words)
            result.append(SegmentedLine(chunks) if chunks else None)
        return result

    def finish(
        self, image: PageImage, fields: tuple[SegmentedField, ...], lines: tuple[SegmentedLine, ...]
    ) -> SegmentedPage:
        return SegmentedPage(image.ref.source, self._page.geometry, fields, lines, self._crops.stacked())

    def _handwritten(self, line: InkLine) -> list[tuple[InkChunk, ...]]:
        words = [word.chunks for word in line.words]
        printed = printed_words([float(part.sum()) for part in self._evidence(words)])
        return [word for word, is_print in zip(words, printed, strict=True) if not is_print]

    def _evidence(self, words: list[tuple[InkChunk, ...]]) -> list[npt.NDArray[np.float64]]:
        """For each word the evidence of print in each of its chunks; none without a page model."""
        if self._model is None:
            return [np.zeros(len(word)) for word in words]
        crops = np.stack([self._crops.crop(_whole(chunk)) for word in words for chunk in word])
        ends = np.cumsum([len(word) for word in words])[:-1]
        return list(np.split(print_evidence(self._model, crops), ends))


def _whole(chunk: InkChunk) -> Ink:
    return next(c.ink for c in chunk.candidates if c.start == 0 and c.end == chunk.cuts)


def _one_glyph(image: PageImage, spec: CropSpec) -> SegmentedPage:
    """An image that is one character: one line of one word of one glyph; none where there is no ink."""
    height, width = image.pixels.shape
    geometry = PageGeometry(width, height, image.dpi, 0, 0.0)
    found = single_glyph(image.pixels)
    if found is None:
        return SegmentedPage(image.ref.source, geometry, (), (), np.zeros((0, spec.size, spec.size), np.uint8))
    ink, box = found
    chunk = Chunk((Candidate(0, 1, box, 0),))
    line = SegmentedLine(((chunk,),))
    return SegmentedPage(image.ref.source, geometry, (), (line,), normalize_glyph(ink, spec)[None])
