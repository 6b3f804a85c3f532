"""Whatever surrounds the program, the bytes are the same, or it says what is wrong."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from hcr_scan.errors import ExitCode
from tests.runs import command, digest, digit_pages, draw_digit_page

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages under names of any bytes, and one that is none."""
    folder = digit_pages(tmp_path_factory.mktemp("drawn") / "in", 2)
    names = (b"\xc3\xa9t\xc3\xa9.png", b"\xff\xfe.png", b"=cmd.png", b"-x.png", b"line\nbreak.png", "İıŞ.png".encode())
    for name in names:
        draw_digit_page(folder / "page.png", "7")
        (folder / "page.png").rename(os.fsdecode(os.fsencode(folder) + b"/" + name))
    (folder / "broken.png").write_bytes(b"no image")
    return folder


def run_in(
    environment: dict[str, str | None], folder: Path, target: Path, before: str = "", after: str = ""
) -> subprocess.CompletedProcess[str]:
    """A scan by a shell, in an environment with these changes; ``None`` takes a variable away."""
    variables = {name: value for name, value in (os.environ | environment).items() if value is not None}
    line = f"{before} exec {shlex.join(command(folder, '--out', target, jobs=1))} {after}"
    return subprocess.run(
        ["bash", "-c", line], cwd=ROOT, env=variables, capture_output=True, text=True, errors="replace", check=False
    )


@pytest.fixture(scope="module")
def expected(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    target = tmp_path_factory.mktemp("expected") / "r"
    return {suffix: _read({}, folder, target.with_suffix(suffix)) for suffix in (".csv", ".jsonl")}


def _read(environment: dict[str, str | None], folder: Path, target: Path, **around: str) -> str:
    done = run_in(environment, folder, target, **around)
    assert done.returncode == ExitCode.SOME_PAGES_FAILED, done.stderr
    assert "Traceback" not in done.stderr
    return digest(target)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONHASHSEED": "1"},
        {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "9"},
        {"LC_ALL": "tr_TR.UTF-8", "HOME": None, "TERM": "dumb", "TZ": None, "USER": None, "PATH": "/usr/bin:/bin"},
    ],
    ids=["C", "ascii", "turkish"],
)
def test_the_same_bytes_in_any_locale(
    environment: dict[str, str | None], suffix: str, folder: Path, tmp_path: Path, expected: dict[str, str]
) -> None:
    assert _read(environment, folder, tmp_path / f"r{suffix}") == expected[suffix]


@pytest.mark.parametrize(
    ("before", "after"),
    [("", "<&-"), ("", "2>&-"), ("", "<&- >&- 2>&-"), ("ulimit -n 64;", ""), ("ulimit -c unlimited; umask 077;", "")],
    ids=["no stdin", "no stderr", "no streams", "few files", "other limits"],
)
def test_the_same_bytes_without_streams_and_with_few_descriptors(
    before: str, after: str, folder: Path, tmp_path: Path, expected: dict[str, str]
) -> None:
    assert _read({}, folder, tmp_path / "r.csv", before=before, after=after) == expected[".csv"]


def test_the_folder_it_runs_in_may_be_gone(folder: Path, tmp_path: Path, expected: dict[str, str]) -> None:
    gone = f"mkdir {tmp_path}/gone; cd {tmp_path}/gone; rmdir {tmp_path}/gone;"
    python_path = os.pathsep.join((str(ROOT), str(ROOT / "training")))
    assert _read({"PYTHONPATH": python_path}, folder, tmp_path / "r.csv", before=gone) == expected[".csv"]


@pytest.mark.parametrize("most", [10, 12, 20])
def test_with_too_few_descriptors_for_workers_it_is_whole_or_an_error(
    most: int, folder: Path, tmp_path: Path, expected: dict[str, str]
) -> None:
    done = run_in({}, folder, tmp_path / "r.csv", before=f"ulimit -n {most};")
    if done.returncode == ExitCode.SOME_PAGES_FAILED:
        assert digest(tmp_path / "r.csv") == expected[".csv"]
    else:
        assert not (tmp_path / "r.csv").exists()
        assert done.returncode != ExitCode.OK
        assert "rror" in done.stderr
    assert "Traceback" not in done.stderr or most < 20  # Python itself may find no room to load a module


def test_standard_output_that_is_closed_is_refused(folder: Path) -> None:
    done = run_in({}, folder, Path("-"), after="--format csv >&-")
    assert done.returncode == ExitCode.OUTPUT, done.stderr
    assert "standard output is closed" in done.stderr
    assert "Traceback" not in done.stderr
