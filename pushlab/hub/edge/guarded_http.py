"""uvicorn's HTTP protocol, with limits: what serves a connection that is handed over to it.

uvicorn gives its parser whatever comes, for as long as it comes. Here a head, a chunk's size or a
trailer is at most so long, a request comes within its time, and no request is read before the one
in front of it is answered, however many a client sends at once. llhttp takes each ``Upgrade`` for
the end of HTTP; here all but WebSocket's are ignored (RFC 9110, section 7.8), so that the body of
such a request is read as that and never as a request.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import FlowControl

from pushlab.errors import Refused
from pushlab.hub.edge.bounded_http import BODY, HEAD, NOTHING, BoundedHttp
from pushlab.hub.edge.guarded_websocket import GuardedWebSocket, check_upgrade
from pushlab.hub.edge.half_closed import can_be_kept, has_gone, looks_after_s
from pushlab.hub.edge.limits import (
    LEAST_BYTES_PER_S,
    MAX_HEAD_BYTES,
    Edge,
    RequestHead,
    last_answer,
    late,
    reason_of,
    too_large_head,
)
from pushlab.hub.edge.lingering_close import LingeringClose, close_in_time
from pushlab.hub.edge.refusals import Refusal, has_vanished

__all__ = ["GuardedHttp"]


class _Flow(FlowControl):
    """Reading stays paused while requests wait for the one in front of them."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self._held = False

    def hold(self) -> None:
        self._held = True
        self.pause_reading()

    def release(self) -> None:
        self._held = False
        self.resume_reading()

    def resume_reading(self) -> None:
        if not self._held:
            super().resume_reading()


class GuardedHttp(BoundedHttp):
    """One connection. Its only timer is the one that uvicorn has for idle ones.

    Args:
        began_at: when the first request's head did, by the monotonic clock, in seconds.
    """

    __slots__ = ("_early", "_edge", "_ended", "_looks", "_refusal")

    flow: _Flow

    def __init__(self, *uvicorns: Any, edge: Edge, began_at: float) -> None:
        super().__init__(*uvicorns)
        self._edge = edge
        self._began_at = began_at  # the head or the body that is coming
        self._early = b""  # what came behind a request that is not answered yet
        self._refusal: Refused | None = None  # to be told behind that one's answer
        self._ended = False  # the client sends no more
        self._looks: Iterator[float] = iter(())  # for a client that may have gone

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """It was handed over."""
        super().connection_made(transport)
        self.flow = _Flow(transport)

    # ---- what comes -------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parse it, or keep it until its turn comes."""
        if self._early or self._refusal is not None:
            self._early += data
            self.flow.hold()
            return
        self._unset_keepalive_if_required()
        self._feed(data)

    def _answering(self) -> bool:
        """Whether a whole request waits for its answer."""
        running = self._running
        if running is None or running.response_complete:
            return False
        return bool(self.pipeline) or self._part != BODY

    def _feed(self, data: bytes) -> None:
        """Parse a piece at a time, no longer than a head may be, up to a request that waits."""
        at = 0
        while at < len(data):
            if self._answering():
                self._early = data[at:]
                self.flow.hold()
                return
            piece = data[at : at + MAX_HEAD_BYTES]
            at += len(piece)
            self._framing += len(piece)
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserUpgrade as stop:
                self._on_upgrade(piece[stop.args[0] :] + data[at:])
                return
            except httptools.HttpParserError as error:
                self._refuse(reason_of(error))
                return
            if self._framing >= MAX_HEAD_BYTES:  # and it has not ended
                self._refuse(too_large_head(self.url if self._part == HEAD else b""))
                return
        self._wait_for_rest()

    def _on_upgrade(self, rest: bytes) -> None:
        """A head with an Upgrade has been read, and the parser takes what follows for no HTTP."""
        version = self.parser.get_http_version()
        method = self.parser.get_method()
        try:
            handshake = check_upgrade(method, version, self.url, self.headers)
        except Refused as refusal:
            self._refuse(refusal)
            return
        if handshake is not None and not self._answering():
            self._open_websocket(handshake, rest)
            return
        headers = self.headers
        if handshake is None:
            headers = [each for each in headers if each[0] != b"upgrade"]
        lines = [b"%b: %b\r\n" % each for each in headers]
        head = b"%b %b HTTP/%b\r\n%b\r\n" % (method, self.url, version.encode(), b"".join(lines))
        self._begin_anew()
        self._feed(head + rest)

    def _open_websocket(self, handshake: RequestHead, rest: bytes) -> None:
        self._unset_keepalive_if_required()
        self.connections.discard(self)
        socket = GuardedWebSocket(self.config, self.server_state, self.app_state)
        socket.connection_made(self.transport)
        self.transport.set_protocol(socket)
        socket.open(handshake)
        if rest:
            socket.data_received(rest)

    # ---- answers ----------------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """Go on with what waits."""
        running = self._running
        assert running is not None
        self.server_state.total_requests += 1
        self._unset_keepalive_if_required()
        if running.lingers:
            self._say_no_more()
        elif self.transport.is_closing():
            if self.transport.get_write_buffer_size():
                self._cut_if_stalled()
        elif self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._refusal is not None:
            self._tell(self._refusal)
        else:
            self._go_on()

    def _go_on(self) -> None:
        """All that was read is answered: read on, or rest."""
        self._began_at = 0.0  # half of the next one may have come, and had to wait
        early, self._early = self._early, b""
        self.flow.release()
        if early:
            self.data_received(early)
        elif self._ended:
            self.timeout_keep_alive_task = close_in_time(self.transport, self.timeout_keep_alive)
        elif self._part != NOTHING:
            self._wait_for_rest()
        else:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _refuse(self, refusal: Refused) -> None:
        """Refuse what came, behind the answers to what came before it."""
        self._edge.note(refusal.reason, who=self.client[0] if self.client else "")
        if self._answering():
            self._refusal = refusal
            self.flow.hold()
        else:
            self._tell(refusal)

    def _tell(self, refusal: Refused) -> None:
        running = self._running
        answered = False
        if running is not None:
            answered = self._part == BODY and running.begun
            if not running.response_complete:
                running.end()
        if not answered and not self.transport.is_closing():
            self.transport.write(last_answer(refusal))
        self._say_no_more()

    def _say_no_more(self) -> None:
        self._unset_keepalive_if_required()
        self.connections.discard(self)
        self.pipeline.clear()
        self.parser = None  # type: ignore[assignment]
        LingeringClose(self.transport, self.connections)

    # ---- time -------------------------------------------------------------------------------

    def _wait_for_rest(self) -> None:
        """A request that has begun comes within its time."""
        if self.transport.is_closing() or self._answering():
            return
        if self._part == NOTHING and self._framing == 0:
            return  # a whole one: it is answered, or will be
        self._unset_keepalive_if_required()
        now = time.monotonic()
        self._began_at = self._began_at or now
        late_s = self._due_at() - now
        self.timeout_keep_alive_task = self.loop.call_later(max(0.0, late_s), self._on_late)

    def _due_at(self) -> float:
        if self._part == BODY:
            return self._began_at + self._edge.body_s + self._body_bytes / LEAST_BYTES_PER_S
        return self._began_at + self._edge.head_s

    def _on_late(self) -> None:
        self.timeout_keep_alive_task = None
        if self.flow.read_paused:  # it is the handler who is slow
            self._began_at = 0.0
            self._wait_for_rest()
        else:
            self._refuse(late(body=self._part == BODY))

    def _cut_if_stalled(self) -> None:
        """A client that takes nothing for as long as it may rest is cut off."""
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.transport.abort
        )

    def timeout_keep_alive_handler(self) -> None:
        """It has rested long enough."""
        self.timeout_keep_alive_task = close_in_time(self.transport, self._edge.head_s)

    # ---- the connection ---------------------------------------------------------------------

    def resume_writing(self) -> None:
        """The client takes its answers again."""
        super().resume_writing()
        if self._running is not None and not self._running.response_complete:
            self._unset_keepalive_if_required()
            self._wait_for_rest()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends no more; what it has asked for is answered, if it is there."""
        running = self._running
        if running is None or running.response_complete or not can_be_kept(self.transport):
            return False
        if self._part == BODY and not self.pipeline:
            return False  # of this request the rest will never come
        self._ended = True
        running.probe()
        self._looks = looks_after_s()
        self._look()
        return True

    def _look(self) -> None:
        self._unset_keepalive_if_required()
        if has_gone(self.transport):
            self.transport.abort()
        elif (wait_s := next(self._looks, None)) is not None:
            self.timeout_keep_alive_task = self.loop.call_later(wait_s, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone; whoever serves it learns of that."""
        super().connection_lost(exc)
        if has_vanished(exc):
            self._edge.note(Refusal.DEAD_PEER)
        self._unset_keepalive_if_required()
        self.pipeline.clear()
        if self._running is not None:
            self._running.end()
        if self.cycle is None or self.cycle.response_complete:  # no circle is left to a collector
            self.parser = self.cycle = self._running = None  # type: ignore[assignment]
