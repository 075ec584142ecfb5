"""What the shares of a swarm tell, put together: what one swarm of all subscribers would have told.

Counts are sums. A percentile is that of all samples together, never a mean of percentiles.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, cast

import numpy as np

from pushlab.hub.loop_lag import p99_s
from pushlab.lab.workers.clients import read_rows
from pushlab.lab.workers.messages import Counters, SwarmReport, SwarmStatus
from pushlab.runs import WitnessFigures
from pushlab.runs.batches import Batches, Rows
from pushlab.runs.rows import Columns

__all__ = [
    "merge_counters",
    "merge_hits",
    "merge_reports",
    "merge_rows",
    "merge_statuses",
    "rows_of",
]

_RECENT = 50
_SUMS = [one.name for one in dataclasses.fields(Counters) if one.name not in ("at_ns", "hits")]
#: By which column rows are in order, where that is not each subscriber's own order of arrival.
_ORDER = {"connects": "connected_ns", "traffic": "at_ns"}


def merge_hits(each: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Hits of all, by kind."""
    total: Counter[str] = Counter()
    for hits in each:
        total.update(hits)
    return dict(total)


def merge_counters(each: Sequence[Counters]) -> Counters:
    """The sums; they were looked at when the last one was."""
    sums: dict[str, Any] = {name: sum(map(attrgetter(name), each)) for name in _SUMS}
    hits = merge_hits([one.hits for one in each])
    return Counters(at_ns=max(one.at_ns for one in each), hits=hits, **sums)


def merge_statuses(each: Sequence[SwarmStatus]) -> SwarmStatus:
    """How far all subscribers are; of reasons the one that most shares have."""
    recent = sorted((row for one in each for row in one.recent), key=lambda row: row[2])
    reasons = Counter(one.reason for one in each if one.reason)
    return SwarmStatus(
        connected=sum(one.connected for one in each),
        pending=sum(one.pending for one in each),
        deliveries=sum(one.deliveries for one in each),
        recent=recent[-_RECENT:],
        reason=next((reason for reason, _ in reasons.most_common(1)), ""),
    )


def merge_reports(each: Sequence[SwarmReport], lacking: str = "") -> SwarmReport:
    """The report of all; each stays in it with its own rows.

    Args:
        lacking: why there is none of some share.
    """
    starts = [one.start for one in each if one.start is not None]
    lags = [lag for one in each for lag in one.window_lags_ns]
    return SwarmReport(
        start=merge_counters(starts) if len(starts) == len(each) else None,
        end=merge_counters([one.end for one in each]),
        now=merge_counters([one.now for one in each]),
        loop_lag_p99_s=p99_s(lags),
        loop_lags=sorted(lag for one in each for lag in one.loop_lags),
        window_lags_ns=lags,
        descriptor_limit=min(one.descriptor_limit for one in each),
        witnesses=_merge_witnesses([one.witnesses for one in each]),
        rows=merge_hits([one.rows for one in each]),
        closed=sum(one.closed for one in each),
        reasons=merge_hits([one.reasons for one in each]),
        shares=list(each),
        lacking=lacking,
    )


def _merge_witnesses(each: Sequence[WitnessFigures]) -> WitnessFigures:
    """Those of all shares; a share may have none, since they are drawn among all subscribers."""
    paths = [one.path_s for one in each if one.path_s is not None]
    clients = sum(one.clients for one in each)
    return WitnessFigures(
        clients=clients,
        deliveries=sum(one.deliveries for one in each),
        bounded=sum(one.bounded for one in each),
        discarded=sum(one.discarded for one in each),
        steps=max(one.steps for one in each),
        sends=sum(one.sends for one in each),
        bound_ns=max(one.bound_ns for one in each),
        path_s=min(paths, default=None),
        why="" if clients else next((one.why for one in each if one.why), ""),
    )


def rows_of(told: SwarmReport, folder: Path, *, per_channel: int) -> dict[str, Rows]:
    """The rows that a swarm, or its shares, have written below `folder`, by kind."""
    each = [
        read_rows(folder / one.part, one.rows, per_channel=per_channel)
        for one in told.shares or [told]
    ]
    return merge_rows(each) if told.shares else each[0]


def merge_rows(each: Sequence[Mapping[str, Rows]]) -> dict[str, Rows]:
    """The rows of all shares, by kind; those of a subscriber stay in their order.

    Deliveries come in pieces, one share after another; of all else there is little.
    """
    found: dict[str, Rows] = {}
    for kind in each[0]:
        if kind == "deliveries":
            found[kind] = Batches.chained([rows[kind] for rows in each])
            continue
        parts = [cast(Columns, rows[kind]) for rows in each]
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        if kind in _ORDER:
            order = np.argsort(columns[_ORDER[kind]], kind="stable")
            columns = {name: column[order] for name, column in columns.items()}
        if kind == "numbers":  # a message that came to several shares is one
            place = columns["channel"].astype(np.int64) << 40 | columns["seq"]
            _, once = np.unique(place, return_index=True)
            columns = {name: column[np.sort(once)] for name, column in columns.items()}
        found[kind] = columns
    return found
