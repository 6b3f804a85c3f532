"""Outputs that cannot be written: exit code 5, what stood there before stays, and a later run goes on."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hcr_scan.errors import ExitCode
from hcr_scan.journal.journal import Journal
from tests.runs import PROGRAM, READING, digest, digit_pages, leftovers, scan

ROOT = Path(__file__).parents[2]
PAGES = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return digit_pages(tmp_path_factory.mktemp("full") / "in", PAGES)


@pytest.fixture(scope="module")
def whole(folder: Path) -> str:
    assert scan(folder, "--out", folder.parent / "whole.jsonl") == ExitCode.OK
    return digest(folder.parent / "whole.jsonl")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "r.jsonl"


def test_a_folder_that_is_missing_or_a_file_is_5(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scan(folder, "--out", tmp_path / "missing" / "r.csv") == ExitCode.OUTPUT
    assert "does not exist" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert scan(folder, "--out", tmp_path / "file" / "r.csv") == ExitCode.OUTPUT
    assert scan(folder, "--out", folder, "--format", "csv") == ExitCode.OUTPUT


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_read_only_folder_is_5(folder: Path, target: Path) -> None:
    target.parent.chmod(0o500)
    assert scan(folder, "--out", target) == ExitCode.OUTPUT
    target.parent.chmod(0o700)
    assert list(target.parent.iterdir()) == []


def failing(number: int, real: Callable[..., Any], calls: int = 0) -> Callable[..., Any]:
    """A function that fails from its so-many-th call on, as the system does where the disk is full."""
    left = calls

    def call(*arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(number, os.strerror(number))
        return real(*arguments)

    return call


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace"])
def test_a_disk_that_is_full_when_the_output_is_written_costs_nothing(
    folder: Path, whole: str, target: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    target.write_text("old")
    with monkeypatch.context() as patch:
        patch.setattr(call, failing(number, None))  # type: ignore[arg-type]
        assert scan(folder, "--out", target, "--overwrite") == ExitCode.OUTPUT
    assert target.read_text() == "old"
    assert leftovers(target.parent) == []
    assert scan(folder, "--out", target, "--resume") == ExitCode.OK
    assert digest(target) == whole


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
from hcr_scan.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("size", [1, 5000, 30_000, 60_000])
def test_a_file_that_may_grow_no_more_ends_the_run_with_5(folder: Path, whole: str, target: Path, size: int) -> None:
    """At these sizes the journal meets its end when it is made, and after some pages."""
    command = [sys.executable, "-c", LIMITED.format(size=size), str(folder), "--out", str(target), *READING, "-j1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.OUTPUT, done.stderr
    assert "Traceback" not in done.stderr
    assert "journal" in done.stderr
    assert not target.exists()
    assert scan(folder, "--out", target, "--resume") == ExitCode.OK
    assert digest(target) == whole


def test_a_full_file_system(folder: Path, whole: str, tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", place], check=False, stderr=-3)
    if mounted.returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        filler = place / "filler"
        filler.write_bytes(b"x" * 40_000)
        target = place / "r.jsonl"
        assert scan(folder, "--out", target) == ExitCode.OUTPUT
        assert not target.exists()
        filler.unlink()
        subprocess.run(["mount", "-o", "remount,size=10m", place], check=True)
        assert scan(folder, "--out", target, "--resume") == ExitCode.OK
        assert digest(target) == whole
    finally:
        subprocess.run(["umount", place], check=True)


def test_what_was_done_before_the_disk_was_full_is_kept(folder: Path, target: Path, whole: str) -> None:
    size = 200_000
    command = [sys.executable, "-c", LIMITED.format(size=size), str(folder), "--out", str(target), *READING, "-j1"]
    command += ["--batch-size", "1"]
    assert subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == ExitCode.OUTPUT
    with Journal(f"{target}.journal") as journal:
        assert 0 < journal.count() < PAGES
    assert scan(folder, "--out", target, "--resume") == ExitCode.OK
    assert digest(target) == whole


@pytest.mark.parametrize(
    "arguments",
    [
        ["model"],
        ["evaluate", "default", "examples/forms/characters"],
        ["template", "check", "examples/kyc/kyc.toml", "examples/forms/characters"],
    ],
)
def test_what_is_printed_on_a_full_or_closed_standard_output_is_5(arguments: list[str]) -> None:
    for output in (">/dev/full", ">&-"):
        shell = ["sh", "-c", f'exec "$@" {output}', "sh", *PROGRAM, *arguments]
        done = subprocess.run(shell, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == ExitCode.OUTPUT, done.stderr
        assert "Traceback" not in done.stderr
        assert "standard output" in done.stderr


def test_standard_output_that_is_full_is_5(folder: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, str(folder), "--out", "-", "--format", "csv", *READING, "-j1"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == ExitCode.OUTPUT, done.stderr
    assert "Traceback" not in done.stderr
    assert "standard output" in done.stderr
    assert scan(folder, "--out", "/dev/full", "--format", "csv") == ExitCode.OUTPUT
