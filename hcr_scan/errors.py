"""Errors that stop a run, each with the exit code the shell sees.

Trouble with one page is not an error but a value: see :class:`hcr_scan.document.PageFailure`.
Exit codes are a stable interface; README lists them.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process returns; scripts may rely on these numbers."""

    OK = 0
    SOME_PAGES_FAILED = 1
    USAGE = 2
    INPUT = 3
    MODEL = 4
    OUTPUT = 5
    DATASET = 6
    MISSING_DEPENDENCY = 7
    JOURNAL = 8
    STOPPED = 9
    BUG = 70
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class HcrScanError(Exception):
    """Base of every error hcr-scan raises on purpose."""

    exit_code = ExitCode.BUG


class UsageError(HcrScanError):
    """An option or argument that cannot be meant."""

    exit_code = ExitCode.USAGE


class InputError(HcrScanError):
    """No input at all: nothing found, or nothing that can be listed."""

    exit_code = ExitCode.INPUT


class ModelError(HcrScanError):
    """A bundle that is missing, damaged, or not what its manifest says."""

    exit_code = ExitCode.MODEL


class OutputError(HcrScanError):
    """The output cannot be written."""

    exit_code = ExitCode.OUTPUT


class JournalError(HcrScanError):
    """A journal that another run holds, that belongs to another run, or that is damaged."""

    exit_code = ExitCode.JOURNAL


class DatasetError(HcrScanError):
    """Training or evaluation data that is missing or malformed."""

    exit_code = ExitCode.DATASET


class MissingDependency(HcrScanError):
    """An optional package or program is needed and absent; the message says how to install it."""

    exit_code = ExitCode.MISSING_DEPENDENCY


class WorkerError(HcrScanError):
    """No worker process can be started, so no page can be read."""


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its kind where it has none; those of native libraries go on for pages."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def description_of(error: BaseException) -> str:
    """An error's kind and text."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
