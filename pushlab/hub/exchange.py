"""One request and its answer, as RFC 9112 wants them where uvicorn does not.

An HTTP/1.0 client gets no chunks: an answer of open length ends with its connection (section 6.3).
A connection on which a body may still come that nobody asked for is closed behind the answer.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from pushlab.hub.edge import MAX_UNASKED_BYTES
from pushlab.hub.half_closed import FIRST_LETTER, LEADING_ZERO

__all__ = ["Exchange"]


class Exchange(RequestResponseCycle):
    """What uvicorn calls a cycle.

    Args:
        left: of the body so many bytes are still to come; 0 when nobody knows.
        on_wait: called when a client that does not take its answers makes the next one wait.
        cycle: as uvicorn's has them.

    Attributes:
        lingers: whether the client may still send what nobody will read; set when answered.
    """

    def __init__(
        self,
        *,
        left: Callable[[], int],
        on_wait: Callable[[], None],
        **cycle: Any,
    ) -> None:
        super().__init__(**cycle)
        self._old = self.scope["http_version"] == "1.0"
        if self._old:
            self.waiting_for_100_continue = False  # such a client knows no interim answers
        self._left = left
        self._on_wait = on_wait
        self._open_ended = False
        self.lingers = False

    async def send(self, message: Any) -> None:
        """Send a part of the answer."""
        if self.flow.write_paused and not (self.response_started or self.disconnected):
            self._on_wait()
            await self.flow.drain()
        if self.disconnected:
            return
        if self._open_ended:
            self.expected_content_length = len(message.get("body", b""))
        if not self.response_started:
            if self.more_body and self._leaves_body(message["status"]):
                self.keep_alive = False
            if self._old:
                message = self._for_old_client(message)
        last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if last and self.more_body and not self.keep_alive and not self.response_complete:
            self.lingers = self.keep_alive = True  # the protocol closes, and not at once
        await super().send(message)

    def _leaves_body(self, status: int) -> bool:
        """Whether it is better not to read the rest of the body that this answer does not need.

        Without "100 Continue" the client may send the body or not; nobody could tell.
        """
        return self.waiting_for_100_continue or status == 413 or self._left() > MAX_UNASKED_BYTES

    def _for_old_client(self, message: Any) -> Any:
        headers = list(message.get("headers", ()))
        names = {name.lower() for name, _ in headers}
        empty = message["status"] in (204, 304) or self.scope["method"] == "HEAD"
        if b"content-length" not in names and not empty:
            self.keep_alive = False
            self._open_ended = True
            self.chunked_encoding = False
        elif self.keep_alive and b"connection" not in names:
            headers.append((b"connection", b"keep-alive"))
        return {**message, "headers": headers}

    # ---- the connection ---------------------------------------------------------------------

    def end(self) -> None:
        """The client has gone, or is refused: whoever serves it learns of that."""
        self.disconnected = True
        self.message_event.set()

    def probe(self) -> None:
        """Send a little of what comes anyway; see `pushlab.hub.half_closed`."""
        if not self.response_started:
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
