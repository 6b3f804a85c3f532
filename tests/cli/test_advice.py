"""What the commands that go on with a scan say: who holds its files, what to say instead, and where they wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from hcr_scan.cli import run
from hcr_scan.errors import ExitCode, MissingDependency
from hcr_scan.review.store import ReviewStore
from hcr_scan.run_report import RunReport
from hcr_scan.sinks import formats
from hcr_scan.sinks.formats import Format, check_installed
from tests.reviews import field, page, write_journal
from tests.runs import digit_pages, scan


@pytest.fixture
def scanned(tmp_path: Path) -> Path:
    """The output of a scan with one doubtful field."""
    write_journal(tmp_path / "out.csv.journal", [page("/in/a", field("surname", "SM1TH", 0.4, doubtful=[2]))])
    return tmp_path / "out.csv"


@pytest.mark.parametrize("command", ["apply", "report"])
def test_an_open_review_is_told(scanned: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    target = scanned.parent / "other.csv"
    with ReviewStore(f"{scanned}.review"):
        assert run([command, str(scanned), "-o", str(target)]) == ExitCode.JOURNAL
    said = capsys.readouterr().err
    assert "a review is open" in said
    assert "Ctrl-C" in said
    assert "another run" not in said
    assert not target.exists()


def test_apply_says_that_nobody_reviewed_and_leaves_no_review(
    scanned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply", str(scanned), "-o", str(scanned.parent / "final.csv")]) == ExitCode.OK
    assert f"nobody has reviewed this yet; next: hcr-scan review {scanned}" in capsys.readouterr().err
    assert not list(scanned.parent.glob("*.review*"))


def test_a_review_without_decisions_is_kept(scanned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ReviewStore(f"{scanned}.review") as store:
        store.passes = 2
    assert run(["apply", str(scanned), "-o", str(scanned.parent / "final.csv")]) == ExitCode.OK
    assert "nobody has reviewed" in capsys.readouterr().err
    with ReviewStore(f"{scanned}.review") as store:
        assert store.passes == 2


@pytest.mark.parametrize("command", ["apply", "review"])
def test_a_missing_journal_is_explained(scanned: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    final = str(scanned.parent / "final.csv")
    assert run(["apply", str(scanned), "-o", final]) == ExitCode.OK
    arguments = [command, final, *(["-o", f"{final}.csv"] if command == "apply" else [])]
    assert run(arguments) == ExitCode.JOURNAL
    said = capsys.readouterr().err
    assert f"there is no journal {final}.journal" in said
    assert "moved apart" in said
    assert "name the output of the scan" in said


@pytest.mark.parametrize(
    ("command", "name"), [("apply", "final.csv"), ("export", "other.jsonl"), ("report", "report.html")]
)
def test_it_is_said_where_the_output_is(
    scanned: Path, command: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, str(scanned), "-o", str(scanned.parent / name)]) == ExitCode.OK
    assert f"written to {scanned.parent / name}\n" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "meant"), [("reveiw", "review"), ("aply", "apply"), ("exprot", "export")])
def test_a_mistyped_command_is_guessed(
    name: str, meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in ([name, "fields.csv"], [name, "fields.csv", "-o", "y.csv"]):
        assert run(arguments) == ExitCode.USAGE
        assert f"did you mean: hcr-scan {meant}?" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_file_called_nearly_like_a_command_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    digit_pages(tmp_path / "reports", 1)
    assert scan("reports", "--out", "out.csv") == ExitCode.OK
    assert scan("report[s]", "--out", "other.csv") == ExitCode.OK
    assert run(["nothing-of-that-name", "--out", "third.csv", "-q", "-j1"]) != ExitCode.USAGE


def test_no_speed_is_told_of_pages_that_were_not_read() -> None:
    pages = [page(f"/in/{number}", number=1) for number in range(3)]
    merged, resumed, fresh = RunReport(verb="merged"), RunReport(before=3), RunReport()
    for report in (merged, resumed, fresh):
        for each in pages:
            report.add(each)
    assert merged.summary().startswith("3 pages merged in ")
    assert "/s)" not in merged.summary()
    assert resumed.summary().startswith("3 pages read before, and none now;")
    assert "/s)" in fresh.summary()


def test_a_database_is_not_called_a_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(formats._NEEDED, Format.DATABASE, ("no_such_package", "sql"))
    with pytest.raises(MissingDependency, match=r"a database for --out needs .*pip install 'hcr-scan\[sql\]'"):
        check_installed(Format.DATABASE)


def test_help_tells_bounds_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("scan", "review", "report", "retry", "apply", "inspect", "watch"):
        assert run([command, "--help"]) == ExitCode.OK
        said = capsys.readouterr().out
        assert "x>=" not in said
        assert "<=x" not in said
