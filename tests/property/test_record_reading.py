"""A page read back from its record says the same in every format, so what is written later is what was written then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hcr_scan.document import Field, Page, PageFailure, PageResult, Source, Status
from hcr_scan.geometry import BoundingBox
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.journal.journal import Journal
from hcr_scan.rendering import write_pages
from hcr_scan.settings import Settings
from hcr_scan.sinks.formats import WIDE_FORMATS, Format
from hcr_scan.sinks.record_reading import page_of
from hcr_scan.sinks.records import Provenance, record_of
from hcr_scan.sinks.sink import OutputOptions, Shape
from hcr_scan.sinks.tabular import Level
from hcr_scan.sinks.wide import Extra
from tests.documents import pages, reasons, results

PROVENANCE = Provenance("0.1.0", "0" * 64, "1" * 64)
NAMES = ("surname", "field_001")

EVERY_OUTPUT = [
    OutputOptions(Format.JSON),
    OutputOptions(Format.JSONL),
    *(OutputOptions(Format.CSV, level, excel) for level, excel in product(Level, (False, True))),
    *(OutputOptions(format_, shape=Shape.WIDE, names=NAMES) for format_ in sorted(WIDE_FORMATS)),
    *(OutputOptions(format_) for format_ in (Format.PARQUET, Format.HOCR, Format.TSV, Format.LABEL_STUDIO)),
    *(OutputOptions(format_, folder=True) for format_ in (Format.ALTO, Format.PAGE)),
    OutputOptions(Format.CSV, corrections=True),
    OutputOptions(Format.CSV, shape=Shape.WIDE, names=NAMES, extras=tuple(Extra), excel=True),
]

#: Two surrogates that JSON's escapes would join to one character, and a path that is no text.
PAIR = Page(
    Source("in/\udcff.png"), 10, 10, 300, 0, -0.0,
    (Field("surname", "cells", BoundingBox(0, 0, 1, 1), "\ud83d\ude00", "\ude00\ud83d", 0.12345, Status.OK),),
)  # fmt: skip


#: Pages that are marked as a whole, too.
marked = results | st.builds(lambda page, reasons: replace(page, reasons=reasons), pages, reasons)


@pytest.fixture(autouse=True, scope="module")
def unsynced() -> Iterator[None]:
    """Thousands of small files are written here, of which none need outlive a power cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


def written(results: list[PageResult], options: OutputOptions) -> bytes:
    with TemporaryDirectory() as folder:
        target = Path(folder) / "out"
        lengths = {page.template: 2 for page in results if isinstance(page, Page) and page.template is not None}
        write_pages(results, str(target), options, PROVENANCE, lengths, Settings())
        if options.folder:
            return b"".join(path.name.encode() + path.read_bytes() for path in sorted(target.iterdir()))
        return target.read_bytes()


def through_a_journal(results: list[PageResult]) -> list[PageResult]:
    with TemporaryDirectory() as folder, Journal(f"{folder}/r.csv.journal") as journal:
        journal.begin(RunIdentity.of(["/in"], Settings(), "0" * 64))
        for page in results:
            journal.add_document(page.source.path)
            journal.add(page)
        return list(journal.results())


@given(marked)
@example(PAIR)
def test_a_record_of_a_page_read_back_is_the_same_record(page: PageResult) -> None:
    record = record_of(page, PROVENANCE)
    assert record_of(page_of(record), PROVENANCE) == record
    assert page_of(record_of(page_of(record), PROVENANCE)) == page_of(record)


@settings(max_examples=25)
@given(st.lists(marked, max_size=3, unique_by=lambda page: page.source.path))
@example([PAIR, replace(PAIR, source=Source("b"), template="kyc", template_page=1)])
@example([PageFailure(Source("c"), "open", "damaged", "\ud800")])
def test_what_is_written_from_a_journal_is_what_is_written_at_once(found: list[PageResult]) -> None:
    again = through_a_journal(found)
    for options in EVERY_OUTPUT:
        assert written(again, options) == written(found, options)
