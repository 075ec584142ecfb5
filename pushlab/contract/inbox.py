"""The reader's memory: a cursor that makes at-least-once into exactly-once.

It outlives connections. What arrives twice is dropped by `seq`; what is missing becomes a `Gap`.
"""

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Gap, Message

__all__ = ["Inbox"]


class Inbox:
    """Tracks what one reader of one channel has.

    Attributes:
        cursor: the last message it has; None before the server's first word.
        duplicates: messages that arrived again and were dropped.
    """

    __slots__ = ("_epoch", "_seq", "_started", "duplicates")

    def __init__(self, cursor: Cursor | None = None) -> None:
        self._started = cursor is not None
        self._epoch = cursor.epoch if cursor else ""
        self._seq = cursor.seq if cursor else 0
        self.duplicates = 0

    @property
    def cursor(self) -> Cursor | None:
        """The last message this reader has."""
        return Cursor(self._epoch, self._seq) if self._started else None

    def position(self, at: Cursor) -> Gap | None:
        """The server goes on after `at`: note it, and say what that skips, if anything."""
        if not self._started:
            self._started, self._epoch, self._seq = True, at.epoch, at.seq
            return None
        if at.epoch == self._epoch and at.seq <= self._seq:
            return None  # a replay from before; what repeats is dropped by seq
        gap = Gap(Cursor(self._epoch, self._seq), at)
        self._epoch, self._seq = at.epoch, at.seq
        return gap

    def accept(self, epoch: str, seq: int, data: str) -> list[Message | Gap]:
        """Take one message off the wire: the message, behind a gap if some were skipped."""
        if seq == self._seq + 1 and epoch == self._epoch:
            self._seq = seq
            return [Message(epoch, seq, data)]
        if self._started and epoch == self._epoch and seq <= self._seq:
            self.duplicates += 1
            return []
        gap = self.position(Cursor(epoch, seq - 1))
        self._seq = seq
        return [Message(epoch, seq, data)] if gap is None else [gap, Message(epoch, seq, data)]
