"""Runs made by simulation, for tests alone: nothing in them was ever measured.

A trial is drawn from a model of its transport: polling answers at each client's next poll, push
after a short random delay. The folder is written by the real `RunWriter`.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pushlab.lab.place import EVERYTHING_HERE
from pushlab.lab.scenario import model as scenario_module
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.trial.plan import TrialOutcome
from pushlab.runs import (
    BrokerFigures,
    ConnectFigures,
    PublisherFigures,
    RemoteClock,
    RunWriter,
    ServerFigures,
    SwarmFigures,
    TrialRecord,
)

ENVIRONMENT = {
    "processor": "Simulated CPU at 2.4 GHz",
    "cores": 2,
    "memory_bytes": 8 << 30,
    "kernel": "Linux 6.1",
    "python": "3.11.9",
}


@dataclass(frozen=True)
class Cell:
    """One transport setting to simulate, at a server: its CPU is `effort` times the hub's."""

    label: str
    transport: str
    options: dict[str, Any] = field(default_factory=dict)
    delay_s: float = 0.001
    loss: float = 0.0
    fail: str | None = None  # the reason why every trial failed
    fail_once: str | None = None  # the reason why the second trial failed
    marks: tuple[str, ...] = ()
    floor: bool = False
    jitter_between_trials: float = 0.0
    system: str = "hub"
    effort: float | None = 1.0  # None: nobody watched the server
    clock_bound_s: float = 0.0  # of a swarm on another host; 0: on this one
    clock_step_s: float = 0.0  # by which its clock jumped in the second trial


def at(system: str, *cells: "Cell", **more: Any) -> list["Cell"]:
    """The same cells at a server."""
    return [
        replace(cell, label=f"{cell.label} on {system}", system=system, **more) for cell in cells
    ]


STANDARD = (
    Cell("short-polling", "short-polling", {"interval_s": 1.0}, delay_s=0.0012),
    Cell("long-polling", "long-polling", {"hold_s": 30.0}, delay_s=0.0021),
    Cell("sse", "sse", delay_s=0.0011),
    Cell("websocket", "websocket", delay_s=0.0013),
    Cell("mqtt", "mqtt", {"qos": 1}, delay_s=0.0027),
)
FLOOR = Cell("null", "null", delay_s=0.0001, floor=True)

_OBSERVED = 5
_BYTES = {  # (per hit both ways in, out), (per delivery in)
    "short-polling": (170, 210, 90),
    "long-polling": (190, 215, 95),
    "sse": (0, 0, 130),
    "websocket": (0, 0, 84),
    "mqtt": (0, 4, 92),
}


def simulate(
    root: Path,
    *cells: Cell,
    clients: int = 100,
    per_channel: int = 5,
    rate: float = 2.0,
    duration_s: float = 10.0,
    trials: int = 2,
    arrivals: str = "constant",
    seed: int = 1,
    name: str = "quick",
    title: str = "A simulated run",
    interrupt_after: int | None = None,
) -> Path:
    """Write a simulated run and return its folder."""
    cells = cells or STANDARD
    rng = np.random.default_rng(seed)
    scenario = Scenario(
        name=name,
        title=title,
        clients=clients,
        channels="rooms",
        room_size=per_channel,
        arrivals=arrivals,
        rate_per_s=rate,
        payload_bytes=64,
        duration_s=duration_s,
        trials=trials,
        seed=seed,
        cells=tuple(
            scenario_module.Cell(cell.label, cell.transport, cell.options) for cell in cells
        ),
    )
    writer = RunWriter.create(
        root,
        scenario=scenario.to_json(),
        cells=[cell.label for cell in cells],
        environment=ENVIRONMENT,
        command=["pushlab", "compare", name],
        seed=seed,
    )
    order = 0
    for index in range(trials):
        for which in rng.permutation(len(cells)):
            if order == interrupt_after:
                writer.finish("incomplete")
                return writer.path
            record, rows = _trial(
                cells[which], index, order, clients, per_channel, rate, duration_s, arrivals, rng
            )
            writer.add_trial(record, **rows)
            order += 1
    return writer.finish()


class SimulatedBackend:
    """Runs simulated trials in the place of processes.

    Args:
        cells: how the cells of these labels behave; others as a cell of that transport does.
        before: called with the plan before each trial; it may wait.
    """

    def __init__(self, *cells: Cell, before=None) -> None:
        self._cells = {cell.label: cell for cell in cells}
        self._before = before
        self.placement = EVERYTHING_HERE

    async def run(self, plan, tell, stop) -> TrialOutcome:
        if self._before is not None:
            self._before(plan)
        scenario, label = plan.scenario, plan.cell.label
        cell = self._cells.get(label) or Cell(label, plan.cell.transport, dict(plan.cell.options))
        record, rows = _trial(
            replace(cell, floor=plan.floor),
            plan.index,
            plan.order,
            scenario.clients,
            scenario.per_channel,
            scenario.rate_per_s,
            scenario.duration_s,
            scenario.arrivals,
            np.random.default_rng([scenario.seed, plan.index, len(label)]),
        )
        if stop.is_set():
            record = replace(record, status="interrupted", reason="the run was stopped")
        return TrialOutcome(record, rows)

    async def close(self) -> None: ...


def _clocks(cell: Cell, index: int) -> list[RemoteClock]:
    if not cell.clock_bound_s:
        return []
    step_s = cell.clock_step_s if index == 1 else 0.0
    swarm = RemoteClock(
        process="swarm",
        offset_ns=100_000_000_000,
        drift_ppm=12.5,
        bound_ns=round((cell.clock_bound_s + step_s) * 1e9),
        exchanges=144,
        steps_ns=[-round(step_s * 1e9)] if step_s else [],
    )
    hub = replace(swarm, process="hub", bound_ns=10 * swarm.bound_ns, steps_ns=[])
    return [hub, swarm]


def _trial(cell, index, order, clients, per_channel, rate, duration_s, arrivals, rng):
    channels = -(-clients // per_channel)
    common = {
        "index": index,
        "order": order,
        "cell": cell.label,
        "transport": cell.transport,
        "system": cell.system,
        "options": cell.options,
        "clients": clients,
        "channels": channels,
        "per_channel": per_channel,
        "rate_per_channel": rate,
        "arrivals": arrivals,
        "floor": cell.floor,
        "marks": list(cell.marks),
    }
    reason = cell.fail or (cell.fail_once if index == 1 else None)
    if cell.fail:
        return TrialRecord(**common, duration_s=0.0, status="failed", reason=reason), {}

    start = 1_000_000_000_000 * (order + 1)
    end = start + int(duration_s * 1e9)
    warmup = int(1e9)
    per = max(1, round(rate * (duration_s + 1)))
    channel = np.repeat(np.arange(channels), per)
    if arrivals == "poisson":
        gaps = rng.exponential(1 / rate, (channels, per))
        offsets = np.cumsum(gaps, axis=1)
    else:
        offsets = (np.arange(per) / rate)[None, :] + rng.uniform(0, 1 / rate, (channels, 1))
    intended = (start - warmup + offsets * 1e9).astype(np.int64).ravel()
    seq = np.tile(np.arange(1, per + 1), channels)
    keep = intended < end
    channel, intended, seq = channel[keep], intended[keep], seq[keep]
    sent = intended + (rng.exponential(0.00002, len(intended)) * 1e9).astype(np.int64)
    accepted = sent + (rng.gamma(4, 0.0001, len(intended)) * 1e9).astype(np.int64)
    if reason:  # the server died in the middle
        dead = accepted > (start + end) // 2
        accepted[dead], seq[dead] = 0, 0
    publishes = {
        "channel": channel,
        "seq": seq,
        "intended_ns": intended,
        "sent_ns": sent,
        "accepted_ns": accepted,
        "held_ns": np.zeros(len(seq), np.int64),
        "status": np.where(seq > 0, 202, 0),
        "warmup": intended < start,
        "payload_bytes": np.full(len(seq), 64),
    }

    owed = np.clip(clients - channel * per_channel, 0, per_channel)
    row = np.repeat(np.arange(len(seq)), owed)
    within = np.arange(len(row)) - np.repeat(np.cumsum(owed) - owed, owed)
    subscriber = channel[row] * per_channel + within
    scale = cell.delay_s * (1 + cell.jitter_between_trials * index)
    delay = (rng.gamma(9, scale / 9, len(row)) * 1e9).astype(np.int64)
    if cell.transport == "short-polling":
        interval = int(cell.options.get("interval_s", 1.0) * 1e9)
        phase = rng.integers(0, interval, clients)[subscriber]
        wait = (phase - (accepted[row] - start)) % interval
        received = accepted[row] + wait + delay
    else:
        received = accepted[row] + delay
    arrived = (seq[row] > 0) & (rng.random(len(row)) >= cell.loss)
    row, subscriber, received = row[arrived], subscriber[arrived], received[arrived]
    # one subscriber gets its messages in order, whatever the dice said
    by_reader = np.lexsort((seq[row], subscriber))
    row, subscriber, received = row[by_reader], subscriber[by_reader], received[by_reader]
    base = subscriber * 10**15
    received = np.maximum.accumulate(received - start + base) - base + start
    by_time = np.argsort(received, kind="stable")
    deliveries = {
        "channel": channel[row][by_time],
        "seq": seq[row][by_time],
        "subscriber": subscriber[by_time],
        "received_ns": received[by_time],
    }

    window = (received >= start) & (received < end)
    delivered = int(window.sum())
    hits, setup = _hits(cell, clients, duration_s, delivered, rng)
    requests = sum(hits.values())
    size_in, size_out, each = _BYTES.get(cell.transport, (0, 0, 80))
    traffic = {"bytes_in": requests * size_in + delivered * each, "bytes_out": requests * size_out}
    noise = rng.uniform(0.97, 1.03)
    cpu = noise * (0.02 + 45e-6 * requests + 6e-6 * delivered)
    broker = None
    server_hits = hits
    if cell.transport == "mqtt":
        broker = BrokerFigures(
            kind="mosquitto", version="2.0.18", cpu_s=5e-6 * delivered, rss_bytes=9 << 20
        )
        server_hits = {}
    of_server = cpu if broker is None else 0.02 + 3e-6 * delivered
    watched = cell.effort is not None
    measured = int((intended >= start).sum())
    everything = {kind: hits.get(kind, 0) + setup.get(kind, 0) for kind in hits.keys() | setup}
    record = TrialRecord(
        **common,
        duration_s=duration_s,
        status="failed" if reason else "ok",
        reason=reason,
        measure_start_ns=start,
        measure_end_ns=end,
        remote_clocks=_clocks(cell, index),
        server=ServerFigures(
            hits={**server_hits, "publish": measured},
            hits_setup=setup if broker is None else {},
            hits_all={**everything, "publish": measured},
            cpu_s=of_server * cell.effort if watched else None,
            rss_bytes=48 << 20 if watched else None,
            open_descriptors=clients + 20 if watched else None,
            counted_by="server" if cell.system == "hub" else "clients",
            unwatched="" if watched else "its process is not known: give pid or metrics",
            fresh=watched,
        ),
        broker=broker,
        swarm=SwarmFigures(
            hits=hits,
            hits_setup=setup,
            hits_all=everything,
            **traffic,
            bytes_in_setup=200 * clients,
            bytes_out_setup=300 * clients,
            cpu_s=cpu * 0.6,
            loop_lag_p99_s=0.002,
        ),
        connect=ConnectFigures(
            clients=clients,
            storm_s=0.1,
            server_cpu_s=0.05,
            swarm_cpu_s=0.03,
            bytes_in=200 * clients,
        ),
        publisher=PublisherFigures(scheduled=measured, sent=measured, accepted=measured),
    )
    wanted = start - warmup - int(1e9) + rng.integers(0, 10**8, clients)
    connects = {
        "subscriber": np.arange(clients),
        "wanted_ns": wanted,
        "connected_ns": wanted + (rng.gamma(4, 0.001, clients) * 1e9).astype(np.int64),
    }
    return record, {
        "publishes": publishes,
        "deliveries": deliveries,
        "connects": connects,
        "traffic": _traffic(cell, deliveries, start - warmup, end, size_in, size_out, each, rng),
    }


def _traffic(cell, deliveries, begin, end, size_in, size_out, each, rng):
    """What five subscribers sent and received: each poll and its answer, or each delivery."""
    parts = []
    for subscriber in range(_OBSERVED):
        came = deliveries["received_ns"][deliveries["subscriber"] == subscriber]
        if cell.transport == "short-polling":
            interval = int(cell.options.get("interval_s", 1.0) * 1e9)
            asked = np.arange(begin + rng.integers(0, interval), end, interval)
            parts += [(subscriber, asked, True, size_out), (subscriber, asked, False, size_in)]
        else:
            parts.append((subscriber, came, False, each))
    at = np.concatenate([times for _, times, _, _ in parts])
    order = np.argsort(at, kind="stable")
    rows = {
        "subscriber": np.concatenate([np.full(len(t), s) for s, t, _, _ in parts]),
        "at_ns": at,
        "sent": np.concatenate([np.full(len(t), up) for _, t, up, _ in parts]),
        "bytes": np.concatenate([np.full(len(t), size) for _, t, _, size in parts]),
    }
    return {name: column[order] for name, column in rows.items()}


def _hits(cell, clients, duration_s, delivered, rng):
    setup = {"connect": clients}
    if cell.transport == "short-polling":
        polls = round(clients * duration_s / cell.options.get("interval_s", 1.0))
        useful = min(polls, round(delivered * 0.7))
        return {"poll-useful": useful, "poll-empty": polls - useful}, setup
    if cell.transport == "long-polling":
        return {"poll-useful": delivered, "poll-empty": round(delivered * 0.01)}, setup
    if cell.transport == "mqtt":
        return {"ack": delivered * cell.options.get("qos", 1)}, setup
    return {}, setup
