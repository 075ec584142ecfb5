"""The hub's HTTP protocol: where connections arrive, and where direct routes are served.

A poll, a stream or a WebSocket of a direct route is served here, in the turn in which its request
arrives and with no task of its own. A connection that asks for anything else, or in any unusual
way, is handed over to uvicorn with the bytes that have arrived, and stays there.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from pushlab.contract.serving import Direct, HttpExchange, Response, Route, Scope
from pushlab.hub.origins import Headers
from pushlab.hub.request import RequestReader
from pushlab.hub.stream_connection import Framed, StreamConnection
from pushlab.hub.websocket_protocol import DirectSocket, text_frame

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
        with_client: whether a scope says who asks, as ASGI has it.
    """

    def __init__(
        self,
        routes: Mapping[tuple[str, str], Route],
        foreign: Callable[[Headers], bytes | None] | None = None,
        known: Callable[[bytes], bool] | None = None,
        *,
        with_client: bool = False,
    ) -> None:
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
    parts = [STATUS_LINE[answer.status], b"cache-control: %b\r\n" % answer.cache_control]
    parts += [b"%b: %b\r\n" % header for header in answer.headers]
    if answer.status != 204:
        about = answer.content_type, len(answer.body)
        parts.append(b"content-type: %b\r\ncontent-length: %d\r\n" % about)
    return b"".join((*parts, b"\r\n", answer.body))


def _chunk(data: bytes) -> bytes:
    """A piece of a body as RFC 9112 frames it, section 7.1."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class _HttpProtocol(StreamConnection, HttpExchange):
    """One connection: direct requests, one after another, until it is handed over.

    Its timer ends an idle connection, or a lingering one.
    """

    __slots__ = (
        "_asked",
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
        self._rested_at = 0.0
        self._closing = False

    # ---- requests ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = cast(asyncio.Transport, transport)
        self._factory.connections.add(self)

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
        protocol = HttpToolsProtocol(factory.config, factory.server_state, factory.app_state)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(data)

    def _open_socket(self) -> None:
        factory = self._factory
        self._stop_timer()
        factory.connections.discard(self)
        socket = DirectSocket(factory.config, factory.connections, self._transport)
        self._transport.set_protocol(socket)
        socket.open(self._scope, self._direct, factory.frames)

    # ---- the exchange of a stream ---------------------------------------------------------------

    def answer(self, answer: Response) -> None:
        """Answer the request whole."""
        self._write(_encode(answer))
        self._complete(_LINGER_S)

    def begin(self, headers: Sequence[tuple[bytes, bytes]], data: bytes) -> bool:
        """Begin a response of open length."""
        head = [b"%b: %b\r\n" % header for header in headers]
        chunk = self._factory.chunks.make(data)
        return self._write(
            b"".join((STATUS_LINE[200], *head, b"transfer-encoding: chunked\r\n\r\n", chunk))
        )

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
            self._transport.close()
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
        left_s = self._rested_at + self._factory.config.timeout_keep_alive - time.monotonic()
        if left_s <= 0:
            self._transport.close()
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
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._leave()
        self._factory.connections.discard(self)
