"""A run against its models: predicted, simulated and measured side by side, with a verdict.

The simulation is of the run's own parameters, with the message rate that its schedule drew, and it
shares no code with the closed forms.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pushlab.analysis.models.prediction import ways_of
from pushlab.analysis.models.simulated_queues import simulate_queue_wait_s
from pushlab.analysis.models.simulation import simulate
from pushlab.analysis.summary.summarise import Analysis
from pushlab.analysis.trials.figures import TrialFigures

__all__ = ["HITS_WITHIN", "LATENCY_WITHIN", "MODELS_WITHIN", "Validated", "validate"]

#: Measured hits from predicted ones, as a share.
HITS_WITHIN = 0.05
#: Measured mean latency from the predicted one: a share, or so many seconds if that is more.
LATENCY_WITHIN = (0.10, 0.002)
#: Simulated figures from closed forms, as a share; of a latency a microsecond more.
MODELS_WITHIN = 0.02
_SAME_S = 1e-6
_EVENTS = 400_000
_CLIENTS = 20_000  # simulated, so that chance plays no part; the figures are scaled to the run's
_SIMULATED = ("poisson", "constant")
_WORDS = {"hits": "hits", "latency_s": "mean latency"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """One cell: what models say of it, and what it did. None: no model, or nothing measured.

    Attributes:
        hits, mean latencies: `hits` of all good trials' windows together.
        problems: what lies outside its tolerance, in words; empty where all is well.
    """

    cell: str
    transport: str
    predicted_hits: float | None
    simulated_hits: float | None
    measured_hits: float | None
    predicted_latency_s: float | None
    simulated_latency_s: float | None
    measured_latency_s: float | None
    problems: tuple[str, ...]


def validate(analysis: Analysis, cells: Sequence[str] | None = None) -> list[Validated]:
    """Validate these cells of a run, or all of them but the harness's floor."""
    return [
        _cell(cell, trials.all, analysis.floor_s or 0.0)
        for cell, trials in analysis.cells.items()
        if trials.all and not trials.floor and (cells is None or cell in cells)
    ]


def _cell(cell: str, trials: Sequence[TrialFigures], delay_s: float) -> Validated:
    good = [t for t in trials if t.record.status == "ok"]
    simulated = [_simulated(t, delay_s) for t in good]
    latencies = [t.latency_s for t in good if len(t.latency_s)]
    weights = [len(t.latency_s) for t in good]
    found = {
        "predicted_hits": _sum([t.predicted.hits for t in good]),
        "simulated_hits": _sum([hits for hits, _ in simulated]),
        "measured_hits": float(sum(t.hits_total for t in good)) if good else None,
        "predicted_latency_s": _mean([t.predicted.mean_latency_s for t in good], weights),
        "simulated_latency_s": _mean([latency for _, latency in simulated], weights),
        "measured_latency_s": float(np.concatenate(latencies).mean()) if latencies else None,
    }
    problems = _problems(found) if good else ("no trial went well",)
    transport = trials[0].record.transport
    return Validated(cell=cell, transport=transport, problems=problems, **found)


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _mean(values: Sequence[float | None], weights: Sequence[int]) -> float | None:
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values) or not sum(weights):
        return None
    return float(np.average(known, weights=weights))


def _simulated(trial: TrialFigures, delay_s: float) -> tuple[float | None, float | None]:
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
    return told.hits_per_s * record.duration_s * record.clients / _CLIENTS, latency


def _problems(found: Mapping[str, float | None]) -> tuple[str, ...]:
    """What lies outside its tolerance."""
    share, least_s = LATENCY_WITHIN
    checks: tuple[tuple[str, str, Callable[[float], float]], ...] = (
        ("hits", "measured", lambda hits: HITS_WITHIN * hits),
        ("latency_s", "measured", lambda s: max(share * s, least_s)),
        ("hits", "simulated", lambda hits: MODELS_WITHIN * hits),
        ("latency_s", "simulated", lambda s: MODELS_WITHIN * s + _SAME_S),
    )
    problems = []
    for figure, seen, within in checks:
        model, value = found[f"predicted_{figure}"], found[f"{seen}_{figure}"]
        if model is not None and value is not None and abs(value - model) > within(model):
            what = _WORDS[figure] + (", simulated" if seen == "simulated" else "")
            off = f"{value / model - 1:+.1%} off" if model else f"{value:g}, not 0"
            problems.append(f"{what}: {off}")
    return tuple(problems)
