"""What is told of likely mistakes: what happened, to which file, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from hcr_scan.cli import run
from hcr_scan.cli.options import password_of
from hcr_scan.errors import ExitCode, OutputError, UsageError
from hcr_scan.journal.database import Database
from hcr_scan.sinks.output import write_output
from tests.runs import digit_pages, scan


def test_a_folder_cannot_be_inspected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(tmp_path), "-o", str(tmp_path / "o.png")]) == ExitCode.INPUT
    assert f"{tmp_path} is a folder; name one of its files" in capsys.readouterr().err


def test_a_report_is_no_pdf(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scan(digit_pages(tmp_path / "in", 1), "--out", tmp_path / "r.csv")
    assert run(["report", str(tmp_path / "r.csv"), "-o", str(tmp_path / "r.pdf")]) == ExitCode.USAGE
    assert "ends in .html" in capsys.readouterr().err
    assert not (tmp_path / "r.pdf").exists()


def test_who_may_not_write_is_not_told_to_free_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(OutputError, match="Permission denied; let this user write there"):
        write_output(str(tmp_path / "r.html"), b"")


def test_nor_where_it_is_the_journal(tmp_path: Path) -> None:
    (tmp_path / "r.journal").mkdir()
    with pytest.raises(OutputError, match="let this user write to its folder"):
        Database(str(tmp_path / "r.journal"))


def test_a_password_saved_by_notepad_is_the_password(tmp_path: Path) -> None:
    file = tmp_path / "password.txt"
    file.write_bytes("\ufeffpässwört\r\n".encode())
    assert password_of(str(file)) == "pässwört"


def test_a_mark_of_byte_order_alone_is_no_password(tmp_path: Path) -> None:
    file = tmp_path / "password.txt"
    file.write_bytes("\ufeff\r\n".encode())
    with pytest.raises(UsageError, match="has no password on its first line"):
        password_of(str(file))
