"""How long each delivery may have stood still on its way, and whose doing that was.

The scheduler counts for how long a process was ready to run and stood in its core's queue. Between
two looks at a process that time is shared out over the time in which it ran or waited: a delivery
that was under way for a part of that has waited at most the same share of the part. So what is said
here is what waiting could have made of a latency, at most, and not what it has made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pushlab.analysis.stats.spool import Column, Spool
from pushlab.analysis.stats.values import Values
from pushlab.analysis.trials.accounting import TrialRows
from pushlab.runs import PublishRows, Run, member_name, share_name
from pushlab.runs.layout import rows_path

__all__ = ["SERVERS", "Waiting", "waiting_of"]

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Processes that a message passes, after the publisher.
SERVERS = ("hub", "broker", "backplane")
_PASSED = (*SERVERS, "swarm")
#: A poller's message passes hub and swarm with its publish and with the poll that fetches it, and
#: not with all that is asked meanwhile; each time it may wait for twice as long as is usual.
_PASSES = 2 * 2
_AT_BEST = 0.1
_PYTHONS_S = 50e-6  # the most that a publisher nobody disturbs takes from its clock to its socket
_ROUNDED_S = 0.001  # to which uvloop rounds its timers


@dataclass(frozen=True, slots=True)
class Waiting:
    """What stood still in one trial.

    Attributes:
        each: seconds of each delivery, in pieces as those are, by who stood still; nobody is there
            who was not watched. ``publisher``: sent later than it always does, and that was not the
            server's doing, which is known and not bounded. ``hub``, ``broker``, ``swarm``: stood in
            a core's queue. ``machine``: its host gave its time to others.
        spans_s: between two looks at the subscribers' event loops in the window; and
        lags_s: the worst lag in each, less what the loop rounds to.
    """

    each: Mapping[str, Values]
    spans_s: Floats = field(default_factory=lambda: np.zeros(0))
    lags_s: Floats = field(default_factory=lambda: np.zeros(0))


def waiting_of(run: Run, rows: TrialRows) -> Waiting:
    """What one trial's deliveries may have waited for.

    Raises:
        RunError: the file of the looks is damaged.
    """
    publishes, record = rows.publishes, rows.record
    late_s = _late(publishes)
    each = {
        "publisher": Values(
            lambda: (late_s[some.publish_of] for some in rows.measured()), rows.counts.delivered
        )
    }
    if not rows_path(run.path, "samples", record.order).exists():
        return Waiting(each)
    looks = run.table("samples", record).to_pydict()
    named = {name: _looked(looks, _who(rows, name)) for name in _PASSED}
    watched = {name: found for name, found in named.items() if found}
    most_s = {name: _most(rows, name) for name in watched}
    machine, stolen = record.machine, 0.0
    if machine is not None and machine.stolen_s:
        stolen = machine.stolen_s / (machine.stolen_s + machine.cpu_s)
    spool = Spool()
    columns = {name: Column(spool) for name in (*watched, *(("machine",) if stolen else ()))}
    sent_ns = np.maximum(publishes.sent_ns, publishes.intended_ns)
    for some in rows.measured() if columns else ():
        from_s, to_s = sent_ns[some.publish_of] / 1e9, some.received_ns / 1e9
        passed = np.zeros(len(to_s))
        for name, found in watched.items():
            share_of = _share_of(rows, name, some.subscriber)
            waited, ran = _stood(found, share_of, from_s, to_s)
            columns[name].append(np.minimum(waited, most_s[name]))
            passed += np.minimum(waited + ran, to_s - from_s)
        if stolen:
            columns["machine"].append(stolen * np.minimum(passed, to_s - from_s))
    each |= {name: Values(column.pieces, len(column)) for name, column in columns.items()}
    start_ns, end_ns = record.measure_start_ns or 0, record.measure_end_ns or 0
    spans: list[Floats] = []
    lags: list[Floats] = []
    for name in _who(rows, "swarm"):
        at_s = _of(looks, name, "at_ns")
        lags_s = np.nan_to_num(_of(looks, name, "loop_lag_ns")[1:]) - _ROUNDED_S
        within = (at_s[1:] > start_ns / 1e9) & (at_s[:-1] < end_ns / 1e9)
        spans.append(np.diff(at_s)[within])
        lags.append(np.maximum(0.0, lags_s)[within])
    return Waiting(each, np.concatenate(spans), np.concatenate(lags))


def _late(publishes: PublishRows) -> Floats:
    """By how much each message was sent later than the publisher always sends, in seconds.

    What Python itself takes is in every transport's latency and falls out of their differences.
    """
    sent = publishes.sent_ns > 0
    late = (publishes.sent_ns - publishes.intended_ns - publishes.held_ns) / 1e9
    if not sent.any():
        return np.zeros(len(late))
    always_s = min(float(np.quantile(late[sent], _AT_BEST)), _PYTHONS_S)
    return np.where(sent, np.maximum(0.0, late - always_s), 0.0)


def _of(looks: Mapping[str, Sequence[Any]], process: str, column: str) -> Floats:
    """A column of the looks at one process, nanoseconds as seconds; NaN where it is not known."""
    kept = zip(looks["process"], looks[column], strict=True)
    values = [value for name, value in kept if name == process]
    return np.array(values, dtype=np.float64) / 1e9


def _who(rows: TrialRows, name: str) -> list[str]:
    """The processes that deliveries have passed: one, some hubs, or the swarm's shares in order."""
    if name == "hub" and rows.record.server and (workers := rows.record.server.workers):
        return [member_name(name, one.number) for one in workers]
    shares = rows.record.swarm.shares if rows.record.swarm and name == "swarm" else []
    return [share_name(share.number) for share in shares] or [name]


def _share_of(rows: TrialRows, name: str, subscriber: Int64) -> Int64 | None:
    """Which of these each delivery has passed; None: there is one."""
    shares = rows.record.swarm.shares if rows.record.swarm and name == "swarm" else []
    if not shares:
        return None
    return np.searchsorted([share.first for share in shares], subscriber, side="right") - 1


#: When a process was looked at, and how long it waited and ran between these looks.
_Looked = tuple[Floats, Floats, Floats]


def _looked(looks: Mapping[str, Sequence[Any]], who: Sequence[str]) -> list[_Looked]:
    """Of each of these processes; empty where one of them was not watched."""
    found = []
    for name in who:
        waited_s = _of(looks, name, "waited_ns")
        if len(waited_s) < 2 or np.isnan(waited_s).any():
            return []
        ran_s = np.diff(_of(looks, name, "cpu_s") * 1e9)
        found.append((_of(looks, name, "at_ns"), np.diff(waited_s), ran_s))
    return found


def _stood(
    looked: Sequence[_Looked], share_of: Int64 | None, from_s: Floats, to_s: Floats
) -> tuple[Floats, Floats]:
    """How long who each delivery has passed waited and ran meanwhile."""
    if share_of is None and len(looked) > 1:
        return _stood_at_two(looked, from_s, to_s)
    if share_of is None:
        return _under_way(from_s, to_s, *looked[0])
    waited, ran = np.zeros(len(from_s)), np.zeros(len(from_s))
    for at, one in enumerate(looked):
        theirs = share_of == at
        waited[theirs], ran[theirs] = _under_way(from_s[theirs], to_s[theirs], *one)
    return waited, ran


def _stood_at_two(looked: Sequence[_Looked], from_s: Floats, to_s: Floats) -> tuple[Floats, Floats]:
    """The same at most, where a message passes two of these: who took it, and who delivers it."""
    found = [_under_way(from_s, to_s, *one) for one in looked]
    waited, ran = (np.sort([each[at] for each in found], axis=0)[-2:].sum(0) for at in (0, 1))
    return waited, ran


def _under_way(
    from_s: Floats, to_s: Floats, at_s: Floats, waited_s: Floats, ran_s: Floats
) -> tuple[Floats, Floats]:
    """How long a process waited and ran while each delivery was under way, at most.

    Args:
        at_s: when it was looked at.
        waited_s, ran_s: between these looks.
    """
    busy_s = np.maximum(waited_s + ran_s, 1e-9)
    first = np.clip(np.searchsorted(at_s, from_s, side="right") - 1, 0, len(busy_s) - 1)
    last = np.clip(np.searchsorted(at_s, to_s, side="right") - 1, 0, len(busy_s) - 1)
    alone = first == last
    # The part of the first span, all spans between, and the part of the last; or the one's part.
    here_s = np.where(alone, to_s - from_s, at_s[first + 1] - from_s)
    there_s = np.where(alone, 0.0, to_s - at_s[last])
    found = []
    for each_s in (waited_s, ran_s):
        sums = np.concatenate([[0.0], np.cumsum(each_s)])
        share = each_s / busy_s
        between = np.where(alone, 0.0, sums[last] - sums[np.minimum(first + 1, last)])
        ends = np.minimum(here_s * share[first], each_s[first])
        ends += np.minimum(there_s * share[last], each_s[last])
        found.append(np.maximum(0.0, between + ends))
    return found[0], found[1]


def _most(rows: TrialRows, name: str) -> float:
    """The most that a delivery can have waited for a process, by how often it passes that."""
    record = rows.record
    if record.profile.delivery != "interval-poll" or record.machine is None:
        return np.inf
    requests = sum(record.swarm.hits.values()) if record.swarm else 0
    if name in SERVERS:
        requests += rows.counts.sent
    return _PASSES * record.machine.waited_s.get(name, 0.0) / max(requests, 1)
