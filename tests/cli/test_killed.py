"""Whatever ends a run, another goes on from its journal to the bytes of a run that nothing ended."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest

from hcr_scan.errors import ExitCode
from hcr_scan.journal.journal import Journal
from tests.runs import READING, command, digest, digit_pages, draw_digits_file, leftovers, living, start

PAGES = 60
#: What a run ends with by itself: one of the pages is damaged.
DONE = ExitCode.SOME_PAGES_FAILED
#: Seconds within which a run has to end that was told to, and what a busy machine may add.
PROMPT, BUSY = 5.0, 3.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = digit_pages(tmp_path_factory.mktemp("killed") / "in", PAGES - 11)
    draw_digits_file(folder / "0020b.tif", 10)
    (folder / "0030b.png").write_bytes(b"not an image")
    return folder


@pytest.fixture(scope="module")
def whole(folder: Path) -> tuple[str, float]:
    """The digest of a run that nothing ended, and its seconds."""
    target = folder.parent / "whole.jsonl"
    started = time.monotonic()
    assert start(command(folder, "--out", target)).wait() == DONE
    return digest(target), time.monotonic() - started


def test_kill_9_at_random_moments(folder: Path, whole: tuple[str, float], tmp_path: Path) -> None:
    killed_at_random(folder, whole, tmp_path, kills=8, seed=1)


@pytest.mark.slow
def test_kill_9_at_a_hundred_random_moments(folder: Path, whole: tuple[str, float], tmp_path: Path) -> None:
    killed_at_random(folder, whole, tmp_path, kills=100, seed=2)


def killed_at_random(folder: Path, whole: tuple[str, float], tmp_path: Path, kills: int, seed: int) -> None:
    rng = random.Random(seed)
    expected, seconds = whole
    mark = uuid.uuid4().hex
    done = number = 0
    while done < kills:
        number += 1
        target = tmp_path / f"{number}.jsonl"
        for _ in range(rng.randint(2, 5)):
            process = start(command(folder, "--out", target, "--resume"), mark)
            time.sleep(rng.uniform(0.3, 1.05) * seconds)
            process.kill()
            ended = process.wait()
            done += ended == -signal.SIGKILL
            assert ended in (-signal.SIGKILL, DONE), process.communicate()[1]
            none_live(mark)
        check_resumed(folder, target, expected)


def none_live(mark: str) -> None:
    """Workers end within a moment of their parent."""
    for _ in range(40):
        if not living(mark):
            return
        time.sleep(0.05)
    pytest.fail(f"processes live on: {living(mark)}")


def check_resumed(folder: Path, target: Path, expected: str) -> None:
    process = start(command(folder, "--out", target, "--resume"))
    _, err = process.communicate(timeout=120)
    assert process.returncode == DONE, err
    assert "Traceback" not in err
    assert digest(target) == expected
    assert leftovers(target.parent) == []
    with Journal(f"{target}.journal") as journal:
        assert journal.count() == PAGES
        assert journal.claims() == {}


#: Ends the program at a call: the function it is made in, and whether the call is still made.
MOMENTS = {
    "before the output is synced": ("os.fsync", False),
    "before the output is in place": ("pathlib.Path.replace", False),
    "after the output is in place": ("pathlib.Path.replace", True),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_kill_9_while_the_output_is_written(
    folder: Path, whole: tuple[str, float], tmp_path: Path, moment: str
) -> None:
    name, made = MOMENTS[moment]
    module, _, function = name.rpartition(".")
    owner = "pathlib.Path" if module == "pathlib.Path" else "os"
    target = tmp_path / "r.jsonl"
    arguments = [str(folder), "--out", str(target), *READING, "--jobs", "2", "-q"]
    code = (
        f"import os, pathlib, signal\nreal = {owner}.{function}\n"
        f"def deadly(*a):\n    {'real(*a)' if made else 'pass'}\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"{owner}.{function} = deadly\nfrom hcr_scan.cli import main\nmain({arguments!r})"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    assert target.exists() == made
    assert made or leftovers(tmp_path)
    check_resumed(folder, target, whole[0])


SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_run_with_all_that_is_finished(
    folder: Path, whole: tuple[str, float], tmp_path: Path, number: signal.Signals
) -> None:
    signalled_at_random(folder, whole, tmp_path, [number], times=1)


@pytest.mark.slow
@pytest.mark.parametrize("number", SIGNALS)
def test_signals_at_fifty_random_moments(
    folder: Path, whole: tuple[str, float], tmp_path: Path, number: signal.Signals
) -> None:
    signalled_at_random(folder, whole, tmp_path, [number], times=50)


def test_a_second_signal_ends_a_run_at_once(folder: Path, whole: tuple[str, float], tmp_path: Path) -> None:
    signalled_at_random(folder, whole, tmp_path, [signal.SIGINT, signal.SIGINT], times=1)


@pytest.mark.slow
def test_two_signals_at_fifty_random_moments(folder: Path, whole: tuple[str, float], tmp_path: Path) -> None:
    signalled_at_random(folder, whole, tmp_path, [signal.SIGINT, signal.SIGINT], times=50)


def signalled_at_random(
    folder: Path, whole: tuple[str, float], tmp_path: Path, numbers: Sequence[signal.Signals], times: int
) -> None:
    rng = random.Random(numbers[0])
    expected, seconds = whole
    mark = uuid.uuid4().hex
    # One that is sent but once must not find the run at its end.
    latest = 0.3 * seconds if times > 1 else 0.03
    codes = []
    for attempt in range(times):
        target = tmp_path / f"{attempt}.jsonl"
        process = start(command(folder, "--out", target, "-q"), mark)
        wait_for(Path(f"{target}.journal"), process)
        time.sleep(rng.uniform(0, latest))
        started = time.monotonic()
        for number in numbers:
            os.killpg(process.pid, number)
            time.sleep(rng.uniform(0, 0.05))
        _, err = process.communicate(timeout=60)
        assert time.monotonic() - started < PROMPT + BUSY
        assert err == "" if len(numbers) == 1 else "Traceback" not in err
        assert process.returncode in (SIGNALS[numbers[0]], DONE)
        codes.append(process.returncode)
        none_live(mark)
        assert leftovers(tmp_path) == []
        if target.exists():
            read = [json.loads(line) for line in target.read_text().splitlines()]
            with Journal(f"{target}.journal") as journal:
                # A second signal may come between a page's record and its line.
                assert len(read) in (journal.count(), journal.count() - (len(numbers) - 1))
        check_resumed(folder, target, expected)
    assert SIGNALS[numbers[0]] in codes


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    """Until a run has its journal: signals before that find nothing to keep."""
    while not path.exists() and process.poll() is None:
        time.sleep(0.01)
