"""What a stream consists of: blocks of an event stream, frames of a WebSocket, with their times."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pushlab.lab.probe.http_reading import Exchange
from pushlab.wire.event_stream import EventStream, StreamEvent

__all__ = ["Frame", "blocks", "frames", "retry_ms"]

_CLOSE, _PING, _PONG = 8, 9, 10


@dataclass(frozen=True, slots=True)
class Frame:
    """A WebSocket's frame (RFC 6455, section 5.2).

    Attributes:
        compressed: whether RSV1 is set, as permessage-deflate sets it.
    """

    at_ns: int
    opcode: int
    payload: bytes
    compressed: bool

    @property
    def is_ping(self) -> bool:
        """Whether it asks for a pong."""
        return self.opcode == _PING

    @property
    def is_control(self) -> bool:
        """Whether it is none of a message."""
        return self.opcode >= _CLOSE


def blocks(exchange: Exchange) -> Sequence[tuple[int, StreamEvent]]:
    """The blocks of an event stream; none where it has one that is too long."""
    stream = EventStream()
    found = []
    for at_ns, data in exchange.body:
        try:
            found += [(at_ns, stream.read(block)) for block in stream.blocks(data)]
        except ValueError:
            break
    return found


def retry_ms(exchange: Exchange) -> int:
    """How long an event stream wants its readers to wait; 0: it does not say."""
    stream = EventStream()
    try:
        for _, data in exchange.body:
            for block in stream.blocks(data):
                stream.read(block)
    except ValueError:
        pass
    return stream.retry_ms


def frames(exchange: Exchange) -> Iterator[Frame]:
    """The frames that a server has sent behind its answer of 101."""
    rest = b""
    for at_ns, data in exchange.rest:
        rest += data
        while len(rest) >= 2:
            start, size = 2, rest[1] & 0x7F
            if size >= 126:
                wide = 2 if size == 126 else 8
                start, size = 2 + wide, int.from_bytes(rest[2 : 2 + wide], "big")
            if len(rest) < start + size:
                break
            payload = rest[start : start + size]
            yield Frame(at_ns, rest[0] & 0x0F, payload, bool(rest[0] & 0x40))
            rest = rest[start + size :]
