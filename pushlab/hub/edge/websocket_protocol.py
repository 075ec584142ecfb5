"""The WebSockets of direct routes: the sans-I/O core of `websockets` on a bare connection.

The core does the handshake, reads what the client sends and closes. What goes to many clients, a
text frame without compression, is the same bytes for all, so it is made once, and a connection
that the client never spoke on has no core at all.
"""

import asyncio
import codecs
import logging
import time
from collections.abc import Callable
from typing import Any

from uvicorn.config import Config
from websockets.datastructures import Headers
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from pushlab.contract.serving import Direct, Response, Scope, WebSocketConnection
from pushlab.hub.edge.lingering_close import LingeringClose
from pushlab.hub.edge.refusals import Refusal, has_vanished
from pushlab.hub.edge.stream_connection import Framed, StreamConnection
from pushlab.wire.pace import paid_until
from pushlab.wire.websocket_core import ServerCore

__all__ = ["DirectSocket", "text_frame"]

_log = logging.getLogger("uvicorn.error")
_PING = Frame(Opcode.PING, b"").serialize(mask=False)
#: Of one client's frames so much is read in a turn of the event loop: small frames are many.
_TURN_BYTES = 1024
_CLOSE_S = 10.0  # for the client's half of the closing handshake


def text_frame(text: bytes) -> bytes:
    """A text's frame (RFC 6455, section 5.2), unmasked and not compressed."""
    return Frame(Opcode.TEXT, text).serialize(mask=False)


class DirectSocket(StreamConnection, WebSocketConnection):
    """One WebSocket, and the connection of its stream.

    Args:
        config: uvicorn's, for the settings of WebSockets.
        connections: those of the server, this one among them while it stands.
        note: counts a refusal.
    """

    __slots__ = (
        "_config",
        "_connections",
        "_core",
        "_decoder",
        "_early",
        "_extensions",
        "_frames",
        "_heard",
        "_note",
        "_paid_until",
    )

    _frames: Framed

    def __init__(
        self,
        config: Config,
        connections: set[Any],
        transport: asyncio.Transport,
        *,
        note: Callable[[Refusal], None],
    ) -> None:
        super().__init__()
        self._note = note
        self._config = config
        self._connections = connections
        self._transport = transport
        self._core: ServerProtocol | None = None
        self._early = b""  # what came and is not read yet
        self._decoder: codecs.IncrementalDecoder | None = None  # while a text arrives in parts
        self._extensions: list[Any] = []
        self._heard = True  # since the last ping
        self._paid_until = 0.0  # see `pushlab.wire.pace`
        connections.add(self)

    def open(self, scope: Scope, direct: Direct, frames: Framed) -> None:
        """Answer the handshake; if it stands, begin the stream."""
        core = ServerProtocol(extensions=self._offered(), logger=_log)
        headers = Headers(
            (name.decode("ascii"), value.decode("latin-1")) for name, value in scope["headers"]
        )
        response = core.accept(Request(scope["path"], headers))
        del response.headers["Date"]
        self._transport.write(response.serialize())
        if response.status_code != 101:
            self._close()
            return
        self._frames = frames
        self._extensions = core.extensions
        stream = direct(scope)
        assert not isinstance(stream, Response), "a WebSocket has no answer"
        self._stream = stream
        self._ping_later()
        stream.begin(self)

    def _offered(self) -> list[ServerPerMessageDeflateFactory] | None:
        if not self._config.ws_per_message_deflate:
            return None
        return [
            ServerPerMessageDeflateFactory(
                server_max_window_bits=12,
                client_max_window_bits=12,
                compress_settings={"memLevel": 5},
            )
        ]

    # ---- what the client sends --------------------------------------------------------------

    def _conversation(self) -> ServerProtocol:
        """The core, as it is after the handshake."""
        if self._core is None:
            self._core = ServerCore(
                state=State.OPEN, max_size=self._config.ws_max_size, logger=_log
            )
            self._core.extensions = self._extensions
        return self._core

    def data_received(self, data: bytes) -> None:
        """Answer pings and the close; what else a client says is not for the hub."""
        self._heard = True
        if self._early or len(data) > _TURN_BYTES:
            data = self._early + data
            data, self._early = data[:_TURN_BYTES], data[_TURN_BYTES:]
        core = self._conversation()
        core.receive_data(data)
        events = core.events_received()
        for event in events:
            if isinstance(event, Frame) and not self._is_text(event):
                core.fail(1007, "a text that is not UTF-8")
        answered = self._flush(core)
        if core.close_rcvd is not None or core.eof_sent:
            self._early = b""
            if core.close_rcvd is None:  # it was we who broke it off
                self._note(Refusal.WEBSOCKET_ERROR)
                self._leave()
                self._connections.discard(self)
                LingeringClose(self._transport, self._connections)
            else:
                self._close()
            return
        now = time.monotonic()
        self._paid_until = paid_until(self._paid_until, len(events), now)
        if self._early or self._paid_until > now or (answered and self._paused):
            self._transport.pause_reading()
            self._read_on_later(now)

    def _read_on_later(self, now: float) -> None:
        wait_s = max(0.0, self._paid_until - now)
        asyncio.get_running_loop().call_later(wait_s, self._read_on)

    def _read_on(self) -> None:
        """Read what has come, then what comes, if the client takes what it is answered."""
        if self._paused or self._transport.is_closing():
            return
        if self._paid_until > (now := time.monotonic()):
            self._read_on_later(now)
            return
        if self._early:
            self.data_received(b"")
            now = time.monotonic()
            if self._early or self._paused or self._paid_until > now:
                return  # that has said when to go on
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _is_text(self, frame: Frame) -> bool:
        """False for a part of a text that is not UTF-8 (section 8.1)."""
        if frame.opcode is Opcode.TEXT:
            self._decoder = codecs.getincrementaldecoder("utf-8")()
        elif frame.opcode is Opcode.BINARY:
            self._decoder = None
        if self._decoder is not None and frame.opcode in (Opcode.TEXT, Opcode.CONT):
            try:
                self._decoder.decode(bytes(frame.data), final=frame.fin)
            except UnicodeDecodeError:
                return False
            if frame.fin:
                self._decoder = None
        return True

    def _flush(self, core: ServerProtocol) -> bool:
        """Whether there was anything to send."""
        data = b"".join(core.data_to_send())
        if data:
            self._write(data)
        return bool(data)

    def _ping_later(self) -> None:
        interval_s = self._config.ws_ping_interval
        if interval_s:
            self._timer = asyncio.get_running_loop().call_later(interval_s, self._on_ping)

    def _on_ping(self) -> None:
        if self._heard:
            self._heard = False
            self._write(_PING)
            self._ping_later()
        else:
            core = self._conversation()
            core.fail(1011, "keepalive ping timeout")
            self._flush(core)
            self._note(Refusal.DEAD_PEER)
            self._close()

    # ---- the connection of a stream ---------------------------------------------------------

    def write(self, *pieces: bytes) -> bool:
        """Send a text frame of each piece."""
        if self._extensions:
            core = self._conversation()
            for piece in pieces:
                core.send_text(piece)
            return self._write(b"".join(core.data_to_send()))
        frames = self._frames
        if len(pieces) == 1:
            text = pieces[0]
            data = frames.framed if text is frames.data else frames.make(text)
        else:
            data = b"".join([frames.make(piece) for piece in pieces])
        try:  # spelled out here, for there is no hotter path
            self._transport.write(data)
        except RuntimeError:  # as in `_write`
            return False
        return not self._paused

    def end(self, code: int, reason: str, *, linger_s: float) -> None:
        """Close the WebSocket."""
        core = self._conversation()
        core.send_close(code, reason)
        self._flush(core)
        self._leave()
        self._timer = asyncio.get_running_loop().call_later(
            linger_s if self._paused else _CLOSE_S, self._transport.abort
        )

    # ---- the connection ---------------------------------------------------------------------

    def pause_writing(self) -> None:
        """The client takes less than it is sent."""
        self._paused = True

    def resume_writing(self) -> None:
        """There is room again."""
        self._paused = False
        if self._stream is not None:
            self._stream.resume()
        self._read_on()

    def shutdown(self) -> None:
        """The server stops; the hub has ended every stream before."""
        self._close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._leave()
        self._connections.discard(self)
        if has_vanished(exc):
            self._note(Refusal.DEAD_PEER)
