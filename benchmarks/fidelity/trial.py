"""One trial of the laboratory under capture, at half load: its stamps, the kernel's, the capture's.

The witnesses' kernel stamps are proved by the capture, which nothing in the trial can hold up; the
witnesses in turn tell every other trial how late its stamps are.
"""

import dataclasses
import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fidelity.capture import Capture
from benchmarks.fidelity.wire import Wire
from pushlab.lab.load.kernel_stamps import WallClock
from pushlab.lab.scenario.cells import Cell, make_cells
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.trial.phases import Trial
from pushlab.lab.trial.plan import TrialOutcome, TrialPlan
from pushlab.lab.trial.processes import TrialProcesses
from pushlab.runs import WitnessFigures

__all__ = ["Fidelity", "TrialBroken", "measure_fidelity"]

_CLIENTS = 100
_PAYLOAD_BYTES = 100
_HALF = 0.45  # of a core, of whichever process is busiest
_START_RATE_PER_S = 10.0
_MAX_RATE_PER_S = 1_000.0
_POLL_INTERVAL_S = 0.2
_MIN_POLL_INTERVAL_S = 0.004
_LOOKS_S = (2.0, 2.0)  # lengths of the trials that find the rate
_MAX_STEP = 12.0
_STAMPED = ("subscriber", "seq", "stamped_ns", "kernel_ns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """What one transport's trial showed; latencies count from the intended publish time.

    Attributes:
        rate_per_s: messages published per second; each goes to all clients.
        poll_interval_s: of short polling; 0 for others.
        busy: share of a core that each process used, by name.
        deliveries: pairs of a row of pushlab's and a packet.
        unpaired: rows without a packet.
        dropped: packets that the capture lost.
        reported_s, captured_s: percentiles by name (``p50``, ``p99``).
        stamp_delay_s: percentiles of a single delivery's pushlab stamp minus its packet's.
        witnesses: how many subscribers the kernel stamped.
        stamped: how many of their deliveries are compared below.
        witness_delay_s: percentiles of pushlab's stamp minus the kernel's, for the witnesses.
        packet_delay_s: of the same deliveries, percentiles of pushlab's stamp minus the packet's.
        sends: how many of the publisher's requests are compared below.
        send_delay_s: percentiles of the kernel's stamp of a request minus pushlab's.
        send_packet_delay_s: of the same requests, percentiles of the packet's minus pushlab's.
        path_s: the reading path of an idle event loop, as measured before the trial.
        bound_s: how wrong the conversion of the clocks may be.
        marks: what the laboratory holds against the trial.
    """

    transport: str
    clients: int
    rate_per_s: float
    poll_interval_s: float
    busy: Mapping[str, float]
    deliveries: int
    unpaired: int
    dropped: int
    reported_s: Mapping[str, float]
    captured_s: Mapping[str, float]
    stamp_delay_s: Mapping[str, float]
    witnesses: int
    stamped: int
    witness_delay_s: Mapping[str, float]
    packet_delay_s: Mapping[str, float]
    sends: int
    send_delay_s: Mapping[str, float]
    send_packet_delay_s: Mapping[str, float]
    path_s: float
    bound_s: float
    marks: tuple[str, ...]

    def error_s(self, percentile: str) -> float:
        """pushlab's figure minus the capture's, without the reading path, which is shown apart."""
        return self.reported_s[percentile] - self.captured_s[percentile] - self.path_s


class TrialBroken(Exception):
    """A trial did not go well; the text is its reason."""


class _TappedStage(TrialProcesses):
    """A stage whose wires are captured while its processes stand."""

    def __init__(self, plan: TrialPlan, capture: Capture) -> None:
        super().__init__(plan)
        self._capture = capture
        self.ports: list[int] = []

    async def start(self) -> None:
        """Start everything, then the capture: nothing has connected yet but the bridge."""
        await super().start()
        self.ports = [int(self.api.url.rpartition(":")[2])]
        if self.broker is not None:
            self.ports.append(self.broker.access.port)
        await self._capture.start(self.ports)

    async def stop(self) -> None:
        """Stop the capture, then everything."""
        await self._capture.stop()
        await super().stop()


async def measure_fidelity(transport: str, *, seconds: float) -> Fidelity:
    """Find half load, then run one trial under capture.

    Raises:
        CaptureFailed: nothing can be captured.
        TrialBroken: a trial failed.
    """
    scenario = _scenario(transport)
    for look_s in _LOOKS_S:
        outcome = await _run(TrialPlan(_lasting(scenario, look_s), scenario.cells[0], 0, 0))
        scenario = _scaled(scenario, max(_busy(outcome).values()))
    plan = TrialPlan(_lasting(scenario, seconds), scenario.cells[0], 0, 0)
    with tempfile.TemporaryDirectory(prefix="pushlab-fidelity-") as folder:
        capture = Capture(Path(folder) / "capture.pcapng")
        stage = _TappedStage(plan, capture)
        clock = WallClock()
        outcome = await _run(plan, stage)
        if clock.to_monotonic(0) is None:
            raise TrialBroken("the machine's wall clock was set during the trial")
        wire = Wire(transport, stage.ports, payload_bytes=_PAYLOAD_BYTES)
        async for segment in capture.segments():
            wire.take(segment)
    reported_s, captured_s, unpaired = _pairs(outcome, wire, clock.distance_ns)
    if not len(reported_s):
        raise TrialBroken("no delivery was found in the capture")
    interval_s = plan.cell.interval_s
    stamped = _stamped(outcome, wire, clock.distance_ns)
    sent = _sent(outcome, wire, clock.distance_ns)
    told = outcome.record.witnesses or WitnessFigures()
    return Fidelity(
        transport=transport,
        clients=_CLIENTS,
        rate_per_s=scenario.rate_per_s,
        poll_interval_s=interval_s,
        busy=_busy(outcome),
        deliveries=len(reported_s),
        unpaired=unpaired,
        dropped=capture.dropped,
        reported_s=_percentiles(reported_s),
        captured_s=_percentiles(captured_s),
        stamp_delay_s=_percentiles(reported_s - captured_s),
        witnesses=told.clients,
        stamped=len(stamped),
        witness_delay_s=_percentiles(stamped[:, 0]),
        packet_delay_s=_percentiles(stamped[:, 1]),
        sends=len(sent),
        send_delay_s=_percentiles(sent[:, 0]),
        send_packet_delay_s=_percentiles(sent[:, 1]),
        path_s=told.path_s or 0.0,
        bound_s=clock.bound_ns / 1e9,
        marks=tuple(outcome.record.marks),
    )


# ---- the load -------------------------------------------------------------------------------


def _scenario(transport: str) -> Scenario:
    return _with_cell(
        Scenario(
            name="fidelity",
            clients=_CLIENTS,
            channels="shared",
            arrivals="poisson",
            rate_per_s=_START_RATE_PER_S,
            payload_bytes=_PAYLOAD_BYTES,
            warmup_s=0.5,
        ),
        transport,
        _POLL_INTERVAL_S,
    )


def _with_cell(scenario: Scenario, transport: str, interval_s: float) -> Scenario:
    cells = make_cells([Cell("", transport)], interval_s)
    return dataclasses.replace(scenario, cells=cells, poll_interval_s=interval_s)


def _lasting(scenario: Scenario, seconds: float) -> Scenario:
    return dataclasses.replace(scenario, duration_s=seconds)


def _scaled(scenario: Scenario, busy: float) -> Scenario:
    """The scenario with so much more (or less) to do that the busiest process is half busy."""
    factor = min(_HALF / max(busy, 1e-3), _MAX_STEP)
    cell = scenario.cells[0]
    if cell.interval_s:
        interval_s = max(_MIN_POLL_INTERVAL_S, scenario.poll_interval_s / factor)
        return _with_cell(scenario, cell.transport, round(interval_s, 4))
    rate_per_s = min(_MAX_RATE_PER_S, scenario.rate_per_s * factor)
    return dataclasses.replace(scenario, rate_per_s=round(rate_per_s, 1))


def _busy(outcome: TrialOutcome) -> dict[str, float]:
    record = outcome.record
    assert record.server is not None
    assert record.swarm is not None
    used = {"hub": record.server.cpu_s, "generator": record.swarm.cpu_s}
    if record.broker is not None and record.broker.cpu_s is not None:
        used["broker"] = record.broker.cpu_s
    return {name: cpu_s / record.duration_s for name, cpu_s in used.items()}


# ---- running and comparing ------------------------------------------------------------------


async def _run(plan: TrialPlan, stage: TrialProcesses | None = None) -> TrialOutcome:
    trial = Trial(plan, lambda progress: None, stage or TrialProcesses(plan))
    reason: str | None = "interrupted"
    try:
        await trial.measure()
        reason = None
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise TrialBroken(f"{plan.cell.label}: {reason}") from error
    finally:
        outcome = await trial.end("failed" if reason else "ok", reason)
    return outcome


def _pairs(outcome: TrialOutcome, wire: Wire, distance_ns: int) -> tuple[Any, Any, int]:
    """Latencies in seconds as pushlab has them and as the capture has them; rows without a pair."""
    published, rows = outcome.rows["publishes"], outcome.rows["deliveries"]
    measured = ~np.asarray(published["warmup"]) & (np.asarray(published["seq"]) > 0)
    intended = dict(
        zip(
            np.asarray(published["seq"])[measured].tolist(),
            np.asarray(published["intended_ns"])[measured].tolist(),
            strict=True,
        )
    )
    pairs, unpaired = [], 0
    for subscriber, seq, received_ns in zip(
        np.asarray(rows["subscriber"]).tolist(),
        np.asarray(rows["seq"]).tolist(),
        np.asarray(rows["received_ns"]).tolist(),
        strict=True,
    ):
        if (intended_ns := intended.get(seq)) is None:
            continue  # warm-up
        wall_ns = wire.arrivals.get((subscriber, seq))
        if wall_ns is None:
            unpaired += 1
        else:
            pairs.append((received_ns - intended_ns, wall_ns - distance_ns - intended_ns))
    both = np.asarray(pairs, np.float64).reshape(-1, 2) / 1e9
    return both[:, 0], both[:, 1], unpaired


def _stamped(outcome: TrialOutcome, wire: Wire, distance_ns: int) -> Any:
    """Of each delivery to a witness: its stamp minus the kernel's, and minus its packet's; in s."""
    rows, start_ns = outcome.rows["stamps"], outcome.record.measure_start_ns or 0
    found = []
    for subscriber, seq, stamped_ns, kernel_ns in zip(
        *(np.asarray(rows[name]).tolist() for name in _STAMPED), strict=True
    ):
        wall_ns = wire.arrivals.get((subscriber, seq))
        if wall_ns is not None and stamped_ns >= start_ns:
            found.append((stamped_ns - kernel_ns, stamped_ns - (wall_ns - distance_ns)))
    return np.asarray(found, np.float64).reshape(-1, 2) / 1e9


def _sent(outcome: TrialOutcome, wire: Wire, distance_ns: int) -> Any:
    """Of each of the publisher's requests: the kernel's stamp, and its packet's, minus its own."""
    rows, start_ns = outcome.rows["stamps"], outcome.record.measure_start_ns or 0
    packets = np.asarray(sorted(wire.posted), np.int64) - distance_ns
    found = []
    for subscriber, _, stamped_ns, kernel_ns in zip(
        *(np.asarray(rows[name]).tolist() for name in _STAMPED), strict=True
    ):
        if subscriber < 0 and stamped_ns >= start_ns and len(packets):
            nearest_ns = int(packets[np.abs(packets - kernel_ns).argmin()])
            found.append((kernel_ns - stamped_ns, nearest_ns - stamped_ns))
    return np.asarray(found, np.float64).reshape(-1, 2) / 1e9


def _percentiles(values: Any) -> dict[str, float]:
    if not len(values):
        return {"p50": math.nan, "p99": math.nan}
    p50, p99 = np.percentile(values, [50, 99])
    return {"p50": float(p50), "p99": float(p99)}
