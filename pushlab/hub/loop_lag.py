"""How late an event loop runs its timers: a timer now and then, and by how much it missed."""

import asyncio
import time
from array import array
from collections.abc import Iterable

__all__ = ["LAG_EVERY_NS", "LoopLag", "p99_s"]

#: How often a timer is set. uvloop rounds timers to milliseconds, so a lag has that uncertainty.
LAG_EVERY_NS = 20_000_000
_BUCKET_NS = 100_000_000


def p99_s(lags_ns: Iterable[int]) -> float | None:
    """The lag that one in a hundred exceeds, in seconds; None without any."""
    ordered = sorted(lags_ns)
    return ordered[int(len(ordered) * 0.99)] / 1e9 if ordered else None


class LoopLag:
    """Samples one event loop.

    Args:
        every_ns: how often; each time costs the loop some ten microseconds.

    Attributes:
        at_ns, lag_ns: the samples, in order of time.
    """

    __slots__ = ("_due_ns", "_every_ns", "_loop", "at_ns", "lag_ns")

    def __init__(self, loop: asyncio.AbstractEventLoop, *, every_ns: int = LAG_EVERY_NS) -> None:
        self._loop = loop
        self._every_ns = every_ns
        self._due_ns = 0
        self.at_ns = array("q")
        self.lag_ns = array("q")

    def start(self) -> None:
        """Sample from now on."""
        self._arm(time.monotonic_ns())

    def _arm(self, now_ns: int) -> None:
        self._due_ns = now_ns + self._every_ns
        self._loop.call_later(self._every_ns / 1e9, self._sample)

    def _sample(self) -> None:
        now_ns = time.monotonic_ns()
        self.at_ns.append(now_ns)
        self.lag_ns.append(max(0, now_ns - self._due_ns))
        self._arm(now_ns)

    def all(self) -> list[list[int]]:
        """Every sample: its time and its lag, in nanoseconds."""
        return [list(pair) for pair in zip(self.at_ns, self.lag_ns, strict=False)]

    def p99_s(self, start_ns: int, end_ns: int) -> float | None:
        """The 99th percentile between two moments; None without a sample."""
        return p99_s(self.within(start_ns, end_ns))

    def within(self, start_ns: int, end_ns: int) -> list[int]:
        """The lags of the timers that were due between two moments, in nanoseconds."""
        return [
            lag
            for at, lag in zip(self.at_ns, self.lag_ns, strict=True)
            if start_ns <= at - lag <= end_ns
        ]

    def highest(self) -> list[list[int]]:
        """For each tenth of a second with a sample: its last time and its worst lag, in ns."""
        found: list[list[int]] = []
        bucket = -1
        for at, lag in zip(self.at_ns, self.lag_ns, strict=True):
            if at // _BUCKET_NS == bucket:
                found[-1] = [at, max(lag, found[-1][1])]
            else:
                bucket = at // _BUCKET_NS
                found.append([at, lag])
        return found
