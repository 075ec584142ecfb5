"""Which trial comes next: repetitions whose order follows from the seed, however many there are."""

from pathlib import Path

import pytest

from pushlab.lab.planned import RunFolder, run_folder, trials_in_turn
from pushlab.lab.preflight import Readiness
from pushlab.lab.scenario.stored import FLOOR
from tests.lab.lab_tools import tiny

CELLS = ["sse", "websocket", FLOOR]


def folder(tmp_path: Path, *, trials: int = 2, seed: int = 1) -> RunFolder:
    scenario = tiny(CELLS[:2], trials=trials, seed=seed)
    return run_folder(scenario, tmp_path, Readiness({}), floor=True)


def taken(run: RunFolder, seed: int, more=None) -> list[tuple[str, int]]:
    found = []
    for trial in trials_in_turn([run], seed, more):
        run.left.discard((trial.plan.cell.label, trial.plan.index))
        found.append((trial.plan.cell.label, trial.plan.index))
    return found


def test_a_run_ends_with_the_repetitions_that_its_scenario_asks_for(tmp_path: Path) -> None:
    run = folder(tmp_path)
    assert sorted(taken(run, 1)) == [(cell, index) for cell in sorted(CELLS) for index in (0, 1)]
    assert not run.left


def test_a_run_goes_on_as_long_as_it_wants_more(tmp_path: Path) -> None:
    asked = []

    def more(run: RunFolder, done: int) -> bool:
        assert not run.left  # all that was begun has ended
        asked.append(done)
        return done < 4

    order = taken(folder(tmp_path), 1, more)
    assert asked == [2, 3, 4]
    assert len(order) == 4 * len(CELLS)
    for index in range(4):
        repetition = order[3 * index : 3 * index + 3]
        assert sorted(repetition) == [(cell, index) for cell in sorted(CELLS)]
    assert order[:6] == taken(folder(tmp_path), 1)  # what is decided later changes no order
    assert order == taken(folder(tmp_path), 1, lambda run, done: done < 4)
    assert order != taken(folder(tmp_path), 2, lambda run, done: done < 4)


def test_runs_that_take_turns_share_each_repetition(tmp_path: Path) -> None:
    runs = [folder(tmp_path, trials=n) for n in (1, 3)]
    found = [(runs.index(t.folder), t.plan.index) for t in trials_in_turn(runs, 5)]
    assert sorted(found[:6]) == [(0, 0)] * 3 + [(1, 0)] * 3
    assert found[:6] != sorted(found[:6])  # in turn, not one after the other
    assert found[6:] == [(1, 1)] * 3 + [(1, 2)] * 3
    orders = [t.plan.order for t in trials_in_turn(runs, 5) if t.folder is runs[1]]
    assert orders == list(range(9))


@pytest.mark.parametrize("adaptive", [False, True])
def test_each_trial_knows_whether_one_with_processes_follows(tmp_path: Path, adaptive) -> None:
    more = (lambda run, done: done < 3) if adaptive else None
    trials = list(trials_in_turn([folder(tmp_path)], 1, more))
    followed = [not trial.plan.floor for trial in trials[1:]]
    assert [trial.plan.another_follows for trial in trials[:-1]] == followed
    if not adaptive:
        assert not trials[-1].plan.another_follows
