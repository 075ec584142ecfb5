"""Staleness: how far behind a subscriber is, at every moment.

At time *t* it is *t* minus the publish time of the oldest message that the subscriber should have
and has not, and zero when it has all. Under polling it climbs until the next poll and falls to
zero: a sawtooth.
"""

import numpy as np
import numpy.typing as npt

from pushlab.analysis.accounting import TrialRows

__all__ = ["owed_to", "staleness_at", "staleness_figures"]

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_NEVER = np.iinfo(np.int64).max


def owed_to(rows: TrialRows, subscriber: int) -> tuple[Int64, Int64]:
    """What one subscriber should get: intended times, and arrival times, by intended time.

    A message that never arrived has the largest int64 as its arrival. Only messages of the
    measured window count.
    """
    channel = subscriber // max(rows.record.per_channel, 1)
    publishes = rows.publishes
    owed = np.flatnonzero((publishes.channel == channel) & ~publishes.warmup & (publishes.seq > 0))
    mine = rows.deliveries.subscriber[rows.delivery_of] == subscriber
    arrival = np.full(len(publishes), _NEVER, dtype=np.int64)
    arrival[rows.publish_of[mine]] = rows.deliveries.received_ns[rows.delivery_of[mine]]
    owed = owed[np.argsort(publishes.intended_ns[owed], kind="stable")]
    return publishes.intended_ns[owed], arrival[owed]


def staleness_at(intended_ns: Int64, received_ns: Int64, at_ns: Int64) -> Floats:
    """The staleness in seconds at the times `at_ns`, for what `owed_to` returned."""
    if not len(intended_ns):
        return np.zeros(len(at_ns))
    # The first message not yet there at t is the first whose running maximum of arrivals is
    # beyond t: before it, everything has come.
    complete = np.maximum.accumulate(received_ns)
    oldest = np.searchsorted(complete, at_ns, side="right")
    missing = oldest < len(intended_ns)
    since = intended_ns[np.minimum(oldest, len(intended_ns) - 1)]
    return np.where(missing & (since <= at_ns), (at_ns - since) / 1e9, 0.0)


def staleness_figures(
    rows: TrialRows, *, subscribers: int = 50, points: int = 2000
) -> dict[str, float | None]:
    """Mean and largest staleness over the measured window, in seconds.

    Args:
        subscribers: how many of them, evenly chosen, are looked at.
        points: at how many evenly spaced times.
    """
    start, end = rows.record.measure_start_ns, rows.record.measure_end_ns
    if start is None or end is None or end <= start or not rows.record.clients:
        return {"mean": None, "max": None}
    at = np.linspace(start, end, points).astype(np.int64)
    count = min(subscribers, rows.record.clients)
    chosen = np.unique(np.linspace(0, rows.record.clients - 1, count).astype(np.int64))
    curves = [staleness_at(*owed_to(rows, int(one)), at) for one in chosen]
    return {
        "mean": float(np.mean([curve.mean() for curve in curves])),
        "max": float(max(curve.max() for curve in curves)),
    }
