"""The engine on Ray. Ray carries, and decides nothing: what is done, tried again or given up is the caller's affair."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from hcr_scan.engines.answers import UntrustedAnswer, decode, encode
from hcr_scan.engines.base import Item, Loss, Lost, Result
from hcr_scan.engines.cluster.actors import Caller, PageActor, StageActor
from hcr_scan.engines.cluster.pool import CALLS_AN_ACTOR, RETRIES, Died, Pool
from hcr_scan.engines.cluster.session import Session
from hcr_scan.errors import WorkerError
from hcr_scan.settings import Limits

#: Items that a stage is given at a time.
GROUP = 8
#: One core in so many does what comes after the pages' own work, where there is no GPU.
CORES_A_STAGE = 4


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which cluster, and how much of it.

    Args:
        address: See :class:`hcr_scan.engines.cluster.session.Session`.
        jobs: Pages at a time; 0 is as many as the cluster has room for.
        gpus: Whether a stage takes the cluster's GPUs.
    """

    address: str | None = None
    jobs: int = 0
    gpus: bool = True


class RayEngine:
    """Runs items on actors of a cluster; see :class:`hcr_scan.engines.base.Engine`.

    Each item has a supervised worker to itself, as on one machine, and what it does to that is its own loss. Nodes need
    the caller's version of hcr-scan, and see files under the same names.

    Args:
        cluster: Where.
        prepare: Run by each worker when it starts.
        limits: Time an item, and memory a worker, may take.
        near: Gives an item, in the actor beside its worker, as the worker is to have it: with what it needs fetched.

    Raises:
        MissingDependency: Ray is not installed.
        WorkerError: there is no such cluster, or it is too small. (Also raised where no actor starts.)
    """

    def __init__(
        self,
        cluster: Cluster,
        prepare: Callable[[], object] | None = None,
        limits: Limits | None = None,
        near: Callable[[Any], Any] | None = None,
    ) -> None:
        self.elsewhere = cluster.address is not None
        # Cores of a cluster of one's own are numbers to count actors by; the system shares out the real ones.
        self._session = Session(cluster.address, 2 * cluster.jobs + 1)
        try:
            there = self._session.ray.cluster_resources()
            gpus = int(there.get("GPU", 0)) if cluster.gpus else 0
            pages, self._stages = shares(int(there.get("CPU", 0)), gpus, cluster.jobs)
            self._gpus = min(gpus, 1)
            self._caller, self._limits = Caller.here(), limits or Limits()
            self._pages = self._pool(PageActor, pages, 0, prepare, self._limits, near)
        except BaseException:
            self.close()
            raise

    @property
    def largest_worker(self) -> int:
        """0: how much memory workers on other machines had is not told."""
        return 0

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item], window: int | None = None
    ) -> Iterator[Result | Lost[Item]]:
        for item, answer in self._pages.calls(((item, (function, item)) for item in items), window):
            yield _result(item, answer)

    def stage(
        self, work: Callable[[Iterable[Item]], Iterable[Result]], items: Iterable[Item]
    ) -> Iterator[Result | Lost[Item]]:
        """Actors of their own do it, on groups of items. Where they die of a group, its items are tried one by one."""
        pool = self._pool(StageActor, self._stages, self._gpus, work)
        groups = ((group, _encoded(group)) for group in _groups(items))
        for group, answer in pool.calls(groups, CALLS_AN_ACTOR * self._stages):
            if not isinstance(answer, Died):
                yield from decode(answer)
                continue
            for (item,), alone in pool.calls((((item,), _encoded([item])) for item in group), 1):
                yield _died(item, alone) if isinstance(alone, Died) else decode(alone)[0]

    def close(self) -> None:
        self._session.close()

    def _pool(self, kind: type[Any], count: int, gpus: int, *arguments: Any) -> Pool:
        actor = self._session.ray.remote(kind).options(num_cpus=1, num_gpus=gpus, **RETRIES)
        make = partial(actor.remote, self._caller, *arguments)
        # A page is tried twice where its process dies, and so is a call where its actor does.
        return Pool(self._session, make, count, 4 * self._limits.page_timeout)


def shares(cores: int, gpus: int, jobs: int) -> tuple[int, int]:
    """How many actors have pages, ``jobs`` at most unless that is 0, and how many do the stage after them.

    Raises:
        WorkerError: there are not two cores.
    """
    if cores < 2:
        raise WorkerError(f"the Ray cluster has {cores} CPUs, and a run needs two at least")
    stages = min(gpus or max(1, (jobs or cores) // CORES_A_STAGE), cores - 1)
    return min(jobs or cores, cores - stages), stages


def _groups(items: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    rest = iter(items)
    while group := tuple(itertools.islice(rest, GROUP)):
        yield group


def _encoded(values: Iterable[Any]) -> tuple[bytes]:
    return (bytes(encode(list(values))),)


def _result(item: Item, answer: Any | Died) -> Any:
    if isinstance(answer, Died):
        return _died(item, answer)
    if isinstance(answer, tuple):
        return Lost(item, *answer)
    try:
        return decode(answer)
    except UntrustedAnswer as error:
        return Lost(item, Loss.ERROR, f"gave an answer that is not to be trusted ({error})")


def _died(item: Item, died: Died) -> Lost[Item]:
    reason = f"was under way each time that an actor of the Ray cluster died ({died.reason}); read it again with retry"
    return Lost(item, Loss.CRASHED, reason)
