"""The break-even: the poll interval from which on polling costs no more than push, all else alike.

Both are priced in one architecture, with the guesses at the same values on both sides; what was
measured of either's servers is taken at opposite ends. So the interval has a range too.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from pushlab.analysis.cost.architectures import Architecture
from pushlab.analysis.cost.guesses import CPU, ENDS, MEMORY, End
from pushlab.analysis.cost.meter import Meter, Uncarried
from pushlab.analysis.cost.pricing import Priced, bill_at
from pushlab.analysis.cost.traffic import Traffic, by_transport
from pushlab.analysis.models.bisection import crossing
from pushlab.contract.profile import Profile

__all__ = ["BreakEven", "Polling"]

_LEAST_S, _MOST_S = 1e-2, 30 * 86_400.0
_NEARNESS = 1e-3  # a part of the interval: bills rise in steps of whole servers anyway


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Short polling against one push transport in the same architecture.

    Attributes:
        architecture: its key.
        profile, cell: of push.
        interval_s: polling costs no more than push at this interval and at longer ones: at the
            least, at likely values, at the most; 0: at any interval, infinite: at none.
    """

    architecture: str
    profile: Profile
    cell: str
    interval_s: tuple[float, float, float]

    def to_json(self) -> dict[str, Any]:
        """Plain values; None for an interval that there is not."""
        spans = [span if math.isfinite(span) else None for span in self.interval_s]
        return {**by_transport(self), "interval_s": spans}


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """Short polling in an architecture, at any interval.

    Attributes:
        traffic: at some interval; its clients and messages stay.
        meter: of it.
    """

    architecture: Architecture
    traffic: Traffic
    meter: Meter

    def usd(self, interval_s: float, end: End = "likely", measured: End | None = None) -> float:
        """A month of it; infinite where nothing carries so many polls.

        Args:
            measured: where CPU and memory are taken, if not at `end` too.
        """
        traffic = self.traffic.polled_every(interval_s)
        try:
            return bill_at(self.architecture, traffic, _at(self.meter, end, measured)).usd
        except Uncarried:
            return math.inf

    def range_usd(self, interval_s: float) -> tuple[float, float, float]:
        """From low over likely to high."""
        low, likely, high = (self.usd(interval_s, end) for end in ENDS)
        return low, likely, high

    def against(self, push: Priced, traffic: Traffic, meter: Meter) -> BreakEven:
        """The interval for this push transport.

        Args:
            traffic, meter: of the push transport, which has a bill.
        """

        def at(end: End, ours: End | None = None, theirs: End | None = None) -> float:
            level = bill_at(self.architecture, traffic, _at(meter, end, theirs)).usd
            return self._from(level, end, ours)

        likely = at("likely")
        ends: tuple[End, ...] = ("low", "high")
        others = [at(end, *pair) for end in ends for pair in (ends, ends[::-1])]
        return BreakEven(
            architecture=self.architecture.key,
            profile=push.profile,
            cell=push.cell,
            interval_s=(min(likely, *others), likely, max(likely, *others)),
        )

    def _from(self, level: float, end: End, measured: End | None) -> float:
        """From which interval on it costs no more than so much."""

        def above(interval_s: float) -> float:
            usd = self.usd(interval_s, end, measured)
            return (usd if math.isfinite(usd) else 1e300) - level

        if above(_LEAST_S) <= 0:
            return 0.0
        if above(_MOST_S) > 0:
            return math.inf
        return crossing(above, _LEAST_S, _MOST_S, nearness=_NEARNESS)


def _at(meter: Meter, end: End, measured: End | None) -> Meter:
    but: dict[str, End] = {} if measured is None else {CPU: measured, MEMORY: measured}
    return replace(meter, end=end, but=but)
