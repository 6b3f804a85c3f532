"""A scan that was ended early says so, and so does all that is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hcr_scan.cli import run
from hcr_scan.errors import ExitCode
from tests.runs import digit_pages

SAID = "with --resume"


@pytest.fixture
def stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Path, str]:
    """The output of a scan that stopped at its first page of four, and what it said."""
    folder = digit_pages(tmp_path / "in", 4)
    (folder / "0000.png").write_bytes(b"no image")
    out = tmp_path / "r.csv"
    code = run([str(folder), "--out", str(out), "-j1", "--batch-size", "1", "--on-failure", "stop"])
    assert code == ExitCode.STOPPED
    return out, capsys.readouterr().err


def test_the_scan_tells_how_to_go_on(stopped: tuple[Path, str]) -> None:
    assert "to read the other pages: the same command with --resume" in stopped[1]


@pytest.mark.parametrize("command", [["export"], ["apply"]])
def test_what_is_made_of_it_says_that_it_is_not_finished(
    stopped: tuple[Path, str], capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    out, _ = stopped
    assert run([*command, str(out), "-o", str(out.with_suffix(".json"))]) == ExitCode.OK
    assert SAID in capsys.readouterr().err


def test_so_do_a_retry_and_the_report(stopped: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = stopped
    run(["retry", str(out), "-j1"])
    assert SAID in capsys.readouterr().err
    run(["report", str(out), "-o", str(out.with_suffix(".html"))])
    page = out.with_suffix(".html").read_text()
    assert "The scan is not finished" in page or "The scan ended before it had seen all" in page


def test_a_finished_scan_does_not(stopped: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = stopped
    run([str(out.parent / "in"), "--out", str(out), "-j1", "--batch-size", "1", "--resume"])
    capsys.readouterr()
    run(["export", str(out), "-o", str(out.with_suffix(".json"))])
    assert SAID not in capsys.readouterr().err
