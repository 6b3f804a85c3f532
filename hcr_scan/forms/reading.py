"""One page of a known form from pixels to crops: registered to its blank, then read where its fields are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hcr_scan.forms.leftovers import lines_outside
from hcr_scan.forms.marks import mark_probability
from hcr_scan.forms.prepared_pages import ASTRAY, PreparedPage, prepared_pages
from hcr_scan.forms.registration.register import Registration, register
from hcr_scan.forms.template import MARK_KINDS, Template, TemplateField
from hcr_scan.geometry import BoundingBox, Homography, quarter_turn, union_of
from hcr_scan.images import Gray, dilate
from hcr_scan.normalization import CropSpec
from hcr_scan.segmentation.candidates import (
    Chunk,
    PageGeometry,
    SegmentedCell,
    SegmentedField,
    SegmentedLine,
    SegmentedMark,
    SegmentedPage,
    TemplateMatch,
)
from hcr_scan.segmentation.cells.strikes import struck_places
from hcr_scan.segmentation.cells.writing import InkCell, ink_in_box, read_comb
from hcr_scan.segmentation.crops import CropCollector
from hcr_scan.segmentation.glyphs.chunks import InkChunk, InkLine
from hcr_scan.segmentation.ink.binarization import FAINTEST_INK, Paper
from hcr_scan.segmentation.lines.finding import find_lines
from hcr_scan.segmentation.segment import flat_paper
from hcr_scan.sources import PageImage

#: Ink at least this many times as dark as the print that belongs there is writing over it.
OVER_PRINT = 1.3
#: Cells stand side by side that differ by this share of their size at most, and lie so many widths apart.
ALIKE, NEAR = 0.2, 2.0


@dataclass(frozen=True, slots=True, eq=False)
class RegisteredPage:
    """A page laid over its blank.

    ``paper`` is the page on the raster of the blank; ``geometry`` and ``from_source`` say how the page lay, and map its
    upright source to that raster.
    """

    form: PreparedPage
    match: float
    paper: Paper
    geometry: PageGeometry
    from_source: Homography


def segment_form(image: PageImage, templates: Sequence[Template], spec: CropSpec) -> SegmentedPage | None:
    """The fields of a page that matches one of the templates, with their crops; ``None`` where it matches none.

    Raises:
        UsageError: the blank of a template cannot be read.
    """
    page = registered_page(image, prepared_pages(templates))
    if page is None:
        return None
    crops = CropCollector(spec, page.from_source, page.geometry)
    cells = _read_cells(page)
    fields = tuple(_field(field, page, cells, crops) for field in page.form.page.fields)
    outside = tuple(_line(line, crops) for line in lines_outside(page.paper, page.form))
    match = TemplateMatch(page.form.template.id, page.form.page.number, page.match)
    return SegmentedPage(image.ref.source, page.geometry, fields, outside, crops.stacked(), match, crops.shapes())


def registered_page(image: PageImage, forms: Sequence[PreparedPage]) -> RegisteredPage | None:
    """The page laid over the blank that it matches best, if it matches any."""
    paper, to_working = flat_paper(image.pixels)
    found = register(paper, [form.blank for form in forms])
    return None if found is None else _laid_over(image, paper, to_working, forms[found.index], found)


def _laid_over(
    image: PageImage, paper: Paper, to_working: Homography, form: PreparedPage, found: Registration
) -> RegisteredPage:
    to_frame = form.to_frame @ found.to_page.inverse()
    height, width = form.darkness.shape
    darkness = found.laid(paper.darkness, form.to_frame, width, height)
    from_source = to_frame @ to_working
    turns = _turns(from_source, width, height)
    rows, columns = image.pixels.shape
    from_upright = from_source @ quarter_turn(turns, columns, rows).inverse()
    if turns % 2:
        rows, columns = columns, rows
    skew = round(from_upright.tilt(columns / 2, rows / 2), 2)
    geometry = PageGeometry(columns, rows, image.dpi, 90 * turns, skew)
    return RegisteredPage(
        form, found.match, Paper(_without_guides(darkness, form), paper.noise), geometry, from_upright
    )


def _turns(from_source: Homography, width: int, height: int) -> int:
    """Quarter turns clockwise that bring the source upright, to the nearest."""
    to_source = from_source.inverse()
    (x0, y0), (x1, y1) = to_source.point(width / 2 - 1, height / 2), to_source.point(width / 2 + 1, height / 2)
    return -round(math.degrees(math.atan2(y1 - y0, x1 - x0)) / 90) % 4


def _without_guides(darkness: Gray, form: PreparedPage) -> Gray:
    """The page without what is printed inside its fields; frames stay, writing over print stays.

    How dark the print came out is seen on the page itself, since copies fade.
    """
    if not form.guides.any():
        return darkness
    printed = form.darkness > 60
    shade = float(np.median(darkness[printed] / form.darkness[printed])) if printed.any() else 1.0
    most = form.guides.astype(np.float32) * max(shade, 0.3) * OVER_PRINT
    return np.where((most > 0) & (darkness <= most + 20), 0, darkness).astype(np.uint8)


def _read_cells(page: RegisteredPage) -> dict[BoundingBox, InkCell]:
    """What is written in each cell of the form, by the cell's box on the raster.

    Cells that are fields of their own are read with their neighbors: one small letter does not tell how dark a pen is.
    """
    rows = [[page.form.box(cell) for cell in field.cells] for field in page.form.page.fields if field.cells]
    alone = sorted((row[0] for row in rows if len(row) == 1), key=lambda cell: (cell.top, cell.left))
    rows = [row for row in rows if len(row) > 1]
    while alone:
        row, alone = [alone[0]], alone[1:]
        for cell in sorted(alone, key=lambda cell: cell.left):
            if _goes_on(row[-1], cell):
                row.append(cell)
        alone = [cell for cell in alone if cell not in row]
        rows.append(row)
    return {cell.box: cell for row in rows for cell in read_comb(page.paper, tuple(row))}


def _goes_on(cell: BoundingBox, other: BoundingBox) -> bool:
    """Whether a cell stands beside another one of its size."""
    high, wide = ALIKE * cell.height, ALIKE * cell.width
    alike = abs(cell.height - other.height) <= high and abs(cell.width - other.width) <= wide
    return alike and abs(cell.top - other.top) <= high and 0 <= other.left - cell.right <= NEAR * cell.width


def _field(
    field: TemplateField, page: RegisteredPage, cells: Mapping[BoundingBox, InkCell], crops: CropCollector
) -> SegmentedField:
    box = crops.source_box(page.form.box(field.box))
    if field.kind in MARK_KINDS:
        marks = tuple(_mark(option.value, option.box, page, crops) for option in field.options)
        return SegmentedField(field.kind, box, name=field.name, marks=marks)
    if field.cells:
        found = (cells[page.form.box(cell)] for cell in field.cells)
        return SegmentedField(field.kind, box, tuple(_cell(cell, crops) for cell in found), field.name)
    lines = tuple(_lines(page, page.form.box(field.box), crops))
    return SegmentedField(field.kind, box, name=field.name, lines=lines)


def _cell(cell: InkCell, crops: CropCollector) -> SegmentedCell:
    return SegmentedCell(
        crops.source_box(cell.box),
        crops.chunk(cell.chunk, crossed_out=cell.crossed_out) if cell.chunk else None,
        crops.chunk(cell.speck) if cell.speck else None,
    )


def _lines(page: RegisteredPage, box: BoundingBox, crops: CropCollector) -> list[SegmentedLine]:
    found = ink_in_box(page.paper, box)
    if found is None:
        return []
    ink, left, top = found
    # A strike looks like the rule of a line, which is erased where lines are found; the form's own rules are known.
    printed = page.form.darkness[top : top + ink.shape[0], left : left + ink.shape[1]] > FAINTEST_INK
    near_print = dilate(printed.astype(np.uint8), 2 * ASTRAY + 1, 2 * ASTRAY + 1) > 0
    struck = struck_places(np.where(near_print, 0, ink).astype(np.uint8))
    return [_line(line, crops, left, top, struck) for line in find_lines(ink)]


def _line(
    line: InkLine, crops: CropCollector, left: int = 0, top: int = 0, struck: Sequence[BoundingBox] = ()
) -> SegmentedLine:
    words = (tuple(_chunk(chunk, crops, left, top, struck) for chunk in word.chunks) for word in line.words)
    return SegmentedLine(tuple(words))


def _chunk(chunk: InkChunk, crops: CropCollector, left: int, top: int, struck: Sequence[BoundingBox]) -> Chunk:
    box = union_of(candidate.box for candidate in chunk.candidates)
    return crops.chunk(chunk, left, top, crossed_out=any(box.share_in(place) > 0.5 for place in struck))


def _mark(value: str, box: BoundingBox, page: RegisteredPage, crops: CropCollector) -> SegmentedMark:
    inside = page.form.box(box)
    probability = mark_probability(page.paper, page.form.darkness, inside)
    return SegmentedMark(value, crops.source_box(inside), probability)
