"""Names of documents in the order they are read, found a little ahead of that, so that it is known early how many."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Callable, Iterator

#: With each name that is taken so many more are looked for.
AHEAD = 100


class Listing(Iterator[str]):
    """Gives the names that an iterator gives, having looked further.

    Args:
        names: None of them with a NUL in it.
        ahead: How many are looked for at a time; 1 where looking may have to wait for others.
        passed_over: Counts by suffix the files that are not among the names; complete when ``total`` is known.
    """

    def __init__(self, names: Iterator[str], ahead: int = AHEAD, passed_over: Counter[str] | None = None) -> None:
        self.passed_over: Counter[str] = Counter() if passed_over is None else passed_over
        #: How many names there are, once that is known; of those that are asked for, where that is not all.
        self.total: int | None = None
        self.counts: Callable[[str], bool] | None = None
        self._names = names
        self._ahead = ahead
        self._found = 0
        # Joined, for there may be a million: as a string each of them would take twice the room.
        self._waiting: deque[str] = deque()
        self._next: deque[str] = deque()

    def __next__(self) -> str:
        if self.total is None:
            self._look_ahead()
        if not self._next:
            if not self._waiting:
                raise StopIteration
            self._next.extend(self._waiting.popleft().split("\0"))
        return self._next.popleft()

    def _look_ahead(self) -> None:
        found = list(itertools.islice(self._names, self._ahead))
        self._found += len(found) if self.counts is None else sum(map(self.counts, found))
        if found:
            self._waiting.append("\0".join(found))
        if len(found) < self._ahead:
            self.total = self._found
