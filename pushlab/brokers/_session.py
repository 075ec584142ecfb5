"""What the embedded broker holds of one client: what it has asked for, and what it is still owed.

A session outlives its connection where the client asks for that: it then keeps the messages of QoS
1 and 2, within bounds, and sends them to the connection that takes it up again.
"""

from collections import deque
from typing import Any, Protocol

from pushlab.contract.tokens import Grant
from pushlab.transports._mqtt_server import publish_parts
from pushlab.wire import mqtt311

__all__ = ["Connection", "Message", "Session"]

_NOTHING: Any = object()
_WINDOW = 1_000  # messages that wait for an answer at once
_MAX_OWED = 10_000
_MAX_OWED_BYTES = 16 * 1024 * 1024
_MAX_KEPT_BYTES = 1024 * 1024  # for a client that is not there


class Message:
    """A message to any number of sessions; its bytes are made once for each form."""

    __slots__ = ("_forms", "payload", "qos", "topic")

    def __init__(self, topic: bytes, payload: bytes, qos: int) -> None:
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self._forms: dict[tuple[int, bool], tuple[bytes, bytes]] = {}

    def parts(self, qos: int, level: int) -> tuple[bytes, bytes]:
        """Its PUBLISH before and behind the packet identifier."""
        key = qos, level == 5
        parts = self._forms.get(key)
        if parts is None:
            parts = publish_parts(self.topic, self.payload, qos=qos, level=level)
            if not qos:
                parts = parts[0] + parts[1], b""
            self._forms[key] = parts
        return parts


class Connection(Protocol):
    """A client's connection, as session and router see it."""

    full: bool

    def send(self, data: bytes) -> None:
        """Send these bytes."""

    def end(self, reason: int) -> None:
        """Close it for this reason, as version 5 numbers them."""


class Session:
    """One client's session.

    Args:
        name: the client identifier.
        grant: what its token says; None for the bridge.

    Attributes:
        connection: its connection, while there is one.
        filters: each topic that it has asked for, with the QoS.
        held: packet identifiers of its own QoS 2 messages that it has not released yet.
        keep_s: for how long to keep it without a connection.
        gone_at: since when it has had none, on the monotonic clock.
        will: what to say if the bridge is lost.
    """

    __slots__ = (
        "_in_flight",
        "_owed",
        "_owed_bytes",
        "_packet_id",
        "connection",
        "filters",
        "gone_at",
        "grant",
        "held",
        "keep_s",
        "level",
        "most_bytes",
        "name",
        "will",
        "window",
    )

    def __init__(self, name: str, grant: Grant | None) -> None:
        self.name = name
        self.grant = grant
        self.connection: Connection | None = None
        self.level = 4
        self.window = _WINDOW
        self.most_bytes = 0
        self.keep_s = 0.0
        self.gone_at = 0.0
        self.filters: dict[bytes, int] = {}
        self.will: tuple[bytes, bytes, int] | None = None
        self.held: set[int] = set()
        self._packet_id = 0
        self._in_flight: dict[int, tuple[Message, int] | None] = {}  # None: it is to be released
        self._owed: deque[tuple[Message, int]] = deque()
        self._owed_bytes = 0

    def take_up(
        self, connection: Connection, *, level: int, receive_maximum: int, most_bytes: int
    ) -> None:
        """A connection for it; `resume` goes on."""
        self.connection = connection
        self.level = level
        self.window = min(_WINDOW, receive_maximum)
        self.most_bytes = most_bytes

    def resume(self) -> None:
        """Send once more what was not answered (v3 section 4.4), then what is owed."""
        assert self.connection is not None
        for packet_id, sent in self._in_flight.items():
            raw = packet_id.to_bytes(2, "big")
            if sent is None:
                self.connection.send(mqtt311.acknowledge(mqtt311.PUBREL, packet_id))
            else:
                head, tail = sent[0].parts(sent[1], self.level)
                self.connection.send(bytes((head[0] | 8,)) + head[1:] + raw + tail)
        self.go_on()

    def deliver(self, message: Message, qos: int) -> bool:
        """Send a message, or owe it; False when too much is owed to a client that is there."""
        qos = min(qos, message.qos)
        connection = self.connection
        free = not qos or len(self._in_flight) < self.window
        if connection is not None and free and not connection.full and not self._owed:
            self._send(connection, message, qos)
            return True
        size = len(message.payload)
        if connection is None:
            if qos and self._owed_bytes + size <= _MAX_KEPT_BYTES and len(self._owed) < _WINDOW:
                self._owe(message, qos, size)
            return True
        if len(self._owed) >= _MAX_OWED or self._owed_bytes + size > _MAX_OWED_BYTES:
            return False
        self._owe(message, qos, size)
        return True

    def _owe(self, message: Message, qos: int, size: int) -> None:
        self._owed.append((message, qos))
        self._owed_bytes += size

    def _send(self, connection: Connection, message: Message, qos: int) -> None:
        head, tail = message.parts(qos, self.level)
        if self.most_bytes and len(head) + len(tail) + 2 > self.most_bytes:
            return  # it does not want one of that size (v5 section 3.1.2.11.4)
        if not qos:
            connection.send(head)
            return
        packet_id = self._packet_id % 65_535 + 1
        while packet_id in self._in_flight:
            packet_id = packet_id % 65_535 + 1
        self._packet_id = packet_id
        self._in_flight[packet_id] = message, qos
        connection.send(head + packet_id.to_bytes(2, "big") + tail)

    def go_on(self) -> None:
        """The connection has room, or an answer came: send what is owed."""
        connection, owed = self.connection, self._owed
        if connection is None:
            return
        while owed and not connection.full and len(self._in_flight) < self.window:
            message, qos = owed.popleft()
            self._owed_bytes -= len(message.payload)
            self._send(connection, message, qos)

    @property
    def behind(self) -> bool:
        """Whether more is owed to it than it takes at once."""
        return len(self._owed) > _WINDOW

    def answered(self, kind: int, packet_id: int) -> bool:
        """PUBACK, PUBREC or PUBCOMP came; False when it was waited for by nobody."""
        if kind == mqtt311.PUBREC:
            waited = self._in_flight.get(packet_id) is not None  # for the first time
            if waited:
                self._in_flight[packet_id] = None
            if self.connection is not None:
                self.connection.send(mqtt311.acknowledge(mqtt311.PUBREL, packet_id))
            return waited
        waited = self._in_flight.pop(packet_id, _NOTHING) is not _NOTHING
        if self._owed:
            self.go_on()
        return waited
