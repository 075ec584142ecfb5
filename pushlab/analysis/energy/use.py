"""Energy from times of traffic: a radio's states between one byte and the next.

A transfer itself is taken as a moment: its bytes cost what sending and receiving a bit adds, and it
starts the tails; where a tail can carry so few bytes, it starts that tail alone. The time span is
taken as one turn of an endless repetition, so that a short span stands for an hour without edges:
what follows the last byte of it is the first of the next turn.
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
        packets_joules_per_hour: of it, what sending and receiving the packets adds to the states.
        radio_on: the share of the time in which it was not idle.
        wakeups_per_hour: promotions from idle.
    """

    joules_per_hour: float
    idle_joules_per_hour: float
    packets_joules_per_hour: float
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
    up: npt.ArrayLike | None = None,
    down: npt.ArrayLike | None = None,
) -> Use:
    """The use of a radio that sends or receives at these times, in a span that repeats.

    Args:
        times_s: shape (n,), within ``[0, span_s)``, ascending.
        span_s: the length of the span.
        up, down: bytes sent and received at each; shape (n,). None: nobody knows them: they cost
            nothing by themselves, and no tail can carry them.

    Raises:
        UsageError: the span is not above 0, or a time lies outside it.
    """
    times, entered, bits = _moments(radio, times_s, span_s, up, down)
    hour = 3_600 / span_s
    idle_j = radio.idle_w * span_s
    if not len(times):
        return _use(idle_j, idle_j, 0.0, 0.0, 0, hour)
    gaps = np.diff(times, append=times[0] + span_s)
    joules, asleep = np.zeros(len(gaps)), gaps.copy()
    for place, tail in enumerate(radio.tails):
        in_it = np.where(entered <= place, np.clip(asleep, 0.0, tail.s), 0.0)
        asleep -= np.where(entered <= place, tail.s, 0.0)
        woken = (asleep <= 0) & (in_it > 0) & (np.roll(entered, -1) < place)
        waking = np.where(woken, np.minimum(in_it, tail.promotion_s), 0.0)
        joules += (in_it - waking) * tail.w + waking * radio.promotion.w
    slept = asleep > 0
    idle_s = np.maximum(asleep - radio.promotion.s, 0.0)
    joules += slept * (radio.promotion.s * radio.promotion.w) + idle_s * radio.idle_w
    packets_j = bits[0] * radio.up_j_per_bit + bits[1] * radio.down_j_per_bit
    on = 1 - float(idle_s.sum()) / span_s
    return _use(float(joules.sum()) + packets_j, idle_j, packets_j, on, int(slept.sum()), hour)


def _moments(
    radio: Radio,
    times_s: npt.ArrayLike,
    span_s: float,
    up: npt.ArrayLike | None,
    down: npt.ArrayLike | None,
) -> tuple[Floats, npt.NDArray[np.int64], tuple[float, float]]:
    """The times, the tail by its place that each leaves the radio in, and all bits up and down.

    Raises:
        UsageError: see `energy_use`.
    """
    times = np.asarray(times_s, float)
    if not 0 < span_s < np.inf:
        raise UsageError(f"the span must be above 0 s, not {span_s:g}")
    if len(times) and (times.min() < 0 or times.max() >= span_s):
        raise UsageError(f"every time must lie within the span of {span_s:g} s")
    order = np.argsort(times, kind="stable")
    times = times[order]
    if up is None or down is None:
        return times, np.zeros(len(times), np.int64), (0.0, 0.0)
    sent, got = (np.asarray(size, float)[order] for size in (up, down))
    entered = np.zeros(len(times), np.int64)
    carried = [(sent <= tail.up_bytes) & (got <= tail.down_bytes) for tail in radio.tails]
    if len(times) and any(found.any() for found in carried):
        gaps = np.diff(times, prepend=times[-1] - span_s).tolist()
        place = 0
        for turn in range(2):  # of the first, only what it leaves the next with
            for i, gap in enumerate(gaps):
                left = gap
                while place < len(radio.tails) and left > radio.tails[place].s:
                    left -= radio.tails[place].s
                    place += 1
                place = place if place < len(radio.tails) and carried[place][i] else 0
                if turn:
                    entered[i] = place
    return times, entered, (float(sent.sum()) * 8, float(got.sum()) * 8)


def _use(
    joules: float, idle_j: float, packets_j: float, on: float, wakeups: int, hour: float
) -> Use:
    return Use(
        joules_per_hour=joules * hour,
        idle_joules_per_hour=idle_j * hour,
        packets_joules_per_hour=packets_j * hour,
        radio_on=on,
        wakeups_per_hour=wakeups * hour,
    )


def timeline(
    radio: Radio,
    times_s: npt.ArrayLike,
    span_s: float,
    *,
    up: npt.ArrayLike | None = None,
    down: npt.ArrayLike | None = None,
) -> list[tuple[float, Spell]]:
    """The states of a radio from 0 to `span_s`, each with its beginning; asleep at first.

    Promotions come before the bytes that they are for. The arguments are those of `energy_use`.

    Raises:
        UsageError: see `energy_use`.
    """
    times, entered, _ = _moments(radio, times_s, span_s, up, down)
    idle = Spell("idle", 0.0, radio.idle_w)
    found: list[tuple[float, Spell]] = []

    def stay(state: Spell, begin_s: float, end_s: float) -> None:
        if end_s > begin_s:
            found.append((begin_s, Spell(state.name, end_s - begin_s, state.w)))

    asleep_since: float = 0.0
    for place, time_s in enumerate(times.tolist()):
        following = times[place + 1] if place + 1 < len(times) else span_s
        wakes = place + 1 < len(times)
        if asleep_since < time_s:
            woken = max(asleep_since, time_s - radio.promotion.s)
            stay(idle, asleep_since, woken)
            stay(radio.promotion, woken, time_s)
        begin_s = time_s
        for which, tail in enumerate(radio.tails[entered[place] :], entered[place]):
            end_s = min(begin_s + tail.s, following)
            left_s = tail.promotion_s * (
                end_s == following and wakes and entered[place + 1] < which
            )
            woken = max(begin_s, end_s - left_s)
            stay(tail, begin_s, woken)
            stay(radio.promotion, woken, end_s)
            begin_s = end_s
        asleep_since = begin_s
    stay(idle, asleep_since, span_s)
    return found
