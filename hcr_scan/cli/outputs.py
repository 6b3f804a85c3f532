"""How outputs are asked for on the command line, and remembered in a journal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

import click

from hcr_scan.errors import JournalError, OutputError, UsageError
from hcr_scan.journal.journal import SUFFIX, Journal, journal_exists, journal_path
from hcr_scan.sinks.formats import STDOUT, SUFFIXES, Format, check_installed, format_of, is_folder_target
from hcr_scan.sinks.output import output_errors
from hcr_scan.sinks.sink import OutputOptions, Shape
from hcr_scan.sinks.tabular import Level
from hcr_scan.sinks.targets import beside, is_address, without_password
from hcr_scan.sinks.wide import Extra
from hcr_scan.sources.addresses import is_below, is_remote
from hcr_scan.sources.discovery import SUFFIXES as PAGES
from hcr_scan.sources.pages import path_text


def chosen_output(target: str, options: dict[str, Any], names: tuple[str, ...]) -> OutputOptions:
    """What :func:`hcr_scan.cli.options.output_options` mean for a target; ``names`` are the fields of the templates.

    Raises:
        UsageError: the options contradict each other, or a page or a template stands there.
        OutputError: the target is a folder, and the format is one file.
        MissingDependency: the format needs something that is not installed.
    """
    format_ = format_of(target, options["format_"])
    output = OutputOptions(
        format_,
        Level(options["level"]),
        options["excel"],
        Shape(options["shape"]),
        names,
        tuple(Extra(extra) for extra in options["extras"]),
        is_folder_target(target, format_),
        options["image_prefix"],
    )
    check_installed(format_)
    if not (is_address(target) or journal_exists(journal_path(target))):  # beside which a scan's own output lies
        refuse_pages_and_templates(target, but={SUFFIXES[format_]})
    return output


def refuse_pages_and_templates(target: str, but: Collection[str]) -> None:
    """See that an output of another kind replaces no file that, by its suffix, holds pages or a template.

    Raises:
        UsageError: it would; suffixes of outputs of its kind are those in ``but``.
    """
    suffix = os.path.splitext(target)[1].lower()  # noqa: PTH122 - any bytes
    if suffix in (PAGES | {".toml"}) - set(but) and os.path.isfile(target):  # noqa: PTH113
        raise UsageError(f"{target} exists, and holds pages or a template as its name says; name another output")


def refuse_among_inputs(target: str, inputs: Sequence[str]) -> None:
    """See that nothing is written where scans are looked for, to be read in turn.

    Raises:
        UsageError: it would be.
    """
    place = os.path.realpath(target)
    for name in inputs:
        if is_remote(name):
            if is_below(target, name):
                raise UsageError(f"--out {target} is in {name}, so what is written would be read; name another place")
            continue
        folder = os.path.realpath(name)
        if os.path.isdir(folder) and os.path.commonpath([folder, place]) == folder:  # noqa: PTH112
            raise UsageError(f"--out {target} is in {name}, so what is written would be read; name a folder elsewhere")


def remembered_output(record: dict[str, Any]) -> OutputOptions:
    """The same as it was written down by the scan."""
    return OutputOptions(
        Format(record["format"]),
        Level(record["level"]),
        record["excel"],
        Shape(record["shape"]),
        tuple(record["names"]),
        tuple(Extra(extra) for extra in record["extras"]),
        record.get("folder", False),
        record.get("image_prefix", ""),
    )


def open_earlier(name: str, *, reading: bool = True) -> tuple[Journal, str]:
    """The journal that is meant by its own name or that of its output, and the output.

    Where the journal is read alone, it may be in an archive.

    Raises:
        JournalError: there is none, another run holds it, or it is damaged.
    """
    path = name if name.endswith(SUFFIX) and not is_address(name) else journal_path(beside(name))
    if not journal_exists(path):
        raise JournalError(
            f"there is no journal {path}; name the output of an earlier scan, beside which its journal must lie "
            "(were they moved apart?), or the journal itself. What export or apply wrote has none: name the output "
            "of the scan"
        )
    journal = Journal(path, reading=reading)
    if is_address(name):
        return journal, name
    # An address is named in its journal alone, without its password.
    target: str = (journal.noted("request") or {}).get("target", "")
    return journal, target if is_address(target) else journal.base


def print_result(text: str) -> None:
    """Print what was asked for, on standard output.

    Raises:
        OutputError: it is full or closed.
    """
    if sys.stdout is None:
        raise OutputError("standard output is closed; open it, or lead it into a file")
    with output_errors(STDOUT):
        click.echo(text)


def tell_written(target: str) -> None:
    """Say where an output is, unless whoever reads it has it already."""
    if target != STDOUT:
        click.echo(f"written to {path_text(without_password(target))}", err=True)


def tell_unfinished(journal: Journal, tell: Callable[[str], object] | None = None) -> None:
    """Say that a scan has pages which it did not read yet, where that is so; by ``tell`` in commands with a log."""
    tell = tell or partial(click.echo, err=True)
    if not journal.is_finished:
        name = path_text(journal.base)
        tell(f"the scan to {name} is not finished: its command with --resume reads the other pages")


def remembered_request(journal: Journal) -> dict[str, Any]:
    """What the scan was asked for, beside the run's identity.

    Raises:
        JournalError: the scan did not come so far.
    """
    request: dict[str, Any] | None = journal.noted("request")
    if request is None:
        raise JournalError(f"{journal.path} holds no run; scan again with --overwrite")
    return request
