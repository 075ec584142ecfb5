"""pushlab's codec of MQTT 3.1.1: by the standard, and beside mqtt-packet's both ways."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from random import Random
from typing import Any

from conformance.model import Suite, Tell, Verdict
from conformance.mqtt.cases import CASES, Case
from conformance.mqtt.greetings import greeting_verdicts
from conformance.node import node
from pushlab.wire import mqtt311 as codec
from pushlab.wire.mqtt311 import MalformedPacket, Packet, Parser

__all__ = ["MqttPackets", "standard_verdicts"]

_FROM_BROKER = {2, 3, 4, 5, 6, 7, 9, 13}
_SPLITS = 64  # of a packet, at the most
_FUZZED = 20_000


def _read(pieces: Sequence[bytes]) -> tuple[Packet, ...] | None:
    """What the pieces are; None: nothing that a broker may send."""
    parser, found = Parser(), []
    try:
        for piece in pieces:
            found += parser.receive(piece)
    except MalformedPacket:
        return None
    return tuple(found)


def _splits(data: bytes) -> Iterator[list[bytes]]:
    """The bytes whole, in two at (nearly) every place, and one by one."""
    yield [data]
    for at in range(1, len(data), max(1, len(data) // _SPLITS)):
        yield [data[:at], data[at:]]
    if len(data) < 1_000:
        yield [data[at : at + 1] for at in range(len(data))]


def _words(packets: Sequence[Packet] | None) -> str:
    if packets is None:
        return "refused"
    told = [repr(packet) for packet in packets]
    return (
        ", ".join(text if len(text) < 70 else f"{text[:60]}..." for text in told) or "nothing yet"
    )


def _verdict(case: Case, group: str, source: str) -> Verdict:
    seen = {_read(pieces) for pieces in _splits(case.data)}
    return Verdict(
        case=case.name,
        group=group,
        source=source,
        wanted=_words(case.packets),
        seen=" or, by how it is split, ".join(_words(each) for each in seen),
        right=seen == {case.packets},
    )


def standard_verdicts() -> Iterator[Verdict]:
    """The cases by the standard, whole packets cut short, and nonsense."""
    for case in CASES:
        yield _verdict(case, "the standard", f"MQTT 3.1.1, {case.section}")
    short = [
        (case.name, at)
        for case in CASES
        if case.packets and len(case.packets) == 1 and len(case.data) < 40
        for at in range(len(case.data))
        if _read([case.data[:at]]) != ()
    ]
    yield Verdict(
        case="packets cut short, at every byte",
        group="nonsense",
        source="MQTT 3.1.1, 2.2.3",
        wanted="nothing yet",
        seen="nothing yet" if not short else f"something else: {short[:3]}",
        right=not short,
    )
    yield _nonsense()


def _nonsense() -> Verdict:
    rng, broken = Random(1), ""
    for _ in range(_FUZZED):
        data = bytearray(rng.choice(CASES).data[:64])
        for _ in range(rng.randrange(1, 4)):
            if data:
                data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            _read([bytes(data)])
        except Exception as error:
            broken = f"{type(error).__name__} on {data.hex()}"
    return Verdict(
        case=f"{_FUZZED:,} packets with one to three bytes changed",
        group="nonsense",
        wanted="packets, or refused",
        seen=broken or "packets, or refused",
        right=not broken,
    )


# ---- mqtt-packet ------------------------------------------------------------------------------


def _as_ours(packet: dict[str, Any]) -> Packet:
    """A packet of mqtt-packet's in our words."""
    cmd, packet_id = packet["cmd"], packet.get("messageId") or 0
    if cmd == "connack":
        return codec.Connack(packet["returnCode"], packet["sessionPresent"])
    if cmd == "publish":
        payload = bytes.fromhex(packet["payload"])
        return codec.Publish(packet["topic"].encode(), payload, packet["qos"], packet_id)
    if cmd == "suback":
        return codec.Suback(packet_id, bytes(packet["granted"]))
    if cmd == "pingresp":
        return codec.Pingresp()
    return codec.Acked(("puback", "pubrec", "pubrel", "pubcomp").index(cmd) + 4, packet_id)


def _vectors(told: Sequence[dict[str, Any]]) -> Iterator[Verdict]:
    """Those of mqtt-packet's own tests that come from a broker, or are nonsense."""
    later, seen_before = 0, set()
    for vector in told:
        data = bytes.fromhex("".join(vector["pieces"]))
        if not data or data in seen_before:
            continue
        if vector["version"] == 5:
            later += 1
            continue
        seen_before.add(data)
        from_broker = all(packet["cmd"] not in _TO_BROKER for packet in vector["packets"])
        wanted: tuple[Packet, ...] | None = None
        if not vector["error"] and from_broker and data[0] >> 4 in _FROM_BROKER:
            wanted = tuple(map(_as_ours, vector["packets"]))
        case = Case(f"{vector['name']}: {data[:12].hex()}", "", data, wanted)
        yield _verdict(case, "mqtt-packet's own vectors", "mqtt-packet")
    yield Verdict(
        case=f"{later} vectors of MQTT 5",
        group="mqtt-packet's own vectors",
        seen="pushlab's codec speaks MQTT 3.1.1",
        right=None,
    )


_TO_BROKER = {"connect", "subscribe", "unsubscribe", "pingreq", "disconnect", "auth", "unsuback"}

#: What mqtt-packet is to write, and what we are to read in it.
_WRITTEN: list[tuple[dict[str, Any], Packet]] = [
    *(
        ({"cmd": "connack", "returnCode": n, "sessionPresent": False}, codec.Connack(n, False))
        for n in range(6)
    ),
    *(
        (
            {"cmd": "publish", "topic": topic, "payload": text, "qos": qos, "messageId": 9,
             "retain": retain, "dup": bool(qos)},
            codec.Publish(topic.encode(), text.encode(), qos, 9 if qos else 0),
        )
        for topic in ("a", "pushlab/ä/😀")
        for text in ("", "hello", "x" * 20_000)
        for qos in (0, 1, 2)
        for retain in (False, True)
    ),
    *(
        ({"cmd": cmd, "messageId": packet_id}, codec.Acked(kind, packet_id))
        for kind, cmd in enumerate(("puback", "pubrec", "pubrel", "pubcomp"), 4)
        for packet_id in (1, 65_535)
    ),
    ({"cmd": "suback", "messageId": 3, "granted": [0, 1, 2, 128]},
     codec.Suback(3, b"\x00\x01\x02\x80")),
    ({"cmd": "pingresp"}, codec.Pingresp()),
]  # fmt: skip

#: What we write, and what mqtt-packet is to read in it.
_READ: list[tuple[str, bytes, dict[str, Any]]] = [
    ("CONNECT", codec.connect("me", keep_alive_s=60, username="ann", password="secret"),
     {"cmd": "connect", "protocolId": "MQTT", "protocolVersion": 4, "clean": True,
      "clientId": "me", "keepalive": 60, "username": "ann", "password": b"secret".hex()}),
    ("CONNECT with a will", codec.connect("ä", keep_alive_s=0, username="", password="",
                                         will=("t/w", b"gone", 1)),
     {"cmd": "connect", "clientId": "ä", "keepalive": 0,
      "will": {"retain": False, "qos": 1, "topic": "t/w", "payload": b"gone".hex()}}),
    ("SUBSCRIBE", codec.subscribe(5, [("a/+", 1), ("b/#", 2)]),
     {"cmd": "subscribe", "messageId": 5,
      "subscriptions": [{"topic": "a/+", "qos": 1}, {"topic": "b/#", "qos": 2}]}),
    *((f"PUBLISH, QoS {qos}, {len(text)} bytes",
       codec.publish("t/ü", text.encode(), qos=qos, packet_id=8),
       {"cmd": "publish", "topic": "t/ü", "qos": qos, "payload": text.encode().hex(),
        "retain": False, "dup": False})
      for qos in (0, 1, 2) for text in ("", "hello", "x" * 20_000)),
    *((f"{cmd.upper()}", codec.acknowledge(kind, 17), {"cmd": cmd, "messageId": 17})
      for kind, cmd in enumerate(("puback", "pubrec", "pubrel", "pubcomp"), 4)),
    ("PINGREQ", codec.PINGREQ, {"cmd": "pingreq"}),
    ("DISCONNECT", codec.DISCONNECT, {"cmd": "disconnect"}),
]  # fmt: skip


def _beside(told: dict[str, Any]) -> Iterator[Verdict]:
    for (packet, wanted), written in zip(_WRITTEN, told["write"], strict=True):
        size = len(str(packet.get("payload", "")))
        name = " ".join(str(part) for key, part in packet.items() if key != "payload")
        case = Case(f"{name} {size or ''}".strip(), "", bytes.fromhex(written), (wanted,))
        yield _verdict(case, "it writes, we read", "mqtt-packet")
    for (name, _, wanted_fields), note in zip(_READ, told["read"], strict=True):
        packet = note["packets"][0] if len(note["packets"]) == 1 else {}
        wrong = [key for key, value in wanted_fields.items() if packet.get(key) != value]
        yield Verdict(
            case=name,
            group="we write, it reads",
            source="mqtt-packet",
            wanted="the same packet",
            seen=note["error"] or (f"other fields: {wrong}" if wrong else "the same packet"),
            right=not (note["error"] or wrong),
        )


class MqttPackets(Suite):
    """The codec."""

    name = "mqtt"
    title = "MQTT 3.1.1's packets"
    about = (
        "Packets of a broker, right and wrong, to pushlab's codec, whole, in two at every place and"
        " byte by byte; the vectors of mqtt-packet's own tests; packets that mqtt-packet writes and"
        " we read, and the other way round; first packets of every version to both brokers."
    )

    async def run(self, tell: Tell) -> AsyncIterator[Verdict]:
        """By the standard first, which needs nothing."""
        tell("by the standard")
        for verdict in standard_verdicts():
            yield verdict
        tell("first packets")
        async for verdict in greeting_verdicts():
            yield verdict
        asked = {
            "write": [packet for packet, _ in _WRITTEN],
            "read": [d.hex() for _, d, _ in _READ],
        }
        told = json.loads(await asyncio.to_thread(node, "mqtt/mqtt_packet.cjs", json.dumps(asked)))
        for verdict in (*_vectors(told["vectors"]), *_beside(told)):
            yield verdict
