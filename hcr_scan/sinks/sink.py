"""One place that knows how each format is written: pages go in, bytes of the chosen format come out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from hcr_scan.document import Form, PageResult
from hcr_scan.errors import OutputError, UsageError
from hcr_scan.sinks import hocr, tesseract_tsv
from hcr_scan.sinks.alto import alto_file
from hcr_scan.sinks.folder import FolderSink
from hcr_scan.sinks.formats import STDOUT, SUFFIXES, WIDE_FORMATS, Format
from hcr_scan.sinks.label_studio import task
from hcr_scan.sinks.output import Output, is_lasting, open_output, output_errors
from hcr_scan.sinks.page_xml import page_xml_file
from hcr_scan.sinks.parquet import ParquetRows
from hcr_scan.sinks.records import Provenance, json_text, page_json
from hcr_scan.sinks.tabular import Level, encoder
from hcr_scan.sinks.wide import Extra, form_record, wide_encoder

#: Formats whose rows may be glyphs.
LEVEL_FORMATS = (Format.CSV, Format.PARQUET, Format.DATABASE)


class Shape(StrEnum):
    """What a record stands for: a page, or a filled form of one or more pages."""

    LONG = "long"
    WIDE = "wide"


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How output is to look. ``level`` is for CSV and Parquet, ``excel`` for CSV, ``image_prefix`` for Label Studio.

    ``names`` are the fields of the templates, for the columns of wide CSV, and ``extras`` what is said of each.
    ``folder``: the target is a folder to be filled with a file a page.
    ``corrections``: people had the last word on some, and CSV and Parquet of fields have columns for what the machine
    had read.
    """

    format: Format
    level: Level = Level.FIELD
    excel: bool = False
    shape: Shape = Shape.LONG
    names: tuple[str, ...] = ()
    extras: tuple[Extra, ...] = ()
    folder: bool = False
    image_prefix: str = ""
    corrections: bool = False

    def __post_init__(self) -> None:
        self._check_wide()
        if self.format not in LEVEL_FORMATS and self.level is not Level.FIELD:
            raise UsageError(
                f"--level {self.level.value} is for CSV, Parquet and databases; {self.format.value} always holds "
                "fields and glyphs"
            )
        if self.format is not Format.CSV and self.excel:
            raise UsageError(f"--excel is for CSV, not for {self.format.value}")
        if self.format is not Format.LABEL_STUDIO and self.image_prefix:
            raise UsageError(f"--image-prefix is for label-studio, not for {self.format.value}")

    def _check_wide(self) -> None:
        wide_table = self.shape is Shape.WIDE and self.format is Format.CSV
        if self.extras and not wide_table:
            raise UsageError("--with adds columns to a wide table; add --shape wide and write CSV, or leave it out")
        if self.shape is Shape.WIDE and self.format not in WIDE_FORMATS:
            raise UsageError(f"--shape wide is for CSV, JSON and JSONL; {self.format.value} holds pages")
        if wide_table and not self.names:
            raise UsageError(
                "a wide table has a column for each field of the templates; scan with --template, or leave out "
                "--shape wide"
            )
        if wide_table and self.level is not Level.FIELD:
            raise UsageError("--level glyph and --shape wide contradict each other; leave one out")


Item = TypeVar("Item", PageResult, Form)
Taken = TypeVar("Taken", PageResult, Form, contravariant=True)


class Writer(Protocol[Taken]):
    """What pages, or forms, are given to, one after the other."""

    def write(self, item: Taken) -> None:
        """Add a page, or a form.

        Raises:
            OutputError: the disk is full, or the file cannot be written any more.
        """


@dataclass(frozen=True, slots=True)
class Encoding(Generic[Item]):
    """The bytes before the records, of each record (which is told its number, from 0), and after them."""

    head: bytes
    item: Callable[[Item, int], bytes]
    tail: Callable[[], bytes] = bytes


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
        self._write(self._encoding.tail())
        self._output.commit()

    def discard(self) -> None:
        """Write nothing; what stood there before stays."""
        self._output.discard()

    def _write(self, data: bytes) -> None:
        with output_errors(self._output.target):
            self._output.stream.write(data)
            if self._output.target == STDOUT:
                self._output.stream.flush()


def open_sink(
    target: str, options: OutputOptions, provenance: Provenance, *, whole: bool = False
) -> contextlib.AbstractContextManager[Writer[PageResult]]:
    """A sink of pages that ends well: complete after the block, valid up to the last page where it was interrupted.

    An existing file is replaced at the end, as a whole; a block that fails before its first page leaves it alone, and
    with ``whole`` any that fails. In a folder the files appear page by page, each as a whole.
    """

    def encoding() -> Encoding[PageResult]:
        return _ENCODINGS[options.format](options, provenance)

    if not options.folder:
        return _opened(target, encoding(), whole=whole)

    def page_file(page: PageResult) -> bytes:
        file = encoding()
        return file.head + file.item(page, 0) + file.tail()

    return FolderSink(target, SUFFIXES[options.format], page_file)


def open_form_sink(
    target: str, options: OutputOptions, provenance: Provenance, *, whole: bool = False
) -> contextlib.AbstractContextManager[Writer[Form]]:
    """The same for forms, as :func:`hcr_scan.forms.grouping.filled_forms` groups pages to them."""

    def text(form: Form) -> str:
        return json_text(form_record(form, provenance))

    if options.format is Format.CSV:
        head, encode = wide_encoder(options.names, options.extras, excel=options.excel)
        return _opened(target, Encoding(head, lambda form, _: encode(form)), whole=whole)
    return _opened(target, _json(options.format, text), whole=whole)


@contextlib.contextmanager
def _opened(target: str, encoding: Encoding[Item], *, whole: bool) -> Iterator[Sink[Item]]:
    output = open_output(target)
    try:
        sink = Sink(output, encoding)
        try:
            yield sink
        except (OutputError, BrokenPipeError):
            raise
        except BaseException:
            # What went into a stream is with its reader already, and at least to be valid.
            if sink.items and not (whole and is_lasting(target)):
                sink.finish()
            raise
        sink.finish()
    finally:
        # After finish() there is nothing left to discard.
        output.discard()


def _json(format_: Format, text: Callable[[Item], str]) -> Encoding[Item]:
    def encoded(item: Item) -> bytes:
        return text(item).encode("utf-8", "backslashreplace")

    if format_ is Format.JSONL:
        return Encoding(b"", lambda item, _: encoded(item) + b"\n")
    return Encoding(b"[", lambda item, number: (b",\n" if number else b"\n") + encoded(item), lambda: b"\n]\n")


def _csv_of_pages(options: OutputOptions, provenance: Provenance) -> Encoding[PageResult]:
    del provenance
    head, encode = encoder(options.level, excel=options.excel, corrections=options.corrections)
    return Encoding(head, lambda result, _: encode(result))


def _json_of_pages(options: OutputOptions, provenance: Provenance) -> Encoding[PageResult]:
    return _json(options.format, lambda result: page_json(result, provenance))


def _tasks(options: OutputOptions, provenance: Provenance) -> Encoding[PageResult]:
    return _json(Format.JSON, lambda result: json_text(task(result, provenance, options.image_prefix)))


def _parquet(options: OutputOptions, provenance: Provenance) -> Encoding[PageResult]:
    del provenance
    rows = ParquetRows(options.level, corrections=options.corrections)
    return Encoding(b"", lambda result, _: rows.add(result), rows.finish)


def _hocr(options: OutputOptions, provenance: Provenance) -> Encoding[PageResult]:
    del options
    return Encoding(hocr.head(provenance), hocr.page_element, hocr.tail)


def _tsv(options: OutputOptions, provenance: Provenance) -> Encoding[PageResult]:
    del options, provenance
    return Encoding(tesseract_tsv.head(), tesseract_tsv.rows)


def _one_page(page_file: Callable[[PageResult, Provenance], bytes]) -> _MakeEncoding:
    """A format of which a file holds one page and no more."""

    def make(options: OutputOptions, provenance: Provenance) -> Encoding[PageResult]:
        name = options.format.value

        def item(result: PageResult, number: int) -> bytes:
            if number:
                raise OutputError(f"a file of {name} holds one page, and there are more; name a folder: --out {name}/")
            return page_file(result, provenance)

        return Encoding(b"", item)

    return make


_MakeEncoding = Callable[[OutputOptions, Provenance], Encoding[PageResult]]

_ENCODINGS: dict[Format, _MakeEncoding] = {
    Format.CSV: _csv_of_pages,
    Format.JSON: _json_of_pages,
    Format.JSONL: _json_of_pages,
    Format.PARQUET: _parquet,
    Format.ALTO: _one_page(alto_file),
    Format.PAGE: _one_page(page_xml_file),
    Format.HOCR: _hocr,
    Format.TSV: _tsv,
    Format.LABEL_STUDIO: _tasks,
}
