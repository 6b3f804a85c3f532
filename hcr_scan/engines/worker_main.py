"""What a worker process runs: it takes an item, answers, and takes the next, within the limits it was given.

Little is imported here: a worker is to be on its way at once.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import threading
from typing import NoReturn

from hcr_scan.engines import answers
from hcr_scan.engines.messages import HEADER, LONGEST_ANSWER, Kind, read_exactly, write_all
from hcr_scan.engines.preparation import announce_with
from hcr_scan.errors import description_of

_PR_SET_PDEATHSIG = 1


def main(tasks: int, answers_to: int, parent: int) -> NoReturn:
    """Work until the supervisor closes ``tasks``, or is no more.

    Args:
        tasks: descriptor that messages come from.
        answers_to: descriptor that answers go to.
        parent: process id of the supervisor.
    """
    _settle(parent, answers_to)
    try:
        prepare, memory = pickle.loads(_next_task(tasks))  # noqa: S301 - the supervisor is trusted
        _limit_memory(memory)
        if prepare is not None:
            prepare()
    except BaseException as error:
        _answer(answers_to, Kind.UNREADY, _description(error))
        os._exit(1)
    _answer(answers_to, Kind.READY)
    announce_with(lambda kind: _answer(answers_to, kind))
    while True:
        task = _next_task(tasks)
        kind, answer = _outcome(task)
        del task
        _answer(answers_to, kind, answer)
        del answer


def _outcome(task: bytearray) -> tuple[Kind, bytes | memoryview]:
    try:
        function, item = pickle.loads(task)  # noqa: S301 - the supervisor is trusted
        encoded = answers.encode(function(item))
    except MemoryError as error:
        return Kind.MEMORY, _description(error)
    except BaseException as error:
        # SystemExit and the like too: a library that wants to end the process ends this item.
        return Kind.RAISED, _description(error)
    if len(encoded) > LONGEST_ANSWER:
        return Kind.RAISED, f"the answer has {len(encoded):,} bytes, more than {LONGEST_ANSWER:,}".encode()
    return Kind.RESULT, encoded


def _description(error: BaseException) -> bytes:
    return description_of(error)[:2000].encode("utf-8", "backslashreplace")


def _next_task(tasks: int) -> bytearray:
    try:
        _, length = HEADER.unpack(read_exactly(tasks, HEADER.size))
        return read_exactly(tasks, length)
    except EOFError:
        os._exit(0)


def _answer(descriptor: int, kind: Kind, body: bytes | memoryview = b"") -> None:
    try:
        write_all(descriptor, HEADER.pack(kind, len(body)), body)
    except BrokenPipeError:
        os._exit(0)


def _settle(parent: int, answers_to: int) -> None:
    """Leave Ctrl-C and its like to the supervisor, end when it ends, and leave no core dumps."""
    # A service manager that ends a run tells all its processes; the pages under way are to come to their end first.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the supervisor starts workers with all signals held
    _limit("RLIMIT_CORE", 0)
    end_with_parent()
    if os.getppid() != parent:
        os._exit(0)
    threading.Thread(target=_end_with_supervisor, args=(answers_to,), daemon=True).start()


def end_with_parent() -> None:
    """Have this process killed when the one that started it ends, on Linux; one that has ended already does not count.

    Works in the middle of native code too, where no thread of ours would get its turn.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _end_with_supervisor(answers_to: int) -> None:
    """End this process when nobody is left to read its answers; for systems without a signal for it."""
    watch = select.poll()
    watch.register(answers_to, 0)
    watch.poll()
    os._exit(0)


def _limit_memory(most: int) -> None:
    if most:
        _limit("RLIMIT_AS", most)


def _limit(name: str, most: int) -> None:
    import resource

    number = getattr(resource, name)
    _, hard = resource.getrlimit(number)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(number, (most, most))
