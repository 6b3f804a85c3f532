"""What people decided put into an output: from an earlier scan's journal and its review to the exit code."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections import Counter
from dataclasses import replace
from typing import Any

import click

from hcr_scan.cli.bundles import bundle_folder
from hcr_scan.cli.earlier import source_of, templates_of
from hcr_scan.cli.guarding import guard_derived
from hcr_scan.cli.outputs import chosen_output, open_earlier, remembered_request, tell_unfinished, tell_written
from hcr_scan.cli.scanning import read_templates
from hcr_scan.document import Verdict
from hcr_scan.engines.local import local_engine
from hcr_scan.errors import ExitCode
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.rendering import write_pages
from hcr_scan.review.auditing import AuditEstimate, estimate
from hcr_scan.review.corrections import Applied, corrected_pages, unreviewed_pages
from hcr_scan.review.crops import Scan, write_crops
from hcr_scan.review.indexing import Indexed, index
from hcr_scan.review.rules import FieldRules
from hcr_scan.review.store import ReviewStore
from hcr_scan.review.tables import review_path
from hcr_scan.run_report import counted
from hcr_scan.settings import Settings, available_cores
from hcr_scan.sources.pages import printable
from hcr_scan.worker import prepare_worker


def apply_review(scanned: str, options: dict[str, Any]) -> ExitCode:
    """Write the corrected output of a scan, and say what it consists of."""
    journal, _ = open_earlier(scanned)
    with journal:
        request = remembered_request(journal)
        guard_derived(options["out"], journal)
        tell_unfinished(journal)
        output = chosen_output(options["out"], options, tuple(request["output"]["names"]))
        applied, path = Applied(), review_path(journal.base)
        with contextlib.ExitStack() as stack:
            store, lines = None, list[str]()
            pages = unreviewed_pages(journal.results(), applied)
            if os.path.lexists(path):
                store = stack.enter_context(ReviewStore(path, reading=True))
                lines = _dropped(index(journal, store))
                # Without a decision there is none to hold against the rules.
                rules = FieldRules(*templates_of(journal.identity, request)) if store.reviewed else None
                pages = corrected_pages(journal.results(), store, applied, rules)
            write_pages(
                pages,
                options["out"],
                replace(output, corrections=True),
                journal.identity.provenance,
                request["form_lengths"],
                Settings.of_values(journal.identity.settings),
                whole=True,
            )
            audit = None if store is None else estimate(store)
            for line in [*summary(applied), *lines, *([] if audit is None else [audit_line(audit)])]:
                click.echo(line, err=True)
            if applied.open and not (store and store.reviewed):
                click.echo(f"nobody has reviewed this yet; next: hcr-scan review {shlex.quote(scanned)}", err=True)
            tell_written(options["out"])
            if options["crops"] is not None:
                for line in _write_crops(options["crops"], store, scan_of(journal.identity, request, options)):
                    click.echo(line, err=True)
    incomplete = options["require_complete"] and not applied.complete
    return ExitCode.SOME_PAGES_FAILED if incomplete else ExitCode.OK


def scan_of(identity: RunIdentity, request: dict[str, Any], options: dict[str, Any]) -> Scan:
    """How the pages were scanned, from what the journal knows."""
    from hcr_scan.model.bundle import load_bundle

    jobs = available_cores() if options["jobs"] is None else options["jobs"]
    folder = bundle_folder(request["model"]["model"])
    return Scan(
        identity,
        replace(Settings.of_values(identity.settings), source=source_of(identity, options), jobs=jobs),
        load_bundle(None if folder is None else identity.seen(str(folder))),
        read_templates([identity.seen(path) for path in request["template_paths"]]),
    )


def _write_crops(folder: str, store: ReviewStore | None, scan: Scan) -> list[str]:
    """Write the crops; what came of it, in words."""
    if store is None:
        return [f"nothing is decided, so no characters were written to {folder}"]
    with contextlib.closing(local_engine(scan.settings.jobs, prepare_worker, scan.settings.limits)) as engine:
        written = write_crops(folder, store, scan, engine)
    lines = [_crops_line(folder, written.labels)]
    lines += [f"left out: {printable(path)} is not (any more) the file that was scanned" for path in written.changed]
    if written.unreadable:
        lines.append(f"left out: {written.unreadable:,} pages that cannot be read any more")
    if written.unmatched:
        lines.append(f"left out: {written.unmatched:,} characters that are cut out otherwise now than when read")
    return lines


def _crops_line(folder: str, labels: Counter[str]) -> str:
    from hcr_scan_training.fine_tuning import FEWEST

    characters = labels.total() - labels[""]
    written = (
        f"{characters:,} characters of {len([*filter(None, labels)]):,} kinds, and {labels['']:,} marks that are none, "
        f"written to {folder}"
    )
    if characters < FEWEST:
        return (
            f"{written}; hcr-scan train needs {FEWEST} or more characters: decide more, or join those of several scans"
        )
    return f"{written}; next: hcr-scan train --data {shlex.quote(folder)} --from default -o my_model"


def summary(applied: Applied) -> list[str]:
    """What the output consists of, in words."""
    said = applied.verdicts
    fields = (
        f"{counted(applied.fields, 'field')} on {counted(applied.pages, 'page')}: {applied.unseen:,} accepted unseen; "
        f"by a person {said[Verdict.ACCEPTED]:,} accepted, {said[Verdict.CORRECTED]:,} corrected, "
        f"{said[Verdict.BLANK]:,} found blank, {said[Verdict.UNREADABLE]:,} unreadable; "
        f"{applied.open:,} still open, as they were read"
    )
    lines = [fields]
    if applied.failed:
        lines.append(f"{counted(applied.failed, 'page')} could not be read; hcr-scan retry reads what failed again")
    return lines


def _dropped(indexed: Indexed) -> list[str]:
    return [f"{indexed.dropped:,} decisions dropped: their fields read otherwise now"] if indexed.dropped else []


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
