"""A client half of WebSocket, whatever the messages say: the handshake, frames, and a heard end.

It answers a close with the same close, says 1002, 1007 or 1009 to what breaks the protocol and 1008
to a text that its kind cannot read, and leaves it to the server to close the connection (RFC 6455,
section 7.1.1). A proxy that drops ``Upgrade`` is told from a server that refuses.
"""

import abc
import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI

from pushlab.contract.setting import Declared, Setting
from pushlab.contract.subscriber import Endpoint
from pushlab.errors import InvalidCursor
from pushlab.wire.http1 import MAX_HEAD_BYTES, BadResponse, ResponseParser
from pushlab.wire.streams import StreamSubscriber
from pushlab.wire.websocket_core import ClientCore

__all__ = ["FrameSubscriber", "WebSocketOptions"]

_INTERIM = re.compile(rb"HTTP/1\.\d 1(?!01)\d\d")
_SWITCHES = re.compile(rb"HTTP/1\.1 101")
#: The beginning of an answer that may be one of these two.
_UNDECIDED = re.compile(rb"(?:H|HT|HTT|HTTP|HTTP/1?|HTTP/1\.\d?|HTTP/1\.\d 1?)\Z|HTTP/1\.\d 1")
_DROPPED = "no WebSocket gets through; a proxy on the way may drop the Upgrade header"
_WHOLE_TEXT, _WHOLE_BINARY = 0x81, 0x82  # a frame's first byte, if neither cut nor compressed
_LINGER_S = 1.0  # for the server to close a connection after the closing handshake


@dataclass(frozen=True, slots=True)
class WebSocketOptions(Declared):
    """Settings of WebSocket."""

    deflate: Annotated[
        bool, Setting("compress messages (RFC 7692), at a cost in memory and CPU")
    ] = False


class FrameSubscriber(StreamSubscriber):
    """Reads frames.

    It cuts the stream into frames and reads whole messages itself, since those are nearly all that
    comes. Everything else is for the sans-I/O core of `websockets`: the handshake, control frames,
    fragments, compressed frames, and whatever is wrong. The core gets whole frames only, so it
    always stands between two of them. Its options are `WebSocketOptions`.
    """

    #: Of a message.
    _max_bytes: ClassVar[int] = 64 * 1024
    #: What a message is that cannot be read.
    _unlike: ClassVar[str] = "not a pushlab frame"

    __slots__ = (
        "_answer",
        "_binary",
        "_decoder",
        "_fragments",
        "_linger_s",
        "_protocol",
        "_rest",
        "_stood",
        "_upgraded",
    )

    _decoder: codecs.IncrementalDecoder
    _answer: ResponseParser | None

    def __init__(self, endpoint: Endpoint, token: str, **rest: Any) -> None:
        super().__init__(endpoint, token, **rest)
        self._linger_s = 0.0  # how long this connection may stay when it is not wanted any more

    def _on_connected(self, now_ns: int) -> None:
        self._stood = False  # whether the server has accepted us on this connection
        self._upgraded = False  # whether frames come, and the handshake is behind us
        self._linger_s = 0.0
        self._answer = None  # the answer to the handshake, if it is none that we want
        self._rest = b""  # the beginning of a frame; during the handshake, of the answer
        self._fragments: list[bytes] = []  # of a message that was cut
        self._binary = False  # whether that is none of text
        endpoint = self.endpoint
        path, _, query = self._path().partition("?")
        uri = WebSocketURI(endpoint.tls, endpoint.host, endpoint.port, path or "/", "")
        extensions = [ClientPerMessageDeflateFactory()] if self._options.deflate else None
        self._protocol = ClientCore(
            uri,
            extensions=extensions,
            subprotocols=[Subprotocol(name) for name in self._subprotocols()] or None,
            max_size=self._max_bytes,
        )
        self._hit(self._arrival)
        self._send(self._handshake(self._protocol, query))

    def _handshake(self, protocol: ClientProtocol, query: str) -> bytes:
        """The request. The core logs what it sends, so it never sees our headers or the query."""
        request = protocol.connect()
        protocol.send_request(request)
        head = b"".join(protocol.data_to_send())
        line, _, rest = head.partition(b" HTTP/1.1\r\n")
        if query:
            line += b"?" + query.encode()
        own = "".join(f"{name}: {value}\r\n" for name, value in self._headers().items())
        return line + b" HTTP/1.1\r\n" + rest[:-2] + own.encode() + b"\r\n"

    def _flush(self, protocol: ClientProtocol) -> None:
        for data in protocol.data_to_send():
            if data:
                self._send(data)

    def _on_data(self, data: bytes, now_ns: int) -> None:
        protocol = self._protocol
        try:
            # Most often it is one frame with a whole text.
            if data[0] == _WHOLE_TEXT and self._stood and not self._rest and not self._fragments:
                end = len(data)
                if end > 3 and data[1] == end - 2 < 126:
                    start = 2
                elif end > 3 and data[1] == 126 and int.from_bytes(data[2:4], "big") == end - 4:
                    start = 4
                else:
                    start = 0
                if start and self._takes_next(data, start, now_ns):
                    self._heard_ns = now_ns
                    return
            if not self._upgraded:
                data = self._shake_hands(data, now_ns)
            if self._upgraded:
                self._heard_ns = now_ns
            if data:
                self._read_frames(protocol, data, now_ns)
        except BadResponse as error:
            self._lose(f"no WebSocket handshake: {error}", now_ns)
        except UnicodeDecodeError as error:
            self._break_off(CloseCode.INVALID_DATA, f"a text that is not UTF-8: {error}", now_ns)
        except (InvalidCursor, ValueError) as error:
            self._break_off(CloseCode.POLICY_VIOLATION, f"{self._unlike}: {error}", now_ns)

    def _shake_hands(self, data: bytes, now_ns: int) -> bytes:
        """Read the answer to the handshake; what comes behind it is returned."""
        if self._answer is None:
            data = self._rest + data
            while _INTERIM.match(data) and b"\r\n\r\n" in data:
                data = data.partition(b"\r\n\r\n")[2]  # such as 103 Early Hints
            head, end, rest = data.partition(b"\r\n\r\n")
            if not end and _UNDECIDED.match(data):
                if len(data) > MAX_HEAD_BYTES:
                    raise BadResponse("an answer without an end")
                self._rest = data
                return b""
            self._rest = b""
            if _SWITCHES.match(data):
                return self._upgrade(head + end, rest, now_ns)
            self._answer = ResponseParser()
        self._answer.feed(data)
        if self._answer.complete or self._answer.refuses:
            self._read_refusal(self._answer, now_ns)
        return b""

    def _upgrade(self, head: bytes, rest: bytes, now_ns: int) -> bytes:
        """Let the core see to it that the answer is one to our question (section 4.1)."""
        protocol = self._protocol
        protocol.receive_data(head)
        if protocol.state is not State.OPEN:
            self._lose(f"no WebSocket handshake: {protocol.handshake_exc}", now_ns)
            return b""
        protocol.events_received()  # the response
        self._upgraded = True
        self._on_open(now_ns)
        return rest

    def _read_refusal(self, answer: ResponseParser, now_ns: int) -> None:
        self._turned_away(self._arrival)
        if self._sent_elsewhere(answer, now_ns):
            return
        reason = self._refusal_reason(answer)
        if answer.status == 426 or answer.status < 300:
            self._lose(f"{reason}: {_DROPPED}", now_ns)
        else:
            self._refused(answer.status, reason, now_ns, retry_after_s=answer.retry_after_s)

    def _on_eof(self, now_ns: int) -> None:
        answer = self._answer
        if answer is not None and answer.feed_eof():
            self._read_refusal(answer, now_ns)
        else:
            super()._on_eof(now_ns)

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
            if data[at + 1] > 127 or (length > self._max_bytes and start <= end):
                self._read_frame(
                    protocol, data[at:], now_ns
                )  # masked or too long: the core says no
                return
            if stop > end:
                break
            if data[at] == _WHOLE_BINARY and not self._fragments:
                self._on_binary(data[start:stop], now_ns)
            elif data[at] == _WHOLE_TEXT and not self._fragments:
                text = data[start:stop]
                if not text.isascii():
                    text.decode()  # what is not UTF-8 is no text
                self._on_text(text, now_ns)
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
                if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                    self._read_fragment(frame, now_ns)
                elif frame.opcode is Opcode.CLOSE:
                    self._read_close(protocol, now_ns)
                    return
        self._flush(protocol)
        if protocol.parser_exc is not None:
            self._linger_s = _LINGER_S
            self._lose(f"not WebSocket: {protocol.parser_exc}", now_ns)

    def _read_fragment(self, frame: Frame, now_ns: int) -> None:
        """A part of a message that was cut, by a proxy perhaps (RFC 6455, section 5.4), or all.

        What is not UTF-8 is found in the part in which it stands.
        """
        if frame.opcode is not Opcode.CONT:
            self._binary = frame.opcode is Opcode.BINARY
            self._decoder = codecs.getincrementaldecoder("utf-8")()
        part = bytes(frame.data)
        if not self._binary:
            self._decoder.decode(part, final=frame.fin)
        if part or not self._fragments:  # parts without anything in them may come for ever
            self._fragments.append(part)
        if frame.fin:
            message = b"".join(self._fragments)
            self._fragments = []
            if self._binary:
                self._on_binary(message, now_ns)
            else:
                self._on_text(message, now_ns)

    # ---- the end ----------------------------------------------------------------------------

    def _read_close(self, protocol: ClientProtocol, now_ns: int) -> None:
        self._flush(protocol)  # the echo of the close frame
        self._linger_s = _LINGER_S
        close = protocol.close_rcvd
        code, reason = (int(close.code), close.reason) if close else (1006, "")
        if not self._stood:
            self._turned_away(self._arrival)
        self._closed(code, reason, now_ns)

    def _break_off(self, code: CloseCode, reason: str, now_ns: int) -> None:
        """Tell the server what is wrong with what it sent (section 7.1.7)."""
        self._say_close(code)
        self._lose(reason, now_ns)

    def _say_close(self, code: CloseCode) -> None:
        protocol = self._protocol
        if protocol.state is State.OPEN:
            protocol.send_close(code)
            self._flush(protocol)
            self._linger_s = _LINGER_S

    def _lose(self, reason: str, now_ns: int, least_s: float = 0.0) -> None:
        said = tuple(self._out) if self._linger_s else ()
        super()._lose(reason, now_ns, least_s)
        self._out.extend(said)  # the close is sent all the same

    @property
    def linger_s(self) -> float:
        """A second after a close was said or answered."""
        return self._linger_s

    def _on_close(self, now_ns: int) -> None:
        self._say_close(CloseCode.NORMAL_CLOSURE)

    # ---- what a kind of it implements -------------------------------------------------------

    @abc.abstractmethod
    def _path(self) -> str:
        """Path and query of the handshake."""

    @abc.abstractmethod
    def _headers(self) -> Mapping[str, str]:
        """Headers of the handshake, beside those of WebSocket."""

    def _subprotocols(self) -> Sequence[str]:
        """Those that are offered."""
        return ()

    def _on_open(self, now_ns: int) -> None:
        """The handshake is done."""

    @abc.abstractmethod
    def _takes_next(self, data: bytes, start: int, now_ns: int) -> bool:
        """Take a text that begins there and ends with `data`, if that can be done in a hurry."""

    @abc.abstractmethod
    def _on_text(self, data: bytes, now_ns: int) -> None:
        """A whole text. Raises UnicodeDecodeError, InvalidCursor, ValueError."""

    def _on_binary(self, data: bytes, now_ns: int) -> None:
        """A whole message that is none of text."""

    @abc.abstractmethod
    def _closed(self, code: int, reason: str, now_ns: int) -> None:
        """The server has closed."""

    @abc.abstractmethod
    def _refusal_reason(self, answer: ResponseParser) -> str:
        """The reason of an answer that is no handshake."""
