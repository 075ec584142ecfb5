"""The latency of the newest deliveries while a trial runs: to be watched, never to be kept.

What a run reports is computed from its rows, afterwards. Here the publishes of a channel are taken
to be accepted in the order of the schedule, which spares asking the publisher.
"""

from collections.abc import Sequence

import numpy as np

from pushlab.lab.schedule import Schedule

__all__ = ["LiveLatency"]


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

    def median_s(self, rows: Sequence[Sequence[int]]) -> float | None:
        """The median latency of rows of subscriber, `seq` and receiving time; None without any."""
        if not rows:
            return None
        subscriber, seq, received_ns = np.asarray(rows, np.int64).T
        channel = subscriber // self._per_channel
        place = self._bounds[channel] + seq - self._heads[channel] - 1
        known = (place >= self._bounds[channel]) & (place < self._bounds[channel + 1])
        if not known.any():
            return None
        return float(np.median(received_ns[known] - self._intended_ns[place[known]])) / 1e9
