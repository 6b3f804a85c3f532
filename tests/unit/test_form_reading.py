from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from hcr_scan.document import Page, Reason, Status
from hcr_scan.forms.files.template_file import load_template
from hcr_scan.forms.template import FieldKind, Template, TemplateField
from hcr_scan.model.classifier import load_classifier
from hcr_scan.pipeline import read_page
from hcr_scan.settings import Settings
from hcr_scan.sources import PageImage, PageRef
from tests import form_pages
from tests.strokes import blank_page, draw_text

VALUES = {
    "surname": "HARLOW", "birth": "02111998", "member": "AB204118", "remark": "CALL AT NOON",
    "agree": "yes", "contact": "mail",
}  # fmt: skip


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return load_template(form_pages.write_template(tmp_path_factory.mktemp("form")))


def read(pixels: form_pages.Page, template: Template) -> Page:
    page = read_page(
        PageImage(PageRef("a.png", 0, 1, ""), pixels, 150, True), load_classifier(), Settings(), [template]
    )
    assert isinstance(page, Page)
    return page


def turned(pixels: form_pages.Page, degrees: float) -> form_pages.Page:
    image = Image.fromarray(pixels).rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    return np.asarray(image).copy()


def values(page: Page) -> dict[str, str]:
    return {field.name: field.value for field in page.fields}


@pytest.mark.parametrize("degrees", [0, 4, -90, 176])
def test_a_filled_form_gives_its_values_however_it_lies(template: Template, degrees: float) -> None:
    page = read(turned(form_pages.draw_filled(VALUES), degrees), template)
    assert page.template == "membership"
    assert values(page) == {
        "surname": "HARLOW", "birth": "1998-11-02", "member": "AB204118", "remark": "CALL AT NOON",
        "agree": "yes", "contact": "mail",
    }  # fmt: skip


def test_boxes_are_in_pixels_of_the_page_turned_upright(template: Template) -> None:
    page = read(turned(form_pages.draw_filled(VALUES), -90), template)
    assert (page.rotation, page.width, page.height) == (270, form_pages.WIDTH, form_pages.HEIGHT)
    place = form_pages.box_of(form_pages.FIELDS[0])
    found = next(field for field in page.fields if field.name == "surname").box
    assert np.abs(np.subtract(found.as_list(), place.as_list())).max() <= 3


def test_a_blank_form_says_nothing(template: Template) -> None:
    page = read(form_pages.draw_blank(), template)
    assert values(page) == dict.fromkeys(values(page), "") | {"agree": "no"}
    assert not page.lines
    by_name = {field.name: field for field in page.fields}
    assert by_name["surname"].reasons == (Reason.REQUIRED,)
    assert by_name["birth"].status is Status.BLANK


def test_two_marks_in_a_choice_go_to_review(template: Template) -> None:
    page = read(form_pages.draw_filled(VALUES | {"contact": "post phone"}), template)
    choice = next(field for field in page.fields if field.name == "contact")
    assert (choice.value, choice.reasons) == ("post;phone", (Reason.SEVERAL_MARKED,))


def test_a_note_in_the_margin_is_kept(template: Template) -> None:
    ink = 255 - form_pages.draw_filled(VALUES)
    draw_text(ink, "MOVED AWAY", 200, 1400, 44, 4, np.random.default_rng(1))
    lines = read(255 - ink, template).lines
    assert [line.text for line in lines] == ["MOVED AWAY"]
    assert Reason.OUTSIDE_FIELDS in lines[0].reasons


def test_another_page_is_not_taken_for_the_form(template: Template) -> None:
    ink = blank_page(form_pages.WIDTH, form_pages.HEIGHT)
    draw_text(ink, "NOTHING OF THE KIND", 100, 200, 40, 4, np.random.default_rng(2))
    page = read(255 - ink, template)
    assert (page.template, page.reasons) == (None, (Reason.UNREGISTERED,))
    assert [line.text for line in page.lines] == ["NOTHING OF THE KIND"]


def test_cells_that_are_fields_of_their_own_are_read_with_their_neighbors(template: Template) -> None:
    page, *_ = template.pages
    surname = next(field for field in page.fields if field.name == "surname")
    alone = tuple(TemplateField(f"cell_{k}", FieldKind.CELLS, cell, (cell,)) for k, cell in enumerate(surname.cells))
    squares = replace(template, id="squares", pages=(replace(page, fields=alone),))
    values = [field.value for field in read(form_pages.draw_filled({"surname": "I HAVE IT"}), squares).fields]
    assert values == [*"I", "", *"HAVE", "", *"IT", *[""] * 5]


def test_a_word_struck_through_is_left_out_and_told(template: Template) -> None:
    pixels = form_pages.draw_filled(VALUES)
    remark = next(place for place in form_pages.FIELDS if place.name == "remark")
    box = form_pages.box_of(remark)
    written = np.flatnonzero((pixels[box.top + 6 : box.bottom - 6, box.left : box.right] < 128).any(axis=0)) + box.left
    gap = int(written[:-1][np.diff(written) > 12][0])  # the end of the first word
    rows = np.flatnonzero((pixels[box.top + 6 : box.bottom - 6, written[0] : gap] < 128).any(axis=1)) + box.top + 6
    middle = int(rows.mean())
    pixels[middle - 1 : middle + 2, written[0] - 4 : gap + 4] = 0
    field = next(field for field in read(pixels, template).fields if field.name == "remark")
    assert field.value == "AT NOON"
    assert Reason.CROSSED_OUT in field.reasons
    assert field.status is Status.REVIEW
