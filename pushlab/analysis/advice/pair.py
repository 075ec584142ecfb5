"""Two transports side by side, each guess taken at the same value for both.

A difference of two ranges is wider than the range of the difference: who doubts the headers of a
browser doubts them on both sides. Only what was measured of each transport's server is its own. So
the extremes of a difference are looked for over all guesses at once, one after another until none
makes it more extreme, which finds them where each guess works in one direction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from pushlab.analysis.advice.ranges import Range
from pushlab.analysis.cost.architectures import Architecture
from pushlab.analysis.cost.common import connects_per_s, down_bytes_per_s
from pushlab.analysis.cost.guesses import CPU, ENDS, MEMORY, End
from pushlab.analysis.cost.meter import SECONDS, Bill, Meter
from pushlab.analysis.cost.pricing import bill_at
from pushlab.analysis.cost.traffic import Traffic
from pushlab.analysis.stats.comparison import MATTERS

__all__ = ["Answer", "Side", "difference", "judged"]

#: What may be said of two prices: one is lower whatever the guesses; they differ by less than
#: matters; it is not known.
Answer = Literal["lower", "higher", "same", "unknown"]

_OWN = (CPU, MEMORY)
_ENDS: tuple[End, End] = ("low", "high")

#: Where each guess is taken: by its name, and for what is a side's own by name and side.
At = Mapping[str, End]


@dataclass(frozen=True)
class Side:
    """One transport in one architecture, to be priced with any guess at any end.

    Attributes:
        meter: with the sizes of this transport's servers.
        cell: the transport setting in a run, else the transport's name.
    """

    architecture: Architecture
    traffic: Traffic
    meter: Meter
    cell: str = ""
    _bills: dict[tuple[Any, ...], Bill] = field(default_factory=dict, repr=False)

    @cached_property
    def names(self) -> Sequence[str]:
        """The guesses that its figures rest on and that have a range."""
        self.meter.asked.clear()
        bill_at(self.architecture, self.traffic, self._at({}), self.cell)
        self.requests_per_s()
        self.gigabytes()
        asked = [name for name in self.meter.guesses if name in self.meter.asked]
        return [name for name in asked if not self.meter.guesses[name].is_known]

    def _at(self, at: At) -> Meter:
        return replace(self.meter, end="likely", but=at)

    def bill(self, at: At | None = None) -> Bill:
        """The month. Raises Uncarried."""
        at = at or {}
        key = tuple(sorted((name, end) for name, end in at.items() if end != "likely"))
        if key not in self._bills:
            self._bills[key] = bill_at(self.architecture, self.traffic, self._at(at), self.cell)
        return self._bills[key]

    def usd(self, at: At | None = None) -> float:
        """Of a month."""
        return self.bill(at).usd

    def servers(self, at: At | None = None) -> float:
        """How many servers, of whatever size is the cheapest; 0 where the whole has none."""
        lines = (item for item in self.bill(at).items if item.part == "servers")
        return max((item.events for item in lines), default=0.0)

    def cores(self, at: At | None = None) -> float:
        """CPU seconds a second of its servers; 0 where nobody measured them."""
        if self.meter.sizes is None:
            return 0.0
        return self._at(at or {}).guess(CPU)

    def requests_per_s(self, at: At | None = None) -> float:
        """Of the clients: polls, acknowledgements, pings, and connections made anew."""
        return self.traffic.hits_per_s + connects_per_s(self.traffic, self._at(at or {}))

    def gigabytes(self, at: At | None = None) -> float:
        """That clients download in a month."""
        return down_bytes_per_s(self.traffic, self._at(at or {})) * SECONDS / 1e9

    def range_of(self, value: Callable[[At], float]) -> Range:
        """From where every guess is at its cheap end to where it is at its dear end."""
        low, likely, high = (value(dict.fromkeys(self.names, end)) for end in ENDS)
        return Range(low, likely, high)


def difference(a: Side, b: Side, value: Callable[[Side, At], float]) -> Range:
    """How much more `a` has of a figure than `b`, with the same guesses for both."""
    shared = dict.fromkeys([*a.names, *b.names])
    names = [name for name in shared if name not in _OWN]
    names += [f"{name} {i}" for i, side in enumerate((a, b)) for name in _OWN if name in side.names]

    def apart(at: At) -> float:
        ours, theirs = ({**at, **_own(at, i)} for i in (0, 1))
        return value(a, ours) - value(b, theirs)

    low, high = (_extreme(apart, names, sign) for sign in (-1, 1))
    return _ordered(low, apart({}), high)


def _own(at: At, side: int) -> At:
    return {name: at[key] for name in _OWN if (key := f"{name} {side}") in at}


def _ordered(*values: float) -> Range:
    return Range(min(values), values[1], max(values))


def _extreme(value: Callable[[At], float], names: Sequence[str], sign: int) -> float:
    """The most of `value` (the least, where `sign` is -1) over the ends of all guesses.

    It begins where all are cheap and where all are dear, so that guesses that help each other alone
    are found together.
    """
    found = [sign * value({})]
    for begin, other in (_ENDS, _ENDS[::-1]):
        at: dict[str, End] = dict.fromkeys(names, begin)
        best, turned = sign * value(at), True
        while turned:
            turned = False
            for name in names:
                end = other if at[name] == begin else begin
                told = sign * value({**at, name: end})
                if told > best:
                    best, at[name], turned = told, end, True
        found.append(best)
    return sign * max(found)


def judged(a: Side, b: Side) -> tuple[Answer, Range]:
    """Whether a month of `a` costs less than one of `b`, and by how much `a` costs more.

    Raises:
        Uncarried: one of them cannot carry its load.
    """
    apart = difference(a, b, Side.usd)
    within = MATTERS * min(a.usd(), b.usd())
    if -within <= apart.low and apart.high <= within:
        return "same", apart
    if apart.high < 0 or apart.low > 0:
        return ("lower" if apart.high < 0 else "higher"), apart
    return "unknown", apart
