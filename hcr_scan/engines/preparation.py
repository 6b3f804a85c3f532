"""What a worker does once for all its items is not held against the item that came first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hcr_scan.engines.messages import Kind

_announce: list[Callable[[Kind], None]] = []


def announce_with(send: Callable[[Kind], None]) -> None:
    """Tell the supervisor of preparations by ``send``; in a process that is no worker nobody is told."""
    _announce[:] = [send]


@contextmanager
def preparing() -> Iterator[None]:
    """Work that is done once a worker: the item's time stands still, once, and begins anew afterwards."""
    for send in _announce:
        send(Kind.PREPARING)
    try:
        yield
    finally:
        for send in _announce:
            send(Kind.READY)
        _announce.clear()
