"""First packets, right and wrong, raw to each broker: whom it does not understand is told so."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

from conformance.model import Verdict
from pushlab.brokers.start import start_broker
from pushlab.errors import BrokerUnavailable

__all__ = ["greeting_verdicts"]

_QUIET_S = 2.0
_BROKERS = ("embedded", "mosquitto")


def _connect(name: bytes, level: int, *, flags: int = 2, properties: bytes = b"") -> bytes:
    head = len(name).to_bytes(2, "big") + name + bytes((level, flags)) + b"\x00\x3c"
    body = head + properties + b"\x00\x02me"
    return bytes((0x10, len(body))) + body


#: Name, section, bytes, and what the answer's hex may be; ``closed`` is the connection's end.
_GREETINGS = [
    ("MQTT 3.1, no log-in", "MQTT 3.1, 3.2", _connect(b"MQIsdp", 3), "2002000[1-5]( closed)?"),
    ("MQTT 3.1.1, no log-in", "MQTT 3.1.1, 3.2.2.3", _connect(b"MQTT", 4), "2002000[45] closed"),
    ("MQTT 5, no log-in", "MQTT 5, 3.2.2.2", _connect(b"MQTT", 5, properties=b"\0"),
     "20..008.* closed"),
    ("MQTT 6", "MQTT 3.1.1, 3.1.2.2", _connect(b"MQTT", 6), "20020001 closed|20..0084.* closed"),
    ("a protocol that is not MQTT", "MQTT 3.1.1, 3.1.2.1", _connect(b"HTTP", 4),
     "closed|20020001 closed"),
    ("a reserved flag", "MQTT 3.1.1, 3.1.2.3", _connect(b"MQTT", 4, flags=3), "closed"),
    ("a ping first", "MQTT 3.1.1, 3.1", b"\xc0\x00", "closed"),
    ("HTTP", "MQTT 3.1.1, 3.1", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "closed"),
    ("a length of five bytes", "MQTT 3.1.1, 2.2.3", b"\x10\xff\xff\xff\xff\x01", "closed"),
]  # fmt: skip


async def _answer(host: str, port: int, data: bytes) -> str:
    reader, writer = await asyncio.open_connection(host, port)
    seen, end = b"", ""
    try:
        writer.write(data)
        while not end:
            piece = await asyncio.wait_for(reader.read(1_024), _QUIET_S)
            seen, end = seen + piece, "" if piece else "closed"
    except TimeoutError:
        end = "" if seen else "silence"
    except OSError:
        end = "closed"
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return " ".join(word for word in (seen.hex(), end) if word)


async def greeting_verdicts() -> AsyncIterator[Verdict]:
    """Every first packet to every broker that is there."""
    for kind in _BROKERS:
        try:
            broker = await start_broker(kind)
        except BrokerUnavailable as error:
            yield Verdict(case=f"first packets: {kind}", group=kind, seen=str(error), right=None)
            continue
        async with broker:
            for name, source, data, wanted in _GREETINGS:
                seen = await _answer(broker.access.host, broker.access.port, data)
                yield Verdict(
                    case=f"{name}, {kind} broker",
                    group=f"first packets to the {kind} broker",
                    source=source,
                    wanted=wanted,
                    seen=seen,
                    right=bool(re.fullmatch(wanted, seen)),
                )
