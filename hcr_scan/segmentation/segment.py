"""One page from pixels to crops: which way up, how straight, what layout, and every glyph in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hcr_scan.geometry import Homography, quarter_turn
from hcr_scan.images import Components, Gray, Ink, Mask, warp
from hcr_scan.normalization import CropSpec, normalize_glyph
from hcr_scan.segmentation.answer_rules import AnswerRules
from hcr_scan.segmentation.candidates import Candidate, Chunk, PageGeometry, SegmentedLine, SegmentedPage
from hcr_scan.segmentation.frames.finding import find_frames
from hcr_scan.segmentation.ink.binarization import (
    STRONG_INK,
    Paper,
    flatten_light,
    local_ink,
    strong_pieces,
    working_raster,
)
from hcr_scan.segmentation.ink.parts import ink_threshold
from hcr_scan.segmentation.ink.rules import Rules, find_rules
from hcr_scan.segmentation.lines.finding import find_lines
from hcr_scan.segmentation.lines.leaders import leader_boxes
from hcr_scan.segmentation.margins import lines_outside, with_frame
from hcr_scan.segmentation.page_model import PageModel
from hcr_scan.segmentation.page_writer import PageWriter, SeenLine, SeenPlace, by_hand, handwritten, without_print
from hcr_scan.segmentation.places import InkPlace, find_places
from hcr_scan.segmentation.printing import Where
from hcr_scan.segmentation.sheet.deskew import level_writing
from hcr_scan.segmentation.sheet.orientation import quarter_turns
from hcr_scan.segmentation.sheet.paper import lay_flat, paper_quad, paper_region
from hcr_scan.segmentation.sheet.rectification import straighten
from hcr_scan.segmentation.sheet.streaks import without_streaks
from hcr_scan.segmentation.single import single_glyph
from hcr_scan.settings import Layout
from hcr_scan.sources import PageImage

#: Images no larger than this (pixels) hold one character, not a page.
LARGEST_GLYPH = 160
#: A page with at least this many cells and boxes is a form.
FORM_PLACES = 8
#: Cells in a row, or pixels along a place, that no loops of letters come to, however large the writing.
SURE_CELLS, SURE_SIDE = 4, 120
#: Nor do neighbors among cells usually differ in width by more than this share, and a pixel.
UNEVEN = 0.03
#: Where no more are sure than that, so many times as much handwriting beside the places says that they are loops.
OUTNUMBERED = 2
#: Nor are so many loops as boxes make a form within this share, and a pixel, of one size.
ONE_SIZE = 0.05
#: A stroke is a piece that is so many times as high and wide as the box, and rules to less than this share; a frame
#: reaches so many pixels beyond its inside.
LARGER, RULED, BORDER = 2.0, 0.5, 3
#: The bars of headings may be one with a frame: such a piece is at least this share of the page wide, and rules to this
#: share at the box.
HEADED, RULED_HERE = 0.5, 0.8
#: A pen no darker than this is a pencil, which fades beside print: what is so many times as dark is all one there.
PENCIL, BEYOND_PEN = 100.0, 1.2
#: A rule goes on beside a box where this share of what is as wide as the box is rule.
GOES_ON = 0.9


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
    writer = PageWriter(spec, page.from_source, page.geometry, page_model, page.paper.darkness)
    places: list[SeenPlace] = []
    if layout is not Layout.LINES:
        frames = find_frames(page.paper, page.rules, page.pieces)
        found = [place for place in find_places(page.paper, frames) if not _is_gap(place, page)]
        sound = [place for place in found if not _is_stroke(place, page)]
        # Where most are none, what made them made the others.
        places = without_print(writer.seen(sound if 2 * len(sound) > len(found) else []))
        if layout is Layout.CELLS:
            return writer.page(image.ref.source, places, ())
        lines = _beside_form(page, places, writer)
        if lines is not None:
            return writer.page(image.ref.source, places, lines)
    # Faint writing is made up of weaker ink than the pieces at hand.
    pieces = page.pieces if ink_threshold(page.ink) == STRONG_INK else None
    writer_of_lines = PageWriter(spec, page.from_source, page.geometry, page_model, page.paper.darkness)
    to_write_on = AnswerRules([], page.rules, page.paper.darkness, leader_boxes(page.ink, page.pieces))
    lines = writer_of_lines.seen_lines(find_lines(page.ink, pieces), Where.FREE, to_write_on)
    free = writer_of_lines.page(image.ref.source, (), lines)
    written = sum(seen.place.written for seen in places)
    if layout is Layout.AUTO and written >= max(1, sum(len(word) for line in free.lines for word in line.words)):
        return writer.page(image.ref.source, places, ())
    return free


def _beside_form(page: StraightPage, places: Sequence[SeenPlace], writer: PageWriter) -> list[SeenLine] | None:
    """What stands beside the places of a form; ``None`` if they make none."""
    if _count_places(places) < FORM_PLACES:
        return None
    sure, alike = [seen for seen in places if _is_sure(seen)], _are_alike(places)
    if not sure and not alike:
        return None
    written, pen = by_hand(places)
    ink = page.ink if pen > PENCIL else local_ink(page.paper, BEYOND_PEN * pen)
    # Beside the cells of a form stand labels; beside small boxes, as of a list to tick off, anything: there nothing but
    # its size tells the number of a question from an answer.
    outside = lines_outside(ink, page.rules, [seen.place for seen in places], written, one_size=not sure)
    frames = [with_frame(seen.place) for seen in places]
    to_write_on = AnswerRules(frames, page.rules, page.paper.darkness, leader_boxes(page.ink, page.pieces))
    lines = writer.seen_lines(outside, Where.MARGIN if sure else Where.FREE, to_write_on)
    if alike or _count_places(sure) >= FORM_PLACES:
        return lines
    # Letters between a rule and a fold may close a row of cells.
    return None if handwritten(places, lines) > OUTNUMBERED * _count_places(places) else lines


def straight_page(image: PageImage, spec: CropSpec, page_model: PageModel | None) -> StraightPage:
    """The page turned upright, scaled to working size, straightened by its rules and evenly lit."""
    paper, to_working = flat_paper(image.pixels, panels=True)
    height, width = paper.darkness.shape
    as_it_lay, rules = paper, find_rules(paper)
    straight = straighten(rules)
    if straight is not None and _moves(straight[0], width, height):
        paper, to_working = _warped(paper, straight[0], width, height), straight[0] @ to_working
    ink = local_ink(paper)
    pieces = strong_pieces(ink)
    turns = 0 if page_model is None else quarter_turns(ink, pieces, spec, page_model)
    if turns:
        to_working = _turned_map(to_working, turns, image.pixels.shape, (height, width))
        paper, ink = Paper(_turned(paper.darkness, turns), paper.noise), _turned(ink, turns)
        pieces = strong_pieces(ink)
    if straight is None:
        to_level, width, height = level_writing(pieces, *ink.shape[::-1])
        if to_level is not None:
            paper, to_working = _warped(paper, to_level, width, height), to_level @ to_working
            ink = local_ink(paper)
            pieces = strong_pieces(ink)
    rows, columns = image.pixels.shape if turns % 2 == 0 else image.pixels.shape[::-1]
    geometry = PageGeometry(columns, rows, image.dpi, 90 * turns, round(to_working.tilt(columns / 2, rows / 2), 2))
    rules = rules if paper is as_it_lay else find_rules(paper)
    return StraightPage(paper, ink, pieces, rules, to_working, geometry)


def flat_paper(pixels: Gray, *, panels: bool = False) -> tuple[Paper, Homography]:
    """The page at working size, evenly lit, laid flat if it is a sheet on a desk, and the map from its pixels.

    For ``panels`` see :func:`flatten_light`.
    """
    pixels, sheet, to_working = _sheet(pixels)
    return flatten_light(pixels, sheet, panels=panels), to_working


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


def _sheet(pixels: Gray) -> tuple[Gray, Mask | None, Homography]:
    """The page at working size, the sheet that it is a photo of, if any, laid flat if possible, and the map to both."""
    pixels, to_working = working_raster(pixels)
    pixels = without_streaks(pixels)
    sheet = paper_region(pixels)
    quad = None if sheet is None else paper_quad(sheet)
    flat = None if quad is None else lay_flat(quad, pixels.shape[1], pixels.shape[0])
    if sheet is None or flat is None:
        return pixels, sheet, to_working
    to_flat, width, height = flat
    pixels, sheet = warp(pixels, to_flat, width, height), warp(sheet, to_flat, width, height, fill=0)
    return pixels, np.where(sheet == 255, sheet, 0), to_flat @ to_working


def _is_stroke(place: InkPlace, page: StraightPage) -> bool:
    """Whether most of the ink in a place, its frame included, is of one piece too large for it, and no frame.

    Grain, and the two edges of a broad pen, close small boxes all along the strokes of large letters, but no row of
    cells as wide as each other.
    """
    if len(place.cells) >= SURE_CELLS and _are_even(place):
        return False
    box = place.box.grown(BORDER).clipped(page.ink.shape[1], page.ink.shape[0])
    part = (slice(box.top, box.bottom), slice(box.left, box.right))
    labels = page.pieces.labels[part]
    counts = np.bincount(labels[labels > 0])
    if not len(counts) or 2 * counts.max() <= counts.sum():
        return False
    piece = int(counts.argmax()) - 1
    around = page.pieces.box(piece)
    if min(around.width, around.height) <= LARGER * place.box.height:
        return False
    if around.width >= HEADED * page.ink.shape[1]:
        here = (page.rules.horizontal[part] | page.rules.vertical[part])[labels == piece + 1] > 0
        if here.mean() >= RULED_HERE:
            return False
    return page.rules.share_of(page.pieces, piece) < RULED


def _is_gap(place: InkPlace, page: StraightPage) -> bool:
    """Whether a small box is the room between two letters over a rule: below it that goes on, above it nothing does."""
    box = place.box
    if len(place.cells) > 1 or max(box.width, box.height) >= SURE_SIDE:
        return False
    columns = (slice(max(box.left - box.width, 0), box.left - BORDER), slice(box.right + BORDER, box.right + box.width))
    above, below = (
        [page.rules.horizontal[max(y - BORDER, 0) : y + 2 * BORDER, part].any(axis=0) for part in columns]
        for y in (box.top - BORDER, box.bottom)
    )
    goes_on = [[bool(part.size and part.mean() >= GOES_ON) for part in side] for side in (above, below)]
    return all(goes_on[1]) and not all(goes_on[0])


def _count_places(places: Sequence[SeenPlace]) -> int:
    """How many places to write in there are: cells side by side, and single cells and boxes with something in them.

    A lone empty box may be the loop of a large letter.
    """
    return sum(len(seen.place.cells) if len(seen.place.cells) > 1 else seen.place.written > 0 for seen in places)


def _is_sure(seen: SeenPlace) -> bool:
    """Whether a place is none of the small boxes that strokes of large writing close with each other and with rules."""
    box = seen.place.box
    # What stems of letters divide is not even.
    return _are_even(seen.place) and (len(seen.place.cells) >= SURE_CELLS or max(box.width, box.height) >= SURE_SIDE)


def _are_even(place: InkPlace) -> bool:
    """Whether cells side by side are as wide as each other."""
    widths = np.array([cell.box.width for cell in place.cells])
    return len(widths) < 2 or bool(np.median(np.abs(np.diff(widths))) <= 1 + UNEVEN * np.median(widths))


def _are_alike(places: Sequence[SeenPlace]) -> bool:
    """Whether as many of some boxes as make a form have one size: a press draws them so, loops of letters differ."""
    sides = np.array([(seen.place.box.width, seen.place.box.height) for seen in places])
    median = np.median(sides, axis=0)
    return int((np.abs(sides - median) <= 1 + ONE_SIZE * median).all(axis=1).sum()) >= FORM_PLACES


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
