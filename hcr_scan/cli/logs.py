"""How messages look on standard error: for people at a terminal, for a log with times, or JSON for programs."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

logger = logging.getLogger("hcr_scan")

#: Above WARNING, so that it is said without -v, and below ERROR, so that --quiet hides it.
_ALWAYS = logging.WARNING + 1


class LogFormat(StrEnum):
    """``TEXT`` is for people, ``JSON`` one object a line."""

    TEXT = "text"
    JSON = "json"


def start_logging(*, quiet: bool, verbosity: int, terminal: bool, log_format: LogFormat) -> None:
    """Send the program's messages to standard error, from the level that is wanted on."""
    logging.addLevelName(_ALWAYS, "INFO")
    for old in list(logger.handlers):
        logger.removeHandler(old)
    logger.addHandler(_handler(terminal, log_format))
    logger.setLevel(logging.ERROR if quiet else {0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG))
    logger.propagate = False


def say(text: str, **facts: Any) -> None:
    """Say something whether or not more was asked for; ``facts`` are said with it in JSON."""
    logger.log(_ALWAYS, text, extra={"facts": facts})


def tell_end(text: str, exit_code: int, bug: Exception | None) -> None:
    """Say in JSON what ended the program, be it before logging began; of a bug with the traceback."""
    trace = None if bug is None else (type(bug), bug, bug.__traceback__)
    facts = {"facts": {"event": "end", "exit_code": int(exit_code)}}
    record = logger.makeRecord(logger.name, logging.ERROR, "", 0, text, (), trace, extra=facts)
    print(_JsonLines().format(record), file=sys.stderr)  # noqa: T201


def _handler(terminal: bool, log_format: LogFormat) -> logging.Handler:
    if log_format is LogFormat.JSON:
        lines = logging.StreamHandler(sys.stderr)
        lines.setFormatter(_JsonLines())
        return lines
    if terminal:
        # Rich redirects sys.stderr while its bar is up, so the stream is looked up at each line.
        handler = _CurrentStderr()
        handler.setFormatter(logging.Formatter("%(message)s"))
        return handler
    plain = logging.StreamHandler(sys.stderr)
    plain.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    return plain


class _JsonLines(logging.Formatter):
    """``time`` (UTC, ISO 8601), ``level``, ``message``, and what is known of the event beside its text."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": moment, "level": record.levelname.lower(), "message": record.getMessage()}
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


class _CurrentStderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), file=sys.stderr)  # noqa: T201
        except Exception:
            self.handleError(record)
