"""What the review says where a field's rules and its ink, or what a person types, do not go together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hcr_scan.document import FieldAlternative, Page
from hcr_scan.forms.template import (
    FieldKind,
    Knowledge,
    Normalization,
    Option,
    Template,
    TemplateField,
    TemplatePage,
    ValueKind,
    ValueType,
)
from hcr_scan.geometry import BoundingBox
from hcr_scan.review.field_checks import broken_rules
from tests.review_server import Client, drawn_page, served
from tests.reviews import field

BOX = BoundingBox(0, 0, 9, 9)
CARD = TemplateField("card", FieldKind.CELLS, BOX, (BOX,) * 16, knowledge=Knowledge(type=ValueType(ValueKind.LUHN)))
CODE = TemplateField("code", FieldKind.CELLS, BOX, (BOX,) * 6, knowledge=Knowledge(charset="0123456789", mask="999999"))
BORN = TemplateField(
    "born", FieldKind.CELLS, BOX, (BOX,) * 8, normalize=(Normalization.ISO_DATE,),
    knowledge=Knowledge(type=ValueType(ValueKind.DATE, ("DDMMYYYY",), "1900-01-01")),
)  # fmt: skip
FORM = Template("form", (TemplatePage(1, 1000, 1400, 200, Path("x"), (CARD, CODE, BORN)),))
SEX = TemplateField("sex", FieldKind.CHOICE, BOX, options=(Option("m", BOX),))
WORDS = Knowledge(lexicon=("A", "B"), closed_lexicon=True)
WRITTEN, CHOSEN = "4024007134564842", "4024000134564842"


def form(folder: Path, **raws: tuple[str, str]) -> Page:
    """A page of the form: by field what the ink says and what was made of it."""
    fields = [
        replace(field(name, chosen, 0.37, doubtful=[2], top=100 * number), raw=raw)
        for number, (name, (raw, chosen)) in enumerate(raws.items())
    ]
    return replace(drawn_page(folder / "a.png", *fields), template="form")


def told(client: Client, name: str) -> Any:
    return next(item for item in client.get("/api/queue")["items"] if item["name"] == name)


def test_where_a_rule_chose_the_value_what_is_written_is_a_reading_and_the_rule_is_named(tmp_path: Path) -> None:
    with served(tmp_path, form(tmp_path, card=(WRITTEN, CHOSEN)), templates=(FORM,)) as client:
        item = told(client, "card")
        assert [(reading["value"], reading["note"]) for reading in item["readings"]][:2] == [
            (CHOSEN, "37 %"), (WRITTEN, "as written"),
        ]  # fmt: skip
        assert [reading["differs"] for reading in item["readings"][:2]] == [[[6, 7]], [[6, 7]]]
        said = item["written"]
        assert said["before"] + said["value"] + said["after"] == (
            "The value was chosen by the field's rule: "
            f"the characters read {WRITTEN}, which fails the check digit (Luhn)."
        )
        assert "".join(glyph["text"] for glyph in item["glyphs"]) == WRITTEN
        assert item["glyphs"][6]["doubtful"]
        assert (item["doubts"][0]["text"], item["doubts"][0]["at"]) == ("7", 7)
        assert item["doubts"][0]["others"][0] == "0"


def test_without_the_template_the_glyphs_tell_that_the_value_is_another(tmp_path: Path) -> None:
    with served(tmp_path, form(tmp_path, card=(WRITTEN, CHOSEN), born=("01021990", "01021990"))) as client:
        assert told(client, "card")["written"]["value"] == WRITTEN
        assert told(client, "born")["written"] is None


def test_a_value_that_was_only_put_into_another_form_is_what_is_written(tmp_path: Path) -> None:
    page = form(tmp_path, born=("01021990", "01021990"))
    fields = (replace(page.fields[0], value="1990-02-01", alternatives=(FieldAlternative("1990-02-07", 0.1),)),)
    with served(tmp_path, replace(page, fields=fields), templates=(FORM,)) as client:
        item = told(client, "born")
        assert item["written"] is None
        assert [reading["value"] for reading in item["readings"]] == ["1990-02-01", "1990-02-07"]


def test_a_typed_value_that_breaks_a_rule_is_saved_only_when_it_is_meant(tmp_path: Path) -> None:
    page = form(tmp_path, card=(WRITTEN, CHOSEN), code=("123456", "123456"))
    with served(tmp_path, page, templates=(FORM,)) as client:
        code, card = told(client, "code")["id"], told(client, "card")["id"]
        answer = client.decide(code, "ABC")
        assert answer == {"broken": "ABC has a character that may not stand here, and does not fit the mask 999999."}
        assert client.decide(card, "4024007134564843")["broken"].endswith("fails the check digit (Luhn).")
        assert client.get("/api/totals")["decided"] == 0
        values = {"item": code, "pass": 1, "reviewer": "ann", "verdict": "corrected", "value": "ABC"}
        assert client.post("/api/decisions", **values, nevertheless=True)["totals"]["decided"] == 1
        assert [decision.value for decision in client.review.store.decisions(code)] == ["ABC"]


@pytest.mark.parametrize("value", [CHOSEN, WRITTEN, "4111111111111111"])
def test_what_was_read_or_is_right_needs_no_second_word(tmp_path: Path, value: str) -> None:
    with served(tmp_path, form(tmp_path, card=(WRITTEN, CHOSEN)), templates=(FORM,)) as client:
        assert client.decide(told(client, "card")["id"], value)["totals"]["decided"] == 1


@pytest.mark.parametrize(
    ("value", "known", "broken"),
    [
        ("01021990", BORN, []),
        ("1990-02-01", BORN, []),
        ("31021990", BORN, ["is not a date"]),
        ("1890-02-01", BORN, ["is not a date"]),
        ("abc", replace(CODE, knowledge=Knowledge()), []),
        ("abcdefg", replace(CODE, knowledge=Knowledge()), ["has 7 characters, and the field has 6 cells"]),
        ("ab", replace(CODE, knowledge=Knowledge(pattern="[a-z]{2}"), normalize=(Normalization.UPPER,)), []),
        ("AB", replace(CODE, knowledge=Knowledge(pattern="[a-z]{2}"), normalize=(Normalization.UPPER,)), []),
        ("7", replace(CODE, normalize=(Normalization.NO_LEADING_ZEROS,)), []),
        ("abc", CARD, ["is not a date"]),
        ("18", CARD, []),
        ("19", CARD, ["fails the check digit (Luhn)"]),
        ("no", SEX, ["is none of the field's boxes"]),
        ("m", SEX, []),
        ("X", replace(CODE, knowledge=WORDS), ["is not in the field's word list"]),
    ],
)  # fmt: skip
def test_rules_are_those_of_the_form_as_written_or_as_delivered(
    value: str, known: TemplateField, broken: list[str]
) -> None:
    assert broken_rules(value, known, "0123456789", "a date") == broken
