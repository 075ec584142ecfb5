"""When the notices that one handler of the application did not take are told again.

Each is tried again after a pause of its own, which doubles. A handler that has failed three times
in a row is taken to be down: then only one notice at a time is tried, after a pause that doubles up
to five seconds. Its first answer hurries all that wait, two after each success, so that an
application that is back hears all of it soon and is not run over. No clock, no socket: times come
in, in seconds.
"""

import heapq
import itertools
from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Retries"]

_Key = TypeVar("_Key", bound=Hashable)

_LONGEST_PAUSE_S = 30.0
_LONGEST_PROBE_PAUSE_S = 5.0
_DOWN_AFTER = 3


@dataclass(slots=True, eq=False)
class _Failed:
    pause_s: float
    due_s: float
    not_before_s: float


class Retries(Generic[_Key]):
    """The failed notices of one handler.

    Args:
        first_pause_s: before the first retry.
        at_once: so many may be tried again side by side.

    Attributes:
        failures: in a row, over all clients.
        running: retries under way.
    """

    def __init__(self, first_pause_s: float, at_once: int) -> None:
        self._first_pause_s = first_pause_s
        self._at_once = at_once
        self._waiting: OrderedDict[_Key, _Failed] = OrderedDict()  # as they failed
        self._pauses: dict[_Key, float] = {}  # of those under way
        self._heap: list[tuple[float, int, _Key, _Failed]] = []
        self._number = itertools.count()
        self._hurried: deque[tuple[_Key, _Failed]] = deque()
        self._may_start = 0
        self._probe_pause_s = first_pause_s
        self._probe_at_s = 0.0
        self._quiet_until_s = 0.0
        self._down_at_s = 0.0
        self.failures = 0
        self.running = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def down(self) -> bool:
        """Whether the handler seems to answer nobody."""
        return self.failures >= _DOWN_AFTER

    def down_for_s(self, now_s: float) -> float:
        """For how long it has seemed so; 0 where it does not."""
        return now_s - self._down_at_s if self.down else 0.0

    def failed(self, key: _Key, now_s: float, retry_after_s: float = 0.0) -> None:
        """A notice was not taken."""
        self._may_start = 0
        self._quiet_until_s = max(self._quiet_until_s, now_s + retry_after_s)
        probed = self.down and key in self._pauses
        pause_s = self._pauses.pop(key, self._first_pause_s)
        entry = _Failed(
            min(2 * pause_s, _LONGEST_PAUSE_S),
            now_s + max(pause_s, retry_after_s),
            now_s + retry_after_s,
        )
        self._waiting[key] = entry
        heapq.heappush(self._heap, (entry.due_s, next(self._number), key, entry))
        if len(self._heap) > 2 * len(self._waiting) + 64:  # of entries that have gone
            self._heap = [item for item in self._heap if self._waiting.get(item[2]) is item[3]]
            heapq.heapify(self._heap)
        self.failures += 1
        if self.failures == _DOWN_AFTER:
            self._down_at_s = now_s
            self._probe_pause_s = self._first_pause_s
            self._probe_at_s = now_s + self._probe_pause_s
        elif probed:
            self._probe_pause_s = min(2 * self._probe_pause_s, _LONGEST_PROBE_PAUSE_S)
            self._probe_at_s = now_s + self._probe_pause_s

    def answered(self, key: _Key) -> None:
        """A notice was taken, or refused for good; the first, or one that had failed before."""
        self._pauses.pop(key, None)
        if self.down:
            self._hurried = deque(self._waiting.items())
        self.failures = 0
        self._quiet_until_s = 0.0
        if self._hurried:
            self._may_start = min(self._may_start + 2, self._at_once)

    def forget(self, key: _Key) -> None:
        """There is nothing to tell any more."""
        self._waiting.pop(key, None)
        self._pauses.pop(key, None)

    def due(self, now_s: float) -> list[_Key]:
        """The notices to try again now; each counts as running until `done`."""
        if self.down:
            keys = self._probe(now_s)
        else:
            keys = self._hurry(now_s)
            while self._heap and self._heap[0][0] <= now_s and self._free():
                _, _, key, entry = heapq.heappop(self._heap)
                if self._waiting.get(key) is entry:
                    self._start(key, keys)
        return keys

    def done(self) -> None:
        """One that `due` gave out has ended."""
        self.running -= 1

    def next_s(self) -> float | None:
        """When to ask `due` again, if nothing happens before; None: not at all."""
        if not self._waiting:
            return None
        if self.down:
            return None if self.running else max(self._probe_at_s, self._quiet_until_s)
        while self._heap and self._waiting.get(self._heap[0][2]) is not self._heap[0][3]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._free() else None

    def _free(self) -> bool:
        return self.running < self._at_once

    def _probe(self, now_s: float) -> list[_Key]:
        keys: list[_Key] = []
        probe_at_s = max(self._probe_at_s, self._quiet_until_s)
        if self._waiting and not self.running and now_s >= probe_at_s:
            self._start(next(iter(self._waiting)), keys)
        return keys

    def _hurry(self, now_s: float) -> list[_Key]:
        keys: list[_Key] = []
        while self._hurried and self._may_start and self._free():
            key, entry = self._hurried.popleft()
            if self._waiting.get(key) is entry and entry.not_before_s <= now_s:
                self._may_start -= 1
                self._start(key, keys)
        return keys

    def _start(self, key: _Key, keys: list[_Key]) -> None:
        self._pauses[key] = self._waiting.pop(key).pause_s
        self.running += 1
        keys.append(key)
