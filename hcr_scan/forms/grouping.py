"""Which pages belong to one filled form.

Pages come as they were fed: one after the other, in any order within a form. A form ends when all its pages are there,
when one would be there twice, and with the document; single-page files of one folder go on from one to the next. A page
of another form ends it too, and one that could not be read or recognized, which may be the missing page: what follows
may be of the next person's form. Only the back of a sheet, a single page on which nothing is written, may lie between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from hcr_scan.document import Form, Page, PageResult, Status
from hcr_scan.forms.template import Template


def filled_forms(results: Iterable[PageResult], templates: Sequence[Template]) -> Iterator[Form]:
    """The pages as forms, in the order of their first pages. At most those of one form and its backs are held back.

    >>> from hcr_scan import filled_forms, load_classifier, load_template, transcribe
    >>> templates = [load_template("examples/kyc/kyc.toml")]
    >>> pages = transcribe("examples/kyc/filled.tif", load_classifier(), templates=templates)
    >>> for form in filled_forms(pages, templates):
    ...     print(form.template, form.complete, len(form.pages))
    kyc-k7 True 1
    kyc-k7 True 1
    kyc-k7 True 1
    kyc-k7 True 1
    """
    return grouped(results, form_lengths(templates))


def form_lengths(templates: Iterable[Template]) -> dict[str, int]:
    """How many pages each form has, by its id."""
    return {template.id: len(template.pages) for template in templates}


def grouped(results: Iterable[PageResult], wanted: Mapping[str, int]) -> Iterator[Form]:
    """The same, where no more is known of the templates than how many pages each form has."""
    waiting: list[Page] = []  # The pages of a form, and backs between them.
    for result in results:
        if waiting and not (isinstance(result, Page) and _goes_on(waiting, result)):
            yield from _ended(waiting, wanted)
            waiting = []
        if not isinstance(result, Page) or not (waiting or result.template):
            yield Form((result,))
            continue
        waiting.append(result)
        if _form(waiting, wanted).complete:
            yield from _ended(waiting, wanted)
            waiting = []
    if waiting:
        yield from _ended(waiting, wanted)


def _form(waiting: Sequence[Page], wanted: Mapping[str, int]) -> Form:
    pages, template = tuple(page for page in waiting if page.template is not None), waiting[0].template
    return Form(pages, template, template is not None and len(pages) == wanted[template])


def _ended(waiting: Sequence[Page], wanted: Mapping[str, int]) -> Iterator[Form]:
    """The form, and then each back by itself."""
    yield _form(waiting, wanted)
    yield from (Form((page,)) for page in waiting if page.template is None)


def _goes_on(waiting: Sequence[Page], page: Page) -> bool:
    """Whether a page may be of the same form as those before it, or the back of one of them."""
    last = waiting[-1]
    if page.template is None:
        if last.template is None or _is_written(page):
            return False
    elif page.template != waiting[0].template or page.template_page in {known.template_page for known in waiting}:
        return False
    if page.source.path == last.source.path:
        return True
    loose = page.source.pages == 1 == last.source.pages
    return loose and Path(page.source.path).parent == Path(last.source.path).parent


def _is_written(page: Page) -> bool:
    parts = [field.status for field in page.fields] + [line.status for line in page.lines]
    return any(status is not Status.BLANK for status in parts)
