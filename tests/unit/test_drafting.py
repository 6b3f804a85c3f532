"""Templates drafted from blanks: everything there is to fill in, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hcr_scan.errors import InputError
from hcr_scan.forms.drafting.checking import check_template
from hcr_scan.forms.drafting.draft import draft_template
from hcr_scan.forms.template import FieldKind, Option, Template
from hcr_scan.geometry import BoundingBox
from tests.blank_forms import BlankForm, draw_blank_form, fillable_pdf
from tests.frames import write
from tests.pdf_writer import flate_page


def near(box: BoundingBox, other: BoundingBox, within: int = 4) -> bool:
    return all(abs(a - b) <= within for a, b in zip(box.as_list(), other.as_list(), strict=True))


def assert_found(template: Template, form: BlankForm, within: int = 4) -> None:
    by_kind = {kind: [field for field in template.fields if field.kind is kind] for kind in FieldKind}
    assert [len(field.cells) for field in by_kind[FieldKind.CELLS]] == [len(comb) for comb in form.combs]
    for field, comb in zip(by_kind[FieldKind.CELLS], form.combs, strict=True):
        assert all(near(cell, drawn, within) for cell, drawn in zip(field.cells, comb, strict=True))
    for kind, drawn in ((FieldKind.CHECKBOX, form.check_boxes), (FieldKind.BOX, form.boxes)):
        assert len(by_kind[kind]) == len(drawn)
        assert all(near(field.box, box, within) for field, box in zip(by_kind[kind], drawn, strict=True))
    assert len(by_kind[FieldKind.LINE]) == len(form.lines)
    for field, line in zip(by_kind[FieldKind.LINE], form.lines, strict=True):
        found = (field.box.left, field.box.right, field.box.bottom)
        assert all(abs(a - b) <= within + 2 for a, b in zip(found, (line.left, line.right, line.bottom), strict=True))
        assert field.box.height >= 28


@pytest.mark.parametrize("darkness", [60, 150, 255])
def test_what_a_blank_asks_for_is_found_in_reading_order(tmp_path: Path, darkness: int) -> None:
    form = draw_blank_form(darkness)
    draft = draft_template(str(form.save(tmp_path / "blank.png")), tmp_path / "card.toml")
    assert_found(draft.template, form)
    assert [field.name for field in draft.template.fields] == [f"field_{n:03d}" for n in range(1, 11)]
    assert (draft.template.id, draft.copies) == ("card", ())
    assert draft.template.fields[4].options == (Option("yes", draft.template.fields[4].box),)
    assert draft.template.pages[0].blank == tmp_path / "blank.png"
    assert check_template(draft.template) == []


def test_a_blank_that_lies_askew_is_copied_straight(tmp_path: Path) -> None:
    form = draw_blank_form()
    draft = draft_template(str(form.save(tmp_path / "blank.png", angle=1.5)), tmp_path / "card.toml")
    (copy,) = draft.copies
    (page,) = draft.template.pages
    assert copy.path == page.blank == tmp_path / "card-blank-1.png"
    assert copy.pixels.shape == (page.height, page.width)
    Image.fromarray(copy.pixels).save(copy.path)
    # On the copy everything is level: its own draft is the same, and needs no copy.
    again = draft_template(str(copy.path), tmp_path / "again.toml")
    assert again.copies == ()
    assert [field.kind for field in again.template.fields] == [field.kind for field in page.fields]
    assert [len(field.cells) for field in page.fields if field.cells] == [len(comb) for comb in form.combs]
    for field, other in zip(page.fields, again.template.fields, strict=True):
        assert near(field.box, other.box)


def test_a_blank_that_lies_on_its_side_is_turned(tmp_path: Path) -> None:
    form = draw_blank_form()
    draft = draft_template(str(form.save(tmp_path / "blank.png", angle=90)), tmp_path / "card.toml")
    assert draft.copies[0].pixels.shape == form.ink.shape
    assert_found(draft.template, form, within=6)


def test_writing_on_a_filled_page_is_passed_over(tmp_path: Path) -> None:
    form = draw_blank_form()
    rng = np.random.default_rng(3)
    for comb, text in zip(form.combs, ("SMITH", "JOHN", "24071998", "BERGEN"), strict=True):
        for cell, character in zip(comb, text, strict=False):
            write(form.ink, cell, character, rng)
    write(form.ink, form.check_boxes[1], "X", rng)
    path = form.save(tmp_path / "page.png")
    draft = draft_template(str(path), tmp_path / "card.toml", filled=True)
    assert draft.template.pages[0].filled
    assert_found(draft.template, form)


def test_pages_of_a_pdf_are_pages_of_the_form(tmp_path: Path) -> None:
    form = draw_blank_form()
    (tmp_path / "blank.pdf").write_bytes(flate_page(255 - form.ink).pdf())
    draft = draft_template(str(tmp_path / "blank.pdf"), tmp_path / "card.toml")
    assert_found(draft.template, form)
    with pytest.raises(InputError, match="has no page 2; choose others with --pages"):
        draft_template(str(tmp_path / "blank.pdf"), tmp_path / "card.toml", pages="2")
    with pytest.raises(InputError, match="is not there"):
        draft_template(str(tmp_path / "gone.pdf"), tmp_path / "card.toml")


def test_a_fillable_pdf_names_its_fields(tmp_path: Path) -> None:
    (tmp_path / "blank.pdf").write_bytes(fillable_pdf())
    draft = draft_template(str(tmp_path / "blank.pdf"), tmp_path / "card.toml")
    fields = {field.name: field for field in draft.template.fields}
    assert list(fields) == ["surname", "letter", "date_of_birth", "country", "sex", "remarks"]
    assert draft.template.pages[0].dpi == 200
    surname = fields["surname"]
    assert (surname.kind, len(surname.cells), surname.required) == (FieldKind.CELLS, 10, True)
    assert near(surname.box, BoundingBox(56, 83, 611, 139), within=1)
    assert fields["date_of_birth"].kind is FieldKind.LINE
    assert not fields["date_of_birth"].required
    assert fields["remarks"].kind is FieldKind.BOX
    assert fields["letter"].kind is FieldKind.CHECKBOX
    assert fields["country"].knowledge.lexicon == ("Norway", "Chile")
    assert fields["country"].knowledge.closed_lexicon
    assert (fields["sex"].kind, fields["sex"].required) == (FieldKind.CHOICE, True)
    assert [option.value for option in fields["sex"].options] == ["male", "female"]
