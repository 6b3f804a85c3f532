"""What workers are given to run in tests of engines: small jobs, and all that can go wrong with one.

Workers import this module, so it imports nothing that takes time.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
import time
from dataclasses import dataclass

from hcr_scan.engines.answers import answerable
from hcr_scan.engines.messages import HEADER, Kind
from hcr_scan.engines.preparation import preparing
from hcr_scan.errors import UsageError

LETTERS = "a" * 60 + "!"


@answerable
@dataclass(frozen=True, slots=True)
class Answer:
    number: int
    process: int


@dataclass(frozen=True, slots=True)
class Foreign:
    """A class that nobody said workers may answer with."""

    number: int


class Evil:
    """Pickles as a call of something harmful."""

    def __reduce__(self) -> object:
        return os.system, ("touch should-not-exist",)


def double(number: int) -> int:
    return 2 * number


def whoami(number: int) -> Answer:
    return Answer(number, os.getpid())


def refuse(message: str) -> None:
    raise UsageError(message)


def slow_when_even(number: int) -> int:
    time.sleep(0 if number % 2 else 0.05)
    return number


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def large(number: int) -> bytes:
    """4 MB that tell which number they are for."""
    return number.to_bytes(4, "big") * (1 << 20)


def attempted(task: tuple[int, str]) -> bytes:
    """:func:`large`, noting in a file which process tried which number."""
    number, journal = task
    with open(journal, "a", encoding="ascii") as file:  # noqa: PTH123
        file.write(f"{number} {os.getpid()}\n")
    time.sleep(0.002)
    return large(number)


def poisoned(task: tuple[str, str]) -> object:
    """Do what the first word says, noting the attempt in the file named second; return the word if nothing is wrong."""
    what, journal = task
    if journal:
        with open(journal, "a", encoding="ascii") as file:  # noqa: PTH123
            file.write(f"{what}\n")
    return POISONS[what]() if what in POISONS else what


def _signal(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    time.sleep(60)


def _segfault() -> None:
    ctypes.string_at(0)


def _exit() -> None:
    os._exit(3)


def _raise(error: BaseException) -> None:
    raise error


def _hang_holding_the_lock() -> None:
    ctypes.PyDLL(None).sleep(60)


def _hang_in_regular_expression() -> None:
    re.match("(a+)+$", LETTERS)


def _hang() -> None:
    while True:
        time.sleep(1)


def _eat_memory(most: int) -> str:
    blocks = [bytearray(64 << 20) for _ in range(most >> 26)]
    return f"{len(blocks)} blocks"


def _eat_memory_natively() -> None:
    """As native libraries do it: take memory until there is none, then abort."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    while True:
        block = libc.malloc(64 << 20)
        if not block:
            libc.abort()
        ctypes.memset(block, 1, 64 << 20)


def _start_a_child_and_hang() -> None:
    import subprocess

    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", f"child-of-{os.getppid()}"])
    _hang()


def _scribble() -> str:
    """Write over every pipe this process has, as native code gone wild might."""
    for descriptor in range(3, 1024):
        try:
            os.write(descriptor, b"\xff" * 4096)
        except OSError:
            continue
    time.sleep(60)
    return ""


def _stop_while_sending() -> None:
    """Be stopped in the middle of an answer."""
    os.write(int(sys.argv[2]), HEADER.pack(Kind.RESULT, 1000) + b"x" * 500)
    os.kill(os.getpid(), signal.SIGSTOP)


def _prepare(seconds: float) -> str:
    """Take time for what is done once a worker; the second time it is the item's own."""
    with preparing():
        time.sleep(seconds)
    time.sleep(0.5)
    return "prepared"


def _print() -> str:
    os.write(1, b"native noise on standard output\n")
    sys.stdout.write("noise on standard output\n")
    sys.stdout.flush()
    return "print"


POISONS = {
    "SIGSEGV": _segfault,
    "SIGABRT": os.abort,
    "SIGKILL": lambda: _signal(signal.SIGKILL),
    "exit": _exit,
    "unpicklable": lambda: lambda: None,
    "raise": lambda: _raise(ValueError("no such glyph")),
    "SystemExit": lambda: _raise(SystemExit(0)),
    "KeyboardInterrupt": lambda: _raise(KeyboardInterrupt()),
    "evil": Evil,
    "foreign": lambda: Foreign(1),
    "hang": _hang,
    "hang with the lock": _hang_holding_the_lock,
    "hang in a pattern": _hang_in_regular_expression,
    "SIGSTOP": lambda: _signal(signal.SIGSTOP),
    "SIGSTOP while sending": _stop_while_sending,
    "1/2 GiB": lambda: _eat_memory(512 << 20),
    "1 GiB": lambda: _eat_memory(1024 << 20),
    "native memory": _eat_memory_natively,
    "child": _start_a_child_and_hang,
    "scribble": _scribble,
    "print": _print,
    "prepare": lambda: _prepare(1.2),
    "prepare for long": lambda: _prepare(60),
    "too long an answer": lambda: b"x" * (200 << 20),
}


def broken_start() -> None:
    raise ImportError("libGL.so.1: cannot open shared object file")


def dying_start() -> None:
    os._exit(9)


def without_death_signal() -> None:
    """Undo what ends a worker with its supervisor on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
