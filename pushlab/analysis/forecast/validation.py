"""A run against its models: predicted, simulated and measured side by side, with three answers.

Neither side is a point. What was measured scatters between trials; what is foretold scatters by
chance, given the schedule that was drawn (`pushlab.analysis.models.chance`), and rests on a floor
and on costs that were measured themselves. The interval of the difference decides: the two *agree*
where it lies within 10 % of the prediction, they *differ* where it is clear of 0, and else it is
*not known*. The simulation is of the run's own parameters, with the message rate that its schedule
drew, and it shares no code with the closed forms.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from pushlab.analysis.forecast.calibration import costs_of
from pushlab.analysis.forecast.costs import Costs, Within
from pushlab.analysis.models.chance import hits_variance, polled_latency_variance
from pushlab.analysis.models.formulas import fan_out_latency_s, poll_cycle_s
from pushlab.analysis.models.prediction import Service, ways_of
from pushlab.analysis.models.simulated_queues import simulate_fan_out_s, simulate_queue_wait_s
from pushlab.analysis.models.simulation import simulate
from pushlab.analysis.stats.values import Values
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.analysis.summary.figure import CellTrials
from pushlab.analysis.summary.model import CellSummary
from pushlab.analysis.summary.summarise import Analysis
from pushlab.analysis.trials.costs import service_of, windows_of
from pushlab.analysis.trials.figures import TrialFigures

__all__ = ["MATTERS", "MODELS_WITHIN", "Checked", "Validated", "validate"]

#: A difference within this share of the prediction matters to nobody.
MATTERS = 0.10
#: Simulated figures from closed forms, as a share; of a latency a microsecond more.
MODELS_WITHIN = 0.02
_SAME_S = 1e-6
_NORMAL = 1.96
_EVENTS = 400_000
_CLIENTS = 20_000  # simulated, so that chance plays no part; the figures are scaled to the run's
_SIMULATED = ("poisson", "constant")

Answer = Literal["agrees", "differs", "unknown", "not measured", "no closed form"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One figure of a cell. None: no model, or nothing measured.

    Attributes:
        figure: ``hits``, all good trials' together; ``mean latency``, in seconds; ``CPU``, of the
            measured windows, as the windows beside them foretell it, in seconds.
        apart: the 95 % interval of measured minus predicted.
        why: in words, what the answer rests on where it is not that it agrees.
    """

    figure: str
    predicted: float | None
    simulated: float | None
    measured: float | None
    apart: tuple[float, float] | None
    answer: Answer
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """One cell: what models say of it, and what it did.

    Attributes:
        failed: why there is nothing to hold against a model; empty if there is.
    """

    cell: str
    transport: str
    checks: tuple[Checked, ...]
    failed: str = ""

    def __getitem__(self, figure: str) -> Checked:
        """What was found of ``hits``, ``mean latency`` or ``CPU``."""
        return next(each for each in self.checks if each.figure == figure)


def validate(analysis: Analysis, cells: Sequence[str] | None = None) -> list[Validated]:
    """Validate these cells of a run, or all of them but the harness's floor."""
    floor = _floor(analysis)
    found = []
    for cell, trials in analysis.cells.items():
        if not trials.all or trials.floor or (cells is not None and cell not in cells):
            continue
        transport = trials.all[0].record.transport
        if not trials.good:
            told = Validated(cell=cell, transport=transport, checks=(), failed="no trial went well")
        else:
            known = analysis.summary.cells[cell]
            checks = tuple(_unmarked(one, known) for one in _checks(trials, floor))
            told = Validated(cell=cell, transport=transport, checks=checks)
        found.append(told)
    return found


def _floor(analysis: Analysis) -> Within:
    """The floor that is a part of every prediction, and how well it is known."""
    floor_s = analysis.floor_s or 0.0
    for trials in analysis.cells.values():
        if trials.floor and (found := _interval(trials)) is not None:
            return Within(floor_s, *found)
    return Within(floor_s, 0.0, 2 * floor_s)


def _interval(trials: CellTrials) -> tuple[float, float] | None:
    return trials.estimate(FIGURES["latency_s.mean"]).interval()


#: The figure of a summary whose marks are those of a check.
_MARKED = {"mean latency": "latency_s.mean", "CPU": "cpu_s_per_delivery"}


def _unmarked(one: Checked, cell: CellSummary) -> Checked:
    """The same; not known where it differs by what a mark could have made a tenth of."""
    value = cell[_MARKED[one.figure]] if one.figure in _MARKED else None
    if one.answer != "differs" or value is None or not one.measured or one.predicted is None:
        return one
    effect = value * abs(one.measured - one.predicted) / one.measured
    marks = cell.marks_on(_MARKED[one.figure], effect)
    return replace(one, answer="unknown", why=f"marked: {marks[0]}") if marks else one


def _checks(trials: CellTrials, floor: Within) -> tuple[Checked, ...]:
    good = trials.good
    service = service_of(good)
    simulated = [_simulated(t, floor.value, service) for t in good]
    made = [
        _hits(good, _sum([hits for hits, _ in simulated]), floor.value),
        _latency(
            trials, [latency for _, latency in simulated], floor, of_server=service is not None
        ),
    ]
    cpu = _cpu(good)
    return (*made, cpu) if cpu is not None else tuple(made)


def _hits(good: Sequence[TrialFigures], simulated: float | None, floor_s: float) -> Checked:
    predicted = _sum([t.predicted.hits for t in good])
    variance = 0.0
    for t in good:
        counts, span = t.rows.counts, max(t.record.channels, 1)
        late_s = t.latency_s.mean() if len(t.latency_s) else 0.0
        owed = round(counts.scheduled * t.record.clients / span)
        ways = ways_of(t.record, floor_s, counts.delivered)
        variance += hits_variance(t.record, t.predicted, ways, owed=owed, late_s=late_s)
    return _checked(
        "hits",
        predicted,
        simulated,
        float(sum(t.hits_total for t in good)),
        _NORMAL * math.sqrt(variance),
        same=0.5,
    )


def _latency(
    trials: CellTrials,
    simulated: Sequence[float | None],
    floor: Within,
    *,
    of_server: bool,
) -> Checked:
    good = trials.good
    weights = [len(t.latency_s) for t in good]
    latencies = Values.chained([t.latency_s for t in good])
    measured = latencies.mean() if len(latencies) else None
    asked = good[0].record.profile.delivery == "interval-poll"
    reach: float | None = None
    interval = _interval(trials)
    if interval is not None and measured is not None:
        reach = max(interval[1] - measured, measured - interval[0])
    elif asked:
        reach = _NORMAL * math.sqrt(_phases(good, weights))
    parts = [reach, max(floor.high - floor.value, floor.value - floor.low)]
    if of_server:
        parts.append(_service_reach(good))
    found = _checked(
        "mean latency",
        _mean([t.predicted.mean_latency_s for t in good], weights),
        _mean(simulated, weights),
        measured,
        None if reach is None else math.hypot(*(p for p in parts if p is not None)),
        same=_SAME_S,
    )
    if found.answer == "differs" and not asked and not of_server:
        return replace(found, why="the server's own time is not foretold without windows for it")
    return found


def _phases(good: Sequence[TrialFigures], weights: Sequence[int]) -> float:
    """The variance of the mean over all trials' deliveries, by the phases of polls."""
    variance = 0.0
    for t, weight in zip(good, weights, strict=True):
        record, rows = t.record, t.rows.publishes
        cycle_s = poll_cycle_s(
            interval_s=record.profile.timers.interval_s,
            round_trip_s=2 * record.link.one_way_s,
            pause=record.profile.pause,
        )
        mine = ~rows.warmup
        one = polled_latency_variance(record, rows.intended_ns[mine], rows.channel[mine], cycle_s)
        variance += one * (weight / max(1, sum(weights))) ** 2
    return variance


def _service_reach(good: Sequence[TrialFigures]) -> float:
    """How far off the server's own time may be, by the intervals of its costs."""
    record = good[0].record
    costs = costs_of([(0, windows_of(t)) for t in good], record.profile)
    if not costs.known:
        return math.inf
    turn = fan_out_latency_s(clients=record.per_channel, send_s=1.0)[0]
    per = {"publishes": 1.0, "deliveries": turn, "hits": turn if record.profile.asks else 0.0}
    found = [costs.each(name).times(by) for name, by in per.items() if by]
    return math.hypot(*((each.high - each.low) / 2 for each in found))


def _cpu(good: Sequence[TrialFigures]) -> Checked | None:
    """The measured window's CPU from the costs in those beside it: another rate foretold."""
    seen = [windows_of(t) for t in good]
    if not all(len(windows) > 1 for windows in seen):
        return None
    costs = costs_of([(0, parts) for _, *parts in seen], good[0].record.profile)
    main = Costs.of([(0, [first]) for first, *_ in seen]).seen[0]
    told, reach = costs.cores(main.load).times(len(good)), None
    if main.reach_s is not None and costs.known:
        half = max(told.high - told.value, told.value - told.low)
        reach = math.hypot(half, main.reach_s * len(good))
    return _checked("CPU", told.value, None, main.cpu_s * len(good), reach, same=0.0)


def _checked(
    figure: str,
    predicted: float | None,
    simulated: float | None,
    measured: float | None,
    reach: float | None,
    *,
    same: float,
) -> Checked:
    """With its answer.

    Args:
        reach: of the 95 % interval of measured minus predicted, to either side; None: not known.
        same: a difference that is none, in the figure's unit.
    """
    apart: tuple[float, float] | None = None
    answer: Answer = "unknown"
    why = ""
    if predicted is None or measured is None:
        answer = "no closed form" if predicted is None else "not measured"
    elif reach is None or not math.isfinite(reach):
        why = "too few trials"
    else:
        off = measured - predicted
        apart = (off - reach, off + reach)
        within = max(MATTERS * abs(predicted), same)
        if -within <= apart[0] and apart[1] <= within:
            answer = "agrees"
        elif apart[0] > 0 or apart[1] < 0:
            answer, why = "differs", "clear of chance, and not within 10 %"
        else:
            why = "chance alone can make more than 10 %"
    if answer in ("agrees", "unknown") and _models_differ(predicted, simulated, same):
        answer, why = "differs", "simulation and closed form do not agree"
    return Checked(
        figure=figure,
        predicted=predicted,
        simulated=simulated,
        measured=measured,
        apart=apart,
        answer=answer,
        why=why,
    )


def _models_differ(predicted: float | None, simulated: float | None, same: float) -> bool:
    if predicted is None or simulated is None:
        return False
    return abs(simulated - predicted) > MODELS_WITHIN * predicted + same


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _mean(values: Sequence[float | None], weights: Sequence[int]) -> float | None:
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values) or not sum(weights):
        return None
    return float(np.average(known, weights=weights))


def _simulated(
    trial: TrialFigures, delay_s: float, service: Service | None
) -> tuple[float | None, float | None]:
    """Hits and mean latency of one trial by simulation; None where it cannot be simulated."""
    record = trial.record
    span = record.channels * record.duration_s
    if trial.predicted.hits is None or record.arrivals not in _SIMULATED or not span:
        return None, None
    ways = ways_of(record, delay_s, trial.rows.counts.delivered)
    rate = trial.rows.counts.scheduled / span
    paced = record.arrivals == "constant"
    told = simulate(
        record.profile,
        clients=_CLIENTS,
        rate_per_s=rate,
        one_way_s=ways.down_s,
        up_s=ways.up_s,
        paced=paced,
        seed=record.index + 1,
        events=_EVENTS,
    )
    latency = told.mean_latency_s
    if trial.predicted.mean_latency_s is None:
        latency = None
    elif latency is not None and not told.wasted and ways.transfer_s and not paced:
        latency += simulate_queue_wait_s(rate_per_s=rate, service_s=ways.transfer_s)
    if latency is not None and service is not None:
        latency += simulate_fan_out_s(
            publishes_per_s=rate * record.channels,
            clients=record.per_channel,
            send_s=service.send_s,
            publish_s=service.publish_s,
        )["mean"]
    return told.hits_per_s * record.duration_s * record.clients / _CLIENTS, latency
