"""Pages as rows of a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from hcr_scan.document import (
    Correction,
    Field,
    Glyph,
    Line,
    Page,
    PageFailure,
    PageResult,
    Reason,
    Status,
    line_name,
    rounded,
)
from hcr_scan.sinks.records import CORRECTED_BY, displayable, error_text, json_text
from hcr_scan.sources.pages import path_text

Cell = str | int | float | None
Row = list[Cell]


class Level(StrEnum):
    """What a row stands for."""

    FIELD = "field"
    GLYPH = "glyph"


FIELD_COLUMNS = (
    "file", "page", "template", "kind", "name", "value", "confidence", "status", "reasons", "raw", "alternatives",
    "min_glyph_confidence", "left", "top", "right", "bottom", "error",
)  # fmt: skip

GLYPH_COLUMNS = (
    "file", "page", "template", "kind", "name", "word", "cell", "text", "confidence", "status", "reasons",
    "alternatives", "left", "top", "right", "bottom", "error",
)  # fmt: skip

#: What a table of corrected pages has behind these.
CORRECTION_COLUMNS = ("corrected_by", "reviewer", "machine_value", "machine_confidence", "machine_status")

#: A cell that begins with one of these is a formula to a spreadsheet, which may fetch or run what it says.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")

#: By which Excel knows UTF-8.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def columns(level: Level) -> tuple[str, ...]:
    return FIELD_COLUMNS if level is Level.FIELD else GLYPH_COLUMNS


def rows_of(result: PageResult, level: Level) -> Iterator[Row]:
    """A page's rows: one a field and one a line, or one a glyph.

    A page with none of them, one that failed, and one that is marked as a whole has a row of its own.
    """
    template = None if isinstance(result, PageFailure) else result.template
    start: Row = [path_text(result.source.path), result.source.page, template]
    rows = list((_field_rows if level is Level.FIELD else _glyph_rows)(result))
    if not rows or (isinstance(result, Page) and result.reasons):
        rows.insert(0, _page_row(result, columns(level)[len(start) :]))
    return ([*start, *row] for row in rows)


def corrected_rows_of(result: PageResult) -> Iterator[Row]:
    """The rows of fields and lines, each with what the machine had read where a person has the last word."""
    parts: list[Field | Line] = [] if isinstance(result, PageFailure) else [*result.fields, *result.lines]
    rows = list(rows_of(result, Level.FIELD))
    none: list[Correction | None] = [None] * (len(rows) - len(parts))
    for row, correction in zip(rows, [*none, *(part.correction for part in parts)], strict=True):
        yield [*row, *_correction_cells(correction)]


def _correction_cells(correction: Correction | None) -> Row:
    if correction is None:
        return [None] * len(CORRECTION_COLUMNS)
    machine = correction.machine
    reviewer = displayable(correction.reviewer)
    return [CORRECTED_BY, reviewer, machine.value, rounded(machine.confidence), machine.status.value]


def table(level: Level, *, corrections: bool) -> tuple[tuple[str, ...], Callable[[PageResult], Iterator[Row]]]:
    """The columns of a table, and what gives a page's rows; with ``corrections`` fields say what had been read."""
    if corrections and level is Level.FIELD:
        return (*FIELD_COLUMNS, *CORRECTION_COLUMNS), corrected_rows_of
    return columns(level), lambda result: rows_of(result, level)


def encoder(level: Level, *, excel: bool, corrections: bool = False) -> tuple[bytes, Callable[[PageResult], bytes]]:
    """The table's head, and a function that gives a page's rows, as CSV (RFC 4180, UTF-8).

    With ``excel`` there is a byte order mark, by which Excel knows UTF-8, and text it would take for a formula gets
    an apostrophe in front. With ``corrections`` rows of fields say what the machine had read.
    """
    mark = BYTE_ORDER_MARK if excel else b""
    names, rows_of_page = table(level, corrections=corrections)

    def encode(result: PageResult) -> bytes:
        rows = rows_of_page(result)
        return csv_bytes([guarded(row) for row in rows] if excel else rows)

    return mark + csv_bytes([names]), encode


def guarded(row: Row) -> Row:
    """The row with an apostrophe before every text that a spreadsheet would take for a formula."""
    return [f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell for cell in row]


def csv_bytes(rows: Iterator[Row] | Sequence[Sequence[Cell]]) -> bytes:
    """Rows as CSV; what UTF-8 cannot hold is backslash-escaped."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def _page_row(result: PageResult, names: Sequence[str]) -> Row:
    """What there is to say of a page with nothing on it, in the columns of these names."""
    said: dict[str, Cell] = {"kind": "page", "status": result.status.value}
    if isinstance(result, Page):
        said["reasons"] = _joined(result.reasons)
    else:
        said["error"] = error_text(result)
    return [said.get(name) for name in names]


def _field_rows(result: PageResult) -> Iterator[Row]:
    if isinstance(result, PageFailure):
        return
    for field in result.fields:
        yield [
            field.kind, field.name, field.value, rounded(field.confidence), field.status.value, _joined(field.reasons),
            field.raw, _alternatives((a.value, a.confidence) for a in field.alternatives), _minimum(field.glyphs),
            *field.box.as_list(), None,
        ]  # fmt: skip
    for number, line in enumerate(result.lines, 1):
        yield [
            "line", line_name(number), line.text, rounded(line.confidence), line.status.value, _joined(line.reasons),
            line.text, None, _minimum(line.glyphs), *line.box.as_list(), None,
        ]  # fmt: skip


def _glyph_rows(result: PageResult) -> Iterator[Row]:
    if isinstance(result, PageFailure):
        return
    for kind, name, word, glyph in _glyphs(result.fields, result.lines):
        yield [
            kind, name, word, glyph.cell, glyph.text, rounded(glyph.confidence), glyph.status.value,
            _joined(glyph.reasons), _alternatives((a.text, a.confidence) for a in glyph.alternatives),
            *glyph.box.as_list(), None,
        ]  # fmt: skip


def _glyphs(fields: Sequence[Field], lines: Sequence[Line]) -> Iterator[tuple[str, str, int | None, Glyph]]:
    for field in fields:
        for glyph in field.glyphs:
            yield field.kind, field.name, None, glyph
    for number, line in enumerate(lines, 1):
        for position, word in enumerate(line.words, 1):
            for glyph in word.glyphs:
                yield "line", line_name(number), position, glyph


def _joined(reasons: Sequence[Reason]) -> str:
    return ";".join(reasons)


def _alternatives(pairs: Iterator[tuple[str, float]]) -> str | None:
    """A JSON object of readings and confidences, since a reading may hold any character."""
    found = {text: rounded(confidence) for text, confidence in pairs}
    return json_text(found) if found else None


def _minimum(glyphs: Sequence[Glyph]) -> float | None:
    written = [glyph.confidence for glyph in glyphs if glyph.status is not Status.BLANK]
    return rounded(min(written)) if written else None
