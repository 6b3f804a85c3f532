from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hcr_scan import Settings, Status, load_classifier, transcribe
from hcr_scan.assembly.spoilt import measures, shipped_weights, with_spoilt_marked
from hcr_scan.document import Glyph, Page, Reason
from hcr_scan.geometry import BoundingBox
from hcr_scan.images import Gray
from hcr_scan.pipeline import read_page
from hcr_scan.segmentation.candidates import Candidate, Chunk, SegmentedField
from hcr_scan.segmentation.ink_shapes import COLUMNS
from hcr_scan.sources import PageImage, PageRef
from tests.fakes import INFO, EchoClassifier, segmented_page
from tests.strokes import draw_strokes, shape_glyph

DELIVERY_NOTE = Path(__file__).parents[2] / "examples" / "forms" / "delivery-note.jpg"
CELL, TOPS = (40, 52), (60, 160, 260, 360)
TEXTS = ("4071385", "KARTHEN", "9528163", "MOWBRAD")


def page_of_cells() -> Gray:
    """Four rows of seven cells in one hand, white on black."""
    random = np.random.default_rng(5)
    ink = np.zeros((460, 400), np.uint8)
    for text, top in zip(TEXTS, TOPS, strict=True):
        for y in (top, top + CELL[1]):
            ink[y : y + 2, 50 : 50 + 7 * CELL[0] + 2] = 110
        for x in range(50, 51 + 7 * CELL[0], CELL[0]):
            ink[top : top + CELL[1], x : x + 2] = 110
        for number, character in enumerate(text):
            write(ink, character, number, top, random)
    return ink


def write(ink: Gray, character: str, number: int, top: int, random: np.random.Generator, pen: float = 3.5) -> None:
    draw_strokes(ink, shape_glyph(character, 59 + number * CELL[0], top + 11, 30, random, jitter=0.02), pen, 230)


def scribble(ink: Gray, number: int, top: int) -> None:
    left = 55 + number * CELL[0]
    zigzag = [(left + 3 * k, top + (8 if k % 2 else 44)) for k in range(11)]
    draw_strokes(ink, [zigzag], 3.5, 230)


def read(ink: Gray) -> list[Glyph]:
    image = PageImage(PageRef("page.png", 0, 1, ""), 255 - ink, 200, True)
    page = read_page(image, load_classifier(), Settings())
    return [glyph for field in page.fields for glyph in field.glyphs]  # type: ignore[union-attr]


def in_cell(glyphs: list[Glyph], number: int, top: int) -> Glyph:
    cell = BoundingBox(50 + number * CELL[0], top, 50 + (number + 1) * CELL[0], top + CELL[1])
    (found,) = (glyph for glyph in glyphs if glyph.box.share_in(cell.grown(4)) > 0.6)
    return found


def test_a_page_without_corrections_has_none() -> None:
    glyphs = read(page_of_cells())
    assert len(glyphs) == 28
    assert not [glyph for glyph in glyphs if Reason.OVERWRITTEN in glyph.reasons]


@pytest.mark.parametrize(("number", "top", "over"), [(2, 60, "4"), (0, 260, "6"), (3, 360, "E"), (5, 160, "B")])
def test_a_character_over_another_goes_to_review(number: int, top: int, over: str) -> None:
    ink = page_of_cells()
    write(ink, over, number, top, np.random.default_rng(1), pen=5.0)
    glyph = in_cell(read(ink), number, top)
    assert glyph.status in (Status.REVIEW, Status.REJECTED)
    assert {Reason.OVERWRITTEN, Reason.NOT_A_CHARACTER} & set(glyph.reasons)


def test_a_scribble_is_not_read() -> None:
    ink = page_of_cells()
    scribble(ink, 3, 160)
    glyph = in_cell(read(ink), 3, 160)
    assert (glyph.text, glyph.status) == ("", Status.REJECTED)


def test_pages_without_measures_and_clean_ones_stay_as_they_are() -> None:
    page = segmented_page(fields=["AB"])
    logits = EchoClassifier().predict(page.crops)
    assert with_spoilt_marked(page, logits, INFO) is page
    plain = replace(page, shapes=np.tile(shipped_weights().means[:9], (2, 1)).astype(np.float32))
    assert with_spoilt_marked(plain, logits, INFO) is plain


def odd_page(candidate: Candidate, **measures_: float) -> SegmentedField:
    """The field of a page of ten plain glyphs and one with far too much ink, marked; some of its measures as told."""
    page = segmented_page(fields=["ABCDEFGHIJK"])
    cells = page.fields[0].cells
    odd = replace(cells[10], chunk=Chunk((candidate,)))
    field = SegmentedField("cells", BoundingBox(0, 0, 90, 50), (*cells[:10], odd))
    shapes = np.tile(shipped_weights().means[:9], (11, 1))
    shapes[10] += 4 * shipped_weights().scales[:9] * (1, 1, 1, 1, 1, 0, 0, 0, 0)
    for name, value in measures_.items():
        shapes[10, COLUMNS.index(name)] = value
    page = replace(page, fields=(field,), shapes=shapes.astype(np.float32))
    return with_spoilt_marked(page, EchoClassifier().predict(page.crops), INFO).fields[0]


def test_ink_far_from_what_the_page_has_is_marked() -> None:
    field = odd_page(Candidate(0, 1, BoundingBox(300, 10, 320, 40), 10))
    marked = [cell.chunk.candidates[0].overwritten for cell in field.cells if cell.chunk]
    assert marked == [False] * 10 + [True]


@pytest.mark.parametrize(("height", "marked"), [(5, False), (30, True)])
def test_specks_beside_the_letters_of_a_row_are_not_marked(height: int, marked: bool) -> None:
    field = odd_page(Candidate(0, 1, BoundingBox(300, 10, 320, 10 + height), 10))
    assert [cell.chunk.candidates[0].overwritten for cell in field.cells if cell.chunk] == [False] * 10 + [marked]


@pytest.mark.parametrize("measure", ["size", "filled"])
def test_ink_shorter_than_a_few_pens_or_too_faint_to_be_measured_is_not_marked(measure: str) -> None:
    field = odd_page(Candidate(0, 1, BoundingBox(300, 10, 320, 40), 10), **{measure: 0.0})
    assert not any(cell.chunk.candidates[0].overwritten for cell in field.cells if cell.chunk)


def test_the_delivery_note_of_the_examples_has_no_correction() -> None:
    (page,) = transcribe([DELIVERY_NOTE], load_classifier(), Settings(jobs=1))
    assert isinstance(page, Page)
    assert page.lines[0].text == "DELIVERY NOTE 4471"
    assert {reason for line in page.lines for reason in line.reasons} <= {Reason.LOW_CONFIDENCE}


@pytest.mark.parametrize("mark", ["crossed_out", "maybe_print"])
def test_what_is_struck_or_may_be_print_is_not_marked_again(mark: str) -> None:
    candidate = replace(Candidate(0, 1, BoundingBox(300, 10, 320, 40), 10), **{mark: True})
    assert odd_page(candidate).cells[10].chunk == Chunk((candidate,))


def test_a_page_whose_ink_is_all_like_that_has_a_higher_threshold() -> None:
    weights = shipped_weights()
    odds = np.array([*[weights.usual] * 9, weights.threshold + 1])
    assert weights.spoilt_on_page(odds).tolist() == [False] * 9 + [True]
    assert not weights.spoilt_on_page(odds + 3 - 3 * (np.arange(10) == 9)).any()


def test_doubts_are_measured_beside_shapes() -> None:
    sure, unsure = np.zeros((2, 5), np.float32)
    sure[0] = 12
    found = measures(np.zeros((2, 9), np.float32), np.stack([sure, unsure]), 1.0)
    assert found.shape == (2, 12)
    assert (found[1, 9:] > found[0, 9:]).all()
