"""A run goes on where it ended, from its journal, and refuses what is not its own."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hcr_scan.cli import run
from hcr_scan.errors import ExitCode
from hcr_scan.journal.journal import Journal
from tests.bundles import random_network, write_bundle
from tests.runs import READING, command, damage, digest, digit_pages, draw_digit_page, draw_digits_file, scan


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return digit_pages(tmp_path_factory.mktemp("drawn") / "in", 12)


@pytest.fixture
def folder(drawn: Path, tmp_path: Path) -> Path:
    """Twelve pages, of which the sixth is damaged."""
    folder = tmp_path / "in"
    folder.mkdir()
    for page in drawn.iterdir():
        os.link(page, folder / page.name)
    (folder / "0005.png").unlink()
    (folder / "0005.png").write_bytes(b"not an image")
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "r.jsonl"


def records(target: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in target.read_text().splitlines()]


def names(target: Path) -> list[str]:
    return [Path(record["source"]["path"]).name for record in records(target)]  # type: ignore[index]


def test_a_run_that_stopped_goes_on_to_the_same_bytes(folder: Path, target: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.jsonl"
    assert scan(folder, "--out", whole) == ExitCode.SOME_PAGES_FAILED
    assert scan(folder, "--out", target, "--on-failure", "stop") == ExitCode.STOPPED
    assert names(target) == [f"{number:04}.png" for number in range(6)]
    assert scan(folder, "--out", target, "--resume") == ExitCode.SOME_PAGES_FAILED
    assert digest(target) == digest(whole)


def test_pages_with_a_record_are_not_read_again(folder: Path, target: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scan(folder, "--out", target, "--on-failure", "stop")
    for page in sorted(folder.iterdir())[:6]:
        page.unlink()
    assert run([str(folder), "--out", str(target), "--resume", *READING, "-j1", "-v"]) == ExitCode.SOME_PAGES_FAILED
    assert names(target) == [f"{number:04}.png" for number in range(12)]
    err = capsys.readouterr().err
    assert "11 pages read" in err
    assert "(5 of them before)" in err  # and one that failed
    assert "0006.png, page 1" in err
    assert "0004.png, page 1" not in err


def test_a_finished_run_is_written_again_and_reads_nothing(folder: Path, target: Path) -> None:
    scan(folder, "--out", target)
    before = target.read_bytes()
    target.unlink()
    for page in folder.iterdir():
        page.unlink()
    assert scan(folder, "--out", target, "--resume") == ExitCode.SOME_PAGES_FAILED
    assert target.read_bytes() == before


def test_resume_may_always_be_said(folder: Path, target: Path) -> None:
    assert scan(folder, "--out", target, "--resume") == ExitCode.SOME_PAGES_FAILED
    assert len(records(target)) == 12


def test_without_a_word_nothing_is_replaced(folder: Path, target: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target.write_text("mine")
    assert scan(folder, "--out", target) == ExitCode.OUTPUT
    assert "--overwrite" in capsys.readouterr().err
    assert scan(folder, "--out", target, "--resume") == ExitCode.OUTPUT
    assert target.read_text() == "mine"
    assert scan(folder, "--out", target, "--overwrite") == ExitCode.SOME_PAGES_FAILED
    before = digest(target)
    assert scan(folder, "--out", target) == ExitCode.JOURNAL
    err = capsys.readouterr().err
    assert "--resume" in err
    assert "--overwrite" in err
    assert digest(target) == before


def test_overwrite_starts_anew(folder: Path, target: Path) -> None:
    scan(folder, "--out", target)
    (folder / "0005.png").unlink()
    assert scan(folder, "--out", target, "--overwrite") == ExitCode.OK
    assert len(records(target)) == 11


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"", b"SQLite format 3\0" + b"\1" * 5000])
def test_a_journal_that_is_none_is_said_to_be_and_may_be_overwritten(
    folder: Path, target: Path, content: bytes
) -> None:
    Path(f"{target}.journal").write_bytes(content)
    assert scan(folder, "--out", target, "--resume") == (ExitCode.JOURNAL if content else ExitCode.SOME_PAGES_FAILED)
    assert scan(folder, "--out", target, "--overwrite") == ExitCode.SOME_PAGES_FAILED


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--charset", "upper"], "--charset"),
        (["--dpi", "200"], "--dpi"),
        (["--pages", "1"], "--pages"),
        (["more"], "the inputs"),
        (["--model", "OTHER"], "the model"),
    ],
)
def test_a_journal_of_another_run_is_refused_and_what_differs_said(
    folder: Path, target: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: list[str], said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    if "OTHER" in change:
        change = ["--model", str(write_bundle(tmp_path / "other", random_network()))]
    (tmp_path / "more").mkdir()
    scan(folder, "--out", target)
    before, journal = digest(target), digest(Path(f"{target}.journal"))
    assert run([str(folder), "--out", str(target), "--resume", *READING, "-j1", *change]) == ExitCode.JOURNAL
    err = capsys.readouterr().err
    assert f"what differs: {said}" in err
    assert (digest(target), digest(Path(f"{target}.journal"))) == (before, journal)


def test_relative_inputs_are_seen_from_where_they_were(
    folder: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    scan("in", "--out", target)
    monkeypatch.chdir(folder)
    (folder / "in").symlink_to(folder)
    assert scan("in", "--out", target, "--resume") == ExitCode.JOURNAL
    assert "the folder they are seen from" in capsys.readouterr().err


def test_two_options_that_contradict_each_other_are_2(folder: Path, target: Path) -> None:
    assert scan(folder, "--out", target, "--resume", "--overwrite") == ExitCode.USAGE
    assert scan(folder, "--out", "-", "--format", "csv", "--resume") == ExitCode.USAGE
    assert scan(folder, "--out", target, "--on-failure", "stop", "--max-failures", "3") == ExitCode.USAGE
    for value in ("x", "-1", "101%", "5.5", "%", "٣"):
        assert scan(folder, "--out", target, "--max-failures", value) == ExitCode.USAGE


def test_a_document_that_changed_between_the_runs_is_not_mixed(target: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    draw_digits_file(folder / "a.tif", 6)
    draw_digit_page(folder / "b.png", "7")
    with Journal(f"{target}.journal"):
        pass
    assert scan(folder, "--out", target) == ExitCode.OK
    forget(target, {("a.tif", 4), ("a.tif", 5), ("a.tif", 6)})
    draw_digits_file(folder / "a.tif", 7)
    assert scan(folder, "--out", target, "--resume") == ExitCode.SOME_PAGES_FAILED
    codes = [record["error"] and record["error"]["error"] for record in records(target)]  # type: ignore[index]
    assert codes == [None] * 3 + ["changed"] * 3 + [None]
    # Reading again what failed reads the whole document, since it is another now, but no document that did not fail.
    draw_digit_page(folder / "b.png", "3")
    before = records(target)[-1]
    assert run(["retry", str(target), "-j1", "-q"]) == ExitCode.OK
    assert len(records(target)) == 8
    assert records(target)[-1] == before


def forget(target: Path, pages: set[tuple[str, int]]) -> None:
    """Make the journal that of a run that was killed before these pages were read."""
    import sqlite3

    connection = sqlite3.connect(f"{target}.journal")
    for name, page in pages:
        named = "SELECT id FROM documents WHERE CAST(path AS TEXT) LIKE ?"
        connection.execute(f"DELETE FROM records WHERE document IN ({named}) AND page = ?", (f"%{name}", page))
    assert connection.total_changes == len(pages)
    connection.commit()
    connection.close()


def test_files_that_came_while_the_listing_was_broken_off_shift_nothing(folder: Path, target: Path) -> None:
    scan(folder, "--out", target, "--on-failure", "stop", "--batch-size", "1")
    draw_digit_page(folder / "0000b.png", "3")
    assert scan(folder, "--out", target, "--resume") == ExitCode.SOME_PAGES_FAILED
    found = names(target)
    assert sorted(found) == sorted(path.name for path in folder.iterdir())
    assert found.index("0000b.png") > 5


def test_a_listing_that_ended_is_not_made_again(folder: Path, target: Path) -> None:
    scan(folder, "--out", target)
    before = digest(target)
    draw_digit_page(folder / "zz.png", "3")
    assert scan(folder, "--out", target, "--resume") == ExitCode.SOME_PAGES_FAILED
    assert digest(target) == before


def test_too_many_failures_stop_a_run_and_the_rest_is_read_later(folder: Path, target: Path) -> None:
    (folder / "0008.png").unlink()
    (folder / "0008.png").write_bytes(b"not an image either")
    assert scan(folder, "--out", target, "--max-failures", "1") == ExitCode.STOPPED
    assert names(target)[-1] == "0008.png"
    assert scan(folder, "--out", target, "--resume", "--max-failures", "1") == ExitCode.SOME_PAGES_FAILED
    assert len(records(target)) == 12


def test_another_format_may_be_asked_for_on_the_way(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "r.csv"
    scan(folder, "--out", target, "--on-failure", "stop")
    assert scan(folder, "--out", target, "--resume", "--level", "glyph") == ExitCode.SOME_PAGES_FAILED
    with target.open(newline="") as file:
        assert "cell" in next(csv.reader(file))


def test_two_runs_at_once_are_one_run(folder: Path, target: Path) -> None:
    with Journal(f"{target}.journal") as journal:
        journal.add_document("something")
        assert scan(folder, "--out", target, "--resume") == ExitCode.JOURNAL
        assert scan(folder, "--out", target, "--overwrite") == ExitCode.JOURNAL
        assert run(["export", str(target), "-o", f"{target}.csv"]) == ExitCode.JOURNAL
        assert run(["retry", str(target)]) == ExitCode.JOURNAL


@pytest.mark.slow
def test_of_two_runs_that_start_at_once_one_reads_and_one_refuses(tmp_path: Path) -> None:
    folder = digit_pages(tmp_path / "in", 30)
    for attempt in range(50):
        target = tmp_path / f"{attempt}.jsonl"
        runs = [subprocess.Popen(command(folder, "--out", target, jobs=1), stderr=subprocess.DEVNULL) for _ in "ab"]
        assert sorted(each.wait(timeout=120) for each in runs) == [ExitCode.OK, ExitCode.JOURNAL]
        assert len(records(target)) == 30


def test_an_account_of_the_run_is_beside_the_output(folder: Path, target: Path) -> None:
    (folder.parent / "password").write_text("Tiger")
    scan(folder, "--out", target, "--password-file", folder.parent / "password")
    text = Path(f"{target}.run-manifest.json").read_text()
    account = json.loads(text)
    assert "Tiger" not in text
    assert account["exit_code"] == ExitCode.SOME_PAGES_FAILED
    assert account["pages"]["total"] == 12
    assert account["pages"]["by_failure"] == {"not_an_image": 1}
    assert account["settings"]["layout"] == "glyph"
    assert account["inputs"] == [str(folder)]
    assert account["packages"].keys() >= {"numpy", "opencv-python-headless", "onnxruntime", "pillow", "pypdfium2"}
    assert all(account["packages"].values())
    assert account["started"] <= account["ended"]
    assert account["peak_memory_bytes"]["parent"] > 1e6


def test_a_run_that_finds_nothing_to_do_leaves_the_account_of_the_one_that_did_it(folder: Path, target: Path) -> None:
    account = Path(f"{target}.run-manifest.json")
    (folder / "0005.png").unlink()
    assert scan(folder, "--out", target) == ExitCode.OK
    before = account.read_bytes()
    assert scan(folder, "--out", target, "--resume") == run(["retry", str(target), "-q"]) == ExitCode.OK
    assert account.read_bytes() == before
    account.write_text("{")
    assert scan(folder, "--out", target, "--resume") == ExitCode.OK
    assert json.loads(account.read_text())["pages"]["read_before"] == len(records(target))


def test_a_report_tells_the_time_of_the_latest_of_several_runs_as_such(folder: Path, target: Path) -> None:
    page, several = target.with_suffix(".html"), " Scanned in several runs, the latest 20"
    for options, told in (("--on-failure", "stop"), " Scanned 20"), (("--resume",), several):
        scan(folder, "--out", target, *options)
        run(["report", str(target), "-o", str(page), "--no-crops"])
        assert told in page.read_text()


def test_files_with_the_same_content_are_read_and_noted(
    folder: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = sorted(folder.glob("*.png"))[0]
    copy = folder / "zz_copy.png"
    copy.write_bytes(first.read_bytes())
    run([str(folder), "--out", str(target), *READING, "--jobs", "1"])
    assert "same content as another" in capsys.readouterr().err
    account = json.loads(Path(f"{target}.run-manifest.json").read_text())
    assert {"path": str(copy), "same_as": str(first)} in account["copies"]
    assert copy.name in names(target)


def test_files_that_a_folder_holds_beside_pages_are_told_also_by_a_run_that_goes_on(
    folder: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.txt", "b.TXT", "Thumbs.db", ".a.png", "._a.png", "._b.png", ".DS_Store"):
        (folder / name).touch()
    for more in ((), ("--resume",)):
        run([str(folder), "--out", str(target), *READING, "--jobs", "1", *more])
        (told,) = (line for line in capsys.readouterr().err.splitlines() if "passed over" in line)
        assert told.endswith("6 files passed over, hidden or of kinds that hold no pages: 3 hidden .png, 2 .txt, 1 .db")
        account = json.loads(Path(f"{target}.run-manifest.json").read_text())
        assert account["passed_over"] == {"files": 6, "by_suffix": {"hidden .png": 3, ".txt": 2, ".db": 1}}
    run(["retry", str(target), "--jobs", "1"])  # looks into no folder
    assert "passed over" not in capsys.readouterr().err
    account = json.loads(Path(f"{target}.run-manifest.json").read_text())
    assert account["passed_over"]["files"] == 6


def test_the_next_step_is_told_where_something_is_doubtful(
    folder: Path, target: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*options: str) -> str:
        run([str(folder), "--out", str(target), *READING, "--jobs", "1", *options])
        return "".join(line for line in capsys.readouterr().err.splitlines() if "hcr-scan review" in line)

    assert told("--review-below", "0") == ""
    assert told("--review-below", "1", "--overwrite").endswith(f"doubtful: hcr-scan review {target}")
    assert told("--review-below", "1", "--overwrite", "--shard", "1/1") == ""
    run(["retry", str(target), "--jobs", "1"])
    error = capsys.readouterr().err
    assert "hcr-scan review" not in error  # a shard is reviewed when it is merged
    assert f"when it is mended: hcr-scan retry {target}" in error
    draw_digit_page(folder / "0005.png", "5")
    run(["retry", str(target), "--jobs", "1"])
    assert "when it is mended" not in capsys.readouterr().err


def test_retry_reads_what_failed_and_nothing_else(folder: Path, target: Path, tmp_path: Path) -> None:
    scan(folder, "--out", target)
    (folder / "0002.png").unlink()
    draw_digit_page(folder / "0005.png", "5")
    assert run(["retry", str(target), "-j1", "-q"]) == ExitCode.OK
    draw_digit_page(folder / "0002.png", "2")
    whole = tmp_path / "whole.jsonl"
    assert scan(folder, "--out", whole) == ExitCode.OK
    assert target.read_bytes() == whole.read_bytes()
    assert run(["retry", f"{target}.journal", "-j1", "-q"]) == ExitCode.OK


def test_a_page_that_fails_again_stays_failed(folder: Path, target: Path) -> None:
    scan(folder, "--out", target)
    before = digest(target)
    assert run(["retry", str(target), "-j1", "-q"]) == ExitCode.SOME_PAGES_FAILED
    (folder / "0005.png").unlink()
    assert digest(target) == before
    assert run(["retry", str(target), "-j1", "-q"]) == ExitCode.SOME_PAGES_FAILED
    assert len(records(target)) == 12


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl"])
def test_an_export_is_what_a_scan_would_have_written(folder: Path, target: Path, tmp_path: Path, suffix: str) -> None:
    scan(folder, "--out", target)
    direct, exported = tmp_path / f"direct.{suffix}", tmp_path / f"exported.{suffix}"
    scan(folder, "--out", direct)
    assert run(["export", str(target), "-o", str(exported)]) == ExitCode.OK
    assert exported.read_bytes() == direct.read_bytes()


def test_a_damaged_record_truncates_no_output(folder: Path, target: Path, tmp_path: Path) -> None:
    scan(folder, "--out", target)
    exported = tmp_path / "other.csv"
    run(["export", str(target), "-o", str(exported)])
    before = digest(target), digest(exported)
    damage(target)
    assert scan(folder, "--out", target, "--resume") == ExitCode.JOURNAL
    assert run(["export", str(target), "-o", str(exported)]) == ExitCode.JOURNAL
    assert (digest(target), digest(exported)) == before


def test_an_export_loads_no_model_and_looks_at_no_page(folder: Path, target: Path) -> None:
    scan(folder, "--out", target)
    code = (
        "import sys\nfrom hcr_scan.cli import run\n"
        f"assert run(['export', {str(target)!r}, '-o', '-', '--format', 'csv']) == 0\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 13
    loaded = set(done.stderr.split())
    assert "sqlite3" in loaded
    assert not {"numpy", "cv2", "onnxruntime", "PIL", "pypdfium2", "multiprocessing"} & loaded


def test_an_export_of_nothing_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", str(tmp_path / "r.csv"), "-o", "-", "--format", "csv"]) == ExitCode.JOURNAL
    assert "no journal" in capsys.readouterr().err


def test_devices_and_pipes_have_no_journal(folder: Path, tmp_path: Path) -> None:
    assert scan(folder, "--out", "/dev/null", "--format", "csv") == ExitCode.SOME_PAGES_FAILED
    assert not Path("/dev/null.journal").exists()
