"""From the clock of packets to pushlab's: wall clock to monotonic clock, with a bound on the error.

Both clocks are the kernel's and run at one speed (NTP slews the two alike), so only their distance
is needed. It is read before and after: a wall clock that was set meanwhile shows in the bound.
"""

import time
from dataclasses import dataclass

__all__ = ["Distance", "between", "read_distance"]

_READINGS = 2_000


@dataclass(frozen=True, slots=True)
class Distance:
    """Wall clock minus monotonic clock, and how wrong that may be; in nanoseconds."""

    ns: int
    bound_ns: int

    def to_monotonic(self, wall_ns: int) -> int:
        """A stamp of the wall clock on the monotonic clock."""
        return wall_ns - self.ns


def read_distance() -> Distance:
    """Read one clock between two readings of the other, many times; the closest three count."""
    best: tuple[int, int, int] | None = None
    for _ in range(_READINGS):
        before_ns = time.monotonic_ns()
        wall_ns = time.time_ns()
        after_ns = time.monotonic_ns()
        if best is None or after_ns - before_ns < best[1] - best[0]:
            best = before_ns, after_ns, wall_ns
    assert best is not None
    before_ns, after_ns, wall_ns = best
    return Distance(wall_ns - (before_ns + after_ns) // 2, (after_ns - before_ns + 1) // 2)


def between(before: Distance, after: Distance) -> Distance:
    """The distance at any time between two readings."""
    middle_ns = (before.ns + after.ns) // 2
    drift_ns = abs(after.ns - before.ns)
    return Distance(middle_ns, max(before.bound_ns, after.bound_ns) + (drift_ns + 1) // 2)
