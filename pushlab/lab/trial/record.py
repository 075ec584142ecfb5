"""From what a trial noted to the figures in its record."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pushlab.lab.host.machine_watch import MachineWatch, stolen_is_counted
from pushlab.lab.host.metrics_watch import MetricsWatch
from pushlab.lab.host.process_group import GroupWatch
from pushlab.lab.load.publish_log import PublishLog
from pushlab.lab.trial.marks import marks_of
from pushlab.lab.trial.moments import Moment
from pushlab.lab.trial.server_figures import (
    backplane_figures,
    broker_figures,
    used_cpu_s,
    worker_figures,
)
from pushlab.lab.trial.shares import SwarmShares
from pushlab.lab.trial.testbed import Cpu, Testbed
from pushlab.lab.workers.messages import Counters, SwarmReport, WindowReport
from pushlab.runs import (
    ConnectFigures,
    CostWindow,
    MachineFigures,
    PublisherFigures,
    ServerFigures,
    ShareFigures,
    SwarmFigures,
    TrialRecord,
    WitnessFigures,
    share_name,
)
from pushlab.runs.batches import Batches, Rows
from pushlab.runs.records import TrialStatus
from pushlab.runs.rows import Columns

__all__ = ["TrialObservations", "collect", "numbered", "stamp_rows", "without_last"]

_NS = 1_000_000_000
_LEAST_LOOKS = 2
_REASONS = 5


@dataclass(slots=True)
class TrialObservations:
    """What a trial noted on its way.

    Attributes:
        connecting: CPU seconds before and after all connected, and the swarm's counters then.
        start_ns, end_ns: of the window; None: it was not reached.
        start, end: what was used and counted at the ends of the window.
        swarm, publisher: their reports.
        rows: the swarm's, by kind.
        server_lags: when the server's event loop was looked at, and its lags, in nanoseconds.
        closing_connections: of the machine, at the window's end.
        stall_ns: when the server was stopped, and when it went on.
        swarm_hits, server_hits: of the whole trial, after everybody left.
        parts: the windows beside it.
        misnumbered: see `pushlab.runs.records.SwarmFigures`.
        published: requests to publish that the server counted for the schedule; None: not known.
        sans_io: whether the swarm drives sans-I/O client halves.
    """

    connecting: tuple[Cpu, Cpu, Counters] | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    start: Moment | None = None
    end: Moment | None = None
    swarm: SwarmReport | None = None
    publisher: WindowReport | None = None
    rows: dict[str, Rows] = field(default_factory=dict)
    server_lags: Sequence[Sequence[int]] = ()
    closing_connections: int = 0
    stall_ns: list[int] | None = None
    swarm_hits: dict[str, int] = field(default_factory=dict)
    server_hits: dict[str, int] = field(default_factory=dict)
    parts: list[CostWindow] = field(default_factory=list)
    misnumbered: int = 0
    published: int | None = None
    sans_io: bool = True

    def loop_lags(self) -> dict[str, Sequence[Sequence[int]]]:
        """The event loops' lags over time, by process."""
        told = {"swarm": self.swarm, "publisher": self.publisher}
        found = {name: answer.loop_lags for name, answer in told.items() if answer is not None}
        for share in self.swarm.shares if self.swarm else ():
            found[share_name(int(share.part))] = share.loop_lags
        return {"hub": self.server_lags, **found}


def collect(
    testbed: Testbed,
    notes: TrialObservations,
    publish_log: PublishLog | None,
    *,
    status: TrialStatus,
    reason: str | None,
) -> TrialRecord:
    """The trial's record; figures that could not be taken are None."""
    swarm = _swarm(testbed, notes)
    server = _server(testbed, notes)
    publisher = None if publish_log is None else _publisher(testbed, notes, publish_log)
    marks = marks_of(
        duration_s=testbed.plan.scenario.duration_s,
        swarm=swarm,
        publisher=publisher,
        server=server,
        system=testbed.plan.cell.system,
        descriptor_limit=None if notes.swarm is None else notes.swarm.descriptor_limit,
        closing_connections=notes.closing_connections,
    )
    return testbed.plan.record(
        status=status,
        reason=reason,
        measure_start_ns=notes.start_ns,
        measure_end_ns=notes.end_ns,
        server=server,
        broker=broker_figures(testbed, notes.start, notes.end),
        backplane=backplane_figures(testbed, notes.start, notes.end),
        swarm=swarm,
        connect=_connect(notes) if testbed.watches else None,
        publisher=publisher,
        machine=_machine(testbed, notes),
        clocks=notes.swarm and notes.swarm.clocks,
        remote_clocks=testbed.clocks.figures(notes.start_ns, None),
        witnesses=_witnesses(notes),
        stall_ns=notes.stall_ns,
        places=testbed.placement.to_json(),
        parts=notes.parts,
        marks=[*marks, *_remarks(notes)] if testbed.watches else [],
    )


def stamp_rows(of_witnesses: Rows | None, publish_log: PublishLog) -> Columns:
    """The rows of what the kernel has stamped: deliveries to witnesses, and requests."""
    sent = publish_log.stamps()
    if not isinstance(of_witnesses, Mapping):
        return sent
    return {name: np.concatenate([of_witnesses[name], sent[name]]) for name in sent}


def without_last(deliveries: Rows, last: Sequence[int]) -> Batches:
    """Deliveries without those of the message that closed their channel; `last`: its `seq`, or 0.

    Empty: no channel was closed.
    """
    closing = np.array(last, np.int64)

    def counted(batch: Columns) -> Columns:
        closed = closing[batch["channel"]]
        keep = (closed == 0) | (batch["seq"] < closed)
        return {name: each[keep] for name, each in batch.items()}

    found = Batches.chained([deliveries])
    return found.mapped(counted) if len(closing) else found


def numbered(deliveries: Batches) -> Batches:
    """Deliveries with the ``number`` of each, where that is the laboratory's and their `seq`."""
    return deliveries.mapped(lambda batch: {**batch, "number": batch["seq"]})


def _minus(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {kind: n - before.get(kind, 0) for kind, n in after.items() if n > before.get(kind, 0)}


def _server(testbed: Testbed, notes: TrialObservations) -> ServerFigures | None:
    if notes.start is None or notes.end is None or testbed.plan.floor:
        return None
    before, after = notes.start.server, notes.end.server
    cpu_s, unwatched = _server_cpu_s(testbed, notes.start, notes.end), testbed.unwatched
    if cpu_s is None and not unwatched:
        watch = testbed.watches.get("hub")
        told = watch.why_not() if isinstance(watch, MetricsWatch) else "its process is gone"
        unwatched = told
    return ServerFigures(
        hits=_minus(after.hits, before.hits),
        hits_setup=before.hits,
        hits_all=notes.server_hits,
        publishes=notes.published,
        counted_by="server" if testbed.plan.cell.served_by.counts_hits else "clients",
        cpu_s=cpu_s,
        unwatched=unwatched,
        fresh=testbed.fresh,
        counted_ns=[before.at_ns, after.at_ns],
        loop_lag_p99_s=_tail_s(notes),
        workers=worker_figures(testbed, notes.start.cpu, notes.end.cpu),
        **testbed.held("hub"),
    )


def _server_cpu_s(testbed: Testbed, start: Moment, end: Moment) -> float | None:
    """By the server's own word at its own moment where it has one, else as it was looked at."""
    if "hub" not in testbed.watches:
        return None if testbed.unwatched else 0.0  # it shares this process
    if isinstance(watch := testbed.watches["hub"], MetricsWatch):
        return watch.used_between(start.seen_ns, end.seen_ns)
    before, after = start.server.cpu_s, end.server.cpu_s
    if before is None or after is None:
        return used_cpu_s(start.cpu, end.cpu, "hub")
    return after - before


def _tail_s(notes: TrialObservations) -> float | None:
    """The lag of the server's event loop within the window that one in a hundred exceeds."""
    start_ns, end_ns = notes.start_ns or 0, notes.end_ns or 0
    within = sorted(lag for at, lag in notes.server_lags if start_ns <= at - lag <= end_ns)
    return within[int(len(within) * 0.99)] / _NS if within else None


def _machine(testbed: Testbed, notes: TrialObservations) -> MachineFigures | None:
    """What everybody did within the window on the machine that was disturbed the most."""
    machines = [one for one in testbed.watches.values() if isinstance(one, MachineWatch)]
    found = [figures for one in machines if (figures := _machine_at(one, testbed, notes))]
    return max(found, key=lambda one: (one.others_cpu_s + one.stolen_s) / one.cores, default=None)


def _host(testbed: Testbed, name: str) -> str:
    """The host on which a watch's process is; empty: this one."""
    place = testbed.watched_at.get(name)
    return "" if place is None or place.shares_processes else place.address


def _machine_at(
    machine: MachineWatch, testbed: Testbed, notes: TrialObservations
) -> MachineFigures | None:
    """What everybody on a machine did within the window, between the looks at it."""
    if notes.start_ns is None or notes.end_ns is None:
        return None
    ends = (notes.start_ns, notes.end_ns)
    looks = np.array(machine.moments)
    if len(looks) < _LEAST_LOOKS:
        return None
    used, stolen, throttled = (
        float(np.diff(np.interp(ends, looks[:, 0], looks[:, at]))[0]) for at in (1, 2, 3)
    )
    ours, waited = 0.0, {}
    for name, watch in testbed.watches.items():
        if (
            _host(testbed, name) == _host(testbed, machine.name)
            and not isinstance(watch, MachineWatch)
            and watch.pid
            and len(watch.samples) >= _LEAST_LOOKS
        ):
            at_ns = [row[2] for row in watch.samples]
            ours += float(np.diff(np.interp(ends, at_ns, [row[3] for row in watch.samples]))[0])
            waits = [row[6] for row in watch.samples if row[6] is not None]
            if len(waits) == len(at_ns):
                waited[name] = float(np.diff(np.interp(ends, at_ns, waits))[0]) / _NS
    others = used - ours
    if len(machine.others) >= _LEAST_LOOKS:
        asked = np.array(machine.others)
        others = float(np.diff(np.interp(ends, asked[:, 0], asked[:, 1]))[0])
    return MachineFigures(
        cores=machine.cores,
        cpu_s=used,
        others_cpu_s=max(0.0, others),
        stolen_s=stolen,
        stolen_counted=stolen_is_counted(),
        throttled_s=throttled,
        waited_s=waited,
    )


def _swarm(testbed: Testbed, notes: TrialObservations) -> SwarmFigures | None:
    told = notes.swarm
    if told is None:
        return None
    before, end, now = told.start or Counters(), told.end, told.now
    return SwarmFigures(
        hits=_minus(end.hits, before.hits),
        hits_setup=before.hits,
        hits_all=notes.swarm_hits,
        bytes_in=end.bytes_in - before.bytes_in,
        bytes_out=end.bytes_out - before.bytes_out,
        bytes_in_setup=before.bytes_in,
        bytes_out_setup=before.bytes_out,
        cpu_s=end.cpu_s - before.cpu_s,
        counted_ns=[before.at_ns, end.at_ns] if before.at_ns and end.at_ns else None,
        **testbed.held("swarm"),
        dials=now.dials,
        polls_due=end.polls_due - before.polls_due if end.polls_due else None,
        polls_late=end.polls_late - before.polls_late if end.polls_due else None,
        polls_skipped=end.polls_skipped - before.polls_skipped if end.polls_due else None,
        loop_lag_p99_s=told.loop_lag_p99_s,
        duplicated=now.duplicated - before.duplicated,
        reordered=now.reordered - before.reordered,
        strays=now.strays,
        unstamped=now.unstamped,
        misnumbered=notes.misnumbered,
        gaps=now.gaps,
        disconnects=end.disconnects - before.disconnects,
        shares=_shares(testbed, told.shares),
    )


def _shares(testbed: Testbed, told: Sequence[SwarmReport]) -> list[ShareFigures]:
    """The figures of each process of the swarm, if there are several."""
    sizes = testbed.swarm.sizes if isinstance(testbed.swarm, SwarmShares) else []
    swarm = testbed.watches.get("swarm")
    watches = {one.name: one for one in swarm.members} if isinstance(swarm, GroupWatch) else {}
    found = []
    for report in told:
        number = int(report.part)
        before, end = report.start or Counters(), report.end
        watch = watches.get(share_name(number))
        found.append(
            ShareFigures(
                number=number,
                first=sum(sizes[: number - 1]),
                clients=sizes[number - 1],
                deliveries=report.rows["deliveries"],
                cpu_s=end.cpu_s - before.cpu_s,
                loop_lag_p99_s=report.loop_lag_p99_s,
                dials=report.now.dials,
                **({} if watch is None else watch.held),
            )
        )
    return found


def _connect(notes: TrialObservations) -> ConnectFigures | None:
    if notes.connecting is None:
        return None
    before, after, told = notes.connecting
    rows = notes.rows.get("connects")
    storm_s = None
    if not isinstance(rows, Mapping):
        rows = None
    if rows is not None and len(rows["wanted_ns"]):
        storm_s = int(rows["connected_ns"].max() - rows["wanted_ns"].min()) / _NS
    return ConnectFigures(
        clients=0 if rows is None else len(rows["wanted_ns"]),
        storm_s=storm_s,
        server_cpu_s=used_cpu_s(before, after, "hub"),
        broker_cpu_s=used_cpu_s(before, after, "broker"),
        backplane_cpu_s=used_cpu_s(before, after, "backplane"),
        swarm_cpu_s=used_cpu_s(before, after, "swarm"),
        bytes_in=told.bytes_in,
        bytes_out=told.bytes_out,
        hits={kind: n for kind, n in told.hits.items() if n},
    )


def _publisher(
    testbed: Testbed, notes: TrialObservations, publish_log: PublishLog
) -> PublisherFigures:
    seen, told = testbed.held("publisher"), notes.publisher
    watched = bool(seen)
    if told is not None:
        seen = {**seen, "loop_lag_p99_s": told.loop_lag_p99_s}
        if told.start is not None:
            seen["bytes_in"] = told.end.bytes_in - told.start.bytes_in
            seen["bytes_out"] = told.end.bytes_out - told.start.bytes_out
            seen["cpu_s"] = told.end.cpu_s - told.start.cpu_s if watched else None
    return publish_log.figures(**seen)


def _witnesses(notes: TrialObservations) -> WitnessFigures | None:
    """The swarm's and the publisher's, put together."""
    if notes.swarm is None:
        return None
    found = notes.swarm.witnesses
    if notes.publisher is None:
        return found
    more = notes.publisher.witnesses
    return dataclasses.replace(
        found,
        discarded=found.discarded + more.discarded,
        steps=max(found.steps, more.steps),
        sends=more.sends,
        bound_ns=max(found.bound_ns, more.bound_ns),
    )


def _remarks(notes: TrialObservations) -> list[str]:
    """What else to hold against the figures."""
    remarks: list[str] = []
    if not notes.sans_io:
        remarks.append("friendly-form")
    if notes.swarm is not None and notes.swarm.closed:
        most = Counter(notes.swarm.reasons).most_common(_REASONS)
        why = ", ".join(f"{reason} ({n})" for reason, n in most)
        remarks.append(f"{notes.swarm.closed} subscribers were ended: {why}")
    return remarks
