"""Messages between the supervisor and a worker: a byte that says of what kind it is, the length, and so many bytes."""

from __future__ import annotations

import os
import struct
from enum import IntEnum

HEADER = struct.Struct("<BQ")
#: Bytes of the longest answer that is believed; a page of 20,000 glyphs with all its candidates takes a third of it.
LONGEST_ANSWER = 128 << 20


class Kind(IntEnum):
    """What a worker's message is."""

    #: It is ready for its first item, or to go on with it.
    READY = 1
    #: It cannot start; the text says why.
    UNREADY = 2
    #: The function's result; see :mod:`hcr_scan.engines.answers`.
    RESULT = 3
    #: The function raised, or its result cannot be sent; the text says what.
    RAISED = 4
    #: The function ran out of memory.
    MEMORY = 5
    #: It does something once for all its items, in the middle of one; READY follows.
    PREPARING = 7
    #: From the supervisor: something to work on.
    TASK = 6


class BadMessage(Exception):
    """What came is no message of ours."""


class MessageReader:
    """Puts messages together from what a descriptor has, never waiting for more."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._header = memoryview(bytearray(HEADER.size))
        self._body: memoryview | None = None
        self._filled = 0

    def read(self) -> tuple[Kind, memoryview] | None:
        """The next message, or ``None`` if it has not come as a whole.

        Raises:
            BadMessage: it is of no known kind, or longer than any answer may be.
            EOFError: the other end is closed.
        """
        if self._body is None:
            if not self._fill(self._header):
                return None
            kind, length = HEADER.unpack(self._header)
            if kind not in Kind.__members__.values() or length > LONGEST_ANSWER:
                raise BadMessage(f"message of kind {kind} with {length:,} bytes")
            self._body, self._filled = memoryview(bytearray(length)), 0
        if not self._fill(self._body):
            return None
        message = Kind(self._header[0]), self._body
        self._body, self._filled = None, 0
        return message

    def _fill(self, room: memoryview) -> bool:
        while self._filled < len(room):
            try:
                count = os.readv(self._descriptor, [room[self._filled :]])
            except BlockingIOError:
                return False
            if not count:
                raise EOFError
            self._filled += count
        return True


def write_all(descriptor: int, header: bytes, body: bytes | memoryview) -> None:
    """Write everything, waiting where the other end is slow."""
    written = os.writev(descriptor, [header, body])
    if written < len(header):
        written += os.write(descriptor, header[written:])
    view = memoryview(body)[written - len(header) :]
    while view:
        view = view[os.write(descriptor, view) :]


def read_exactly(descriptor: int, count: int) -> bytearray:
    """So many bytes, however long they take.

    Raises:
        EOFError: the other end is closed.
    """
    buffer = bytearray(count)
    view = memoryview(buffer)
    while view:
        got = os.readv(descriptor, [view])
        if not got:
            raise EOFError
        view = view[got:]
    return buffer
