"""The servers under test behind one face: what to send to subscribe, to publish, and to poll.

A subscriber of the hub shows a token of its own, and the hub checks it; nchan asks for none.
"""

import abc
import asyncio
import contextlib
import re
import socket
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.harness.model import OWN
from benchmarks.harness.processes import pin
from benchmarks.hub.nchan import Nchan, running_nchan
from benchmarks.hub.work import MESSAGE, SERVER_CORE
from pushlab.contract.tokens import TokenKeys
from pushlab.hub.process import HubConfig, start_hub
from pushlab.wire.http1 import request_bytes
from pushlab.wire.http_client import connect_http

__all__ = ["CHANNEL", "HubServer", "Polls", "Server", "running_server"]

CHANNEL = "bench"
_TRANSPORTS = ("short-polling", "long-polling", "sse", "websocket")
_UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@dataclass(frozen=True, slots=True)
class Polls:
    """Requests of clients that poll, whole.

    Attributes:
        empty: what each client asks when it has everything.
        useful: what each client asks when the newest message is new to it.
        useful_too: the same question in other words, asked in turns with `useful`: a client that
            has got messages never asks the very same question again.
        nothing: how the answer to the first kind begins.
    """

    empty: Sequence[bytes]
    useful: Sequence[bytes]
    useful_too: Sequence[bytes]
    nothing: bytes


class Server(abc.ABC):
    """A server that is ready.

    Attributes:
        url: ``http://host:port``.
        pids: of all its processes.
    """

    url: str
    pids: list[int]

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return urlsplit(self.url).port or 80

    @property
    def authority(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc

    @abc.abstractmethod
    def subscribe(self, kind: str, count: int) -> list[bytes]:
        """The requests of `count` subscribers over ``sse`` or ``websocket``."""

    @abc.abstractmethod
    def publish(self) -> bytes:
        """The request that publishes `MESSAGE`."""

    @abc.abstractmethod
    async def polls(self, count: int) -> Polls:
        """Publish two messages, and tell what `count` clients ask behind them."""

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """One request and its answer: status and body."""
        connection = await connect_http(self.url)
        try:
            answer = await connection.exchange(request)
        finally:
            connection.close()
        return answer.status, answer.body


class HubServer(Server):
    """pushlab's hub, which may be several processes."""

    def __init__(self, url: str, pids: list[int], api_key: str, keys: TokenKeys) -> None:
        self.url = url
        self.pids = pids
        self._key = api_key
        self._keys = keys

    @contextlib.contextmanager
    def connected(self, count: int) -> Iterator[None]:
        """So many SSE readers, let in one after another, while the body runs."""
        with contextlib.ExitStack() as stack:
            for request in self.subscribe("sse", count):
                sock = stack.enter_context(socket.create_connection(("127.0.0.1", self.port), 10))
                sock.sendall(request)
                if not sock.recv(4096).startswith(b"HTTP/1.1 200"):
                    raise RuntimeError("a reader was not let in")
            yield

    def _tokens(self, count: int) -> list[str]:
        now = time.time()
        return [
            self._keys.issue(
                client_id=f"client-{i}", channel=CHANNEL, duration_minutes=120, now=now
            )[0]
            for i in range(count)
        ]

    def _gets(self, path: str, count: int, **headers: str) -> list[bytes]:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return [
            request_bytes(
                self.authority, "GET", path, headers={"Authorization": f"Bearer {token}", **headers}
            )
            for token in self._tokens(count)
        ]

    def subscribe(self, kind: str, count: int) -> list[bytes]:
        if kind == "sse":
            return self._gets("/v1/events", count, Accept="text/event-stream")
        return self._gets("/v1/socket", count, **_UPGRADE)

    def publish(self) -> bytes:
        headers = {"Authorization": f"Bearer {self._key}"}
        path = f"/v1/channels/{CHANNEL}/messages"
        return request_bytes(self.authority, "POST", path, headers=headers, body=MESSAGE)

    async def polls(self, count: int) -> Polls:
        for _ in range(2):
            status, body = await self.ask(self.publish())
            assert status == 202, body
        told = re.search(rb'"seq":\s*(\d+), ?"epoch":\s*"(\w+)"', body)
        assert told is not None, body
        epoch, seq = told[2].decode(), int(told[1])
        return Polls(
            self._gets(f"/v1/poll?after={epoch}-{seq}", count),
            self._gets(f"/v1/poll?after={epoch}-{seq - 1}", count),
            self._gets(f"/v1/poll?also=&after={epoch}-{seq - 1}", count),
            b"HTTP/1.1 204",
        )


class _Nchan(Server):
    """nginx with nchan."""

    def __init__(self, nchan: Nchan) -> None:
        self.url = nchan.url
        self.pids = nchan.pids

    def subscribe(self, kind: str, count: int) -> list[bytes]:
        if kind == "sse":
            headers, path = {"Accept": "text/event-stream"}, f"/events?id={CHANNEL}"
        else:
            headers, path = _UPGRADE, f"/socket?id={CHANNEL}"
        return [request_bytes(self.authority, "GET", path, headers=headers)] * count

    def publish(self) -> bytes:
        path = f"/publish?id={CHANNEL}"
        return request_bytes(self.authority, "POST", path, headers={}, body=MESSAGE)

    async def polls(self, count: int) -> Polls:
        requests = []
        for _ in range(2):
            status, body = await self.ask(self.publish())
            assert status in (201, 202), body
            told = re.search(rb"last message id: (\d+):(\d+)", body)
            assert told is not None, body
            at = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(int(told[1])))
            headers = {"If-Modified-Since": at, "If-None-Match": told[2].decode()}
            path = f"/poll?id={CHANNEL}"
            requests.append(request_bytes(self.authority, "GET", path, headers=headers))
        useful = [requests[0]] * count
        return Polls([requests[1]] * count, useful, useful, b"HTTP/1.1 304")


@contextlib.asynccontextmanager
async def running_server(contender: str) -> AsyncIterator[Server]:
    """A fresh server on a core of its own: the hub for `OWN`, else nchan.

    Raises:
        NotRun: nchan cannot run here.
    """
    if contender != OWN:
        async with running_nchan(core=SERVER_CORE) as nchan:
            yield _Nchan(nchan)
        return
    keys = TokenKeys.fresh()
    transports: dict[str, dict[str, object]] = {name: {} for name in _TRANSPORTS}
    hub = await start_hub(HubConfig(keys=keys.export(), transports=transports))
    try:
        pin(hub.pid, SERVER_CORE)
        yield HubServer(hub.url, [hub.pid], hub.api_key, keys)
    finally:
        await asyncio.shield(hub.stop())
