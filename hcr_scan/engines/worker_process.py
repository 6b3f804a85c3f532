"""One worker process as the supervisor sees it: two private pipes, never waited for, and an end that can be told."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import resource
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hcr_scan.engines.memory import ended_peak, living_peak
from hcr_scan.engines.messages import HEADER, Kind, MessageReader

#: What a worker's interpreter runs; after its three numbers stands the search path, which is the supervisor's own.
BOOT = """
import sys
sys.path[:] = sys.argv[4:]
from hcr_scan.engines.worker_main import main
main(*map(int, sys.argv[1:4]))
"""
#: Room for a whole page's answer, where Linux grants it: a worker need not wait until the supervisor looks.
PIPE_ROOM = 1 << 20
#: Threads that libraries of arrays start by themselves; workers are as many as cores, so each has one.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
#: Variables that are, or lead to, credentials.
_CREDENTIAL = re.compile(
    r"^(AWS|AZURE|GOOGLE|GCLOUD|CLOUDSDK|FSSPEC|BOTO|SSH_AUTH)|SECRET|TOKEN|PASS|CREDENTIAL|(API|ACCESS|PRIVATE)_?KEY",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Death:
    """How a process ended; ``exit_code`` is ``None`` where the system forgot it at once, since SIGCHLD is ignored.

    ``peak`` is the most memory it had at a time; ``ready_memory`` and ``ready_space`` are what it had, of memory and of
    addresses, when it was ready to work. All in bytes, 0 where the system does not tell.
    """

    exit_code: int | None
    peak: int
    ready_memory: int = 0
    ready_space: int = 0

    @property
    def cause(self) -> str:
        """``SIGSEGV``, ``exit code 3``."""
        if self.exit_code is None:
            return "exit code unknown"
        if self.exit_code >= 0:
            return f"exit code {self.exit_code}"
        try:
            return signal.Signals(-self.exit_code).name
        except ValueError:
            return f"signal {-self.exit_code}"


class WorkerProcess:
    """A started worker. Nothing here waits for it, except :meth:`end` for the moment that a killed process takes.

    Raises:
        OSError: the system has no process, descriptor or memory left.
    """

    def __init__(self) -> None:
        tasks_from, self.tasks = os.pipe()
        try:
            self.answers, answers_to = os.pipe()
        except OSError:
            os.close(tasks_from)
            os.close(self.tasks)
            raise
        try:
            self._process = _started(tasks_from, answers_to)
        except BaseException:
            os.close(self.tasks)
            os.close(self.answers)
            raise
        finally:
            os.close(tasks_from)
            os.close(answers_to)
        for descriptor in (self.tasks, self.answers):
            os.set_blocking(descriptor, False)
        _widen(self.answers)
        self._reader = MessageReader(self.answers)
        self._unsent = memoryview(b"")
        self._open = True
        self._ready_space, self._ready_memory, self._peak = 0, 0, 0

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_unsent(self) -> bool:
        """Whether part of a message waits for room in the pipe."""
        return len(self._unsent) > 0

    def note_size(self) -> None:
        """Look how large the process is before it works; what it grows by later is told by :class:`Death`."""
        with contextlib.suppress(OSError):
            space, memory, *_ = Path(f"/proc/{self.pid}/statm").read_text().split()
            self._ready_space, self._ready_memory = (int(pages) * resource.getpagesize() for pages in (space, memory))

    def send(self, body: bytes) -> None:
        """Put a message on its way; :meth:`flush` sends what finds no room now.

        Raises:
            BrokenPipeError: the process is dead or dying.
        """
        assert not self.has_unsent
        self._unsent = memoryview(HEADER.pack(Kind.TASK, len(body)) + body)
        self.flush()

    def flush(self) -> None:
        """Send what there is room for."""
        with contextlib.suppress(BlockingIOError):
            while self._unsent:
                self._unsent = self._unsent[os.write(self.tasks, self._unsent) :]

    def began(self) -> bool:
        """Whether the process took up what was sent last; to be asked before :meth:`end`."""
        if self.has_unsent:
            return False
        unread = bytearray(4)
        with contextlib.suppress(OSError):
            fcntl.ioctl(self.tasks, termios.FIONREAD, unread)
        return not int.from_bytes(unread, sys.byteorder)

    def receive(self) -> tuple[Kind, memoryview] | None:
        """The next message, or ``None`` if there is no whole one.

        Raises:
            BadMessage: it is no message of ours.
            EOFError: the process is dead or dying.
        """
        return self._reader.read()

    def end(self, patience: float = 2.0) -> Death | None:
        """Kill the process and all it started; ``None`` if the system cannot end it in ``patience`` seconds.

        A process that died by itself is told as it died. May be called again.
        """
        if self._open:
            self._open = False
            self._peak = living_peak(self.pid)
            os.close(self.tasks)
            os.close(self.answers)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        until = time.monotonic() + patience
        pause = 0.0005
        while True:
            try:
                pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            except ChildProcessError:
                self._process.returncode = 0  # what subprocess makes of it
                return Death(None, self._peak, self._ready_memory, self._ready_space)
            if pid:
                break
            if time.monotonic() > until:
                return None
            time.sleep(pause)
            pause = min(2 * pause, 0.05)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        peak = max(self._peak, ended_peak(usage))
        return Death(self._process.returncode, peak, self._ready_memory, self._ready_space)


def _started(tasks_from: int, answers_to: int) -> subprocess.Popen[bytes]:
    numbers = (str(tasks_from), str(answers_to), str(os.getpid()))
    # Nothing a library prints may get into the data on our standard output; without a standard error it is lost.
    messages = 2 if sys.__stderr__ is not None else subprocess.DEVNULL
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, *_interpreter_options(), "-c", BOOT, *numbers, *_search_path()],
        stdin=subprocess.DEVNULL,
        stdout=messages,
        stderr=messages,
        pass_fds=(tasks_from, answers_to),
        env={**_without_credentials(os.environ), **ONE_THREAD},
        # Of its own: Ctrl-C is the supervisor's affair, and what a worker started ends with it.
        start_new_session=True,
    )


def _without_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what opens stores, databases and clusters: who decodes pages is nobody to have that."""
    return {name: value for name, value in environment.items() if not _CREDENTIAL.search(name)}


def _interpreter_options() -> list[str]:
    """Those of this interpreter that say where modules come from; -P keeps the current folder out."""
    options = ["-P"]
    options += ["-E"] if sys.flags.ignore_environment else []
    options += ["-s"] if sys.flags.no_user_site else []
    return options


def _search_path() -> list[str]:
    """Our own search path without the empty name, which is the current folder, where a scan's files may lie."""
    home = str(Path(__file__).parents[2])
    path = [entry for entry in sys.path if entry]
    return path if home in path else [*path, home]


def _widen(descriptor: int) -> None:
    if sys.platform == "linux":
        # A user's share of room for pipes may be used up: then a worker waits a little now and then.
        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_ROOM)
