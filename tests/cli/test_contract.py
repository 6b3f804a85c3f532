"""What scripts may rely on: exit codes, and data alone on standard output."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from hcr_scan import __version__
from hcr_scan.cli import COMMANDS, run
from hcr_scan.errors import ExitCode
from tests.pages import draw_comb_page
from tests.runs import draw_digit_page, draw_digits_file

PROGRAM = [sys.executable, "-m", "hcr_scan"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    draw_comb_page(folder / "a.png", ["7294", "2024"])
    return folder


def scan(*arguments: object) -> int:
    return run([*map(str, arguments), "--jobs", "1"])


def test_all_pages_read_is_0(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "r.csv"
    assert scan(folder, "--out", target) == ExitCode.OK
    rows = list(csv.DictReader(target.open(newline="")))
    assert [row["value"] for row in rows] == ["7294", "2024"]
    assert {row["status"] for row in rows} <= {"ok", "review"}


def test_some_pages_failed_is_1_and_the_output_is_complete(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "b.png").write_bytes(b"not an image")
    draw_comb_page(folder / "c.png", ["123"])
    target = tmp_path / "r.jsonl"
    assert scan(folder, "--out", target) == ExitCode.SOME_PAGES_FAILED
    records = [json.loads(line) for line in target.read_text().splitlines()]
    assert [Path(record["source"]["path"]).name for record in records] == ["a.png", "b.png", "c.png"]
    assert [record["error"] is None for record in records] == [True, False, True]
    assert "b.png" not in records[1]["error"]["message"]
    out, err = capsys.readouterr()
    assert out == ""
    (told,) = (line for line in err.splitlines() if "b.png" in line)
    assert told.endswith(f"{folder / 'b.png'} is neither an image nor a PDF; leave it out")
    assert told.count("b.png") == 1
    assert "1 page FAILED" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--out", "r.xlsx"],
        ["--out", "-"],
        [],
        ["--out", "r.csv", "--no-such-option"],
        ["--out", "r.csv", "--charset", ""],
        ["--out", "r.csv", "--charset", "ÄÖ"],
        ["--out", "r.csv", "--dpi", "1"],
        ["--out", "r.csv", "--pages", "3-1x"],
        ["--out", "r.csv", "--batch-size", "0"],
        ["--out", "r.csv", "--jobs", "0"],
        ["--out", "r.csv", "--review-below", "2"],
        ["--out", "r.csv", "--password-file", "/nowhere"],
        ["--out", "r.json", "--excel"],
        ["--out", "r.jsonl", "--level", "glyph"],
    ],
)
def test_options_that_cannot_be_meant_are_2(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run([str(folder), *arguments]) == ExitCode.USAGE
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_no_arguments_show_the_help_and_are_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "--out" in err


def test_nothing_to_read_is_3(tmp_path: Path) -> None:
    target = tmp_path / "r.csv"
    target.write_text("old")
    (tmp_path / "empty").mkdir()
    assert scan(tmp_path / "empty", "--out", target, "--overwrite") == ExitCode.INPUT
    assert scan(tmp_path / "missing.png", "--out", target, "--overwrite") == ExitCode.INPUT
    assert target.read_text() == "old"


def test_a_missing_model_is_4(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scan(folder, "--out", tmp_path / "r.csv", "--model", tmp_path / "nowhere") == ExitCode.MODEL
    assert "--model" in capsys.readouterr().err


def test_default_names_the_shipped_model(folder: Path, tmp_path: Path) -> None:
    named, unnamed = tmp_path / "named.csv", tmp_path / "unnamed.csv"
    assert scan(folder, "--out", named, "--model", "default") == scan(folder, "--out", unnamed) == ExitCode.OK
    assert named.read_bytes() == unnamed.read_bytes()


def test_output_that_cannot_be_written_is_5(folder: Path, tmp_path: Path) -> None:
    assert scan(folder, "--out", tmp_path / "missing" / "r.csv") == ExitCode.OUTPUT
    assert scan(folder, "--out", folder, "--format", "csv") == ExitCode.OUTPUT


def test_something_to_install_is_7(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert scan(folder, "--out", tmp_path / "r.csv", "--pdf-renderer", "poppler") == ExitCode.MISSING_DEPENDENCY
    assert "install" in capsys.readouterr().err


def test_a_bug_is_70_with_a_traceback(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("hcr_scan.run_report.RunReport.add", broken)
    assert scan(folder, "--out", tmp_path / "r.csv") == ExitCode.BUG
    err = capsys.readouterr().err
    assert "ZeroDivisionError: oh" in err
    assert "report it" in err
    assert scan(folder, "--out", tmp_path / "r.csv", "--overwrite", "--log-format", "json") == ExitCode.BUG
    told = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert told["traceback"].endswith("ZeroDivisionError: oh")
    assert told["exit_code"] == ExitCode.BUG


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere", "--out", "r.csv", "--log-format", "json"], ExitCode.INPUT, "nowhere does not exist"),
        (["in", "--log-format=json"], ExitCode.USAGE, "Missing option '-o'"),
        (["in", "--out", "r.csv", "--no-such-option", "--log-format=json"], ExitCode.USAGE, "--no-such-option"),
        (["watch", "nowhere", "--out", "r", "--log-format", "json"], ExitCode.INPUT, "nowhere"),
    ],
)
def test_errors_are_json_where_messages_are(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: ExitCode,
    message: str,
) -> None:
    monkeypatch.chdir(folder.parent)
    assert run(arguments) == code
    (told,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert (told["level"], told["event"], told["exit_code"]) == ("error", "end", code)
    assert message in told["message"]


def test_interrupted_is_130_and_the_output_is_valid(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(60):
        draw_comb_page(folder / f"{number:02}.png", ["7294"] * 8)
    target = tmp_path / "r.json"
    command = [*PROGRAM, str(folder), "--out", str(target), "--jobs", "2", "-v"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr is not None
        while "page 1" not in process.stderr.readline():
            assert process.poll() is None
        # As a terminal does it: every process of the group gets the signal.
        os.killpg(process.pid, signal.SIGINT)
        started = time.monotonic()
        _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert "interrupted" in err
    assert process.returncode == ExitCode.INTERRUPTED
    assert time.monotonic() - started < 20
    assert 1 <= len(json.loads(target.read_text())) < 60
    beside = ["in", "r.json", "r.json.journal", "r.json.run-manifest.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == beside


def test_standard_output_holds_data_only(folder: Path) -> None:
    (folder / "b.png").write_bytes(b"not an image")
    done = subprocess.run(
        [*PROGRAM, str(folder), "--out", "-", "--format", "csv", "-v"], capture_output=True, text=True, check=False
    )
    assert done.returncode == ExitCode.SOME_PAGES_FAILED
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["value"] for row in rows] == ["7294", "2024", ""]
    assert "pages read" in done.stderr or "page read" in done.stderr


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(6):
        draw_comb_page(folder / f"{number}.png", ["7294"])
    with subprocess.Popen(
        [*PROGRAM, str(folder), "--out", "-", "--format", "jsonl", "-j1", "-q"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        json.loads(process.stdout.readline())
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == ExitCode.OK
    assert err == b""


def test_quiet_says_nothing(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "b.png").write_bytes(b"not an image")
    assert scan(folder, "--out", tmp_path / "r.csv", "--quiet") == ExitCode.SOME_PAGES_FAILED
    assert capfd.readouterr() == ("", "")


def test_names_may_come_from_standard_input(folder: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "-", "--out", "-", "--format", "jsonl", "-j1"],
        input=f"{folder / 'a.png'}\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == ExitCode.OK
    assert json.loads(done.stdout)["fields"][0]["value"] == "7294"


def test_scan_may_be_said_or_left_out(folder: Path, tmp_path: Path) -> None:
    assert scan("scan", folder, "--out", tmp_path / "said.csv") == ExitCode.OK
    assert scan("--out", tmp_path / "unsaid.csv", folder) == ExitCode.OK
    assert (tmp_path / "said.csv").read_bytes() == (tmp_path / "unsaid.csv").read_bytes()


def test_file_names_that_are_no_text_are_read_and_given_exactly(tmp_path: Path) -> None:
    source = draw_comb_page(tmp_path / "a.png", ["15"])
    odd = tmp_path / b"\xff\xfe.png".decode("utf-8", "surrogateescape")
    try:
        source.rename(odd)
    except OSError:
        pytest.skip("this file system takes text alone")
    target = tmp_path / "r.jsonl"
    assert scan(odd, "--out", target) == ExitCode.OK
    record = json.loads(target.read_text())
    assert record["source"]["path"].endswith("\\xff\\xfe.png")
    assert "path_b64" in record["source"]


def test_the_same_bytes_for_any_number_of_jobs_and_any_batch_size(folder: Path, tmp_path: Path) -> None:
    draw_comb_page(folder / "b.tif", ["60 83", "0123456789"])
    outputs = []
    for jobs, batch_size in ((1, 1), (2, 512), (2, 7)):
        target = tmp_path / f"{jobs}-{batch_size}.jsonl"
        assert run([str(folder), "--out", str(target), "-j", str(jobs), "--batch-size", str(batch_size)]) == 0
        outputs.append(target.read_bytes())
    assert outputs[0] == outputs[1] == outputs[2]


def test_inspect_draws_the_page(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "overlay.png"
    assert run(["inspect", str(folder / "a.png"), "-o", str(target)]) == ExitCode.OK
    with Image.open(folder / "a.png") as page, Image.open(target) as overlay:
        assert (overlay.size, overlay.mode, overlay.format) == (page.size, "RGB", "PNG")
        colors = {color for _, color in overlay.getcolors(1 << 24)}
    assert any(len(set(color)) == 3 for color in colors)
    out, err = capfd.readouterr()
    assert out == ""
    assert "8 glyphs" in err
    assert "read in 0.0 s" not in err
    assert run(["inspect", str(folder / "a.png"), "-o", str(target), "--quiet"]) == ExitCode.OK
    assert capfd.readouterr() == ("", "")
    assert run(["inspect", str(folder / "a.png"), "-o", str(target), "--page", "2"]) == ExitCode.INPUT
    assert run(["inspect", str(folder / "none.png"), "-o", str(target)]) == ExitCode.INPUT


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == ExitCode.OK
    assert capsys.readouterr().out.split()[-1] == __version__


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_listed_and_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == ExitCode.OK
    assert "Usage:" in capsys.readouterr().out
    assert run(["--help"]) == ExitCode.OK
    out = capsys.readouterr().out
    assert f"\n  {command} " in out
    assert "Exit codes:" in out


def modules_after(*arguments: str) -> set[str]:
    """The top-level packages that a command line imports."""
    code = (
        "import sys\nfrom hcr_scan.cli import run\n"
        f"code = run({list(arguments)!r})\n"
        "print(code, *{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    code_and_modules = done.stderr.splitlines()[-1].split()
    assert code_and_modules[0] == "0"
    return set(code_and_modules[1:])


def test_help_imports_no_array_library_and_no_runtime() -> None:
    heavy = {"numpy", "cv2", "PIL", "onnxruntime", "tensorflow", "keras", "pypdfium2", "rich", "multiprocessing"}
    assert not heavy & modules_after("--help")
    assert not heavy & modules_after("scan", "--help")


def test_a_scan_never_imports_a_training_library(folder: Path, tmp_path: Path) -> None:
    imported = modules_after(str(folder), "--out", str(tmp_path / "r.csv"), "-j1")
    assert "onnxruntime" in imported
    assert not {"tensorflow", "keras", "torch", "jax", "pandas", "sklearn", "onnx", "hcr_scan_training"} & imported


def test_a_scan_decodes_nothing_in_its_own_process(folder: Path, tmp_path: Path) -> None:
    Image.new("L", (600, 800), 255).save(folder / "b.pdf")
    for jobs in "12":
        imported = modules_after(str(folder), "--out", str(tmp_path / f"{jobs}.csv"), "-j", jobs)
        assert "numpy" in imported
        assert not {"cv2", "PIL", "pypdfium2", "pdf2image", "multiprocessing"} & imported


def test_nothing_slow_is_loaded_before_the_first_worker_starts() -> None:
    code = "import sys, hcr_scan.cli.scanning; print(*({'numpy', 'cv2', 'PIL', 'onnxruntime'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []


def test_pages_that_no_document_has_are_nothing_to_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_digit_page(tmp_path / "one.png", "3")
    options = ["--out", str(tmp_path / "r.csv"), "--jobs", "1", "--quiet", "--pages", "5"]
    for more in ([], ["--resume"]):
        assert run([str(tmp_path / "one.png"), *options, *more]) == ExitCode.INPUT
        assert "no document has one of the pages 5" in capsys.readouterr().err
    assert json.loads((tmp_path / "r.csv.run-manifest.json").read_text())["exit_code"] == ExitCode.INPUT
    draw_digits_file(tmp_path / "five.tif", 5)
    assert run([str(tmp_path), *options, "--overwrite"]) == ExitCode.OK
    assert run([str(tmp_path / "one.png"), *options, "--shard", "1/1", "--overwrite"]) == ExitCode.OK
