from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from hcr_scan.document import Field, Form, Page, PageFailure, Source, Status
from hcr_scan.errors import UsageError
from hcr_scan.geometry import BoundingBox
from hcr_scan.sinks.formats import Format
from hcr_scan.sinks.records import Provenance
from hcr_scan.sinks.sink import OutputOptions, Shape, open_form_sink
from hcr_scan.sinks.tabular import Level
from hcr_scan.sinks.wide import Extra

PROVENANCE = Provenance("0.1.0", "0" * 64, "1" * 64)
BOX = BoundingBox(0, 0, 10, 10)


def field(name: str, value: str, confidence: float = 0.9) -> Field:
    return Field(name, "cells", BOX, value, value, confidence, Status.OK)


def page(path: str, *fields: Field, number: int = 1, template: str | None = "order") -> Page:
    return Page(Source(path, number, 2), 100, 100, 100, 0, 0.0, fields, (), template, 0.95, number)


FORM = Form((page("a.pdf", field("surname", "O'NEIL")), page("a.pdf", field("total", "007"), number=2)), "order")
FAILED = Form((PageFailure(Source("b\udcff.pdf"), "open", "password", "give one"),))


def written(tmp_path: Path, options: OutputOptions, *forms: Form) -> bytes:
    target = tmp_path / "out"
    with open_form_sink(str(target), options, PROVENANCE) as sink:
        for form in forms:
            sink.write(form)
    return target.read_bytes()


def wide(*extras: Extra, format_: Format = Format.CSV) -> OutputOptions:
    return OutputOptions(format_, shape=Shape.WIDE, names=("surname", "total", "date"), extras=extras)


def test_a_form_is_a_row_with_a_column_for_each_field_of_the_templates(tmp_path: Path) -> None:
    text = written(tmp_path, wide(), FORM).decode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert list(row) == ["file", "pages", "template", "status", "reasons", "error", "surname", "total", "date"]
    assert (row["file"], row["pages"], row["template"], row["status"]) == ("a.pdf", "1;2", "order", "ok")
    assert (row["surname"], row["total"], row["date"]) == ("O'NEIL", "007", "")


def test_confidence_and_status_stand_beside_each_field(tmp_path: Path) -> None:
    text = written(tmp_path, wide(Extra.CONFIDENCE, Extra.STATUS), FORM).decode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["total"], row["total__confidence"], row["total__status"]) == ("007", "0.9", "ok")
    assert (row["date__confidence"], row["date__status"]) == ("", "")


def test_a_page_that_failed_is_a_row_too(tmp_path: Path) -> None:
    text = written(tmp_path, wide(), FAILED).decode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["file"], row["status"], row["template"]) == ("b\\xff.pdf", "failed", "")
    assert row["error"] == "open: password: give one"


def test_fields_of_a_page_without_a_template_have_no_column(tmp_path: Path) -> None:
    # Its generated names must not fill the columns of a template that happens to use them.
    stray = Form((page("c.png", field("surname", "X"), template=None),))
    (row,) = csv.DictReader(io.StringIO(written(tmp_path, wide(), stray).decode(), newline=""))
    assert row["surname"] == ""


def test_pages_of_several_files_are_named(tmp_path: Path) -> None:
    loose = Form((page("in/1.png"), page("in/2.png")), "order")
    (row,) = csv.DictReader(io.StringIO(written(tmp_path, wide(), loose).decode(), newline=""))
    assert (row["file"], row["pages"]) == ("in/1.png", "1;in/2.png:1")


@pytest.mark.parametrize("format_", [Format.JSON, Format.JSONL])
def test_json_has_one_record_a_form(tmp_path: Path, format_: Format) -> None:
    data = written(tmp_path, wide(format_=format_), FORM, FAILED)
    records = json.loads(data) if format_ is Format.JSON else [json.loads(line) for line in data.splitlines()]
    first, second = records
    assert first["values"] == {"surname": "O'NEIL", "total": "007"}
    assert [(found["name"], found["page"]) for found in first["fields"]] == [("surname", 0), ("total", 1)]
    assert [found["template_page"] for found in first["pages"]] == [1, 2]
    assert (first["status"], first["complete"], second["status"]) == ("ok", True, "failed")
    assert second["pages"][0]["error"]["error"] == "password"


def test_what_contradicts_a_wide_table_is_refused() -> None:
    with pytest.raises(UsageError, match="--level glyph and --shape wide"):
        replace(wide(), level=Level.GLYPH)
    with pytest.raises(UsageError, match="--with"):
        OutputOptions(Format.CSV, extras=(Extra.STATUS,))
    with pytest.raises(UsageError, match="--with"):
        wide(Extra.STATUS, format_=Format.JSON)
    with pytest.raises(UsageError, match="scan with --template"):
        OutputOptions(Format.CSV, shape=Shape.WIDE)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\0"])
@pytest.mark.parametrize("excel", [True, False])
def test_nothing_in_a_wide_table_for_excel_is_a_formula(tmp_path: Path, start: str, excel: bool) -> None:
    value = f"{start}1+1"
    form = Form((page(f"{start}a.pdf", field("surname", value)),), "order")
    text = written(tmp_path, replace(wide(), excel=excel), form).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["surname"] == ("'" + value if excel else value)
    assert row["file"].startswith("'") == (excel and row["file"].lstrip("'")[0] == start)
