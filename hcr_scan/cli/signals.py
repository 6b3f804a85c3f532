"""Ctrl-C and its like: once to come to an end, twice to leave at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self

#: What ends a run: Ctrl-C, a polite kill, and a terminal that is closed. Windows lacks the last.
NAMES = ("SIGINT", "SIGTERM", "SIGHUP")

#: Pages under way get so many seconds to come to their end.
GRACE = 4.0


class Signals:
    """Notes the first signal, for whoever asks :attr:`received`; at the second, and when pages under way take too long,
    raises :class:`KeyboardInterrupt` wherever the program is.

    A context manager. Signals that are ignored outside of it (``nohup``, a shell's background) are ignored inside.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def stopping(self) -> bool:
        """Whether the run is to come to its end."""
        return self.received is not None

    def settle(self) -> None:
        """Nothing is under way any more: what is left to do may take its time, until a second signal."""
        if hasattr(signal, "setitimer") and self._before:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            return self
        for name in NAMES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._noted)
        if hasattr(signal, "SIGALRM"):
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._left)
        return self

    def __exit__(self, *_: object) -> None:
        self.settle()
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _noted(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            self._left(number, frame)
        self.received = number
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, GRACE)

    def _left(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt
