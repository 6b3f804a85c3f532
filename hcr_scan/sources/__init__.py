"""Inputs become pages of grey pixels.

``find_inputs`` lists files, ``count_pages`` turns a file into page addresses, ``load_page`` an address into pixels. The
last two are worker functions: picklable in and out, and they return trouble as a
:class:`~hcr_scan.document.PageFailure` where others would raise it.
"""

from __future__ import annotations

from hcr_scan.sources.discovery import SUFFIXES, find_inputs
from hcr_scan.sources.loading import check_renderer, check_settings, count_pages, load_page
from hcr_scan.sources.page_ranges import parse_page_ranges
from hcr_scan.sources.pages import PageImage, PageRef, failure_text, place_of

__all__ = [
    "SUFFIXES",
    "PageImage",
    "PageRef",
    "check_renderer",
    "check_settings",
    "count_pages",
    "failure_text",
    "find_inputs",
    "load_page",
    "parse_page_ranges",
    "place_of",
]
