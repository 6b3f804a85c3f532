"""One watch, from options to exit code: a run for each batch of scans that arrived."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from hcr_scan.cli.bundles import bundle_folder, refuse_among_data
from hcr_scan.cli.earlier import source_of
from hcr_scan.cli.logs import say
from hcr_scan.cli.outputs import chosen_output, refuse_among_inputs, remembered_output, remembered_request
from hcr_scan.cli.progress import Progress
from hcr_scan.cli.running import ModelChoice, Request, Run
from hcr_scan.cli.scanning import field_names, read_templates
from hcr_scan.cli.signals import Signals
from hcr_scan.errors import ExitCode, JournalError, OutputError, UsageError
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.journal.journal import LISTED, Journal, journal_exists, journal_path
from hcr_scan.journal.ledgers import ArrivalsLedger, JournalLedger
from hcr_scan.journal.opening import open_journal
from hcr_scan.model.bundle import load_bundle
from hcr_scan.rendering import write_pages
from hcr_scan.run_report import SIGNALLED, counted
from hcr_scan.settings import Settings
from hcr_scan.sinks.formats import ONE_PAGE_FORMATS, SUFFIXES, Format
from hcr_scan.sinks.targets import is_address, without_password
from hcr_scan.sources.pages import path_text
from hcr_scan.watched_folder import READING, WatchedFolder

#: Scans of one batch at most, so that results appear while a full folder is worked off.
LARGEST_BATCH = 500


def watch_folder(inbox: str, out: str, settings: Settings, options: dict[str, Any]) -> ExitCode:
    """Read what arrives in a folder until a signal ends it, or all is read that is there if ``options["once"]``."""
    if is_address(out):
        raise OutputError(
            f"watch writes into a folder, not into {without_password(out)}; name a folder, and put what comes there "
            "into the database or store with hcr-scan export"
        )
    if is_address(inbox):
        raise UsageError(f"watch works on a folder, not on {inbox}; scan what is there again and again, with --resume")
    watched = WatchedFolder(inbox, options["settle"])
    refuse_among_inputs(out, [inbox])
    try:
        # Not its parents: where a share is not mounted, nothing is to be written into the folder that waits for it.
        Path(out).mkdir(exist_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{out} is no folder and cannot be made one ({reason}); name another with --out") from error
    refuse_among_data(bundle_folder(options["model"]), [inbox], out)
    with watched, Signals() as signals:
        watch = _Watch(watched, signals, out, settings, options)
        progress = Progress.of(options)
        for batch in _batches(watched, options, signals):
            watch.read(batch, progress)
            if signals.stopping():
                break
        if signals.received is not None:
            return ExitCode(SIGNALLED + signals.received)
        return ExitCode.SOME_PAGES_FAILED if options["once"] and watch.failures else ExitCode.OK


def _batches(watched: WatchedFolder, options: dict[str, Any], signals: Signals) -> Iterator[str]:
    """Batches to read: those that an earlier watch left unfinished, and then what arrives."""
    for batch in watched.unfinished():
        say(f"going on with {batch}", event="batch", batch=batch)
        yield batch
    say(f"watching {path_text(str(watched.inbox))}", event="watching")
    while not signals.stopping():
        arrived = watched.arrived()[:LARGEST_BATCH]
        batch = watched.new_batch(datetime.now().astimezone()) if arrived else ""
        if arrived and watched.take(arrived, batch):
            say(f"{counted(len(arrived), 'scan')} arrived: batch {batch}", event="batch", batch=batch)
            yield batch
        elif options["once"] and not watched.waiting:
            return
        elif not arrived:
            time.sleep(options["poll"])


class _Watch:
    """What is the same for every batch."""

    def __init__(
        self, watched: WatchedFolder, signals: Signals, out: str, settings: Settings, options: dict[str, Any]
    ) -> None:
        self._watched = watched
        self._reading = str(watched.inbox / READING)
        self._taken_up = set(watched.unfinished())
        self._signals = signals
        self._out = Path(out)
        self._settings = settings
        self._options = options
        self._templates = read_templates(options["templates"])
        self.failures = 0

    def read(self, batch: str, progress: Progress) -> None:
        """Read one batch and put its scans away; what a signal leaves over is gone on with another time."""
        target, options = self._results(batch), self._options
        request = Request(
            [self._reading],
            self._settings,
            ModelChoice.of(options),
            self._templates,
            target,
            chosen_output(target, options, field_names(self._templates)),
        )

        def ledger(identity: RunIdentity) -> JournalLedger:
            journal = open_journal(target, identity, resume=True, overwrite=False)
            return ArrivalsLedger(journal, self._settings.source, self._signals.stopping, self._put_away)

        run = Run(request, self._signals, ledger)
        run.execute(progress)
        if run.report.signal is None:
            self._watched.clear(batch)

    def _results(self, batch: str) -> str:
        """The file for a batch's results: never one of results that were read otherwise, which stay as they are.

        Raises:
            JournalError: they are those of another folder.
        """
        model = load_bundle(bundle_folder(self._options["model"])).info.sha256
        templates = [template.sha256 for template in self._templates]
        now = RunIdentity.of([self._reading], self._settings, model, templates)
        number, different = 1, ""
        while journal_exists(journal_path(target := self._target(batch, number))):
            with Journal(journal_path(target)) as journal:
                if journal.empty or not (differences := journal.identity.differences(now)):
                    return target
                before = journal.identity
                if (before.inputs, before.folder) != (now.inputs, now.folder):
                    raise JournalError(
                        f"{target} has the results of another folder, or of this one under another name; name the "
                        "folder as before, or another place for results with --out"
                    )
                if batch in self._taken_up:
                    self._conclude(journal, target)
            number, different = number + 1, f"{target} was read otherwise ({', '.join(differences)})"
        if different:
            say(f"{path_text(different)}; results go to {path_text(target)} from now on", event="results")
        return target

    def _conclude(self, journal: Journal, target: str) -> None:
        """Write what an earlier watch read otherwise, but not yet wrote; what it did not read whole is read anew."""
        self._put_away(journal)
        journal.forget(self._reading)
        journal.note(LISTED, True)
        request, identity = remembered_request(journal), journal.identity
        output, lengths = remembered_output(request["output"]), request["form_lengths"]
        settings = replace(Settings.of_values(identity.settings), source=source_of(identity, self._options))
        write_pages(journal.results(), target, output, identity.provenance, lengths, settings, whole=True)

    def _target(self, batch: str, number: int) -> str:
        name = batch[: len("2026-11-24")] if self._options["per"] == "day" else batch
        name += f"-{number}" if number > 1 else ""
        format_ = Format(self._options["format_"] or Format.CSV)
        # A slash at the end asks for a folder with a file a page.
        return str(self._out / name) + (f"-{format_.value}/" if format_ in ONE_PAGE_FORMATS else SUFFIXES[format_])

    def _put_away(self, journal: Journal) -> None:
        """Move what was read to where it stays, before the results are written, which say where that is."""
        for document, failed in journal.finished(self._reading):
            self.failures += failed
            journal.moved(document, self._watched.put_away(document.path, failed=failed))
