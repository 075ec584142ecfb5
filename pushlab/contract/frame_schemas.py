"""The frames of `pushlab.contract.frames` as JSON Schemas, for those who write a client of them."""

from collections.abc import Sequence
from typing import Any

from pushlab.contract.cursor import Cursor
from pushlab.contract.frames import encode_bye, encode_frame, encode_gap
from pushlab.contract.limits import MAX_MESSAGE_BYTES
from pushlab.contract.reasons import Reason
from pushlab.contract.schemas import CURSOR_PATTERN, Schema, reasons_told

__all__ = ["GAP_FRAME", "MESSAGE_FRAME", "POSITION_FRAME", "bye_frames"]


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
