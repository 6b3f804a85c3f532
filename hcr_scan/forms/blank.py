"""The blank of a page of a form: an image, or a page of a PDF, as everything that looks at it must load it."""

from __future__ import annotations

from pathlib import Path

from hcr_scan.document import PageFailure
from hcr_scan.forms.template import TemplatePage
from hcr_scan.settings import SourceSettings
from hcr_scan.sources import PageImage, count_pages, failure_text, load_page

#: What a PDF is drawn at unless the template says otherwise: enough to see hairlines, and the size pages are read at.
BLANK_DPI = 200
LOWEST_DPI, HIGHEST_DPI = 36, 1200


def load_blank(path: Path, number: int = 1, dpi: int | None = None) -> PageImage:
    """Page ``number`` (from 1) of an image or a PDF, a PDF drawn at ``dpi``.

    Raises:
        ValueError: it cannot be read; the message says why and what to do.
    """
    drawn_at = min(max(dpi or BLANK_DPI, LOWEST_DPI), HIGHEST_DPI)
    settings = SourceSettings(pages=str(number), dpi=drawn_at)
    found = count_pages(str(path), settings)
    if isinstance(found, PageFailure):
        raise ValueError(failure_text(found))
    if not found:
        raise ValueError(f"{path} has no page {number}; choose another")
    image = load_page(found[0], settings)
    if isinstance(image, PageFailure):
        raise ValueError(failure_text(image))
    return image


def blank_of(page: TemplatePage) -> PageImage:
    """The blank of a page of a template, in the pixels that the template's boxes are meant in.

    Raises:
        ValueError: it cannot be read any more.
    """
    return load_blank(page.blank, page.blank_page, page.dpi)
