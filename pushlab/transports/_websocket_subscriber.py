"""The client half of WebSocket: the handshake, frames, and an end that the server hears of.

It answers a close with the same close, says 1002, 1007 or 1009 to what breaks the protocol and 1008
to a text that is no frame of pushlab's, and leaves it to the server to close the connection (RFC
6455, section 7.1.1). A proxy that drops ``Upgrade`` is told from a hub that refuses.
"""

import codecs
import re
from typing import Any

from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.uri import WebSocketURI

from pushlab.contract.frames import Bye, Position, decode_frame
from pushlab.contract.profile import silence_of
from pushlab.contract.reasons import status_of_close_code
from pushlab.contract.subscriber import Endpoint
from pushlab.errors import InvalidCursor
from pushlab.wire.http1 import MAX_HEAD_BYTES, BadResponse, ResponseParser, refusal_reason
from pushlab.wire.streams import StreamSubscriber
from pushlab.wire.websocket_core import ClientCore

__all__ = ["MAX_FRAME_BYTES", "PING_INTERVAL_S", "SILENCE_S", "WebSocketSubscriber"]

PING_INTERVAL_S = 20.0
SILENCE_S = silence_of(PING_INTERVAL_S)
MAX_FRAME_BYTES = 64 * 1024
_INTERIM = re.compile(rb"HTTP/1\.\d 1(?!01)\d\d")
_SWITCHES = re.compile(rb"HTTP/1\.1 101")
#: The beginning of an answer that may be one of these two.
_UNDECIDED = re.compile(rb"(?:H|HT|HTT|HTTP|HTTP/1?|HTTP/1\.\d?|HTTP/1\.\d 1?)\Z|HTTP/1\.\d 1")
_DROPPED = "no WebSocket gets through; a proxy on the way may drop the Upgrade header"
_WHOLE_TEXT = 0x81  # a frame's first byte: a text, neither cut nor compressed
_LINGER_S = 1.0  # for the server to close a connection after the closing handshake


class WebSocketSubscriber(StreamSubscriber):
    """Reads frames.

    It cuts the stream into frames and reads whole texts itself, since those are nearly all that
    comes. Everything else is for the sans-I/O core of `websockets`: the handshake, control frames,
    fragments, compressed frames, and whatever is wrong. The core gets whole frames only, so it
    always stands between two of them.
    """

    __slots__ = (
        "_decoder",
        "_fragments",
        "_linger_s",
        "_protocol",
        "_refusal",
        "_rest",
        "_stood",
        "_upgraded",
    )

    _decoder: codecs.IncrementalDecoder
    _refusal: ResponseParser | None

    def __init__(self, endpoint: Endpoint, token: str, **rest: Any) -> None:
        super().__init__(endpoint, token, **rest)
        self._linger_s = 0.0  # how long this connection may stay when it is not wanted any more

    def _on_connected(self, now_ns: int) -> None:
        self._stood = False  # whether the server has accepted the token on this connection
        self._upgraded = False  # whether frames come, and the handshake is behind us
        self._linger_s = 0.0
        self._refusal = None  # the answer to the handshake, if it is none that we want
        self._rest = b""  # the beginning of a frame; during the handshake, of the answer
        self._fragments: list[str] = []
        endpoint = self.endpoint
        path, _, query = endpoint.asking(after=self._inbox.cursor).partition("?")
        uri = WebSocketURI(endpoint.tls, endpoint.host, endpoint.port, path, "")
        extensions = [ClientPerMessageDeflateFactory()] if self._options.deflate else None
        self._protocol = ClientCore(uri, extensions=extensions, max_size=MAX_FRAME_BYTES)
        self._hit(self._arrival)
        self._listen(now_ns, SILENCE_S)
        self._send(self._handshake(self._protocol, query))

    def _handshake(self, protocol: ClientProtocol, query: str) -> bytes:
        """The request. The core logs what it sends, so it never sees the token or the query."""
        request = protocol.connect()
        protocol.send_request(request)
        head = b"".join(protocol.data_to_send())
        line, _, rest = head.partition(b" HTTP/1.1\r\n")
        if query:
            line += b"?" + query.encode()
        token = f"Authorization: Bearer {self._token}\r\n\r\n".encode()
        return line + b" HTTP/1.1\r\n" + rest[:-2] + token

    def _flush(self, protocol: ClientProtocol) -> None:
        for data in protocol.data_to_send():
            if data:
                self._send(data)

    def _on_data(self, data: bytes, now_ns: int) -> None:
        protocol = self._protocol
        try:
            if self._takes_next(data):
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
            self._break_off(CloseCode.POLICY_VIOLATION, f"not a pushlab frame: {error}", now_ns)

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

    def _shake_hands(self, data: bytes, now_ns: int) -> bytes:
        """Read the answer to the handshake; what comes behind it is returned."""
        if self._refusal is None:
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
            self._refusal = ResponseParser()
        self._refusal.feed(data)
        if self._refusal.complete or self._refusal.refuses:
            self._read_refusal(self._refusal, now_ns)
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
        return rest

    def _read_refusal(self, answer: ResponseParser, now_ns: int) -> None:
        self._turned_away(self._arrival)
        if self._sent_elsewhere(answer, now_ns):
            return
        reason = refusal_reason(answer.status, answer.take())
        if answer.status == 426 or answer.status < 300:
            self._lose(f"{reason}: {_DROPPED}", now_ns)
        else:
            self._refused(answer.status, reason, now_ns, retry_after_s=answer.retry_after_s)

    def _on_eof(self, now_ns: int) -> None:
        answer = self._refusal
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
            if data[at + 1] > 127 or (length > MAX_FRAME_BYTES and start <= end):
                self._read_frame(
                    protocol, data[at:], now_ns
                )  # masked or too long: the core says no
                return
            if stop > end:
                break
            if data[at] == _WHOLE_TEXT and not self._fragments:
                self._read_text(data[start:stop].decode())
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
                if frame.opcode is Opcode.TEXT or (frame.opcode is Opcode.CONT and self._fragments):
                    self._read_fragment(frame)
                elif frame.opcode is Opcode.CLOSE:
                    self._read_close(protocol, now_ns)
                    return
        self._flush(protocol)
        if protocol.parser_exc is not None:
            self._linger_s = _LINGER_S
            self._lose(f"not WebSocket: {protocol.parser_exc}", now_ns)

    def _read_fragment(self, frame: Frame) -> None:
        """A part of a text that was cut, by a proxy perhaps (RFC 6455, section 5.4), or all of it.

        What is not UTF-8 is found in the part in which it stands.
        """
        if frame.opcode is Opcode.TEXT:
            self._decoder = codecs.getincrementaldecoder("utf-8")()
        part = self._decoder.decode(bytes(frame.data), final=frame.fin)
        if part or not self._fragments:  # parts without anything in them may come for ever
            self._fragments.append(part)
        if frame.fin:
            text = "".join(self._fragments)
            self._fragments = []
            self._read_text(text)

    def _read_text(self, text: str) -> None:
        frame = decode_frame(text)
        if isinstance(frame, tuple):
            self._deliver(*frame)
        elif isinstance(frame, Position):
            self._stood = True
            self._located(frame.at)
        elif isinstance(frame, Bye):
            raise InvalidCursor("a bye frame has no place on a WebSocket")

    # ---- the end ----------------------------------------------------------------------------

    def _read_close(self, protocol: ClientProtocol, now_ns: int) -> None:
        self._flush(protocol)  # the echo of the close frame
        self._linger_s = _LINGER_S
        close = protocol.close_rcvd
        code, reason = (close.code, close.reason) if close else (1006, "")
        status = status_of_close_code(code)
        if not self._stood:
            self._turned_away(self._arrival)
        self._refused(status, reason or f"close-{code}", now_ns)

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
