"""One request and its answer, as RFC 9112 wants them where uvicorn does not.

An HTTP/1.0 client gets no chunks: an answer of open length ends with its connection (section 6.3).
A connection on which a body may still come that nobody asked for is closed behind the answer. A
head goes out with the first bytes behind it, in one call of the kernel.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from pushlab.hub.edge.half_closed import FIRST_LETTER, LEADING_ZERO
from pushlab.hub.edge.limits import MAX_UNASKED_BYTES

__all__ = ["Exchange", "first_line"]


def first_line(status: int, phrase: bytes = b"") -> bytes:
    """An answer's first line, with the usual phrase or another (RFC 9112, section 4)."""
    return b"HTTP/1.1 %d %b\r\n" % (status, phrase) if phrase else STATUS_LINE[status]


class Exchange(RequestResponseCycle):
    """What uvicorn calls a cycle.

    Args:
        cycle: as uvicorn's has them, in its order.
        body_left: of the body so many bytes are still to come; 0 when nobody knows.
        on_wait: called when a client that does not take its answers makes the next one wait.

    Attributes:
        lingers: whether the client may still send what nobody will read; set when answered.
    """

    def __init__(
        self, *cycle: Any, body_left: Callable[[], int], on_wait: Callable[[], None]
    ) -> None:
        super().__init__(*cycle)
        self._old = self.scope["http_version"] == "1.0"
        if self._old:
            self.waiting_for_100_continue = False  # such a client knows no interim answers
        self._body_left = body_left
        self._on_wait = on_wait
        self._open_ended = False
        self._head = b""  # of the answer, until there is something behind it
        self.lingers = False

    @property
    def begun(self) -> bool:
        """Whether the client has seen any of the answer."""
        return self.response_started and not self._head

    async def send(self, message: Any) -> None:
        """Send a part of the answer."""
        if self.flow.write_paused and not self.disconnected:
            if not self.response_started:
                self._on_wait()
            await self.flow.drain()
        if self.disconnected:
            return
        if message["type"] == "http.response.body" and self.response_started:
            self._send_body(message.get("body", b""), more=message.get("more_body", False))
        elif message["type"] == "http.response.start" and not self.response_started:
            line = first_line(message["status"], message.get("phrase", b""))
            self._begin(message["status"], line, message.get("headers", ()))
        else:
            raise RuntimeError(f"{message['type']} comes at the wrong time")

    def _begin(self, status: int, line: bytes, headers: Any) -> None:
        if self.more_body and self._leaves_body(status):
            self.keep_alive = False
        self.response_started = True
        self.waiting_for_100_continue = False
        length: int | None = None
        told = False
        content = [line]
        for name, value in (*self.default_headers, *headers):
            lower = name.lower()
            if lower == b"content-length":
                length = int(value)
            elif lower == b"connection":
                told = True
                if b"close" in [token.strip() for token in value.lower().split(b",")]:
                    self.keep_alive = False
            content += (lower, b": ", value, b"\r\n")
        if length is None and status not in (204, 304) and self.scope["method"] != "HEAD":
            if self._old:
                self._open_ended = True
                self.keep_alive = False
            else:
                self.chunked_encoding = True
                content += (b"transfer-encoding", b": ", b"chunked", b"\r\n")
        self.expected_content_length = 0 if self.scope["method"] == "HEAD" else length or 0
        if not told and not self.keep_alive:
            content += (b"connection", b": ", b"close", b"\r\n")
        elif not told and self._old:
            content += (b"connection", b": ", b"keep-alive", b"\r\n")
        head = b"".join(content)
        lines = 1 + len(content) // 4
        if not (head.count(b"\r") == head.count(b"\n") == head.count(b"\r\n") == lines):
            raise RuntimeError("a header with a line break in it")
        self._head = head + b"\r\n"

    def _leaves_body(self, status: int) -> bool:
        """Whether it is better not to read the rest of the body that this answer does not need.

        Without "100 Continue" the client may send the body or not; nobody could tell.
        """
        if self.waiting_for_100_continue or status == 413:
            return True
        return self._body_left() > MAX_UNASKED_BYTES

    def _send_body(self, body: bytes, *, more: bool) -> None:
        if self.response_complete:
            raise RuntimeError("the answer is complete already")
        if self.scope["method"] == "HEAD":
            body = b""
        elif self.chunked_encoding:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                body += b"0\r\n\r\n"
        elif not self._open_ended:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0 or (self.expected_content_length and not more):
                raise RuntimeError("the answer is not as long as its Content-Length")
        if self._head:
            body, self._head = self._head + body, b""
        if body:
            self.transport.write(body)
        if not more:
            self._complete()

    def _complete(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            if self.more_body:
                self.lingers = True  # the protocol closes, and not at once
            else:
                self.transport.close()
        self.on_response()

    # ---- the connection ---------------------------------------------------------------------

    def end(self) -> None:
        """The client has gone, or is refused: whoever serves it learns of that."""
        self.disconnected = True
        self.message_event.set()

    def probe(self) -> None:
        """Send a little of what comes anyway; see `pushlab.hub.edge.half_closed`."""
        if not self.begun:
            self.transport.write(FIRST_LETTER)
            ahead: Any = _Behind(self.transport, len(FIRST_LETTER))
            self.transport = ahead
        elif self.chunked_encoding:
            self.transport.write(LEADING_ZERO)


class _Behind:
    """A transport on which the first bytes of an answer are sent already."""

    __slots__ = ("_ahead", "_transport")

    def __init__(self, transport: asyncio.Transport, ahead: int) -> None:
        self._transport = transport
        self._ahead = ahead

    def write(self, data: bytes) -> None:
        if self._ahead:
            data, self._ahead = data[self._ahead :], 0
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
