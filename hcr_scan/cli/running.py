"""One run, from what was asked for to the exit code: with a journal where the output is a file, without where not."""

from __future__ import annotations

import contextlib
import gc
import shlex
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self, TextIO

from hcr_scan.cli.bundles import bundle_folder
from hcr_scan.cli.logs import say
from hcr_scan.cli.progress import Progress
from hcr_scan.cli.signals import Signalled, Signals
from hcr_scan.document import PageResult, Source
from hcr_scan.engines.cluster.engine import Cluster, RayEngine
from hcr_scan.engines.local import local_engine
from hcr_scan.errors import ExitCode, HcrScanError, InputError
from hcr_scan.forms.grouping import form_lengths
from hcr_scan.journal.identity import RunIdentity
from hcr_scan.journal.journal import journal_exists, journal_path
from hcr_scan.journal.ledgers import JournalLedger
from hcr_scan.ledger import Ledger
from hcr_scan.rendering import write_pages
from hcr_scan.run_manifest import RunClock, write_run_manifest
from hcr_scan.run_report import FailureLimit, RunReport
from hcr_scan.settings import Settings
from hcr_scan.sinks.output import is_lasting
from hcr_scan.sinks.sink import OutputOptions
from hcr_scan.sinks.targets import beside, without_password
from hcr_scan.sources.addresses import is_remote
from hcr_scan.sources.pages import path_text
from hcr_scan.sources.sharding import Shard
from hcr_scan.worker import fetched_near, prepare_worker

if TYPE_CHECKING:
    from hcr_scan.engines.base import Engine
    from hcr_scan.engines.supervisor import Supervisor
    from hcr_scan.forms.template import Template
    from hcr_scan.model.classifier import Classifier


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model reads, and where it runs, as the options say it."""

    model: str | None
    engine: str
    device: str

    @classmethod
    def of(cls, options: dict[str, Any]) -> Self:
        """What :func:`hcr_scan.cli.options.model_options` ask for; on what machines is not the model's affair."""
        engine = {"ray": "onnx", "ray+keras": "keras"}.get(options["engine"], options["engine"])
        return cls(options["model"], engine, options["device"])


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be read, how, and where to.

    ``base`` is what journal and account of the run are named after, where that is not the output itself; ``cluster``
    the machines it runs on, where that is not this one alone.
    """

    inputs: Sequence[str]
    settings: Settings
    model: ModelChoice
    templates: Sequence[Template]
    target: str
    output: OutputOptions
    shard: Shard | None = None
    base: str = ""
    cluster: Cluster | None = None

    @property
    def named_after(self) -> str:
        """What journal and account of the run are named after."""
        return self.base or beside(self.target)


class Run:
    """Reads what was asked for and writes it; :attr:`report` says what came of it.

    Args:
        request: What was asked for.
        signals: Those that may end the run.
        open_ledger: Called where the output is a file, with the run's identity, for the journal to go by. The run
            closes it.
        limit: How many pages may fail.
        stdin: What ``-`` among the inputs reads.
    """

    def __init__(
        self,
        request: Request,
        signals: Signals,
        open_ledger: Callable[[RunIdentity], JournalLedger],
        limit: FailureLimit | None = None,
        stdin: TextIO | None = None,
    ) -> None:
        self.report = RunReport()
        self._request = request
        self._signals = signals
        self._open_ledger = open_ledger
        self._limit = limit or FailureLimit()
        self._stdin = stdin
        self._clock = RunClock()
        self._kept: RunIdentity | None = None

    def execute(self, progress: Progress) -> ExitCode:
        """Read the pages and write the output; the verdict is the report's."""
        code = ExitCode.BUG
        try:
            with contextlib.closing(_engine(self._request)) as engine:
                self._read(engine, progress)
            self.report.largest_worker = engine.largest_worker
            code = self.report.exit_code
        except (HcrScanError, Signalled) as error:
            code = error.exit_code
            raise
        finally:
            gc.unfreeze()
            if self._kept is not None and journal_exists(journal_path(self._request.named_after)):
                target = self._request.target
                also = target if is_remote(target) else ""
                base = self._request.named_after
                write_run_manifest(base, self.report, self._clock, _told(self._kept), code, also)
        progress.summary(self.report, without_password(self._request.target))
        if code is ExitCode.INPUT:
            raise InputError(f"no document has one of the pages {self.report.wanted}; leave out --pages to read all")
        return code

    def suggest_next(self) -> None:
        """Say what may be done about what failed and what is doubtful, where there is a journal to do it with."""
        request = self._request
        if self._kept is None:
            return
        name = without_password(request.target)
        if request.named_after != beside(request.target):
            name = journal_path(request.named_after)
        name = shlex.quote(path_text(name))
        if not self.report.finished:
            say("to read the other pages: the same command with --resume", event="next")
        if self.report.failures:
            say(f"to read what failed again, when it is mended: hcr-scan retry {name}", event="next")
        if self.report.doubtful and request.shard is None:  # shards are reviewed when they are merged
            say(f"to look at what is doubtful: hcr-scan review {name}", event="next")

    def _read(self, engine: Engine, progress: Progress) -> None:
        # The first worker is on its way by now: what loads slowly here loads beside it.
        from hcr_scan.model.classifier import ClusterClassifier, load_classifier

        request, model = self._request, self._request.model
        load = ClusterClassifier if request.cluster else load_classifier
        classifier = load(bundle_folder(model.model), engine=model.engine, device=model.device)
        gc.freeze()  # As in workers: what is loaded by now stays as long as the run.
        self._clock.stage("start")
        shas = [template.sha256 for template in request.templates]
        identity = RunIdentity.of(request.inputs, request.settings, classifier.info.sha256, shas, request.shard)
        if not is_lasting(request.target):
            ledger = Ledger(self._signals.stopping)
            self._write(self._pages(classifier, engine, ledger, progress), identity)
            return
        kept = self._open_ledger(identity)
        with kept.journal:
            self._kept = identity
            kept.journal.note("request", _remembered(request))
            pages = self._pages(classifier, engine, kept, progress)
            self._write(pages, identity, None if kept.streams else kept)
            if not self._signals.stopping():
                self.report.copies = kept.journal.copies()

    def _pages(
        self, classifier: Classifier, engine: Engine, ledger: Ledger, progress: Progress
    ) -> Generator[PageResult, None, None]:
        """The pages, each in the journal before it is given, and counted when the next is asked for."""
        from hcr_scan.pipeline import transcribe

        def observe(source: Source, seconds: float) -> None:
            self.report.timed(source, seconds)
            self._clock.add("workers", seconds)
            ledger.timed(source, seconds)

        request = self._request
        pages = transcribe(
            request.inputs, classifier, request.settings, engine, observe, self._stdin, request.templates, ledger
        )
        progress.expect(lambda: ledger.expected)
        try:
            with progress, contextlib.closing(pages):
                while (page := self._next(pages)) is not None:
                    ledger.add(page)
                    yield page
                    self.report.add(page)
                    progress.page_done(page, self.report)
                    if self._limit.exceeded(self.report):
                        self.report.stopped = True
                        break
        finally:
            self.report.passed_over = ledger.passed_over
            self._clock.stage("read")
            with contextlib.suppress(HcrScanError):
                ledger.withdraw()
        if self._signals.received is not None and not self.report.pages:
            raise Signalled(self._signals.received)  # Nothing was read: what stands under the output's name stays.
        if ledger.looks_in_folders:
            progress.passed_over(self.report)

    def _next(self, pages: Iterator[PageResult]) -> PageResult | None:
        """The next page; none where a signal came and those under way take too long."""
        try:
            with self._signals.grace():
                return next(pages, None)
        except Signalled:
            if self._signals.twice:
                raise
            return None

    def _write(
        self, pages: Generator[PageResult, None, None], identity: RunIdentity, kept: JournalLedger | None = None
    ) -> None:
        """Write pages as they come, or, where a journal has more, let them go into it and then write all it holds."""
        try:
            with contextlib.closing(pages):
                if kept is None:
                    self._render(pages, identity)
                else:
                    self._write_anew(pages, identity, kept)
        except Signalled:
            pass
        self._clock.stage("write")
        self.report.signal = self._signals.received

    def _write_anew(self, pages: Iterator[PageResult], identity: RunIdentity, kept: JournalLedger) -> None:
        self.report.unwritten = True
        for _ in pages:
            pass
        if self._signals.stopping():
            say("writing the pages read so far; a second signal ends that", event="writing")
        kept.before_writing()
        whole = self.report.anew()
        self._render(whole.counting(kept.journal.results()), identity, whole=True)
        whole.before = whole.pages - self.report.pages
        whole.failed_before = whole.failures - self.report.failures
        self.report = whole

    def _render(self, pages: Iterator[PageResult], identity: RunIdentity, *, whole: bool = False) -> None:
        request = self._request
        lengths = form_lengths(request.templates)
        settings = request.settings
        write_pages(pages, request.target, request.output, identity.provenance, lengths, settings, whole=whole)


def _engine(request: Request) -> Supervisor | RayEngine:
    """Where the request is to run."""
    if request.cluster is not None:
        return RayEngine(request.cluster, prepare_worker, request.settings.limits, fetched_near)
    return local_engine(request.settings.jobs, prepare_worker, request.settings.limits)


def _remembered(request: Request) -> dict[str, Any]:
    """What the commands that go on with the journal later must know, beside the run's identity."""
    return {
        "target": without_password(request.target),
        "output": asdict(request.output),
        "model": asdict(request.model),
        "template_paths": [str(template.path) for template in request.templates],
        "form_lengths": form_lengths(request.templates),
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
