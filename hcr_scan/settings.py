"""Everything a user may choose about a scan. What crops look like is not here: the model decides that."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import os
import re
import string
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from hcr_scan.errors import UsageError


class Layout(StrEnum):
    """How a page is to be understood."""

    AUTO = "auto"
    CELLS = "cells"
    LINES = "lines"
    GLYPH = "glyph"


class PdfRenderer(StrEnum):
    """Which library draws PDF pages that are not plain scans."""

    PDFIUM = "pdfium"
    POPPLER = "poppler"


#: The punctuation that people write into forms: amounts, dates, addresses, e-mail, names.
PUNCTUATION = ".,-/@&'()+#:"

NAMED_CHARSETS = {
    "upper": string.ascii_uppercase,
    "lower": string.ascii_lowercase,
    "digits": string.digits,
    "alnum": string.digits + string.ascii_letters,
    "upper+digits": string.digits + string.ascii_uppercase,
    "punct": PUNCTUATION,
    "text": string.digits + string.ascii_letters + PUNCTUATION,
}

#: What regular expressions would take for a range: among characters to be taken one by one it is a mistake.
_RANGE = re.compile("[0-9]-[0-9]|[a-z]-[a-z]|[A-Z]-[A-Z]")
#: So many letters together, one of them twice, are a word and no set.
_RUN = re.compile("[A-Za-z]{4,}")
#: What the sets may be called elsewhere, and has no letter twice.
OTHER_NAMES = ("numbers", "number", "numeric", "caps", "lowercase")


def parse_charset(text: str) -> str:
    """The characters meant by a name, names and literal characters joined by ``+``, or a literal set.

    The names are those of :data:`NAMED_CHARSETS`. ``upper+.-`` is capitals, full stop and hyphen, ``digits++``
    digits and the plus. Returns the characters sorted and without repeats.

    >>> parse_charset("digits+.-")
    '-.0123456789'

    Raises:
        UsageError: the set is empty, has white space in it, or a word in it is no name.
    """
    parts = text.split("+")
    named = any(part in NAMED_CHARSETS for part in parts)
    characters = "".join(NAMED_CHARSETS.get(part, part or "+") for part in parts) if named else text
    names = ", ".join(NAMED_CHARSETS)
    misspelt = next((part for part in parts if part not in NAMED_CHARSETS and _is_word(part, named)), None)
    if misspelt is not None:
        raise UsageError(
            f"--charset {text!r}: no set is called {misspelt!r}; the names are {names}; "
            "join them with +, or give each character itself once, like 'ABC123'"
        )
    if not characters or any(c.isspace() for c in characters):
        raise UsageError(f"--charset {text!r} names no characters; use {names}, or a literal set like 'ABC123'")
    return "".join(sorted(set(characters)))


def _is_word(part: str, beside_names: bool) -> bool:
    """Whether a part is rather a name that was misspelt, or that some other program knows, than a set of letters."""
    small, runs = part.lower(), _RUN.findall(part)
    if small in NAMED_CHARSETS or small in OTHER_NAMES or _RANGE.search(part):
        return True
    if any(len(set(run)) < len(run) for run in runs):
        return True
    alike = len(part) > 2 and bool(difflib.get_close_matches(part, NAMED_CHARSETS))
    return part.isalpha() and part.islower() and (alike or (beside_names and len(part) > 3))


#: A worker with its libraries takes so much address space before it sees a page.
LEAST_WORKER_MEMORY = 512 << 20


def available_cores() -> int:
    """Cores this process may use, which in a container are fewer than the machine has."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How inputs become pixels."""

    #: Pages to read, as typed (``1-3,7,10-``); ``None`` is all.
    pages: str | None = None
    #: Resolution in dots per inch for PDF pages that must be rendered.
    dpi: int = 300
    pdf_renderer: PdfRenderer = PdfRenderer.PDFIUM
    #: Password for encrypted PDFs. Never printed, never hashed into provenance.
    password: str | None = field(default=None, repr=False)
    max_pixels: int = 100_000_000
    max_file_size: int = 512 * 1024 * 1024
    max_pages: int = 5_000
    #: Whether links found in folders and lists are followed; those named on the command line are.
    follow_links: bool = False

    def __post_init__(self) -> None:
        if not 36 <= self.dpi <= 1200:
            raise UsageError(f"--dpi must be from 36 to 1200, not {self.dpi}")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a page, or the listing of a document, may take of time and memory before it is given up."""

    #: Seconds.
    page_timeout: float = 30.0
    #: Bytes of address space of a worker process; 0 is no limit.
    worker_memory: int = 2 << 30

    def __post_init__(self) -> None:
        if not 0 < self.page_timeout < math.inf:
            raise UsageError(f"--page-timeout must be more than 0 seconds, not {self.page_timeout:g}")
        if self.worker_memory and self.worker_memory < LEAST_WORKER_MEMORY:
            raise UsageError(
                f"--worker-memory must be at least {LEAST_WORKER_MEMORY >> 20} MiB, or 0 for no limit, "
                f"not {self.worker_memory >> 20}"
            )


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a scan; validated on construction, the flag's name in every message."""

    source: SourceSettings = field(default_factory=SourceSettings)
    layout: Layout = Layout.AUTO
    charset: str = NAMED_CHARSETS["upper+digits"]
    #: Glyphs less sure than this go to review.
    review_below: float = 0.85
    batch_size: int = 256
    jobs: int = 1
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise UsageError(f"--batch-size must be at least 1, not {self.batch_size}")
        if self.jobs < 1:
            raise UsageError(f"--jobs must be at least 1, not {self.jobs}")
        if not 0 <= self.review_below <= 1:
            raise UsageError(f"--review-below must be from 0 to 1, not {self.review_below}")

    def values(self) -> dict[str, Any]:
        """Every setting that can change the output, by name, as JSON can hold it; no password."""
        values = asdict(self)
        # Limits change no reading: a page that is over them has none, and is a failure that a later run may try again.
        for name in ("batch_size", "jobs", "limits"):
            del values[name]
        del values["source"]["password"]
        if not self.source.follow_links:  # only what was chosen, so that earlier runs keep their fingerprint
            del values["source"]["follow_links"]
        return values

    @classmethod
    def of_values(cls, values: dict[str, Any]) -> Settings:
        """The settings that :meth:`values` told of; all others are the defaults."""
        source = values["source"]
        return cls(
            **values
            | {
                "source": SourceSettings(**source | {"pdf_renderer": PdfRenderer(source["pdf_renderer"])}),
                "layout": Layout(values["layout"]),
            }
        )

    def fingerprint(self, templates: Sequence[str] = ()) -> str:
        """SHA-256 of every setting that can change the output, and of the templates' own; what cannot is left out."""
        values = self.values()
        if templates:
            values["templates"] = list(templates)
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
