"""Actors that do the same, and the calls under way on them: in order, so many at a time, each with one outcome."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from hcr_scan.engines.cluster.session import Session
from hcr_scan.errors import WorkerError

#: How often Ray starts an actor anew, and repeats a call that its actor died of; for tasks Ray would go on for ever.
RETRIES: dict[str, Any] = {"max_restarts": 3, "max_task_retries": 2}
#: Actors that Ray gives up, one after the other without a result between, before the run ends.
MOST_REPLACED = 3
#: Calls for each actor: one that it is at, and one that waits; and together with those whose answers wait to be asked
#: for, so that others go on while one takes all the time it may.
CALLS_AN_ACTOR, WINDOW_AN_ACTOR = 2, 8
#: Seconds to wait for an actor to start. A cluster may be busy, or fetch another machine.
START_SECONDS = 600.0
#: Seconds after which it is asked whether there is anything left to wait for.
LOOK_SECONDS = 5.0

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Died:
    """A call has no result: actors died of it, or with it, again and again."""

    reason: str


@dataclass(slots=True, eq=False)
class _Member:
    """A place in the pool, and the actor that has it now; ``started`` is ``None`` once that has been seen to work."""

    actor: Any
    started: Any


@dataclass(frozen=True, slots=True)
class _Call:
    arguments: tuple[Any, ...]
    member: _Member
    actor: Any
    result: Any


class Pool:
    """``count`` actors with the methods ``started`` and ``run``.

    Args:
        session: Where they are.
        make: Starts one.
        count: How many.
        seconds: A call may take, beside what it takes to start its actor again.
    """

    def __init__(self, session: Session, make: Callable[[], Any], count: int, seconds: float) -> None:
        self._session = session
        self._ray = session.ray
        self._make = make
        self._patience = START_SECONDS + CALLS_AN_ACTOR * seconds
        self._under_way: dict[Any, _Member] = {}
        self._replaced = 0
        self._members = [self._started(_Member(None, None)) for _ in range(count)]

    def calls(
        self, calls: Iterable[tuple[Key, tuple[Any, ...]]], window: int | None = None
    ) -> Iterator[tuple[Key, Any | Died]]:
        """What ``run`` answers to each call's arguments, in order; at most ``window`` are under way or wait to be asked
        for.

        Raises:
            WorkerError: no actor can be started, or they or their cluster are gone.
            Exception: ``run`` raised it.
        """
        window = window or WINDOW_AN_ACTOR * len(self._members)
        waiting: deque[tuple[Key, _Call]] = deque()
        for key, arguments in calls:
            waiting.append((key, self._begun(arguments)))
            if len(waiting) >= window:
                key, call = waiting.popleft()
                yield key, self._outcome(call)
        while waiting:
            key, call = waiting.popleft()
            yield key, self._outcome(call)

    def _begun(self, arguments: tuple[Any, ...]) -> _Call:
        """The call, on the actor with the fewest, as soon as one has room."""
        working = self._working()
        self._forget_ended()
        while len(self._under_way) >= CALLS_AN_ACTOR * len(working):
            self._wait(list(self._under_way), self._patience)
            self._forget_ended()
        calls = Counter(self._under_way.values())
        member = min(working, key=lambda member: calls[member])
        result = member.actor.run.remote(*arguments)
        self._under_way[result] = member
        return _Call(arguments, member, member.actor, result)

    def _forget_ended(self) -> None:
        under_way = list(self._under_way)
        if under_way:
            for ended in self._ray.wait(under_way, num_returns=len(under_way), timeout=0, fetch_local=False)[0]:
                del self._under_way[ended]

    def _outcome(self, call: _Call) -> Any | Died:
        """The answer; where the actor died, also of the retries that Ray makes, that of another actor."""
        reason = ""
        for attempt in range(2):
            call = self._begun(call.arguments) if attempt else call
            try:
                self._wait([call.result], self._patience)
                answer = self._ray.get(call.result)
            except self._ray.exceptions.RayTaskError as error:
                raise error.cause if isinstance(error.cause, Exception) else error from None
            except self._ray.exceptions.RayError as error:
                reason = type(error).__name__
                if isinstance(error, self._ray.exceptions.ActorDiedError) and call.member.actor is call.actor:
                    self._replace(call.member, error)
            else:
                self._replaced = 0
                return answer
        return Died(reason)

    def _working(self) -> list[_Member]:
        """The actors that have started, one at least.

        Raises:
            WorkerError: there is none.
        """
        new = [member.started for member in self._members if member.started is not None]
        if len(new) == len(self._members):
            self._wait(new, START_SECONDS)
        if new:
            started, _ = self._ray.wait(new, num_returns=len(new), timeout=0)
            for member in self._members:
                member.started = None if member.started in started else member.started
        return [member for member in self._members if member.started is None]

    def _wait(self, results: list[Any], patience: float) -> None:
        """Wait for one of them.

        Raises:
            WorkerError: it did not come, or there is nobody left that it could come from.
        """
        until = time.monotonic() + patience
        while not self._ray.wait(results, num_returns=1, timeout=LOOK_SECONDS)[0]:
            self._session.check()
            if time.monotonic() > until:
                raise WorkerError(
                    f"no actor of the Ray cluster answered in {patience:.0f} s; look with `ray status` what it is busy "
                    "with, or lower --jobs, and go on with --resume"
                )

    def _replace(self, member: _Member, error: Exception) -> None:
        self._replaced += 1
        if self._replaced > MOST_REPLACED:
            words = " ".join(str(error).split())
            raise WorkerError(
                f"actors on the Ray cluster die one after the other ({words[:1000]}); mend that and go on with --resume"
            )
        self._started(member)

    def _started(self, member: _Member) -> _Member:
        member.actor = self._make()
        member.started = member.actor.started.remote()
        return member
