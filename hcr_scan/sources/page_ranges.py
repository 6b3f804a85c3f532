"""``--pages``: which pages of each document are read."""

from __future__ import annotations

import re

from hcr_scan.errors import UsageError

#: First and last page, from 1, both included; ``None`` is the end of the document.
PageRange = tuple[int, int | None]

_PART = re.compile(r"(\d+)?\s*(?:(-)\s*(\d+)?)?", re.ASCII)


def parse_page_ranges(text: str) -> tuple[PageRange, ...]:
    """The ranges meant by ``1-3,7,10-`` (``-3`` is ``1-3``).

    Raises:
        UsageError: the text names no pages, page 0, or a range that runs backwards.
    """
    return tuple(_parse_part(part.strip(), text) for part in text.split(","))


def numbered_pages(text: str | None, count: int) -> list[int]:
    """The numbers, from 1, of the pages meant by such a text of a document that has ``count``; ``None`` is all."""
    ranges = None if text is None else parse_page_ranges(text)
    return [index + 1 for index in chosen_pages(ranges, count)]


def _parse_part(part: str, text: str) -> PageRange:
    match = _PART.fullmatch(part)
    if match is None or not (match[1] or match[3]) or len(part) > 20:
        raise UsageError(f"--pages {text!r} is not a list of pages; write it like 1-3,7,10-")
    first = int(match[1]) if match[1] else 1
    last = (int(match[3]) if match[3] else None) if match[2] else first
    if first < 1 or (last is not None and last < first):
        raise UsageError(f"--pages {text!r}: pages count from 1 and ranges run forwards; {part!r} does not")
    return first, last


def chosen_pages(ranges: tuple[PageRange, ...] | None, count: int) -> list[int]:
    """Indices from 0 of the pages to read of ``count``, in document order, each once; ``None`` is all."""
    if ranges is None:
        return list(range(count))
    chosen: set[int] = set()
    for first, last in ranges:
        chosen.update(range(first - 1, min(count, count if last is None else last)))
    return sorted(chosen)
