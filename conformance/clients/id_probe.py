"""When does a client note an event's ID: when it comes, or when its event is whole?

A client of the first kind that is cut off between an ID and the end of its event comes back behind
a message that it never had whole. The hub sends IDs last, so that neither kind loses anything.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

__all__ = ["IdProbe", "id_probe"]

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
_STREAM = b"retry: 200\nid: e-1\ndata: whole\n\nid: e-2\ndata: ha"
_EMPTY = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n"


class IdProbe:
    """A server whose body ends between an ID and the end of its event.

    Attributes:
        port: where it listens, on 127.0.0.1.
        told: the last event ID with which the client has come back.
    """

    def __init__(self, port: int, told: "asyncio.Future[str]") -> None:
        self.port = port
        self.told = told

    async def words(self, within_s: float) -> str:
        """When the client notes IDs."""
        try:
            last = await asyncio.wait_for(asyncio.shield(self.told), within_s)
        except TimeoutError:
            return "did not come back"
        return {"e-1": "when it is whole", "e-2": "at once"}.get(last, f"tells {last!r}")


@contextlib.asynccontextmanager
async def id_probe() -> AsyncIterator[IdProbe]:
    """Serve one client."""
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    asked = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            if b"/v1/events" not in head:
                writer.write(_EMPTY)
            else:
                asked += 1
                last = re.search(rb"(?im)^last-event-id: *(\S*)", head)
                if asked > 1 and not told.done():
                    told.set_result(last[1].decode("latin-1") if last else "")
                writer.write(_HEAD + _STREAM)
            await writer.drain()
            await asyncio.sleep(0.2)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield IdProbe(server.sockets[0].getsockname()[1], told)
    finally:
        server.close()
        told.cancel()
