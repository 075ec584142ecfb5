"""The windows beside the measured one: what is in them, and that they leave its figures alone."""

import dataclasses
from pathlib import Path
from typing import cast

import pytest

from pushlab.analysis.trials.figures import figures_of
from pushlab.lab.trial.parts import Parts, _together
from pushlab.lab.trial.plan import TrialPlan
from pushlab.lab.trial.testbed import Testbed
from pushlab.runs import CostWindow, TrialRecord
from tests.lab.lab_tools import run, tiny


@pytest.mark.parametrize("transport", ["sse", "short-polling"])
async def test_costs_are_looked_at_beside_the_window(transport: str, tmp_path: Path) -> None:
    result = await run(tiny([transport], duration_s=1.0, parts_s=0.2), tmp_path)
    (trial,) = (each for each in result.trials if not each.floor)
    assert trial.status == "ok", trial.reason
    alone, idle, unread, second = trial.parts
    assert [each.name for each in trial.parts] == ["alone", "idle", "unread", "second"]
    assert (alone.clients, idle.clients) == (0, trial.clients)
    assert alone.publishes == idle.publishes == alone.deliveries == idle.deliveries == 0
    assert unread.publishes > 0 == unread.deliveries
    assert second.publishes > 0
    assert second.deliveries == trial.per_channel * second.publishes
    assert min(unread.cpu_s, second.cpu_s) > 0 <= min(alone.cpu_s, idle.cpu_s)
    assert min(each.span_s for each in trial.parts) >= 0.1
    polls = sum(idle.hits.values())
    assert polls > 0 if transport == "short-polling" else polls == 0
    _check_the_window(result, trial)


def _check_the_window(result, trial: TrialRecord) -> None:
    """Nothing of the windows beside it is among its rows, and all requests are accounted for."""
    figures = figures_of(result, trial)
    assert figures.counts.expected == figures.counts.delivered > 0
    assert figures.counts.unmatched == figures.counts.duplicated == 0
    assert figures.mismatch is None
    assert trial.measure_end_ns is not None


def test_a_window_that_tells_nothing_of_cpu_has_none_beside_it() -> None:
    def beside(**changes: object) -> float:
        scenario = tiny(["sse"], **changes)
        return TrialPlan(scenario, scenario.cells[0], order=0, index=0).parts_s

    assert beside(duration_s=0.9, parts_s=0.5) == 0
    assert beside(duration_s=1.2, parts_s=5.0) == 0.6
    assert beside(duration_s=30.0, parts_s=0.5) == 0.5
    scenario = tiny(["sse"], duration_s=30.0, parts_s=0.5)
    assert TrialPlan(scenario, scenario.cells[0], order=0, index=0, floor=True).parts_s == 0


def test_the_other_rate_is_of_what_the_trial_itself_takes() -> None:
    """A busy machine beside it was taken for a busy hub, and the other rate was a fifth."""
    scenario = tiny(["sse"], duration_s=1.0, parts_s=0.5)
    plan = TrialPlan(scenario, scenario.cells[0], order=0, index=0)
    parts = Parts(plan, cast(Testbed, None))
    before = dict.fromkeys(("hub", "swarm", "machine", "runner"), 0.0)
    calm = {**before, "hub": 0.02, "swarm": 0.01, "machine": 1.9, "runner": 0.3}
    assert parts._factor(20.0, before, calm) > 10
    assert parts._factor(20.0, before, {**calm, "hub": 0.5}) < 1


def test_what_falls_into_one_half_of_idling_is_not_idling() -> None:
    """One collection of garbage in a second made idling of 3 ms look like 25."""
    plain = CostWindow(name="idle", span_s=0.5, clients=400, hits={"poll-empty": 3}, cpu_s=0.0015)
    both = _together(plain, dataclasses.replace(plain, cpu_s=0.0018))
    assert (both.span_s, both.hits) == (1.0, {"poll-empty": 6})
    assert both.cpu_s == pytest.approx(0.0033)
    late = dataclasses.replace(plain, cpu_s=0.0215)
    assert _together(late, plain) == _together(plain, late) == plain
    nothing = dataclasses.replace(plain, cpu_s=0.0)
    assert _together(nothing, plain).cpu_s == plain.cpu_s  # a server that wakes once a second
