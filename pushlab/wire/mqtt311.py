"""The packets of MQTT 3.1.1 that a client needs, as bytes.

A packet is a byte of kind and flags, the length of the rest in one to four bytes of seven bits
each, and the rest. Numbers are big-endian; text is UTF-8 behind its length in two bytes. Section
numbers below are those of the OASIS standard "MQTT Version 3.1.1" (29 October 2014).

`Parser` reads what a broker sends, over any split of its bytes, and refuses what the standard
does not allow; the functions write what a subscriber sends.
"""

from collections.abc import Iterable
from typing import NamedTuple

__all__ = [
    "CONNACK_REFUSALS",
    "DISCONNECT",
    "PINGREQ",
    "PUBACK",
    "PUBCOMP",
    "PUBREC",
    "PUBREL",
    "Acked",
    "Connack",
    "MalformedPacket",
    "Packet",
    "Parser",
    "Pingresp",
    "Publish",
    "Suback",
    "acknowledge",
    "connect",
    "framed",
    "publish",
    "subscribe",
    "text",
    "whole_publish",
]

#: What a CONNACK's return codes say (section 3.2.2.3).
CONNACK_REFUSALS = {
    1: "the broker does not speak MQTT 3.1.1",
    2: "the broker refuses the client identifier",
    3: "the broker is unavailable",
    4: "bad user name or password",
    5: "not authorised",
}

PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"

PUBACK, PUBREC, PUBREL, PUBCOMP = 4, 5, 6, 7
_CONNACK, _PUBLISH = 2, 3
_SUBACK, _PINGRESP = 9, 13
_ACK_FLAGS = {PUBACK: 0, PUBREC: 0, PUBREL: 2, PUBCOMP: 0}
#: Of packets from a broker, PUBLISH excepted: what begins otherwise is not worth waiting for.
_FIRST_BYTES = (0x20, 0x40, 0x50, 0x62, 0x70, 0x90, 0xD0)
_MAX_TEXT = 65_535
_MAX_REMAINING = 268_435_455


class MalformedPacket(ValueError):
    """Bytes that no MQTT 3.1.1 broker may send to a subscriber."""


class Publish(NamedTuple):
    """A message, on its way to or from a subscriber (section 3.3)."""

    topic: bytes
    payload: bytes
    qos: int
    packet_id: int


class Connack(NamedTuple):
    """The answer to CONNECT (section 3.2); `code` 0 is a welcome."""

    code: int
    session_present: bool


class Suback(NamedTuple):
    """The answer to SUBSCRIBE (section 3.9): the granted QoS of each filter, 0x80 for refused."""

    packet_id: int
    codes: bytes


class Acked(NamedTuple):
    """PUBACK (4), PUBREC (5), PUBREL (6) or PUBCOMP (7), by its `kind` (sections 3.4 to 3.7)."""

    kind: int
    packet_id: int


class Pingresp(NamedTuple):
    """The answer to PINGREQ (section 3.13)."""


Packet = Publish | Connack | Suback | Acked | Pingresp


# ---- writing --------------------------------------------------------------------------------


def text(value: str | bytes) -> bytes:
    """UTF-8 behind its length in two bytes (section 1.5.3)."""
    raw = value.encode() if isinstance(value, str) else value
    if len(raw) > _MAX_TEXT:
        raise ValueError(f"{len(raw):,} bytes; MQTT's text has at most {_MAX_TEXT:,}")
    return len(raw).to_bytes(2, "big") + raw


def framed(first: int, body: bytes) -> bytes:
    """The fixed header before `body` (section 2.2)."""
    left = len(body)
    if left > _MAX_REMAINING:
        raise ValueError(f"{left:,} bytes; an MQTT packet has at most {_MAX_REMAINING:,}")
    header = bytearray((first,))
    while True:
        left, low = left >> 7, left & 0x7F
        header.append(low | 0x80 if left else low)
        if not left:
            return bytes(header) + body


def connect(
    client_id: str,
    *,
    keep_alive_s: int,
    username: str | None = None,
    password: str = "",
    will: tuple[str, bytes, int] | None = None,
    clean: bool = True,
) -> bytes:
    """CONNECT (section 3.1).

    Args:
        username: None: it logs in as nobody, without a password.
        will: topic, payload and QoS.
        clean: whether the session ends with the connection, and begins anew with the next one.
    """
    login = b"" if username is None else text(username) + text(password)
    flags = (0xC0 if login else 0) | (0x04 | will[2] << 3 if will else 0) | clean << 1
    body = text("MQTT") + bytes((4, flags)) + keep_alive_s.to_bytes(2, "big") + text(client_id)
    if will:
        body += text(will[0]) + text(will[1])
    return framed(0x10, body + login)


def subscribe(packet_id: int, filters: Iterable[tuple[str, int]]) -> bytes:
    """SUBSCRIBE to each (topic filter, QoS) (section 3.8)."""
    body = packet_id.to_bytes(2, "big")
    for topic, qos in filters:
        body += text(topic) + bytes((qos,))
    return framed(0x82, body)


def publish(topic: str, payload: bytes, *, qos: int, packet_id: int = 0) -> bytes:
    """PUBLISH (section 3.3), neither retained nor repeated; QoS 0 has no packet identifier."""
    head = text(topic) + (packet_id.to_bytes(2, "big") if qos else b"")
    return framed(0x30 | qos << 1, head + payload)


def acknowledge(kind: int, packet_id: int) -> bytes:
    """PUBACK, PUBREC, PUBREL or PUBCOMP, by its `kind` (sections 3.4 to 3.7)."""
    return bytes((kind << 4 | _ACK_FLAGS[kind], 2)) + packet_id.to_bytes(2, "big")


def whole_publish(data: bytes, topic: bytes, qos: int) -> int:
    """Where the payload begins if `data` is just one new PUBLISH of QoS 0 or 1 to `topic`, else 0.

    Args:
        topic: behind its length in two bytes, as it stands in the packet.
    """
    end = len(data)
    if end < 4 or data[0] != 0x30 | qos << 1:
        return 0
    if data[1] < 0x80:
        stop, at = data[1] + 2, 2
    elif 0 < data[2] < 0x80:
        stop, at = (data[1] & 0x7F) + (data[2] << 7) + 3, 3
    else:
        return 0
    if stop != end or not data.startswith(topic, at):
        return 0
    at += len(topic)
    if qos == 0:
        return at
    return at + 2 if at + 2 <= end and (data[at] or data[at + 1]) else 0


# ---- reading --------------------------------------------------------------------------------


class Parser:
    """Reads a broker's packets from bytes that come in pieces of any size.

    Args:
        max_packet_bytes: a longer packet is refused before it has arrived.

    Attributes:
        rest: the beginning of a packet that is not whole yet.
    """

    __slots__ = ("_limit", "rest")

    def __init__(self, *, max_packet_bytes: int = _MAX_REMAINING) -> None:
        self._limit = max_packet_bytes
        self.rest = b""

    def receive(self, data: bytes) -> list[Packet]:
        """Take bytes; give the packets that they complete, in order.

        Raises:
            MalformedPacket: the bytes are not what a broker may send. The parser is of no more
                use; packets before the bad one in `data` are lost with it.
        """
        if self.rest:
            data = self.rest + data
        packets: list[Packet] = []
        position, end = 0, len(data)
        while end - position >= 2:
            first = data[position]
            length = data[position + 1]
            body = position + 2
            if length >= 0x80:
                length, body = self._long_length(data, position + 1)
                if body == 0:
                    break  # the length itself is not here yet
            stop = body + length
            if length > self._limit:
                raise MalformedPacket(f"a packet of {length:,} bytes; the limit is {self._limit:,}")
            if stop > end:
                if first >> 4 != _PUBLISH and first not in _FIRST_BYTES:
                    raise MalformedPacket(f"a packet that begins with byte {first}")
                break
            if first >> 4 == _PUBLISH:
                packets.append(self._publish(data, first, body, stop))
            else:
                packets.append(self._other(data, first, body, stop))
            position = stop
        self.rest = data[position:] if position else data
        return packets

    @staticmethod
    def _long_length(data: bytes, at: int) -> tuple[int, int]:
        """The remaining length that begins at `at`, and where the body begins (0: not here)."""
        length = shift = 0
        for index in range(at, min(at + 4, len(data))):
            byte = data[index]
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                if byte == 0 and shift:
                    raise MalformedPacket("a remaining length that is longer than it need be")
                return length, index + 1
            shift += 7
        if shift == 28:
            raise MalformedPacket("a remaining length of more than four bytes")
        return 0, 0

    @staticmethod
    def _publish(data: bytes, first: int, body: int, stop: int) -> Publish:
        qos = first >> 1 & 3
        start = body + 2
        if stop < start:
            raise MalformedPacket("a PUBLISH without a topic")
        split = start + (data[body] << 8 | data[body + 1])
        if split == start:
            raise MalformedPacket("a PUBLISH with an empty topic")
        topic = data[start:split]
        if qos == 0:
            if first & 0x08:
                raise MalformedPacket("a PUBLISH of QoS 0 that is marked as repeated")
            if split > stop:
                raise MalformedPacket("a PUBLISH that is shorter than its topic")
            return Publish(topic, data[split:stop], 0, 0)
        if qos == 3:
            raise MalformedPacket("a PUBLISH of QoS 3")
        if split + 2 > stop:
            raise MalformedPacket("a PUBLISH without a packet identifier")
        packet_id = data[split] << 8 | data[split + 1]
        if packet_id == 0:
            raise MalformedPacket("a packet identifier of 0")
        return Publish(topic, data[split + 2 : stop], qos, packet_id)

    @staticmethod
    def _other(data: bytes, first: int, body: int, stop: int) -> Packet:
        kind, flags, length = first >> 4, first & 0x0F, stop - body
        if kind in _ACK_FLAGS:
            if flags != _ACK_FLAGS[kind] or length != 2:
                raise MalformedPacket(f"an acknowledgement of kind {kind} that is not 4 bytes")
            packet_id = data[body] << 8 | data[body + 1]
            if packet_id == 0:
                raise MalformedPacket("a packet identifier of 0")
            return Acked(kind, packet_id)
        if flags:
            raise MalformedPacket(f"a packet of kind {kind} with flags {flags}")
        if kind == _PINGRESP and length == 0:
            return Pingresp()
        if kind == _CONNACK and length == 2:
            present, code = data[body], data[body + 1]
            if present > 1 or (present and code):
                raise MalformedPacket("a CONNACK with flags that mean nothing")
            return Connack(code, bool(present))
        if kind == _SUBACK and length >= 3:
            packet_id = data[body] << 8 | data[body + 1]
            codes = data[body + 2 : stop]
            if packet_id == 0 or any(code not in (0, 1, 2, 0x80) for code in codes):
                raise MalformedPacket("a SUBACK with a code that means nothing")
            return Suback(packet_id, codes)
        raise MalformedPacket(f"a packet of kind {kind} and {length} bytes from a broker")
