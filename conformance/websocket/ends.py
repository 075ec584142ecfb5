"""One case against either end: what that end answers.

pushlab's client half opens no socket, so the tester hands it the bytes itself. The hub is spoken to
over TCP.
"""

import asyncio
import base64
import contextlib
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from conformance.websocket.cases import Case
from conformance.websocket.frames import CLOSE, PONG, TEXT, Frame, FrameReader, close
from pushlab.contract.events import Message
from pushlab.contract.registry import make_transport
from pushlab.contract.subscriber import Endpoint, Subscriber

__all__ = ["Seen", "ask_client", "ask_hub"]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
_PATIENCE_S = 5.0


@dataclass(slots=True)
class Seen:
    """What an end did.

    Attributes:
        closed: whether it sent a close frame; `code` is its code, or None.
        trouble: what it did that no case allows.
    """

    texts: int = 0
    pongs: list[bytes] = field(default_factory=list)
    closed: bool = False
    code: int | None = None
    trouble: str = ""

    def take(self, frames: Sequence[Frame]) -> None:
        """Frames that it sent."""
        for frame in frames:
            if self.closed:
                self.trouble = self.trouble or f"sends opcode {frame.opcode} behind its close"
            elif frame.opcode == PONG:
                self.pongs.append(frame.payload)
            elif frame.opcode == CLOSE:
                self.closed = True
                self.code = int.from_bytes(frame.payload[:2], "big") if frame.payload else None

    def right(self, case: Case, *, counts_texts: bool) -> bool:
        """Whether it is what the case wants."""
        return (
            self.closed
            and self.code in case.codes
            and tuple(self.pongs) == case.pongs
            and (not counts_texts or case.texts in (-1, self.texts))
            and not self.trouble
        )

    def words(self, *, counts_texts: bool) -> str:
        """In a few words, in the order of `wanted_words`."""
        told = _words(self.texts if counts_texts else 0, len(self.pongs), [self.code])
        return (told if self.closed else "no close") + (f"; {self.trouble}" if self.trouble else "")


def wanted_words(case: Case, *, counts_texts: bool) -> str:
    """What the case wants, in a few words."""
    return _words(case.texts if counts_texts else 0, len(case.pongs), case.codes)


def _words(texts: int, pongs: int, codes: Sequence[int | None]) -> str:
    told = [f"texts {texts}"] if texts > 0 else []
    told += [f"pongs {pongs}"] if pongs else []
    return ", ".join([*told, "close " + " or ".join(str(code or "empty") for code in codes)])


def _pieces(data: bytes, chop: int) -> list[bytes]:
    return [data[at : at + chop] for at in range(0, len(data), chop)] if chop else [data]


# ---- the client half ----------------------------------------------------------------------------


def ask_client(case: Case) -> Seen:
    """The case's frames, from a server, to the client half. Each text is a message of a channel."""
    transport = make_transport("websocket")
    half = transport.subscriber(transport.at(Endpoint("127.0.0.1", 80)), "TOKEN", rng=Random(1))
    half.start(0)
    half.connection_made(0)
    request = half.data_to_send()
    found = re.search(rb"(?i)sec-websocket-key: *(\S+)", request)
    assert found is not None, request
    accept = base64.b64encode(hashlib.sha1(found[1] + _GUID).digest())
    half.receive_data(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n\r\n" % accept + Frame(TEXT, b"e-1").encode(masked=False),
        0,
    )
    half.data_to_send()
    seen, reader, seq = Seen(), FrameReader(), 1
    for frame in case.frames:
        if frame.opcode == TEXT:
            seq += 1
            frame = replace(frame, payload=b"e-%d " % seq + frame.payload)
        for piece in _pieces(frame.encode(masked=False), case.chop):
            _feed(half, piece, seen, reader)
    if not (seen.closed and case.closes):
        _feed(half, close(1000).encode(masked=False), seen, reader)
    _feed(half, close(seen.code).encode(masked=False) if seen.code else b"", seen, reader)
    half.receive_eof(0)
    if half.holds_connection:
        seen.trouble = seen.trouble or "stays behind the end"
    if reader.masked is False:
        seen.trouble = "sends frames without a mask"
    return seen


def _feed(half: Subscriber, data: bytes, seen: Seen, reader: FrameReader) -> None:
    if data and half.holds_connection:
        half.receive_data(data, 0)
    seen.texts += sum(isinstance(event, Message) for event in half.events_received())
    seen.take(reader.receive(half.data_to_send()))


# ---- the hub ------------------------------------------------------------------------------------


async def ask_hub(case: Case, port: int, token: str, *, in_pieces: bool) -> Seen:
    """The case's frames, from a client, to the hub's WebSocket.

    Args:
        in_pieces: whether the request comes in two pieces.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    seen, frames = Seen(), FrameReader()
    try:
        await _shake_hands(reader, writer, token, in_pieces=in_pieces)
        listening = asyncio.create_task(_listen(reader, seen, frames))
        with contextlib.suppress(OSError):
            for frame in case.frames:
                for piece in _pieces(frame.encode(masked=True), case.chop):
                    if seen.closed and case.closes:
                        break
                    writer.write(piece)
                    await asyncio.sleep(0)
                await writer.drain()
            if not case.closes:
                writer.write(close(1000).encode(masked=True))
            elif not any(frame.opcode == CLOSE for frame in case.frames):
                await asyncio.wait({listening}, timeout=_PATIENCE_S)
        try:
            await asyncio.wait_for(listening, _PATIENCE_S)
        except TimeoutError:
            seen.trouble = seen.trouble or ("stays behind its close" if seen.closed else "")
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    if frames.masked:
        seen.trouble = "sends masked frames"
    return seen


async def _shake_hands(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str, *, in_pieces: bool
) -> None:
    request = (
        b"GET /v1/socket?token=%b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n"
        % (token.encode(), writer.get_extra_info("peername")[1], _KEY)
    )
    writer.write(request[:40] if in_pieces else request)
    if in_pieces:
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(request[40:])
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _PATIENCE_S)
    if not head.startswith(b"HTTP/1.1 101"):
        raise RuntimeError(f"no handshake: {head[:40]!r}")


async def _listen(reader: asyncio.StreamReader, seen: Seen, frames: FrameReader) -> None:
    """Until the hub ends the connection; its own messages are no answers."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            seen.take([frame for frame in frames.receive(data) if frame.opcode != TEXT])
