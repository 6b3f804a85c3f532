from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from hcr_scan.assembly.pages import assemble_page
from hcr_scan.document import Page, Reason, Status, rounded
from hcr_scan.geometry import BoundingBox
from hcr_scan.model.bundle import ModelInfo
from hcr_scan.placement import PlacementTable
from hcr_scan.segmentation.candidates import (
    Candidate,
    Chunk,
    SegmentedCell,
    SegmentedField,
    SegmentedLine,
    SegmentedPage,
)
from hcr_scan.settings import Settings
from tests.fakes import INFO, LABELS, EchoClassifier, box_at, crops_of, segmented_page, single_chunk

#: EchoClassifier's second choice is two labels on and nearly as good.
DOUBTFUL = 185


def assembled(segmented: SegmentedPage, settings: Settings | None = None, info: ModelInfo = INFO) -> Page:
    logits = EchoClassifier().predict(segmented.crops)
    return assemble_page(segmented, logits, info, settings or Settings())


def page_of(text: str, fields: Sequence[SegmentedField] = (), lines: Sequence[SegmentedLine] = ()) -> SegmentedPage:
    return replace(segmented_page(), fields=tuple(fields), lines=tuple(lines), crops=crops_of(text))


def test_a_field_says_what_its_cells_say() -> None:
    (field,) = assembled(segmented_page(fields=["SMITH"])).fields
    assert (field.name, field.kind, field.value, field.raw, field.status) == (
        "field_001", "cells", "SMITH", "SMITH", Status.OK,
    )  # fmt: skip
    assert [glyph.cell for glyph in field.glyphs] == [0, 1, 2, 3, 4]
    assert field.reasons == ()
    assert 0.99 < field.confidence <= 1


def test_blank_cells_keep_their_place_between_written_ones_and_not_around_them() -> None:
    (field,) = assembled(segmented_page(fields=["  ANNA  LEE "])).fields
    assert field.value == "ANNA  LEE"
    blank = field.glyphs[0]
    assert (blank.text, blank.confidence, blank.status, blank.box, blank.cell) == ("", 1.0, Status.BLANK, box_at(0), 0)
    assert field.status is Status.OK


def test_a_field_without_ink_is_blank() -> None:
    page = assembled(segmented_page(fields=["   "]))
    (field,) = page.fields
    assert (field.value, field.status, field.confidence, page.status) == ("", Status.BLANK, 1.0, Status.BLANK)


def test_fields_are_numbered_in_reading_order() -> None:
    names = [field.name for field in assembled(segmented_page(fields=["A", "B", "C"])).fields]
    assert names == ["field_001", "field_002", "field_003"]


def test_a_line_has_words() -> None:
    (line,) = assembled(segmented_page(lines=["TWO WORDS"])).lines
    assert [word.text for word in line.words] == ["TWO", "WORDS"]
    assert (line.text, line.status) == ("TWO WORDS", Status.OK)
    assert [glyph.cell for glyph in line.glyphs] == [None] * 8


def test_a_doubtful_glyph_is_for_review_with_the_other_readings() -> None:
    (field,) = assembled(segmented_page(fields=["XAY"], doubt=[0, DOUBTFUL, 0])).fields
    glyph = field.glyphs[1]
    assert (glyph.text, glyph.status, glyph.reasons) == ("A", Status.REVIEW, (Reason.LOW_CONFIDENCE,))
    assert len(glyph.alternatives) == 3
    assert glyph.alternatives[0].text == "C"
    assert glyph.alternatives[0].confidence > 0.2
    assert "A" not in {alternative.text for alternative in glyph.alternatives}
    assert (field.status, field.reasons) == (Status.REVIEW, (Reason.LOW_CONFIDENCE,))
    assert field.confidence == pytest.approx(np.prod([rounded(g.confidence) for g in field.glyphs]))
    assert field.alternatives[0].value == "XCY"
    assert field.alternatives[0].confidence == pytest.approx(glyph.alternatives[0].confidence, abs=0.01)


def test_review_begins_where_the_settings_say() -> None:
    page = segmented_page(fields=["A"], doubt=[DOUBTFUL])
    assert assembled(page, Settings(review_below=0.3)).status is Status.OK
    assert assembled(page, Settings(review_below=0.99)).status is Status.REVIEW


def test_what_is_no_character_is_kept_and_rejected() -> None:
    (field,) = assembled(segmented_page(fields=["A~B"])).fields
    glyph = field.glyphs[1]
    assert (glyph.text, glyph.status, glyph.reasons) == ("", Status.REJECTED, (Reason.NOT_A_CHARACTER,))
    assert glyph.confidence > 0.9
    assert len(glyph.alternatives) == 3
    assert (field.value, field.status, field.reasons) == ("A B", Status.REVIEW, (Reason.NOT_A_CHARACTER,))


def test_a_reading_less_sure_than_the_model_allows_is_rejected() -> None:
    page = segmented_page(lines=["A"], doubt=[DOUBTFUL])
    (line,) = assembled(page, info=replace(INFO, reject_below=0.9)).lines
    (glyph,) = line.glyphs
    assert (glyph.text, glyph.reasons) == ("", (Reason.NOT_A_CHARACTER,))
    assert [alternative.text for alternative in glyph.alternatives[:2]] == ["A", "C"]


def test_a_crossed_out_cell_is_rejected_and_its_neighbours_close_up() -> None:
    cells = [SegmentedCell(box_at(i), single_chunk(i, i, crossed_out=i == 1)) for i in range(3)]
    page = page_of("AXB", fields=[SegmentedField("cells", BoundingBox(0, 0, 90, 50), tuple(cells))])
    (field,) = assembled(page).fields
    assert field.value == "AB"
    assert (field.glyphs[1].text, field.glyphs[1].reasons) == ("", (Reason.CROSSED_OUT,))
    assert field.glyphs[1].alternatives[0].text == "X"


def test_a_line_of_nothing_but_rejects_is_kept() -> None:
    page = assembled(segmented_page(lines=["~~"]))
    (line,) = page.lines
    assert (line.text, line.status) == ("", Status.REJECTED)
    assert page.status is Status.REVIEW


@pytest.mark.parametrize(("text", "kind", "value"), [
    ("~~~AB", "box", ""), ("~~ABC", "box", "~~ABC"), ("~AB~", "box", "~AB~"), ("~~~AB", "cells", "~~~AB"),
])  # fmt: skip
def test_a_box_of_pieces_that_are_mostly_no_characters_is_a_drawing(text: str, kind: str, value: str) -> None:
    cells = tuple(SegmentedCell(box_at(i), single_chunk(i, i)) for i in range(len(text)))
    page = page_of(text, fields=[SegmentedField(kind, BoundingBox(0, 0, 190, 50), cells)])
    (field,) = assembled(page).fields
    assert field.value == value.replace("~", " ").strip()
    for glyph, character in zip(field.glyphs, text, strict=True):
        if not value or character == "~":
            assert (glyph.text, glyph.status) == ("", Status.REJECTED)
        if not value and character != "~":
            assert glyph.alternatives[0].text == character


@pytest.mark.parametrize(("sure", "read"), [(0.8, True), (0.6, False)])
def test_paragraphs_are_read_where_the_hand_is_sure_enough_to_be_corrected(sure: float, read: bool) -> None:
    count = 120
    cells = tuple(SegmentedCell(box_at(i), single_chunk(i, i)) for i in range(count))
    crops = crops_of("A" * count)
    crops[round(sure * count) :, 0, 1] = DOUBTFUL
    page = replace(page_of("", [SegmentedField("box", BoundingBox(0, 0, 190, 50), cells)]), crops=crops)
    (field,) = assembled(page).fields
    assert bool(field.value) is read
    assert field.status is (Status.REVIEW if read else Status.REJECTED)
    assert all(glyph.alternatives[0].text == "A" for glyph in field.glyphs if not glyph.text)


@pytest.mark.parametrize(
    ("text", "value"), [("~~~~~~ PAT", "PAT"), ("~~~~~~ PA", ""), ("~~~~~~ P~T", ""), ("PATE ~~~~~~ ~~", "PATE")]
)
def test_a_word_that_is_surely_read_beside_a_drawing_stays(text: str, value: str) -> None:
    cells = tuple(
        SegmentedCell(box_at(i), None if character == " " else single_chunk(i, i)) for i, character in enumerate(text)
    )
    page = page_of(text.replace(" ", "~"), fields=[SegmentedField("box", BoundingBox(0, 0, 300, 50), cells)])
    (field,) = assembled(page).fields
    assert field.value == value


@pytest.mark.parametrize(
    ("fields", "doubted"),
    [
        (["X", "~", " ", "SMITH"], ["X"]),
        (["V", " ", " "], ["V"]),
        (["X", "V", "A", "B"], []),  # squares for letters
        (["X", "V", "~", "A", "B"], ["X", "V"]),
        (["XX", "~", "VA"], []),
    ],
)
def test_a_cross_or_tick_among_check_boxes_is_doubted_though_it_looks_like_a_letter(
    fields: list[str], doubted: list[str]
) -> None:
    page = assembled(segmented_page(fields=fields))
    for field in page.fields:
        if field.value in doubted:
            assert (field.status, field.reasons) == (Status.REVIEW, (Reason.NOT_A_CHARACTER,))
            assert (field.glyphs[0].status, field.glyphs[0].text) == (Status.REVIEW, field.value)
        elif field.value:
            assert field.status is Status.OK
    assert [field.value for field in page.fields if field.status is Status.REVIEW] == doubted


@pytest.mark.parametrize(("doubt", "text"), [(0, "CALL ME"), (180, "CALL ME"), (190, "")])
def test_a_line_beside_the_frames_of_a_form_is_read_where_more_speaks_for_its_letters_than_not(
    doubt: int, text: str
) -> None:
    (line,) = assembled(segmented_page(fields=["A"], lines=["CALL ME"], doubt=[0] + [doubt] * 6)).lines
    assert line.text == text


def test_the_character_set_decides_what_can_be_read() -> None:
    page = segmented_page(fields=["A"], doubt=[DOUBTFUL])
    (field,) = assembled(page, Settings(charset="BC")).fields
    assert field.value == "C"
    assert all(alternative.text in "BC" for alternative in field.glyphs[0].alternatives)


def touching_pair(text: str) -> SegmentedPage:
    """Ink that is one glyph (the first character of ``text``) or two (the others)."""
    candidates = (
        Candidate(0, 2, BoundingBox(0, 0, 60, 40), 0),
        Candidate(0, 1, BoundingBox(0, 0, 30, 40), 1),
        Candidate(1, 2, BoundingBox(30, 0, 60, 40), 2),
    )
    return page_of(text, lines=[SegmentedLine(((Chunk(candidates, 2),),))])


def test_the_better_way_through_touching_ink_is_taken() -> None:
    assert assembled(touching_pair("~AB")).lines[0].text == "AB"
    assert assembled(touching_pair("W~B")).lines[0].text == "W"


def test_a_cut_that_could_be_otherwise_is_for_review() -> None:
    (line,) = assembled(touching_pair("WVV")).lines
    assert line.text == "W"
    (glyph,) = line.glyphs
    assert Reason.AMBIGUOUS_SPLIT in glyph.reasons
    assert glyph.status is Status.REVIEW
    assert glyph.confidence < 0.8


def with_doubtful_zeros(segmented: SegmentedPage) -> Page:
    """The page to a classifier that takes each 0 for an O by a hair."""
    logits = EchoClassifier().predict(segmented.crops)
    logits[logits[:, LABELS.index("0")] > 5, LABELS.index("O")] = 12.3
    return assemble_page(segmented, logits, INFO, Settings())


def test_neighbours_decide_between_look_alikes() -> None:
    page = with_doubtful_zeros(segmented_page(fields=["1904", "J0HN"], lines=["1904"]))
    assert [field.value for field in page.fields] == ["1904", "JOHN"]
    assert page.lines[0].text == "1904"


def test_a_blank_cell_ends_a_word() -> None:
    """What stands before the gap says nothing about what stands behind it."""
    page = with_doubtful_zeros(segmented_page(fields=["1994 0", "199400"]))
    assert [field.value for field in page.fields] == ["1994 O", "199400"]


def test_a_page_without_anything_is_blank() -> None:
    assert assembled(segmented_page()).status is Status.BLANK


def test_every_confidence_is_a_plain_probability() -> None:
    page = assembled(segmented_page(fields=["AB", "~ 1"], lines=["X Y~"], doubt=[150, 10, 0, 20, 0, 185, 0]))
    glyphs = [glyph for part in (*page.fields, *page.lines) for glyph in part.glyphs]
    for value in [g.confidence for g in glyphs] + [a.confidence for g in glyphs for a in g.alternatives]:
        assert type(value) is float
        assert 0 <= value <= 1


def cells_with_speck(before: str | None) -> SegmentedPage:
    cells = (
        SegmentedCell(box_at(0), single_chunk(0, 0) if before else None),
        SegmentedCell(box_at(1), None, speck=single_chunk(1 if before else 0, 1)),
        SegmentedCell(box_at(2), None),
    )
    text = (before or "") + "A"
    return page_of(text, fields=[SegmentedField("cells", BoundingBox(0, 0, 90, 50), cells)])


def test_a_speck_in_a_cell_is_blank_unless_it_is_read_as_punctuation() -> None:
    for before in ("B", None):
        (field,) = assembled(cells_with_speck(before)).fields
        assert field.value == (before or "")
        assert field.glyphs[1].status is Status.BLANK
    # The fake says "A" of the speck; with the A named as a mark it is one.
    labels = tuple("." if label == "A" else label for label in LABELS)
    info = replace(INFO, labels=labels)
    charset = "".join(labels)
    (field,) = assembled(cells_with_speck("B"), Settings(charset=charset), info).fields
    assert field.value == "B."
    (field,) = assembled(cells_with_speck(None), Settings(charset=charset), info).fields
    assert field.value == ""
    assert field.status is Status.BLANK


#: How capitals and full stops stand on a line; see hcr_scan.placement.
PLACES = PlacementTable(
    dict.fromkeys("AINO", (0.3, 0.3, 0.07, 0.0, 0.14, 0.0, 0.0)) | {".": (0.5, 0.06, 0.1, -1.8, 0.38, 0.5, 1.0)}
)


def line_with_a_dot(small: bool, table: PlacementTable | None, charset: str) -> tuple[str, Status]:
    """What is read of A, ink that is rather a full stop than an O, N, and the status of that ink."""
    info = ModelInfo(labels=(*"AINO.", ""), crop_spec=INFO.crop_spec, placement=table)
    logits = np.zeros((3, 6), np.float32)
    logits[0, 0] = logits[2, 2] = 9
    logits[1, 3], logits[1, 4] = 7, 8
    middle = BoundingBox(36, 36, 41, 41) if small else box_at(1)
    boxes = (box_at(0), middle, box_at(2))
    chunks = tuple(Chunk((Candidate(0, 1, box, crop),)) for crop, box in enumerate(boxes))
    segmented = page_of("AOA", lines=[SegmentedLine((chunks,))])
    (line,) = assemble_page(segmented, logits, info, Settings(charset=charset)).lines
    glyphs = [glyph for word in line.words for glyph in word.glyphs]
    return "".join(glyph.text for glyph in glyphs), glyphs[1].status


def test_a_dot_on_the_baseline_is_no_letter_though_the_set_has_no_full_stop() -> None:
    assert line_with_a_dot(True, PLACES, "AINO.")[0] == "A.N"
    assert line_with_a_dot(True, PLACES, "AINO") == ("AN", Status.REJECTED)
    assert line_with_a_dot(True, None, "AINO")[0] == "AON"  # nothing tells the size


def test_ink_as_large_as_a_letter_is_one_however_much_it_looks_like_a_dot() -> None:
    assert line_with_a_dot(False, PLACES, "AINO")[0] == "AON"
