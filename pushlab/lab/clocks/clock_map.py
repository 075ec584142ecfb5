"""From one process's monotonic clock to the publisher's, and back.

A map is a line through a few knots: a moment of the process's clock, by how much the publisher's is
ahead then, and how far that may be from the truth. Moments are of 64 bits and stay whole numbers:
a machine that has run for a year has more nanoseconds than a float can tell apart.
"""

from dataclasses import dataclass
from typing import Any, Protocol, overload

import numpy as np
import numpy.typing as npt

__all__ = ["SAME", "Clock", "ClockMap", "SameClock"]

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Clock(Protocol):
    """What turns moments of one process's clock into moments of the publisher's, and back."""

    @overload
    def to_reference(self, ns: int) -> int: ...
    @overload
    def to_reference(self, ns: Int64) -> Int64: ...
    @overload
    def from_reference(self, ns: int) -> int: ...
    @overload
    def from_reference(self, ns: Int64) -> Int64: ...


class SameClock:
    """The clock of a process that has the publisher's."""

    def to_reference(self, ns: Any) -> Any:
        """The same."""
        return ns

    def from_reference(self, ns: Any) -> Any:
        """The same."""
        return ns


#: Of every process, where all have one clock.
SAME: Clock = SameClock()


@dataclass(frozen=True, slots=True)
class ClockMap:
    """What is known of one process's clock.

    Attributes:
        base_ns: a moment of the process's clock, and `ahead_ns`: the publisher's minus it, near
            then; the knots count from both.
        at_ns: the knots' moments, in order.
        offset_ns: what is to be added to `ahead_ns` at each.
        error_ns: how far that may be from the truth.
        drift_ppm: by how much faster the publisher's goes, before the first knot and after the
            last; `wander_ppm`: how far the true drift may be from that at any moment.
    """

    base_ns: int
    ahead_ns: int
    at_ns: Floats
    offset_ns: Floats
    error_ns: Floats
    drift_ppm: float
    wander_ppm: float

    @overload
    def to_reference(self, ns: int) -> int: ...
    @overload
    def to_reference(self, ns: Int64) -> Int64: ...
    def to_reference(self, ns: Any) -> Any:
        """Moments of the process's clock as the publisher's has them."""
        since = ns - self.base_ns
        return _whole(ns, self.ahead_ns, self._offset(since, self.at_ns, self.drift_ppm / 1e6))

    @overload
    def from_reference(self, ns: int) -> int: ...
    @overload
    def from_reference(self, ns: Int64) -> Int64: ...
    def from_reference(self, ns: Any) -> Any:
        """Moments of the publisher's clock as the process's has them."""
        since = ns - self.base_ns - self.ahead_ns
        drift = self.drift_ppm / 1e6
        back = -self._offset(since, self._reference_ns, drift / (1 + drift))
        return _whole(ns, -self.ahead_ns, back)

    @property
    def _reference_ns(self) -> Floats:
        """The knots' moments on the publisher's clock."""
        return np.maximum.accumulate(self.at_ns + self.offset_ns)

    def _offset(self, since: Any, at: Floats, drift: float) -> Any:
        """By the line through the knots at `at`, which goes on beyond them with `drift`."""
        where = np.asarray(since, np.float64)
        beyond = np.minimum(0.0, where - at[0]) + np.maximum(0.0, where - at[-1])
        return np.interp(where, at, self.offset_ns) + drift * beyond

    @property
    def span_ns(self) -> tuple[int, int]:
        """The moments of the process's clock at the first knot and at the last."""
        return self.base_ns + int(self.at_ns[0]), self.base_ns + int(self.at_ns[-1])

    def bound_ns(self, from_ns: int, to_ns: int) -> int:
        """How far moments of that span of the process's clock may be from the truth, mapped."""
        start, end = float(from_ns - self.base_ns), float(to_ns - self.base_ns)
        rate, at, error = self.wander_ppm / 1e6, self.at_ns, self.error_ns
        first = max(0, int(np.searchsorted(at, start, "right")) - 1)
        last = min(len(at) - 1, int(np.searchsorted(at, end, "left")))
        widest_gap = float(np.diff(at[first : last + 1]).max(initial=0.0))
        worst = float(error[first : last + 1].max()) + rate * widest_gap / 2
        if start < at[0]:
            worst = max(worst, float(error[0]) + rate * (float(at[0]) - start))
        if end > at[-1]:
            worst = max(worst, float(error[-1]) + rate * (end - float(at[-1])))
        return int(np.ceil(worst))


def _whole(ns: Any, ahead_ns: int, offset: Any) -> Any:
    if isinstance(ns, np.ndarray):
        return ns + np.int64(ahead_ns) + np.rint(offset).astype(np.int64)
    return int(ns) + ahead_ns + round(float(offset))
