from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from hcr_scan.assembly.pages import assemble_page
from hcr_scan.document import PageFailure, PageResult, Source
from hcr_scan.errors import JournalError, OutputError, UsageError
from hcr_scan.rendering import write_pages
from hcr_scan.settings import Settings
from hcr_scan.sinks.formats import Format, format_of
from hcr_scan.sinks.records import Provenance, record_of
from hcr_scan.sinks.sink import OutputOptions, Shape, open_sink
from hcr_scan.sinks.tabular import Level
from tests.fakes import INFO, EchoClassifier, segmented_page

PROVENANCE = Provenance("0.1.0", "0" * 64, "1" * 64)
FAILURE = PageFailure(Source("in/b.pdf", 2, 3, "b" * 64), "open", "password", "is encrypted")
JSONL = OutputOptions(Format.JSONL)


def page() -> PageResult:
    segmented = segmented_page("in/a.png", fields=["S M", "~"], lines=["NO 7"], doubt=[185, 0, 0, 0, 0, 0])
    return assemble_page(segmented, EchoClassifier().predict(segmented.crops), INFO, Settings())


def write(target: Path, options: OutputOptions, pages: Iterable[PageResult], end: BaseException | None = None) -> None:
    with open_sink(str(target), options, PROVENANCE) as sink:
        for result in pages:
            sink.write(result)
        if end is not None:
            raise end


def test_a_record_has_the_keys_of_the_schema_in_its_order() -> None:
    record = record_of(page(), PROVENANCE)
    assert list(record) == [
        "schema", "source", "page", "template", "status", "reasons", "error", "fields", "lines", "provenance",
    ]  # fmt: skip
    assert record["source"] == {"path": "in/a.png", "page": 1, "pages": 1, "sha256": "a" * 64}
    assert record["page"] == {"width": 600, "height": 800, "dpi": 200, "rotation": 0, "skew": 0.0}
    assert (record["status"], record["error"], record["template"]) == ("review", None, None)
    field = record["fields"][0]
    assert list(field) == [
        "name", "kind", "value", "raw", "confidence", "status", "reasons", "box", "alternatives", "glyphs",
    ]  # fmt: skip
    assert (field["value"], field["reasons"]) == ("S M", ["low_confidence"])
    assert list(field["glyphs"][0]) == ["cell", "text", "confidence", "status", "reasons", "box", "alternatives"]
    assert [glyph["status"] for glyph in field["glyphs"]] == ["review", "blank", "ok"]
    assert list(record["lines"][0]) == ["text", "confidence", "status", "reasons", "box", "words"]
    assert [word["text"] for word in record["lines"][0]["words"]] == ["NO", "7"]
    assert record["provenance"] == {
        "hcr_scan": "0.1.0", "model": "sha256:" + "0" * 64, "settings": "sha256:" + "1" * 64,
    }  # fmt: skip


def test_a_failed_page_is_a_record_with_its_reason() -> None:
    record = record_of(FAILURE, PROVENANCE)
    assert record["source"]["page"] == 2
    assert (record["status"], record["page"], record["fields"], record["lines"]) == ("failed", None, [], [])
    assert record["error"] == {"stage": "open", "error": "password", "message": "is encrypted"}


def test_csv_as_documented(tmp_path: Path) -> None:
    target = tmp_path / "r.csv"
    with open_sink(str(target), OutputOptions(Format.CSV), PROVENANCE) as sink:
        sink.write(page())
        sink.write(FAILURE)
    lines = target.read_bytes().decode().split("\r\n")
    assert lines[0] == (
        "file,page,template,kind,name,value,confidence,status,reasons,raw,alternatives,min_glyph_confidence,"
        "left,top,right,bottom,error"
    )
    assert lines[1].startswith("in/a.png,1,,cells,field_001,S M,0.")
    assert ',review,low_confidence,S M,"{""U M"":0.' in lines[1]
    assert lines[2].startswith("in/a.png,1,,cells,field_002,,")
    assert ",rejected,not_a_character,," in lines[2]
    assert lines[3].startswith("in/a.png,1,,line,line_001,NO 7,")
    assert lines[4] == "in/b.pdf,2,,page,,,,failed,,,,,,,,,open: password: is encrypted"
    assert lines[5:] == [""]


def test_glyph_rows_name_their_place(tmp_path: Path) -> None:
    target = tmp_path / "r.csv"
    with open_sink(str(target), OutputOptions(Format.CSV, Level.GLYPH), PROVENANCE) as sink:
        sink.write(page())
    lines = target.read_text().splitlines()
    assert lines[2].startswith("in/a.png,1,,cells,field_001,,1,,1.0,blank,,,30,10,50,40")
    assert lines[-1].startswith("in/a.png,1,,line,line_001,2,,7,")


def test_the_suffix_says_the_format_unless_an_option_does() -> None:
    assert format_of("a/b.CSV", None) is Format.CSV
    assert format_of("b.json", "jsonl") is Format.JSONL
    assert format_of("-", "csv") is Format.CSV
    for target in ("-", "results", "results.odt"):
        with pytest.raises(UsageError, match="--format"):
            format_of(target, None)


@pytest.mark.parametrize(("target", "advice"), [("r.XLSX", "add --excel"), ("entries.db", "sqlite:///entries.db")])
def test_who_wants_excel_or_a_database_is_told_how(target: str, advice: str) -> None:
    with pytest.raises(UsageError, match=advice):
        format_of(target, None)


def test_options_of_csv_are_refused_elsewhere() -> None:
    with pytest.raises(UsageError, match="--excel"):
        OutputOptions(Format.JSON, excel=True)
    with pytest.raises(UsageError, match="--level"):
        OutputOptions(Format.JSONL, Level.GLYPH)


def test_an_empty_run_is_valid_output(tmp_path: Path) -> None:
    for format_, content in ((Format.JSON, "[\n]\n"), (Format.JSONL, "")):
        target = tmp_path / "out"
        with open_sink(str(target), OutputOptions(format_), PROVENANCE):
            pass
        assert target.read_text() == content


@pytest.mark.parametrize("mode", [0o640, 0o664, 0o666])
def test_an_existing_file_is_replaced_only_at_the_end(tmp_path: Path, mode: int) -> None:
    target = tmp_path / "r.jsonl"
    target.write_text("old")
    target.chmod(mode)
    with open_sink(str(target), JSONL, PROVENANCE) as sink:
        sink.write(page())
        assert target.read_text() == "old"
    assert json.loads(target.read_text())["source"]["path"] == "in/a.png"
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]
    assert stat.S_IMODE(target.stat().st_mode) == mode


def test_a_run_that_fails_before_its_first_page_leaves_everything_alone(tmp_path: Path) -> None:
    target = tmp_path / "r.jsonl"
    target.write_text("old")
    with pytest.raises(RuntimeError), open_sink(str(target), JSONL, PROVENANCE):
        raise RuntimeError
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_run_leaves_valid_output_up_to_the_last_page(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "r.json"
    with pytest.raises(error):
        write(target, OutputOptions(Format.JSON), [page(), FAILURE], end=error())
    assert [record["status"] for record in json.loads(target.read_text())] == ["review", "failed"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, JournalError])
@pytest.mark.parametrize("shape", list(Shape))
def test_what_is_to_be_whole_is_not_written_in_part(tmp_path: Path, error: type[BaseException], shape: Shape) -> None:
    def pages() -> Iterator[PageResult]:
        yield from [page(), FAILURE, page()]
        raise error

    target, options = tmp_path / "r.jsonl", OutputOptions(Format.JSONL, shape=shape)
    target.write_text("old")
    with pytest.raises(error):
        write_pages(pages(), str(target), options, PROVENANCE, {}, Settings(), whole=True)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "r.jsonl"
    link.symlink_to(tmp_path / "real" / "r.jsonl")
    with open_sink(str(link), JSONL, PROVENANCE) as sink:
        sink.write(FAILURE)
    assert link.is_symlink()
    assert json.loads((tmp_path / "real" / "r.jsonl").read_text())["status"] == "failed"


@pytest.mark.parametrize(("name", "message"), [("missing/r.csv", "folder does not exist"), (".", "is a folder")])
def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(OutputError, match=message), open_sink(str(tmp_path / name), JSONL, PROVENANCE):
        pytest.fail("the run must not begin")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a device that is always full")
def test_a_full_disk_is_an_output_error() -> None:
    with pytest.raises(OutputError, match="No space left"):
        write(Path("/dev/full"), JSONL, [page()] * 100)
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


WRITES_TO_STDOUT = """
import os
from hcr_scan.document import PageFailure, Source
from hcr_scan.sinks.records import Provenance
from hcr_scan.sinks.formats import Format
from hcr_scan.sinks.sink import OutputOptions, open_sink

with open_sink("-", OutputOptions(Format.JSONL), Provenance("0", "0", "0")) as sink:
    sink.write(PageFailure(Source("a.png"), "open", "damaged", "?"))
    os.write(1, b"a native library says hello")
print("after")
"""


def test_standard_output_gets_the_data_and_nothing_a_library_prints() -> None:
    done = subprocess.run([sys.executable, "-c", WRITES_TO_STDOUT], capture_output=True, check=True)
    data, after, rest = done.stdout.split(b"\n")
    assert (json.loads(data)["status"], after, rest) == ("failed", b"after", b"")
    assert done.stderr == b"a native library says hello"
