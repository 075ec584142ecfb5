"""Whole runs over real processes: nothing lost, every request accounted for, failures kept.

Longer than 400 lines, since all runs are held against the same accounts.
"""

import asyncio
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from pushlab.analysis.trials.reconciliation import hits_of
from pushlab.errors import BrokerUnavailable, NotEnoughDescriptors
from pushlab.lab.preflight import Readiness
from pushlab.lab.runner import run_scenario
from pushlab.lab.trial.events import (
    LabEvent,
    Phase,
    Progress,
    RunFinished,
    RunStarted,
    TrialFinished,
    TrialStarted,
)
from pushlab.runs import Run, TrialRecord
from tests.lab.lab_tools import Watcher, children, run, tiny
from tests.patience import PATIENCE_S
from tests.runs.simulated import ENVIRONMENT, SimulatedBackend

HTTP = ["short-polling", "long-polling", "sse", "websocket"]
BROKERS = ["embedded", *(["mosquitto"] if shutil.which("mosquitto") else [])]

pytestmark = pytest.mark.long


def check_accounting(result: Run, trial: TrialRecord) -> None:
    """Every publish was accepted and reached each of its subscribers, once and in order."""
    publishes, deliveries = result.publishes(trial), result.deliveries(trial)
    assert trial.status == "ok", trial.reason
    assert len(publishes) > 0
    assert (publishes.status == 202).all()
    assert (publishes.sent_ns >= publishes.intended_ns).all()
    assert (publishes.accepted_ns >= publishes.sent_ns).all()
    owed = sorted(
        (int(channel), int(seq), subscriber)
        for channel, seq in zip(publishes.channel, publishes.seq, strict=True)
        for subscriber in range(trial.clients)
        if subscriber // trial.per_channel == channel
    )
    came = list(
        zip(
            deliveries.channel.tolist(),
            deliveries.seq.tolist(),
            deliveries.subscriber.tolist(),
            strict=True,
        )
    )
    assert sorted(came) == owed
    for subscriber in range(trial.clients):
        mine = deliveries.subscriber == subscriber
        assert (np.diff(deliveries.seq[mine]) > 0).all()
        assert (np.diff(deliveries.received_ns[mine]) >= 0).all()


def check_figures(trial: TrialRecord) -> None:
    """Server and clients counted the same requests, and the figures are there."""
    server, swarm, publisher = trial.server, trial.swarm, trial.publisher
    assert server is not None
    assert swarm is not None
    assert publisher is not None
    requests = {kind: n for kind, n in server.hits_all.items() if kind != "publish"}
    assert requests == swarm.hits_all
    assert sum(requests.values()) >= trial.clients
    assert server.cpu_s > 0
    assert server.rss_bytes > 1_000_000
    assert server.open_descriptors > 3
    assert swarm.bytes_in_setup > 0
    assert swarm.bytes_out_setup > 0
    assert swarm.dials >= trial.clients
    assert (swarm.duplicated, swarm.reordered, swarm.gaps) == (0, 0, 0)
    assert publisher.scheduled == publisher.sent == publisher.accepted > 0
    assert publisher.skipped == 0
    assert trial.measure_start_ns is not None
    assert trial.measure_end_ns is not None
    window_s = (trial.measure_end_ns - trial.measure_start_ns) / 1e9
    assert window_s == pytest.approx(trial.duration_s)


def check_traffic(result: Run, trial: TrialRecord) -> None:
    """The observed subscriber received when the application did, and asked if it asks."""
    rows, deliveries = result.traffic(trial), result.deliveries(trial)
    assert rows is not None
    (observed,) = set(rows.subscriber.tolist())
    assert (np.diff(rows.at_ns) >= 0).all()
    assert (rows.bytes > 0).all()
    received = deliveries.received_ns[deliveries.subscriber == observed]
    came = rows.at_ns[~rows.sent]
    waited = received - came[np.searchsorted(came, received, side="right") - 1]
    assert (waited >= 0).all()
    window = rows.at_ns >= trial.measure_start_ns
    asks = trial.transport in ("short-polling", "long-polling")
    assert rows.sent[window].any() == asks


def check_stamps(result: Run, trial: TrialRecord) -> None:
    """The kernel has stamped what witnesses got and the publisher sent, before and after."""
    told, rows = trial.witnesses, result.stamps(trial)
    assert told is not None
    if sys.platform != "linux":
        assert told.why
        return
    assert rows is not None
    assert (told.clients, told.steps, told.why) == (4, 0, "")
    assert told.path_s is not None
    received = rows.subscriber >= 0
    assert told.deliveries == received.sum() > 0
    assert told.sends == (~received).sum() > 0
    late_ns = rows.stamped_ns - rows.kernel_ns
    assert (late_ns[received] >= -told.bound_ns).all()
    assert (late_ns[~received] <= told.bound_ns).all()


def check_origin(result: Run) -> None:
    """The run says where and with what it was made."""
    environment = result.environment
    for key in ("processor", "cores", "memory_bytes", "load", "kernel", "limits", "python"):
        assert environment[key], key
    assert environment["packages"]["uvicorn"]
    assert result.seed == 1
    assert result.command == ["pushlab", "compare"]
    assert result.scenario["rate_per_s"] == 10.0


def check_options(trial: TrialRecord) -> None:
    """The hub's transport had the cell's settings."""
    if trial.cell == "short-polling":
        assert trial.options == {"interval_s": 0.05, "clock": "fixed", "random_phase": True}
        assert trial.server is not None
        polls = trial.server.hits.get("poll-empty", 0) + trial.server.hits.get("poll-useful", 0)
        assert polls > trial.clients


def check_told(watcher: Watcher, result: Run) -> None:
    """The run told what it did, phase by phase."""
    kinds = [type(event) for event in watcher.events if not isinstance(event, Progress)]
    assert kinds == [RunStarted, *[TrialStarted, TrialFinished] * len(result.trials), RunFinished]
    told = [event for event in watcher.events if isinstance(event, Progress)]
    phases = list(dict.fromkeys(event.phase for event in told if event.order == 0))
    assert phases == [phase for phase in Phase if phase is not Phase.PARTS]  # of none
    assert told[-1].connected == 4
    last = watcher.events[-1]
    assert isinstance(last, RunFinished)
    assert (last.path, last.status) == (result.path, "complete")


async def test_a_run_over_http_loses_nothing_and_counts_every_request(tmp_path: Path) -> None:
    watcher = Watcher()
    result = await run(tiny(HTTP, poll_interval_s=0.05), tmp_path, watcher)
    assert result.status == "complete"
    assert result.cells == HTTP
    check_origin(result)
    assert sorted(trial.cell for trial in result.trials) == sorted(HTTP)
    for trial in result.trials:
        check_accounting(result, trial)
        check_figures(trial)
        check_traffic(result, trial)
        check_stamps(result, trial)
        check_options(trial)
        assert "friendly-form" not in trial.marks
        assert trial.swarm is not None
        assert trial.swarm.bytes_in > 0
    check_told(watcher, result)
    first = result.publishes(result.trials[0])
    start_ns = result.trials[0].measure_start_ns
    for trial in result.trials[1:]:  # the same work for all
        publishes = result.publishes(trial)
        assert (publishes.channel == first.channel).all()
        offsets = publishes.intended_ns - trial.measure_start_ns
        assert (offsets == first.intended_ns - start_ns).all()
        assert (publishes.warmup == (offsets < 0)).all()


@pytest.mark.parametrize("broker", BROKERS)
async def test_a_run_over_a_broker(tmp_path: Path, broker: str) -> None:
    result = await run(tiny(["mqtt"], broker=broker, duration_s=0.5), tmp_path)
    (trial,) = result.trials
    check_accounting(result, trial)
    check_figures(trial)
    check_stamps(result, trial)
    assert trial.broker is not None
    assert trial.broker.kind == broker
    assert trial.broker.version
    assert trial.broker.cpu_s is not None
    assert trial.broker.rss_bytes
    assert trial.server is not None
    assert trial.swarm is not None
    acks = hits_of(trial).window.get("ack", 0)
    assert acks == trial.swarm.hits.get("ack", 0) > 0
    assert hits_of(trial).source == "server"


async def test_trials_are_interleaved_in_an_order_from_the_seed(tmp_path: Path) -> None:
    watcher, backend = Watcher(), SimulatedBackend()
    scenario = tiny(["sse", "websocket"], trials=2)
    path = await run_scenario(
        scenario,
        out=tmp_path,
        observer=watcher,
        backend=backend,
        ready=Readiness(dict(ENVIRONMENT)),
    )
    result = Run.load(path)
    rounds = [set(watcher.started[i : i + 2]) for i in (0, 2)]
    assert rounds == [{"sse", "websocket"}] * 2
    assert [trial.order for trial in result.trials] == list(range(4))
    assert sorted(trial.index for trial in result.trials) == [0, 0, 1, 1]


# ---- what goes wrong -------------------------------------------------------------------------


#: In the order in which they are killed, and what is said of each.
MORTAL = {"pushlab.hub": "hub", "swarm_process": "swarm", "publisher_process": "publisher"}


async def test_whoever_is_killed_fails_its_trial_and_the_run_goes_on(tmp_path: Path) -> None:
    killers = [killer(module, order) for order, module in enumerate(MORTAL)]

    def observe(event: LabEvent) -> None:
        for killing in killers:
            killing(event)

    scenario = tiny(["sse"], trials=len(MORTAL) + 1, duration_s=3.0, rate_per_s=30)
    result = await run(scenario, tmp_path, observe)
    assert result.status == "complete"
    assert [(trial.status, trial.reason) for trial in result.trials] == [
        *[("failed", f"the {name} died (killed by signal 9)") for name in MORTAL.values()],
        ("ok", None),
    ]
    check_accounting(result, result.trials[-1])
    without_hub, without_swarm, without_publisher = result.trials[:-1]
    assert len(result.publishes(without_hub)) > 0
    assert len(result.deliveries(without_hub)) > 0
    assert without_hub.swarm is not None
    assert len(result.publishes(without_swarm)) > 0
    assert len(result.deliveries(without_swarm)) == 0
    check_rows_outlive(result, without_publisher)


def killer(module: str, order: int) -> Watcher:
    """Kills it in the midst of that trial, whose window is far from its end."""

    def kill() -> None:
        (process,) = children(module)
        process.kill()

    return Watcher(kill, order=order, deliveries=10)


def check_rows_outlive(result: Run, trial: TrialRecord) -> None:
    """What a publisher had done outlived it, and what it had not is told from it."""
    publishes, deliveries = result.publishes(trial), result.deliveries(trial)
    assert (publishes.sent_ns > 0).any()
    assert (publishes.sent_ns == 0).any()
    assert len(deliveries) > 0
    known = set(zip(publishes.channel.tolist(), publishes.seq.tolist(), strict=True))
    came = set(zip(deliveries.channel.tolist(), deliveries.seq.tolist(), strict=True))
    assert len(came - known) <= 1  # but for an answer that it could not read any more


@pytest.mark.soak
@pytest.mark.parametrize("phase", [Phase.CONNECTING, Phase.WARMUP])
async def test_a_hub_that_is_killed_early_fails_its_trial_and_the_run_goes_on(
    tmp_path: Path, phase: Phase
) -> None:
    def kill() -> None:
        (hub,) = children("pushlab.hub")
        hub.kill()

    watcher = Watcher(kill, phase=phase)
    result = await run(tiny(["short-polling", "sse"]), tmp_path, watcher)
    first, second = result.trials
    assert (result.status, first.status, second.status) == ("complete", "failed", "ok")
    assert first.reason == "the hub died (killed by signal 9)"
    check_accounting(result, second)


@pytest.mark.soak
async def test_a_broker_that_is_killed_fails_its_trial_and_the_run_goes_on(tmp_path: Path) -> None:
    def kill() -> None:
        (broker,) = children("pushlab.brokers.embedded")
        broker.kill()

    scenario = tiny(["mqtt"], broker="embedded", trials=2, duration_s=2)
    result = await run(scenario, tmp_path, Watcher(kill))
    first, second = result.trials
    assert (first.status, second.status) == ("failed", "ok"), (first.reason, second.reason)
    assert first.reason == "the MQTT broker (embedded) died"


async def test_a_stopped_run_keeps_what_it_has(tmp_path: Path) -> None:
    stop = asyncio.Event()
    watcher = Watcher(stop.set, order=1, deliveries=1)
    result = await run(tiny(["sse"], trials=3, duration_s=5), tmp_path, watcher, stop)
    assert result.status == "incomplete"
    assert [trial.status for trial in result.trials] == ["ok", "interrupted"]
    partial = result.trials[1]
    assert partial.reason == "the run was stopped"
    assert len(result.deliveries(partial)) > 0
    assert partial.measure_start_ns is not None
    assert partial.measure_end_ns is None
    last = watcher.events[-1]
    assert isinstance(last, RunFinished)
    assert last.status == "incomplete"


async def test_a_cancelled_run_keeps_what_it_has(tmp_path: Path) -> None:
    def cancel() -> None:
        task.cancel()

    scenario, before = tiny(["sse"], duration_s=30), children("pushlab")
    task = asyncio.ensure_future(
        run_scenario(scenario, out=tmp_path, observer=Watcher(cancel, deliveries=1), command=[])
    )
    with pytest.raises(asyncio.CancelledError):
        await task
    assert set(children("pushlab")) <= set(before)  # a broker that other tests share is there, too
    (path,) = tmp_path.iterdir()
    result = Run.load(path)
    assert result.status == "incomplete"
    assert [trial.status for trial in result.trials] == ["interrupted"]
    assert len(result.deliveries(result.trials[0])) > 0


async def test_more_clients_than_descriptors_are_refused_with_the_numbers(tmp_path: Path) -> None:
    with pytest.raises(NotEnoughDescriptors, match=r"1,000,000 clients need 1,000,\d\d\d"):
        await run(tiny(["sse"], clients=1_000_000), tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_a_broker_that_is_down_is_told_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnavailable):
        await run(tiny(["mqtt"], broker="mqtt://admin:word@127.0.0.1:1"), tmp_path)
    assert list(tmp_path.iterdir()) == []


# ---- signals ---------------------------------------------------------------------------------

SCRIPT = """
import sys
from pathlib import Path
import {loop_module}
from pushlab.lab.trial.events import Phase, Progress
from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.toml_reader import load_scenario

def observe(event):
    if isinstance(event, Progress) and event.phase is Phase.{phase}:
        print(event.deliveries, flush=True)
        if event.phase is not Phase.MEASURING:
            sys.stdin.readline()  # it must not go on before the signal comes

scenario = load_scenario("tiny").override(transports={transports}, duration_s=60, broker="embedded")
{loop_module}.run(run_scenario(scenario, out=Path(sys.argv[1]), observer=observe, command=[]))
print("done", flush=True)
"""


@pytest.mark.parametrize(
    ("number", "phase", "transport", "loop_module"),
    [
        (signal.SIGINT, "MEASURING", "mqtt", "uvloop"),
        (signal.SIGTERM, "CONNECTING", "sse", "asyncio"),
        pytest.param(signal.SIGINT, "MEASURING", "sse", "uvloop", marks=pytest.mark.soak),
        pytest.param(
            signal.SIGTERM, "MEASURING", "short-polling", "asyncio", marks=pytest.mark.soak
        ),
        pytest.param(signal.SIGINT, "STARTING", "sse", "uvloop", marks=pytest.mark.soak),
    ],
)
async def test_a_signal_ends_every_process_and_keeps_the_rows(
    tmp_path: Path, number: signal.Signals, phase: str, transport: str, loop_module: str
) -> None:
    script = SCRIPT.format(phase=phase, transports=[transport], loop_module=loop_module)
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script, str(tmp_path)), **pipes
    )
    assert process.stdin is not None
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if phase != "MEASURING" or int(line) > 20:
            break
    others = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    process.stdin.close()
    rest = await process.stdout.read()
    assert await process.wait() == 0
    assert rest.split()[-1] == b"done"
    _, alive = psutil.wait_procs(others, timeout=0)
    assert alive == []
    (path,) = tmp_path.iterdir()
    result = Run.load(path)
    assert result.status == "incomplete"
    (trial,) = result.trials
    assert trial.status == "interrupted"
    assert (len(result.deliveries(trial)) > 0) == (phase == "MEASURING")


@pytest.mark.parametrize("transport", [pytest.param("sse", marks=pytest.mark.soak), "mqtt"])
async def test_nothing_outlives_a_runner_that_is_killed(tmp_path: Path, transport: str) -> None:
    script = SCRIPT.format(phase="MEASURING", transports=[transport], loop_module="asyncio")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    others = psutil.Process(process.pid).children(recursive=True)
    assert len(others) >= 2
    process.kill()
    await process.wait()
    _, alive = await asyncio.to_thread(psutil.wait_procs, others, PATIENCE_S)
    assert alive == []
    (path,) = tmp_path.iterdir()
    assert Run.load(path).status == "running"
