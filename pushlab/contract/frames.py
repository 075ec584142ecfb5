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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pushlab.contract.cursor import Cursor
from pushlab.contract.limits import MAX_MESSAGE_BYTES
from pushlab.contract.reasons import Reason
from pushlab.contract.schemas import CURSOR_PATTERN, Schema, reasons_told
from pushlab.errors import InvalidCursor

__all__ = [
    "GAP_FRAME",
    "MESSAGE_FRAME",
    "POSITION_FRAME",
    "Bye",
    "Position",
    "bye_frames",
    "decode_frame",
    "encode_bye",
    "encode_frame",
    "encode_gap",
]


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


# ---- for those who write a client in another language -------------------------------------------


def _frame(pattern: str, words: str, *examples: str) -> dict[str, Any]:
    return {
        "type": "string",
        "pattern": f"^{pattern}$",
        "description": words,
        "examples": list(examples),
    }


#: A cursor has at most 36 characters, and a space stands behind it.
MESSAGE_FRAME: Schema = _frame(
    rf"{CURSOR_PATTERN} [\s\S]+",
    "A message: its cursor, one space, and behind the first space the message as it is.",
    encode_frame("4f1c9a02", 18, "Hello, world"),
    encode_frame("4f1c9a02", 19, "two lines:\nGrüße"),
) | {"maxLength": 37 + MAX_MESSAGE_BYTES}
POSITION_FRAME = _frame(
    CURSOR_PATTERN,
    "A position: a cursor alone. What follows comes after it.",
    encode_frame("4f1c9a02", 17, ""),
)
GAP_FRAME = _frame(
    f"gap {CURSOR_PATTERN} {CURSOR_PATTERN}",
    "A gap: what lay between the first cursor, which is the reader's, and the second is gone; what"
    " follows comes after the second. Of another epoch nobody knows how much it was.",
    encode_gap(Cursor("4f1c9a02", 17), Cursor("4f1c9a02", 40)),
    encode_gap(Cursor("4f1c9a02", 17), Cursor("7d0e55b1", 0)),
)


def bye_frames(reasons: Sequence[Reason]) -> Schema:
    """The goodbyes for these reasons."""
    byes = [encode_bye(*reason.ending) for reason in reasons]
    return {
        "type": "string",
        "enum": byes,
        "description": "A goodbye: bye, the reason, and the HTTP status that says the same.",
        "examples": byes,
        **reasons_told(reasons),
    }
