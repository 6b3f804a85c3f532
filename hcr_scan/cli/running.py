"""One run, from what was asked for to the exit code: with a journal where the output is a file, without where not."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from hcr_scan.cli.bundles import bundle_folder
from hcr_scan.cli.progress import Progress
from hcr_scan.cli.signals import Signals
from hcr_scan.document import PageResult, Source
from hcr_scan.engines.local import local_engine
from hcr_scan.errors import ExitCode, HcrScanError
from hcr_scan.forms.grouping import form_lengths
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.journal.journal import Journal, journal_exists, journal_path
from hcr_scan.journal.ledgers import JournalLedger
from hcr_scan.ledger import Ledger
from hcr_scan.rendering import write_pages
from hcr_scan.report import FailureLimit, RunReport
from hcr_scan.run_manifest import RunClock, write_run_manifest
from hcr_scan.settings import Settings
from hcr_scan.sinks.output import is_lasting
from hcr_scan.sinks.sink import OutputOptions
from hcr_scan.sources.pages import path_text
from hcr_scan.sources.sharding import Shard
from hcr_scan.worker import prepare_worker

if TYPE_CHECKING:
    from hcr_scan.engines.base import Engine
    from hcr_scan.forms.template import Template
    from hcr_scan.model.classifier import Classifier


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model reads, and where it runs, as the options say it."""

    model: str | None
    engine: str
    device: str


@dataclass(slots=True)
class Run:
    """What is to be read, how, and where to.

    ``template_paths`` are as given. ``open_journal`` is called with the run's identity where the output is a file, and
    ``ledger`` says how to go by that journal. ``before_writing`` is called with it when the pages are in it, and the
    output then written from it.
    """

    inputs: Sequence[str]
    settings: Settings
    model: ModelChoice
    template_paths: Sequence[str]
    templates: Sequence[Template]
    target: str
    output: OutputOptions
    open_journal: Callable[[RunIdentity], Journal]
    ledger: type[JournalLedger] = JournalLedger
    before_writing: Callable[[Journal], None] | None = None
    limit: FailureLimit = field(default_factory=FailureLimit)
    shard: Shard | None = None
    stdin: TextIO | None = None
    report: RunReport = field(default_factory=RunReport)
    clock: RunClock = field(default_factory=RunClock)
    identity: RunIdentity | None = None

    def execute(self, progress: Progress) -> ExitCode:
        """Read the pages and write the output; the verdict is the report's."""
        with Signals() as signals:
            code = self._execute(signals, progress)
            progress.summary(self.report, self.target)
            return code

    def _execute(self, signals: Signals, progress: Progress) -> ExitCode:
        code = ExitCode.BUG
        try:
            engine = local_engine(self.settings.jobs, prepare_worker, self.settings.limits)
            with contextlib.closing(engine):
                self._read(engine, signals, progress)
            code = self.report.exit_code
        except HcrScanError as error:
            code = error.exit_code
            raise
        finally:
            if self.identity is not None and journal_exists(journal_path(self.target)):
                write_run_manifest(self.target, self.report, self.clock, _told(self.identity), code)
        return code

    def _read(self, engine: Engine, signals: Signals, progress: Progress) -> None:
        # The first worker is on its way by now: what loads slowly here loads beside it.
        from hcr_scan.model.classifier import load_classifier

        classifier = load_classifier(
            bundle_folder(self.model.model), engine=self.model.engine, device=self.model.device
        )
        self.clock.stage("start")
        shas = [template.sha256 for template in self.templates]
        identity = RunIdentity.of(self.inputs, self.settings, classifier.info.sha256, shas, self.shard)
        with contextlib.ExitStack() as stack:
            if is_lasting(self.target):
                journal = stack.enter_context(self.open_journal(identity))
                self.identity = identity
                journal.note("request", self._request())
                ledger: Ledger = self.ledger(journal, self.settings.source, signals.stopping)
                streamed = journal.count() == 0 and self.before_writing is None
                write = self._write_streamed if streamed else self._write_anew
            else:
                journal, ledger, write = None, Ledger(signals.stopping), self._write_streamed
            pages = self._pages(classifier, engine, ledger, progress, signals)
            try:
                with contextlib.closing(pages):
                    write(pages, identity, journal)
            except KeyboardInterrupt:
                self.report.signal = signal.SIGINT
            if journal is not None:
                self.report.copies = journal.copies()
            if signals.received is not None:
                self.report.signal = signals.received

    def _pages(
        self, classifier: Classifier, engine: Engine, ledger: Ledger, progress: Progress, signals: Signals
    ) -> Generator[PageResult, None, None]:
        """The pages, each in the journal before it is given, and counted when the next is asked for."""
        from hcr_scan.pipeline import transcribe

        remembered = ledger if isinstance(ledger, JournalLedger) else None

        def observe(source: Source, seconds: float) -> None:
            self.report.timed(source, seconds)
            self.clock.add("workers", seconds)
            if remembered is not None:
                remembered.timed(source, seconds)

        pages = transcribe(self.inputs, classifier, self.settings, engine, observe, self.stdin, self.templates, ledger)
        try:
            with progress, contextlib.closing(pages):
                for page in pages:
                    if remembered is not None:
                        remembered.add(page)
                    yield page
                    self.report.add(page)
                    progress.page_done(page, self.report)
                    if self.limit.exceeded(self.report):
                        self.report.stopped = True
                        break
        finally:
            self.clock.stage("read")
            if remembered is not None:
                with contextlib.suppress(HcrScanError):
                    remembered.withdraw()
        if signals.stopping() and not self.report.pages:
            raise KeyboardInterrupt  # Nothing was read: what stands under the output's name stays.

    def _write_streamed(self, pages: Iterator[PageResult], identity: RunIdentity, journal: Journal | None) -> None:
        """Write pages as they come: they are all there are."""
        del journal
        write_pages(pages, self.target, self.output, identity.provenance, form_lengths(self.templates))
        self.clock.stage("write")

    def _write_anew(self, pages: Iterator[PageResult], identity: RunIdentity, journal: Journal | None) -> None:
        """Let pages go into the journal, and then write all that it holds."""
        assert journal is not None
        self.report.unwritten = True
        for _ in pages:
            pass
        if self.before_writing is not None:
            self.before_writing(journal)
        whole = self.report.anew()
        write_pages(
            whole.counting(journal.results()),
            self.target, self.output, identity.provenance, form_lengths(self.templates),
        )  # fmt: skip
        whole.before = whole.pages - self.report.pages
        self.report = whole
        self.clock.stage("write")

    def _request(self) -> dict[str, Any]:
        """What the commands that go on with the journal later must know, beside the run's identity."""
        return {
            "output": asdict(self.output),
            "model": asdict(self.model),
            "template_paths": list(self.template_paths),
            "form_lengths": form_lengths(self.templates),
        }


def _told(identity: RunIdentity) -> dict[str, Any]:
    """What a run was told, for its account."""
    return {
        "inputs": [path_text(name) for name in identity.inputs],
        "model": f"sha256:{identity.model}",
        "templates": [f"sha256:{sha256}" for sha256 in identity.templates],
        "settings": identity.settings,
        "settings_sha256": identity.provenance.settings,
    }
