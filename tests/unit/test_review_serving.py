from __future__ import annotations

import asyncio
import contextlib
import socket

from hcr_scan.review.server.serving import HOST, listening


def test_answers_are_not_held_back() -> None:
    """Both halves of an answer leave at once: nothing waits for the other side to have seen the first."""

    class Protocol(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            connection = transport.get_extra_info("socket")
            seen.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    async def asked() -> int:
        nonlocal seen
        loop = asyncio.get_running_loop()
        seen = loop.create_future()
        with contextlib.closing(listening(0)) as listener:
            async with await loop.create_server(Protocol, sock=listener):
                _, writer = await asyncio.open_connection(HOST, listener.getsockname()[1])
                found = await asyncio.wait_for(seen, 20)
                writer.close()
                return found

    seen: asyncio.Future[int]
    assert asyncio.run(asked())
