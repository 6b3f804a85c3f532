"""What the pipeline asks of an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Lost(Generic[Item]):
    """An item whose worker died over it; ``reason`` is for people."""

    item: Item
    reason: str


class Engine(Protocol):
    """Runs a function over items and gives the results back in order.

    The function and what goes in and out of it must be picklable, and the function must not raise: trouble with an item
    is a value (see :class:`hcr_scan.document.PageFailure`). A worker that dies gives :class:`Lost` for the item it
    held.
    """

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item], window: int | None = None
    ) -> Iterator[Result | Lost[Item]]:
        """Results in the order of ``items``. At most ``window`` are under way or waiting to be asked for."""

    def close(self) -> None:
        """End the workers; nothing is left running."""
