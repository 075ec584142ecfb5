"""What the laboratory says of itself: stalls shown in full, slow servers and slow generators told
apart, every process watched, cores kept apart."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from pushlab.analysis import summarise
from pushlab.analysis.summary.model import CellSummary
from pushlab.errors import ScenarioError
from pushlab.hub.loop_lag import LAG_EVERY_NS, LoopLag
from pushlab.lab.host.cores import choose_cores
from pushlab.lab.scenario.toml_reader import parse_scenario
from pushlab.lab.trial.events import Phase
from pushlab.lab.trial.marks import marks_of as marks_of_load
from pushlab.runs import (
    PublisherFigures,
    Run,
    ServerFigures,
    ShareFigures,
    SwarmFigures,
    TrialRecord,
    WorkerFigures,
)
from tests.lab.lab_tools import Watcher, children, run, tiny
from tests.lab.test_runner import check_accounting

pytestmark = pytest.mark.long

_LINUX = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no affinity here")


# ---- a stalled server ------------------------------------------------------------------------


def stalled_rows(result: Run, trial: TrialRecord) -> tuple[np.ndarray, np.ndarray]:
    """Of each delivery that was intended while the hub stood still: when, and when it came."""
    assert trial.stall_ns is not None
    from_ns, to_ns = trial.stall_ns
    publishes, deliveries = result.publishes(trial), result.deliveries(trial)
    place = {
        (int(channel), int(seq)): i
        for i, (channel, seq) in enumerate(zip(publishes.channel, publishes.seq, strict=True))
    }
    pairs = zip(deliveries.channel.tolist(), deliveries.seq.tolist(), strict=True)
    intended = publishes.intended_ns[[place[pair] for pair in pairs]]
    within = (intended > from_ns + 10_000_000) & (intended < to_ns)
    return intended[within], deliveries.received_ns[within]


async def test_a_stalled_hub_shows_in_full_and_is_not_the_generators_fault(tmp_path: Path) -> None:
    """Two seconds of SIGSTOP: each latency is what is left of the stall, and a little more."""
    scenario = tiny(
        ["sse", "short-polling"], duration_s=2.6, poll_interval_s=0.1, rate_per_s=20
    ).with_values({"stall_s": 2.0})
    result = await run(scenario, tmp_path)
    cells = summarise(result).cells
    for trial in result.trials:
        check_accounting(result, trial)  # nothing lost, nothing twice
        assert trial.stall_ns is not None
        from_ns, to_ns = trial.stall_ns
        assert to_ns - from_ns >= 2_000_000_000
        intended_ns, received_ns = stalled_rows(result, trial)
        assert len(intended_ns) > 20
        # The line: nothing comes before the hub goes on, and then all of it comes.
        left_ns = to_ns - intended_ns
        latency_ns = received_ns - intended_ns
        assert (latency_ns >= left_ns).all()
        assert np.median(latency_ns - left_ns) < 0.9 * np.median(left_ns)
        assert latency_ns.max() >= 1.8e9  # the first of them was intended soon after the stop
        # The clock went on: messages left on time while nobody answered.
        publishes = result.publishes(trial)
        meanwhile = (publishes.intended_ns > from_ns) & (publishes.intended_ns < to_ns)
        delay_ns = publishes.sent_ns[meanwhile] - publishes.intended_ns[meanwhile]
        assert meanwhile.sum() > 20
        assert np.median(delay_ns) < 0.3 * np.median(left_ns)
        assert trial.publisher is not None
        assert (trial.publisher.skipped, trial.publisher.held) == (0, 0)
        if trial.cell == "short-polling":
            check_polls(trial, meanwhile_s=(to_ns - from_ns) / 1e9)
        # Who counts from the server's acceptance never sees the stall.
        hidden_ns = np.median(received_ns) - np.median(publishes.accepted_ns[meanwhile])
        assert hidden_ns < 0.9 * np.median(left_ns)
        assert "generator-bound" not in trial.marks
        marks = cells[trial.cell].marks_on("latency_s.p50")
        assert not any("generator-bound" in mark for mark in marks) or _lagged(trial)


def check_polls(trial: TrialRecord, *, meanwhile_s: float) -> None:
    """Each poll that was due was made, or is counted as skipped: of the stall, nearly all are."""
    swarm = trial.swarm
    assert swarm is not None
    assert swarm.polls_due is not None
    assert swarm.polls_skipped is not None
    a_second = trial.clients / float(trial.options["interval_s"])
    assert swarm.polls_due == pytest.approx(a_second * trial.duration_s, abs=2 * trial.clients)
    assert swarm.polls_skipped >= a_second * meanwhile_s - 3 * trial.clients
    made = sum(swarm.hits.get(kind, 0) for kind in ("poll-empty", "poll-useful"))
    assert swarm.polls_due - swarm.polls_skipped == pytest.approx(made, abs=2 * trial.clients)


def _lagged(trial: TrialRecord) -> bool:
    """Whether this machine itself was too busy for the generator: then the mark is true."""
    assert trial.swarm is not None
    assert trial.publisher is not None
    lags = (trial.swarm.loop_lag_p99_s or 0.0, trial.publisher.loop_lag_p99_s or 0.0)
    return max(lags) > 0.03


def test_a_stall_must_fit_into_the_window() -> None:
    text = 'duration_s = 2.0\nstall_s = 2.0\n[[transport]]\nname = "sse"\n'
    with pytest.raises(ScenarioError, match=r"f\.toml:\d+: stall_s: .* does not fit into a window"):
        parse_scenario(text, "f.toml")
    with pytest.raises(ScenarioError, match="stall_s"):
        tiny(["sse"], duration_s=5.0).with_values({"stall_s": 1.0}).override(duration_s=0.5)


# ---- who was at the limit --------------------------------------------------------------------


class Hindrance:
    """Stops a process for most of the time, as a machine that is too slow for it would."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._task = asyncio.ensure_future(self._hinder(children(self._module)[0]))

    async def _hinder(self, process: psutil.Process) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            while True:
                process.send_signal(signal.SIGSTOP)
                await asyncio.sleep(0.15)
                process.send_signal(signal.SIGCONT)
                await asyncio.sleep(0.05)

    async def end(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def hindered(tmp_path: Path, module: str) -> tuple[Run, CellSummary]:
    """A run whose process `module` hardly gets on, and its only cell."""
    hindrance = Hindrance(module)
    watcher = Watcher(hindrance.begin, phase=Phase.MEASURING)
    scenario = tiny(["sse"], duration_s=2.0, rate_per_s=20)

    def observe(event: object) -> None:
        watcher(event)  # type: ignore[arg-type]
        if getattr(event, "phase", None) is Phase.DRAINING:
            hindrance._task.cancel()  # type: ignore[union-attr]
            for process in children(module):
                process.send_signal(signal.SIGCONT)

    result = await run(scenario, tmp_path, observe)
    await hindrance.end()
    check_accounting(result, result.trials[0])
    return result, summarise(result).cells["sse"]


@pytest.mark.parametrize("module", ["workers.publisher_process", "workers.swarm_process"])
async def test_a_generator_that_hardly_gets_on_is_marked(tmp_path: Path, module: str) -> None:
    _, cell = await hindered(tmp_path, module)
    # Witnesses know by how much the swarm's own stamps are late, where there are enough of them.
    swarm = ("the swarm ", "deliveries were stamped late")
    causes = ("the publisher ",) if "publisher" in module else swarm
    marks = cell.marks_on("latency_s.mean")
    assert any(cause in mark for cause in causes for mark in marks), marks


async def test_an_overloaded_publisher_is_marked(tmp_path: Path) -> None:
    scenario = tiny(["sse"], clients=1, rate_per_s=100_000, duration_s=0.2)
    result = await run(scenario.with_values({"warmup_s": 0.0, "drain_s": 0.1}), tmp_path)
    (trial,) = result.trials
    told = summarise(result).to_json()["transports"]["sse"]
    assert trial.publisher is not None
    assert "generator-bound" in told["marks"], (trial.marks, trial.publisher)


async def test_a_server_that_hardly_gets_on_does_not_mark_the_generator(tmp_path: Path) -> None:
    for attempt in range(3):  # a machine that is too busy for the generator may mark it truly
        result, cell = await hindered(tmp_path / str(attempt), "pushlab.hub")
        (trial,) = result.trials
        assert (cell["latency_s.max"] or 0) > 0.1  # the server was slow
        if not _lagged(trial):
            break
    else:
        pytest.skip("this machine is too busy to tell")
    assert not any("generator-bound" in mark for mark in cell.marks_on("latency_s.mean"))


def load(**changes: object) -> "dict[str, Any]":
    swarm = SwarmFigures(cpu_s=1.0, loop_lag_p99_s=0.001, open_descriptors=100, dials=90)
    publisher = PublisherFigures(cpu_s=1.0, loop_lag_p99_s=0.001)
    values = {"duration_s": 10.0, "swarm": swarm, "publisher": publisher, "descriptor_limit": 1024}
    return {**values, **changes}


def shares(*each: tuple[float, int]) -> SwarmFigures:
    """A swarm of processes that used so much CPU and held so many descriptors."""
    return SwarmFigures(
        cpu_s=sum(cpu_s for cpu_s, _ in each),
        open_descriptors=sum(held for _, held in each),
        shares=[
            ShareFigures(number=at, first=10 * at, clients=10, cpu_s=cpu_s, open_descriptors=held)
            for at, (cpu_s, held) in enumerate(each, 1)
        ],
    )


def test_an_idle_trial_has_no_marks() -> None:
    assert marks_of_load(**load(server=ServerFigures(cpu_s=1.0))) == []
    several = shares(*[(5.0, 300)] * 4)  # more than a core, and more than a process may open
    assert marks_of_load(**load(swarm=several)) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"swarm": SwarmFigures(cpu_s=8.1)}, "swarm at 81% of a core"),
        ({"publisher": PublisherFigures(cpu_s=9.0)}, "publisher at 90% of a core"),
        (
            {"publisher": PublisherFigures(skipped=3, held=1)},
            "2 publishes skipped by the publisher",
        ),
        ({"swarm": SwarmFigures(open_descriptors=900)}, "swarm has 900 of 1,024 descriptors"),
        (
            {"swarm": shares((1.0, 90), (8.5, 90), (0.5, 90))},
            "swarm's busiest process at 85% of a core",
        ),
        (
            {"swarm": shares((1.0, 90), (1.0, 900))},
            "swarm has 900 of 1,024 descriptors",
        ),
    ],
)
def test_what_marks_the_generator(changes: dict[str, object], reason: str) -> None:
    assert marks_of_load(**load(**changes)) == ["generator-bound", reason]


def test_what_the_server_held_up_does_not_mark_the_generator() -> None:
    assert marks_of_load(**load(publisher=PublisherFigures(skipped=3, held=5, late=2))) == []


def test_ports_run_out_with_connections_that_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pushlab.lab.trial.marks.port_range", lambda: 1_000)
    swarm = SwarmFigures(open_descriptors=100, dials=900)
    assert marks_of_load(**load(swarm=swarm, closing_connections=50)) == []
    marks = marks_of_load(**load(swarm=swarm, closing_connections=5_000))
    assert marks == ["generator-bound", "swarm occupies 900 of 1,000 ports"]


def test_a_server_at_its_limit_is_marked_as_such() -> None:
    assert marks_of_load(**load(server=ServerFigures(cpu_s=9.5))) == [
        "server-bound",
        "hub at 95% of a core",
    ]


def test_a_server_of_several_processes_is_at_its_limit_when_one_of_them_is() -> None:
    calm = [WorkerFigures(number=number, cpu_s=6.0) for number in (1, 2)]
    assert marks_of_load(**load(server=ServerFigures(cpu_s=12.0, workers=calm))) == []
    busy = [calm[0], WorkerFigures(number=2, cpu_s=9.5)]
    assert marks_of_load(**load(server=ServerFigures(cpu_s=15.5, workers=busy))) == [
        "server-bound",
        "hub's busiest process at 95% of a core",
    ]


async def test_the_lag_of_an_event_loop_is_seen() -> None:
    lag = LoopLag(asyncio.get_running_loop())
    lag.start()
    await asyncio.sleep(0.1)
    begin_ns = time.monotonic_ns()
    time.sleep(0.2)  # noqa: ASYNC251
    await asyncio.sleep(0.05)
    end_ns = time.monotonic_ns()
    worst_s = lag.p99_s(begin_ns - LAG_EVERY_NS, end_ns)
    assert worst_s is not None
    assert worst_s >= 0.2 - LAG_EVERY_NS / 1e9 - 0.005
    assert max(worst for _, worst in lag.highest()) >= 170_000_000
    assert lag.p99_s(end_ns + 10**12, end_ns + 10**13) is None


# ---- what is watched -------------------------------------------------------------------------

_WATCHED = {"hub", "broker", "swarm", "publisher", "runner", "machine"}


async def test_every_process_is_watched_through_the_trial(tmp_path: Path) -> None:
    result = await run(tiny(["mqtt"], duration_s=1.0), tmp_path)
    (trial,) = result.trials
    samples = result.table("samples", trial).to_pydict()
    assert set(samples["process"]) == _WATCHED
    assert {"connecting", "measuring"} <= set(samples["phase"]) or len(samples["phase"]) > 8
    for name in _WATCHED - {"machine"}:
        rows = [i for i, process in enumerate(samples["process"]) if process == name]
        at_ns, cpu_s = ([samples[key][i] for i in rows] for key in ("at_ns", "cpu_s"))
        assert len(rows) >= 3
        assert at_ns == sorted(at_ns)
        assert cpu_s == sorted(cpu_s)
        assert min(samples["rss_bytes"][i] for i in rows) > 100_000
        assert min(samples["open_descriptors"][i] for i in rows) > 2
        watched = any(samples["loop_lag_ns"][i] is not None for i in rows)
        assert watched == (name in ("hub", "swarm", "publisher"))
        assert sys.platform != "linux" or samples["waited_ns"][rows[-1]] > 0
    assert trial.publisher is not None
    assert trial.publisher.cpu_s is not None
    assert trial.publisher.rss_bytes
    assert trial.publisher.open_descriptors
    connects = result.connects(trial)
    assert sorted(connects.subscriber.tolist()) == list(range(trial.clients))
    assert (connects.connected_ns > connects.wanted_ns).all()
    storm = trial.connect
    assert storm is not None
    assert storm.clients == trial.clients
    span_s = (connects.connected_ns.max() - connects.wanted_ns.min()) / 1e9
    assert storm.storm_s == pytest.approx(span_s)
    assert storm.hits == {"connect": trial.clients, "subscribe": trial.clients} or storm.hits
    assert storm.bytes_out > 0
    assert trial.measure_start_ns is not None
    assert connects.connected_ns.max() < trial.measure_start_ns
    told = summarise(result).to_json()["transports"]["mqtt"]["connect_storm"]
    assert told["clients"] == trial.clients
    assert told["connects_per_s"] == pytest.approx(trial.clients / span_s)


async def test_the_next_trials_processes_come_up_while_one_is_put_away(tmp_path: Path) -> None:
    """Each process serves one trial, and those of a run that is stopped do not stay."""
    seen: list[set[int]] = []
    stop = asyncio.Event()
    modules = ("pushlab.hub", "workers.swarm_process", "workers.publisher_process")

    def observe(event: object) -> None:
        phase, order = getattr(event, "phase", None), getattr(event, "order", 0)
        if phase is Phase.MEASURING and len(seen) == order:
            found = [children(module) for module in modules]
            assert [len(one) for one in found] == [1, 1, 1]  # none comes up beside a measurement
            seen.append({process.pid for one in found for process in one})
        if phase is Phase.DRAINING and order == 1:
            stop.set()

    result = await run(tiny(["sse"], trials=3, duration_s=0.3), tmp_path, observe, stop)
    assert len(seen) == 2
    assert not seen[0] & seen[1]
    assert result.trials[0].status == "ok"


# ---- cores -----------------------------------------------------------------------------------


def test_cores_are_shared_out_in_halves() -> None:
    one, two = choose_cores(available=[3]), choose_cores(available=[100_001, 100_000])
    assert one.servers == one.generator == ()
    assert one.to_json() == {"pinned": False, "why": "there is one core"}
    assert (two.servers, two.generator) == ((100_000,), (100_001,))
    assert two.publisher == (100_000, 100_001)  # it must not wait for a swarm that has one core
    many = choose_cores(available=range(100_000, 100_007))
    assert (len(many.servers), len(many.generator)) == (3, 4)
    assert not set(many.servers) & set(many.generator)
    assert many.publisher == many.generator
    assert choose_cores(pinning=False).to_json() == {"pinned": False, "why": "switched off"}


def test_threads_of_one_core_stay_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pushlab.lab.host.cores._siblings", lambda core: core % 3)
    shared = choose_cores(available=range(6))  # cores 0, 1, 2 with two threads each
    assert (shared.servers, shared.generator) == ((0, 3), (1, 4, 2, 5))
    monkeypatch.setattr("pushlab.lab.host.cores._siblings", lambda core: 0)
    assert choose_cores(available=[0, 1]).servers == (0,)  # one core, two threads: better than none


@_LINUX
@pytest.mark.parametrize("pinning", [True, pytest.param(False, marks=pytest.mark.soak)])
async def test_servers_and_generator_run_where_the_run_says(tmp_path: Path, pinning: bool) -> None:
    seen: dict[str, set[int]] = {}

    def look() -> None:
        for process in children("pushlab.") + children("mosquitto"):
            words = " ".join(process.cmdline())
            for name in ("swarm_process", "publisher_process", "pushlab.hub", "broker"):
                if name in words:
                    seen[name] = set(process.cpu_affinity())

    from pushlab.lab.runner import run_scenario

    scenario = tiny(["mqtt"], duration_s=0.2, broker="embedded")
    path = await run_scenario(scenario, out=tmp_path, observer=Watcher(look), pinning=pinning)
    told = Run.load(path).environment["pinning"]
    everywhere = os.sched_getaffinity(0)
    if not pinning or len(everywhere) < 2:
        assert told["pinned"] is False
        assert all(cores == everywhere for cores in seen.values())
        return
    assert told["pinned"] is True
    assert seen["swarm_process"] == set(told["swarm"])
    assert seen["publisher_process"] == set(told["publisher"])
    assert seen["pushlab.hub"] == set(told["hub"])
    assert not set(told["hub"]) & set(told["swarm"])
