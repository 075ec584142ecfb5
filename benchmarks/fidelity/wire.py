"""Finds deliveries in captured streams: which message reached which subscriber, in which packet.

A message is known by its `seq`, which stands on the wire before it, and a subscriber by the token
(over MQTT the user name) that its connection showed. A delivery is there with its last byte.
"""

import base64
import binascii
import json
import re
from collections.abc import Collection

from benchmarks.fidelity.capture import Segment

__all__ = ["Wire"]

_TOKEN = re.compile(rb"Bearer \w+\.([\w-]+)\.[\w-]+")
_MQTT_CONNECT = 0x10
_USER_NAME = re.compile(rb"client-(\d+)/[0-9a-f]+")
_MESSAGES = {
    "sse": rb"data: ?[0-9A-Za-z]{%d}\nid: ?[0-9a-f]+-(\d+)\n\n",
    "websocket": rb"[0-9a-f]{8}-(\d+) [0-9A-Za-z]{%d}",
    "mqtt": rb"[0-9a-f]{8}-(\d+) [0-9A-Za-z]{%d}",
    "short-polling": rb'"seq": ?(\d+), ?"data": ?"[0-9A-Za-z]{%d}"',
    "long-polling": rb'"seq": ?(\d+), ?"data": ?"[0-9A-Za-z]{%d}"',
}
_NUMBERS = 1 << 32
_MARGIN_BYTES = 200  # what stands around a message that is not complete yet


class Wire:
    """Reads segments in order.

    Args:
        transport: how the messages travel.
        ports: where the servers listen.
        payload_bytes: the size of each message; probes have another.

    Attributes:
        posted: when each of the publisher's requests was on the wire, by the wall clock.
        arrivals: (subscriber, seq) to the wall clock's nanoseconds at which it had arrived.
    """

    def __init__(self, transport: str, ports: Collection[int], *, payload_bytes: int) -> None:
        self.arrivals: dict[tuple[int, int], int] = {}
        self.posted: list[int] = []
        self._ports = frozenset(ports)
        self._message = re.compile(_MESSAGES[transport] % payload_bytes)
        self._keep = payload_bytes + _MARGIN_BYTES
        self._subscribers: dict[int, int] = {}
        self._rests: dict[int, bytes] = {}
        self._next: dict[int, int] = {}  # TCP's number of the byte that comes next, by port

    def take(self, segment: Segment) -> None:
        """One segment."""
        if segment.source_port not in self._ports:
            if segment.data.startswith(b"POST "):
                self.posted.append(segment.wall_ns)
            if segment.source_port not in self._subscribers:
                self._introduce(segment.source_port, segment.data)
            return
        port = segment.target_port
        if (subscriber := self._subscribers.get(port)) is not None and (data := self._new(segment)):
            self._read(subscriber, port, data, segment.wall_ns)

    def _new(self, segment: Segment) -> bytes:
        """What of the segment has not come before: TCP sends again what it thinks lost."""
        port = segment.target_port
        seen = (self._next.get(port, segment.number) - segment.number) % _NUMBERS
        if seen >= _NUMBERS // 2:  # something before it is missing
            self._rests.pop(port, None)
            seen = 0
        data = segment.data[seen:]
        if data:
            self._next[port] = (segment.number + len(segment.data)) % _NUMBERS
        return data

    def _introduce(self, port: int, data: bytes) -> None:
        if token := _TOKEN.search(data):
            client_id = _client_id(token[1])
            if client_id.startswith("client-"):
                self._subscribers[port] = int(client_id.removeprefix("client-"))
        elif data[:1] == bytes((_MQTT_CONNECT,)) and (name := _USER_NAME.search(data)):
            self._subscribers[port] = int(name[1])

    def _read(self, subscriber: int, port: int, data: bytes, wall_ns: int) -> None:
        data = self._rests.get(port, b"") + data
        end = 0
        for message in self._message.finditer(data):
            end = message.end()
            self.arrivals.setdefault((subscriber, int(message[1])), wall_ns)
        self._rests[port] = data[max(end, len(data) - self._keep) :]


def _client_id(payload: bytes) -> str:
    """The client ID in a token's payload; empty if it is none of pushlab's."""
    try:
        fields = json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
        return str(fields[0])
    except (binascii.Error, ValueError, LookupError, TypeError):
        return ""
