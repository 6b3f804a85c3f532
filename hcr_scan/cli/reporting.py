"""One report, from an earlier scan's journal to its file."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hcr_scan.cli.earlier import images_of
from hcr_scan.cli.guarding import guard_derived
from hcr_scan.cli.outputs import open_earlier, remembered_request, tell_written
from hcr_scan.errors import UsageError
from hcr_scan.review.store import ReviewStore
from hcr_scan.review.tables import review_path
from hcr_scan.sinks.output import write_output
from hcr_scan.summary.crops import Crop, crops_of
from hcr_scan.summary.examples import Reading
from hcr_scan.summary.gathering import Findings, gather
from hcr_scan.summary.rendering import report_bytes


def write_report(scanned: str, out: str, options: dict[str, Any]) -> None:
    """Write the report of a scan.

    Raises:
        JournalError: there is no journal, another process holds it or the review, or one of them is damaged.
        OutputError: the report cannot be written.
        UsageError: it would replace a file of the scan, or its name is that of another kind of file.
    """
    journal, _ = open_earlier(scanned)
    # What is beside the output, or in the place of one that is a database, is named after this.
    base = journal.base
    with journal, contextlib.ExitStack() as stack:
        guard_derived(out, journal)
        form_lengths = remembered_request(journal)["form_lengths"]
        store = None
        if Path(review_path(base)).exists():
            store = stack.enter_context(ReviewStore(review_path(base), reading=True))
        if Path(out).suffix.lower() not in ("", ".html", ".htm"):
            raise UsageError(f"{out}: a report is HTML; name a file that ends in .html (browsers print it to PDF)")
        findings = gather(journal, base, form_lengths, store)
    # Both files are let go of before pictures are made, which may take a minute.
    crops = None if options["no_crops"] else _crops(findings, options)
    write_output(out, report_bytes(findings, crops))
    tell_written(out)


def _crops(findings: Findings, options: dict[str, Any]) -> Mapping[Reading, Crop]:
    readings = findings.shown_readings
    if not readings:
        return {}
    with contextlib.closing(images_of(findings.identity, options)) as images:
        return crops_of(readings, images)
