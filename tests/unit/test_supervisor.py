"""Rows F4, F5, F17 and F25 of the fault table: whatever an item does, it alone has no result."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hcr_scan.engines import worker_pool
from hcr_scan.engines.base import Loss, Lost
from hcr_scan.engines.supervisor import Supervisor
from hcr_scan.errors import WorkerError
from hcr_scan.settings import Limits
from tests import poison


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "attempts"


@pytest.fixture(scope="module")
def supervisor() -> Iterator[Supervisor]:
    with contextlib.closing(Supervisor(2)) as supervisor:
        yield supervisor


def lost_by(supervisor: Supervisor, what: str, journal: Path | str = "") -> Lost[Any]:
    """What became of the poison among four good items, which must all have their results."""
    items = ["a", "b", what, "c", "d"]
    results = list(supervisor.map(poison.poisoned, [(item, str(journal) if item == what else "") for item in items]))
    lost = results.pop(2)
    assert results == ["a", "b", "c", "d"]
    assert isinstance(lost, Lost)
    assert lost.item[0] == what
    return lost


@pytest.mark.parametrize(
    ("what", "cause"),
    [("SIGSEGV", "SIGSEGV"), ("SIGABRT", "SIGABRT"), ("SIGKILL", "SIGKILL"), ("exit", "exit code 3")],
)
def test_an_item_that_kills_its_worker_is_tried_twice_and_named(
    supervisor: Supervisor, journal: Path, what: str, cause: str
) -> None:
    lost = lost_by(supervisor, what, journal)
    assert lost.error is Loss.CRASHED
    assert cause in lost.reason
    assert journal.read_text().split() == [what, what]


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("raise", "ValueError: no such glyph"),
        ("SystemExit", "SystemExit: 0"),
        ("KeyboardInterrupt", "KeyboardInterrupt"),
        ("unpicklable", "pickle"),
        ("evil", "not to be trusted"),
        ("foreign", "not to be trusted"),
        ("scribble", "not to be trusted"),
        ("too long an answer", "bytes"),
    ],
)
def test_an_item_that_raises_or_gives_what_it_may_not_is_an_error_at_once(
    supervisor: Supervisor, journal: Path, what: str, reason: str
) -> None:
    lost = lost_by(supervisor, what, journal)
    assert lost.error is Loss.ERROR
    assert reason in lost.reason
    assert journal.read_text().split("\n") == [what, ""]


def test_items_that_take_too_long_are_ended_once(journal: Path) -> None:
    hangs = ["hang", "hang with the lock", "hang in a pattern", "SIGSTOP", "SIGSTOP while sending", "child"]
    items = [word for hang in hangs for word in ("fine", hang)]
    with contextlib.closing(Supervisor(len(hangs), limits=Limits(page_timeout=2.0))) as supervisor:
        list(supervisor.map(poison.double, range(20)))
        started = time.monotonic()
        results = list(supervisor.map(poison.poisoned, [(item, str(journal)) for item in items], len(items)))
        seconds = time.monotonic() - started
    assert results[::2] == ["fine"] * len(hangs)
    reason = "took longer than 2 s; raise --page-timeout, or scan it again"
    assert results[1::2] == [Lost((hang, str(journal)), Loss.TIMEOUT, reason) for hang in hangs]
    assert Counter(journal.read_text().splitlines()) == Counter(items)
    assert 2 < seconds < 4 + 3
    wait_until(lambda: not processes_with(f"child-of-{os.getpid()}"))


def test_what_is_done_once_a_worker_is_not_held_against_its_first_item(monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.closing(Supervisor(1, limits=Limits(page_timeout=1.0))) as supervisor:
        first, second = supervisor.map(poison.poisoned, [("prepare", "")] * 2)
    assert first == "prepared"
    assert isinstance(second, Lost)
    assert second.error is Loss.TIMEOUT
    monkeypatch.setattr(worker_pool, "START_SECONDS", 0.5)
    with (
        contextlib.closing(Supervisor(1)) as supervisor,
        pytest.raises(WorkerError, match="not ready"),
    ):
        list(supervisor.map(poison.poisoned, [("prepare for long", "")]))


@pytest.mark.skipif(sys.platform != "linux", reason="memory limits need Linux")
def test_an_item_may_take_so_much_memory_and_no_more() -> None:
    """In a process of its own: of workers of a large parent, as tests can be, it cannot be told how large they were."""
    code = """
from hcr_scan.engines.supervisor import Supervisor
from hcr_scan.settings import Limits
from tests import poison
items = ["1/2 GiB", "1 GiB", "1/2 GiB", "native memory", "1/2 GiB"]
supervisor = Supervisor(1, limits=Limits(worker_memory=1 << 30))
for result in supervisor.map(poison.poisoned, [(item, "") for item in items]):
    print(result if isinstance(result, str) else f"{result.error.value}: {result.reason}")
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    results = done.stdout.splitlines()
    assert results[::2] == ["8 blocks"] * 3
    for result in results[1::2]:
        assert result.startswith("memory: ")
        assert "1,024 MiB" in result
        assert "--worker-memory" in result


def test_workers_cannot_write_to_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    with contextlib.closing(Supervisor(1)) as own:
        assert list(own.map(poison.poisoned, [("print", "")])) == ["print"]
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("noise") == 2


def test_one_job_has_a_process_of_its_own_too() -> None:
    with contextlib.closing(Supervisor(1)) as supervisor:
        answers = list(supervisor.map(poison.whoami, range(3)))
    assert {answer.process for answer in answers if isinstance(answer, poison.Answer)} != {os.getpid()}
    assert len({answer.process for answer in answers if isinstance(answer, poison.Answer)}) == 1


def test_workers_are_replaced_before_they_grow_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "ITEMS_A_WORKER", 4)
    with contextlib.closing(Supervisor(1)) as supervisor:
        answers = list(supervisor.map(poison.whoami, range(12)))
    processes = Counter(answer.process for answer in answers if isinstance(answer, poison.Answer))
    assert list(processes.values()) == [4, 4, 4]


@pytest.mark.parametrize(
    ("prepare", "reason"), [(poison.broken_start, "libGL.so.1"), (poison.dying_start, "exit code 9")]
)
def test_workers_that_cannot_start_end_the_run_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, prepare: Callable[[], None], reason: str
) -> None:
    monkeypatch.setattr(worker_pool, "PAUSE_SECONDS", 0.001)
    supervisor = Supervisor(2, prepare)
    with contextlib.closing(supervisor), pytest.raises(WorkerError, match=reason):
        list(supervisor.map(poison.double, range(3)))


def test_a_system_without_processes_to_spare_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(worker_pool, "PAUSE_SECONDS", 0.001)
    descriptors = len(open_descriptors())
    supervisor = Supervisor(2)
    with contextlib.closing(supervisor), pytest.raises(WorkerError, match="temporarily unavailable"):
        list(supervisor.map(poison.double, range(3)))
    assert len(open_descriptors()) <= descriptors


def test_fewer_workers_than_wanted_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    started = worker_pool.WorkerProcess

    def only_one(made: list[int] = []) -> Any:  # noqa: B006
        if made:
            raise OSError(24, "Too many open files")
        made.append(1)
        return started()

    monkeypatch.setattr(worker_pool, "WorkerProcess", only_one)
    monkeypatch.setattr(worker_pool, "PAUSE_SECONDS", 0.0001)
    with contextlib.closing(Supervisor(4)) as supervisor:
        assert list(supervisor.map(poison.double, range(300))) == [2 * n for n in range(300)]


def test_closing_ends_workers_in_the_middle_of_their_work() -> None:
    supervisor = Supervisor(1)
    results = supervisor.map(poison.sleep, [0.0, 60.0, 60.0])
    next(results)
    started = time.monotonic()
    supervisor.close()
    assert time.monotonic() - started < 2
    with pytest.raises(RuntimeError, match="closed"):
        next(results)


def test_where_the_system_keeps_no_account_of_ended_processes_only_the_cause_is_unknown() -> None:
    code = """
import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)
from tests.unit.test_supervisor import Limits, Supervisor, poison
results = Supervisor(2, limits=Limits(page_timeout=2)).map(poison.poisoned, [("a", ""), ("hang", ""), ("SIGKILL", "")])
print([getattr(result, "reason", result).split(";")[0] for result in results])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    told = ["a", "took longer than 2 s", "crashed the process that read it, twice (exit code unknown)"]
    assert (done.stdout, done.stderr) == (f"{told}\n", "")


def test_a_mistake_of_the_supervisor_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.closing(Supervisor(2, limits=Limits(page_timeout=0.5))) as supervisor:
        assert list(supervisor.map(poison.sleep, [0.2] * 4)) == [0.2] * 4
        monkeypatch.setattr(worker_pool.WorkerProcess, "end", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            list(supervisor.map(poison.sleep, [60.0]))


def test_a_forgotten_supervisor_leaves_nothing_behind() -> None:
    before = open_descriptors(), threading.active_count()
    supervisor = Supervisor(1)
    (answer,) = supervisor.map(poison.whoami, [1])
    assert isinstance(answer, poison.Answer)
    del supervisor
    assert not alive(answer.process)
    assert (open_descriptors(), threading.active_count()) == before


def test_a_pause_of_the_whole_run_is_nobody_s_fault() -> None:
    code = (
        "from hcr_scan.engines.supervisor import Supervisor; from hcr_scan.settings import Limits\n"
        "from tests import poison\n"
        "s = Supervisor(1, limits=Limits(page_timeout=1.0))\n"
        "print(next(s.map(poison.sleep, [0.0])), flush=True)\n"
        "print(next(s.map(poison.sleep, [0.9])), flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "0.0\n"
        time.sleep(0.1)
        stopped = [process.pid, *children_of(process.pid)]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(2)
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        assert process.stdout.readline() == "0.9\n"


@pytest.mark.parametrize(
    ("prepare", "work"),
    [
        # No thread of a worker gets its turn: only the system can end it.
        pytest.param(
            "None", "hang with the lock", marks=pytest.mark.skipif(sys.platform != "linux", reason="needs prctl")
        ),
        ("poison.without_death_signal", "hang"),
    ],
)
def test_nothing_outlives_a_killed_parent(prepare: str, work: str) -> None:
    code = (
        "from hcr_scan.engines.supervisor import Supervisor; from tests import poison\n"
        f"s = Supervisor(2, {prepare})\n"
        "print(*[a.process for a in s.map(poison.whoami, range(20))], flush=True)\n"
        f"list(s.map(poison.poisoned, [({work!r}, '')] * 2))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        workers = {int(pid) for pid in process.stdout.readline().split()}
        time.sleep(0.2)
        process.kill()
    assert workers
    wait_until(lambda: not any(map(alive, workers)))


def test_an_item_is_not_blamed_for_a_worker_that_never_began_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are stopped before they are given something, and killed while they hold it unread."""
    monkeypatch.setattr(worker_pool, "MOST_ATTEMPTS", 1)
    with contextlib.closing(Supervisor(1)) as supervisor:
        for _ in range(3):
            (answer,) = supervisor.map(poison.whoami, [1])
            assert isinstance(answer, poison.Answer)
            os.kill(answer.process, signal.SIGSTOP)
            threading.Timer(0.2, os.kill, (answer.process, signal.SIGKILL)).start()
            assert list(supervisor.map(poison.double, [1])) == [2]


def test_killing_workers_at_random_loses_and_doubles_nothing(journal: Path) -> None:
    kill_at_random(200, journal, Random(17))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_killing_workers_at_random_loses_and_doubles_nothing_in_a_long_run(journal: Path, seed: int) -> None:
    kill_at_random(1500, journal, Random(seed))


def kill_at_random(items: int, journal: Path, random: Random) -> None:
    """Every item has its own result; or is named as lost, where both processes that tried it were killed by us."""
    killed: list[int] = []
    over = threading.Event()
    with contextlib.closing(Supervisor(2)) as supervisor:

        def kill() -> None:
            while not over.wait(random.uniform(0.05, 0.4)):
                victims = children_of(os.getpid())
                if victims:
                    killed.append(random.choice(victims))
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(killed[-1], signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            tasks = ((number, str(journal)) for number in range(items))
            count = 0
            lost = []
            for number, result in enumerate(supervisor.map(poison.attempted, tasks)):
                count += 1
                if isinstance(result, Lost):
                    lost.append(number)
                else:
                    assert result == poison.large(number)
        finally:
            over.set()
            killer.join()
    assert count == items
    assert killed
    attempts: dict[int, list[int]] = {}
    for line in journal.read_text().splitlines():
        number, process = map(int, line.split())
        attempts.setdefault(number, []).append(process)
    assert max(map(len, attempts.values())) <= 2
    # A process may have been killed before it could note its attempt.
    assert all(set(attempts.get(number, [])) <= set(killed) for number in lost)
    assert len(lost) <= max(1, items // 200)


def test_a_thousand_items_leave_no_descriptor_and_no_thread_behind(supervisor: Supervisor) -> None:
    def held() -> tuple[int, int]:
        return len(open_descriptors()), threading.active_count()

    list(supervisor.map(poison.double, range(200)))
    before = settled(held)
    numbers = [n if n % 100 else "SIGKILL" for n in range(1000)]
    results = list(supervisor.map(poison.poisoned, [(n, "") for n in numbers]))  # type: ignore[misc]
    assert sum(isinstance(result, Lost) for result in results) == 10
    assert settled(held) == before


def open_descriptors() -> set[str]:
    return {entry.name for entry in Path("/dev/fd").iterdir()}


def settled(look: Callable[[], tuple[int, int]]) -> tuple[int, int]:
    """What there is once nothing has changed for half a second: a worker that starts takes descriptors for a moment."""
    seen, since = look(), time.monotonic()
    while time.monotonic() < since + 0.5:
        time.sleep(0.01)
        if (now := look()) != seen:
            seen, since = now, time.monotonic()
    return seen


def wait_until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process runs; zombies wait for their parent and do not."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()[:1] not in ("", "Z")


def children_of(pid: int) -> list[int]:
    done = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat=,comm="], capture_output=True, text=True, check=True)
    rows = (line.split(None, 3) for line in done.stdout.splitlines())
    return [int(row[0]) for row in rows if int(row[1]) == pid and row[2][0] != "Z" and row[3] != "ps"]


def processes_with(word: str) -> list[str]:
    done = subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if word in line]
