"""The client half of a transport: sans-I/O, so one object drives every use.

A `Subscriber` turns bytes into events and says which bytes to send, when it wants a connection and
when it next wants to be woken. It opens no socket and reads no clock, since a *driver* does both:
`pushlab.wire.driver`, for one subscriber and for a swarm of thousands, and tests with no network.

A driver's whole duty::

    subscriber.start(now)
    whenever anything below has been called:
        send subscriber.data_to_send(); take subscriber.events_received()
        open a connection to subscriber.endpoint if subscriber.wants_connection
        close the connection if not subscriber.holds_connection (after sending, and after the other
        side or `subscriber.linger_s` seconds, where a goodbye was sent that is to be heard)
        wake at subscriber.get_timer()
    on what happens: connection_made, connection_failed, receive_data, receive_eof, handle_timer

Where thousands are driven at once, `receive_data` says whether more is asked for than to take the
events, which after most messages it is not.

Losing a connection, waiting with backoff and jitter, and resuming from the cursor live here, once,
for every transport.
"""

import abc
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from random import Random
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from pushlab.contract.authority import authority_of, without_login
from pushlab.contract.backoff import Backoff
from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Closed, Connected, Disconnected, Event
from pushlab.contract.hits import Hit
from pushlab.contract.inbox import Inbox
from pushlab.contract.reasons import is_final, reason_of
from pushlab.contract.ticks import Ticks
from pushlab.errors import UsageError

__all__ = ["Endpoint", "Phase", "Subscriber"]

_NS = 1_000_000_000
#: Of a scheme, where the URL names none; 0: it has to (a plug-in's own conversation).
_PORTS = {
    "http": 80,
    "https": 443,
    "ws": 80,
    "wss": 443,
    "mqtt": 1883,
    "mqtts": 8883,
    "tcp": 0,
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a transport listens.

    A client half goes to `path` as it stands, a query perhaps included; it adds none of its own.
    `details` holds what only one transport knows (MQTT: user name and topic).
    """

    host: str
    port: int
    tls: bool = False
    path: str = ""
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def from_url(cls, url: str, details: Mapping[str, Any] | None = None) -> "Endpoint":
        """Read ``scheme://host[:port][/path][?query]`` (http, https, ws, wss, mqtt, mqtts, tcp).

        Raises:
            UsageError: it is not such a URL.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS.get(parts.scheme)
        except ValueError:  # its text may quote a password
            port = None
        if not port or parts.scheme not in _PORTS or not parts.hostname:
            raise UsageError(f"{without_login(url)!r} is not a URL such as http://127.0.0.1:8000")
        return cls(
            host=parts.hostname,
            port=port,
            tls=parts.scheme in ("https", "wss", "mqtts"),
            path=f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path,
            details=details or {},
        )

    @classmethod
    def told(cls, told: Mapping[str, Any]) -> "Endpoint":
        """What the hub says of a transport (``GET /v1/endpoints``): ``url``, and its details."""
        return cls.from_url(str(told["url"]), {key: told[key] for key in told if key != "url"})

    def below(self, path: str) -> "Endpoint":
        """A place below this one, of which `path` begins with a slash."""
        return replace(self, path=self.path.rstrip("/") + path)

    def asking(self, **parameters: object) -> str:
        """The path with these parameters in its query, as they stand; those that are None are not.

        Nothing is encoded: cursors and numbers need it not.
        """
        words = "&".join(f"{key}={value}" for key, value in parameters.items() if value is not None)
        return f"{self.path}{'&' if '?' in self.path else '?'}{words}" if words else self.path

    @property
    def authority(self) -> str:
        """``host:port`` as a Host header has it (RFC 9110, section 7.2)."""
        return authority_of(self.host, self.port)


class Phase(Enum):
    """Where a subscriber stands with its connection."""

    WAITING = "waiting"  #: no connection; `get_timer` says when the next one is due
    DIALING = "dialing"  #: the driver should open, or is opening, a connection
    OPEN = "open"  #: the driver holds a connection
    CLOSED = "closed"  #: the end


# An attribute of an Enum costs several times what a name of the module does.
_WAITING, _DIALING, _OPEN, _CLOSED = Phase


class Subscriber(abc.ABC):
    """One reader of one channel, over any number of connections in a row.

    A subclass is one transport's conversation: it implements the `_on_...` methods, calls `_send`,
    `_deliver`, `_located`, `_lose` and `_end`, and keeps its own timer in `_timer_ns`.

    Args:
        endpoint: where the transport listens.
        token: the secret that lets this reader in.
        cursor: what the reader has already; None starts from now.
        rng: for jitter and phases; seed it to repeat a run.
        options: the transport's.

    Attributes:
        hits: requests sent so far, by kind; what the server counts must match.
    """

    __slots__ = (
        "_backoff",
        "_events",
        "_inbox",
        "_options",
        "_out",
        "_phase",
        "_retry_ns",
        "_timer_ns",
        "_token",
        "endpoint",
        "hits",
        "rng",
    )

    def __init__(
        self,
        endpoint: Endpoint,
        token: str,
        *,
        cursor: Cursor | None,
        rng: Random,
        options: Any = None,
    ) -> None:
        self.endpoint = endpoint
        self._options = options
        self.rng = rng
        self.hits: dict[Hit, int] = {}
        self._token = token
        self._inbox = Inbox(cursor)
        self._backoff = Backoff(rng)
        self._events: list[Event] = []
        self._out: list[bytes] = []
        self._phase = _WAITING
        self._retry_ns = 0
        self._timer_ns: int | None = None

    # ---- what a driver asks -----------------------------------------------------------------

    @property
    def cursor(self) -> Cursor | None:
        """The last message this reader has; None before the server's first word."""
        return self._inbox.cursor

    @property
    def duplicates(self) -> int:
        """Messages that arrived again and were dropped."""
        return self._inbox.duplicates

    @property
    def reordered(self) -> int:
        """Messages that arrived after a later one, and were put in order."""
        return self._inbox.reordered

    def ticks(self, now_ns: int) -> Ticks | None:
        """What was due by its clock until now, and became of it; None: it asks by none."""
        return None

    @property
    def phase(self) -> Phase:
        """Where this subscriber stands with its connection."""
        return self._phase

    @property
    def wants_connection(self) -> bool:
        """Whether the driver should open a connection now (once; it stays true while dialing)."""
        return self._phase is _DIALING

    @property
    def holds_connection(self) -> bool:
        """Whether an open connection is still wanted; if not, send what is left and close it."""
        return self._phase is _OPEN

    @property
    def linger_s(self) -> float:
        """How long a connection that is not wanted any more waits for the other side to close it.

        A socket that is closed while something is on its way to it may take its last bytes back.
        """
        return 0.0

    def data_to_send(self) -> bytes:
        """The bytes to send now; they are handed out once."""
        out = self._out
        if not out:
            return b""
        data = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        return data

    def events_received(self) -> list[Event]:
        """The events since the last call."""
        events = self._events
        if events:
            self._events = []
        return events

    def get_timer(self) -> int | None:
        """When to call `handle_timer`, in nanoseconds of the monotonic clock; None: not at all."""
        if self._phase is _WAITING:
            return self._retry_ns
        return self._timer_ns if self._phase is _OPEN else None

    # ---- what a driver tells ----------------------------------------------------------------

    def start(self, now_ns: int) -> None:
        """Begin: the first connection is due at once, or after the transport's random phase."""
        self._retry_ns = now_ns + self._first_delay_ns()
        if self._retry_ns <= now_ns:
            self._phase = _DIALING

    def connection_made(self, now_ns: int) -> None:
        """The connection that was wanted is open."""
        if self._phase is not _CLOSED:
            self._phase = _OPEN
            self._out.clear()  # what the last connection could not send
            self._on_connected(now_ns)

    def connection_failed(self, reason: str, now_ns: int) -> None:
        """The connection that was wanted could not be opened."""
        if self._phase is _DIALING:
            self._lose(reason, now_ns)

    def receive_data(self, data: bytes, now_ns: int) -> bool:
        """Bytes arrived; whether they ask for more than to take the events.

        If not, there is nothing to send, the connection stays and the timer is as it was.
        """
        if self._phase is not _OPEN:
            return False
        timer_ns = self._timer_ns
        self._on_data(data, now_ns)
        return bool(self._out) or self._phase is not _OPEN or self._timer_ns != timer_ns

    def receive_eof(self, now_ns: int) -> None:
        """The other side closed the connection, or it broke."""
        if self._phase is _OPEN:
            self._on_eof(now_ns)
            self._out.clear()  # there is nobody to send it to

    def handle_timer(self, now_ns: int) -> None:
        """The time that `get_timer` named has come; an early call does nothing."""
        if self._phase is _WAITING:
            if now_ns >= self._retry_ns:
                self._phase = _DIALING
        elif self._phase is _OPEN and self._timer_ns is not None and now_ns >= self._timer_ns:
            self._timer_ns = None
            self._on_timer(now_ns)

    def close(self, now_ns: int) -> None:
        """Leave: say goodbye as the transport does, then end."""
        if self._phase is _CLOSED:
            return
        if self._phase is _OPEN:
            self._on_close(now_ns)
        self._end("closed", 0)

    # ---- what a transport calls -------------------------------------------------------------

    def _send(self, data: bytes) -> None:
        self._out.append(data)

    def _hit(self, kind: Hit) -> None:
        self.hits[kind] = self.hits.get(kind, 0) + 1

    @property
    def _arrival(self) -> Hit:
        """What a greeting counts as: the first, or one after a loss."""
        return Hit.CONNECT if self._inbox.cursor is None else Hit.RECONNECT

    def _turned_away(self, kind: Hit) -> None:
        """What was sent as `kind` was refused: the server counts a refusal, and so do we."""
        self.hits[kind] -= 1
        self._hit(Hit.REFUSED)

    def _located(self, at: Cursor) -> None:
        """The server accepted this reader, who goes on after `at`."""
        self._backoff.reset()
        gap = self._inbox.position(at)
        self._events.append(Connected(at))
        if gap is not None:
            self._events.append(gap)

    def _deliver_next(self, data: str) -> None:
        """A message came off the wire whose cursor was the inbox's `next_cursor`."""
        self._events.append(self._inbox.accept_next(data))

    def _deliver(self, epoch: str, seq: int, data: str) -> None:
        """A message came off the wire, perhaps not for the first time."""
        self._events.extend(self._inbox.accept(epoch, seq, data))

    def _lose(self, reason: str, now_ns: int, least_s: float = 0.0) -> None:
        """The connection is of no more use; come back after a while, of which `least_s` was asked.

        Up to half as much is added to what was asked, since others were asked the same.
        """
        delay_s = self._backoff.next_delay_s()
        if least_s:
            delay_s = max(delay_s, least_s * (1 + self.rng.random() / 2))
        self._phase = _WAITING
        self._retry_ns = now_ns + int(delay_s * _NS)
        self._timer_ns = None
        self._out.clear()
        self._events.append(Disconnected(reason, delay_s))

    def _end(self, reason: str, status: int) -> None:
        """Nothing more will come."""
        if self._phase is not _CLOSED:
            self._phase = _CLOSED
            self._timer_ns = None
            self._events.append(Closed(reason, status))

    def _refused(
        self, status: int, reason: str, now_ns: int, *, retry_after_s: float = 0.0
    ) -> None:
        """The server said no: the end, or a reason to come back later, when it was said after."""
        reason = reason_of(status, reason)
        if is_final(status):
            self._end(reason, status)
        else:
            self._lose(reason, now_ns, retry_after_s)

    # ---- what a transport implements --------------------------------------------------------

    def _first_delay_ns(self) -> int:
        """How long the first connection waits; polling spreads its clients here."""
        return 0

    @abc.abstractmethod
    def _on_connected(self, now_ns: int) -> None:
        """A connection is open: begin the conversation, with fresh parsers."""

    @abc.abstractmethod
    def _on_data(self, data: bytes, now_ns: int) -> None:
        """Bytes arrived on the open connection."""

    @abc.abstractmethod
    def _on_timer(self, now_ns: int) -> None:
        """`_timer_ns` has come (and has been cleared)."""

    def _on_eof(self, now_ns: int) -> None:
        """The other side closed the open connection."""
        self._lose("connection lost", now_ns)

    def _on_close(self, now_ns: int) -> None:  # noqa: B027 - saying nothing is a goodbye too
        """The application leaves: send the goodbye."""
