"""``run.json["summary"]``: one object per cell, put together from its trials."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from pushlab.analysis.cost.first_price import usd_per_month
from pushlab.analysis.cost.measured import traffic_of
from pushlab.analysis.stats.intervals import trial_interval
from pushlab.analysis.stats.percentiles import describe, is_unstable, percentile
from pushlab.analysis.summary.caveats import caveats_of
from pushlab.analysis.summary.comparison import compare_cells
from pushlab.analysis.summary.generator import effect_of, marks_of
from pushlab.analysis.trials.accounting import Accounting
from pushlab.analysis.trials.figures import TrialFigures, figures_of
from pushlab.runs import Run

__all__ = ["analyse", "counts_of", "floor_delay_s", "summarise", "summarise_cells"]

Figure = Callable[[TrialFigures], float]


def analyse(run: Run) -> dict[str, list[TrialFigures]]:
    """Read every trial of a run: its figures, by cell, failed trials included.

    Raises:
        RunError: a file of rows is missing or damaged.
    """
    delay_s = floor_delay_s(run)
    return {
        cell: [figures_of(run, trial, delay_s=delay_s) for trial in run.trials_of(cell)]
        for cell in run.cells
    }


def floor_delay_s(run: Run) -> float:
    """The mean latency of the null transport, the harness's own floor; 0 if the run has none."""
    samples = [
        figures_of(run, trial).latency_s
        for trial in run.trials
        if trial.floor and trial.status == "ok"
    ]
    merged = np.concatenate(samples) if samples else np.zeros(0)
    return max(0.0, float(merged.mean())) if len(merged) else 0.0


def summarise(
    run: Run, cells: Mapping[str, Sequence[TrialFigures]] | None = None
) -> dict[str, Any]:
    """The summary of a run: ``transports`` by cell, ``comparisons``, ``caveats``, ``floor_s``.

    Args:
        cells: what `analyse` made of the run; None reads its rows now.

    Raises:
        RunError: a file of rows is missing or damaged.
    """
    cells = analyse(run) if cells is None else cells
    transports = summarise_cells(cells)
    return {
        "transports": transports,
        "comparisons": compare_cells(cells),
        "floor_s": floor_delay_s(run) or None,
        "caveats": caveats_of(run, cells, transports),
    }


def summarise_cells(cells: Mapping[str, Sequence[TrialFigures]]) -> dict[str, dict[str, Any]]:
    """The figures of each cell; see results/README.md for the meaning of each key."""
    effect_s = effect_of(cells)
    return {cell: _cell(trials, effect_s) for cell, trials in cells.items()}


def _cell(trials: Sequence[TrialFigures], effect_s: float | None) -> dict[str, Any]:
    good = [t for t in trials if t.record.status == "ok"]
    states = Counter(t.record.status for t in trials)
    reasons = [t.record.reason for t in trials if t.record.status != "ok" and t.record.reason]
    status = "ok" if good else "failed" if states["failed"] else "not-run"
    if good and states["failed"]:
        status = "partly-failed"
    counts = counts_of(trials)
    delivered = sum(t.rows.counts.delivered for t in good)
    first = trials[0].record if trials else None
    return {
        "status": status,
        "reason": "; ".join(dict.fromkeys(reasons)) or None,
        "trials": {name: states[name] for name in ("ok", "failed", "interrupted")},
        "transport": first.transport if first else None,
        "options": dict(first.options) if first else {},
        "client": first.client if first else None,
        "clock_bound_s": clock_bound_s(good),
        "floor": first.floor if first else False,
        "clients": first.clients if first else None,
        "channels": first.channels if first else None,
        "duration_s": sum(t.record.duration_s for t in good),
        **counts,
        **_traffic_figures(good, delivered),
        **_process_figures(good, delivered),
        "latency_s": describe([t.latency_s for t in good]),
        "latency_from_send_s": describe([t.latency_from_send_s for t in good]),
        "publish_delay_s": describe([t.publish_delay_s for t in good]),
        "staleness_s": _staleness(good),
        "connect_s": _connect(good),
        "connect_storm": _storm(good),
        "usd_per_month": _cost(good, delivered),
        "predicted": _predicted(good or trials),
        "marks": marks_of(good, effect_s),
        "unstable": _unstable(good),
        "per_trial": [t.to_json() for t in trials],
    }


def clock_bound_s(trials: Sequence[TrialFigures]) -> float | None:
    """How far a latency may be off, where subscribers had clocks of their own; else None."""
    bounds = [n for t in trials if t.record.clocks for n in t.record.clocks.bound_ns]
    return max(bounds) / 1e9 if bounds else None


def counts_of(trials: Sequence[TrialFigures]) -> dict[str, int]:
    """The counts of deliveries and publishes, summed over all trials but interrupted ones."""
    trials = [t for t in trials if t.record.status != "interrupted"]
    total = Counter(dict.fromkeys(Accounting.__slots__, 0))
    for trial in trials:
        counts = asdict(trial.rows.counts)
        swarm = trial.record.swarm
        if swarm is not None:  # what a client half dropped came twice all the same
            counts["duplicated"] = max(counts["duplicated"], swarm.duplicated)
            counts["reordered"] = max(counts["reordered"], swarm.reordered)
        total.update(counts)
    late = sum(t.record.publisher.late for t in trials if t.record.publisher)
    gaps = sum(t.record.swarm.gaps for t in trials if t.record.swarm)
    disconnects = sum(t.record.swarm.disconnects for t in trials if t.record.swarm)
    return {**total, "late_sends": late, "gaps": gaps, "disconnects": disconnects}


def _ratio(trials: Sequence[TrialFigures], of: Figure) -> tuple[float | None, list[float] | None]:
    """The sum of a figure over the sum of deliveries, with its interval over trials."""
    tops = [of(t) for t in trials]
    bottoms = [t.rows.counts.delivered for t in trials]
    if not sum(bottoms):
        return None, None
    interval = None
    if all(bottoms):
        interval = trial_interval(
            len(trials),
            lambda chosen: sum(tops[i] for i in chosen) / sum(bottoms[i] for i in chosen),
        )
    return sum(tops) / sum(bottoms), interval


def _traffic_figures(good: Sequence[TrialFigures], delivered: int) -> dict[str, Any]:
    hits: Counter[str] = Counter()
    setup: Counter[str] = Counter()
    for trial in good:
        hits.update(trial.hits)
        setup.update(trial.hits_setup)
    per_delivery, interval = _ratio(good, lambda t: t.hits_total)
    swarms = [t.record.swarm for t in good if t.record.swarm]
    bytes_each, bytes_interval = _ratio(good, lambda t: t.bytes_total)
    return {
        "hits": dict(sorted(hits.items())),
        "hits_total": sum(hits.values()),
        "hits_setup": dict(sorted(setup.items())),
        "publish_hits": sum(t.publish_hits for t in good),
        "hits_source": good[0].hits_source if good else None,
        "hits_per_delivery": per_delivery,
        "hits_per_delivery_ci": interval,
        "bytes_in": sum(swarm.bytes_in for swarm in swarms) if swarms else None,
        "bytes_out": sum(swarm.bytes_out for swarm in swarms) if swarms else None,
        "bytes_setup": sum(s.bytes_in_setup + s.bytes_out_setup for s in swarms)
        if swarms
        else None,
        "bytes_per_delivery": bytes_each if swarms else None,
        "bytes_per_delivery_ci": bytes_interval if swarms else None,
    }


def _process_figures(good: Sequence[TrialFigures], delivered: int) -> dict[str, Any]:
    generators = [
        p for t in good for p in (t.record.swarm, t.record.publisher) if p and p.cpu_s is not None
    ]
    servers = [t.record.server for t in good if t.record.server]
    brokers = [t.record.broker for t in good if t.record.broker]
    broker_cpu = [b.cpu_s for b in brokers if b.cpu_s is not None]
    broker_rss = [b.rss_bytes for b in brokers if b.rss_bytes is not None]
    cpu_each, interval = _ratio(good, lambda t: t.cpu_s) if servers else (None, None)
    server_cpu = sum(s.cpu_s for s in servers)
    return {
        "server_cpu_s": server_cpu if servers else None,
        "server_cpu_s_per_delivery": server_cpu / delivered if servers and delivered else None,
        "server_rss_bytes": max((s.rss_bytes for s in servers), default=None),
        "server_open_descriptors": max((s.open_descriptors for s in servers), default=None),
        "broker": f"{brokers[0].kind} {brokers[0].version}".strip() if brokers else None,
        "broker_cpu_s": sum(broker_cpu) if broker_cpu else None,
        "broker_rss_bytes": max(broker_rss, default=None),
        "generator_cpu_s": sum(p.cpu_s or 0.0 for p in generators) if generators else None,
        "cpu_s_per_delivery": cpu_each,
        "cpu_s_per_delivery_ci": interval,
    }


def _staleness(good: Sequence[TrialFigures]) -> dict[str, float | None]:
    means = [t.staleness_s["mean"] for t in good if t.staleness_s["mean"] is not None]
    tops = [t.staleness_s["max"] for t in good if t.staleness_s["max"] is not None]
    return {"mean": float(np.mean(means)) if means else None, "max": max(tops, default=None)}


def _connect(good: Sequence[TrialFigures]) -> dict[str, float | None]:
    taken = np.sort(np.concatenate([t.connect_s for t in good])) if good else np.zeros(0)
    return {
        "p50": percentile(taken, 500),
        "p99": percentile(taken, 990),
        "max": float(taken[-1]) if len(taken) else None,
    }


def _storm(good: Sequence[TrialFigures]) -> dict[str, float | None] | None:
    """The storms in which all connected, put together: sums, and rates of those sums."""
    storms = [t.record.connect for t in good if t.record.connect]
    if not storms:
        return None
    clients = sum(s.clients for s in storms)
    span_s = sum(s.storm_s or 0.0 for s in storms)
    hub_s = [s.server_cpu_s for s in storms if s.server_cpu_s is not None]
    broker_s = [s.broker_cpu_s for s in storms if s.broker_cpu_s is not None]
    hits = sum(n for s in storms for n in s.hits.values())
    size = sum(s.bytes_in + s.bytes_out for s in storms)
    return {
        "clients": clients,
        "duration_s": span_s,
        "connects_per_s": clients / span_s if span_s else None,
        "server_cpu_s": sum(hub_s) if hub_s else None,
        "broker_cpu_s": sum(broker_s) if broker_s else None,
        "hits_per_client": hits / clients if clients else None,
        "bytes_per_client": size / clients if clients else None,
    }


def _cost(good: Sequence[TrialFigures], delivered: int) -> dict[str, Any]:
    traffic = traffic_of(good) if good else None
    return usd_per_month(traffic, good[0].record.transport if good else "")


def _predicted(trials: Sequence[TrialFigures]) -> dict[str, Any] | None:
    if not trials:
        return None
    each = [t.predicted for t in trials]

    def total(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) if len(known) == len(values) else None

    latency_s = total([p.mean_latency_s for p in each])
    return {
        **each[0].to_json(),
        "mean_latency_s": latency_s / len(each) if latency_s is not None else None,
        "hits": total([p.hits for p in each]),
        "hits_setup": total([p.hits_setup for p in each]),
    }


def _unstable(good: Sequence[TrialFigures]) -> list[str]:
    """The figures that differ too much between trials."""
    looked_at: Mapping[str, Figure] = {
        "latency_s": lambda t: float(t.latency_s.mean()) if len(t.latency_s) else 0.0,
        "hits_per_delivery": lambda t: t.hits_total / max(t.rows.counts.delivered, 1),
        "bytes_per_delivery": lambda t: t.bytes_total / max(t.rows.counts.delivered, 1),
        "cpu_s_per_delivery": lambda t: t.cpu_s / max(t.rows.counts.delivered, 1),
    }
    return [name for name, of in looked_at.items() if is_unstable([of(t) for t in good])]
