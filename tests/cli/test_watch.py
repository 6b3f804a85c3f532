"""A watched folder: whatever happens, each scan ends in one place and in the results once."""

from __future__ import annotations

import csv
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hcr_scan import cli
from hcr_scan.document import PageResult
from hcr_scan.errors import ExitCode
from hcr_scan.journal.journal import Journal
from tests.runs import digit_pages

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Small pages of one character each."""
    return sorted(digit_pages(tmp_path_factory.mktemp("drawn"), 12).iterdir())


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    return tmp_path / "in"


def put(pages: list[Path], inbox: Path) -> None:
    for page in pages:
        (inbox / page.name).write_bytes(page.read_bytes())


def watch(inbox: Path, *options: str) -> int:
    return cli.run(["watch", str(inbox), "--out", str(inbox.parent / "out"), *options, *FAST])


FAST = ("--settle", "0.1", "--poll", "0.05", "--layout", "glyph", "--jobs", "1", "--quiet")


def rows(inbox: Path) -> list[dict[str, str]]:
    found = []
    for table in sorted((inbox.parent / "out").glob("*.csv")):
        with table.open(encoding="utf-8", newline="") as lines:
            found += list(csv.DictReader(lines))
    return found


def test_scans_are_read_once_and_put_away(inbox: Path, drawn: list[Path]) -> None:
    put(drawn[:2], inbox)
    (inbox / "broken.png").write_bytes(b"no image")
    (inbox / "notes.txt").write_bytes(b"left alone")
    (inbox.parent / "out").rmdir()  # it is made where it is missing
    assert watch(inbox, "--once") == ExitCode.SOME_PAGES_FAILED
    put(drawn[:1], inbox)  # the scanner starts its numbers again
    assert watch(inbox, "--once") == ExitCode.OK
    files = [Path(row["file"]) for row in rows(inbox)]
    assert sorted(file.name for file in files) == ["0000.png", "0000.png", "0001.png", "broken.png"]
    assert all(file.exists() for file in files)
    assert [file.parts[-3] for file in files if file.name == "broken.png"] == ["failed"]
    (failed,) = (row for row in rows(inbox) if row["status"] == "failed")
    assert failed["error"] == "open: not_an_image: is neither an image nor a PDF; leave it out"
    assert sorted(p.name for p in inbox.iterdir() if not p.name.startswith(".")) == [
        "done", "failed", "notes.txt", "reading",
    ]  # fmt: skip
    assert list((inbox / "reading").iterdir()) == []
    assert len(list((inbox.parent / "out").glob("*.csv"))) == 1


def test_a_file_of_results_for_each_batch(inbox: Path, drawn: list[Path]) -> None:
    for page in drawn[:2]:
        put([page], inbox)
        assert watch(inbox, "--once", "--per", "batch", "--format", "jsonl") == ExitCode.OK
    results = {path.name.removesuffix(".jsonl") for path in (inbox.parent / "out").glob("*.jsonl")}
    assert len(results) == 2
    assert {path.name for path in (inbox / "done").iterdir()} == results


def names_by_table(inbox: Path) -> dict[str, list[str]]:
    """The scans of each file of results, all of which say where the scans are."""
    found: dict[str, list[str]] = {}
    for table in (inbox.parent / "out").glob("*.csv"):
        with table.open(encoding="utf-8", newline="") as lines:
            files = [Path(row["file"]) for row in csv.DictReader(lines)]
        assert all(file.exists() for file in files)
        found[table.stem[len("2026-11-24") :]] = [file.name for file in files]
    return found


def test_with_other_options_results_go_into_another_file(inbox: Path, drawn: list[Path]) -> None:
    other = ("--once", "--review-below", "0.9")
    for page, options in zip(drawn[:4], [("--once",), other, other, ("--once",)], strict=True):
        put([page], inbox)
        assert watch(inbox, *options) == ExitCode.OK
    assert names_by_table(inbox) == {"": ["0000.png", "0003.png"], "-2": ["0001.png", "0002.png"]}
    assert list((inbox / "reading").iterdir()) == []


def test_a_batch_that_was_begun_with_other_options_is_gone_on_with(
    inbox: Path, drawn: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    added: list[PageResult] = []

    def ends(journal: Journal, result: PageResult, *details: Any) -> None:
        if added:
            raise RuntimeError
        added.append(result)
        add(journal, result, *details)

    put(drawn[:2], inbox)
    add = Journal.add
    monkeypatch.setattr(Journal, "add", ends)
    assert watch(inbox, "--once") == ExitCode.BUG
    assert len(list((inbox / "reading").rglob("*.png"))) == 2
    monkeypatch.undo()
    put(drawn[2:3], inbox)
    assert watch(inbox, "--once", "--review-below", "0.9") == ExitCode.OK
    put(drawn[3:4], inbox)
    assert watch(inbox, "--once") == ExitCode.OK
    assert names_by_table(inbox) == {"": ["0000.png", "0003.png"], "-2": ["0001.png", "0002.png"]}
    assert list((inbox / "reading").iterdir()) == []


def test_results_of_another_folder_are_not_mixed_in(
    inbox: Path, drawn: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    put(drawn[:1], inbox)
    assert watch(inbox, "--once") == ExitCode.OK
    (inbox.parent / "else").mkdir()
    put(drawn[1:2], inbox.parent / "else")
    assert watch(inbox.parent / "else", "--once") == ExitCode.JOURNAL
    assert "or another place for results with --out" in capsys.readouterr().err


@pytest.fixture
def watching(inbox: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def start(inbox: Path, started: list[subprocess.Popen[bytes]], *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "hcr_scan", "watch", str(inbox), "--out", str(inbox.parent / "out"), *FAST]
    started.append(subprocess.Popen([*command, *options], cwd=ROOT, stderr=subprocess.PIPE))
    return started[-1]


def wait_until(inbox: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(rows(inbox)) < count:
        assert time.monotonic() < deadline, "the scans were not read"
        time.sleep(0.05)


def test_a_signal_ends_it_and_what_arrived_meanwhile_is_read_later(
    inbox: Path, drawn: list[Path], watching: list[subprocess.Popen[bytes]]
) -> None:
    process = start(inbox, watching)
    put(drawn[:3], inbox)
    wait_until(inbox, 3)
    second = subprocess.run(
        [sys.executable, "-m", "hcr_scan", "watch", str(inbox), "--out", str(inbox.parent / "out"), "--once"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert second.returncode == ExitCode.JOURNAL
    assert "another hcr-scan watches" in second.stderr
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 128 + signal.SIGTERM
    put(drawn[3:5], inbox)
    assert watch(inbox, "--once") == ExitCode.OK
    assert len(rows(inbox)) == 5


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 6))])
def test_killed_at_any_moment_it_loses_and_doubles_nothing(
    inbox: Path, drawn: list[Path], watching: list[subprocess.Popen[bytes]], seed: int
) -> None:
    chance = random.Random(seed)
    for page in drawn:
        put([page], inbox)
        process = start(inbox, watching)
        time.sleep(chance.uniform(0.3, 1.2))
        process.kill()
        process.wait()
    assert watch(inbox, "--once") == ExitCode.OK
    assert sorted(Path(row["file"]).name for row in rows(inbox)) == [page.name for page in drawn]
    assert all(Path(row["file"]).exists() for row in rows(inbox))
    assert sorted(page.name for page in inbox.rglob("*.png")) == [page.name for page in drawn]


def test_the_service_in_the_examples_says_what_the_command_knows() -> None:
    unit = (ROOT / "examples/watch/hcr-scan-watch.service").read_text()
    (command,) = re.findall(r"^ExecStart=\S*hcr-scan (.*)$", unit, re.MULTILINE)
    name, *arguments = command.split()
    group = cli.CommandGroup()
    known = group.get_command(None, name)  # type: ignore[arg-type]
    assert known is not None
    context = known.make_context(name, arguments, resilient_parsing=False)
    assert context.params["inbox"] == "/srv/scans/in"
    assert set(re.findall(r"^SuccessExitStatus=(.*)$", unit, re.MULTILINE)) == {"130 143"}


def test_folders_that_are_not_there_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    for out in (tmp_path / "not mounted" / "out", tmp_path / "file"):
        (tmp_path / "file").touch()
        assert cli.run(["watch", str(tmp_path / "in"), "--out", str(out), "--once"]) == ExitCode.OUTPUT
        assert f"{out} is no folder and cannot be made one" in capsys.readouterr().err
    assert not (tmp_path / "not mounted").exists()
    assert cli.run(["watch", str(tmp_path / "nothing"), "--out", str(tmp_path / "results")]) == ExitCode.INPUT
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("out", [".", "results", "new/deep"])
@pytest.mark.parametrize("format_", ["csv", "pdf"])
def test_results_do_not_go_into_the_folder_that_is_watched(
    inbox: Path, capsys: pytest.CaptureFixture[str], out: str, format_: str
) -> None:
    place = inbox / out
    assert cli.run(["watch", str(inbox), "--out", str(place), "--format", format_, "--once"]) == ExitCode.USAGE
    assert f"--out {place} is in {inbox}, so what is written would be read" in capsys.readouterr().err
    assert list(inbox.iterdir()) == []
