"""The hub's HTTP edge on a transport that the test holds: bytes in, bytes out, no socket."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from uvicorn.config import Config

from pushlab.contract.serving import Response, Route
from pushlab.hub.edge.guarded_websocket import GuardedWebSocket
from pushlab.hub.edge.http_protocol import HttpProtocolFactory
from pushlab.hub.edge.limits import Edge

App = Callable[[Any, Any, Any], Awaitable[None]]


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """An application that answers with what it was asked."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message.get("text", "")})
        return
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message["body"]
        more = message["more_body"]
    await answer(send, scope, body)


async def answer(send: Any, scope: Any, body: bytes = b"") -> None:
    told = _told(scope, body)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(told))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": told})


def _told(scope: Any, body: bytes = b"") -> bytes:
    return json.dumps(
        {
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode("latin-1"),
            "headers": sorted([n.decode(), v.decode("latin-1")] for n, v in scope["headers"]),
            "body": body.decode("latin-1"),
        }
    ).encode()


_HERE = Route("http", "/here", echo, ("GET",), lambda scope: Response(200, _told(scope)))
_SOCKET = Route("websocket", "/socket", echo, direct=lambda scope: Response(500))
#: The same answers without a task, as the hub's own routes have them.
DIRECT = {("http", "/here"): _HERE, ("websocket", "/socket"): _SOCKET}


_HIGH_WATER = 150


class EdgeConnection:
    """One connection, and what uvicorn would hold of it.

    Attributes:
        sent: what the client was sent.
        noted: the kinds of refusals.
        stalls: whether the client takes nothing.
    """

    def __init__(
        self,
        app: App = echo,
        *,
        routes: Any = None,
        idle_s: float = 75.0,
        tls: bool = False,
        **edge: float,
    ) -> None:
        self.sent = b""
        self.buffered = 0
        self.noted: list[str] = []
        self.reading = True
        self.stalls = self.closed = self.aborted = self.eof_sent = False
        self._tls = tls
        config = Config(app, ws=GuardedWebSocket, lifespan="off", log_config=None, access_log=False)
        config.ws_per_message_deflate = False
        config.timeout_keep_alive = idle_s  # type: ignore[assignment]
        config.load()
        self.connections: set[Any] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        state: Any = SimpleNamespace(
            connections=self.connections, tasks=self.tasks, default_headers=[], total_requests=0
        )

        def note(kind: str, **_: Any) -> None:
            self.noted.append(kind)

        factory = HttpProtocolFactory(routes or {}, edge=Edge(note=note, **edge))
        self.protocol: Any = factory(config, state, {})
        self.protocol.connection_made(self)

    # ---- the client -------------------------------------------------------------------------

    async def send(self, *pieces: bytes) -> None:
        """Send these pieces, each of which arrives by itself while the hub reads."""
        for piece in pieces:
            for _ in range(50):
                if self.reading:
                    break
                await asyncio.sleep(0)
            if self.closed or self.aborted:
                return
            self.protocol.data_received(piece)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(8):
            await asyncio.sleep(0)

    def take(self) -> None:
        """Take what was written."""
        self.stalls, self.buffered = False, 0
        self.protocol.resume_writing()

    async def leave(self) -> None:
        self.closed = True
        self.protocol.connection_lost(None)
        await self.settle()
        for task in self.tasks:
            task.cancel()

    # ---- the transport ----------------------------------------------------------------------

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.sent += data
        if self.stalls:
            before, self.buffered = self.buffered, self.buffered + len(data)
            if before <= _HIGH_WATER < self.buffered:
                self.protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def can_write_eof(self) -> bool:
        return not self._tls

    def write_eof(self) -> None:
        self.eof_sent = True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 1), "sslcontext": self._tls or None}.get(name, default)


def answers(sent: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Each answer's status, headers and body, by its Content-Length."""
    found = []
    while sent:
        head, _, sent = sent.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        size = int(headers.get("content-length", 0))
        found.append((int(lines[0].split(" ")[1]), headers, sent[:size]))
        sent = sent[size:]
    return found
