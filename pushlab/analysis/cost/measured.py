"""From a cell's trials to the traffic that a meter reads, and to what its servers took."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from pushlab.analysis.cost.sizes import Sizes
from pushlab.analysis.cost.traffic import Traffic
from pushlab.runs.records import HUB

if TYPE_CHECKING:  # it loads numpy
    from pushlab.analysis.trials.figures import TrialFigures

__all__ = ["OF_HUB_ALONE", "measured_sizes", "nothing_to_price", "traffic_by_cell", "traffic_of"]

#: Why a foreign server has no bill.
OF_HUB_ALONE = (
    "bills are made of pushlab's own hub alone: what several servers of another make need beside"
    " them, and which offers would replace them, is not in the price book"
)


def nothing_to_price(cells: Mapping[str, Sequence["TrialFigures"]]) -> str:
    """Why there is no traffic that a bill could be made of."""
    if any(trials for trials in cells.values()):
        return f"{OF_HUB_ALONE}; this run has none of the hub"
    return "no trial went well, so there is nothing to price"


def traffic_by_cell(cells: Mapping[str, Sequence["TrialFigures"]]) -> dict[str, Traffic]:
    """The traffic of every cell of the hub that has a good trial, without the harness's floor."""
    found = {}
    for cell, trials in cells.items():
        good = [t for t in trials if t.record.status == "ok" and not t.record.floor]
        good = [t for t in good if t.record.system == HUB]
        traffic = traffic_of(good) if good else None
        if traffic is not None:
            found[cell] = traffic
    return found


def traffic_of(good: Sequence["TrialFigures"]) -> Traffic | None:
    """The traffic of one cell's good trials, put together; None if no time was measured."""
    seconds = sum(t.record.duration_s for t in good)
    if not seconds:
        return None
    first = good[0].record
    servers = [t.record.server for t in good if t.record.server]
    swarms = [t.record.swarm for t in good if t.record.swarm]
    brokers = [t.record.broker for t in good if t.record.broker]
    held = [s.rss_bytes for s in servers if s.rss_bytes is not None]
    memory = max(held) if held and len(held) == len(servers) else None
    if memory is not None:
        memory += max((b.rss_bytes or 0 for b in brokers), default=0)
    used = [t.cpu_s for t in good if t.cpu_s is not None]
    hits_per_s = sum(t.hits_total for t in good) / seconds
    polls = first.profile.delivery == "held-poll" and hits_per_s > 0
    return Traffic(
        profile=first.profile,
        clients=first.clients,
        channels=first.channels,
        hits_per_s=hits_per_s,
        deliveries_per_s=sum(t.rows.counts.delivered for t in good) / seconds,
        acks_per_s=sum(t.hits.get("ack", 0) for t in good) / seconds,
        publishes_per_s=sum(t.rows.counts.accepted for t in good) / seconds,
        payload_bytes=fmean(t.payload_bytes for t in good),
        up_bytes_per_s=_per_s(seconds, [s.bytes_out for s in swarms]),
        down_bytes_per_s=_per_s(seconds, [s.bytes_in for s in swarms]),
        interval_s=first.profile.timers.interval_s or None,
        open_s=first.clients / hits_per_s if polls else 0.0,
        cores=sum(used) / seconds if len(used) == len(good) else None,
        memory_bytes=memory,
    )


def measured_sizes(good: Sequence["TrialFigures"]) -> Sizes | None:
    """What the servers of one cell's good trials took for this very load; None if nobody looked.

    From the least to the most is the 95 % interval of the mean over trials.
    """
    traffic = traffic_of(good)
    if traffic is None or traffic.cores is None or traffic.memory_bytes is None:
        return None
    cores = [(t.cpu_s or 0.0) / t.record.duration_s for t in good if t.record.duration_s]
    held = [float(t.record.server.rss_bytes or 0) for t in good if t.record.server]
    return Sizes.in_proportion(
        traffic,
        cores=_around(traffic.cores, cores),
        held_bytes=_around(traffic.memory_bytes, held),
        source="this run's trials",
    )


def _around(value: float, each: Sequence[float]) -> tuple[float, float, float]:
    """A value with its interval; half to twice as much where there are too few trials for one."""
    from pushlab.analysis.stats.intervals import MIN_TRIALS, t_reach

    if len(each) < MIN_TRIALS:
        return value / 2, value, value * 2
    reach = t_reach(len(each) - 1) * stdev(each) / math.sqrt(len(each))
    return max(0.0, value - reach), value, value + reach


def _per_s(seconds: float, counts: Sequence[int]) -> float | None:
    return sum(counts) / seconds if counts else None
