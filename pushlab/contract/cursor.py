"""A cursor: where a reader stands in a channel.

Its text form is ``<epoch>-<seq>``: the `seq` of the last message that the reader has, within one
life (`epoch`) of the channel's log. SSE's ``Last-Event-ID``, the ``after`` parameter and the first
word of a text frame are spellings of it. Readers treat it as opaque and give it back.
"""

import re
from dataclasses import dataclass

from pushlab.errors import InvalidCursor

__all__ = ["Cursor"]

_FORM = re.compile(r"([0-9a-z]{1,16})-(0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last `seq` a reader has (0: none yet), within one `epoch` of a channel's log."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.seq}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read the text form.

        Raises:
            InvalidCursor: `text` is not ``<epoch>-<seq>``.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            shown = text if len(text) <= 40 else text[:40] + "..."
            raise InvalidCursor(
                f"{shown!r} is not a cursor; give back one that the server sent,"
                " such as '4f1c9a02-17', or none to start from now"
            )
        return cls(match[1], int(match[2]))
