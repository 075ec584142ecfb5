"""The format of server-sent events, from bytes to events (WHATWG HTML, section 9.2.6).

Bytes may come in any pieces. `EventStream.blocks` cuts them at blank lines, `EventStream.read`
reads one block. So a caller that knows what most blocks look like may read those itself; it then
says what the last event's ID was.

Beyond the standard, a block without data is told too, since it may carry an ID or a comment; so are
fields that the standard does not know and readers pass over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["MAX_EVENT_BYTES", "EventStream", "StreamEvent"]

#: A message of line breaks only takes a quarter.
MAX_EVENT_BYTES = 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_LONGEST_RETRY_MS = 60_000
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One block of the stream.

    Attributes:
        kind: the event's type: ``message`` unless it is named.
        data: None where there was none; the standard tells nobody of such a block.
        id: the last event ID, which stays until another one comes.
        gives_id: whether the block itself has it.
        comments: its comments, without their colon.
        others: fields that the standard does not know, by name.
    """

    kind: str
    data: str | None
    id: str
    gives_id: bool
    comments: Sequence[str]
    others: Mapping[str, str]


class EventStream:
    """Reads one stream.

    Attributes:
        last_id: of the last event that had one.
        retry_ms: how long the server wants its readers to wait before they come back, a minute at
            most; 0: it has not said.
    """

    __slots__ = ("_after_cr", "_begun", "_rest", "last_id", "retry_ms")

    def __init__(self) -> None:
        self.last_id = ""
        self.retry_ms = 0
        self._after_cr = False
        self._begun = False
        self._rest = bytearray()  # of a block that has not ended

    def blocks(self, chunk: bytes) -> Sequence[bytes]:
        """The blocks that end in a piece of the stream, as lines that LF parts.

        Raises:
            ValueError: one is too long.
        """
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_line_feeds(chunk)
        rest = self._rest
        if rest:
            if b"\n\n" not in chunk and not (rest[-1] == 10 and chunk[:1] == b"\n"):
                rest += chunk
                self._check(rest)
                return ()
            chunk = bytes(rest) + chunk
            rest.clear()
        *blocks, tail = chunk.split(b"\n\n")
        if tail:
            rest += tail
            self._check(rest)
        if blocks and not self._begun:
            self._begun = True
            blocks[0] = blocks[0].removeprefix(_BOM)
        return blocks

    def _check(self, rest: bytearray) -> None:
        if len(rest) > MAX_EVENT_BYTES:
            raise ValueError(f"an event of over {MAX_EVENT_BYTES:,} bytes")

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        """The chunk with CR LF and CR, which end lines as well, as LF."""
        if self._after_cr and chunk[:1] == b"\n":
            chunk = chunk[1:]  # its CR came with the last chunk and has ended the line
            self._after_cr = False
        if chunk:
            self._after_cr = chunk[-1:] == b"\r"
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def read(self, block: bytes) -> StreamEvent:
        """What a block says; bytes that are not UTF-8 are replaced, as browsers do."""
        kind = ""
        lines: list[str] = []
        gives_id = False
        comments: list[str] = []
        others: dict[str, str] | None = None
        for line in block.decode("utf-8", "replace").split("\n"):
            field, colon, value = line.partition(":")
            if value[:1] == " ":
                value = value[1:]
            if field == "data":
                lines.append(value)
            elif field == "id":
                if "\0" not in value:
                    self.last_id, gives_id = value, True
            elif field == "event":
                kind = value
            elif field == "retry":
                if value.isascii() and value.isdigit():
                    # Python reads no number of thousands of digits.
                    long = len(value.lstrip("0")) > 5
                    self.retry_ms = _LONGEST_RETRY_MS if long else _bounded(int(value[-5:]))
            elif field:
                others = {**(others or _NOTHING), field: value}
            elif colon:
                comments.append(value)
        data = "\n".join(lines) if lines else None
        return StreamEvent(
            kind or "message", data, self.last_id, gives_id, comments, others or _NOTHING
        )


def _bounded(retry_ms: int) -> int:
    return min(retry_ms, _LONGEST_RETRY_MS)
