"""What chance makes of hits and polled latencies, given the schedule that a trial drew.

A closed form foretells a mean. One trial scatters around it: by the phases of its polls, by the
holds that expire, by the messages that meet in one answer, by what is under way when the window
begins and ends. Clients of one channel share its messages, so what happens to one happens to all of
them at once.
"""

import math

import numpy as np
import numpy.typing as npt

from pushlab.analysis.models.formulas import pings_per_s, poll_cycle_s
from pushlab.analysis.models.prediction import Prediction, Ways
from pushlab.runs import TrialRecord

__all__ = ["hits_variance", "polled_latency_variance"]

Int64 = npt.NDArray[np.int64]

_PHASES = 64  # at which the waits of one client's messages are looked at
_MOST_CHANNELS = 500  # that are looked at; the others are taken to be like them


def hits_variance(
    record: TrialRecord, predicted: Prediction, ways: Ways, *, owed: int, late_s: float
) -> float:
    """The variance of a trial's hits, given its schedule; 0 where no hits are foretold.

    Args:
        owed: deliveries, as the schedule has them.
        late_s: how long a delivery takes: so much may be under way at either end of the window.
    """
    profile, hits = record.profile, predicted.hits or 0.0
    readers, span_s = max(1, min(record.per_channel, record.clients)), record.duration_s
    if profile.delivery == "interval-poll":
        cycle = poll_cycle_s(
            interval_s=profile.timers.interval_s,
            round_trip_s=ways.round_trip_s,
            pause=profile.pause,
        )
        return record.clients * _bernoulli(span_s / cycle)
    edges = 2 * readers * owed / span_s * late_s if hits and span_s else 0.0
    if profile.delivery == "held-poll":
        lam, gap, hold = owed / record.clients / span_s, ways.round_trip_s, profile.timers.hold_s
        empty = hits * math.exp(-lam * (gap + hold))
        if record.arrivals != "poisson":
            empty = max(0.0, hits - owed)
        met = max(0.0, owed + empty - hits)  # messages that came with another
        # Until a channel has its first message, its holds are those of all: they began at once.
        still = math.exp(-lam * span_s) ** 2 * _bernoulli(span_s / (gap + hold))
        return edges + readers * (empty + met) + record.clients**2 * still
    keep_alive_s = profile.client_keep_alive_s
    spoken = owed / record.clients / span_s if profile.acks else 0.0
    pings = 0.0
    if keep_alive_s:  # all connected at once, so that all of them may ping at once
        pings = pings_per_s(rate_per_s=spoken, keep_alive_s=keep_alive_s) * span_s
    return profile.acks**2 * edges + record.clients**2 * _bernoulli(pings)


def _bernoulli(expected: float) -> float:
    """Of a count that is the whole number above `expected` or the one below."""
    part = expected % 1.0
    return part * (1 - part)


def polled_latency_variance(
    record: TrialRecord, intended_ns: Int64, channel: npt.NDArray[np.int32], cycle_s: float
) -> float:
    """The variance of a trial's mean latency over the phases of its clients' polls.

    One phase makes all waits of one client, so its messages are no independent samples.
    """
    channels, counts = np.unique(channel, return_counts=True)
    if not len(channels):
        return math.inf
    phases = (np.arange(_PHASES) + 0.5) / _PHASES * cycle_s
    step = max(1, len(channels) // _MOST_CHANNELS)
    spread = []
    for each in channels[::step]:
        at_s = intended_ns[channel == each] / 1e9
        waits = (phases[:, None] - at_s[None, :]) % cycle_s
        spread.append(float(waits.sum(axis=1).var()))
    readers = max(1, min(record.per_channel, record.clients))
    total = readers * float(counts.sum())
    return readers * float(np.mean(spread)) * len(channels) / total**2
