"""The reader's memory: a cursor that makes at-least-once into exactly-once.

It outlives connections. What arrives twice is dropped by `seq`; what is missing becomes a `Gap`;
what was missing and arrives behind a later message is `Overtaken`.

Nearly every message is the one that comes next, so the inbox knows how its cursor will be spelled
(`next_cursor`). A client half that finds it on the wire need not read the number to know it.
"""

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Gap, Message, Overtaken

__all__ = ["Inbox"]

_MOST_HOLES = 100  # remembered; what comes late into an older one counts as a duplicate


class Inbox:
    """Tracks what one reader of one channel has.

    Attributes:
        cursor: the last message it has; None before the server's first word.
        next_cursor: the cursor of the message that comes next, as bytes; empty before the
            server's first word.
        duplicates: messages that arrived again and were dropped.
        reordered: messages that arrived after a later one, which waited for them. (One that nobody
            waited for is `Overtaken`, and not counted here.)
    """

    __slots__ = (
        "_epoch",
        "_holes",
        "_seq",
        "_started",
        "_stem",
        "duplicates",
        "next_cursor",
        "reordered",
    )

    def __init__(self, cursor: Cursor | None = None) -> None:
        self._started = False
        self._epoch = ""
        self._seq = 0
        self._stem = b""  # the epoch as it stands in a cursor
        self.next_cursor = b""
        self._holes: list[range] = []  # what is missing of this epoch
        self.duplicates = 0
        self.reordered = 0
        if cursor is not None:
            self._move(cursor.epoch, cursor.seq)

    def _move(self, epoch: str, seq: int) -> None:
        self._started, self._epoch, self._seq = True, epoch, seq
        self._stem = epoch.encode() + b"-"
        self.next_cursor = self._stem + b"%d" % (seq + 1)

    @property
    def cursor(self) -> Cursor | None:
        """The last message this reader has."""
        return Cursor(self._epoch, self._seq) if self._started else None

    def position(self, at: Cursor) -> Gap | None:
        """The server goes on after `at`: note it, and say what that skips, if anything."""
        if not self._started:
            self._move(at.epoch, at.seq)
            return None
        if at.epoch == self._epoch and at.seq <= self._seq:
            return None  # a replay from before; what repeats is dropped by seq
        gap = Gap(Cursor(self._epoch, self._seq), at)
        if at.epoch != self._epoch:
            self._holes = []
        else:
            self._holes = [*self._holes[1 - _MOST_HOLES :], range(self._seq + 1, at.seq + 1)]
        self._move(at.epoch, at.seq)
        return gap

    def accept_next(self, data: str) -> Message:
        """Take the message whose cursor was `next_cursor`."""
        self._seq = seq = self._seq + 1
        self.next_cursor = self._stem + b"%d" % (seq + 1)
        return Message(self._epoch, seq, data)

    def _fill(self, seq: int) -> bool:
        """Whether this one was missing; it is so no more."""
        for place, hole in enumerate(self._holes):
            if seq in hole:
                parts = range(hole.start, seq), range(seq + 1, hole.stop)
                self._holes[place : place + 1] = [part for part in parts if part]
                return True
        return False

    def accept(self, epoch: str, seq: int, data: str) -> list[Message | Gap | Overtaken]:
        """Take one message off the wire: the message, behind a gap if some were skipped."""
        if seq == self._seq + 1 and epoch == self._epoch and self._started:
            return [self.accept_next(data)]
        if self._started and epoch == self._epoch and seq <= self._seq:
            if self._holes and self._fill(seq):
                return [Overtaken(epoch, seq, data)]
            self.duplicates += 1
            return []
        gap = self.position(Cursor(epoch, seq - 1))
        message = self.accept_next(data)
        return [message] if gap is None else [gap, message]
