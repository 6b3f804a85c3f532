"""Ctrl-C and its like: once to come to an end, twice to leave at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, Self

from hcr_scan.errors import ExitCode
from hcr_scan.run_report import SIGNALLED

#: What ends a run: Ctrl-C, a polite kill, and a terminal that is closed. Windows lacks the last.
NAMES = ("SIGINT", "SIGTERM", "SIGHUP")

#: Pages under way get so many seconds to come to their end.
GRACE = 4.0


class Signalled(KeyboardInterrupt):
    """The program is to be left at once; ``exit_code`` tells which signal came first."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = ExitCode(SIGNALLED + number)


class Signals:
    """Notes the first signal, for whoever asks :attr:`received`; at the second raises :class:`Signalled` wherever the
    program is.

    A context manager. Signals that are ignored outside of it (``nohup``, a shell's background) are ignored inside.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        #: Whether to leave at once: a second signal came.
        self.twice = False
        self._limited = False
        self._before: dict[int, Any] = {}

    def stopping(self) -> bool:
        """Whether the run is to come to its end."""
        return self.received is not None

    @contextlib.contextmanager
    def grace(self) -> Iterator[None]:
        """While pages are under way: after the first signal they get :data:`GRACE` seconds, then the block ends with
        :class:`Signalled`. What comes after it may take its time, until a second signal.
        """
        self._limited = True
        if self.received is not None:
            self._set_alarm(GRACE)
        try:
            yield
        finally:
            self._limited = False
            self._set_alarm(0)

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            return self
        for name in NAMES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._noted)
        if hasattr(signal, "SIGALRM"):
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._too_late)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _set_alarm(self, seconds: float) -> None:
        if hasattr(signal, "setitimer") and self._before:
            signal.setitimer(signal.ITIMER_REAL, seconds)

    def _noted(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.received is not None:
            self.twice = True
            raise Signalled(self.received)
        self.received = number
        if self._limited:
            self._set_alarm(GRACE)

    def _too_late(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._limited and self.received is not None:
            raise Signalled(self.received)
