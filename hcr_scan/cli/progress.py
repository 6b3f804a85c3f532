"""What people see while a run goes on, all of it on standard error."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from hcr_scan.cli.logs import LogFormat, say, start_logging
from hcr_scan.document import PageFailure, PageResult, Status
from hcr_scan.run_report import RunReport, counted
from hcr_scan.sinks.formats import STDOUT
from hcr_scan.sinks.records import displayable
from hcr_scan.sources.pages import failure_text, path_text

#: Seconds between lines of progress where there is no terminal to draw on.
INTERVAL = 10.0
#: Seconds of a run before it is said how long it will take, and documents that it must have seen.
SOONEST_FORECAST, FEWEST_DOCUMENTS = 2.0, 3

logger = logging.getLogger("hcr_scan")


class Progress:
    """A moving bar on a terminal, plain lines with the time elsewhere (logs, CI), nothing with ``--quiet``.

    A context manager: the bar is there inside it.
    """

    def __init__(
        self, *, quiet: bool = False, verbosity: int = 0, log_format: LogFormat | str = LogFormat.TEXT
    ) -> None:
        self._quiet = quiet
        terminal = sys.stderr.isatty() and not quiet and log_format == LogFormat.TEXT
        self._bar = _Bar() if terminal else None
        self._next_line = time.monotonic() + INTERVAL
        self._documents = _Documents(lambda: None)
        start_logging(quiet=quiet, verbosity=verbosity, terminal=terminal, log_format=LogFormat(log_format))

    @classmethod
    def of(cls, options: dict[str, Any]) -> Self:
        """What :func:`hcr_scan.cli.options.message_options` ask for."""
        return cls(quiet=options["quiet"], verbosity=options["verbose"], log_format=options["log_format"])

    def expect(self, documents: Callable[[], int | None]) -> None:
        """A run begins; ``documents`` tells how many it will read as soon as that is known, for a forecast."""
        self._documents = _Documents(documents)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def page_done(self, result: PageResult, report: RunReport) -> None:
        """Show that a page is done; a failed one is named at once."""
        self._documents.seen(result.source.path)
        path, page = path_text(result.source.path), result.source.page
        facts = {"event": "page", "path": path, "page": page, "status": result.status.value}
        if isinstance(result, PageFailure):
            facts |= {"error": result.error, "stage": result.stage}
            logger.warning("%s", displayable(failure_text(result)), extra={"facts": facts})
        else:
            logger.info("%s, page %d: %s", path, page, result.status.value, extra={"facts": facts})
        if self._bar is not None:
            self._bar.show(self._documents, report, f"{path[-60:]}, page {page}")
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + INTERVAL
            left = self._documents.seconds_left(report.seconds)
            ahead = "" if left is None else f", {duration(left)} left"
            say(
                f"{counted(report.pages, 'page')}, {_rate(report):.1f}/s{ahead}: {by_status(report)}",
                event="progress",
                pages=report.pages,
                failed=report.failures,
                pages_per_second=round(_rate(report), 2),
                seconds_left=None if left is None else round(left),
            )

    def passed_over(self, report: RunReport) -> None:
        """How many files in folders were not taken for pages, if any."""
        if text := report.passed_over_text():
            say(text, event="passed_over", files=report.passed_over.total())

    def summary(self, report: RunReport, target: str) -> None:
        """The run in one line, and with ``-v`` its slowest pages."""
        if self._quiet:
            return
        where = "standard output" if target == STDOUT else path_text(target)
        # A run that is ended before its first page leaves what was there.
        written = f"; written to {where}" if report.pages or report.finished else ""
        say(
            f"{report.summary()}{written}",
            event="summary",
            pages=report.pages,
            failed=report.failures,
            to_look_at=report.doubtful,
            seconds=round(report.seconds, 2),
            output=where,
        )
        for source, seconds in report.slowest:
            logger.info("slow: %.2f s  %s, page %d", seconds, path_text(source.path), source.page)


class _Documents:
    """Of how many documents there is a result, and of how many there will be one, if that is known by now."""

    def __init__(self, expected: Callable[[], int | None]) -> None:
        self.expected = expected
        self.done = 0
        self._last: str | None = None

    def seen(self, path: str) -> None:
        # Pages come in the order of their documents.
        self.done += path != self._last
        self._last = path

    def seconds_left(self, elapsed: float) -> float | None:
        """A forecast, once there is something to go by."""
        finished = self.done - 1  # the one seen last may have pages to come
        expected = self.expected()
        if expected is None or elapsed < SOONEST_FORECAST or finished < FEWEST_DOCUMENTS:
            return None
        return max(0.0, (expected - finished) * elapsed / finished)


class _Bar:
    """Three lines that are drawn anew: how far it is, what the pages came to, and where it is."""

    def __init__(self) -> None:
        from rich.console import Console, Group
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar
        from rich.text import Text

        self._bar = Bar(
            SpinnerColumn(),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("documents"),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
        )
        self._task = self._bar.add_task("", total=None)
        self._pages, self._place = Text("", no_wrap=True), Text("", style="dim", no_wrap=True, overflow="ellipsis")
        self._live: Any = Live(
            Group(self._bar, self._pages, self._place), console=Console(file=sys.stderr), transient=True
        )

    def start(self) -> None:
        self._live.start()

    def stop(self) -> None:
        self._live.stop()

    def show(self, documents: _Documents, report: RunReport, place: str) -> None:
        left = documents.seconds_left(report.seconds)
        ahead = "" if left is None else f"{duration(left)} left"
        self._bar.update(self._task, completed=documents.done, total=documents.expected(), description=ahead)
        self._pages.plain = f"  {counted(report.pages, 'page')}  {_rate(report):.1f}/s   {by_status(report)}"
        slowest = ""
        if report.slowest:
            source, seconds = report.slowest[0]
            slowest = f"   slowest {seconds:.1f} s: {path_text(source.path)[-40:]}"
        self._place.plain = f"  {place}{slowest}"


def by_status(report: RunReport) -> str:
    """``ok 1,200, review 80, failed 2``: the pages so far."""
    return ", ".join(f"{status.value} {report.statuses[status]:,}" for status in Status if report.statuses[status])


def duration(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


def _rate(report: RunReport) -> float:
    return report.pages / max(report.seconds, 1e-9)
