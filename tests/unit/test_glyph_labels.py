from __future__ import annotations

from dataclasses import replace

import pytest

from hcr_scan.document import Field, Glyph, Reason, Source, Status, Verdict
from hcr_scan.review.alignment import aligned
from hcr_scan.review.glyph_labels import labels_of
from hcr_scan.review.glyph_store import GlyphDecision
from hcr_scan.review.items import Decision, Item, ItemPage
from tests.reviews import field, line

PAGE = ItemPage(1, Source("/in/a"), 100, 100, 200, 0)


def item_of(part: Field) -> Item:
    return Item(
        1, PAGE, 0, part.name, part.kind, part.box, part.value, part.raw, part.confidence, part.status, part.reasons,
        part.alternatives, part.glyphs, None,
    )  # fmt: skip


def in_line(*words: str) -> Item:
    found = line(*words)
    return Item(
        1, PAGE, 0, "line_001", "line", found.box, found.text, found.text, found.confidence, found.status, (), (),
        found.glyphs, None,
    )  # fmt: skip


def said(item: Item, value: str, verdict: Verdict = Verdict.CORRECTED) -> str:
    """The labels, one a glyph, ``.`` where there is none and ``~`` for no character."""
    found = {label.number: label.text or "~" for label in labels_of(item, Decision(1, 1, "ann", verdict, value, 0.0))}
    return "".join(found.get(number, ".") for number in range(len(item.glyphs)))


@pytest.mark.parametrize(
    ("machine", "value", "labels"),
    [
        ("SM1TH", "SMITH", "SMITH"),
        ("SM1TH", "SM1TH", "SM1TH"),
        ("XXXXX", "SMITH", "SMITH"),
        ("JO~ES", "JONES", "JONES"),
        ("JO~ES", "JO ES", "JO~ES"),
        ("AN  LEE", "AN  LEE", "AN..LEE"),
        ("  ABC", "ABD", "..ABD"),
        ("~ ABC", "ABD", "~.ABD"),
        # Shifted by one, or another length: only what is certain all the same.
        ("ABCDE", "XABCD", "ABCD."),
        ("ABCDE", "ABDE", "AB.DE"),
        ("ABCDE", "ABCCDE", "AB.DE"),
    ],
)
def test_cells_lie_on_the_value(machine: str, value: str, labels: str) -> None:
    assert said(item_of(field("f", machine)), value) == labels


@pytest.mark.parametrize(
    ("words", "value", "labels"),
    [
        (("SOME", "TEXT"), "SOME TEXT", "SOMETEXT"),
        (("S0ME", "TEXT"), "SOME TEXT", "SOMETEXT"),
        (("SO", "ME", "TEXT"), "SOME TEXT", "SOMETEXT"),
        (("TRN",), "TM", "T.."),
        (("TM",), "TRN", "T."),
        (("XQZV",), "SOME", "...."),
        (("SQZE",), "SOME", "SOME"),
        (("AB~D",), "ABCD", "ABCD"),
        (("AB~CD",), "ABCD", "AB.CD"),
    ],
)
def test_lines_are_laid_along_the_value(words: tuple[str, ...], value: str, labels: str) -> None:
    assert said(in_line(*words), value) == labels


def test_accepted_values_are_labels_too() -> None:
    assert said(item_of(field("f", "AB~")), "AB", Verdict.ACCEPTED) == "AB~"


def test_what_is_unreadable_is_no_label_and_blank_says_that_marks_are_none() -> None:
    assert said(item_of(field("f", "AB~")), "", Verdict.UNREADABLE) == "..."
    assert said(item_of(field("f", "AB~")), "", Verdict.BLANK) == "..~"


def test_a_value_in_another_form_labels_only_what_is_accepted() -> None:
    date = replace(field("f", "01021980"), value="1980-02-01")
    assert said(item_of(date), "1980-02-01", Verdict.ACCEPTED) == "01021980"
    assert said(item_of(date), "1980-02-07") == "........"


def test_what_is_struck_out_is_no_label() -> None:
    struck = field("f", "AB~D")
    glyphs = [*struck.glyphs]
    glyphs[2] = replace(glyphs[2], reasons=(Reason.CROSSED_OUT,))
    assert said(item_of(replace(struck, glyphs=tuple(glyphs), value="ABD")), "ABD", Verdict.ACCEPTED) == "AB.D"


def test_single_glyphs_are_what_was_said_of_them() -> None:
    item = item_of(field("f", "AB~D"))
    decisions = [GlyphDecision(1, 1, "8"), GlyphDecision(2, 1, ""), GlyphDecision(3, 1, "D"), GlyphDecision(3, 2, "O")]
    assert [(label.number, label.text) for label in labels_of(item, None, decisions)] == [(1, "8"), (2, "")]


def test_what_is_contradicted_is_no_label() -> None:
    final = Decision(1, 1, "ann", Verdict.CORRECTED, "ABC", 0.0)
    found = labels_of(item_of(field("f", "A8C")), final, [GlyphDecision(1, 1, "8")])
    assert [(label.number, label.text) for label in found] == [(0, "A"), (2, "C")]


def test_only_single_visible_characters_are_labels() -> None:
    glyph = Glyph(field("f", "A").glyphs[0].box, "A", 0.9, (), Status.OK, 0)
    item = item_of(replace(field("f", "A"), glyphs=(glyph,)))
    assert labels_of(item, None, [GlyphDecision(0, 1, "AB")]) == []
    assert labels_of(item, None, [GlyphDecision(0, 1, "\u200b")]) == []


def test_alignment_is_certain_only_where_all_best_ways_agree() -> None:
    assert [(pair.glyph, pair.character) for pair in aligned("AAB", "AB")] == [(2, 1)]
    assert [(pair.glyph, pair.character) for pair in aligned("", "AB")] == []
    assert [(pair.glyph, pair.character, pair.same) for pair in aligned("AXB", "AYB")] == [
        (0, 0, True), (1, 1, False), (2, 2, True),
    ]  # fmt: skip
