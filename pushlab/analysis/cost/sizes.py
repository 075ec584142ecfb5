"""From what one transport's server was measured to take, to the servers that carry a load.

A balancer spreads the clients over the servers at random. Connections, hits and deliveries divide
among servers; a publish does not: each server that has one of its readers must see it, from its
publisher or over a backplane, which is taken to cost the same.

The costs are not one number each: `Sizes` has every extreme set of them that agrees with the
measurement, so that any other load has the least and the most that it may take.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from operator import mul
from typing import Any, Self

from pushlab.analysis.cost.guesses import CPU, ENDS, MEMORY, End, Guess
from pushlab.analysis.cost.traffic import Traffic
from pushlab.analysis.models.formulas import pings_per_s, servers_reached
from pushlab.analysis.trials.costs import Load

__all__ = ["REFERENCE", "Sizes", "fewest", "keep_alives_per_s", "load_of_one", "reference_sizes"]

#: What is said wherever sizes are those of the run that comes with pushlab.
REFERENCE = "reference calibration"

#: CPU seconds of each field of `Load`, in its order.
Row = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What the servers of one transport take.

    Attributes:
        transport: its name.
        least, most: sets of costs, of which one gives the least, or the most, for any load.
        best: the costs that fit best.
        base_bytes: memory of a server without clients.
        each_bytes: memory of each connection, from its least to its most.
        connections: the most that a server was measured with.
        source: where it was measured, in words.
    """

    transport: str
    least: Sequence[Row]
    best: Row
    most: Sequence[Row]
    base_bytes: float
    each_bytes: tuple[float, float, float]
    connections: float
    source: str

    def cores(self, load: Load, end: End = "likely") -> float:
        """CPU seconds a second for such a load."""
        row = load.row
        likely = _times(self.best, row)
        if end == "low":
            return min(likely, *(_times(one, row) for one in self.least))
        if end == "high":
            return max(likely, *(_times(one, row) for one in self.most))
        return likely

    def bytes_held(self, connections: float, end: End = "likely") -> float:
        """Memory of one server with so many clients."""
        return self.base_bytes + connections * self.each_bytes[ENDS.index(end)]

    def guesses(self, traffic: Traffic) -> list[Guess]:
        """What was measured, of all this traffic on one server, as guesses with a range."""
        load = load_of_one(traffic)
        low, likely, high = (self.cores(load, end) for end in ENDS)
        words = "CPU of the servers for this traffic"
        cores = Guess(CPU, low, likely, high, "cores", words, self.source)
        low, likely, high = self.each_bytes
        words = "memory of a connection"
        return [cores, Guess(MEMORY, low, likely, high, "bytes", words, self.source)]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "source"}

    @classmethod
    def from_json(cls, told: Mapping[str, Any], source: str) -> Self:
        """What `to_json` gave."""
        return cls(**told, source=source)

    @classmethod
    def in_proportion(
        cls,
        traffic: Traffic,
        *,
        cores: tuple[float, float, float],
        held_bytes: tuple[float, float, float],
        source: str,
    ) -> Self:
        """Of one load alone: CPU and memory grow as its clients do.

        Args:
            cores, held_bytes: of the servers for this traffic, from least to most.
        """
        low, likely, high = (
            Load(servers=0.0, connections=value / traffic.clients).row for value in cores
        )
        least, each, most = (value / traffic.clients for value in held_bytes)
        return cls(
            transport=traffic.transport,
            least=[low],
            best=likely,
            most=[high],
            base_bytes=0.0,
            each_bytes=(least, each, most),
            connections=traffic.clients,
            source=source,
        )


def _times(costs: Row, load: Row) -> float:
    return math.fsum(map(mul, costs, load))


def keep_alives_per_s(traffic: Traffic) -> float:
    """How often an end of a stream speaks since it was silent for long, all clients together."""
    keep_alive_s = traffic.profile.timers.keep_alive_s
    if not traffic.profile.pushes or not keep_alive_s or not traffic.clients:
        return 0.0
    each = traffic.deliveries_per_s / traffic.clients
    return traffic.clients * pings_per_s(rate_per_s=each, keep_alive_s=keep_alive_s)


def load_of_one(traffic: Traffic, count: float = 1.0) -> Load:
    """What one of so many servers works for in a second.

    A stream on which the server or the client speaks when it was silent for long has a keep-alive
    then, which is taken to cost what a delivery does.
    """
    pings = keep_alives_per_s(traffic)
    reached = servers_reached(servers=count, readers=traffic.clients / traffic.channels)
    return Load(
        servers=1.0,
        connections=traffic.clients / count,
        hits=traffic.hits_per_s / count if traffic.profile.asks else 0.0,
        deliveries=(traffic.deliveries_per_s + pings) / count,
        publishes=traffic.publishes_per_s * reached / count,
    )


def fewest(enough: Callable[[float], bool], least: float, most: float, near: float = 1.0) -> float:
    """The fewest servers from `least` on that are enough; infinite if `most` are not.

    Args:
        near: where to begin to look.
    """
    step, high = 1.0, max(float(least), near if math.isfinite(near) else 1.0)
    low = least - 1.0
    if not enough(high):
        while not enough(high):
            if high >= most:
                return math.inf
            low, high, step = high, min(float(most), high + step), step * 2
    else:
        while high - step > least - 1 and enough(high - step):
            high, step = high - step, step * 2
        low = max(low, high - step)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


@cache
def reference_sizes() -> Mapping[str, Sizes]:
    """What the run that comes with pushlab measured, by transport."""
    text = files("pushlab.analysis.cost").joinpath("reference.json").read_text(encoding="utf-8")
    told = json.loads(text)
    source = f"{REFERENCE} ({told['words']})"
    return {name: Sizes.from_json(one, source) for name, one in told["transports"].items()}
