"""The hub's HTTP protocol: where connections arrive, and where direct routes are served.

A poll, a stream or a WebSocket of a direct route is served here, in the turn in which its request
arrives and with no task of its own. A connection that asks for anything else, or in any unusual
way, is handed over to uvicorn with the bytes that have arrived, and stays there.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState

from pushlab.contract.serving import Direct, Headers, HttpExchange, Response, Route, Scope
from pushlab.hub.edge.exchange import first_line
from pushlab.hub.edge.guarded_http import GuardedHttp
from pushlab.hub.edge.half_closed import (
    FIRST_LETTER,
    LEADING_ZERO,
    can_be_kept,
    has_gone,
    looks_after_s,
)
from pushlab.hub.edge.limits import Edge
from pushlab.hub.edge.refusals import Refusal, has_vanished
from pushlab.hub.edge.request import RequestReader
from pushlab.hub.edge.stream_connection import Framed, StreamConnection
from pushlab.hub.edge.websocket_protocol import DirectSocket, text_frame

__all__ = ["HttpProtocolFactory"]

_log = logging.getLogger("uvicorn.error")
_FAILED = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_LINGER_S = 1.0
_LAST_CHUNK = b"0\r\n\r\n"


class HttpProtocolFactory:
    """Makes one for each connection: what uvicorn takes as its HTTP protocol.

    Args:
        routes: by kind and path; those without a direct form are uvicorn's to serve.
        foreign, known: as for `RequestReader`.
        edge: what may come in.
        with_client: whether a scope says who asks, as ASGI has it.
    """

    def __init__(
        self,
        routes: Mapping[tuple[str, str], Route],
        foreign: Callable[[Headers], bytes | None] | None = None,
        known: Callable[[bytes], bool] | None = None,
        *,
        edge: Edge | None = None,
        with_client: bool = False,
    ) -> None:
        self.edge = edge or Edge()
        self.with_client = with_client
        self.read = RequestReader(routes, foreign, known).read
        self.chunks = Framed(_chunk)
        self.frames = Framed(text_frame)

    def __call__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> "_HttpProtocol":
        """A protocol for a new connection, in uvicorn's words."""
        self.config = config
        self.server_state = server_state
        self.connections: set[Any] = server_state.connections
        self.app_state = app_state
        return _HttpProtocol(self)


def _encode(answer: Response) -> bytes:
    line = first_line(answer.status, answer.phrase)
    parts = [line, b"cache-control: %b\r\n" % answer.cache_control]
    parts += [b"%b: %b\r\n" % header for header in answer.headers]
    if answer.status != 204:
        if not answer.content_type:
            parts.append(b"content-length: %d\r\n" % len(answer.body))
        else:
            about = answer.content_type, len(answer.body)
            parts.append(b"content-type: %b\r\ncontent-length: %d\r\n" % about)
    return b"".join((*parts, b"\r\n", answer.body))


def _chunk(data: bytes) -> bytes:
    """A piece of a body as RFC 9112 frames it, section 7.1."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class _HttpProtocol(StreamConnection, HttpExchange):
    """One connection: direct requests, one after another, until it is handed over.

    Its timer ends a connection on which nothing comes, one that rests too long, or one that
    lingers; or it looks after a client that has sent all it will.
    """

    __slots__ = (
        "_ahead",
        "_asked",
        "_began_at",
        "_begun",
        "_closing",
        "_direct",
        "_early",
        "_factory",
        "_rested_at",
        "_scope",
    )

    _direct: Direct
    _scope: Scope

    def __init__(self, factory: HttpProtocolFactory) -> None:
        super().__init__()
        self._factory = factory
        self._asked = b""  # the last request, if it may be asked again; `_scope` is what it says
        self._early = b""  # what came behind a request that is not answered yet
        self._began_at = time.monotonic()
        self._rested_at = 0.0  # since the last answer; 0: nothing was asked yet
        self._begun = False  # the answer of the stream
        self._ahead = 0  # bytes of an answer that were sent before it
        self._closing = False

    # ---- requests ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = cast(asyncio.Transport, transport)
        factory = self._factory
        factory.connections.add(self)
        loop = asyncio.get_running_loop()
        soonest_s = min(factory.edge.head_s, factory.config.timeout_keep_alive)
        self._timer = loop.call_later(soonest_s, self._on_idle)

    def data_received(self, data: bytes) -> None:
        """Serve a direct request, or hand the connection over."""
        if self._stream is not None:
            self._early += data
            self._transport.pause_reading()
            return
        if data != self._asked:  # a client that polls asks the same again and again
            found = self._factory.read(data)
            if found is None:
                self._hand_over(data)
                return
            self._asked = data
            self._scope, self._direct = found
            if self._factory.with_client:
                self._scope["client"] = self._transport.get_extra_info("peername")
        try:
            if self._scope["type"] == "websocket":
                self._open_socket()
                return
            answer = self._direct(self._scope)
            if isinstance(answer, Response):
                self._transport.write(_encode(answer))
                self._rest()
            else:
                self._asked, self._scope = b"", {}
                self._stop_timer()
                self._stream = answer
                answer.begin(self)
        except Exception:
            _log.exception("a direct route failed")
            self._transport.write(_FAILED)
            self._transport.close()

    def _hand_over(self, data: bytes) -> None:
        """This connection is uvicorn's from now on."""
        factory = self._factory
        self._stop_timer()
        factory.connections.discard(self)
        protocol = GuardedHttp(
            factory.config,
            factory.server_state,
            factory.app_state,
            edge=factory.edge,
            began_at=time.monotonic() if self._rested_at else self._began_at,
        )
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(data)

    def _open_socket(self) -> None:
        factory = self._factory
        self._stop_timer()
        factory.connections.discard(self)
        socket = DirectSocket(
            factory.config, factory.connections, self._transport, note=factory.edge.note
        )
        self._transport.set_protocol(socket)
        socket.open(self._scope, self._direct, factory.frames)

    # ---- the exchange of a stream ---------------------------------------------------------------

    def answer(self, answer: Response) -> None:
        """Answer the request whole."""
        data = _encode(answer)
        self._write(data[self._ahead :] if self._ahead else data)
        self._complete(_LINGER_S)

    def begin(self, headers: Headers, data: bytes) -> bool:
        """Begin a response of open length."""
        self._begun = True
        head = [b"%b: %b\r\n" % header for header in headers]
        chunk = self._factory.chunks.make(data)
        pieces = STATUS_LINE[200], *head, b"transfer-encoding: chunked\r\n\r\n", chunk
        return self._write(b"".join(pieces)[self._ahead :])

    def write(self, *pieces: bytes) -> bool:
        """Send a chunk."""
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        chunks = self._factory.chunks
        try:  # spelled out here, for there is no hotter path
            self._transport.write(chunks.framed if data is chunks.data else chunks.make(data))
        except RuntimeError:  # as in `_write`
            return False
        return not self._paused

    def end(self, data: bytes, *, linger_s: float) -> None:
        """Send the last chunk."""
        self._write(self._factory.chunks.make(data) + _LAST_CHUNK)
        self._complete(linger_s)

    def _complete(self, linger_s: float) -> None:
        """The response is written; perhaps the client has yet to take it."""
        self._leave()
        self._begun = False
        self._ahead = 0
        if self._paused:
            self._transport.pause_reading()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(linger_s, self._transport.abort)
        else:
            self._rest()

    # ---- between requests -------------------------------------------------------------------

    def _rest(self) -> None:
        """Wait for the next request, which may be here already."""
        if self._closing:
            self._close()
            return
        self._rested_at = time.monotonic()
        if self._timer is None:  # else it will find out by itself that it is early
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._factory.config.timeout_keep_alive, self._on_idle)
        if self._early:
            data, self._early = self._early, b""
            self._transport.resume_reading()
            self.data_received(data)

    def _on_idle(self) -> None:
        if self._rested_at:
            left_s = self._rested_at + self._factory.config.timeout_keep_alive - time.monotonic()
        else:
            left_s = self._began_at + self._factory.edge.head_s - time.monotonic()
        self._timer = None
        if left_s <= 0:
            self._close()
        else:
            self._timer = asyncio.get_running_loop().call_later(left_s, self._on_idle)

    # ---- the connection ---------------------------------------------------------------------

    def pause_writing(self) -> None:
        """The client takes less than it is sent; a request would only make that worse."""
        self._paused = True
        if self._stream is None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """There is room again."""
        self._paused = False
        if self._stream is not None:
            self._stream.resume()
        else:
            self._stop_timer()
            self._transport.resume_reading()
            self._rest()

    def shutdown(self) -> None:
        """The server stops: close, behind what is being answered."""
        self._closing = True
        if self._stream is None:
            self._close()

    def eof_received(self) -> bool:
        """The client sends no more; what it has asked for is answered, if it is there."""
        if self._stream is None or not can_be_kept(self._transport):
            return False
        self._closing = True
        self._ahead = 0 if self._begun else len(FIRST_LETTER)
        self._write(LEADING_ZERO if self._begun else FIRST_LETTER)
        self._look(looks_after_s())
        return True

    def _look(self, later: Iterator[float]) -> None:
        """Cut the connection when it shows that the client has gone."""
        if has_gone(self._transport):
            self._transport.abort()
        elif (wait_s := next(later, None)) is not None:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._look, later)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._leave()
        self._factory.connections.discard(self)
        if has_vanished(exc):
            self._factory.edge.note(Refusal.DEAD_PEER)
