"""What the pipeline asks of an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Loss(StrEnum):
    """Why an item has no result; the values are codes of :class:`hcr_scan.document.PageFailure`."""

    #: It took longer than an item may.
    TIMEOUT = "timeout"
    #: Its worker died, twice.
    CRASHED = "crashed"
    #: It took more memory than a worker may.
    MEMORY = "memory"
    #: The function raised, or answered with what no worker may answer.
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Lost(Generic[Item]):
    """An item without a result. ``reason``, for people, goes on after the item's name: ``took longer than 30 s``."""

    item: Item
    error: Loss
    reason: str


class Engine(Protocol):
    """Runs a function over items and gives the results back in order.

    The function and what goes in must be picklable; what comes out must be of the kinds that
    :mod:`hcr_scan.engines.answers` lets through. The function is not meant to raise: trouble with an item is a value
    (see :class:`hcr_scan.document.PageFailure`). An item that gives no result gives :class:`Lost`.
    """

    @property
    def elsewhere(self) -> bool:
        """Whether items run on other machines, which do not see what this one fetches."""

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item], window: int | None = None
    ) -> Iterator[Result | Lost[Item]]:
        """Results in the order of ``items``. At most ``window`` are under way or waiting to be asked for."""

    def stage(
        self, work: Callable[[Iterable[Item]], Iterable[Result]], items: Iterable[Item]
    ) -> Iterator[Result | Lost[Item]]:
        """What ``work`` makes of items, one for one and in their order: here, or on other machines, on any part of them
        at a time. It is for what needs no guard, and something large, such as a network, that is loaded once.
        """

    def close(self) -> None:
        """End the workers; nothing is left running."""
