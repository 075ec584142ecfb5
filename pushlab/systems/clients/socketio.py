"""Readers of Socket.IO: its polling and its WebSocket.

Socket.IO 5 speaks in packets of text inside those of Engine.IO 4, one to a WebSocket's message, or
several to an HTTP body with a record separator between them::

    GET or WebSocket's handshake    ---->
                                    <----  0{"sid": "...", "pingInterval": 25000, ...}
    40                              ---->  (again: what it had, {"pid": "...", "offset": "..."})
                                    <----  40{"sid": "...", "pid": "..."}
    420["join","room"]              ---->  the speech's hello, which wants to be acknowledged
                                    <----  430[]: the reader is in
                                    <----  42["message","...","offset"]
                                    <----  2: are you there?
    3                               ---->

A reader that polls asks by GET, which is held until there is a packet, and says by POST. It has one
connection, so it says between two questions what others say beside a held one. The server speaks
first, and a pong is all that is said later: its message after a ping, once in 25 s, comes by a
round trip later than a browser would have it.

**Hits.** Polling: each request until the reader is in is `connect` (`reconnect` after a loss); a
GET is `poll-useful` with a message in its answer, else `poll-empty`; a pong is `keep-alive`. On a
WebSocket the handshake is the only one.

Sources: the documents "The Engine.IO protocol" (version 4), "The Socket.IO protocol" (version 5).
"""

import json
from typing import TYPE_CHECKING, Any, ClassVar

from pushlab.contract.hits import Hit
from pushlab.contract.profile import Profile
from pushlab.contract.subscriber import Endpoint
from pushlab.systems.clients.foreign import ANSWER_DUE_S, ForeignSubscriber
from pushlab.systems.clients.websocket import WebSocketReader
from pushlab.systems.spec import Speech
from pushlab.wire.asking import AskingSubscriber
from pushlab.wire.http1 import ResponseParser, request_bytes

__all__ = ["SocketIoPolling", "SocketIoWebSocket"]

_NS, _MS = 1_000_000_000, 1_000_000
_SEPARATOR = "\x1e"
_REFUSED = 403


class _Packets(ForeignSubscriber):
    """The conversation in packets, whatever carries them; `_say` sends one."""

    if not TYPE_CHECKING:
        __slots__ = ()
    STATE: ClassVar[tuple[str, ...]] = (*ForeignSubscriber.STATE, "_over", "_pid", "_silence_ns")

    _over: str  # why the server has ended the session
    _pid: str  # by which the server knows the session again, where it keeps it
    _silence_ns: int  # the longest of the server

    def _begin(self) -> None:
        self._over = ""
        self._silence_ns = int(ANSWER_DUE_S * _NS)

    if TYPE_CHECKING:

        def _say(self, data: str | bytes) -> None:
            """Send a packet."""

    def _opened(self, sid: str) -> None:
        """There is a session."""

    def _read_packet(self, packet: bytes) -> None:
        """Do as it says. Raises ValueError, LookupError, TypeError: it is none."""
        kind = packet[:2]
        if kind == b"42":
            if self._pid:  # then an offset stands behind the message
                self._keep(packet[packet.rfind(b',"') + 2 : -2].decode())
            self._take(packet[2:])
        elif kind == b"2":
            self._say("3")
        elif kind[:1] == b"0":
            told = json.loads(packet[1:])
            self._silence_ns = (told["pingInterval"] + told["pingTimeout"]) * _MS
            self._opened(str(told["sid"]))
            had = {"pid": self._pid, "offset": self._last_id}
            self._say("40" + (json.dumps(had) if self._pid and self._last_id else ""))
        elif kind == b"40":
            self._pid = str(json.loads(packet[2:] or b"{}").get("pid", ""))
            if self._speech.hello:
                self._say("420" + self._filled(self._speech.hello))
            else:
                self._accepted()
        elif kind == b"43":
            self._accepted()
        elif kind == b"44":
            self._end(str(json.loads(packet[2:]).get("message", "refused")), _REFUSED)
        elif kind in (b"1", b"41"):
            self._over = "the server ended the session"
        elif packet != b"6":
            raise ValueError(f"{packet[:20]!r} is no packet that was due")


class SocketIoPolling(_Packets, AskingSubscriber):
    """Asks, is held, and says in between what is to be said."""

    _good = frozenset({200})
    _unlike = "not Socket.IO"

    __slots__ = (*_Packets.STATE, "_in", "_kind", "_saying", "_sid")

    def __init__(self, endpoint: Endpoint, token: str, **rest: Any) -> None:
        super().__init__(endpoint, token, **rest)
        self._pid = self._sid = ""
        self._in = False  # whether this session may read the channel
        self._saying: list[str] = []
        self._kind = Hit.CONNECT  # what the last request counts as if it brings nothing

    @classmethod
    def in_force(cls, profile: Profile, speech: Speech, options: Any) -> Profile:
        """With the server's pings, which end a held question."""
        return profile.timed(hold_s=speech.keep_alive_s, lease_s=0.0)

    # ---- asking and saying ------------------------------------------------------------------

    def _on_connected(self, now_ns: int) -> None:
        super()._on_connected(now_ns)
        if not self._sid:  # else only the connection is a new one
            self._begin()
            self._saying.clear()
        self._on_answer(now_ns, more=False)

    def _on_answer(self, now_ns: int, *, more: bool) -> None:
        if self._over:
            self._lose(self._over, now_ns)
            return
        self._ask()
        self._timer_ns = now_ns + self._silence_ns

    def _ask(self) -> None:
        """Say what is to be said; if that is nothing, ask."""
        method, body, headers = "GET", _SEPARATOR.join(self._saying).encode(), self._headers()
        self._kind = Hit.POLL_EMPTY if self._in else self._arrival
        if body:
            self._saying.clear()
            method, headers["Content-Type"] = "POST", "text/plain;charset=UTF-8"
            self._kind = Hit.KEEP_ALIVE if self._in else self._arrival
        path = self.endpoint.asking(sid=self._sid or None)
        self._put(request_bytes(self.endpoint.authority, method, path, headers=headers, body=body))

    def _say(self, data: str | bytes) -> None:
        assert isinstance(data, str)
        self._saying.append(data)

    def _asked_for(self) -> Hit:
        return self._kind

    def _next_ask_ns(self, now_ns: int) -> int:
        return now_ns

    # ---- answers ----------------------------------------------------------------------------

    def _is_nothing(self, parser: ResponseParser) -> bool:
        return False  # a ping wants an answer

    def _take_answer(self, parser: ResponseParser) -> bool:
        parser.check_coding()
        kind, body, before = self._kind, parser.take(), len(self._events)
        if body != b"ok":  # which is the answer to all that is said
            for packet in body.split(_SEPARATOR.encode()):
                self._read_packet(packet)
        useful = kind is Hit.POLL_EMPTY and len(self._events) > before
        self._hit(Hit.POLL_USEFUL if useful else kind)
        return False

    def _opened(self, sid: str) -> None:
        self._sid = sid

    def _accepted(self) -> None:
        self._in = True
        super()._accepted()

    def _refused(
        self, status: int, reason: str, now_ns: int, *, retry_after_s: float = 0.0
    ) -> None:
        if self._sid:  # a session that the server does not know any more; another will do
            self._lose(reason, now_ns, retry_after_s)
        else:
            super()._refused(status, reason, now_ns, retry_after_s=retry_after_s)

    def _on_timer(self, now_ns: int) -> None:
        self._hit(self._kind)
        self._give_up("no ping came when one was due", now_ns)

    def _lose(self, reason: str, now_ns: int, least_s: float = 0.0) -> None:
        self._sid, self._in = "", False
        super()._lose(reason, now_ns, least_s)


class SocketIoWebSocket(WebSocketReader, _Packets):
    """Reads packets, each a message of the WebSocket."""

    _unlike = "not Socket.IO"

    __slots__ = (*_Packets.STATE, "_spoke")

    def __init__(self, endpoint: Endpoint, token: str, **rest: Any) -> None:
        super().__init__(endpoint, token, **rest)
        self._pid = ""

    def _on_open(self, now_ns: int) -> None:
        self._begin()

    def _on_text(self, data: bytes, now_ns: int) -> None:
        self._spoke = True
        try:
            self._read_packet(data)
        except (LookupError, TypeError) as error:
            raise ValueError(f"{data[:20]!r}: {error}") from error
        if self._over:
            self._lose(self._over, now_ns)
