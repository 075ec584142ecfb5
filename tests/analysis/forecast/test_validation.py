"""Runs held against their models: what agrees, what differs, and what nobody knows yet."""

import dataclasses
import math

import pytest

from pushlab.analysis import analyse
from pushlab.analysis.forecast.validation import Checked, _checked, _unmarked, validate
from pushlab.analysis.models.chance import hits_variance
from pushlab.analysis.models.prediction import Ways, predict
from pushlab.analysis.summary.mark import Mark
from pushlab.analysis.summary.model import CellSummary
from pushlab.contract.registry import profile_of
from pushlab.runs import CostWindow, Run, RunWriter, TrialRecord
from tests.runs.simulated import ENVIRONMENT, FLOOR, STANDARD, Cell, simulate


def answers(found):
    return {(each.cell, check.figure): check.answer for each in found for check in each.checks}


@pytest.mark.parametrize("arrivals", ["poisson", "constant"])
def test_a_run_that_behaves_as_its_models(tmp_path, arrivals):
    cells = (STANDARD[0], STANDARD[2], Cell("mqtt", "mqtt", {"qos": 1}), FLOOR)
    run = simulate(tmp_path, *cells, arrivals=arrivals, per_channel=1, trials=5)
    found = validate(analyse(Run.load(run)))
    assert [each.cell for each in found] == [cell.label for cell in cells[:-1]]
    told = answers(found)
    assert all(told[cell.label, "hits"] == "agrees" for cell in cells[:-1])
    assert told["short-polling", "mean latency"] == "agrees"
    polled = found[0]
    assert polled["hits"].simulated == pytest.approx(polled["hits"].predicted, rel=0.02)
    late = polled["mean latency"]
    assert late.simulated == pytest.approx(late.predicted, rel=0.02)
    assert late.apart[0] < late.measured - late.predicted < late.apart[1]


def test_five_times_as_late_is_not_all_right(tmp_path):
    """Two milliseconds were allowed, whatever was foretold: +507 % was told as "ok"."""
    slow = Cell("mqtt", "mqtt", {"qos": 1}, delay_s=0.0019)
    run = simulate(tmp_path, slow, Cell("sse", "sse", fail="no port"), FLOOR, trials=3)
    told, failed = validate(analyse(Run.load(run)))
    late = told["mean latency"]
    assert 3 < late.measured / late.predicted < 12
    assert late.measured - late.predicted < 2e-3
    assert late.answer == "differs"
    assert "windows" in late.why  # nothing told what the server takes
    assert (failed.failed, failed.checks) == ("no trial went well", ())


def test_one_trial_of_push_is_not_known(tmp_path):
    run = simulate(tmp_path, STANDARD[2], FLOOR, trials=1)
    (told,) = validate(analyse(Run.load(run)))
    assert told["mean latency"].answer == "unknown"
    assert told["mean latency"].why == "too few trials"


def test_three_hits_for_five_are_chance_and_half_of_many_are_not():
    """Of 26 clients that wait for nothing, 5.2 holds of 30 s end in 6 s, or 3, or 8."""
    record = TrialRecord(
        index=0,
        order=0,
        cell="long-polling",
        transport="long-polling",
        status="ok",
        clients=26,
        channels=26,
        per_channel=1,
        rate_per_channel=1e-6,
        arrivals="poisson",
        duration_s=6.0,
        profile=profile_of("long-polling"),
    )

    def judged(record: TrialRecord, measured: float, owed: int) -> Checked:
        told = predict(record)
        ways = Ways(0.0, 0.0, 0.0)
        variance = hits_variance(record, told, ways, owed=owed, late_s=0.001)
        reach = 1.96 * math.sqrt(variance)
        return _checked("hits", told.hits, None, measured, reach, same=0.5)

    few = judged(record, 3.0, 0)
    assert few.predicted == pytest.approx(5.2, rel=0.01)
    assert few.answer == "unknown"
    busy = dataclasses.replace(record, clients=400, rate_per_channel=1.0)
    assert judged(busy, 2_400.0, 2_400).answer == "agrees"
    assert judged(busy, 1_200.0, 2_400).answer == "differs"


@pytest.mark.parametrize(("second_s", "answer"), [(1.0, "agrees"), (3.0, "differs")])
def test_the_measured_window_is_another_rate_foretold(tmp_path, second_s, answer):
    """Costs from the windows beside it, held against the CPU that it took itself."""
    run = Run.load(simulate(tmp_path / "plain", STANDARD[2], trials=5))
    writer = RunWriter.create(
        tmp_path / "parts",
        scenario=run.scenario,
        cells=run.cells,
        environment=ENVIRONMENT,
        command=["pushlab"],
        seed=1,
    )
    for trial in run.trials:  # 2 ms a second idle, 6 µs a delivery; in 10 s 2,000 of them
        assert trial.server is not None
        dearer = 1 + 0.004 * trial.index
        parts = [
            CostWindow(name="alone", span_s=1.0, clients=0, cpu_s=0.002 * dearer),
            CostWindow(name="idle", span_s=1.0, clients=100, cpu_s=0.002 * dearer),
            CostWindow(
                name="unread", span_s=1.0, clients=100, publishes=100, cpu_s=0.0021 * dearer
            ),
            CostWindow(
                name="second",
                span_s=1.0,
                clients=100,
                publishes=20,
                deliveries=2_000,
                cpu_s=(0.002 + second_s * 0.012) * dearer,
            ),
        ]
        server = dataclasses.replace(trial.server, cpu_s=0.032 * dearer)
        record = dataclasses.replace(trial, parts=parts, server=server)
        rows = {name: run.table(name, trial).to_pydict() for name in ("publishes", "deliveries")}
        writer.add_trial(record, **rows)
    (told,) = validate(analyse(Run.load(writer.finish())))
    assert told["CPU"].measured == pytest.approx(5 * 0.032, rel=0.02)
    assert told["CPU"].answer == answer


@pytest.mark.parametrize(("size_s", "answer"), [(60e-6, "unknown"), (40e-6, "differs")])
def test_what_a_mark_may_have_made_a_tenth_of_is_no_difference(size_s, answer):
    late = Checked(
        figure="mean latency",
        predicted=1.1e-3,
        simulated=None,
        measured=1.6e-3,
        apart=(0.1e-3, 0.9e-3),
        answer="differs",
    )
    mark = Mark("stall", "the host took its time", {"latency_s.mean": size_s})
    told = _unmarked(
        late, CellSummary(status="ok", values={"latency_s.mean": 1.6e-3}, disturbances=[mark])
    )
    assert told.answer == answer
    assert ("marked: stall" in told.why) == (answer == "unknown")
