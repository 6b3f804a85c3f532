"""Serving on this machine alone, until it is ended."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from hcr_scan.errors import ExitCode, UsageError

#: Nobody but this machine gets an answer.
HOST = "127.0.0.1"
#: Seconds that answers under way are waited for at the end.
GRACE = 2

#: What ends the server, and the exit code that says so: to end a review with Ctrl-C is how it is meant to end.
_ENDINGS = {"SIGINT": ExitCode.OK, "SIGTERM": ExitCode.TERMINATED, "SIGHUP": ExitCode.HUNG_UP}


def listening(port: int) -> socket.socket:
    """A socket that listens on this machine; 0 is any free port.

    Raises:
        UsageError: the port is taken, or not ours to take.
    """
    # By its protocol asyncio knows that it need not hold back the second half of an answer for 40 ms (Nagle).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise UsageError(f"--port {port} cannot be used: {error.strerror}; choose another, or leave it out") from error
    return listener


def serve(application: ASGIApp, listener: socket.socket, invite: Callable[[], None]) -> ExitCode:
    """Answer requests until a signal says to end.

    ``invite`` tells people of it. It is called when a signal already ends the server as it should: an interrupt in the
    middle of a thread's import would leave that thread, and with it the program, waiting for ever.
    """
    config = uvicorn.Config(
        application, log_config=None, access_log=False, lifespan="off", ws="none", http="h11", loop="asyncio",
        server_header=False, date_header=False, proxy_headers=False, timeout_graceful_shutdown=GRACE,
    )  # fmt: skip
    server = _Server(config)
    with server.ended_by_signals():
        invite()
        server.run(sockets=[listener])
    return server.code


class _Server(uvicorn.Server):
    """Ends at a signal without raising it anew."""

    code = ExitCode.OK

    @contextlib.contextmanager
    def ended_by_signals(self) -> Iterator[None]:
        before = {}
        for name in _ENDINGS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, self._end)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """They are ours already."""
        yield

    def _end(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.should_exit:
            self.force_exit = True
            return
        self.code = _ENDINGS[signal.Signals(number).name]
        self.should_exit = True
