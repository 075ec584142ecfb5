"""WebSocket: one handshake, then frames both ways.

::

    GET /v1/socket?after=4f1c9a02-17 HTTP/1.1        101 Switching Protocols
    Authorization: Bearer <token>
    Upgrade: websocket                               4f1c9a02-17             (where you stand)
                                                     4f1c9a02-18 ...         (a message)

The protocol is RFC 6455; one text frame per message, in the form of `pushlab.contract.frames`. The
server sends a ping every 20 seconds and closes a connection that does not answer. A refusal, too,
comes as a close frame, since a browser cannot see a refused handshake's status:

======  ==================================================================
4400    the cursor or a parameter is wrong
4401    the token is missing, invalid, revoked or expired (the reason says)
4408    slow reader: come back and resume
4429    too many channels
4503    the server stops: come back and resume
======  ==================================================================
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import OP_CLOSE, OP_CONT, OP_TEXT, Frame
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import WebSocketURI

from pushlab.contract.frames import Bye, Position, decode_frame, encode_frame, encode_gap
from pushlab.contract.profile import InBrowser, Profile, Timers, Wire, silence_of
from pushlab.contract.reasons import status_of_close_code, to_close_code
from pushlab.contract.serving import (
    Entry,
    Feed,
    Hub,
    Route,
    Scope,
    StreamingResponse,
    WebSocketConnection,
)
from pushlab.contract.setting import Declared, Setting
from pushlab.contract.transport import Transport
from pushlab.errors import InvalidCursor
from pushlab.wire.asgi import parameters
from pushlab.wire.direct import direct_route
from pushlab.wire.streams import FeedStream, StreamSubscriber

__all__ = ["WebSocket", "WebSocketOptions"]

PING_INTERVAL_S = 20.0
_SILENCE_S = silence_of(PING_INTERVAL_S)
_MAX_FRAME_BYTES = 64 * 1024
_WHOLE_TEXT = 0x81  # a frame's first byte: a text, neither cut nor compressed


@dataclass(frozen=True, slots=True)
class WebSocketOptions(Declared):
    """Settings of WebSocket."""

    deflate: Annotated[
        bool, Setting("compress messages (RFC 7692), at a cost in memory and CPU")
    ] = False


def encode_text(entry: Entry) -> bytes:
    """One message as the text of its frame."""
    return encode_frame(entry.epoch, entry.seq, entry.data).encode()


class WebSocketSubscriber(StreamSubscriber):
    """Reads frames.

    It cuts the stream into frames and reads whole texts itself, since those are nearly all that
    comes. Everything else is for the sans-I/O core of `websockets`: the handshake, control frames,
    fragments, compressed frames, and whatever is wrong. The core gets whole frames only, so it
    always stands between two of them.
    """

    __slots__ = ("_fragments", "_protocol", "_rest", "_stood", "_upgraded")

    def _on_connected(self, now_ns: int) -> None:
        self._stood = False  # whether the server has accepted the token on this connection
        self._upgraded = False  # whether frames come, and the handshake is behind us
        self._rest = b""  # the beginning of a frame; during the handshake, its last bytes
        self._fragments: list[bytes] = []
        endpoint, cursor = self.endpoint, self._inbox.cursor
        path, _, query = endpoint.asking(after=cursor).partition("?")
        uri = WebSocketURI(endpoint.tls, endpoint.host, endpoint.port, path, query)
        extensions = [ClientPerMessageDeflateFactory()] if self._options.deflate else None
        protocol = ClientProtocol(uri, extensions=extensions, max_size=_MAX_FRAME_BYTES)
        request = protocol.connect()
        request.headers["Authorization"] = f"Bearer {self._token}"
        protocol.send_request(request)
        self._protocol = protocol
        self._hit(self._arrival)
        self._listen(now_ns, _SILENCE_S)
        self._flush(protocol)

    def _flush(self, protocol: ClientProtocol) -> None:
        for data in protocol.data_to_send():
            if data:
                self._send(data)

    def _on_data(self, data: bytes, now_ns: int) -> None:
        self._heard_ns = now_ns
        protocol = self._protocol
        try:
            if self._takes_next(data):
                return
            if not self._upgraded:
                data = self._shake_hands(protocol, data, now_ns)
            if data:
                self._read_frames(protocol, data, now_ns)
        except (InvalidCursor, ValueError) as error:
            self._lose(f"not a pushlab frame: {error}", now_ns)

    def _takes_next(self, data: bytes) -> bool:
        """Take `data` if it is one frame with the message that comes next, as it mostly is."""
        end = len(data)
        if data[0] != _WHOLE_TEXT or not self._stood or self._rest or self._fragments or end < 4:
            return False
        if data[1] == end - 2 < 126:
            start = 2
        elif data[1] == 126 and int.from_bytes(data[2:4], "big") == end - 4:
            start = 4
        else:
            return False
        cursor = self._inbox.next_cursor
        space = start + len(cursor)
        if data[start:space] != cursor or data[space : space + 1] != b" " or space + 1 == end:
            return False
        self._events.append(self._inbox.accept_next(data[space + 1 :].decode()))
        return True

    def _shake_hands(self, protocol: ClientProtocol, data: bytes, now_ns: int) -> bytes:
        """Give the core the response, but nothing of what follows its head; that is returned."""
        seen = self._rest + data
        end = seen.find(b"\r\n\r\n")
        here = len(data) if end < 0 else end + 4 - len(self._rest)
        protocol.receive_data(data[:here])
        if protocol.state is State.OPEN:
            protocol.events_received()  # the response
            self._upgraded = True
            self._rest = b""
            return data[here:]
        self._rest = seen[-3:]
        protocol.receive_data(data[here:])  # the body of a refusal
        error = protocol.handshake_exc
        if error is not None:
            response = getattr(error, "response", None)
            if isinstance(error, InvalidHandshake) and isinstance(response, Response):
                self._turned_away(self._arrival)
                self._refused(response.status_code, f"http-{response.status_code}", now_ns)
            else:
                self._lose(f"no WebSocket handshake: {error}", now_ns)
        return b""

    def _read_frames(self, protocol: ClientProtocol, data: bytes, now_ns: int) -> None:
        """Read every frame that is whole (RFC 6455, section 5.2)."""
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        while end - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            stop = start + length
            if data[at + 1] > 127 or length > _MAX_FRAME_BYTES:  # masked, or too long
                self._read_frame(protocol, data[at:], now_ns)  # the core says no
                return
            if stop > end:
                break
            if data[at] == _WHOLE_TEXT and not self._fragments:
                self._read_text(data[start:stop])
            else:
                self._read_frame(protocol, data[at:stop], now_ns)
                if not self.holds_connection:
                    return
            at = stop
        self._rest = data[at:]

    def _read_frame(self, protocol: ClientProtocol, data: bytes, now_ns: int) -> None:
        """Let the core read one frame, or the beginning of one that it will refuse."""
        protocol.receive_data(data)
        for frame in protocol.events_received():
            if isinstance(frame, Frame):
                if frame.opcode is OP_TEXT and frame.fin:
                    self._read_text(bytes(frame.data))
                elif frame.opcode is OP_TEXT or (frame.opcode is OP_CONT and self._fragments):
                    self._read_fragment(frame)
                elif frame.opcode is OP_CLOSE:
                    self._read_close(protocol, now_ns)
                    return
        if protocol.parser_exc is not None:
            self._lose(f"not WebSocket: {protocol.parser_exc}", now_ns)
            return
        self._flush(protocol)

    def _read_fragment(self, frame: Frame) -> None:
        """A part of a text that was cut, by a proxy perhaps (RFC 6455, section 5.4)."""
        self._fragments.append(bytes(frame.data))
        if frame.fin:
            text = b"".join(self._fragments)
            self._fragments = []
            self._read_text(text)

    def _read_text(self, text: bytes) -> None:
        frame = decode_frame(text.decode())
        if isinstance(frame, tuple):
            self._deliver(*frame)
        elif isinstance(frame, Position):
            self._stood = True
            self._located(frame.at)
        elif isinstance(frame, Bye):
            raise InvalidCursor("a bye frame has no place on a WebSocket")

    def _read_close(self, protocol: ClientProtocol, now_ns: int) -> None:
        self._flush(protocol)  # the echo of the close frame
        close = protocol.close_rcvd
        code, reason = (close.code, close.reason) if close else (1006, "")
        status = status_of_close_code(code)
        if not self._stood:
            self._turned_away(self._arrival)
        self._refused(status, reason or f"close-{code}", now_ns)

    def _on_close(self, now_ns: int) -> None:
        protocol = self._protocol
        if protocol.state.name == "OPEN":
            protocol.send_close(1000)
            self._flush(protocol)


class WebSocket(Transport):
    """WebSocket, both ends."""

    name = "websocket"
    path = "/v1/socket"
    profile = Profile(
        title="WebSocket",
        delivery="stream",
        protocol="websocket",
        timers=Timers(keep_alive_s=PING_INTERVAL_S, silence_s=_SILENCE_S),
        wire=Wire(message_bytes=13),
        colour="#0072B2",
        dashes=(1.2, 1),
    )
    in_browser = InBrowser(options={"deflate": None})
    Options = WebSocketOptions
    Client = WebSocketSubscriber

    # ---- the server half --------------------------------------------------------------------

    def server_settings(self) -> Mapping[str, Any]:
        """Pings and compression are the ASGI server's work."""
        return {
            "ws_ping_interval": PING_INTERVAL_S,
            "ws_ping_timeout": PING_INTERVAL_S,
            "ws_per_message_deflate": self.options.deflate,
            "ws_max_size": _MAX_FRAME_BYTES,
        }

    def endpoint(self, hub: Hub, grant: Any) -> Mapping[str, Any]:
        """``ws://host:port/v1/socket``."""
        return {"url": "ws" + hub.url().removeprefix("http") + self.path}

    def routes(self, hub: Hub) -> Sequence[Route]:
        """``WS /v1/socket``."""

        def socket(scope: Scope) -> StreamingResponse:
            return _Stream(hub).open(self.name, scope, parameters(scope))

        return [direct_route(hub, self.name, "websocket", self.path, socket)]


class _Stream(FeedStream):
    """One open WebSocket on the server."""

    __slots__ = ()

    encode = staticmethod(encode_text)
    _exchange: WebSocketConnection

    def _hello(self, feed: Feed) -> bool:
        if feed.gap_after is not None:
            return self._exchange.write(encode_gap(feed.gap_after, feed.position).encode())
        return self._exchange.write(str(feed.position).encode())

    def _farewell(self, reason: str, status: int, linger_s: float) -> None:
        self._exchange.end(to_close_code(status), reason, linger_s=linger_s)
