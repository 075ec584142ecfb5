"""Staleness: how far behind a subscriber is, at every moment.

At time *t* it is *t* minus the publish time of the oldest message that the subscriber should have
and has not, and zero when it has all. Under polling it climbs until the next poll and falls to
zero: a sawtooth.
"""

import numpy as np
import numpy.typing as npt

from pushlab.analysis.trials.accounting import TrialRows, subscribers_of

__all__ = ["owed_to", "staleness_at", "staleness_figures"]

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_NEVER = np.iinfo(np.int64).max


def owed_to(rows: TrialRows, subscriber: int) -> tuple[Int64, Int64]:
    """What one subscriber should get: intended times, and arrival times, by intended time.

    A message that never arrived has the largest int64 as its arrival. Those of the warm-up are
    among them: what is still missing when the window begins is missed in it.
    """
    channel = subscriber // max(rows.record.per_channel, 1)
    publishes = rows.publishes
    owed = np.flatnonzero((publishes.channel == channel) & (publishes.seq > 0))
    delivery_of, publish_of = rows.every_delivery_of, rows.every_publish_of
    mine = rows.deliveries.subscriber[delivery_of] == subscriber
    arrival = np.full(len(publishes), _NEVER, dtype=np.int64)
    arrival[publish_of[mine]] = rows.deliveries.received_ns[delivery_of[mine]]
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


def staleness_figures(rows: TrialRows) -> dict[str, float | None]:
    """Mean over time and subscribers, and largest staleness, over the measured window, in seconds.

    Exact: while message *i* is the oldest one missing, staleness grows from the moment its
    predecessors are there to the moment it arrives, so each message adds a trapezium. What of it
    lies before the window, or after it, is not counted.
    """
    start, end = rows.record.measure_start_ns, rows.record.measure_end_ns
    if start is None or end is None or end <= start or not rows.record.clients:
        return {"mean": None, "max": None}
    intended, arrival, subscriber = _all_owed(rows, start, end)
    if not len(intended):
        return {"mean": 0.0, "max": 0.0}
    lane = subscriber * (end - start + 1)  # keeps each subscriber's running maximum its own
    complete = np.maximum.accumulate(arrival + lane) - lane
    before = np.concatenate([[0], complete[:-1]])
    before[np.concatenate([[True], subscriber[1:] != subscriber[:-1]])] = 0
    since = np.maximum(np.maximum(intended, before), 0)
    missing = complete > since
    grown = (complete[missing] - intended[missing]) / 1e9
    at_first = (since[missing] - intended[missing]) / 1e9
    area = float(((grown**2 - at_first**2) / 2).sum())
    return {
        "mean": area / (rows.record.clients * (end - start) / 1e9),
        "max": float(grown.max(initial=0.0)),
    }


def _all_owed(rows: TrialRows, start: int, end: int) -> tuple[Int64, Int64, Int64]:
    """Every owed delivery by subscriber and intended time: intended, arrival, subscriber.

    Times count from `start`; an arrival before `start` counts as `start`, one after `end`, or
    never, as `end`.
    """
    record, publishes = rows.record, rows.publishes
    mine = np.flatnonzero((publishes.seq > 0) & (publishes.intended_ns < end))
    channel = publishes.channel[mine].astype(np.int64)
    owed = subscribers_of(record, publishes.channel[mine])
    first = np.cumsum(owed) - owed
    which = np.repeat(np.arange(len(mine)), owed)
    subscriber = np.arange(len(which)) - first[which] + channel[which] * record.per_channel
    arrival = np.full(len(which), end - start, dtype=np.int64)
    place = np.full(len(publishes), -1, dtype=np.int64)
    place[mine] = np.arange(len(mine))
    row = place[rows.every_publish_of]
    known = row >= 0
    row = row[known]
    delivery_of = rows.every_delivery_of[known]
    reader = rows.deliveries.subscriber[delivery_of].astype(np.int64)
    received = rows.deliveries.received_ns[delivery_of]
    at = first[row] + reader - channel[row] * record.per_channel
    arrival[at] = np.clip(received, start, end) - start
    intended = publishes.intended_ns[mine][which] - start
    order = np.lexsort((intended, subscriber))
    return intended[order], arrival[order], subscriber[order]
