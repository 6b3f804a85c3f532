"""What a run asks before each step, so that another can go on where it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hcr_scan.document import PageFailure, PageResult, Source
from hcr_scan.sources.listing import Listing
from hcr_scan.sources.pages import PageRef


@dataclass(frozen=True, slots=True)
class Remaining:
    """Pages still to be read of a document that was listed before."""

    refs: tuple[PageRef, ...]


def _never() -> bool:
    return False


class Ledger:
    """Remembers nothing: every document is new, and every page is read. What remembers more overrides its methods.

    Args:
        stopping: Asked before each document and page; from its first true answer on nothing more is begun, and what is
            under way comes to its end.
    """

    #: Whether documents are looked for in the inputs, or all are known.
    looks_in_folders = True

    def __init__(self, stopping: Callable[[], bool] = _never) -> None:
        self.stopping = stopping
        self._listing: Listing | None = None

    def documents(self, find: Callable[[], Listing]) -> Iterator[str | Remaining]:
        """The documents that have something to read, in order.

        Args:
            find: Gives the names of all inputs; not called where they are known.
        """
        self._listing = find()
        return self._listing

    @property
    def expected(self) -> int | None:
        """How many documents :meth:`documents` gives, once that is known."""
        return None if self._listing is None else self._listing.total

    @property
    def passed_over(self) -> Counter[str]:
        """Files in folders that were not taken for documents, so far, by suffix."""
        return Counter() if self._listing is None else self._listing.passed_over

    def listed(self, path: str, refs: tuple[PageRef, ...]) -> tuple[PageRef, ...]:
        """Note the pages of a document that was opened for the first time; gives those that are to be read."""
        del path
        return refs

    def claim(self, ref: PageRef) -> PageFailure | None:
        """Note that a page is about to be read; gives what is to be said of it instead, if it must not be."""
        del ref
        return None

    def returned(self, source: Source) -> None:
        """Note that a page that was claimed came back from its worker, read or not."""

    def timed(self, source: Source, seconds: float) -> None:
        """Note how long a page took in its worker."""

    def add(self, result: PageResult) -> None:
        """Keep what is said of a page."""

    def withdraw(self) -> None:
        """Hold nothing against the pages that this run began and leaves, ending of its own accord."""

    @property
    def careful(self) -> bool:
        """Whether pages are to be read one at a time for now, so that it shows which of them ends the program."""
        return False
