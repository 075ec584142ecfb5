"""The packets of MQTT that a server reads and writes, in its versions 3.1, 3.1.1 and 5, as bytes.

`pushlab.wire.mqtt311` has a client's side. Section numbers are those of the OASIS standards "MQTT
Version 5.0" (7 March 2019; ``v5``) and "MQTT Version 3.1.1" (``v3``). The three differ in CONNECT's
name and level, and in the properties and reason codes that version 5 added.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import NamedTuple

from pushlab.wire.mqtt311 import MalformedPacket, framed

__all__ = [
    "BAD_CLIENT_ID",
    "CONNECT",
    "DISCONNECT",
    "KEEP_ALIVE_TIMEOUT",
    "MALFORMED",
    "MOST_CONNECT_BYTES",
    "NOT_AUTHORISED",
    "PINGREQ",
    "PINGRESP",
    "PROTOCOL_ERROR",
    "PUBLISH",
    "QUOTA_EXCEEDED",
    "SUBSCRIBE",
    "TAKEN_OVER",
    "UNAVAILABLE",
    "UNSUBSCRIBE",
    "UNSUPPORTED",
    "Connect",
    "Incoming",
    "PacketReader",
    "UnsupportedVersion",
    "answer",
    "connack",
    "connack_properties",
    "disconnect",
    "identifier",
    "publish_parts",
    "read_connect",
    "read_filters",
    "read_publish",
    "refusal",
]

CONNECT, PUBLISH = 1, 3
SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT = 8, 10, 12, 14
PINGRESP = b"\xd0\x00"
MOST_CONNECT_BYTES = 16 * 1024  #: whoever asks is a stranger until it is read
_FLAGS = {4: 0, 5: 0, 6: 2, 7: 0, SUBSCRIBE: 2, UNSUBSCRIBE: 2, PINGREQ: 0, DISCONNECT: 0, 1: 0}

#: Reason codes (v5 section 2.4).
MALFORMED, PROTOCOL_ERROR, UNSUPPORTED, BAD_CLIENT_ID, NOT_AUTHORISED = 129, 130, 132, 133, 135
UNAVAILABLE, KEEP_ALIVE_TIMEOUT, TAKEN_OVER, QUOTA_EXCEEDED = 136, 141, 142, 151
#: The same as return codes of CONNACK before version 5 (v3 section 3.2.2.3).
_OLD_CODES = {UNSUPPORTED: 1, BAD_CLIENT_ID: 2, UNAVAILABLE: 3, NOT_AUTHORISED: 5}
_LEVELS = {(b"MQIsdp", 3): 3, (b"MQTT", 4): 4, (b"MQTT", 5): 5}

#: How a property's value stands, by its identifier (v5 section 2.2.2.2): bytes of a number, or v
#: for a variable number, t for text or binary, p for a pair of texts.
_FORMS = {
    **dict.fromkeys((1, 23, 25, 36, 37, 40, 41, 42), "1"),
    **dict.fromkeys((19, 33, 34, 35), "2"),
    **dict.fromkeys((2, 17, 24, 39), "4"),
    11: "v",
    **dict.fromkeys((3, 8, 9, 18, 21, 22, 26, 28, 31), "t"),
    38: "p",
}


class UnsupportedVersion(ValueError):
    """A CONNECT of a version that is none of the three."""


class Incoming(NamedTuple):
    """A whole packet: its kind, its flags and what follows the fixed header."""

    kind: int
    flags: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Connect:
    """What CONNECT says (v5 section 3.1).

    Attributes:
        level: 3 (MQTT 3.1), 4 (3.1.1) or 5.
        clean: whether a session that was kept shall be forgotten.
        keep_alive_s: silence after which one and a half times the client is gone; 0: never.
        will: topic, payload and QoS of what to say if the client is lost.
        expiry_s: for how long to keep the session after the connection; None: it does not say.
        receive_maximum: messages that may wait for an answer at once.
        maximum_packet: bytes that the client takes; 0: any number.
    """

    level: int
    clean: bool
    keep_alive_s: int
    client_id: str
    will: tuple[bytes, bytes, int] | None
    username: str | None
    password: bytes | None = None
    expiry_s: int | None = None
    receive_maximum: int = 65_535
    maximum_packet: int = 0

    def __repr__(self) -> str:
        return f"<Connect level {self.level} of {self.client_id!r}>"  # the password is a secret


# ---- reading --------------------------------------------------------------------------------


class PacketReader:
    """Cuts a client's bytes into packets.

    Args:
        limit: of a packet's bytes; a longer one is refused before it has arrived.

    Attributes:
        rest: what is not taken yet: whole packets, too, where their reader stopped before them.
    """

    __slots__ = ("limit", "rest")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.rest = b""

    def receive(self, data: bytes) -> Generator[Incoming]:
        """The packets that `data` completes, until it is closed. Raises MalformedPacket."""
        if self.rest:
            data = self.rest + data
        at, end = 0, len(data)
        try:
            while end - at >= 2:
                first, length, body = data[at], data[at + 1], at + 2
                if length >= 0x80:
                    length, body = _number(data, at + 1)
                    if not body:
                        break
                kind, flags = first >> 4, first & 15
                if kind != PUBLISH and _FLAGS.get(kind) != flags:
                    raise MalformedPacket(f"a client's packet that begins with byte {first}")
                if length > self.limit:
                    what = f"a packet of {length:,} bytes; the limit is {self.limit:,}"
                    raise MalformedPacket(what)
                if body + length > end:
                    break
                at = body + length
                yield Incoming(kind, flags, data[body:at])
        finally:
            self.rest = data[at:]


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A variable number (v5 section 1.5.5) and where it ends; 0 for one that is not whole."""
    value = shift = 0
    for index in range(at, min(at + 4, len(data))):
        value |= (data[index] & 0x7F) << shift
        if data[index] < 0x80:
            return value, index + 1
        shift += 7
    if shift == 28:
        raise MalformedPacket("a length of more than four bytes")
    return 0, 0


class _Fields:
    """What a packet's body holds, field by field; all raise MalformedPacket."""

    __slots__ = ("at", "body")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.at = 0

    @property
    def more(self) -> bool:
        return self.at < len(self.body)

    def take(self, n: int) -> bytes:
        start, self.at = self.at, self.at + n
        if self.at > len(self.body):
            raise MalformedPacket("a packet that is shorter than it says")
        return self.body[start : self.at]

    def number(self, n: int) -> int:
        return int.from_bytes(self.take(n), "big")

    def binary(self) -> bytes:
        return self.take(self.number(2))

    def text(self) -> str:
        try:
            text = self.binary().decode()
        except UnicodeDecodeError as error:
            raise MalformedPacket("a text that is not UTF-8") from error
        if "\0" in text:
            raise MalformedPacket("a text with a zero in it")
        return text

    def properties(self) -> dict[int, int]:
        """Version 5's properties; of those that are no numbers, only that they are well formed."""
        length, at = _number(self.body, self.at)
        if not at or at + length > len(self.body):
            raise MalformedPacket("properties that are longer than their packet")
        self.at, end = at, at + length
        found: dict[int, int] = {}
        while self.at < end:
            key = self.take(1)[0]
            form = _FORMS.get(key, "")
            if key in found or not form:
                raise MalformedPacket(f"the property {key}, which does not belong there")
            if form in "124":
                found[key] = self.number(int(form))
            elif form == "v":
                _, self.at = _number(self.body, self.at)
                if not self.at:
                    raise MalformedPacket("a number that is not whole")
            else:
                for _ in form.replace("p", "tt"):
                    self.binary()
        if self.at != end:
            raise MalformedPacket("properties that do not end where they should")
        return found


def read_connect(body: bytes) -> Connect:
    """CONNECT's fields.

    Raises:
        UnsupportedVersion: of another protocol or version.
        MalformedPacket: it is none.
    """
    fields = _Fields(body)
    name, level = fields.binary(), fields.number(1)
    if (name, level) not in _LEVELS:
        if name in (b"MQTT", b"MQIsdp"):
            raise UnsupportedVersion(f"MQTT of level {level}")
        raise MalformedPacket("a CONNECT of another protocol")
    flags, keep_alive_s = fields.number(1), fields.number(2)
    said = fields.properties() if level == 5 else {}
    client_id = fields.text()
    if flags & 1:
        raise MalformedPacket("a CONNECT with a flag that means nothing")
    will = None
    if flags & 0x04:
        if level == 5:
            fields.properties()
        will = fields.binary(), fields.binary(), flags >> 3 & 3
    username = fields.text() if flags & 0x80 else None
    password = fields.binary() if flags & 0x40 else None
    if fields.more:
        raise MalformedPacket("a CONNECT that is longer than it says")
    return Connect(
        level,
        bool(flags & 0x02),
        keep_alive_s,
        client_id,
        will,
        username,
        password,
        expiry_s=said.get(17, 0) if level == 5 else None,
        receive_maximum=said.get(33, 65_535) or 1,
        maximum_packet=said.get(39, 0),
    )


def read_filters(packet: Incoming, level: int) -> tuple[bytes, list[tuple[str, int]]]:
    """SUBSCRIBE's or UNSUBSCRIBE's packet identifier, and each filter with its QoS (or 0)."""
    fields = _Fields(packet.body)
    packet_id = fields.take(2)
    if level == 5:
        fields.properties()
    filters = []
    while fields.more:
        topic = fields.text()
        filters.append((topic, fields.number(1) & 3 if packet.kind == SUBSCRIBE else 0))
    if not filters or packet_id == b"\0\0" or any(qos == 3 for _, qos in filters):
        raise MalformedPacket("a SUBSCRIBE that asks for nothing that there is")
    return packet_id, filters


def identifier(packet: Incoming) -> int:
    """The packet identifier with which an acknowledgement begins."""
    found = int.from_bytes(packet.body[:2], "big")
    if len(packet.body) < 2 or not found:
        raise MalformedPacket("an acknowledgement without an identifier")
    return found


def read_publish(packet: Incoming, level: int) -> tuple[bytes, bytes, int, int]:
    """PUBLISH's topic, payload, QoS and packet identifier (0 for QoS 0)."""
    fields = _Fields(packet.body)
    qos = packet.flags >> 1 & 3
    topic = fields.binary()
    packet_id = fields.number(2) if qos else 0
    aliased = level == 5 and 35 in fields.properties()
    if qos == 3 or (qos and not packet_id) or not topic or aliased:
        raise MalformedPacket("a PUBLISH of no QoS, identifier or topic that there is")
    return topic, packet.body[fields.at :], qos, packet_id


# ---- writing --------------------------------------------------------------------------------


def refusal(level: int, reason: int) -> bytes:
    """The CONNACK that refuses, with the reason as version 5 has it (v5 section 3.2.2.2)."""
    if level == 5:
        return framed(0x20, bytes((0, reason, 0)))
    return framed(0x20, bytes((0, _OLD_CODES.get(reason, 3))))


def connack_properties(*, most_bytes: int, assigned: str) -> bytes:
    """What version 5 is told of a server that keeps nothing and knows no wildcards."""
    said = b"\x25\x00\x28\x00\x29\x00\x2a\x00\x27" + most_bytes.to_bytes(4, "big")
    if assigned:
        said += b"\x12" + len(assigned).to_bytes(2, "big") + assigned.encode()
    return bytes((len(said),)) + said


def connack(level: int, *, present: bool, properties: bytes) -> bytes:
    """The CONNACK that welcomes; `present`: the session that was kept goes on."""
    return framed(0x20, bytes((present, 0)) + (properties if level == 5 else b""))


def answer(kind: int, packet_id: bytes, codes: bytes, level: int) -> bytes:
    """SUBACK (9) or UNSUBACK (11), with a code for each filter where it has one."""
    if level == 5:
        return framed(kind << 4, packet_id + b"\0" + codes)
    return framed(kind << 4, packet_id + (codes if kind == 9 else b""))


def disconnect(level: int, reason: int) -> bytes:
    """The server's DISCONNECT; only version 5 has one."""
    return bytes((0xE0, 2, reason, 0)) if level == 5 else b""


def publish_parts(topic: bytes, payload: bytes, *, qos: int, level: int) -> tuple[bytes, bytes]:
    """PUBLISH before its packet identifier, which only QoS 1 and 2 have, and behind it."""
    tail = b"\0" + payload if level == 5 else payload
    whole = framed(
        0x30 | qos << 1,
        len(topic).to_bytes(2, "big") + topic + (b"\0\0" if qos else b"") + tail,
    )
    split = len(whole) - len(tail)
    return whole[: split - 2 if qos else split], tail
