"""What people see while a run goes on, all of it on standard error."""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType
from typing import Any, Self

from hcr_scan.document import PageFailure, PageResult
from hcr_scan.report import RunReport, counted
from hcr_scan.sinks.output import STDOUT
from hcr_scan.sinks.records import displayable

#: Seconds between lines of progress where there is no terminal to draw on.
INTERVAL = 10.0

logger = logging.getLogger("hcr_scan")


class Progress:
    """A moving bar on a terminal, plain lines with the time elsewhere (logs, CI), nothing with ``--quiet``.

    A context manager: the bar is there inside it.
    """

    def __init__(self, *, quiet: bool = False, verbosity: int = 0) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty() and not quiet
        self._bar: Any = None
        self._task: Any = None
        self._next_line = time.monotonic() + INTERVAL
        _start_logging(quiet, verbosity, self._terminal)

    def __enter__(self) -> Self:
        if self._terminal:
            from rich.console import Console
            from rich.progress import Progress as Bar
            from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

            self._bar = Bar(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                TimeElapsedColumn(),
                console=Console(file=sys.stderr),
                transient=True,
            )
            self._task = self._bar.add_task("reading", total=None)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def page_done(self, result: PageResult, report: RunReport) -> None:
        """Show that a page is done; a failed one is named at once."""
        if isinstance(result, PageFailure):
            source = result.source
            logger.warning("%s, page %d: %s", displayable(source.path), source.page, displayable(result.message))
        else:
            logger.info("%s, page %d: %s", displayable(result.source.path), result.source.page, result.status.value)
        rate = report.pages / max(report.seconds, 1e-9)
        text = f"{counted(report.pages, 'page')}, {report.failures:,} failed, {rate:.1f}/s"
        if self._bar is not None:
            self._bar.update(self._task, description=f"{text}  {displayable(result.source.path)[-50:]}")
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + INTERVAL
            _say(text)

    def summary(self, report: RunReport, target: str) -> None:
        """The run in one line, and with ``-v`` its slowest pages."""
        if self._quiet:
            return
        where = "standard output" if target == STDOUT else displayable(target)
        _say(f"{report.summary()}; written to {where}")
        for source, seconds in report.slowest:
            logger.info("slow: %.2f s  %s, page %d", seconds, displayable(source.path), source.page)


def _say(text: str) -> None:
    logger.log(_ALWAYS, text)


#: Above WARNING, so that it is said without -v, and below ERROR, so that --quiet hides it.
_ALWAYS = logging.WARNING + 1


def _start_logging(quiet: bool, verbosity: int, terminal: bool) -> None:
    level = logging.ERROR if quiet else {0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG)
    logging.addLevelName(_ALWAYS, "INFO")
    handler = _handler(terminal)
    for old in list(logger.handlers):
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False


def _handler(terminal: bool) -> logging.Handler:
    if terminal:
        # Rich redirects sys.stderr while its bar is up, so the stream is looked up at each line.
        handler = _CurrentStderr()
        handler.setFormatter(logging.Formatter("%(message)s"))
        return handler
    plain = logging.StreamHandler(sys.stderr)
    plain.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    return plain


class _CurrentStderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), file=sys.stderr)  # noqa: T201
        except Exception:
            self.handleError(record)
