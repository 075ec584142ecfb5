"""Requests over sockets: `fetch` for one alone, `HttpConnection` for one after another.

A connection carries one exchange at a time, is kept alive, and has a stamp at every send; answers
must say how long they are. Requests and responses are `pushlab.wire.http1`'s.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from pushlab.errors import ConnectionFailed
from pushlab.wire.http1 import BadResponse, BodyParser, ResponseParser

__all__ = ["HttpConnection", "HttpResponse", "connect_http", "fetch"]

_READ_BYTES = 64 * 1024
_MAX_FETCHED_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response.

    Attributes:
        status: the HTTP status; 0 when the connection was lost before the whole answer was there.
        body: its body.
    """

    status: int
    body: bytes


class HttpConnection(asyncio.Protocol):
    """One connection that carries one exchange after another.

    Attributes:
        open: whether another request can be sent once this one is answered.
        bytes_in, bytes_out: counted since the connection was made, before encryption.
    """

    __slots__ = ("_on_answer", "_parser", "_transport", "bytes_in", "bytes_out", "open")

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = BodyParser()
        self._on_answer: Callable[[HttpResponse], None] | None = None
        self.open = False
        self.bytes_in = 0
        self.bytes_out = 0

    def send(self, request: bytes, on_answer: Callable[[HttpResponse], None]) -> int:
        """Send a request; `on_answer` is called once, whatever happens.

        Returns:
            when it was handed to the socket, in nanoseconds of the monotonic clock.
        """
        assert self._transport is not None
        assert self._on_answer is None, "one exchange at a time"
        self._on_answer = on_answer
        sent_ns = time.monotonic_ns()
        self._transport.write(request)
        self.bytes_out += len(request)
        return sent_ns

    @property
    def descriptor(self) -> int:
        """Of its socket."""
        assert self._transport is not None
        number: int = self._transport.get_extra_info("socket").fileno()
        return number

    async def exchange(self, request: bytes) -> HttpResponse:
        """Send a request and wait for the answer.

        Raises:
            ConnectionFailed: the connection was lost before the whole answer was there.
        """
        if not self.open:
            raise ConnectionFailed("the hub closed the connection")
        future: asyncio.Future[HttpResponse] = asyncio.get_running_loop().create_future()
        self.send(request, lambda answer: None if future.done() else future.set_result(answer))
        answer = await future
        if answer.status == 0:
            raise ConnectionFailed("the hub closed the connection before it answered")
        return answer

    def close(self) -> None:
        """Close the connection; an answer that is due will not come."""
        self.open = False
        if self._transport is not None:
            self._transport.close()

    # ---- called by the event loop ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self.open = True

    def data_received(self, data: bytes) -> None:
        """Bytes arrived."""
        self.bytes_in += len(data)
        parser = self._parser
        try:
            parser.feed(data)
        except BadResponse:
            self.close()
            return
        if parser.complete:
            if not parser.keeps_alive:
                self.close()
            self._answer()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self.open = False
        self._answer()

    def _answer(self) -> None:
        """Hand over what has been read: a response, or nothing."""
        parser = self._parser
        whole = parser.complete
        answer = HttpResponse(
            parser.status if whole else 0, b"".join(parser.body) if whole else b""
        )
        parser.reset()
        on_answer, self._on_answer = self._on_answer, None
        if on_answer is not None:
            on_answer(answer)


async def connect_http(url: str, *, tls: ssl.SSLContext | None = None) -> HttpConnection:
    """Open a connection to the server of `url`.

    Args:
        tls: whom to trust if it is encrypted.

    Raises:
        ConnectionFailed: nobody listens there.
    """
    parts = urlsplit(url)
    try:
        _, connection = await asyncio.get_running_loop().create_connection(
            HttpConnection, parts.hostname or "", parts.port or 80, ssl=tls
        )
    except OSError as error:
        raise ConnectionFailed(f"no connection to the hub: {error.strerror or error}") from error
    return connection


async def fetch(
    host: str,
    port: int,
    request: bytes,
    *,
    tls: ssl.SSLContext | None = None,
    within_s: float,
    head_only: bool = False,
) -> ResponseParser:
    """Send one request over a connection of its own; it should ask for ``Connection: close``.

    Args:
        within_s: how long all of it may take.
        head_only: wait for the status alone; the body is empty or a part.

    Returns:
        What has read the answer.

    Raises:
        OSError, TimeoutError: no connection, or no whole answer in time.
        BadResponse: the other side does not speak HTTP/1.1, or its answer has no end.
    """
    answer = ResponseParser(_MAX_FETCHED_BYTES)
    async with asyncio.timeout(within_s):
        reader, writer = await asyncio.open_connection(host, port, ssl=tls)
        try:
            writer.write(request)
            while not (answer.status if head_only else answer.complete):
                data = await reader.read(_READ_BYTES)
                if data:
                    answer.feed(data)
                elif answer.status:
                    break  # a body may end with its connection
                else:
                    raise BadResponse("the connection ended before the answer did")
        finally:
            writer.close()
    return answer
