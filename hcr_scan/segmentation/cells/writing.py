"""The writing in cells: one glyph a cell, blank cells kept, walls never taken for strokes.

Each comb is looked at on its own, because pen, paper and frame differ from place to place: how dark are its walls,
how dark is the writing, and where between the two to draw the line. A frame as dark as the pen is erased by its shape
instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Gray, Ink, dilate, looked_up
from hcr_scan.order_statistics import median_of
from hcr_scan.segmentation.cells.assignment import OFF_FRAME, Owners, add_faint_strokes, assigned
from hcr_scan.segmentation.cells.captions import caption_pieces, without_pieces
from hcr_scan.segmentation.cells.cell_specks import speck_in
from hcr_scan.segmentation.cells.frame_removal import without_frame
from hcr_scan.segmentation.glyphs.chunks import InkCandidate, InkChunk
from hcr_scan.segmentation.ink.binarization import FAINTEST_INK, Paper, strong_pieces

#: A cell with less ink than this share of its area, or smaller than this share of its height, is blank.
BLANK_AREA, BLANK_SIZE = 0.006, 0.13
#: Writing at least so many times as dark as the frame is told from it by darkness alone.
DARKER_THAN_FRAME = 2.0
#: A frame is uneven (dithered, faxed): this share of it is taken for frame however dark it is.
UNEVEN_FRAME = 0.9
#: An X that voids a cell fills at least this share of its sides' mean, and of each side.
STRUCK_SIZE, STRUCK_SIDE = 0.75, 0.6
#: What goes on from a glyph is part of it down to this share of the darkness where ink begins, since pens press lightly
#: where a stroke turns or ends; but it is this share of the way from the frame to the pen, as guides are like frames.
FAINT_STROKE, OVER_FRAME = 0.5, 0.05
#: The pen is as dark as this share of the pixels of a written cell; of a box, in which there may be only one character,
#: as if it were at most twice as wide as high, and never as more pixels than a character has.
PEN_SHARE, CHARACTER_AREA = 0.02, 400
#: Room for an answer under a label is this share of the box's height, and the answer this share as dark as the label.
ANSWER_HEIGHT, PALEST_ANSWER = 0.45, 0.22
#: Sides of a comb of at least so many cells that are fainter than this share of the darkest are missing: it may be open
#: above, and have walls that are no more than ticks. Of fewer cells the sides are not known so well.
KNOWN_SIDES, SIDE_MISSING = 4, 0.3


@dataclass(frozen=True, slots=True)
class InkCell:
    """A cell of the working raster and its glyph, if any; ``crossed_out`` where a large X strikes it.

    ``speck`` is what a cell without a glyph holds that may be dust, or punctuation.
    """

    box: BoundingBox
    chunk: InkChunk | None
    crossed_out: bool = False
    speck: InkChunk | None = None


@dataclass(frozen=True, slots=True)
class _Strip:
    """A comb and its surroundings: darkness, and the offset of its corner."""

    darkness: Gray
    left: int
    top: int


@dataclass(frozen=True, slots=True)
class _StripInk:
    """The soft ink of a strip without its frame, whether that was erased by shape, and the faintest of its strokes."""

    soft: Ink
    erased: bool
    faintest: int


def read_comb(paper: Paper, cells: tuple[BoundingBox, ...]) -> tuple[InkCell, ...]:
    """The ink in a row of cells, one glyph a cell, left to right.

    Args:
        paper: the page's darkness.
        cells: insides of the cells, in working pixels, sorted, without overlaps.
    """
    strip = _cut_strip(paper, cells)
    inside = [cell.shifted(-strip.left, -strip.top) for cell in cells]
    found = _ink_of_strip(strip.darkness, inside, paper.noise_at_strokes)
    if found is None:
        return tuple(InkCell(cell, None) for cell in cells)
    ink, pieces = found.soft, strong_pieces(found.soft)
    if (captions := caption_pieces(pieces, inside)).size:
        ink = without_pieces(ink, pieces, captions)
        pieces = strong_pieces(ink)
    owners, struck = assigned(pieces, inside, found.erased)
    add_faint_strokes(owners, ink >= found.faintest, inside)
    spans = _spans(owners, len(cells))
    return tuple(
        _read_cell(ink, owners, k + 1, span, strip, cell, k in struck)
        for k, (span, cell) in enumerate(zip(spans, cells, strict=True))
    )


def ink_in_box(paper: Paper, box: BoundingBox) -> tuple[Ink, int, int] | None:
    """The writing in one large box, the frame and all that lies outside erased; ``None`` where it is blank.

    Returns the soft ink of the box and its surroundings (writing may cross the frame), and the left and top of that
    raster in working pixels.
    """
    strip = _cut_strip(paper, (box,))
    inside = box.shifted(-strip.left, -strip.top)
    ink = _box_ink(strip.darkness, inside, paper.noise_at_strokes)
    if ink is None:
        return None
    # Beside a label, which is the darkest there is, a pencil may be too pale to be ink.
    below = _below_label(strip.darkness, ink, inside)
    answer = _box_ink(strip.darkness, below, paper.noise_at_strokes) if below else None
    return ink if answer is None else np.maximum(ink, answer), strip.left, strip.top


def _box_ink(darkness: Gray, box: BoundingBox, noise: float) -> Ink | None:
    """The soft ink of what is written in a box, 0 elsewhere; ``None`` where that is nothing."""
    found = _ink_of_strip(darkness, [box], noise)
    if found is None:
        return None
    owners, _ = assigned(strong_pieces(found.soft), [box], found.erased)
    near = dilate((owners > 0).astype(np.uint8), 3, 3) > 0
    return np.where(near, found.soft, 0).astype(np.uint8) if near.any() else None


def _below_label(darkness: Gray, ink: Ink, box: BoundingBox) -> BoundingBox | None:
    """The lower part of a box with ink in the upper one alone, if it has room for an answer, and not too pale a one."""
    top = int(np.flatnonzero(ink.any(axis=1))[-1]) + OFF_FRAME
    if top <= box.top or box.bottom - top < ANSWER_HEIGHT * box.height:
        return None
    below = BoundingBox(box.left, top, box.right, box.bottom)
    return below if _pen_darkness(darkness, [below]) >= PALEST_ANSWER * _pen_darkness(darkness, [box]) else None


def _cut_strip(paper: Paper, cells: tuple[BoundingBox, ...]) -> _Strip:
    height, width = paper.darkness.shape
    reach = round(0.45 * max(cell.height for cell in cells))
    left, right = max(cells[0].left - reach, 0), min(cells[-1].right + reach, width)
    top = max(min(cell.top for cell in cells) - reach, 0)
    bottom = min(max(cell.bottom for cell in cells) + reach, height)
    return _Strip(paper.darkness[top:bottom, left:right], left, top)


def _ink_of_strip(darkness: Gray, cells: list[BoundingBox], noise: float) -> _StripInk | None:
    """Soft ink with the frame gone; ``None`` where nothing is written."""
    pen = _pen_darkness(darkness, cells)
    if pen < max(FAINTEST_INK, 5 * noise):
        return None
    along = _along_frame(darkness, cells)
    frame = float(np.median(along)) if along.size else 0.0
    half = max(0.38 * pen, 3 * noise)
    erase = pen < DARKER_THAN_FRAME * frame
    if not erase:
        half = max(half, frame + 0.25 * (pen - frame))
    # ``half`` becomes 128; what is fainter than the frame fades to nothing.
    low = half - 0.6 * (pen - half)
    steep = 128.0 / max(half - low, 1.0)
    levels = (np.arange(256, dtype=np.float32) - low) * steep
    soft = looked_up(darkness, np.clip(levels, 0, 255).astype(np.uint8))
    faintest = FAINT_STROKE * half
    if not erase:
        faintest = max(faintest, frame + OVER_FRAME * (pen - frame))
        return _StripInk(soft, False, math.ceil((faintest - low) * steep))
    # What is clearly darker than the frame is writing, even on top of it.
    surely_pen = max(frame + max(0.5 * (pen - frame), 0.1 * frame), float(np.quantile(along, UNEVEN_FRAME)))
    soft = without_frame(soft, darkness > math.floor(surely_pen), cells)
    return _StripInk(soft, True, math.ceil((faintest - low) * steep))


def _pen_darkness(darkness: Gray, cells: list[BoundingBox]) -> float:
    """How dark the writing is: the median over written cells of their darkest pixels, walls left out."""
    levels = []
    for cell in cells:
        # One character may be all there is in a wide box, close to its wall.
        dx, dy = max(3, min(cell.width // 7, cell.height // 4)), max(3, cell.height // 7)
        core = darkness[cell.top + dy : cell.bottom - dy, cell.left + dx : cell.right - dx]
        if core.size:
            darkest = -max(1, min(int(PEN_SHARE * min(core.size, 2 * len(core) ** 2)), CHARACTER_AREA))
            # NumPy selects among values of 16 bits four times as fast as among bytes.
            levels.append(float(np.partition(core.astype(np.uint16), darkest, axis=None)[darkest]))
    top = max(levels, default=0.0)
    return median_of([level for level in levels if level >= 0.6 * top]) if levels else 0.0


def _along_frame(darkness: Gray, cells: list[BoundingBox]) -> Gray:
    """How dark the frame is along walls, upper and lower rails, where there are any: the darkest pixel across them."""
    # Cells may end where the raster does.
    padded = np.pad(darkness, ((0, 1), (0, 1)))
    across_walls, across_rails = dilate(padded, 8, 1)[:-1], dilate(padded, 1, 8)[:, :-1]
    walls = [across_walls[cell.top + 3 : cell.bottom - 3, x] for cell in cells for x in (cell.left, cell.right)]
    upper = [across_rails[cell.top, cell.left : cell.right] for cell in cells]
    lower = [across_rails[cell.bottom, cell.left : cell.right] for cell in cells]
    sides = [np.concatenate(side) for side in (walls, upper, lower)]
    levels = [float(np.median(side)) if side.size else 0.0 for side in sides]
    least = SIDE_MISSING * max(levels) if len(cells) >= KNOWN_SIDES else 0.0
    return np.concatenate([side for side, level in zip(sides, levels, strict=True) if level >= least])


def _spans(owners: Owners, count: int) -> list[BoundingBox | None]:
    """The tight box of what belongs to each cell, ``None`` where that is nothing; one pass over the strip for all."""
    owned = np.flatnonzero(owners > 0)
    rows, columns = np.divmod(owned.astype(np.int32), np.int32(owners.shape[1]))
    cells = owners.ravel()[owned] - 1
    left, top = (np.full(count, max(owners.shape), np.int32) for _ in range(2))
    right, bottom = (np.full(count, -1, np.int32) for _ in range(2))
    np.minimum.at(left, cells, columns)
    np.maximum.at(right, cells, columns + 1)
    # Rows come from top to bottom, and what is written last stays.
    top[cells[::-1]] = rows[::-1]
    bottom[cells] = rows + 1
    edges = np.stack((left, top, right, bottom), axis=1).tolist()
    return [BoundingBox(*span) if span[0] < span[2] else None for span in edges]


def _read_cell(
    ink: Ink,
    owners: Owners,
    owner: int,
    span: BoundingBox | None,
    strip: _Strip,
    cell: BoundingBox,
    struck: bool,
) -> InkCell:
    """The glyph in ``span`` of the strip, if it is more than a speck."""
    if span is None or max(span.width, span.height) < BLANK_SIZE * cell.height:
        return InkCell(cell, None, speck=_speck(ink, strip, cell))
    around = (slice(max(span.top - 1, 0), span.bottom + 1), slice(max(span.left - 1, 0), span.right + 1))
    own = owners[around] == owner
    if np.count_nonzero(own) < BLANK_AREA * cell.area:
        return InkCell(cell, None, speck=_speck(ink, strip, cell))
    patch = ink[around] * dilate(own.view(np.uint8), 3, 3)
    box = span.shifted(strip.left, strip.top)
    chunk = InkChunk((InkCandidate(0, 1, box, patch),))
    tight = owners[span.top : span.bottom, span.left : span.right]
    return InkCell(cell, chunk, struck or _is_struck(tight, owner, box, cell))


def _speck(ink: Ink, strip: _Strip, cell: BoundingBox) -> InkChunk | None:
    if (found := speck_in(ink, cell.shifted(-strip.left, -strip.top))) is None:
        return None
    (candidate,) = found.candidates
    return InkChunk((replace(candidate, box=candidate.box.shifted(strip.left, strip.top)),))


def _is_struck(owners: Owners, owner: int, box: BoundingBox, cell: BoundingBox) -> bool:
    """Whether the ink of an ``owner``, in its box, is an X from corner to corner of the cell: so people void boxes.

    A written X is as much of an X, but leaves room to the frame.
    """
    sides = (box.width / cell.width, box.height / cell.height)
    if sum(sides) < 2 * STRUCK_SIZE or min(sides) < STRUCK_SIDE:
        return False
    own = owners == owner
    height, width = own.shape
    corners = (own[: height // 4, : width // 4], own[: height // 4, -(width // 4) :],
               own[-(height // 4) :, : width // 4], own[-(height // 4) :, -(width // 4) :])  # fmt: skip
    if not all(corner.any() for corner in corners):
        return False
    rows, columns = np.nonzero(own)
    v, u = rows / height, columns / width
    off_diagonal = np.minimum(np.abs(u - v), np.abs(u + v - 1))
    return bool((off_diagonal < 0.2).mean() > 0.88)
