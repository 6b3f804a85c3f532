from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hcr_scan.document import Field, Form, Glyph, Line, Page, PageFailure, PageResult, Reason, Source, Status, Word
from hcr_scan.forms.grouping import filled_forms
from hcr_scan.forms.template import Template, TemplatePage
from hcr_scan.geometry import BoundingBox

TEMPLATES = [
    Template(name, tuple(TemplatePage(number, 10, 10, 100, Path("b.png"), ()) for number in range(1, count + 1)))
    for name, count in (("two", 2), ("one", 1), ("three", 3))
]
WORD = Word((Glyph(BoundingBox(0, 0, 9, 9), "X", 0.9),))
EMPTY = Field("field_001", "cells", BoundingBox(0, 0, 90, 9), "", "", 1.0, Status.BLANK)


def page(
    path: str, template: str | None = None, template_page: int | None = None, of: int = 1, number: int = 1
) -> Page:
    return Page(Source(path, number, of), 100, 100, 100, 0, 0.0, (), (), template, 0.9, template_page)


def written(path: str) -> Page:
    return replace(page(path), lines=(Line((WORD,)),))


def grouped(*pages: PageResult) -> list[tuple[str | None, int, bool]]:
    forms = list(filled_forms(pages, TEMPLATES))
    assert [page for form in forms for page in form.pages] == list(pages)
    return [(form.template, len(form.pages), form.complete) for form in forms]


def test_pages_of_a_document_make_forms_in_whatever_order_they_lie() -> None:
    numbers = [1, 2, 2, 1, 1, 2]
    pages = [page("a.pdf", "two", number, 6, k) for k, number in enumerate(numbers, 1)]
    assert grouped(*pages) == [("two", 2, True)] * 3


def test_a_page_that_is_missing_makes_the_form_incomplete() -> None:
    pages = [page("a.pdf", "two", number, 3, k) for k, number in enumerate([1, 1, 2], 1)]
    assert grouped(*pages) == [("two", 1, False), ("two", 2, True)]


def test_single_page_files_go_on_in_their_folder() -> None:
    loose = [page("in/1.png", "two", 2), page("in/2.png", "two", 1)]
    assert grouped(*loose) == [("two", 2, True)]
    apart = [page("a/1.png", "two", 2), page("b/2.png", "two", 1)]
    assert grouped(*apart) == [("two", 1, False), ("two", 1, False)]


def test_documents_do_not_mix() -> None:
    assert grouped(page("a.pdf", "three", 1, 2, 2), page("b.pdf", "three", 2, 2, 1)) == [("three", 1, False)] * 2


def test_other_pages_stand_alone_and_end_a_form() -> None:
    failure = PageFailure(Source("in/2.png"), "decode", "damaged", "torn")
    for other, form in ((failure, None), (written("in/2.png"), None), (page("in/2.png", "one", 1), "one")):
        pages = (page("in/1.png", "two", 1), other, page("in/3.png", "two", 2))
        assert grouped(*pages) == [("two", 1, False), (form, 1, True), ("two", 1, False)]


def test_a_back_without_writing_ends_no_form() -> None:
    first, back, second, end = (page("a.pdf", *known, of=4) for known in (("two", 1), (), ("two", 2), ()))
    assert list(filled_forms([first, back, second, end], TEMPLATES)) == [
        Form((first, second), "two"),
        Form((back,)),
        Form((end,)),
    ]
    cells = replace(back, fields=(EMPTY,), reasons=(Reason.UNREGISTERED,))
    assert list(filled_forms([first, cells, second], TEMPLATES)) == [Form((first, second), "two"), Form((cells,))]
    assert grouped(first, back) == [("two", 1, False), (None, 1, True)]
    assert grouped(first, back, first, back) == [("two", 1, False), (None, 1, True)] * 2
    loose = [page("in/1.png", "two", 2), page("in/2.png"), page("in/3.png", "two", 1)]
    assert [len(form.pages) for form in filled_forms(loose, TEMPLATES)] == [2, 1]


def test_two_pages_without_writing_are_no_back_and_one_of_another_document_neither() -> None:
    first, back, second = page("a.pdf", "two", 1, 4), page("a.pdf", of=4), page("a.pdf", "two", 2, 4)
    incomplete, alone = ("two", 1, False), (None, 1, True)
    assert grouped(first, back, back, second) == [incomplete, alone, alone, incomplete]
    assert grouped(first, page("b.pdf", of=2), second) == [incomplete, alone, incomplete]
    assert grouped(back, first) == [alone, incomplete]


@pytest.mark.parametrize(("form", "status", "reasons"), [
    (Form((page("a"),)), Status.BLANK, ()),
    (Form((page("a", "two", 1),), "two", complete=False), Status.REVIEW, (Reason.INCOMPLETE,)),
    (Form((PageFailure(Source("a"), "open", "damaged", "torn"),)), Status.FAILED, ()),
])  # fmt: skip
def test_a_form_says_how_it_stands(form: Form, status: Status, reasons: tuple[Reason, ...]) -> None:
    assert (form.status, form.reasons) == (status, reasons)


def test_a_form_tells_of_writing_outside_of_its_fields() -> None:
    note = Line((WORD,), Status.REVIEW, (Reason.OUTSIDE_FIELDS,))
    form = Form((replace(page("a", "one", 1), lines=(note,)),), "one")
    assert (form.status, form.reasons) == (Status.REVIEW, (Reason.OUTSIDE_FIELDS,))


def test_no_more_than_one_form_is_held_back() -> None:
    taken = 0

    def pages() -> object:
        nonlocal taken
        for number in (1, 2) * 10:
            taken += 1
            yield page("a.pdf", "two", number, 20, taken)

    forms = filled_forms(pages(), TEMPLATES)  # type: ignore[arg-type]
    next(forms)
    assert taken == 2
