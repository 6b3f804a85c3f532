"""One place that knows the formats: pages go in, bytes of the chosen format come out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hcr_scan.document import PageResult
from hcr_scan.errors import OutputError, UsageError
from hcr_scan.sinks.output import STDOUT, Output, open_output, output_errors
from hcr_scan.sinks.records import Provenance, json_text, record_of
from hcr_scan.sinks.tabular import Level, encoder


class Format(StrEnum):
    """A format of output; its name is also its file suffix."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How output is to look. ``level`` and ``excel`` are for CSV alone."""

    format: Format
    level: Level = Level.FIELD
    excel: bool = False

    def __post_init__(self) -> None:
        if self.format is not Format.CSV and self.level is not Level.FIELD:
            raise UsageError(
                f"--level {self.level.value} is for CSV; {self.format.value} always holds fields and glyphs"
            )
        if self.format is not Format.CSV and self.excel:
            raise UsageError(f"--excel is for CSV, not for {self.format.value}")


@dataclass(frozen=True, slots=True)
class Encoding:
    """The bytes before the pages, of each page (which is told its number, from 0), and after them."""

    head: bytes
    page: Callable[[PageResult, int], bytes]
    tail: bytes


class Sink:
    """Takes pages, one after the other, and writes them as they come."""

    def __init__(self, output: Output, encoding: Encoding) -> None:
        self._output, self._encoding = output, encoding
        self.pages = 0
        self._write(encoding.head)

    def write(self, result: PageResult) -> None:
        """Add a page.

        Raises:
            OutputError: the disk is full, or the file cannot be written any more.
        """
        self._write(self._encoding.page(result, self.pages))
        self.pages += 1

    def finish(self) -> None:
        """Write the end and put the file in place."""
        self._write(self._encoding.tail)
        self._output.commit()

    def discard(self) -> None:
        """Write nothing; what stood there before stays."""
        self._output.discard()

    def _write(self, data: bytes) -> None:
        with output_errors(self._output.target):
            self._output.stream.write(data)
            if self._output.target == STDOUT:
                self._output.stream.flush()


def format_of(target: str, chosen: Format | str | None) -> Format:
    """The format chosen, or else the one the file's suffix names.

    Raises:
        UsageError: neither says.
    """
    if chosen is not None:
        return Format(chosen)
    suffix = Path(target).suffix.lower().removeprefix(".")
    if suffix in set(Format):
        return Format(suffix)
    names = ", ".join(format_.value for format_ in Format)
    where = "standard output" if target == STDOUT else f"--out {target}"
    raise UsageError(f"{where} does not say which format is wanted; add --format ({names})")


@contextlib.contextmanager
def open_sink(target: str, options: OutputOptions, provenance: Provenance) -> Iterator[Sink]:
    """A sink that ends well: complete after the block, valid up to the last page where the block was interrupted.

    An existing file is replaced at the end, as a whole; a block that fails before its first page leaves it alone.
    """
    output = open_output(target)
    try:
        sink = Sink(output, _encoding(options, provenance))
        try:
            yield sink
        except (OutputError, BrokenPipeError):
            raise
        except BaseException:
            if sink.pages:
                sink.finish()
            raise
        sink.finish()
    finally:
        # After finish() there is nothing left to discard.
        output.discard()


def _encoding(options: OutputOptions, provenance: Provenance) -> Encoding:
    def record(result: PageResult) -> bytes:
        return json_text(record_of(result, provenance)).encode("utf-8", "backslashreplace")

    if options.format is Format.CSV:
        head, encode = encoder(options.level, excel=options.excel)
        return Encoding(head, lambda result, _: encode(result), b"")
    if options.format is Format.JSONL:
        return Encoding(b"", lambda result, _: record(result) + b"\n", b"")
    return Encoding(b"[", lambda result, number: (b",\n" if number else b"\n") + record(result), b"\n]\n")
