"""The thread that looks after the workers: hands out items, takes answers, ends what is late, replaces what died."""

from __future__ import annotations

import contextlib
import os
import pickle
import selectors
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hcr_scan.engines.answers import UntrustedAnswer, decode
from hcr_scan.engines.base import Loss
from hcr_scan.engines.jobs import Job, Outcome, outcome_of, outcome_of_death, text_of
from hcr_scan.engines.messages import BadMessage, Kind
from hcr_scan.engines.worker_process import Death, WorkerProcess
from hcr_scan.errors import WorkerError
from hcr_scan.settings import Limits

#: How often an item is tried whose worker dies: once more, for it may have died of something else.
MOST_ATTEMPTS = 2
#: Items after which a worker is replaced, so that what libraries leak does not add up.
ITEMS_A_WORKER = 1000
#: Workers that fail to start, one after the other, before the run ends; and those that say themselves why.
MOST_FAILED_STARTS, MOST_UNREADY = 8, 2
#: Seconds a worker may take to get ready. Libraries on a cold disk take their time, and so do hundreds of blanks.
START_SECONDS = 300.0
#: Seconds to wait after the first worker that failed to start; twice as many after each further one.
PAUSE_SECONDS = 0.05
#: Seconds that it sleeps at a time while workers work; and where it wakes so much later than it wanted, it was held up
#: itself, and maybe its workers with it.
MOST_SLEEP, HELD_UP_SECONDS = 1.0, 0.5


@dataclass(slots=True, eq=False)
class _Worker:
    """A worker and what it is at: getting ready, idle (no job), or working; the first and last until ``deadline``.

    ``prepares`` is whether it makes something ready for all its items while it has its first.
    """

    process: WorkerProcess
    deadline: float
    ready: bool = False
    job: Job | None = None
    items: int = 0
    prepares: bool = False
    prepared: bool = False
    writing: bool = False

    @property
    def is_timed(self) -> bool:
        return self.job is not None or not self.ready


@dataclass(slots=True)
class _Starts:
    """Workers that failed to get ready since one finished an item."""

    failed: int = 0
    unready: int = 0
    reason: str = ""
    not_before: float = 0.0

    def note(self, reason: str, *, unready: bool = False) -> None:
        self.not_before = time.monotonic() + PAUSE_SECONDS * 2 ** min(self.failed, 9)
        self.failed += 1
        self.unready += unready
        self.reason = reason

    @property
    def hopeless(self) -> bool:
        return self.failed >= MOST_FAILED_STARTS or self.unready >= MOST_UNREADY


class WorkerPool(threading.Thread):
    """Up to ``workers`` processes and the queue they work on.

    It is a thread of its own so that workers are fed, and their time is taken, while the caller is busy with what they
    answered; and because Linux ends a process with the thread that started it.
    """

    def __init__(
        self,
        workers: int,
        limits: Limits,
        prepare: Callable[[], object] | None,
        decode: Callable[[memoryview], Any] = decode,
    ) -> None:
        super().__init__(name="hcr-scan supervisor", daemon=True)
        self._most = workers
        self._limits = limits
        self._decode = decode
        self._setup = pickle.dumps((prepare, limits.worker_memory))
        self._changed = threading.Condition()
        self._queue: deque[Job] = deque()
        self._error: BaseException | None = None
        self._closing = False
        #: The most memory that one of the workers had that have ended, in bytes.
        self.largest = 0
        self._workers: list[_Worker] = []
        self._undead: list[WorkerProcess] = []
        self._starts = _Starts()
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = os.pipe()
        for descriptor in (self._woken, self._wake):
            os.set_blocking(descriptor, False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)

    # What callers use.

    def submit(self, job: Job) -> None:
        """Put a job at the end of the queue."""
        with self._changed:
            self._refuse_if_over()
            self._queue.append(job)
            self._wake_up()

    def outcome(self, job: Job) -> Outcome:
        """What came of a job, as soon as it is there.

        Raises:
            WorkerError: no worker can be started.
        """
        with self._changed:
            while job.outcome is None:
                self._refuse_if_over()
                self._changed.wait()
            return job.outcome

    def cancel(self, job: Job) -> None:
        """Forget a job; if a worker has it already, its answer is thrown away."""
        job.canceled = True

    def close(self) -> None:
        """End all workers now, whatever they are at."""
        with self._changed:
            self._closing = True
            self._wake_up()
        self.join()
        with self._changed:
            for descriptor in (self._woken, self._wake):
                os.close(descriptor)
            self._wake = -1

    def _refuse_if_over(self) -> None:
        if self._error is not None:
            raise self._error
        if self._closing:
            raise RuntimeError("the engine is closed")

    def _wake_up(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it has a thousand reasons to wake up already
            os.write(self._wake, b"\0")

    # What the thread does.

    def run(self) -> None:
        # Signals are for the main thread; and workers are born with them held, deaf until they know what to do.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        error: BaseException | None = None
        try:
            self._start_worker()
            while not self._closing:
                self._hand_out()
                self._listen()
        except BaseException as caught:
            error = caught
        for worker in [*self._workers]:
            try:
                self._end(worker)
            except Exception as caught:  # nobody is to wait for an outcome of what cannot be ended
                error = error or caught
        self._selector.close()
        with self._changed:
            self._error = error
            self._closing = True
            self._changed.notify_all()

    def _hand_out(self) -> None:
        """Give idle workers what is queued, and start workers for the rest."""
        for worker in [worker for worker in self._workers if worker.ready and worker.job is None]:
            job = self._next_job()
            if job is None:
                return
            self._give(worker, job)
        coming = sum(not worker.ready for worker in self._workers)
        wanted = min(len(self._queue) - coming, self._most - len(self._workers))
        while wanted > 0 and time.monotonic() >= self._starts.not_before:
            self._start_worker()
            wanted -= 1

    def _next_job(self) -> Job | None:
        with self._changed:
            while self._queue:
                job = self._queue.popleft()
                if not job.canceled:
                    return job
        return None

    def _give(self, worker: _Worker, job: Job) -> None:
        # Counted before the work starts: who dies of it has tried.
        job.attempts += 1
        worker.job = job
        worker.items += 1
        worker.deadline = time.monotonic() + self._limits.page_timeout
        self._send(worker, job.payload)

    def _send(self, worker: _Worker, body: bytes) -> None:
        try:
            worker.process.send(body)
        except BrokenPipeError:
            self._died(worker)
            return
        self._watch_writing(worker)

    def _watch_writing(self, worker: _Worker) -> None:
        if worker.process.has_unsent and not worker.writing:
            self._selector.register(worker.process.tasks, selectors.EVENT_WRITE, worker)
        elif worker.writing and not worker.process.has_unsent:
            self._selector.unregister(worker.process.tasks)
        worker.writing = worker.process.has_unsent

    def _start_worker(self) -> None:
        try:
            process = WorkerProcess()
        except (OSError, MemoryError) as error:
            self._could_not_start(str(error))
            return
        worker = _Worker(process, time.monotonic() + START_SECONDS)
        self._workers.append(worker)
        self._selector.register(process.answers, selectors.EVENT_READ, worker)
        self._send(worker, self._setup)

    def _could_not_start(self, reason: str, *, unready: bool = False) -> None:
        """Try again a little later, or end the run where there is no worker and will be none.

        Raises:
            WorkerError: it is hopeless.
        """
        self._starts.note(reason, unready=unready)
        if self._starts.hopeless and not self._workers:
            raise WorkerError(
                f"no worker process can be started ({self._starts.reason}); lower --jobs, raise --worker-memory "
                "or the system's limits on processes, open files and memory, or mend the installation"
            )

    def _listen(self) -> None:
        """Wait for the next thing to happen, and act on it."""
        now = time.monotonic()
        alarms = [worker.deadline for worker in self._workers if worker.is_timed]
        if self._queue and self._starts.not_before > now:
            alarms.append(self._starts.not_before)
        wait = min(max(0.0, min(alarms) - now), MOST_SLEEP) if alarms else None
        events = self._selector.select(wait)
        slept = time.monotonic() - now
        if wait is not None and slept > wait + HELD_UP_SECONDS:
            self._forgive(slept)
        for key, mask in events:
            if key.data is None:
                os.read(self._woken, 4096)
            elif mask & selectors.EVENT_WRITE:
                self._flush(key.data)
            else:
                self._take(key.data)
        self._end_late_ones()

    def _forgive(self, seconds: float) -> None:
        """Where the whole run stood still (paused, or the machine asleep) nobody is to blame for the time."""
        for worker in self._workers:
            worker.deadline += seconds

    def _flush(self, worker: _Worker) -> None:
        if worker not in self._workers:
            return
        try:
            worker.process.flush()
        except BrokenPipeError:
            self._died(worker)
            return
        self._watch_writing(worker)

    def _take(self, worker: _Worker) -> None:
        """Take what a worker has to say."""
        if worker not in self._workers:
            return
        try:
            message = worker.process.receive()
            if message is None:
                return
            self._heard(worker, *message)
        except EOFError:
            self._died(worker)
        except (BadMessage, UntrustedAnswer) as error:
            self._mistrust(worker, str(error))

    def _heard(self, worker: _Worker, kind: Kind, body: memoryview) -> None:
        if kind is Kind.READY and not worker.ready:
            worker.ready = True
            worker.process.note_size()
        elif kind is Kind.UNREADY and not worker.ready:
            self._end(worker)
            self._could_not_start(text_of(body), unready=True)
        elif worker.job is not None and kind is Kind.PREPARING and not worker.prepared:
            worker.prepares = worker.prepared = True
            worker.deadline = time.monotonic() + START_SECONDS
        elif worker.job is not None and kind is Kind.READY and worker.prepares:
            worker.prepares = False
            worker.deadline = time.monotonic() + self._limits.page_timeout
        elif worker.job is None or kind in (Kind.READY, Kind.UNREADY, Kind.PREPARING, Kind.TASK):
            raise BadMessage(f"message of kind {kind.name} out of turn")
        else:
            self._finish(worker, outcome_of(kind, body, self._limits, self._decode))

    def _finish(self, worker: _Worker, outcome: Outcome) -> None:
        job, worker.job = worker.job, None
        assert job is not None
        if self._starts.failed:
            self._starts = _Starts()
        self._settle(job, outcome)
        if worker.items >= ITEMS_A_WORKER or worker.process.has_unsent:
            self._end(worker)

    def _settle(self, job: Job, outcome: Outcome) -> None:
        with self._changed:
            job.outcome = outcome
            job.payload = b""
            self._changed.notify_all()

    def _died(self, worker: _Worker) -> None:
        began = worker.process.began()
        death = self._end(worker)
        if not worker.ready:
            cause = "it cannot be ended" if death is None else death.cause
            self._could_not_start(f"the process ended at once: {cause}")
            return
        job = worker.job
        if job is None:
            return
        if not began:
            # Whatever it died of, it was not this item.
            job.attempts -= 1
            self._try_again(job)
            self._could_not_start("the process ended before it began to work")
        elif job.attempts < MOST_ATTEMPTS:
            self._try_again(job)
        else:
            self._settle(job, outcome_of_death(death, self._limits))

    def _mistrust(self, worker: _Worker, what: str) -> None:
        self._end(worker)
        if not worker.ready:
            self._could_not_start(f"the process said what it should not: {what}")
        elif worker.job is not None:
            self._settle(worker.job, Outcome(None, Loss.ERROR, f"gave an answer that is not to be trusted ({what})"))

    def _end_late_ones(self) -> None:
        now = time.monotonic()
        for worker in [worker for worker in self._workers if worker.is_timed and worker.deadline <= now]:
            # It may have answered while this thread had no turn.
            self._take(worker)
            if worker in self._workers and worker.is_timed and worker.deadline <= now:
                self._end(worker)
                self._too_late(worker)
        self._undead = [process for process in self._undead if process.end(0) is None]

    def _too_late(self, worker: _Worker) -> None:
        if worker.job is None or worker.prepares:
            if worker.job is not None:
                worker.job.attempts -= 1
                self._try_again(worker.job)
            self._could_not_start(f"the process is not ready after {START_SECONDS:.0f} s", unready=True)
        else:
            reason = f"took longer than {self._limits.page_timeout:g} s; raise --page-timeout, or scan it again"
            self._settle(worker.job, Outcome(None, Loss.TIMEOUT, reason))

    def _try_again(self, job: Job) -> None:
        with self._changed:
            self._queue.appendleft(job)

    def _end(self, worker: _Worker) -> Death | None:
        self._workers.remove(worker)
        self._selector.unregister(worker.process.answers)
        if worker.writing:
            self._selector.unregister(worker.process.tasks)
        death = worker.process.end()
        if death is None:
            self._undead.append(worker.process)
        else:
            self.largest = max(self.largest, death.peak)
        return death
