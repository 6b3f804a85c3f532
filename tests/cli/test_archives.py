"""Results that lie where nothing can be written are read all the same."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hcr_scan.cli import run
from hcr_scan.document import Verdict
from hcr_scan.errors import ExitCode
from hcr_scan.journal.journal import Journal
from hcr_scan.review.indexing import index
from hcr_scan.review.items import Filter, State
from hcr_scan.review.store import ReviewStore
from tests.privileges import as_nobody
from tests.reviews import field, page, write_journal

OUTPUTS = {"export": "out.jsonl", "apply": "out.csv", "report": "out.html"}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The journal and the review of a scan; beside it a folder for outputs."""
    archive, out = tmp_path / "archive", tmp_path / "out"
    archive.mkdir()
    out.mkdir()
    out.chmod(0o777)
    path = str(write_journal(archive / "r.csv.journal", [page("gone.png", field("name", "SM1TH", 0.4, doubtful=[2]))]))
    with Journal(path) as journal, ReviewStore(str(archive / "r.csv.review")) as store:
        index(journal, store)
        (item,) = store.queue(Filter(State.ALL))
        store.decide(item.id, 1, "Ann", Verdict.CORRECTED, "SMITH", 1.0)
    # Now, and not as a user who may not read the modules that this imports.
    assert write_all(archive) == [ExitCode.OK] * len(OUTPUTS)
    assert run(["retry", str(archive / "missing.csv")]) == ExitCode.JOURNAL
    for made in out.iterdir():
        made.unlink()
    return archive


def write_all(archive: Path) -> list[int]:
    out, options = archive.parent / "out", {"report": ["--no-crops"]}
    return [
        run([command, str(archive / "r.csv"), "-o", str(out / name), *options.get(command, ())])
        for command, name in OUTPUTS.items()
    ]


@contextlib.contextmanager
def read_only(archive: Path, *, folder: bool = True) -> Iterator[None]:
    """Inside, the files cannot be written, nor their folder if that is asked for."""
    for path in archive.iterdir():
        path.chmod(0o444)
    archive.chmod(0o555 if folder else 0o777)
    try:
        with as_nobody(archive):
            yield
    finally:
        archive.chmod(0o755)


@pytest.mark.parametrize("folder", [True, False])
def test_results_in_an_archive_are_read(archive: Path, folder: bool, capsys: pytest.CaptureFixture[str]) -> None:
    out, before = archive.parent / "out", {path: path.read_bytes() for path in archive.iterdir()}
    with read_only(archive, folder=folder):
        assert write_all(archive) == [ExitCode.OK] * len(OUTPUTS)
        capsys.readouterr()
        assert run(["retry", str(archive / "r.csv")]) == ExitCode.OUTPUT
        assert "cannot be written: it is read-only; let this user write to it" in capsys.readouterr().err
    assert "SMITH" in (out / "out.csv").read_text()
    assert "SM1TH" in (out / "out.jsonl").read_text()
    assert {path: path.read_bytes() for path in archive.iterdir()} == before


def test_so_is_what_a_killed_run_left(archive: Path, tmp_path: Path) -> None:
    journal = archive / "r.csv.journal"
    with contextlib.closing(sqlite3.connect(journal)) as connection:
        connection.execute("UPDATE documents SET path = ?", (b"moved.png",))
        connection.commit()
        for suffix in ("", "-wal"):
            shutil.copy(f"{journal}{suffix}", tmp_path / f"left{suffix}")
    for suffix in ("", "-wal"):
        shutil.copy(tmp_path / f"left{suffix}", f"{journal}{suffix}")
    with read_only(archive):
        assert run(["export", str(archive / "r.csv"), "-o", str(tmp_path / "out" / "r.csv")]) == ExitCode.OK
    assert "moved.png" in (tmp_path / "out" / "r.csv").read_text()


def test_a_journal_that_a_run_has_is_not_copied(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Journal(str(archive / "r.csv.journal")), read_only(archive):
        assert run(["export", str(archive / "r.csv"), "-o", str(archive.parent / "out" / "r.csv")]) == ExitCode.JOURNAL
    assert "another run is using" in capsys.readouterr().err
