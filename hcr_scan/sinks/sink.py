"""One place that knows the formats: pages go in, bytes of the chosen format come out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar

from hcr_scan.document import Form, PageResult
from hcr_scan.errors import OutputError, UsageError
from hcr_scan.sinks.output import STDOUT, Output, open_output, output_errors
from hcr_scan.sinks.records import Provenance, Record, json_text, record_of
from hcr_scan.sinks.tabular import Level, encoder
from hcr_scan.sinks.wide import Extra, form_record, wide_encoder


class Format(StrEnum):
    """A format of output; its name is also its file suffix."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


class Shape(StrEnum):
    """What a record stands for: a page, or a filled form of one or more pages."""

    LONG = "long"
    WIDE = "wide"


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How output is to look. ``level`` and ``excel`` are for CSV alone.

    ``names`` are the fields of the templates, for the columns of wide CSV, and ``extras`` what is said of each.
    """

    format: Format
    level: Level = Level.FIELD
    excel: bool = False
    shape: Shape = Shape.LONG
    names: tuple[str, ...] = ()
    extras: tuple[Extra, ...] = ()

    def __post_init__(self) -> None:
        wide_table = self.shape is Shape.WIDE and self.format is Format.CSV
        if self.extras and not wide_table:
            raise UsageError("--with adds columns to a wide table; add --shape wide and write CSV, or leave it out")
        if wide_table and not self.names:
            raise UsageError(
                "a wide table has a column for each field of the templates; add --template, or leave out --shape wide"
            )
        if wide_table and self.level is not Level.FIELD:
            raise UsageError("--level glyph and --shape wide contradict each other; leave one out")
        if self.format is not Format.CSV and self.level is not Level.FIELD:
            raise UsageError(
                f"--level {self.level.value} is for CSV; {self.format.value} always holds fields and glyphs"
            )
        if self.format is not Format.CSV and self.excel:
            raise UsageError(f"--excel is for CSV, not for {self.format.value}")


Item = TypeVar("Item", PageResult, Form)


@dataclass(frozen=True, slots=True)
class Encoding(Generic[Item]):
    """The bytes before the records, of each record (which is told its number, from 0), and after them."""

    head: bytes
    item: Callable[[Item, int], bytes]
    tail: bytes


class Sink(Generic[Item]):
    """Takes pages, or forms, one after the other, and writes them as they come."""

    def __init__(self, output: Output, encoding: Encoding[Item]) -> None:
        self._output = output
        self._encoding: Encoding[Item] = encoding
        self.items = 0
        self._write(encoding.head)

    def write(self, item: Item) -> None:
        """Add a page, or a form.

        Raises:
            OutputError: the disk is full, or the file cannot be written any more.
        """
        self._write(self._encoding.item(item, self.items))
        self.items += 1

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


def open_sink(
    target: str, options: OutputOptions, provenance: Provenance
) -> contextlib.AbstractContextManager[Sink[PageResult]]:
    """A sink of pages that ends well: complete after the block, valid up to the last page where it was interrupted.

    An existing file is replaced at the end, as a whole; a block that fails before its first page leaves it alone.
    """

    def record(result: PageResult) -> Record:
        return record_of(result, provenance)

    if options.format is Format.CSV:
        head, encode = encoder(options.level, excel=options.excel)
        return _opened(target, Encoding(head, lambda result, _: encode(result), b""))
    return _opened(target, _json(options.format, record))


def open_form_sink(
    target: str, options: OutputOptions, provenance: Provenance
) -> contextlib.AbstractContextManager[Sink[Form]]:
    """The same for forms, as :func:`hcr_scan.forms.grouping.filled_forms` groups pages to them."""

    def record(form: Form) -> Record:
        return form_record(form, provenance)

    if options.format is Format.CSV:
        head, encode = wide_encoder(options.names, options.extras, excel=options.excel)
        return _opened(target, Encoding(head, lambda form, _: encode(form), b""))
    return _opened(target, _json(options.format, record))


@contextlib.contextmanager
def _opened(target: str, encoding: Encoding[Item]) -> Iterator[Sink[Item]]:
    output = open_output(target)
    try:
        sink = Sink(output, encoding)
        try:
            yield sink
        except (OutputError, BrokenPipeError):
            raise
        except BaseException:
            if sink.items:
                sink.finish()
            raise
        sink.finish()
    finally:
        # After finish() there is nothing left to discard.
        output.discard()


def _json(format_: Format, record: Callable[[Item], Record]) -> Encoding[Item]:
    def encoded(item: Item) -> bytes:
        return json_text(record(item)).encode("utf-8", "backslashreplace")

    if format_ is Format.JSONL:
        return Encoding(b"", lambda item, _: encoded(item) + b"\n", b"")
    return Encoding(b"[", lambda item, number: (b",\n" if number else b"\n") + encoded(item), b"\n]\n")
