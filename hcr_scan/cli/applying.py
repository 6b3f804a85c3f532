"""What people decided put into an output: from an earlier scan's journal and its review to the exit code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from hcr_scan.cli.outputs import chosen_output, open_earlier, remembered_request
from hcr_scan.document import Verdict
from hcr_scan.errors import ExitCode
from hcr_scan.rendering import write_pages
from hcr_scan.review.auditing import AuditEstimate, estimate
from hcr_scan.review.corrections import Applied, corrected_pages
from hcr_scan.review.indexing import Indexed, index
from hcr_scan.review.store import ReviewStore
from hcr_scan.review.tables import review_path


def apply_review(scanned: str, options: dict[str, Any]) -> ExitCode:
    """Write the corrected output of a scan, and say what it consists of."""
    journal, target = open_earlier(scanned)
    with journal:
        request = remembered_request(journal)
        output = chosen_output(options["out"], options, tuple(request["output"]["names"]))
        with ReviewStore(review_path(target)) as store:
            indexed, applied = index(journal, store), Applied()
            write_pages(
                corrected_pages(journal.results(), store, applied),
                options["out"],
                replace(output, corrections=True),
                journal.identity.provenance,
                request["form_lengths"],
            )
            for line in summary(applied, indexed, estimate(store)):
                click.echo(line, err=True)
    incomplete = options["require_complete"] and not applied.complete
    return ExitCode.SOME_PAGES_FAILED if incomplete else ExitCode.OK


def summary(applied: Applied, indexed: Indexed, audit: AuditEstimate | None) -> list[str]:
    """What the output consists of, in words."""
    said = applied.verdicts
    fields = (
        f"{applied.fields:,} fields on {applied.pages:,} pages: {applied.unseen:,} accepted unseen; by a person "
        f"{said[Verdict.ACCEPTED]:,} accepted, {said[Verdict.CORRECTED]:,} corrected, {said[Verdict.BLANK]:,} found "
        f"blank, {said[Verdict.UNREADABLE]:,} unreadable; {applied.open:,} still open, as they were read"
    )
    lines = [fields]
    if applied.failed:
        lines.append(f"{applied.failed:,} pages could not be read; hcr-scan retry reads them again")
    if indexed.dropped:
        lines.append(f"{indexed.dropped:,} decisions dropped: their fields read otherwise now")
    if audit is not None:
        lines.append(audit_line(audit))
    return lines


def audit_line(audit: AuditEstimate) -> str:
    """What the audit tells of readings that were accepted unseen."""
    if not audit.complete:
        return (
            f"audit: {audit.looked_at:,} of {audit.drawn:,} fields looked at; there is no estimate before all are, "
            "since the most doubtful come first"
        )
    low, high = audit.interval
    return (
        f"audit: {audit.wrong:,} of {audit.drawn:,} readings wrong, {100 * audit.rate:.2f} %: of the "
        f"{audit.population:,} that needed no look, {100 * low:.2f} to {100 * high:.2f} % (with 95 % confidence)"
    )
