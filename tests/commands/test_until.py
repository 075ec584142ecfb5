"""Measuring until figures are known: with simulated trials, so that nothing waits."""

import asyncio
import dataclasses
from pathlib import Path

import pytest

from pushlab.analysis.summary.stored import summary_of
from pushlab.cli import main
from pushlab.commands import compare as compare_module
from pushlab.commands.progress import Watcher
from pushlab.commands.until import Until
from pushlab.errors import UsageError
from pushlab.lab.preflight import Readiness
from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.model import Scenario
from pushlab.lab.scenario.toml_reader import load_scenario
from pushlab.lab.trial.events import RunStarted, TrialFinished
from pushlab.runs import Run, TrialRecord
from tests.runs.simulated import ENVIRONMENT, Cell, SimulatedBackend

STEADY = Cell("sse", "sse")
GROWING = Cell("websocket", "websocket", jitter_between_trials=0.3)  # each trial slower


class Clock:
    """Seconds that pass only when a trial runs."""

    def __init__(self, each_s: float = 10.0) -> None:
        self.now_s, self.each_s = 100.0, each_s

    def __call__(self) -> float:
        return self.now_s

    def tick(self, plan: object) -> None:
        self.now_s += self.each_s


def scenario(until: str, *, transports: str = "sse,websocket", **changes: object) -> Scenario:
    asked = {
        "clients": 20,
        "rate_per_s": 10.0,
        "room_size": 10,
        "trials": 3,
        "until": until,
        **changes,
    }
    found = load_scenario("tiny").override(transports=transports.split(","), **asked)
    return dataclasses.replace(found, duration_s=4.0)


def measure(one: Scenario, out: Path, *cells: Cell, clock: Clock | None = None, stop=None, **how):
    """The run, and what was told meanwhile."""
    clock, told = clock or Clock(), []
    until = Until(one, told.append, clock)

    def before(plan):
        clock.tick(plan)
        if stop is not None and stop[0](plan):
            stop[1].set()

    backend = SimulatedBackend(*cells, before=before)
    path = asyncio.run(
        run_scenario(
            one,
            out=out,
            observer=until.watch,
            backend=backend,
            floor=backend,
            ready=Readiness(dict(ENVIRONMENT)),
            more=until,
            stop=stop[1] if stop else None,
            **how,
        )
    )
    return Run.load(path), told


def repetitions(run: Run) -> set[int]:
    return {len(run.trials_of(cell)) for cell in run.cells}


def test_a_run_ends_when_its_figures_are_known(tmp_path: Path) -> None:
    run, told = measure(scenario("p50 ±20%"), tmp_path, STEADY)
    assert (repetitions(run), told, run.status) == ({3}, [], "complete")
    assert run.until["known"]
    assert (run.until["repetitions"], run.until["looks"]) == (3, 1)
    assert run.until["said"].startswith("known after 3 repetitions: p50 ±20 % (the widest: ")


def test_it_goes_on_until_they_are_and_says_what_it_waits_for(tmp_path: Path) -> None:
    run, told = measure(scenario("p95 ±30%"), tmp_path, STEADY, clock=Clock(1.0))
    assert (repetitions(run), run.status) == ({5}, "complete")  # a tail needs five trials
    assert run.until["known"]
    assert (run.until["looks"], run.repetitions) == (1, 5)  # before, no look could have ended it
    assert [line.split(":")[0] for line in told] == ["repetition 4", "repetition 5"]
    assert "too few trials, wanted ±30 %; at most " in told[0]
    assert told[1].endswith("at most 4.8 min more")


def test_it_ends_when_its_time_is_up_and_says_how_much_more_would_tell(tmp_path: Path) -> None:
    one = scenario("p50 ±5%", at_most_s=170.0)
    run, told = measure(one, tmp_path, STEADY, GROWING)
    assert repetitions(run) == {5}  # 30 s each: a sixth would end after 180 s
    assert not run.until["known"]
    assert run.status == "complete"
    said = run.until["said"]
    assert said.startswith("time is up after 2.5 min, 5 repetitions: p50 of websocket ±")
    assert "wanted ±5 % (about " in said
    assert " more repetitions)" in said
    assert "sse" not in said  # which is known
    assert told[-1].startswith("repetition 5: p50 of websocket ±")
    assert told[-1].endswith("at most 50 s more")
    assert summary_of(run).cells["sse"].interval("latency_s.p50")


def test_the_repetitions_that_were_asked_for_come_in_any_case(tmp_path: Path) -> None:
    run, _ = measure(scenario("p50 ±0.1%", at_most_s=1.0), tmp_path)
    assert repetitions(run) == {3}
    assert run.until["said"].startswith("time is up after 90 s, 3 repetitions")


def test_percentiles_of_too_few_publishes_are_waited_for(tmp_path: Path) -> None:
    one = scenario("sse.p99 ±90%", transports="sse", clients=10, rate_per_s=40.0)
    run, told = measure(one, tmp_path, Cell("sse", "sse"), clock=Clock(1.0))
    assert "p99 of sse: 480 of 1,000 publishes, wanted ±90 %" in told[0]
    assert repetitions(run) == {7}  # 160 publishes each
    assert run.until["looks"] == 1


def test_a_cell_that_always_fails_is_not_waited_for(tmp_path: Path) -> None:
    broken = Cell("websocket", "websocket", fail="it cannot")
    run, _ = measure(scenario("p50 ±20%"), tmp_path, STEADY, broken)
    assert repetitions(run) == {3}
    assert run.until["known"]
    broken = (broken, dataclasses.replace(broken, label="sse", transport="sse"))
    run, _ = measure(scenario("p50 ±20%"), tmp_path, *broken)
    assert (repetitions(run), run.until["known"]) == ({3}, False)
    assert run.until["said"] == "nothing is known after 3 repetitions: no trial went well"


def test_a_ratio_is_known_by_pairs_of_repetitions(tmp_path: Path) -> None:
    both = [Cell(name, name, jitter_between_trials=0.5) for name in ("sse", "websocket")]
    clock = Clock(1.0)
    run, _ = measure(scenario("ratio of p50 ±20%"), tmp_path, *both, clock=clock)
    assert repetitions(run) == {3}  # each grows, and their ratio stays
    assert "ratio of p50 ±20 % (the widest: " in run.until["said"]
    run, _ = measure(scenario("p50 ±20%", at_most_s=9.0), tmp_path, *both, clock=clock)
    assert not run.until["known"]


def test_the_order_follows_from_the_seed_however_long_it_goes_on(tmp_path: Path) -> None:
    orders = []
    for at_most_s, seed in ((90.0, 1), (120.0, 1), (120.0, 2)):
        one = scenario("p50 ±0.01%", at_most_s=at_most_s, seed=seed)
        run, _ = measure(one, tmp_path)
        orders.append([t.cell for t in sorted(run.trials, key=lambda t: t.order)])
    assert len(orders[0]) < len(orders[1]) == len(orders[2])
    assert orders[1][: len(orders[0])] == orders[0]
    assert orders[1] != orders[2]


def test_what_was_measured_is_kept_when_it_is_stopped(tmp_path: Path) -> None:
    stop = asyncio.Event()
    at = (lambda plan: plan.index == 4, stop)
    run, _ = measure(scenario("p50 ±0.01%"), tmp_path, stop=at, clock=Clock(1.0))
    assert run.status == "incomplete"
    assert run.until["said"].startswith("stopped after 4 repetitions: ")
    assert run.repetitions == 4
    assert len(run.trials) == 4 * 3 + 1
    cells = summary_of(run).cells
    assert all(cells[name].interval("latency_s.p50") for name in ("sse", "websocket"))


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("mqtt.p50 ±10%", "no cell 'mqtt'"),
        ("sse.p50 ±10%, ratio of sse.p50 ±10%", "a ratio needs two transports"),
        ("p50 ± many", "time such as"),
    ],
)
def test_what_cannot_be_known_is_refused_before_the_run(until, words, tmp_path) -> None:
    with pytest.raises(UsageError, match=words):
        compare_module.measure(scenario(until, transports="sse"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_command_tells_and_draws_what_became_of_it(tmp_path, monkeypatch, capsys) -> None:
    backend = SimulatedBackend(STEADY)

    async def simulated(one, **how):
        how |= {"backend": backend, "floor": backend, "ready": Readiness(dict(ENVIRONMENT))}
        return await run_scenario(one, **how)

    monkeypatch.setattr(compare_module, "run_scenario", simulated)
    words = "compare tiny --transports sse,websocket --clients 20 --duration 4s --trials 3"
    words += f" --room-size 10 --until p50±20% --at-most 1min --no-charts --out {tmp_path}"
    assert main(words.split()) == 0
    out = capsys.readouterr().out
    assert "4 s measured, 3 trials" in out
    assert "\nKnown after 3 repetitions: p50 ±20 % (the widest: " in out


def test_a_sweep_is_not_repeated_until_anything_is_known(tmp_path, capsys) -> None:
    words = f"compare tiny --clients 4,8 --until p50±20% --out {tmp_path}"
    assert main(words.split()) == 2
    assert "a sweep has as many repetitions" in capsys.readouterr().err


def test_the_progress_says_what_is_waited_for_and_counts_on(capsys) -> None:
    record = TrialRecord(
        index=3,
        order=9,
        cell="sse",
        transport="sse",
        status="ok",
        clients=1,
        channels=1,
        per_channel=1,
        rate_per_channel=1.0,
        duration_s=1.0,
    )
    with Watcher() as watcher:
        watcher(RunStarted(Path(), ("sse", "websocket", "floor"), 9))
        watcher.wait_for("repetition 4: p99 of sse ±18 %, wanted ±10 %; at most 52 s more")
        watcher(TrialFinished(record))
    assert capsys.readouterr().err == (
        "repetition 4: p99 of sse ±18 %, wanted ±10 %; at most 52 s more\ntrial 10/12  sse: ok\n"
    )


@pytest.mark.parametrize("more", [[], ["--trials", "3"]])
def test_a_limit_of_nothing_is_refused(more, tmp_path, capsys) -> None:
    words = ["compare", "tiny", "--at-most", "5s", *more, "--out", str(tmp_path)]
    assert main(words) == 2
    assert "--at-most: goes with --until" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
