"""HTTP/1.1 for the laboratory's own requests: light, kept alive, and with a stamp at every send.

One exchange at a time on one connection; parsing is httptools'. Framing is RFC 9112.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import httptools

from pushlab.errors import ConnectionFailed

__all__ = ["HttpConnection", "HttpResponse", "connect_http", "request_bytes"]


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
        busy: whether an answer is due.
        bytes_in, bytes_out: counted since the connection was made, before encryption.
    """

    __slots__ = (
        "_body",
        "_on_answer",
        "_parser",
        "_status",
        "_transport",
        "bytes_in",
        "bytes_out",
        "open",
    )

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._on_answer: Callable[[HttpResponse], None] | None = None
        self._body: list[bytes] = []
        self._status = 0
        self.open = False
        self.bytes_in = 0
        self.bytes_out = 0

    @property
    def busy(self) -> bool:
        """Whether an answer is due."""
        return self._on_answer is not None

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
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self.open = False
        self._answer(HttpResponse(0, b""))

    # ---- called by httptools ----

    def on_message_begin(self) -> None:
        """A response begins."""
        self._body = []

    def on_headers_complete(self) -> None:
        """The status line and every header are read."""
        self._status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self._body.append(data)

    def on_message_complete(self) -> None:
        """The response is whole."""
        if not self._parser.should_keep_alive():
            self.close()
        self._answer(HttpResponse(self._status, b"".join(self._body)))

    def _answer(self, answer: HttpResponse) -> None:
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


def request_bytes(
    url: str, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b""
) -> bytes:
    """A whole request; `path` must be encoded already."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
