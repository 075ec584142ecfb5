"""What a run's machine and its own generator could have made of each figure of a cell.

For a latency the question is what it would be without the waiting: the same statistic of the same
deliveries, each made shorter by what it may have waited on its way
(`pushlab.analysis.trials.waiting`). The difference is the size of a mark. So a publisher that is
late once in a hundred messages marks the p99 and not the median, and a wait of four milliseconds
marks an event stream and not a poller.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from math import inf

import numpy as np
import numpy.typing as npt

from pushlab.analysis.stats.ordered import Ordered, quantiles
from pushlab.analysis.stats.percentiles import PERCENTILES
from pushlab.analysis.stats.values import Values
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.analysis.summary.figure import CellTrials
from pushlab.analysis.summary.mark import Kind, Mark
from pushlab.analysis.summary.stamp_marks import stamp_marks
from pushlab.analysis.trials.figures import TrialFigures
from pushlab.analysis.trials.waiting import Waiting
from pushlab.runs import HUB, TrialRecord

__all__ = ["disturbances_of", "remarks_of"]

Floats = npt.NDArray[np.float64]

_BOUND: Kind = "generator-bound"
_NUMBER = re.compile(r"\d[\d,]*")
_LATENCIES = ("latency_s", "latency_from_send_s")
_STATISTICS = (*PERCENTILES, "mean")  # an extreme is one event, and says so of itself
_STALE = "staleness_s.mean"
_CPU = (
    "server_cpu_s",
    "broker_cpu_s",
    "backplane_cpu_s",
    "server_cpu_s_per_delivery",
    "cpu_s_per_delivery",
)
#: Who may have stood still: what that is called, and in words; ``hub`` is the server under test.
_WAITED: Mapping[str, tuple[Kind, str]] = {
    "publisher": (_BOUND, "the publisher sent late"),
    "hub": ("busy-machine", "{server} waited for a core"),
    "broker": ("busy-machine", "the broker waited for a core"),
    "backplane": ("busy-machine", "the backplane waited for a core"),
    "swarm": ("busy-machine", "the swarm was kept from running"),
    "machine": ("stall", "the machine's host gave its time to others"),
}
#: A server's CPU time on a machine whose cores other programs keep full is up to twice that of a
#: quiet one: caches are cold, and the clock counts what that costs. Measured, see docs/method.md.
_COLD = 0.5
_THROTTLED = 0.01  # of the window
_LEAST_STAMPS = 30
_AT_REST = 0.05  # of the cores that other programs use: the swarm's lateness is its own


def disturbances_of(
    trials: CellTrials, floor: CellTrials | None = None, *, server: str = f"the {HUB}"
) -> list[Mark]:
    """The marks of a cell, whatever their size; those without any are left out. The floor has none.

    Args:
        floor: the trials of the harness's own floor, if the run measured it.
        server: its name in a sentence.
    """
    good = trials.good
    if not good or trials.floor:
        return []
    found = [
        *_limits(good),
        *_waits(good, server),
        *_cpu(good),
        *_throttled(good),
        *_skipped(good),
    ]
    found += stamp_marks(good)
    if floor is not None:
        found += _floor(floor)
    return [mark for mark in found if any(mark.sizes.values())]


def remarks_of(trials: CellTrials) -> list[str]:
    """What else its trials remark, once each, and with the worst figure: ``server-bound``."""
    records = [t.record for t in trials.good]
    names = {m for r in records for m in r.marks if " " not in m} - {_BOUND}
    return sorted(names) + _causes(records, ours=False)


# ---- latencies -----------------------------------------------------------------------------------


def _waits(good: Sequence[TrialFigures], server: str) -> Iterator[Mark]:
    """Those that deliveries passed on their way, and that stood still."""
    before = {
        group: _described(
            Ordered.merged([t.sample(group).ordered for t in good]),
            Values.chained([getattr(t, group) for t in good]),
        )
        for group in _LATENCIES
    }
    for name, (kind, cause) in _WAITED.items():
        if not any(name in t.waiting.each for t in good):
            continue
        each = [_of(t, name) for t in good]
        sizes: dict[str, float] = {}
        for group in _LATENCIES[: 1 if name == "publisher" else 2]:
            sent = group != "latency_s"
            fewer = [_fewer(t, w, sent=sent) for t, w in zip(good, each, strict=True)]
            sizes |= _without(group, before[group], Values.chained(fewer))
        sizes |= _stale(good, each)
        if name == "swarm":
            kind = _BOUND if _others(good) < _AT_REST else kind
            for figure, size in _lagged([t.waiting for t in good]).items():
                sizes[figure] = max(size, sizes.get(figure, 0.0))
            if sum(len(t.stamps.late_s) for t in good) >= _LEAST_STAMPS:
                sizes = {_STALE: sizes.get(_STALE, 0.0)}  # stamps know what this bounds
        yield Mark(kind, cause.format(server=server), sizes, known=name == "publisher")


def _of(trial: TrialFigures, name: str) -> Values:
    """What each delivery may have waited for `name`, as far as that was not the server's doing.

    Hub, broker and backplane share their cores: while one runs, another's waiting is their own.
    """
    waited = trial.waiting.each.get(name)
    if waited is None:
        return Values(
            lambda: (np.zeros(len(some.publish_of)) for some in trial.rows.measured()),
            len(trial.latency_s),
        )
    record = trial.record
    servers = {"hub": record.server, "broker": record.broker, "backplane": record.backplane}
    rest = [one.cpu_s or 0.0 for role, one in servers.items() if one and role != name]
    if name in servers and record.machine and rest and record.server:
        beside = sum(rest)
        others = record.machine.others_cpu_s / 2  # the servers have half of the cores
        if others + beside > 0:
            return waited.mapped(lambda each: each * others / (others + beside))
    return waited


def _fewer(trial: TrialFigures, waits: Values, *, sent: bool) -> Values:
    """The trial's latencies without the waiting; `sent`: those from the send."""
    lengths = trial.latency_from_send_s if sent else trial.latency_s

    def read() -> Iterator[Floats]:
        rows = trial.rows
        each = zip(lengths.pieces(), waits.pieces(), rows.measured(), strict=True)
        for length, wait, some in each:
            yield length - (wait[rows.sent(some)] if sent else wait)

    return Values(read, len(lengths))


def _without(group: str, before: Mapping[str, float], fewer: Values) -> dict[str, float]:
    """By how much each statistic of latencies is smaller without the waiting."""
    if not len(fewer):
        return {}
    after = _described(Ordered.of(fewer), fewer)
    return {f"{group}.{what}": max(0.0, before[what] - after[what]) for what in _STATISTICS}


def _described(ordered: Ordered, samples: Values) -> dict[str, float]:
    if not len(samples):
        return {}
    found = quantiles(ordered, [per_mille / 1000 for per_mille in PERCENTILES.values()])
    return dict(zip(_STATISTICS, map(float, [*found, samples.mean()]), strict=True))


def _stale(good: Sequence[TrialFigures], waits: Sequence[Values]) -> dict[str, float]:
    """The same for staleness: a wait makes the triangle below it larger, by its square."""
    mean, known = 0.0, 0
    for trial, waited in zip(good, waits, strict=True):
        stale, squares = trial.staleness_s["mean"], trial.latency_s.mapped(np.square).sum()
        if stale is None or not squares:
            continue
        known += 1
        left = _fewer(trial, waited, sent=False).mapped(np.square).sum()
        mean += stale * (1 - left / squares)
    return {_STALE: max(0.0, mean / known)} if known else {}


def _skipped(good: Sequence[TrialFigures]) -> Iterator[Mark]:
    """Polls that a fixed clock was to make and did not: requests that are missing, and waits."""
    swarms = [t.record.swarm for t in good if t.record.swarm is not None]
    due = sum(swarm.polls_due or 0 for swarm in swarms)
    skipped = sum(swarm.polls_skipped or 0 for swarm in swarms)
    if not skipped:
        return
    missing = skipped / max(due - skipped, 1)  # to those that were made
    names = ["hits_total", "hits_per_delivery", *_names()]
    values = {name: CellTrials(good).estimate(FIGURES[name]).value or 0.0 for name in names}
    sizes = {name: missing * value for name, value in values.items()}
    yield Mark("skipped-polls", f"{skipped:,} of {due:,} polls were skipped", sizes)


def _names() -> list[str]:
    """The statistics of latencies."""
    return [f"{group}.{what}" for group in _LATENCIES for what in _STATISTICS]


def _lagged(trials: Sequence[Waiting]) -> dict[str, float]:
    """What an event loop that was late at times makes of what comes at random moments.

    In a span whose worst lag is L a moment meets it with the chance L over the span, and waits for
    half of it on average.
    """
    spans_s = np.concatenate([t.spans_s for t in trials])
    lags_s = np.minimum(np.concatenate([t.lags_s for t in trials]), spans_s)
    whole_s = float(spans_s.sum())
    if not whole_s:
        return {}
    sizes = {"mean": float((lags_s**2).sum()) / 2 / whole_s}
    ordered = np.append(np.sort(lags_s)[::-1], 0.0)
    # The share of all moments that wait for longer than the n-th largest lag, and at all.
    beyond = (np.cumsum(ordered) - ordered * np.arange(1, len(ordered) + 1)) / whole_s
    for what, per_mille in PERCENTILES.items():
        sizes[what] = float(np.interp(1 - per_mille / 1000, beyond, ordered, right=0.0))
    return {f"{group}.{what}": size for group in _LATENCIES for what, size in sizes.items()}


def _floor(floor: CellTrials) -> Iterator[Mark]:
    if any(len(t.latency_s) for t in floor.good):
        ordered = Ordered.merged([t.sample("latency_s").ordered for t in floor.good])
        found = _described(ordered, Values.chained([t.latency_s for t in floor.good]))
        sizes = {f"{group}.{what}": found[what] for group in _LATENCIES for what in found}
        yield Mark("floor", "the harness alone takes that long", sizes)


# ---- the rest ------------------------------------------------------------------------------------


def _limits(good: Sequence[TrialFigures]) -> Iterator[Mark]:
    """A generator at the end of its CPU, descriptors or ports: nothing bounds what that makes."""
    records = [t.record for t in good]
    unbounded = dict.fromkeys([*_names(), _STALE], inf)
    causes = _causes(records, ours=True)
    if not causes and any(_BOUND in record.marks for record in records):
        causes = ["the generator was at its limit"]
    for cause in causes:
        yield Mark(_BOUND, cause, unbounded)


def _others(good: Sequence[TrialFigures]) -> float:
    """The share of the run's cores that programs used which were no part of it."""
    machines = [(m, t.record.duration_s) for t in good if (m := t.record.machine) is not None]
    there_s = sum(machine.cores * duration_s for machine, duration_s in machines)
    return sum(machine.others_cpu_s for machine, _ in machines) / there_s if there_s else 0.0


def _cpu(good: Sequence[TrialFigures]) -> Iterator[Mark]:
    """What other programs and the host made of the servers' CPU time, at most."""
    machines = [m for t in good if (m := t.record.machine) is not None]
    trials, others = CellTrials(good), _others(good)
    used_s = sum(machine.cpu_s for machine in machines)
    stolen_s = sum(m.stolen_s * (1 if m.stolen_counted else _COLD) for m in machines)
    cold = f"other programs used {others:.0%} of the cores"
    shares: list[tuple[Kind, str, float]] = [
        ("busy-machine", cold, _COLD * min(1.0, others)),
        (*_WAITED["machine"], stolen_s / (stolen_s + used_s) if used_s else 0.0),
    ]
    for kind, cause, share in shares:
        values = {name: trials.estimate(FIGURES[name]).value for name in _CPU}
        yield Mark(kind, cause, {name: share * (value or 0.0) for name, value in values.items()})


def _throttled(good: Sequence[TrialFigures]) -> Iterator[Mark]:
    """A quota or heat that kept all programs from running for a part of the window."""
    held_s = sum(t.record.machine.throttled_s for t in good if t.record.machine)
    window_s = sum(t.record.duration_s for t in good)
    if held_s > _THROTTLED * window_s:
        cause = f"throttled for {held_s:.2g} of {window_s:.3g} s"
        yield Mark("stall", cause, dict.fromkeys([*_names(), _STALE, *_CPU], inf))


# ---- what trials remark --------------------------------------------------------------------------


def _causes(records: Sequence[TrialRecord], *, ours: bool) -> list[str]:
    """The marks of trials that say why: those of the generator, or all others.

    Those that differ in their figures alone are one, with the worst of them.
    """
    causes: dict[str, list[str]] = {}
    for record in records:
        for mark in record.marks:
            if " " in mark and (_BOUND in record.marks and not _is_servers(mark)) == ours:
                causes.setdefault(_NUMBER.sub("", mark), []).append(mark)
    return [_joined(causes[cause], len(records)) for cause in sorted(causes)]


def _is_servers(mark: str) -> bool:
    """Whether a reason is no fault of the generator."""
    who, at, _ = mark.partition(" at ")
    ours = who.startswith(("swarm", "publisher"))
    full = bool(at) and mark.endswith("of a core") and not ours
    return full or "subscribers were ended" in mark


def _joined(marks: Sequence[str], trials: int) -> str:
    """One cause in some of so many trials: ``hub at up to 93% of a core (3 trials)``."""
    if trials == 1:
        return marks[0]
    worst = max(marks, key=_figure)
    if len(set(marks)) > 1:
        worst = _NUMBER.sub(r"up to \g<0>", worst, count=1)
    return f"{worst} ({len(marks)} trial{'s' if len(marks) > 1 else ''})"


def _figure(mark: str) -> int:
    """The first number in a mark, which says how bad it is."""
    found = _NUMBER.search(mark)
    return int(found[0].replace(",", "")) if found else 0
