"""Pages run on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from hcr_scan.engines.base import Item, Lost, Result
from hcr_scan.engines.supervisor import Supervisor
from hcr_scan.settings import Limits


def local_engine(jobs: int, prepare: Callable[[], object] | None = None, limits: Limits | None = None) -> Supervisor:
    """The engine for a number of jobs: so many supervised worker processes, also where it is one.

    Args:
        jobs: pages at a time.
        prepare: run by each worker when it starts; the first starts now, while the caller gets ready too.
        limits: time a page, and memory a worker, may take.
    """
    return Supervisor(jobs, prepare, limits)


class InProcessEngine:
    """Runs each item here when its result is asked for, for tests and measurements.

    Without limits: an item that crashes, hangs or takes all memory does that to the caller.
    """

    elsewhere = False

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item], window: int | None = None
    ) -> Iterator[Result | Lost[Item]]:
        del window
        return map(function, items)

    def stage(
        self, work: Callable[[Iterable[Item]], Iterable[Result]], items: Iterable[Item]
    ) -> Iterator[Result | Lost[Item]]:
        return iter(work(items))

    def close(self) -> None:
        """Nothing to end."""
