"""Text frames: what WebSocket and MQTT put on the wire for one message.

::

    <epoch>-<seq> <data>                      a message
    <epoch>-<seq>                             a position: what follows comes after this
    gap <epoch>-<seq> <epoch>-<seq>           missed: everything between the two positions
    bye <reason> <status>                     the server ends the connection, and why

The cursor comes first, so a reader splits at the first space and gives the first word back to
resume. A position is a frame without data, which no message can be. The two other words have no
``-`` in them, so they cannot be taken for a cursor.
"""

from dataclasses import dataclass

from pushlab.contract.cursor import Cursor
from pushlab.errors import InvalidCursor

__all__ = ["Bye", "Position", "decode_frame", "encode_bye", "encode_frame", "encode_gap"]


@dataclass(frozen=True, slots=True)
class Position:
    """The server's word on where it goes on; `after` is set when messages were missed."""

    at: Cursor
    after: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Bye:
    """The server ends the connection."""

    reason: str
    status: int


def encode_frame(epoch: str, seq: int, data: str) -> str:
    """A message's frame; with empty `data`, a position."""
    return f"{epoch}-{seq} {data}" if data else f"{epoch}-{seq}"


def encode_gap(after: Cursor, resumed: Cursor) -> str:
    """The frame that tells a reader at `after` that it goes on at `resumed`."""
    return f"gap {after} {resumed}"


def encode_bye(reason: str, status: int) -> str:
    """The frame that ends a connection."""
    return f"bye {reason} {status}"


def decode_frame(text: str) -> tuple[str, int, str] | Position | Bye:
    """Read a frame: ``(epoch, seq, data)`` for a message.

    Raises:
        InvalidCursor: the frame is none of the four forms.
    """
    head, space, data = text.partition(" ")
    if data:
        epoch, dash, seq = head.partition("-")
        if dash and epoch and len(seq) < 20 and seq.isdecimal() and seq.isascii():
            return epoch, int(seq), data
        if head == "gap":
            after, _, resumed = data.partition(" ")
            return Position(Cursor.parse(resumed), Cursor.parse(after))
        if head == "bye":
            reason, _, status = data.partition(" ")
            return Bye(reason, int(status) if len(status) == 3 and status.isdecimal() else 400)
    elif not space:
        return Position(Cursor.parse(head))
    raise InvalidCursor(f"not a frame: {text[:40]!r}")
