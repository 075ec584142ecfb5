"""Frames of RFC 6455, section 5.2, written as wrongly as a case wants them, and read."""

import os
from dataclasses import dataclass

__all__ = ["BINARY", "CLOSE", "CONT", "PING", "PONG", "TEXT", "Frame", "FrameReader", "close"]

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.

    Attributes:
        rsv: the three reserved bits, 0 to 7.
        wrong_mask: masked where it must not be, or not where it must.
        told: a length other than the payload's.
        length_bytes: how many bytes tell the length: 1, 2 or 8; 0: as few as will do.
    """

    opcode: int
    payload: bytes = b""
    fin: bool = True
    rsv: int = 0
    wrong_mask: bool = False
    told: int | None = None
    length_bytes: int = 0

    def encode(self, *, masked: bool) -> bytes:
        """Its bytes, from a client (masked) or a server."""
        masked = masked != self.wrong_mask
        length = len(self.payload) if self.told is None else self.told
        form = self.length_bytes or (1 if length < 126 else 2 if length < 65_536 else 8)
        first = self.fin << 7 | self.rsv << 4 | self.opcode
        short = length if form == 1 else 126 if form == 2 else 127
        head = bytes((first, masked << 7 | short))
        if form > 1:
            head += length.to_bytes(form, "big")
        if not masked:
            return head + self.payload
        key = os.urandom(4)
        keys = key * (len(self.payload) // 4 + 1)
        return head + key + bytes(a ^ b for a, b in zip(self.payload, keys, strict=False))


def close(code: int | None, reason: bytes = b"") -> Frame:
    """A close frame; None: without a code."""
    return Frame(CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason)


class FrameReader:
    """Reads frames from bytes that come in pieces.

    Attributes:
        masked: whether all frames so far were masked; None before the first.
    """

    def __init__(self) -> None:
        self._rest = b""
        self.masked: bool | None = None

    def receive(self, data: bytes) -> list[Frame]:
        """Take bytes; give the frames that they complete."""
        data = self._rest + data
        found = []
        while len(data) >= 2:
            masked, length, start = data[1] >= 128, data[1] & 127, 2
            if length > 125:
                form = 2 if length == 126 else 8
                length, start = int.from_bytes(data[2 : 2 + form], "big"), 2 + form
            key, start = data[start : start + 4 * masked], start + 4 * masked
            if len(data) < start + length:
                break
            payload = data[start : start + length]
            if masked:
                keys = key * (length // 4 + 1)
                payload = bytes(a ^ b for a, b in zip(payload, keys, strict=False))
            self.masked = masked and self.masked is not False
            found.append(Frame(data[0] & 15, payload, data[0] >= 128, data[0] >> 4 & 7))
            data = data[start + length :]
        self._rest = data
        return found
