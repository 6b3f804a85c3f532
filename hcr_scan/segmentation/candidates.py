"""What segmentation hands to classification: boxes and crops, with every doubtful cut still open.

A run of touching ink may be one glyph or several. Segmentation does not guess: a :class:`Chunk` is a small lattice of
candidate glyphs between cut positions, the classifier reads them all, and the best path through the lattice wins.
Most chunks hold one candidate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcr_scan.document import PageFailure, Source
from hcr_scan.geometry import BoundingBox

#: The columns of :attr:`SegmentedPage.shapes`: logarithm of the stroke's mean and greatest thickness, in pens; ink as
#: length of stroke, in sizes; the share of the box that is ink; holes less pieces; strokes that a row and a column meet
#: on the average; logarithms of the size, in pens, and of the aspect.
SHAPE_COLUMNS = ("stroke", "thickest", "length", "filled", "holes", "across_row", "across_column", "size", "aspect")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible glyph from cut ``start`` to cut ``end`` of its chunk.

    ``crop`` indexes the page's crops; ``box`` is in pixels of the upright source raster. ``crossed_out`` marks ink that
    strikes its whole cell out, ``maybe_print`` what may be a label, ``overwritten`` what was written over something
    else. ``penalty`` (in nats, >= 0) is what geometry holds against the candidate.
    """

    start: int
    end: int
    box: BoundingBox
    crop: int
    crossed_out: bool = False
    penalty: float = 0.0
    maybe_print: bool = False
    overwritten: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """Ink that is read as a whole: a path of candidates from cut 0 to cut ``cuts`` covers it exactly once."""

    candidates: tuple[Candidate, ...]
    cuts: int = 1


@dataclass(frozen=True, slots=True)
class SegmentedCell:
    """One place for one character; ``chunk`` is ``None`` where it is blank, or has but a ``speck`` of dust or ink."""

    box: BoundingBox
    chunk: Chunk | None
    speck: Chunk | None = None


@dataclass(frozen=True, slots=True)
class SegmentedLine:
    """Words of a line, each a row of chunks, left to right."""

    words: tuple[tuple[Chunk, ...], ...]


@dataclass(frozen=True, slots=True)
class SegmentedMark:
    """One check box, and the probability that it is marked; ``value`` is what a mark in it stands for."""

    value: str
    box: BoundingBox
    probability: float


@dataclass(frozen=True, slots=True)
class SegmentedField:
    """A place to write in: a row of cells, left to right; or, where a template says so, lines or check boxes.

    Without a template ``kind`` is ``cells`` or ``box`` and there is no name.
    """

    kind: str
    box: BoundingBox
    cells: tuple[SegmentedCell, ...] = ()
    name: str = ""
    lines: tuple[SegmentedLine, ...] = ()
    marks: tuple[SegmentedMark, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateMatch:
    """Which page of which template a page is, and how well it matches, from 0 to 1."""

    template: str
    page: int
    match: float


@dataclass(frozen=True, slots=True)
class PageGeometry:
    """The page's size in pixels of its upright source raster, and how it lay. See :class:`hcr_scan.document.Page`."""

    width: int
    height: int
    dpi: int
    rotation: int
    skew: float


@dataclass(frozen=True, slots=True)
class SegmentedPage:
    """All that leaves the worker that saw the page. ``crops`` is uint8 ``(n, size, size)``, white on black.

    ``template`` is the template that ``fields`` are from, if one matched; ``lines`` then holds what is written outside
    of them. ``shapes`` are the measures of the crops' ink, ``(n, k)``; see :mod:`hcr_scan.segmentation.ink_shapes`.
    """

    source: Source
    geometry: PageGeometry
    fields: tuple[SegmentedField, ...]
    lines: tuple[SegmentedLine, ...]
    crops: npt.NDArray[np.uint8]
    template: TemplateMatch | None = None
    shapes: npt.NDArray[np.float32] | None = None


SegmentedResult = SegmentedPage | PageFailure
