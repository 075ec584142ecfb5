"""What a transport costs its server, from a run: CPU, memory and bytes for each event.

One run at one load cannot tell the CPU of a request from that of the deliveries in it: then CPU is
put on polling's hits and on push's deliveries, their share of publishing included. A sweep, in
which these numbers vary apart, is fitted by least squares. Memory per connection is the slope over
different numbers of clients; with one number alone, what the processes grew by since they started.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pushlab.analysis.summary.summarise import analyse
from pushlab.analysis.trials.figures import TrialFigures
from pushlab.errors import UsageError
from pushlab.runs import Run, Sweep, TrialRecord, load_folder

__all__ = ["Calibration", "Span", "calibrate", "calibration_of"]

Floats = npt.NDArray[np.float64]

_SERVERS, _BEFORE = ("hub", "broker"), "starting"
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
        cpu_s_per_hit, cpu_s_per_delivery, cpu_s_per_publish: hub and broker; a share that could
            not be told apart is 0 here and within another.
        fitted: whether they were told apart.
        base_bytes, bytes_per_connection: memory without clients, and for each; None if unknown.
        overhead_bytes_per_hit, overhead_bytes_per_delivery: on the wire both ways beyond the
            payload of deliveries; one of them is 0.
        clients, hits_per_s, deliveries_per_s, per_channel, payload_bytes, publishes_per_s: what was
            measured.
    """

    transport: str
    cpu_s_per_hit: float
    cpu_s_per_delivery: float
    cpu_s_per_publish: float
    fitted: bool
    base_bytes: float | None
    bytes_per_connection: float | None
    overhead_bytes_per_hit: float
    overhead_bytes_per_delivery: float
    clients: Span
    hits_per_s: Span
    deliveries_per_s: Span
    publishes_per_s: Span
    per_channel: Span
    payload_bytes: Span

    def cores(self, hits_per_s: float, deliveries_per_s: float, publishes_per_s: float) -> float:
        """CPU seconds a second for such a load."""
        return (
            self.cpu_s_per_hit * hits_per_s
            + self.cpu_s_per_delivery * deliveries_per_s
            + self.cpu_s_per_publish * publishes_per_s
        )

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

    Raises:
        RunError: there is no such run, or it is damaged.
        UsageError: nothing in it can be used.
    """
    found = load_folder(folder)
    runs: list[Run | None] = [found] if isinstance(found, Run) else []
    if isinstance(found, Sweep):
        runs = [found.run_of(number) for number in range(len(found.points))]
    calibrations = calibration_of([run for run in runs if run is not None])
    if not calibrations:
        raise UsageError(f"{folder}: no trial went well, so there is nothing to calibrate with")
    return calibrations


def calibration_of(runs: Iterable[Run]) -> dict[str, Calibration]:
    """The calibration of every transport that these runs measured, from the trials that went well.

    Raises:
        RunError: a file of rows is missing or damaged.
    """
    by_transport: dict[str, list[tuple[TrialFigures, float | None]]] = {}
    for run in runs:
        for trial in (each for cell in analyse(run).cells.values() for each in cell.all):
            record = trial.record
            if record.client == "browser":  # what the simulation has is the swarm's client
                continue
            if record.status == "ok" and record.server and record.duration_s and not record.floor:
                seen = (trial, _grown_bytes(run, record))
                by_transport.setdefault(record.transport, []).append(seen)
    return {name: _calibration(name, found) for name, found in by_transport.items()}


def _calibration(transport: str, seen: Sequence[tuple[TrialFigures, float | None]]) -> Calibration:
    trials = [trial for trial, _ in seen]
    seconds = np.array([t.record.duration_s for t in trials])
    hits = np.array([t.hits_total for t in trials]) / seconds
    deliveries = np.array([t.rows.counts.delivered for t in trials]) / seconds
    publishes = np.array([t.rows.counts.accepted for t in trials]) / seconds
    cores = np.array([t.cpu_s for t in trials]) / seconds
    payload = np.array([t.payload_bytes for t in trials])
    asks = trials[0].record.profile.asks
    loads = {"hit": hits, "delivery": deliveries, "publish": publishes}
    order = ("hit", "delivery", "publish") if asks else ("delivery", "publish", "hit")
    shares = _shares({name: loads[name] for name in order}, cores, seconds)
    base, each = _memory(trials, [grown for _, grown in seen])
    wire = np.array([t.bytes_total for t in trials]) / seconds
    overhead = float(((wire - payload * deliveries) * seconds).sum())
    events = float(((hits if asks else deliveries) * seconds).sum())
    per_event = max(0.0, overhead / events) if events else 0.0
    clients = [t.record.clients for t in trials]
    return Calibration(
        transport=transport,
        cpu_s_per_hit=shares.get("hit", 0.0),
        cpu_s_per_delivery=shares.get("delivery", 0.0),
        cpu_s_per_publish=shares.get("publish", 0.0),
        fitted=len(shares) > 1,
        base_bytes=base,
        bytes_per_connection=each,
        overhead_bytes_per_hit=per_event if asks else 0.0,
        overhead_bytes_per_delivery=0.0 if asks else per_event,
        clients=_span(clients),
        hits_per_s=_span(hits),
        deliveries_per_s=_span(deliveries),
        publishes_per_s=_span(publishes),
        per_channel=_span([t.record.per_channel for t in trials]),
        payload_bytes=_span(payload),
    )


def _span(values: Iterable[float]) -> Span:
    known = [float(value) for value in values]
    return Span(min(known), max(known))


def _shares(loads: Mapping[str, Floats], cores: Floats, seconds: Floats) -> dict[str, float]:
    """CPU seconds of each thing that happens, as many of them as can be told apart.

    A load that varies in step with those before it is left out; none costs less than nothing.
    """
    names: list[str] = []
    for name, load in loads.items():
        if not load.any():
            continue
        wanted = np.column_stack([loads[known] / loads[known].max() for known in [*names, name]])
        if not names or (
            len(cores) >= 2 * wanted.shape[1] and np.linalg.cond(wanted) < 10 * len(names) * 2
        ):
            names.append(name)
    while names:
        table = np.column_stack([loads[name] for name in names]) * seconds[:, None]
        found, *_ = np.linalg.lstsq(table, cores * seconds, rcond=None)
        worst = int(np.argmin(found))
        if found[worst] >= 0 or len(names) == 1:
            return dict(zip(names, np.maximum(found, 0.0).tolist(), strict=True))
        del names[worst]
    return {}


def _memory(
    trials: Sequence[TrialFigures], grown: Sequence[float | None]
) -> tuple[float | None, float | None]:
    """Memory without clients, and for each one; None where it cannot be told."""
    clients = np.array([t.record.clients for t in trials], float)
    held = np.array([_held_bytes(t.record) for t in trials], float)
    if clients.max() >= _LEAST_SPREAD * clients.min():
        each, base = np.polyfit(clients, held, 1)
        return (float(base), float(each)) if each > 0 and base > 0 else (None, None)
    known = [value for value in grown if value is not None]
    if not known:
        return None, None
    growth = float(np.mean(known))
    return float(held.mean()) - growth, growth / float(clients.mean())


def _held_bytes(record: TrialRecord) -> float:
    """The most that hub and broker held."""
    hub = record.server.rss_bytes if record.server else 0
    return hub + ((record.broker.rss_bytes or 0) if record.broker else 0)


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
