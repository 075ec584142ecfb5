"""Packets of a broker, right and wrong, by the sections of MQTT 3.1.1 that say so."""

from dataclasses import dataclass

from pushlab.wire.mqtt311 import Acked, Connack, Packet, Pingresp, Publish, Suback

__all__ = ["CASES", "Case"]


@dataclass(frozen=True, slots=True)
class Case:
    """Bytes from a broker.

    Attributes:
        packets: what they are; None: nothing that a broker may send.
    """

    name: str
    section: str
    data: bytes
    packets: tuple[Packet, ...] | None


def _case(name: str, section: str, told: str, *packets: Packet) -> Case:
    return Case(name, section, bytes.fromhex(told), packets)


def _wrong(name: str, section: str, told: str) -> Case:
    return Case(name, section, bytes.fromhex(told), None)


def _publish(length: bytes, size: int) -> Case:
    payload = b"p" * (size - 3)
    data = b"\x30" + length + b"\x00\x01t" + payload
    return Case(f"PUBLISH of {size} bytes", "2.2.3", data, (Publish(b"t", payload, 0, 0),))


CASES = [
    *(_case(f"CONNACK, code {n}", "3.2.2.3", f"20020 00{n}".replace(" ", ""), Connack(n, False))
      for n in range(6)),
    _case("CONNACK, session present", "3.2.2.2", "20020100", Connack(0, True)),
    _case("PUBLISH, QoS 0", "3.3", "3005000174 6869", Publish(b"t", b"hi", 0, 0)),
    _case("PUBLISH, QoS 1", "3.3", "3207000174 0007 6869", Publish(b"t", b"hi", 1, 7)),
    _case("PUBLISH, QoS 2", "3.3", "3407000174 ffff 6869", Publish(b"t", b"hi", 2, 65_535)),
    _case("PUBLISH, QoS 1, again", "3.3.1.1", "3a07000174 0007 6869", Publish(b"t", b"hi", 1, 7)),
    _case("PUBLISH, retained", "3.3.1.3", "3105000174 6869", Publish(b"t", b"hi", 0, 0)),
    _case("PUBLISH, no payload", "3.3.3", "3003000174", Publish(b"t", b"", 0, 0)),
    _case("PUBLISH, a topic in UTF-8", "1.5.3", "3006 0004 f09f9880",
          Publish("😀".encode(), b"", 0, 0)),
    _publish(b"\x7f", 127),
    _publish(b"\x80\x01", 128),
    _publish(b"\xff\x7f", 16_383),
    _publish(b"\x80\x80\x01", 16_384),
    _publish(b"\xff\xff\x7f", 2_097_151),
    _case("PUBACK", "3.4", "40020007", Acked(4, 7)),
    _case("PUBREC", "3.5", "50020007", Acked(5, 7)),
    _case("PUBREL", "3.6", "62020007", Acked(6, 7)),
    _case("PUBCOMP", "3.7", "70020007", Acked(7, 7)),
    _case("SUBACK, each QoS and a refusal", "3.9", "9006 0001 00010280",
          Suback(1, b"\x00\x01\x02\x80")),
    _case("PINGRESP", "3.13", "d000", Pingresp()),
    _case("three at once", "2", "d000 40020007 3003000174", Pingresp(), Acked(4, 7),
          Publish(b"t", b"", 0, 0)),
    _wrong("kind 0", "2.2.1", "0000"),
    _wrong("kind 15 (MQTT 5's AUTH)", "2.2.1", "f000"),
    _wrong("CONNECT from a broker", "2.2.1", "101000044d5154540402003c0004 70757368"),
    _wrong("SUBSCRIBE from a broker", "2.2.1", "8206000100017400"),
    _wrong("UNSUBSCRIBE from a broker", "2.2.1", "a2050001000174"),
    _wrong("PINGREQ from a broker", "2.2.1", "c000"),
    _wrong("DISCONNECT from a broker", "2.2.1", "e000"),
    _wrong("CONNACK with flags", "2.2.2", "21020000"),
    _wrong("CONNACK of one byte", "3.2", "200100"),
    _wrong("CONNACK of three bytes (MQTT 5's)", "3.2", "2003000000"),
    _wrong("CONNACK with reserved bits", "3.2.2.1", "20020200"),
    _wrong("CONNACK, session present and refused", "3.2.2.2", "20020105"),
    _wrong("PUBLISH, QoS 3", "3.3.1.2", "3607000174 0007 6869"),
    _wrong("PUBLISH, QoS 0, again", "3.3.1.1", "3805000174 6869"),
    _wrong("PUBLISH, no topic", "3.3.2.1", "3000"),
    _wrong("PUBLISH, an empty topic", "4.7.3", "30020000"),
    _wrong("PUBLISH, shorter than its topic", "3.3.2.1", "3003000574"),
    _wrong("PUBLISH, no identifier", "2.3.1", "3203000174"),
    _wrong("PUBLISH, identifier 0", "2.3.1", "3205000174 0000"),
    _wrong("PUBACK with flags", "2.2.2", "41020007"),
    _wrong("PUBREL without its flag", "3.6.1", "60020007"),
    _wrong("PUBACK, identifier 0", "2.3.1", "40020000"),
    _wrong("PUBACK of three bytes (MQTT 5's)", "3.4", "4003000700"),
    _wrong("SUBACK, no code", "3.9", "90020001"),
    _wrong("SUBACK, code 3", "3.9.3", "9003000103"),
    _wrong("SUBACK, code 87 (MQTT 5's)", "3.9.3", "9003000187"),
    _wrong("SUBACK, identifier 0", "2.3.1", "9003000000"),
    _wrong("PINGRESP with a body", "3.13", "d00100"),
    _wrong("a length of five bytes", "2.2.3", "30ffffffff01"),
    _wrong("a length longer than it need be", "2.2.3", "308000"),
    _wrong("HTTP", "2.2.1", "485454502f312e31"),
    _wrong("TLS", "2.2.1", "1503030002022a"),
]  # fmt: skip
