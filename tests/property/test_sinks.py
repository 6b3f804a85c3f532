"""Whatever a page says, every format says the same, and can be read back."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from hcr_scan.document import Page, PageFailure, PageResult
from hcr_scan.sinks.formats import ONE_PAGE_FORMATS, SUFFIXES, Format
from hcr_scan.sinks.records import Provenance, displayable, record_of, schema
from hcr_scan.sinks.sink import OutputOptions, open_sink
from hcr_scan.sinks.tabular import FIELD_COLUMNS, FORMULA_STARTS, GLYPH_COLUMNS, Level
from tests.documents import results

PROVENANCE = Provenance("0.1.0", "0" * 64, "1" * 64)
VALIDATOR = jsonschema.Draft202012Validator(schema())

result_lists = st.lists(results, max_size=3)

#: Files are synced to disk, which takes its time.
few_files = settings(max_examples=30)


def written(pages: list[PageResult], options: OutputOptions) -> bytes:
    with TemporaryDirectory() as folder:
        target = Path(folder) / "out"
        with open_sink(str(target), options, PROVENANCE) as sink:
            for page in pages:
                sink.write(page)
        assert [path.name for path in Path(folder).iterdir()] == ["out"]
        return target.read_bytes()


def rows(data: bytes, encoding: str = "utf-8") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(encoding), newline=""), strict=True))


@given(results)
def test_records_are_as_the_schema_says(result: PageResult) -> None:
    VALIDATOR.validate(record_of(result, PROVENANCE))


@few_files
@given(result_lists)
def test_json_and_jsonl_read_back_as_what_was_written(pages: list[PageResult]) -> None:
    records = [record_of(page, PROVENANCE) for page in pages]
    assert json.loads(written(pages, OutputOptions(Format.JSON))) == records
    lines = written(pages, OutputOptions(Format.JSONL)).decode("utf-8").split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == records


@given(results)
def test_a_path_is_given_exactly(result: PageResult) -> None:
    source = json.loads(written([result], OutputOptions(Format.JSONL)))["source"]
    exact = os.fsdecode(base64.b64decode(source["path_b64"])) if "path_b64" in source else source["path"]
    assert exact == result.source.path
    source["path"].encode("utf-8")


@few_files
@given(result_lists)
def test_csv_has_a_row_a_field_and_a_row_a_line_and_keeps_any_text(pages: list[PageResult]) -> None:
    head, *body = rows(written(pages, OutputOptions(Format.CSV)))
    assert head == list(FIELD_COLUMNS)
    expected = []
    for page in pages:
        parts = (
            [] if isinstance(page, PageFailure) else [*(f.value for f in page.fields), *(x.text for x in page.lines)]
        )
        expected += parts or [""]
    assert [row[FIELD_COLUMNS.index("value")] for row in body] == [displayable(value) for value in expected]
    assert all(len(row) == len(FIELD_COLUMNS) for row in body)


@few_files
@given(result_lists)
def test_csv_has_a_row_a_glyph(pages: list[PageResult]) -> None:
    head, *body = rows(written(pages, OutputOptions(Format.CSV, Level.GLYPH)))
    assert head == list(GLYPH_COLUMNS)
    expected = []
    for page in pages:
        parts = [*page.fields, *page.lines] if isinstance(page, Page) else []
        expected += [glyph.text for part in parts for glyph in part.glyphs] or [""]
    assert [row[GLYPH_COLUMNS.index("text")] for row in body] == [displayable(text) for text in expected]


@few_files
@given(result_lists)
def test_no_cell_is_a_formula_to_excel(pages: list[PageResult]) -> None:
    data = written(pages, OutputOptions(Format.CSV, excel=True))
    assert data.startswith(b"\xef\xbb\xbf")
    cells = [cell for row in rows(data, "utf-8-sig") for cell in row]
    assert not any(cell.startswith(FORMULA_STARTS) for cell in cells)


@few_files
@given(result_lists, st.sampled_from([format_ for format_ in SUFFIXES if format_ not in ONE_PAGE_FORMATS]))
def test_the_same_pages_give_the_same_bytes(pages: list[PageResult], format_: Format) -> None:
    assert written(pages, OutputOptions(format_)) == written(pages, OutputOptions(format_))
