"""Exchange formats on the command line: files and folders, journals beside them, and what is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hcr_scan.cli import run
from hcr_scan.errors import ExitCode
from tests.exchange import ALTO, tree
from tests.runs import digit_pages, leftovers, scan

FORMATS = {
    "searchable": "pdf", "pages": "alto", "pages/": "page", "r.hocr": None, "r.tsv": None, "r.parquet": None,
    "r.label-studio.json": None,
}  # fmt: skip


NEEDED = {"r.parquet": "pyarrow", "searchable": "pypdf"}


def contents(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        return {file.name: file.read_bytes() for file in path.iterdir()}
    return {"": path.read_bytes()}


@pytest.mark.parametrize("target", FORMATS)
def test_a_scan_writes_what_an_export_of_its_journal_does(tmp_path: Path, target: str) -> None:
    if target in NEEDED:
        pytest.importorskip(NEEDED[target])
    digit_pages(tmp_path / "in", 3)
    (tmp_path / "in" / "broken.png").write_bytes(b"not an image")
    format_ = ["--format", FORMATS[target]] if FORMATS[target] else []
    assert scan(tmp_path / "in", "--out", f"{tmp_path}/{target}", *format_) == ExitCode.SOME_PAGES_FAILED
    scanned = tmp_path / target
    assert (tmp_path / f"{scanned.name}.journal").exists()
    assert leftovers(tmp_path) == []
    again = tmp_path / f"again-{target}"
    form = ["--format", FORMATS[target]] if FORMATS[target] else []
    slash = "/" if target.endswith("/") else ""
    assert run(["export", str(scanned), "-o", f"{again}{slash}", *form]) == ExitCode.OK
    assert contents(again) == contents(scanned)
    # What cannot be opened has no PDF.
    assert len(contents(scanned)) == (1 if scanned.is_file() else 3 if format_ == ["--format", "pdf"] else 4)


def test_a_folder_of_pages_is_gone_on_with_as_a_file_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = digit_pages(tmp_path / "in", 2), tmp_path / "alto"
    out.mkdir()
    assert scan(folder, "--out", out, "--format", "alto") == ExitCode.OK
    assert scan(folder, "--out", out, "--format", "alto") == ExitCode.JOURNAL
    before = contents(out)
    next(out.iterdir()).unlink()
    assert scan(folder, "--out", out, "--format", "alto", "--resume") == ExitCode.OK
    assert contents(out) == before
    for data in contents(out).values():
        assert tree(data).find(f".//{ALTO}String").get("WC")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    assert scan(folder, "--out", tmp_path / "full", "--format", "alto") == ExitCode.OUTPUT
    assert "--overwrite" in capsys.readouterr().err
    assert scan(folder, "--out", tmp_path / "full", "--format", "alto", "--overwrite") == ExitCode.OK
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


def test_several_pages_do_not_go_into_one_file_of_alto(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = digit_pages(tmp_path / "in", 2)
    assert scan(folder, "--out", tmp_path / "one.alto.xml") == ExitCode.OUTPUT
    assert "name a folder: --out alto/" in capsys.readouterr().err
    assert not (tmp_path / "one.alto.xml").exists()
    assert scan(folder / "0000.png", "--out", tmp_path / "page.alto.xml") == ExitCode.OK
    assert tree((tmp_path / "page.alto.xml").read_bytes()).tag == f"{ALTO}alto"


def test_a_folder_is_refused_for_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = digit_pages(tmp_path / "in", 1)
    for out in (tmp_path, f"{tmp_path}/results/"):
        assert scan(folder, "--out", out, "--format", "csv") == ExitCode.OUTPUT
        assert f"--out {out} is a folder; name a file in it, such as results.csv" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_retry_writes_the_folder_anew(tmp_path: Path) -> None:
    folder, out = digit_pages(tmp_path / "in", 1), tmp_path / "out"
    broken = folder / "broken.png"
    broken.write_bytes(b"not an image")
    assert scan(folder, "--out", f"{out}/", "--format", "page") == ExitCode.SOME_PAGES_FAILED
    digit_pages(tmp_path / "more", 1)
    (tmp_path / "more" / "0000.png").replace(broken)
    assert run(["retry", str(out), "--jobs", "1", "--quiet"]) == ExitCode.OK
    assert len(contents(out)) == 2
    assert not any(b'name="error"' in data for data in contents(out).values())


def test_the_prefix_of_images_is_the_users(tmp_path: Path) -> None:
    folder, out = digit_pages(tmp_path / "in", 1), tmp_path / "r.csv"
    assert scan(folder, "--out", out) == ExitCode.OK
    tasks = tmp_path / "t.label-studio.json"
    assert run(["export", str(out), "-o", str(tasks), "--image-prefix", "https://x/"]) == ExitCode.OK
    (task,) = json.loads(tasks.read_text())
    assert task["data"]["image"].startswith("https://x//")
    assert run(["export", str(out), "-o", "-", "--format", "alto", "--image-prefix", "x"]) == ExitCode.USAGE


def test_scans_that_are_not_what_they_were_have_no_pdf(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pypdf")
    folder, out = digit_pages(tmp_path / "in", 2), tmp_path / "r.csv"
    assert scan(folder, "--out", out) == ExitCode.OK
    with (folder / "0000.png").open("ab") as file:
        file.write(b"more")
    export = ["export", str(out), "-o", f"{tmp_path}/pdf/", "--format", "pdf"]
    assert run(export) == ExitCode.OUTPUT
    assert "0000.png changed since it was scanned" in capsys.readouterr().err
    assert [path.name[:8] for path in (tmp_path / "pdf").iterdir()] == ["0001.png"]


def test_pdfs_are_not_written_where_they_would_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pypdf")
    folder = digit_pages(tmp_path / "in", 1)
    assert scan(folder, "--out", f"{folder}/pdf/", "--format", "pdf") == ExitCode.USAGE
    assert "would be read" in capsys.readouterr().err


def test_watch_fills_a_folder_a_day(tmp_path: Path) -> None:
    inbox, out = digit_pages(tmp_path / "in", 2), tmp_path / "out"
    out.mkdir()
    arguments = ["watch", str(inbox), "--out", str(out), "--once", "--settle", "0", "--layout", "glyph", "--quiet"]
    assert run([*arguments, "--format", "alto", "--jobs", "1"]) == ExitCode.OK
    (day,) = [path for path in out.iterdir() if path.is_dir()]
    assert day.name.endswith("-alto")
    assert len(list(day.iterdir())) == 2


MANY_PAGES = """
import resource, sys
from dataclasses import replace
import hcr_scan.sinks.parquet
from hcr_scan.sinks.formats import Format
from hcr_scan.sinks.sink import OutputOptions, open_sink
from tests.exchange import PROVENANCE, sample

page = sample()
page = replace(page, lines=page.lines * 4)
hcr_scan.sinks.parquet.GROUP_ROWS = 2000
with open_sink(sys.argv[1], OutputOptions(Format.PARQUET), PROVENANCE) as sink:
    for _ in range(int(sys.argv[2])):
        sink.write(page)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_of_parquet_does_not_grow_with_the_pages(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    peaks = []
    for pages in (500, 3000):
        target = tmp_path / f"{pages}.parquet"
        command = [sys.executable, "-c", MANY_PAGES, str(target), str(pages)]
        done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
        assert parquet.read_metadata(target).num_rows == 8 * pages
    assert parquet.read_metadata(target).num_row_groups > 4
    # Kibibytes, or bytes on macOS; six times as many pages take no more.
    assert peaks[1] < 1.15 * peaks[0]
