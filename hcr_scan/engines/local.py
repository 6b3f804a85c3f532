"""Pages run on this machine."""

from __future__ import annotations

from collections.abc import Callable

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
