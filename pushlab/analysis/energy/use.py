"""Energy from times of traffic: a radio's states between one byte and the next.

A transfer itself is taken as a moment: its bytes cost what sending and receiving a bit adds, and it
starts the tails. The time span is taken as one turn of an endless repetition, so that a short span
stands for an hour without edges: what follows the last byte of it is the first of the next turn.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pushlab.analysis.energy.radio import Radio, Spell
from pushlab.errors import UsageError

__all__ = ["Use", "energy_use", "timeline"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What one phone's radio used.

    Attributes:
        joules_per_hour: all of it, idling included.
        idle_joules_per_hour: what it would have used without any traffic.
        radio_on: the share of the time in which it was not idle.
        wakeups_per_hour: promotions from idle.
    """

    joules_per_hour: float
    idle_joules_per_hour: float
    radio_on: float
    wakeups_per_hour: float

    def battery_percent_per_hour(self, battery_wh: float) -> float:
        """The share of a battery of so many watt-hours that an hour takes, in per cent.

        Raises:
            UsageError: the battery is not above 0.
        """
        if not battery_wh > 0:
            raise UsageError(f"a battery must hold more than 0 Wh, not {battery_wh:g}")
        return self.joules_per_hour / (battery_wh * 3_600) * 100


def energy_use(
    radio: Radio,
    times_s: npt.ArrayLike,
    span_s: float,
    *,
    bits_up: float = 0.0,
    bits_down: float = 0.0,
) -> Use:
    """The use of a radio that sends or receives at these times, in a span that repeats.

    Args:
        times_s: shape (n,), within ``[0, span_s)``, in any order.
        span_s: the length of the span.
        bits_up, bits_down: sent and received in the whole span.

    Raises:
        UsageError: the span is not above 0, or a time lies outside it.
    """
    times = np.sort(np.asarray(times_s, float))
    if not 0 < span_s < np.inf:
        raise UsageError(f"the span must be above 0 s, not {span_s:g}")
    if len(times) and (times[0] < 0 or times[-1] >= span_s):
        raise UsageError(f"every time must lie within the span of {span_s:g} s")
    hour = 3_600 / span_s
    idle_j = radio.idle_w * span_s
    if not len(times):
        return _use(idle_j, idle_j, 0.0, 0, hour)
    gaps = np.diff(times, append=times[0] + span_s)
    joules, begin_s = np.zeros(len(gaps)), 0.0
    for tail in radio.tails:
        joules += tail.w * np.clip(gaps - begin_s, 0.0, tail.s)
        begin_s += tail.s
    slept = gaps > radio.tail_s
    idle_s = np.maximum(gaps - radio.tail_s - radio.promotion.s, 0.0)
    joules += slept * (radio.promotion.s * radio.promotion.w) + idle_s * radio.idle_w
    total_j = joules.sum() + bits_up * radio.up_j_per_bit + bits_down * radio.down_j_per_bit
    on = 1 - float(idle_s.sum()) / span_s
    return _use(float(total_j), idle_j, on, int(slept.sum()), hour)


def _use(joules: float, idle_j: float, on: float, wakeups: int, hour: float) -> Use:
    return Use(
        joules_per_hour=joules * hour,
        idle_joules_per_hour=idle_j * hour,
        radio_on=on,
        wakeups_per_hour=wakeups * hour,
    )


def timeline(radio: Radio, times_s: npt.ArrayLike, span_s: float) -> list[tuple[float, Spell]]:
    """The states of a radio from 0 to `span_s`, each with its beginning; asleep at first.

    Promotions come before the bytes that they are for.

    Raises:
        UsageError: see `energy_use`.
    """
    energy_use(radio, times_s, span_s)  # checks its arguments
    times = np.sort(np.asarray(times_s, float)).tolist()
    idle = ("idle", radio.idle_w)
    found: list[tuple[float, Spell]] = []

    def stay(name: str, w: float, begin_s: float, end_s: float) -> None:
        if end_s > begin_s:
            found.append((begin_s, Spell(name, end_s - begin_s, w)))

    asleep_since: float = 0.0
    for place, time_s in enumerate(times):
        following = times[place + 1] if place + 1 < len(times) else span_s
        if asleep_since < time_s:
            woken = max(asleep_since, time_s - radio.promotion.s)
            stay(*idle, asleep_since, woken)
            stay(radio.promotion.name, radio.promotion.w, woken, time_s)
        begin_s = time_s
        for tail in radio.tails:
            end_s = min(begin_s + tail.s, following)
            stay(tail.name, tail.w, begin_s, end_s)
            begin_s = end_s
        asleep_since = begin_s
    stay(*idle, asleep_since, span_s)
    return found
