"""The account of a run, beside its output: versions, settings, counts, times and memory. All dates are here."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from hcr_scan import __version__
from hcr_scan.engines.memory import own_peak
from hcr_scan.errors import ExitCode, OutputError
from hcr_scan.run_report import RunReport
from hcr_scan.sinks.output import write_output
from hcr_scan.sources.pages import path_text

SCHEMA = "hcr-scan-run/1"
SUFFIX = ".run-manifest.json"

#: What of the environment can change how pages are read or how fast.
PACKAGES = ("numpy", "opencv-python-headless", "onnxruntime", "pillow", "pypdfium2")


@dataclass(slots=True)
class RunClock:
    """When a run began, and how many seconds each of its stages took."""

    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    stages: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def stage(self, name: str) -> None:
        """The stage that goes by this name ends now."""
        now = time.perf_counter()
        self.stages[name] = self.stages.get(name, 0.0) + now - self._since
        self._since = now

    def add(self, name: str, seconds: float) -> None:
        """Count time that passed beside the stages, such as in workers."""
        self.stages[name] = self.stages.get(name, 0.0) + seconds


def write_run_manifest(
    target: str, report: RunReport, clock: RunClock, run: dict[str, Any], exit_code: ExitCode | int, also: str = ""
) -> None:
    """Write the account of a run beside its output; a disk without room for it changes nothing about the run.

    A run that found nothing to do leaves the account of the one that did it, unless it ended otherwise.

    Args:
        target: The output, or what its journal is named after.
        report: What was counted.
        clock: What was timed.
        run: What the run was told: inputs, model and settings.
        exit_code: What the process returns.
        also: The output where it is an object in a store: there is one beside that too.
    """
    if report.pages == report.before and _verdict(manifest_path(target)) == exit_code:
        return
    content = json.dumps(_content(report, clock, run, exit_code), indent=2) + "\n"
    for place in (manifest_path(target), also and also.rstrip("/") + SUFFIX):
        with contextlib.suppress(OutputError):
            if place:
                write_output(place, content.encode())


def manifest_path(target: str) -> str:
    """Where the account of an output is."""
    return os.path.realpath(target) + SUFFIX


def _verdict(path: str) -> int | None:
    """How the run ended that an account is of; ``None`` where there is none that can be understood."""
    try:
        verdict = json.loads(Path(path).read_bytes())["exit_code"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return verdict if isinstance(verdict, int) else None


def _content(report: RunReport, clock: RunClock, run: dict[str, Any], exit_code: ExitCode | int) -> dict[str, Any]:
    now = report.pages - report.before
    return {
        "schema": SCHEMA,
        "hcr_scan": __version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        **run,
        "started": clock.started.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "exit_code": int(exit_code),
        "pages": {
            "total": report.pages,
            "read_before": report.before,
            "by_status": {status.value: count for status, count in sorted(report.statuses.items())},
            "by_failure": dict(sorted(report.codes.items())),
        },
        "copies": [{"path": path_text(path), "same_as": path_text(first)} for path, first in report.copies],
        "passed_over": {"files": report.passed_over.total(), "by_suffix": dict(report.passed_over.most_common())},
        "seconds": {"total": round(report.seconds, 3)} | {k: round(v, 3) for k, v in clock.stages.items()},
        "pages_per_second": round(now / report.seconds, 3) if report.seconds > 0 else None,
        "slowest": [
            {"path": path_text(source.path), "page": source.page, "seconds": round(seconds, 3)}
            for source, seconds in report.slowest
        ],
        "peak_memory_bytes": {"parent": own_peak(), "largest_worker": report.largest_worker or None},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
