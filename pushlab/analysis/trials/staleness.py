"""Staleness: how far behind a subscriber is, at every moment.

At time *t* it is *t* minus the publish time of the oldest message that the subscriber should have
and has not, and zero when it has all. Under polling it climbs until the next poll and falls to
zero: a sawtooth.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pushlab.analysis.stats.spool import Column, Spool
from pushlab.analysis.stats.values import sum_of
from pushlab.analysis.trials.accounting import TrialRows, subscribers_of

__all__ = ["owed_to", "staleness_at", "staleness_figures"]

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_NEVER = np.iinfo(np.int64).max
_AT_ONCE = 1 << 21  # owed deliveries


def owed_to(rows: TrialRows, subscriber: int) -> tuple[Int64, Int64]:
    """What one subscriber should get: intended times, and arrival times, by intended time.

    A message that never arrived has the largest int64 as its arrival. Those of the warm-up are
    among them: what is still missing when the window begins is missed in it.
    """
    channel = subscriber // max(rows.record.per_channel, 1)
    publishes = rows.publishes
    owed = np.flatnonzero((publishes.channel == channel) & (publishes.seq > 0))
    mine = rows.of_readers([subscriber], warmup=True)
    arrival = np.full(len(publishes), _NEVER, dtype=np.int64)
    arrival[mine.publish_of] = mine.received_ns
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
    terms, most = Column(), 0.0
    for intended, arrival, subscriber in _Owed(rows, start, end).blocks():
        lane = subscriber * (end - start + 1)  # keeps each subscriber's running maximum its own
        complete = np.maximum.accumulate(arrival + lane) - lane
        before = np.concatenate([[0], complete[:-1]])
        before[np.concatenate([[True], subscriber[1:] != subscriber[:-1]])] = 0
        since = np.maximum(np.maximum(intended, before), 0)
        missing = complete > since
        grown = (complete[missing] - intended[missing]) / 1e9
        at_first = (since[missing] - intended[missing]) / 1e9
        terms.append((grown**2 - at_first**2) / 2)
        most = max(most, float(grown.max(initial=0.0)))
    area = sum_of(terms.pieces(), len(terms))
    return {"mean": area / (rows.record.clients * (end - start) / 1e9), "max": most}


class _Owed:
    """Every owed delivery by subscriber and intended time, a few million at a time.

    A place is that of a delivery in this order. Subscribers of one channel are owed the same.
    """

    def __init__(self, rows: TrialRows, start: int, end: int) -> None:
        record, publishes = rows.record, rows.publishes
        self._rows, self._start, self._end = rows, start, end
        self._per_channel = max(record.per_channel, 1)
        mine = np.flatnonzero((publishes.seq > 0) & (publishes.intended_ns < end))
        mine = mine[subscribers_of(record, publishes.channel[mine]) > 0]
        channel = publishes.channel[mine].astype(np.int64)
        order = np.lexsort((publishes.intended_ns[mine], channel))
        mine, channel = mine[order], channel[order]
        channels = -(-record.clients // self._per_channel)
        self._messages = np.bincount(channel, minlength=channels)  # of each channel
        self._begin = np.cumsum(self._messages) - self._messages
        self._intended = publishes.intended_ns[mine] - start
        self._rank = np.full(len(publishes), -1, dtype=np.int64)  # of a publish in its channel
        self._rank[mine] = np.arange(len(mine)) - self._begin[channel]
        own = np.arange(record.clients) // self._per_channel
        self._place = np.concatenate([[0], np.cumsum(self._messages[own])])  # of each subscriber
        last = int(self._place[-1])
        cuts = np.searchsorted(self._place, np.arange(0, last, _AT_ONCE), side="right") - 1
        self._cuts = [*np.unique(cuts).tolist(), record.clients] if last else []

    def blocks(self) -> Iterator[tuple[Int64, Int64, Int64]]:
        """Of some subscribers, of each a row for each message: intended, arrival, subscriber.

        Times count from `start`; an arrival before `start` counts as `start`, one after `end`, or
        never, as `end`. Subscribers are counted from the first of the block.
        """
        came = self._sorted()
        for number, (first, behind) in enumerate(itertools.pairwise(self._cuts)):
            channel = np.arange(first, behind) // self._per_channel
            owed = self._messages[channel]
            which = np.repeat(np.arange(behind - first), owed)
            nth = np.arange(len(which)) - (self._place[first:behind] - self._place[first])[which]
            arrival = np.full(len(which), self._end - self._start, dtype=np.int64)
            for place, received in came[number]:
                arrival[place - self._place[first]] = received
            yield self._intended[self._begin[channel][which] + nth], arrival, which

    def _sorted(self) -> "list[zip[tuple[Int64, Int64]]]":
        """Of each block, the places that something came to, and when."""
        spool, blocks = Spool(), max(0, len(self._cuts) - 1)
        columns = [(Column(spool), Column(spool)) for _ in range(blocks)]
        for some in self._rows.every() if blocks else ():
            rank = self._rank[some.publish_of]
            some, rank = some.where(rank >= 0), rank[rank >= 0]
            place = self._place[some.subscriber] + rank
            received = np.clip(some.received_ns, self._start, self._end) - self._start
            block = np.searchsorted(self._cuts, some.subscriber, side="right") - 1
            order = np.argsort(block, kind="stable")
            ends = np.cumsum(np.bincount(block, minlength=blocks))
            for (places, times), part in zip(columns, np.split(order, ends[:-1]), strict=True):
                if len(part):
                    places.append(place[part])
                    times.append(received[part])
        return [zip(one.pieces(), other.pieces(), strict=True) for one, other in columns]
