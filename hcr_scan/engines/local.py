"""Pages run on this machine: in this process, or in worker processes that are started afresh (never forked)."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any, Generic

from hcr_scan.engines.base import Engine, Item, Lost, Result


def local_engine(jobs: int, prepare: Callable[[], object] | None = None) -> Engine:
    """The engine for a number of jobs: 1 runs in this process, which starts at once; more run in worker processes.

    In this process a page that crashes a native library ends the run, so the command line uses 1 only when told to.

    Args:
        jobs: pages at a time.
        prepare: run by each worker when it starts; the first starts now, while the caller gets ready too.
    """
    return InProcessEngine() if jobs == 1 else ProcessEngine(jobs, prepare)


class InProcessEngine:
    """Runs each item when its result is asked for."""

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item], window: int | None = None
    ) -> Iterator[Result | Lost[Item]]:
        del window
        return map(function, items)

    def close(self) -> None:
        """Nothing to end."""


class ProcessEngine:
    """Runs items in ``jobs`` worker processes; the pool lives until :meth:`close`.

    When a worker dies the pool of the standard library takes every item under way down with it. Those are then run
    again, each alone in a pool of its own, so that only the item that kills its worker is lost.
    """

    def __init__(self, jobs: int, prepare: Callable[[], object] | None = None) -> None:
        self._jobs = jobs
        self._prepare = prepare
        self._pool: ProcessPoolExecutor | None = _new_pool(jobs, prepare)
        with _interrupts_held():
            self._first_worker = self._pool.submit(_nothing)

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item], window: int | None = None
    ) -> Iterator[Result | Lost[Item]]:
        window = window or 2 * self._jobs
        waiting: deque[_Task[Item, Result]] = deque()
        try:
            for item in items:
                waiting.append(self._submit(function, item))
                if len(waiting) >= window:
                    outcome = self._result(function, waiting.popleft())
                    yield outcome
            while waiting:
                outcome = self._result(function, waiting.popleft())
                yield outcome
        finally:
            for task in waiting:
                task.future.cancel()

    def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            _stop(pool)

    def _submit(self, function: Callable[[Item], Result], item: Item) -> _Task[Item, Result]:
        if self._pool is None:
            self._pool = _new_pool(self._jobs, self._prepare)
        # The pool starts a worker where none is idle; a run of one page needs no more than the first.
        wait_for([self._first_worker])
        try:
            with _interrupts_held():
                future = self._pool.submit(function, item)
        except BrokenProcessPool as error:
            future = Future()
            future.set_exception(error)
        return _Task(item, future, self._pool)

    def _result(self, function: Callable[[Item], Result], task: _Task[Item, Result]) -> Result | Lost[Item]:
        with contextlib.suppress(BrokenProcessPool):
            return task.future.result()
        # Items sent since the pool broke may run in a new one already: end the one this item was in, and no other.
        if self._pool is task.pool:
            self.close()
        return _run_alone(function, task.item, self._prepare)


@dataclass(frozen=True, slots=True)
class _Task(Generic[Item, Result]):
    item: Item
    future: Future[Result]
    pool: ProcessPoolExecutor


def _run_alone(
    function: Callable[[Item], Result], item: Item, prepare: Callable[[], object] | None
) -> Result | Lost[Item]:
    pool = _new_pool(1, prepare)
    try:
        with _interrupts_held():
            future = pool.submit(function, item)
        return future.result()
    except BrokenProcessPool:
        return Lost(item, "the worker process died over it; it was killed for memory, or a native library crashed")
    finally:
        _stop(pool)


def _new_pool(jobs: int, prepare: Callable[[], object] | None) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker, initargs=(prepare,))


def _nothing() -> None:
    """What the first worker is started with."""


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Start workers with Ctrl-C blocked: until they ignore it, one that is still importing would print a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _stop(pool: ProcessPoolExecutor) -> None:
    """End a pool now: what its workers are doing is no longer wanted, and a hung one would keep us for ever."""
    # Python 3.14 has kill_workers() for this.
    processes: dict[int, Any] = dict(getattr(pool, "_processes", None) or {})
    for process in processes.values():
        process.kill()
    # Waits for the pool's own thread, which the end of the interpreter would otherwise trip over.
    pool.shutdown(wait=True, cancel_futures=True)


def _start_worker(prepare: Callable[[], object] | None) -> None:
    """Leave Ctrl-C to the parent, which ends its workers, and end when the parent is killed outright."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    if prepare is not None:
        prepare()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
