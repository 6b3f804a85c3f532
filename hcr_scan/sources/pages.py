"""What travels: a page's address, its pixels, and why it could not be read. No decoder is imported here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hcr_scan.document import PageFailure, Source

if TYPE_CHECKING:
    from hcr_scan.images import Gray


@dataclass(frozen=True, slots=True)
class PageRef:
    """Where a page is: all that is sent to the worker that reads it.

    ``index`` counts from 0 among the document's ``pages``; ``sha256`` is of the file's bytes, so that a file that
    changed between listing and reading is noticed.
    """

    path: str
    index: int
    pages: int
    sha256: str

    @property
    def source(self) -> Source:
        """The same address in the words of the output, where pages count from 1."""
        return Source(self.path, self.index + 1, self.pages, self.sha256)


@dataclass(frozen=True, slots=True, eq=False)
class PageImage:
    """One page's grey pixels, uint8 (height, width), 0 = black, upright as far as its file says.

    ``dpi`` is dots per inch; ``dpi_known`` is false where it was estimated from the size in pixels.
    """

    ref: PageRef
    pixels: Gray
    dpi: int
    dpi_known: bool


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """What a decoder yields: grey pixels, uint8 (height, width), and their resolution."""

    pixels: Gray
    dpi: int
    dpi_known: bool


class SourceError(Exception):
    """Raised by the decoders, caught at this package's border: a stable code, what happened and what to do next.

    ``message`` goes on after the name of the file: ``is empty; scan or copy it again``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def path_text(path: str) -> str:
    """A file name as UTF-8 can hold it, the same in every locale; bytes that are not UTF-8 are backslash-escaped."""
    try:
        data = os.fsencode(path)
    except UnicodeEncodeError:  # no name the system gave
        return path.encode("utf-8", "backslashreplace").decode("utf-8")
    return data.decode("utf-8", "backslashreplace")


def printable(path: str) -> str:
    """A file name as it can be printed anywhere: undecodable bytes and control characters escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in path_text(path))


def place_of(source: Source) -> str:
    """The file and, where there are several, the page, as a message names them."""
    name = printable(source.path)
    return f"{name}, page {source.page} of {source.pages}" if source.pages > 1 else name


def failure_text(failure: PageFailure) -> str:
    """The sentence that says which file or page could not be read, why, and what to do next."""
    return f"{place_of(failure.source)} {failure.message}"
