"""The windows beside the measured one: what is in them, and that they leave its figures alone."""

from pathlib import Path

import pytest

from pushlab.analysis.trials.figures import figures_of
from pushlab.lab.trial.plan import TrialPlan
from pushlab.runs import TrialRecord
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
