"""MQTT 3.1.1 packets as people can read them: names and fields, from either side, no password."""

import json

__all__ = ["packets_in_words"]

_NAMES = {
    1: "CONNECT",
    2: "CONNACK",
    3: "PUBLISH",
    4: "PUBACK",
    5: "PUBREC",
    6: "PUBREL",
    7: "PUBCOMP",
    8: "SUBSCRIBE",
    9: "SUBACK",
    10: "UNSUBSCRIBE",
    11: "UNSUBACK",
    12: "PINGREQ",
    13: "PINGRESP",
    14: "DISCONNECT",
}
_REFUSALS = {0: "welcome", 4: "refused: bad user name or password", 5: "refused: not authorized"}


class _NoPacket(Exception):
    """These bytes are no MQTT."""


class _Fields:
    """Reads a packet's fields one after the other."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def take(self, size: int) -> bytes:
        taken, self.rest = self.rest[:size], self.rest[size:]
        if len(taken) < size:
            raise _NoPacket
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def data(self) -> bytes:
        """What stands behind its length in two bytes."""
        return self.take(self.number(2))

    def text(self) -> str:
        return _quoted(self.data())


def packets_in_words(data: bytes) -> str | None:
    """One line for each packet; None if these are no whole MQTT packets."""
    lines = []
    try:
        while data:
            first, length, start = data[0], 0, 1
            for shift in (0, 7, 14, 21):  # the remaining length (section 2.2.3)
                if start >= len(data):
                    raise _NoPacket
                byte = data[start]
                start += 1
                length |= (byte & 0x7F) << shift
                if byte < 0x80:
                    break
            else:
                raise _NoPacket
            body, after = data[start : start + length], data[start + length :]
            if first >> 4 not in _NAMES or len(body) < length:
                raise _NoPacket
            fields = _Fields(body)
            said = _in_words(first >> 4, first & 0x0F, fields)
            if fields.rest:
                raise _NoPacket
            name = _NAMES[first >> 4]
            head = data[:start].hex(" ")
            lines.append(f"[{name}, {start + length:,} bytes; head {head}] {said}".rstrip())
            data = after
    except _NoPacket:
        return None
    return "\n".join(lines) if lines else None


def _in_words(kind: int, flags: int, fields: _Fields) -> str:
    name = _NAMES[kind]
    if name == "PUBLISH":
        return _publish(flags, fields)
    if flags != (2 if name in ("PUBREL", "SUBSCRIBE", "UNSUBSCRIBE") else 0):
        raise _NoPacket
    if name == "CONNECT":
        return _connect(fields)
    if name == "CONNACK":
        _, code = fields.take(2)
        return _REFUSALS.get(code, f"refused: code {code}")
    if name in ("PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "UNSUBACK"):
        return f"packet {fields.number(2)}"
    if name in ("SUBSCRIBE", "UNSUBSCRIBE", "SUBACK"):
        return _subscription(name, fields)
    return ""


def _connect(fields: _Fields) -> str:
    protocol, level, flags = fields.data(), fields.number(1), fields.number(1)
    if protocol != b"MQTT" or level not in (4, 5):
        raise _NoPacket
    keep_alive_s = fields.number(2)
    parts = [f"client {fields.text()}"]
    if flags & 0x04:
        topic, payload = fields.text(), fields.data()
        parts.append(f"will on {topic}: {_shown(payload)}")
    if flags & 0x80:
        parts.append(f"user {fields.text()}")
    if flags & 0x40:
        fields.data()
        parts.append("password <token>")
    return ", ".join([*parts, f"keep-alive {keep_alive_s} s"])


def _publish(flags: int, fields: _Fields) -> str:
    qos = flags >> 1 & 3
    if qos == 3:
        raise _NoPacket
    topic = fields.text()
    packet = f", packet {fields.number(2)}" if qos else ""
    payload, fields.rest = fields.rest, b""
    again = ", again" if flags & 8 else ""
    return f"to {topic}, QoS {qos}{packet}{again}: {_shown(payload)}"


def _subscription(name: str, fields: _Fields) -> str:
    packet = f"packet {fields.number(2)}"
    said = []
    while fields.rest:
        if name == "SUBACK":
            code = fields.number(1)
            said.append("refused" if code == 0x80 else f"QoS {code}")
        elif name == "SUBSCRIBE":
            said.append(f"{fields.text()} QoS {fields.number(1)}")
        else:
            said.append(fields.text())
    if not said:
        raise _NoPacket
    return f"{packet}: {', '.join(said)}"


def _quoted(data: bytes) -> str:
    return json.dumps(data.decode("utf-8", errors="backslashreplace"), ensure_ascii=False)


def _shown(payload: bytes) -> str:
    text = payload.decode("utf-8", errors="backslashreplace")
    return "".join(c if c == "\n" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)
