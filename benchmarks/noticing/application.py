"""An application that is told who comes and who goes, and notes when."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

__all__ = ["Application"]

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Application:
    """Takes the notices of one hub.

    Attributes:
        left: client ID to when it was last told that this one has left, by `time.monotonic`.
    """

    def __init__(self) -> None:
        self.left: dict[str, float] = {}
        self._present: set[str] = set()
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Its URL, while it listens."""
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0])
            form = parse_qs((await reader.readexactly(length)).decode())
            now, client_id = time.monotonic(), form.get("from", [""])[0]
            writer.write(_OK)
            if "/_ah/channel/disconnected/" in head:
                self.left[client_id] = now
                self._present.discard(client_id)
            elif "/_ah/channel/connected/" in head:
                self._present.add(client_id)
            async with self._changed:
                self._changed.notify_all()
            await writer.drain()

    async def until_present(self, client_ids: set[str]) -> None:
        """Wait until it has been told that all of them are there."""
        async with self._changed:
            await self._changed.wait_for(lambda: client_ids <= self._present)

    async def until_gone(self, client_ids: set[str], limit_s: float) -> None:
        """Wait until it has been told that all of them have left, or for so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s), self._changed:
                await self._changed.wait_for(lambda: not client_ids & self._present)
