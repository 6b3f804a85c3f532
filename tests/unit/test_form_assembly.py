from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hcr_scan.assembly.forms import assemble_form_page
from hcr_scan.document import Field, Page, Reason, Status
from hcr_scan.forms.template import (
    Check,
    FieldKind,
    Knowledge,
    Normalization,
    Template,
    TemplateField,
    TemplatePage,
    ValueKind,
    ValueType,
)
from hcr_scan.geometry import BoundingBox
from hcr_scan.segmentation.candidates import SegmentedField, SegmentedMark, SegmentedPage, TemplateMatch
from hcr_scan.settings import NAMED_CHARSETS, Settings
from tests.fakes import INFO, LABELS, EchoClassifier, crops_of, segmented_page

BOX = BoundingBox(0, 0, 300, 50)
#: EchoClassifier then gives the label two on the larger share.
SWAYED = 255


def template(*fields: TemplateField, checks: tuple[Check, ...] = ()) -> Template:
    page = TemplatePage(1, 1000, 1400, 100, Path("blank.png"), fields)
    return Template("order", (page,), checks)


def known(name: str, kind: FieldKind = FieldKind.CELLS, **knowledge: object) -> TemplateField:
    return TemplateField(name, kind, BOX, knowledge=Knowledge(**knowledge))  # type: ignore[arg-type]


def written(*texts: str, kind: str = "cells", doubt: list[int] | None = None) -> SegmentedPage:
    """A registered page whose fields, named ``a``, ``b`` ..., say these texts to the classifier."""
    page = segmented_page(fields=texts, doubt=doubt)
    fields = tuple(replace(field, kind=kind, name=name) for name, field in zip("abcdefgh", page.fields, strict=False))
    return replace(page, fields=fields, template=TemplateMatch("order", 1, 0.9))


def assembled(page: SegmentedPage, form: Template, settings: Settings | None = None) -> Page:
    logits = EchoClassifier().predict(page.crops)
    return assemble_form_page(page, logits, INFO, settings or Settings(), [form])


def read(page: SegmentedPage, *fields: TemplateField, checks: tuple[Check, ...] = ()) -> tuple[Field, ...]:
    return assembled(page, template(*fields, checks=checks)).fields


def test_a_page_that_matches_no_template_is_read_without_one_and_says_so() -> None:
    page = assembled(segmented_page(fields=["SMITH"]), template())
    assert [field.value for field in page.fields] == ["SMITH"]
    assert (page.template, page.reasons, page.status) == (None, (Reason.UNREGISTERED,), Status.REVIEW)


def test_fields_come_by_name_in_the_order_of_the_template() -> None:
    page = assembled(written("SMITH", "1998"), template(known("b"), known("a")))
    assert [(field.name, field.value) for field in page.fields] == [("b", "1998"), ("a", "SMITH")]
    assert (page.template, page.template_page, page.template_match) == ("order", 1, 0.9)


def test_a_field_is_read_with_its_own_characters() -> None:
    # What looks like a digit and, less, like the letter two labels on can only be that letter.
    (field,) = read(written("89", doubt=[120, 120]), known("a", charset=NAMED_CHARSETS["upper"]))
    assert (field.value, field.raw) == ("AB", "89")


def test_a_mask_settles_each_position() -> None:
    doubt = [150, 0, 150]
    two_on = {text: LABELS[LABELS.index(text) + 2] for text in "89"}
    (field,) = read(written("849", doubt=doubt), known("a", mask="A9A"))
    assert field.value == f"{two_on['8']}4{two_on['9']}"
    assert field.raw == "849"
    assert [glyph.text for glyph in field.glyphs] == list(field.value)


def test_what_plainly_breaks_the_rules_goes_to_review_with_the_reason() -> None:
    (field,) = read(written("SMITH"), known("a", pattern="[0-9]{5}"))
    assert (field.value, field.status) == ("SMITH", Status.REVIEW)
    assert Reason.PATTERN in field.reasons


def test_a_word_list_reads_a_doubtful_letter() -> None:
    # The T looks rather like the letter two on, V.
    doubt = [0, 0, 0, 195, 0]
    (free,) = read(written("SMITH", doubt=doubt), known("a", charset=NAMED_CHARSETS["upper"]))
    (listed,) = read(written("SMITH", doubt=doubt), known("a", lexicon=("SMITH", "SMART", "JONES")))
    assert free.value == "SMIVH"
    assert listed.value == "SMITH"
    assert listed.confidence > free.confidence


def test_values_are_normalized_and_raw_is_kept() -> None:
    date = TemplateField(
        "a", FieldKind.CELLS, BOX,
        knowledge=Knowledge(type=ValueType(ValueKind.DATE, formats=("DDMMYYYY",))), normalize=(Normalization.ISO_DATE,),
    )  # fmt: skip
    (field,) = read(written("02111998"), date)
    assert (field.value, field.raw, field.status) == ("1998-11-02", "02111998", Status.OK)


def test_a_required_field_that_is_blank_goes_to_review() -> None:
    field = replace(known("a"), required=True)
    (read_field,) = read(written("   "), field)
    assert (read_field.status, read_field.reasons) == (Status.REVIEW, (Reason.REQUIRED,))
    (optional,) = read(written("   "), known("a"))
    assert (optional.status, optional.reasons) == (Status.BLANK, ())


@pytest.mark.parametrize(("accept_above", "status"), [(0.2, Status.OK), (0.999999, Status.REVIEW)])
def test_a_field_has_its_own_standard_of_sure_enough(accept_above: float, status: Status) -> None:
    field = replace(known("a"), accept_above=accept_above)
    (read_field,) = read(written("SMITH", doubt=[0, 0, 170, 0, 0]), field)
    assert read_field.status is status


def test_crosses_before_a_number_are_no_part_of_it() -> None:
    field = known("a", FieldKind.CROSSED_CELLS, charset=NAMED_CHARSETS["digits"])
    (read_field,) = read(written("XX41", kind="crossed_cells"), field)
    assert read_field.value == "41"
    assert [glyph.status for glyph in read_field.glyphs] == [Status.REJECTED] * 2 + [Status.OK] * 2
    assert Reason.CROSSED_OUT in read_field.glyphs[0].reasons


def test_a_sum_settles_a_doubtful_digit() -> None:
    number = ValueType(ValueKind.INTEGER)
    fields = [known(name, type=number, charset=NAMED_CHARSETS["digits"]) for name in "abc"]
    page = written("12", "30", "42", doubt=[0, 200, 0, 0, 0, 0])
    assert read(page, *fields)[0].value == "14"
    checked = read(page, *fields, checks=(Check("c = a + b"),))
    assert [field.value for field in checked] == ["12", "30", "42"]
    assert checked[0].glyphs[1].text == "2"


def test_a_sum_that_nothing_saves_goes_to_review() -> None:
    fields = [known(name, type=ValueType(ValueKind.INTEGER), charset=NAMED_CHARSETS["digits"]) for name in "abc"]
    checked = read(written("12", "30", "99"), *fields, checks=(Check("c = a + b"),))
    assert all(Reason.CHECK_FAILED in field.reasons and field.status is Status.REVIEW for field in checked)


def test_a_rule_that_a_form_breaks_leaves_what_the_ink_says() -> None:
    # The 1 may be a blemish; a blank would break no rule.
    fields = [known(name, type=ValueType(ValueKind.INTEGER), charset=NAMED_CHARSETS["digits"]) for name in "ab"]
    checked = read(written("90", "~", doubt=[0, 0, 220]), *fields, checks=(Check("a <= b"),))
    assert [(field.value, field.glyphs[0].text) for field in checked] == [("90", "9"), ("1", "1")]
    assert all(Reason.CHECK_FAILED in field.reasons for field in checked)


def test_a_rule_may_choose_a_reading_that_breaks_the_characters_of_its_field() -> None:
    digits = known("a", charset=NAMED_CHARSETS["digits"], pattern="[0-9]{9}")
    page = written("9B9", "9D9", doubt=[0, 170, 0, 0, 0, 0])
    assert read(page, digits, known("b"))[0].value == "9B9"
    field, _ = read(page, digits, known("b"), checks=(Check("a = b"),))
    assert (field.value, field.glyphs[1].text) == ("9D9", "D")


def marked(kind: FieldKind, *probabilities: float) -> Field:
    values = ("yes",) if kind is FieldKind.CHECKBOX else ("red", "green", "blue")
    marks = tuple(SegmentedMark(value, BOX, p) for value, p in zip(values, probabilities, strict=True))
    page = replace(
        segmented_page(),
        fields=(SegmentedField(kind, BOX, name="a", marks=marks),),
        crops=crops_of(""),
        template=TemplateMatch("order", 1, 0.9),
    )
    (field,) = read(page, replace(known("a", kind), required=kind is FieldKind.CHOICE))
    return field


@pytest.mark.parametrize(("probability", "value", "status"), [
    (0.99, "yes", Status.OK), (0.01, "no", Status.OK), (0.6, "yes", Status.REVIEW), (0.4, "no", Status.REVIEW),
])  # fmt: skip
def test_a_check_box_says_yes_or_no_or_is_looked_at(probability: float, value: str, status: Status) -> None:
    field = marked(FieldKind.CHECKBOX, probability)
    assert (field.value, field.status) == (value, status)
    assert field.confidence == pytest.approx(max(probability, 1 - probability))


def test_of_a_choice_one_is_marked() -> None:
    field = marked(FieldKind.CHOICE, 0.01, 0.99, 0.02)
    assert (field.value, field.status, field.reasons) == ("green", Status.OK, ())


def test_a_choice_with_none_or_two_marked_goes_to_review() -> None:
    none, two = marked(FieldKind.CHOICE, 0.01, 0.01, 0.01), marked(FieldKind.CHOICE, 0.99, 0.01, 0.99)
    assert (none.value, none.status, none.reasons) == ("", Status.REVIEW, (Reason.NONE_MARKED,))
    assert (two.value, two.status, two.reasons) == ("red;blue", Status.REVIEW, (Reason.SEVERAL_MARKED,))


def test_writing_outside_of_the_fields_is_kept_and_marked() -> None:
    page = replace(segmented_page(lines=["CALL ME", "~~~"]), template=TemplateMatch("order", 1, 0.9))
    lines = assembled(page, template()).lines
    assert [(line.text, line.status) for line in lines] == [("CALL ME", Status.REVIEW)]
    assert Reason.OUTSIDE_FIELDS in lines[0].reasons


@pytest.mark.parametrize(("accept_above", "reasons"), [(0.999999, (Reason.LOW_CONFIDENCE, Reason.TYPE)), (0.1, ())])
def test_a_doubtful_value_that_a_check_digit_chose_against_the_ink_says_so(
    accept_above: float, reasons: tuple[Reason, ...]
) -> None:
    # The 6 looks less like an 8; 16 has a wrong check digit, 18 a right one.
    luhn = replace(known("a", type=ValueType(ValueKind.LUHN)), accept_above=accept_above)
    (field,) = read(written("16", doubt=[0, 120]), luhn)
    assert (field.value, field.raw, field.reasons) == ("18", "16", reasons)
    (as_written,) = read(written("18", doubt=[0, 120]), luhn)
    assert (as_written.value, Reason.TYPE in as_written.reasons) == ("18", False)
