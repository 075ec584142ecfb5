"""What the application has been told of each client, and what is still to be told.

For each client on each channel the changes are told one after another. While a notice of a client
cannot be told, what happens to that client is drawn together: only the state that holds in the end
is to be told, so a "disconnected" is never told whose "connected" was not, and who is there at the
end is told as there. A notice whose answer was lost is *doubtful*: perhaps the application has it.
Then it is told again, which the application may know already. Where its handler for "connected"
is *broken*, and so answers nobody as it should, who has left is told of without.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["Key", "PresenceLedger"]

#: Channel and client ID.
Key: TypeAlias = tuple[str, str]

_MOST_OPEN = 100_000
_MOST_WAITING = 8


@dataclass(slots=True)
class _Open:
    """A client with something to tell: `waiting` are its states to come, the first of them next."""

    waiting: list[bool] = field(default_factory=list)
    doubtful: bool = False
    broken: bool = False
    failed: bool = False
    busy: bool = False


class PresenceLedger:
    """Holds both, without a clock or a socket.

    Attributes:
        told: those of whom the application was last told that they are there.
        superseded: changes that were not told, as later ones undid them.
        overflown: whether a change was passed over, as too many waited; `reconcile` finds it again.
    """

    def __init__(self, most_open: int = _MOST_OPEN) -> None:
        self.told: set[Key] = set()
        self.superseded = 0
        self.overflown = False
        self._open: dict[Key, _Open] = {}
        self._most_open = most_open

    def __len__(self) -> int:
        """How many clients have something to tell."""
        return len(self._open)

    def __contains__(self, key: Key) -> bool:
        """Whether there is something to tell of this client."""
        return key in self._open

    def left(self, key: Key) -> int:
        """How many notices of a client are still to be told."""
        entry = self._open.get(key)
        return 0 if entry is None else len(entry.waiting)

    @property
    def roomy(self) -> bool:
        """Whether half of the room is free."""
        return len(self._open) <= self._most_open // 2

    def note(self, key: Key, connected: bool) -> bool:
        """A client came or went. Whether its first notice is now new, and to be told at once."""
        entry = self._open.get(key)
        if entry is None:
            if len(self._open) >= self._most_open:
                self.overflown = True
                return False
            if (key in self.told) == connected:
                return False
            self._open[key] = _Open([connected])
            return True
        if entry.failed and not entry.busy:
            head = entry.waiting[0]
            self._draw_together(key, entry, connected)
            return bool(entry.waiting) and entry.waiting[0] != head
        entry.waiting.append(connected)
        if len(entry.waiting) > _MOST_WAITING:  # a slow application, and a client that flaps
            head = entry.waiting[0]
            self._replace(entry, [head] if connected == head else [head, connected])
        return False

    def next(self, key: Key) -> bool | None:
        """What is to be told of a client now; None: nothing, or it is being told already."""
        entry = self._open.get(key)
        return None if entry is None or entry.busy else entry.waiting[0]

    def begin(self, key: Key) -> None:
        """It is being told."""
        self._open[key].busy = True

    def settle(self, key: Key) -> bool:
        """The application has heard it. Whether there is more to tell of this client."""
        entry = self._open[key]
        connected = entry.waiting.pop(0)
        (self.told.add if connected else self.told.discard)(key)
        entry.busy = entry.failed = entry.doubtful = entry.broken = False
        if not entry.waiting:
            del self._open[key]
        return bool(entry.waiting)

    def fail(self, key: Key, *, doubtful: bool, broken: bool = False) -> bool:
        """It could not be told. Whether there is more to tell.

        Args:
            doubtful: for all we know.
            broken: nor could any other at this handler for long, though it does answer.
        """
        entry = self._open[key]
        entry.busy, entry.failed = False, True
        entry.broken |= broken
        entry.doubtful |= doubtful
        self._draw_together(key, entry, entry.waiting[-1])
        return bool(entry.waiting)

    def give_up(self) -> list[Key]:
        """The handler for "connected" is broken. The clients who have left and are now told of."""
        freed: list[Key] = []
        for key, entry in list(self._open.items()):
            if entry.failed and not entry.busy and entry.waiting[0]:
                entry.broken = True
                self._draw_together(key, entry, entry.waiting[-1])
                if not entry.waiting[0]:
                    freed.append(key)
        return freed

    def reconcile(self, present: Iterable[Key], *, anew: bool = False) -> list[Key]:
        """Make up for an overflow: the clients of whom something new is to be told.

        Args:
            present: those who are there now.
            anew: the application has forgotten all, and nothing is being told.
        """
        if anew:
            self.told.clear()
            self._open.clear()
        self.overflown = False
        there = set(present)
        changed = [(key, True) for key in there - self.told]
        changed += [(key, False) for key in self.told - there]
        return [key for key, now in changed if key not in self._open and self.note(key, now)]

    def _draw_together(self, key: Key, entry: _Open, connected: bool) -> None:
        """Leave of what waits only what brings the application to the state that holds."""
        told = key in self.told
        if connected:
            left = [True] if not told or entry.doubtful else []
        elif told:
            left = [False]
        elif entry.doubtful:  # perhaps it has heard the "connected": both, if it can be
            left = [False] if entry.broken else [True, False]
        else:
            left = []
        self._replace(entry, left)
        if not left:
            del self._open[key]

    def _replace(self, entry: _Open, left: list[bool]) -> None:
        self.superseded += max(0, len(entry.waiting) - len(left))
        entry.waiting = left
