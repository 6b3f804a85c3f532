"""The engine that pages of unknown origin run in: processes with limits, each item with exactly one outcome."""

from __future__ import annotations

import pickle
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from hcr_scan.engines.answers import decode
from hcr_scan.engines.base import Item, Lost, Result
from hcr_scan.engines.jobs import Job
from hcr_scan.engines.worker_pool import WorkerPool
from hcr_scan.errors import WorkerError
from hcr_scan.settings import Limits


class Supervisor:
    """Runs items in ``jobs`` worker processes, which are started afresh (never forked) and live until :meth:`close`.

    An item that takes too long, takes too much memory, or crashes its worker is :class:`Lost`; no other item is. A
    worker holds one item at a time, over pipes of its own, so it is always known whose fault it is. An item whose
    worker dies is tried once more, alone in another worker; one that takes too long or raises is not.

    Args:
        jobs: items at a time.
        prepare: run by each worker when it starts; the first starts now, while the caller gets ready too.
        limits: time an item, and memory a worker, may take.
        decode: makes a result of the bytes that a worker answers with.

    Raises:
        WorkerError: the system has no thread or descriptor left. (Also raised by :meth:`map` where no worker starts.)
    """

    elsewhere = False

    def __init__(
        self,
        jobs: int,
        prepare: Callable[[], object] | None = None,
        limits: Limits | None = None,
        decode: Callable[[memoryview], Any] = decode,
    ) -> None:
        self._jobs = jobs
        try:
            self._pool = WorkerPool(jobs, limits or Limits(), prepare, decode)
            self._pool.start()
        except (OSError, RuntimeError) as error:
            raise WorkerError(f"no worker can be started ({error}); raise the system's limits") from error
        # Also at the end of the interpreter, and when the engine is forgotten.
        self.close = weakref.finalize(self, self._pool.close)

    @property
    def largest_worker(self) -> int:
        """The most memory that one of the workers had that have ended, in bytes; 0 where that cannot be told."""
        return self._pool.largest

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item], window: int | None = None
    ) -> Iterator[Result | Lost[Item]]:
        """Results in the order of ``items``. One map may feed another.

        Raises:
            WorkerError: no worker can be started.
        """
        window = window or 2 * self._jobs
        waiting: deque[tuple[Item, Job]] = deque()
        try:
            for item in items:
                job = Job(pickle.dumps((function, item), protocol=5))
                self._pool.submit(job)
                waiting.append((item, job))
                if len(waiting) >= window:
                    yield self._outcome(*waiting.popleft())
            while waiting:
                yield self._outcome(*waiting.popleft())
        finally:
            for _, job in waiting:
                self._pool.cancel(job)

    def stage(
        self, work: Callable[[Iterable[Item]], Iterable[Result]], items: Iterable[Item]
    ) -> Iterator[Result | Lost[Item]]:
        """Done here, beside the workers."""
        return iter(work(items))

    def _outcome(self, item: Item, job: Job) -> Result | Lost[Item]:
        outcome = self._pool.outcome(job)
        if outcome.loss is not None:
            return Lost(item, outcome.loss, outcome.reason)
        result: Result = outcome.result
        return result
