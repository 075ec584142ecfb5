"""What a transport costs its server, from a run or a sweep: CPU, memory and bytes for each event.

CPU is taken apart by the windows beside each measured one, and by loads that differ
(`pushlab.analysis.forecast.costs`). Memory per connection is the slope over different numbers of
clients; with one number alone, what the processes grew by since they started.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pushlab.analysis.forecast.costs import Costs
from pushlab.analysis.models.expected import PERCENTILES
from pushlab.analysis.stats.intervals import MIN_TRIALS, t_reach
from pushlab.analysis.stats.ordered import Ordered, quantiles
from pushlab.analysis.stats.values import Values
from pushlab.analysis.summary.summarise import Analysis, analyse
from pushlab.analysis.trials.costs import Load, Window, windows_of
from pushlab.analysis.trials.figures import TrialFigures
from pushlab.contract.profile import Delivery, Profile
from pushlab.errors import UsageError
from pushlab.runs import Run, Sweep, TrialRecord, load_folder

__all__ = ["Calibration", "Span", "calibrate", "calibration_from", "calibration_of", "costs_of"]

Floats = npt.NDArray[np.float64]

_SERVERS, _BEFORE = ("hub", "broker", "backplane"), "starting"
_LEAST_SPREAD = 1.5  # how far numbers must lie apart before a slope is drawn through them


@dataclass(frozen=True, slots=True)
class Span:
    """The least and the most of something that was measured."""

    low: float
    high: float

    def __str__(self) -> str:
        low, high = (f"{n:,.0f}" if n >= 100 else f"{n:.3g}" for n in (self.low, self.high))
        return low if low == high else f"{low} to {high}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What one transport cost its server.

    Attributes:
        costs: of hub and broker together, in CPU seconds.
        base_bytes, bytes_per_connection: memory without clients, and for each; None if unknown.
        bytes_reach: of the latter's 95 % interval, to either side; None: too few trials.
        overhead_bytes_per_hit, overhead_bytes_per_delivery: on the wire both ways beyond the
            payload of deliveries; one of them is 0.
        floor_s: what a delivery takes without any network, the latency of the null transport:
            ``mean`` and percentiles such as ``50``; empty: it was not measured.
        trials: how many there were.
        clients, hits_per_s, deliveries_per_s, per_channel, payload_bytes, publishes_per_s, cores:
            what was measured, windows at another rate included.
    """

    transport: str
    costs: Costs
    base_bytes: float | None
    bytes_per_connection: float | None
    overhead_bytes_per_hit: float
    overhead_bytes_per_delivery: float
    trials: int
    clients: Span
    hits_per_s: Span
    deliveries_per_s: Span
    publishes_per_s: Span
    cores: Span
    per_channel: Span
    payload_bytes: Span
    floor_s: Mapping[str, float] = field(default_factory=dict)
    bytes_reach: float | None = None

    def bandwidth_bytes_per_s(
        self, hits_per_s: float, deliveries_per_s: float, payload_bytes: float
    ) -> float:
        """On the subscribers' connections, both ways."""
        return (
            self.overhead_bytes_per_hit * hits_per_s
            + (self.overhead_bytes_per_delivery + payload_bytes) * deliveries_per_s
        )


def calibrate(folder: Path) -> dict[str, Calibration]:
    """The calibration of every transport that a run or a sweep measured, by its name.

    That of another system than the hub is named with it, such as ``sse on nchan``. Where nobody
    could look at a server's CPU, there is none.

    Raises:
        RunError: there is no such run, or it is damaged.
        UsageError: nothing in it can be used.
    """
    found = load_folder(folder)
    runs: list[Run | None] = [found] if isinstance(found, Run) else []
    if isinstance(found, Sweep):
        runs = [found.run_of(number) for number in range(len(found.points))]
    known = [run for run in runs if run is not None]
    if calibrations := calibration_of(known):
        return calibrations
    servers = [t.server for run in known for t in run.trials if t.status == "ok" and t.server]
    why = next((one.unwatched for one in servers if one.unwatched), "")
    told = f"nobody could look at the server ({why})" if why else "no trial went well"
    raise UsageError(f"{folder}: {told}, so there is nothing to calibrate with")


def calibration_of(runs: Iterable[Run]) -> dict[str, Calibration]:
    """The calibration of every transport that these runs measured, from the trials that went well.

    Raises:
        RunError: a file of rows is missing or damaged.
    """
    return calibration_from([analyse(run) for run in runs])


def calibration_from(analyses: Iterable[Analysis]) -> dict[str, Calibration]:
    """The same of runs whose rows have been read."""
    by_subject: dict[str, list[_Trial]] = {}
    floor: list[Values] = []
    for number, analysis in enumerate(analyses):
        for trial in (each for cell in analysis.cells.values() for each in cell.all):
            record = trial.record
            if record.status != "ok" or not record.duration_s:
                continue
            if record.floor:
                floor.append(trial.latency_s)
            # what the simulation has is the swarm's client
            elif record.client != "browser" and trial.cpu_s is not None:
                grown = _grown_bytes(analysis.run, record)
                by_subject.setdefault(record.subject, []).append(_Trial(number, trial, grown))
    floor_s = _floor(floor)
    return {name: _calibration(name, found, floor_s) for name, found in by_subject.items()}


class _Trial(NamedTuple):
    """A trial, the number of its run, and by how much its processes grew."""

    run: int
    figures: TrialFigures
    grown: float | None


def _floor(latencies: Sequence[Values]) -> dict[str, float]:
    merged = Values.chained(latencies)
    if not len(merged):
        return {}
    found = quantiles(Ordered.of(merged), [p / 100 for p in PERCENTILES])
    told = {f"{p:g}": float(value) for p, value in zip(PERCENTILES, found, strict=True)}
    return {"mean": merged.mean(), **told}


#: What costs nothing by itself: see `pushlab.analysis.trials.costs.Load`.
_FREE: Mapping[Delivery, tuple[str, ...]] = {"interval-poll": ("connections",), "stream": ("hits",)}


def _calibration(
    transport: str, seen: Sequence[_Trial], floor_s: Mapping[str, float]
) -> Calibration:
    trials = [each.figures for each in seen]
    profile = trials[0].record.profile
    windows = [(each.run, windows_of(each.figures)) for each in seen]
    seconds = np.array([t.record.duration_s for t in trials])
    hits = np.array([t.hits_total for t in trials]) / seconds
    deliveries = np.array([t.rows.counts.delivered for t in trials]) / seconds
    payload = np.array([t.payload_bytes for t in trials])
    base, each, reach = _memory(trials, [one.grown for one in seen])
    wire = np.array([t.bytes_total for t in trials]) / seconds
    overhead = float(((wire - payload * deliveries) * seconds).sum())
    events = float(((hits if profile.asks else deliveries) * seconds).sum())
    per_event = max(0.0, overhead / events) if events else 0.0
    every = [window for _, found in windows for window in found]
    return Calibration(
        transport=transport,
        costs=costs_of(windows, profile),
        base_bytes=base,
        bytes_per_connection=each,
        bytes_reach=reach,
        overhead_bytes_per_hit=per_event if profile.asks else 0.0,
        overhead_bytes_per_delivery=0.0 if profile.asks else per_event,
        trials=len(trials),
        clients=_span([t.record.clients for t in trials]),
        hits_per_s=_span([*hits, *_rates(every, lambda load: load.hits)]),
        deliveries_per_s=_span(_rates(every, lambda load: load.deliveries)),
        publishes_per_s=_span(_rates(every, lambda load: load.publishes)),
        cores=_span([window.cpu_s / window.span_s for window in every]),
        per_channel=_span([t.record.per_channel for t in trials]),
        payload_bytes=_span(payload),
        floor_s=floor_s,
    )


def costs_of(trials: Iterable[tuple[object, Sequence[Window]]], profile: Profile) -> Costs:
    """What trials' windows tell of a transport; trials of one run go together."""
    first = "hits" if profile.asks else "deliveries"
    return Costs.of(trials, free=_FREE.get(profile.delivery, ()), first=first)


def _rates(windows: Iterable[Window], of: Callable[[Load], float]) -> list[float]:
    return [of(window.load) / window.span_s for window in windows]


def _span(values: Iterable[float]) -> Span:
    known = [float(value) for value in values]
    return Span(min(known), max(known))


def _memory(
    trials: Sequence[TrialFigures], grown: Sequence[float | None]
) -> tuple[float | None, float | None, float | None]:
    """Memory without clients, for each one, and how far the latter may be off; None: not told."""
    clients = np.array([t.record.clients for t in trials], float)
    most = [each for t in trials if (each := _held_bytes(t.record)) is not None]
    if len(most) < len(trials):
        return None, None, None
    held = np.array(most, float)
    if clients.max() >= _LEAST_SPREAD * clients.min():
        each, base = np.polyfit(clients, held, 1)
        freedom, spread = len(held) - 2, float(((clients - clients.mean()) ** 2).sum())
        missed = float(((held - each * clients - base) ** 2).sum())
        reach = math.sqrt(missed / freedom / spread) * t_reach(freedom) if freedom > 0 else None
        return (float(base), float(each), reach) if each > 0 and base > 0 else (None, None, None)
    known = [value for value in grown if value is not None]
    if not known:
        return None, None, None
    growth, count = float(np.mean(known)), float(clients.mean())
    reach = None
    if len(known) >= MIN_TRIALS:
        error = float(np.std(known, ddof=1)) / math.sqrt(len(known))
        reach = t_reach(len(known) - 1) * error / count
    return float(held.mean()) - growth, growth / count, reach


def _held_bytes(record: TrialRecord) -> float | None:
    """The most that server, broker and backplane held; None: nobody looked."""
    held = record.server.rss_bytes if record.server else None
    beside = [one.rss_bytes or 0 for one in (record.broker, record.backplane) if one]
    return None if held is None else held + sum(beside)


def _grown_bytes(run: Run, record: TrialRecord) -> float | None:
    """By how much hub and broker grew since they had started; None if nobody looked."""
    table = run.table("samples", record)
    if not table.num_rows:
        return None
    rows = table.select(["process", "phase", "rss_bytes"]).to_pylist()
    grown, looked = 0.0, False
    for process in _SERVERS:
        sizes = [(row["phase"], row["rss_bytes"]) for row in rows if row["process"] == process]
        begun = [size for phase, size in sizes if phase == _BEFORE]
        if begun:
            looked = True
            grown += max(size for _, size in sizes) - begun[-1]
    return grown if looked else None
