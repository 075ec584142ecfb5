"""The median latency while a trial runs, from samples: to be watched, never to be kept.

What a run reports is computed from its rows, afterwards. Here the publishes of a channel are taken
to be accepted in the order of the schedule, which spares asking the publisher.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np

from pushlab.lab.scenario.schedule import Schedule

__all__ = ["LiveLatency"]

_MOST = 2_000  # samples; the oldest go first


class LiveLatency:
    """Finds the intended times of deliveries.

    Args:
        heads: the channels' newest `seq` before the schedule begins.
        begin_ns: when the schedule begins.
        per_channel: subscriber ``i`` reads channel ``i // per_channel``.
    """

    def __init__(
        self, schedule: Schedule, *, heads: Sequence[int], begin_ns: int, per_channel: int
    ) -> None:
        order = np.argsort(schedule.channel, kind="stable")
        self._intended_ns = schedule.offset_ns[order] + begin_ns
        self._bounds = np.searchsorted(schedule.channel[order], np.arange(len(heads) + 1))
        self._heads = np.asarray(heads, np.int64)
        self._per_channel = per_channel
        self._seen_ns: deque[int] = deque(maxlen=_MOST)
        self._until_ns = 0

    def add(self, rows: Sequence[Sequence[int]]) -> float | None:
        """Take the newest rows of subscriber, `seq` and receiving time; the median up to now."""
        new = np.asarray([row for row in rows if row[2] > self._until_ns], np.int64)
        if len(new):
            subscriber, seq, received_ns = new.T
            self._until_ns = int(received_ns.max())
            channel = subscriber // self._per_channel
            place = self._bounds[channel] + seq - self._heads[channel] - 1
            known = (place >= self._bounds[channel]) & (place < self._bounds[channel + 1])
            self._seen_ns.extend(received_ns[known] - self._intended_ns[place[known]])
        return float(np.median(self._seen_ns)) / 1e9 if self._seen_ns else None
