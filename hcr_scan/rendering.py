"""Pages into one output of any format and shape."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from hcr_scan.document import PageResult
from hcr_scan.forms.grouping import grouped
from hcr_scan.remote.uploads import stands
from hcr_scan.settings import Settings
from hcr_scan.sinks.formats import Format, check_installed
from hcr_scan.sinks.records import Provenance
from hcr_scan.sinks.sink import OutputOptions, Shape, Writer, open_form_sink, open_sink
from hcr_scan.sinks.tabular import Level
from hcr_scan.sinks.targets import is_database
from hcr_scan.sources.addresses import is_remote

if TYPE_CHECKING:
    from hcr_scan.sinks.database.sink import DatabaseSink


def write_pages(
    pages: Iterable[PageResult],
    target: str,
    options: OutputOptions,
    provenance: Provenance,
    form_lengths: Mapping[str, int],
    settings: Settings,
    *,
    whole: bool = False,
) -> None:
    """Write the pages as they come; the file is in place, as a whole, when all are written.

    Args:
        pages: In the order of the output.
        target: The file to write; ``-`` is standard output; or the address of a database.
        options: Format and shape.
        provenance: What the records say made them.
        form_lengths: How many pages each form has, by its template's id; for the wide shape.
        settings: Those of the scan, for formats that need the scanned files too.
        whole: Where that fails or is interrupted, leave the file as it was, and not with the pages up to there.

    Raises:
        OutputError: it cannot be written.
        MissingDependency: what a database needs is not installed.
    """
    if options.format is Format.DATABASE:
        with open_database(target, provenance, glyphs=options.level is Level.GLYPH) as database:
            for form in grouped(pages, form_lengths):
                database.write(form)
    elif options.shape is Shape.LONG:
        with _open_page_sink(target, options, provenance, settings, whole=whole) as sink:
            for page in pages:
                sink.write(page)
    else:
        with open_form_sink(target, options, provenance, whole=whole) as form_sink:
            for form in grouped(pages, form_lengths):
                form_sink.write(form)


def _open_page_sink(
    target: str, options: OutputOptions, provenance: Provenance, settings: Settings, *, whole: bool
) -> contextlib.AbstractContextManager[Writer[PageResult]]:
    """The seam between formats that tell of pages, and those that hold the scanned pages too."""
    if options.format is not Format.PDF:
        return open_sink(target, options, provenance, whole=whole)
    from hcr_scan.searchable.documents import DocumentSink

    return DocumentSink(target, settings, f"hcr-scan {provenance.hcr_scan}", folder=options.folder)


def open_database(
    target: str, provenance: Provenance, *, glyphs: bool
) -> contextlib.AbstractContextManager[DatabaseSink]:
    """The sink of a database, whose library is loaded now.

    Raises:
        MissingDependency: it is not installed.
    """
    check_installed(Format.DATABASE)
    from hcr_scan.sinks.database import sink

    return sink.open_database(target, provenance, glyphs=glyphs)


def prepare_target(target: str) -> None:
    """See that an address can be written to, and make the tables of a database, before anything is read for it.

    Raises:
        UsageError: the address cannot be meant.
        OutputError: it cannot be reached or written.
        MissingDependency: what it needs is not installed.
    """
    if is_remote(target):
        stands(target)
    if not is_database(target):
        return
    check_installed(Format.DATABASE)
    from hcr_scan.sinks.database.connection import connected

    engine, _ = connected(target)
    engine.dispose()
