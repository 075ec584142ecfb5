"""A balancer of connections, as plain as can be: each new one goes to the next server."""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

__all__ = ["Balancer"]

_CHUNK = 65_536
_BUFFER_BYTES = 64 * 1024  # little: whoever reads slowly shall be seen by the server


class Balancer:
    """Passes TCP connections on, in turn.

    Attributes:
        port: where it listens, on 127.0.0.1; the same after `close` and `open`.
    """

    def __init__(self) -> None:
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._next: Iterator[tuple[str, int]] = iter(())

    async def open(self, urls: Sequence[str]) -> None:
        """Listen, and pass on to these servers."""
        parts = [urlsplit(url) for url in urls]
        self._next = itertools.cycle([(each.hostname or "", each.port or 80) for each in parts])
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, limit=_BUFFER_BYTES
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no longer, and break what is open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.cut()

    async def cut(self) -> None:
        """Break what is open."""
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._carry_both(reader, writer)
        except asyncio.CancelledError:
            pass  # asyncio would tell of it as of a fault
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _carry_both(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        near = writer.get_extra_info("socket")
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, next(self._next))
            far = await asyncio.open_connection(sock=connection, limit=_BUFFER_BYTES)
        except OSError:
            connection.close()
            return
        ways = [
            asyncio.ensure_future(_carry(source, sink))
            for source, sink in ((reader, far[1]), (far[0], writer))
        ]
        try:  # either end's end is the end of both, once it has been passed on
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if ways[1].done() and writer.transport.get_write_buffer_size():
                await writer.drain()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            far[1].close()


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    sink.transport.set_write_buffer_limits(_BUFFER_BYTES)
    with contextlib.suppress(OSError):
        while data := await source.read(_CHUNK):
            sink.write(data)
            await sink.drain()
