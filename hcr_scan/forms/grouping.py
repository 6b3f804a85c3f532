"""Which pages belong to one filled form.

Pages come as they were fed: one after the other, in any order within a form. A form ends when all its pages are there,
when one would be there twice, and with the document; single-page files of one folder go on from one to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from hcr_scan.document import Form, Page, PageResult
from hcr_scan.forms.template import Template


def filled_forms(results: Iterable[PageResult], templates: Sequence[Template]) -> Iterator[Form]:
    """The pages, in their order, as forms. At most the pages of one form are held back.

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
    waiting: list[Page] = []
    for result in results:
        if waiting and not (isinstance(result, Page) and _goes_on(waiting, result)):
            yield _form(waiting, wanted)
            waiting = []
        if not isinstance(result, Page) or result.template is None:
            yield Form((result,))
            continue
        waiting.append(result)
        if len(waiting) == wanted[result.template]:
            yield _form(waiting, wanted)
            waiting = []
    if waiting:
        yield _form(waiting, wanted)


def _form(pages: Sequence[Page], wanted: Mapping[str, int]) -> Form:
    template = pages[0].template
    return Form(tuple(pages), template, template is not None and len(pages) == wanted[template])


def _goes_on(waiting: Sequence[Page], page: Page) -> bool:
    """Whether a page may be of the same form as those before it."""
    last = waiting[-1]
    if page.template != last.template or page.template_page in {known.template_page for known in waiting}:
        return False
    if page.source.path == last.source.path:
        return True
    loose = page.source.pages == 1 == last.source.pages
    return loose and Path(page.source.path).parent == Path(last.source.path).parent
