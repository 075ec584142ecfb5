"""From exchanges to a map between two clocks, with a bound that holds.

Each exchange gives a span in which the difference of the clocks lies, as wide as its round trip
without the time that the other end took. However long either way was, the truth is within: a path
that is slower one way shifts it in the span, never out of it. Of each window of time the quickest
exchange is kept (the minimum-delay filter), since waiting in queues only widens spans.

The clocks drift apart by a line that all spans allow; how steep it may be is uncertain, and quartz
wanders a little besides. So a span says something of other moments too, the less the farther they
are: it widens with the uncertainty of the drift. At each moment the narrowest of what all spans
leave counts. The bound is half its width: half the least round trip, the drift's uncertainty since,
and the clocks' resolution.

Where no drift that a kernel would make (500 ppm) explains the spans, a clock has been set, or stood
still: a step. Both sides of it are told apart, and the bound of what lies between holds the step.
A step that hides within the spans cannot be seen.

Sources: Cristian, "Probabilistic clock synchronization", 1989; Marzullo and Owicki, "Maintaining
the time in a distributed system", 1983; Moon, Skelly and Towsley, "Estimation and removal of clock
skew from network delay measurements", 1999; RFC 5905, "Network Time Protocol", 2010 (clock filter
and dispersion).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pushlab.lab.clocks.asker import Exchanges
from pushlab.lab.clocks.clock_map import ClockMap

__all__ = ["ClockEstimate", "estimate"]

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

_WINDOW_NS = 250_000_000
_MOST_WINDOWS = 600
_MOST_DRIFT = 500e-6  # the most by which a kernel corrects a clock's speed
_WANDER = 1e-6  # of quartz about its own drift, within one trial
_RATES = (5e-6, 15e-6, 50e-6, 150e-6, _MOST_DRIFT)
_RESOLUTION_NS = 1  # of a reading that is rounded down


@dataclass(frozen=True, slots=True)
class ClockEstimate:
    """What exchanges say of one process's clock.

    Attributes:
        map: to the publisher's.
        steps_ns: by how much either was seen to jump, each time; empty as it should be.
    """

    map: ClockMap
    steps_ns: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class _Spans:
    """The publisher's clock minus the process's: between `low` and `high` near moment `at`."""

    at: Floats
    low: Floats
    high: Floats

    def __len__(self) -> int:
        return len(self.at)

    def part(self, which: Int64 | slice) -> "_Spans":
        return _Spans(self.at[which], self.low[which], self.high[which])


def estimate(exchanges: Exchanges, *, asked_by_publisher: bool = False) -> ClockEstimate | None:
    """What the exchanges of one process with the publisher say; None: there are none.

    Args:
        asked_by_publisher: whether the publisher asked and the process answered.
    """
    stamps = np.array(exchanges.stamps, np.int64).reshape(-1, 4)
    if not len(stamps):
        return None
    asked, received, answered, back = stamps.T
    near, low, high = (
        ((received + answered) // 2, asked - received, back - answered)
        if asked_by_publisher
        else ((asked + back) // 2, answered - back, received - asked)
    )
    base_ns, ahead_ns = int(near[0]), int(low[0] // 2 + high[0] // 2)
    spans = _Spans(
        (near - base_ns).astype(np.float64),
        (low - ahead_ns).astype(np.float64) - _RESOLUTION_NS,
        (high - ahead_ns).astype(np.float64) + _RESOLUTION_NS,
    )
    # An exchange's span is of moments within it, and the clocks drift meanwhile.
    took = (back - asked).astype(np.float64)
    spans = _quickest(
        _Spans(spans.at, spans.low - _MOST_DRIFT * took, spans.high + _MOST_DRIFT * took)
    )
    parts = _pieces(spans)
    fits = [_fit(part) for part in parts]
    at = np.concatenate([part.at for part in parts])
    offset = np.concatenate([fit.middle for fit in fits])
    error = np.concatenate([fit.error for fit in fits])
    steps = [float(b.middle[0] - a.middle[-1]) for a, b in pairwise(fits)]
    place = 0
    for step, part in zip(steps, parts, strict=False):  # nobody knows when between it was
        place += len(part)
        error[place - 1 : place + 1] += abs(step)
    drift = max(fits, key=lambda fit: len(fit.middle)).drift
    wander = max(fit.rate + abs(fit.drift - drift) for fit in fits)
    made = ClockMap(base_ns, ahead_ns, at, offset, error, drift * 1e6, wander * 1e6)
    return ClockEstimate(made, [round(step) for step in steps])


def _quickest(spans: _Spans) -> _Spans:
    """The narrowest of each window, in order of time."""
    length = max(_WINDOW_NS, float(np.ptp(spans.at)) / _MOST_WINDOWS)
    window = np.floor((spans.at - spans.at.min()) / length)
    order = np.lexsort((spans.high - spans.low, window))
    first = np.r_[True, np.diff(window[order]) > 0]
    kept = order[first]
    return spans.part(kept[np.argsort(spans.at[kept])])


def _pieces(spans: _Spans) -> list[_Spans]:
    """The spans between steps: within each, a drift of no more than a kernel's explains all."""
    apart = _beyond(spans, 0.0, _MOST_DRIFT) > 0
    begins = [0]
    for place in range(1, len(spans)):
        if apart[begins[-1] : place, place].any():
            begins.append(place)
    return [
        spans.part(slice(begin, end))
        for begin, end in zip(begins, [*begins[1:], len(spans)], strict=True)
    ]


def _beyond(spans: _Spans, drift: float, rate: float) -> Floats:
    """By how much each two spans contradict each other, where the drift is `drift` ± `rate`."""
    low, high = spans.low - drift * spans.at, spans.high - drift * spans.at
    gap = np.abs(spans.at[:, None] - spans.at)
    above: Floats = low[:, None] - high - rate * gap
    return np.maximum(above, above.T)


@dataclass(frozen=True, slots=True)
class _Fit:
    """A piece's knots: the middle and half the width of what the spans leave at each.

    Attributes:
        drift: of the publisher's clock against the process's; `rate`: how uncertain it is.
    """

    middle: Floats
    error: Floats
    drift: float
    rate: float


def _fit(spans: _Spans) -> _Fit:
    drift, rate = _drift(spans)
    low, high = spans.low - drift * spans.at, spans.high - drift * spans.at
    room = rate * np.abs(spans.at[:, None] - spans.at)
    low, high = (low - room).max(axis=1), (high + room).min(axis=1)
    return _Fit((low + high) / 2 + drift * spans.at, (high - low) / 2, drift, rate)


def _drift(spans: _Spans) -> tuple[float, float]:
    """The drift, and how far from it the true one may be at any moment."""
    if len(spans) == 1:
        return 0.0, _MOST_DRIFT
    i, j = np.triu_indices(len(spans), 1)
    gap = spans.at[j] - spans.at[i]
    least = max(-_MOST_DRIFT, float(((spans.low[j] - spans.high[i]) / gap).max()))
    most = min(_MOST_DRIFT, float(((spans.high[j] - spans.low[i]) / gap).min()))
    fitted = _line(spans)
    if least <= most:
        drift = min(max(fitted, least), most)
        rates = [max(drift - least, most - drift) + _WANDER, *_RATES]
    else:  # it was no line: the speed of a clock was changed meanwhile
        drift, rates = min(max(fitted, -_MOST_DRIFT), _MOST_DRIFT), list(_RATES)
    for rate in sorted(rates):
        if (least > most or rate >= rates[0]) and _beyond(spans, drift, rate).max() <= 0:
            return drift, rate
    return 0.0, _MOST_DRIFT


def _line(spans: _Spans) -> float:
    """The slope of the line through the middles, where narrow spans weigh more."""
    weight = 1 / np.maximum(1.0, spans.high - spans.low) ** 2
    weight /= weight.sum()
    at = spans.at - (weight * spans.at).sum()
    middle = (spans.low + spans.high) / 2
    below = float((weight * at**2).sum())
    return float((weight * at * middle).sum()) / below if below else 0.0
