"""uvicorn's WebSockets, with limits: for those that are handed over, such as MQTT's.

The head is read already, so the core of `websockets` is given what it needs of it, and its own
limits of lines and headers do not count. A client that does not take what it is answered is not
read either.
"""

import time
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.datastructures import Headers as WebSocketHeaders
from websockets.http11 import Request

from pushlab.contract.serving import Headers
from pushlab.errors import Refused
from pushlab.hub.edge.limits import (
    BAD_UPGRADE,
    OTHER_WEBSOCKET,
    UPGRADE_WITH_BODY,
    RequestHead,
    read_head,
)
from pushlab.hub.edge.lingering_close import LINGER_S
from pushlab.hub.edge.refusals import Refusal
from pushlab.wire.pace import paid_until
from pushlab.wire.websocket_core import ServerCore, header_text

__all__ = ["GuardedWebSocket", "check_upgrade"]

#: Of one connection's frames so much is read in a turn of the event loop: small frames are many.
_TURN_BYTES = 4 * 1024
_BARE_HEAD = b"GET / HTTP/1.1\r\n\r\n"
_CLOSE_S = 10.0


def check_upgrade(
    method: bytes, version: str, target: bytes, headers: Headers
) -> RequestHead | None:
    """The WebSocket's handshake; None where the Upgrade is another's, to be ignored.

    Raises:
        Refused: 400 for a WebSocket that does not begin with a plain GET (RFC 6455, section 4.1),
            426 for one of another version (section 4.4), 501 for CONNECT; what `read_head` raises.
    """
    if method == b"CONNECT":
        raise Refused(501, Refusal.BAD_UPGRADE, "this is no proxy")
    wanted = b",".join(value for name, value in headers if name == b"upgrade").strip().lower()
    if wanted != b"websocket" or version == "1.0":  # RFC 9110, section 7.8
        return None
    if method != b"GET":
        raise BAD_UPGRADE()
    if any(name == b"sec-websocket-version" and value.strip() != b"13" for name, value in headers):
        raise OTHER_WEBSOCKET()
    head = read_head("GET", version, target, headers)
    if head.length != 0:
        raise UPGRADE_WITH_BODY()
    return head


class GuardedWebSocket(WebSocketsSansIOProtocol):
    """One WebSocket."""

    _early = b""  # what came and is not read yet
    _broken = False  # whether it is over, and the client to blame
    _owes = False  # an answer to a ping, which the client does not take
    _pings = 0  # of this turn
    _paid_until = 0.0  # see `pushlab.wire.pace`

    def open(self, head: RequestHead) -> None:
        """Answer the handshake."""
        pairs = WebSocketHeaders(
            (name.decode("ascii"), header_text(value)) for name, value in head.headers
        )
        self._head = Request(head.target.decode("ascii"), pairs)
        self.conn = ServerCore(
            extensions=self.conn.available_extensions,
            max_size=self.config.ws_max_size,
            logger=self.logger,
        )
        super().data_received(_BARE_HEAD)

    def handle_connect(self, event: Request) -> None:
        """The core has read a head."""
        super().handle_connect(self._head)

    def handle_ping(self) -> None:
        """The core has answered a ping."""
        super().handle_ping()
        self._pings += 1
        self._owes = not self.writable.is_set()

    def send_receive_event_to_app(self) -> None:
        """A message is whole; that a text is no UTF-8 is not worth a traceback in the log."""
        try:
            if self.curr_msg_data_type == "text":
                b"".join(self.frames).decode()
        except UnicodeDecodeError:
            self.frames = []
            self.conn.send_close(1007)
            self.handle_parser_exception()
        else:
            super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """The client breaks the rules: it is told so, and what still comes is read past.

        To close at once would reset the connection, and could destroy the close frame.
        """
        close = self.conn.close_sent
        assert close is not None
        told = {"type": "websocket.disconnect", "code": close.code, "reason": close.reason}
        self.queue.put_nowait(cast(Any, told))
        self.stop_keepalive()
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = self._broken = True
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(LINGER_S, self.transport.abort)
        if self.transport.can_write_eof():  # not with TLS
            self.transport.write_eof()

    def data_received(self, data: bytes) -> None:
        """Read frames, a turn's worth at a time, while their answers are taken."""
        if self._broken:
            return
        data, self._early = self._early + data, b""
        if self.handshake_complete:
            self._go_on(data)
        else:  # it was not to say anything yet
            self._early = data
            self.transport.pause_reading()

    def _go_on(self, data: bytes) -> None:
        if self.transport.is_closing() or self.disconnected:
            return
        super().data_received(data[:_TURN_BYTES])
        self._early = b"" if self._broken else data[_TURN_BYTES:]
        if self._broken:
            self.transport.resume_reading()
            return
        if self.transport.is_closing():
            self._early = b""
            if self.transport.get_write_buffer_size():
                self._cut_later()
        elif self._early or self._waits():
            self.transport.pause_reading()
            if not self._waits():
                self.loop.call_soon(self._resume)
        if self._pings:
            self._pay(self._pings)
            self._pings = 0

    def _pay(self, pings: int) -> None:
        now = time.monotonic()
        self._paid_until = paid_until(self._paid_until, pings, now)
        if self._paid_until > now:
            self.transport.pause_reading()
            self.loop.call_later(self._paid_until - now, self._resume)

    def _waits(self) -> bool:
        """Whether the application, the client or the clock has to do something first."""
        return self.read_paused or self._owes or self._paid_until > time.monotonic()

    def _cut_later(self) -> None:
        if self.close_timer is None:
            self.close_timer = self.loop.call_later(_CLOSE_S, self.transport.abort)

    def _resume(self) -> None:
        """Go on with what has come, unless somebody must be waited for."""
        if self._waits() or self.transport.is_closing():
            return
        early, self._early = self._early, b""
        if early:
            self._go_on(early)
        if not (self._early or self._waits() or self.transport.is_closing()):
            self.transport.resume_reading()

    def resume_writing(self) -> None:
        """The client takes its answers again."""
        super().resume_writing()
        self._owes = False
        self._resume()

    async def receive(self) -> Any:
        """A message for the application."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self._resume()
        return message

    async def send(self, message: Any) -> None:
        """A message of the application's; after its close what still comes is read past."""
        await super().send(message)
        if self._early:
            self._resume()
