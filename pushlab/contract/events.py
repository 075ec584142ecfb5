"""What a client half tells its driver, in the order in which it happened."""

from dataclasses import dataclass
from typing import NamedTuple

from pushlab.contract.cursor import Cursor

__all__ = [
    "Closed",
    "Connected",
    "Disconnected",
    "Event",
    "Gap",
    "Message",
    "Overtaken",
    "Unnumbered",
]


class Message(NamedTuple):
    """One message, delivered once and in order.

    A tuple, since there is one for each delivery: a frozen dataclass takes twice as long to make.
    """

    epoch: str
    seq: int
    data: str

    @property
    def cursor(self) -> Cursor:
        """Where a reader stands that has this message."""
        return Cursor(self.epoch, self.seq)


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages that the reader should have had and will not get.

    Attributes:
        after: the last message that the reader has.
        resumed: where reading goes on: the next message is the one behind it.
    """

    after: Cursor
    resumed: Cursor

    @property
    def missed(self) -> int | None:
        """How many messages were missed; None when the log began a new life, so nobody knows."""
        if self.after.epoch != self.resumed.epoch:
            return None
        return self.resumed.seq - self.after.seq

    def __str__(self) -> str:
        if self.missed is None:
            return f"gap: the channel's log began anew ({self.after} to {self.resumed})"
        return f"gap: missed {self.missed} messages ({self.after} to {self.resumed})"


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A message that came after a later one: the reader has been told of a gap in its place.

    Messages are in order, so it is none any more. It is neither lost nor repeated.
    """

    epoch: str
    seq: int
    data: str


@dataclass(frozen=True, slots=True)
class Connected:
    """The server has accepted the subscriber and told it where it stands."""

    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection was lost or refused for now; the next attempt comes in `retry_in_s`."""

    reason: str
    retry_in_s: float


@dataclass(frozen=True, slots=True)
class Closed:
    """The end: nothing more will come.

    Attributes:
        reason: ``closed`` when the application asked for it, else the server's word
            (``token-expired``, ``token-invalid``, ...).
        status: the HTTP status that says the same (401, 403, ...), 0 for ``closed``.
    """

    reason: str
    status: int


class Unnumbered(NamedTuple):
    """What a server of another make calls a message: it has no number that pushlab knows of.

    Attributes:
        data: as it came, envelope and all; the laboratory looks for its stamps in it.
    """

    data: bytes


Event = Message | Unnumbered | Gap | Overtaken | Connected | Disconnected | Closed
