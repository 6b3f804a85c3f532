"""A run on Ray gives the bytes of a run on this machine, whatever dies meanwhile."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from hcr_scan.errors import ExitCode
from hcr_scan.journal.journal import Journal, journal_path
from tests.runs import command, digest, digit_pages, draw_digits_file, living, start

PAGES = 80
DONE = ExitCode.SOME_PAGES_FAILED

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the ray extra is not installed"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = digit_pages(tmp_path_factory.mktemp("ray") / "in", PAGES - 5)
    draw_digits_file(folder / "0020b.tif", 4)
    (folder / "0030b.png").write_bytes(b"not an image")
    return folder


@pytest.fixture(scope="module")
def whole(folder: Path) -> str:
    target = folder.parent / "whole.jsonl"
    assert start(command(folder, "--out", target)).wait() == DONE
    return digest(target)


def begun(folder: Path, target: Path, mark: str, pages: int) -> subprocess.Popen[str]:
    """A run on Ray with a mark, as soon as so many of its pages are done."""
    process = start(command(folder, "--out", target, "--resume", "--engine", "ray", "-v", "--log-format", "json"), mark)
    assert process.stderr is not None
    done = 0
    while done < pages and (line := process.stderr.readline()):
        done += '"event": "page"' in line
    return process


def kept(target: Path) -> int:
    """How many pages the journal of a run that ended has."""
    with Journal(journal_path(str(target))) as journal:
        return journal.count()


def named(mark: str, name: str) -> list[int]:
    """Those of the marked processes whose command line begins so, or has it as its program."""
    found = []
    for process in living(mark):
        with contextlib.suppress(OSError):
            first = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0]
            if first.decode().split("/")[-1].startswith(name):
                found.append(process)
    return found


@pytest.mark.parametrize("name", ["ray::PageActor", "ray::StageActor"])
def test_an_actor_is_killed(folder: Path, whole: str, tmp_path: Path, name: str) -> None:
    target, mark = tmp_path / "r.jsonl", uuid.uuid4().hex
    process = begun(folder, target, mark, 5)
    actors = named(mark, name)
    assert actors
    os.kill(actors[0], signal.SIGKILL)
    assert process.wait() == DONE, process.communicate()[1]
    assert digest(target) == whole


@pytest.mark.parametrize("victim", ["driver", "raylet"])
def test_the_driver_or_its_cluster_is_killed_and_the_run_resumed(
    folder: Path, whole: str, tmp_path: Path, victim: str
) -> None:
    target, mark = tmp_path / "r.jsonl", uuid.uuid4().hex
    process = begun(folder, target, mark, 5)
    os.kill(process.pid if victim == "driver" else named(mark, "raylet")[0], signal.SIGKILL)
    assert process.wait(60) not in (0, DONE)
    until = time.monotonic() + 120  # its agents look now and then whether it is there
    while living(mark) and time.monotonic() < until:
        time.sleep(0.1)
    assert not living(mark)
    assert 0 < kept(target) < PAGES
    assert begun(folder, target, mark, PAGES + 1).wait() == DONE
    assert digest(target) == whole


def test_ctrl_c_ends_it_in_order(folder: Path, whole: str, tmp_path: Path) -> None:
    target, mark = tmp_path / "r.jsonl", uuid.uuid4().hex
    process = begun(folder, target, mark, 5)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == ExitCode.INTERRUPTED, process.communicate()[1]
    assert len(target.read_text().splitlines()) == kept(target) < PAGES
    assert not living(mark)
    assert start(command(folder, "--out", target, "--resume")).wait() == DONE
    assert digest(target) == whole
