"""A transport on an address of its own: lines over TCP, beside the hub and without a broker.

The client says ``<token> <cursor or ->``; the server answers with lines of JSON: where it stands,
messages, and at the end why.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import cast
from urllib.parse import urlsplit

from pushlab.contract.cursor import Cursor
from pushlab.contract.hits import Hit
from pushlab.contract.profile import Profile
from pushlab.contract.serving import Entry, Feed, Hub
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.contract.tokens import Grant
from pushlab.contract.transport import Transport
from pushlab.errors import InvalidCursor, Refused
from pushlab.wire.asgi import linger_s

SILENCE_NS = 50 * 1_000_000_000
NONE = "-"


def line(**values: object) -> bytes:
    return json.dumps(values).encode() + b"\n"


def encode(entry: Entry) -> bytes:
    return line(epoch=entry.epoch, seq=entry.seq, data=entry.data)


class OwnLines(Transport):
    name = "own-lines"
    profile = Profile(title="Lines over TCP", delivery="stream", protocol="lines", own_address=True)
    port = 0

    @asynccontextmanager
    async def background(self, hub: Hub) -> AsyncIterator[None]:
        place = urlsplit(hub.url())
        loop = asyncio.get_running_loop()
        self.port = 20_000 + (place.port or 0) % 12_000  # the same when the hub begins anew
        server = await loop.create_server(lambda: Reader(hub), place.hostname, self.port)
        try:
            yield
        finally:
            server.close()

    def endpoint(self, hub: Hub, grant: Grant) -> Mapping[str, str]:
        return {"url": f"tcp://{urlsplit(hub.url()).hostname}:{self.port}"}

    def subscriber(
        self, endpoint: Endpoint, token: str, *, cursor: Cursor | None = None, rng: Random
    ) -> Subscriber:
        return LineSubscriber(endpoint, token, cursor=cursor, rng=rng)


class Reader(asyncio.Protocol):
    """One client's connection, on the server."""

    def __init__(self, hub: Hub) -> None:
        self.hub, self.head, self.full = hub, b"", False
        self.feed: Feed | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.out = cast(asyncio.Transport, transport)
        self.out.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)

    def data_received(self, data: bytes) -> None:
        self.head += data
        if self.feed is None and self.head.endswith(b"\n"):
            try:
                self.open(*self.head.decode().split())
            except (Refused, InvalidCursor) as error:
                no = error if isinstance(error, Refused) else Refused(400, "invalid-cursor", "")
                self.hub.count(OwnLines.name, Hit.REFUSED)
                self.end(no.reason, no.status)

    def open(self, token: str, at: str) -> None:
        grant = self.hub.verify(token)
        after = None if at == NONE else Cursor.parse(at)
        self.feed = self.hub.subscribe(
            grant, after, transport=OwnLines.name, write=self.write, end=self.end
        )
        self.hub.count(OwnLines.name, Hit.CONNECT if after is None else Hit.RECONNECT)
        self.out.write(line(at=str(self.feed.position)))
        self.feed.start()
        self.keep_alive_later()

    def keep_alive_later(self) -> None:
        loop = asyncio.get_running_loop()
        self.timer = loop.call_later(self.hub.settings.keep_alive_s, self.keep_alive)

    def keep_alive(self) -> None:
        self.out.write(b"\n")
        self.keep_alive_later()

    def write(self, entries: Sequence[Entry]) -> bool:
        self.out.write(b"".join(entry.form(encode) for entry in entries))
        return not self.full

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        if self.feed is not None:
            self.feed.resume()

    def end(self, reason: str, status: int) -> None:
        self.out.write(line(end=reason, status=status))
        self.out.close()
        asyncio.get_running_loop().call_later(linger_s(self.hub, reason), self.out.abort)

    def connection_lost(self, error: Exception | None) -> None:
        if self.feed is not None:
            self.feed.close()
            self.timer.cancel()


class LineSubscriber(Subscriber):
    """The client half."""

    def _on_connected(self, now_ns: int) -> None:
        self._rest = b""
        self._kind: Hit | None = Hit.CONNECT if self.cursor is None else Hit.RECONNECT
        self._hit(self._kind)
        self._send(f"{self._token} {self.cursor or NONE}\n".encode())
        self._timer_ns = now_ns + SILENCE_NS

    def _on_data(self, data: bytes, now_ns: int) -> None:
        self._timer_ns = now_ns + SILENCE_NS
        *lines, self._rest = (self._rest + data).split(b"\n")
        try:
            for text in filter(None, lines):
                self._read(json.loads(text), now_ns)
        except (ValueError, LookupError, TypeError) as error:
            self._lose(f"not lines of JSON: {error}", now_ns)

    def _read(self, values: dict[str, object], now_ns: int) -> None:
        if "data" in values:
            self._deliver(str(values["epoch"]), int(str(values["seq"])), str(values["data"]))
        elif "at" in values:
            self._kind = None
            self._located(Cursor.parse(str(values["at"])))
        else:
            if self._kind:
                self._turned_away(self._kind)
            self._refused(int(str(values["status"])), str(values["end"]), now_ns)

    def _on_timer(self, now_ns: int) -> None:
        self._lose("the server fell silent", now_ns)
