"""Met and failed are claims; whatever does not carry one is not known."""

import math

import numpy as np
import pytest

from pushlab.analysis.slo.objectives import parse_objective
from pushlab.analysis.slo.verdicts import judge, judge_all
from pushlab.analysis.summary.mark import Mark
from pushlab.analysis.summary.model import CellSummary

P50 = "latency_s.p50"


def cell(value=0.04, interval=(0.035, 0.046), *, trials=5, **more):
    return CellSummary(
        status="ok",
        values={P50: value, "latency_s.mean": value, "lost": 3, "trials.ok": trials},
        intervals={P50: interval} if interval else {},
        **more,
    )


def verdict(text, told, **how):
    (found,) = judge(parse_objective(text), {"sse": told}, **how)
    return found


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("p50<50ms", "met"),
        ("p50<=46ms", "met"),
        ("p50<34ms", "failed"),
        ("p50<45ms", "unknown"),  # the interval spans the limit, the value meets it
        ("p50<38ms", "unknown"),  # and here it does not
        ("p50>30ms", "met"),
        ("p50>50ms", "failed"),
        ("p50>38ms", "unknown"),
        ("p50==40ms", "unknown"),
        ("p50==60ms", "failed"),
        ("p50!=60ms", "met"),
        ("p50!=40ms", "unknown"),
        ("lost==3", "met"),  # a count is what it is
        ("lost<3", "failed"),
    ],
)
def test_the_whole_interval_must_meet_it(text, answer):
    found = verdict(text, cell())
    assert found.answer == answer
    assert found.met == (answer == "met")
    assert found.as_measured == found.objective.met_by(found.value)


def test_what_the_clocks_leave_open_is_open():
    values = {P50: 0.04, "trials.ok": 5, "clock_bound_s": 0.005}
    blurred = CellSummary(status="ok", values=values, intervals={P50: (0.038, 0.042)})
    assert verdict("p50<43ms", cell(interval=(0.038, 0.042))).answer == "met"
    assert verdict("p50<43ms", blurred).answer == "unknown"
    assert verdict("p50<48ms", blurred).answer == "met"
    assert verdict("p50<32ms", blurred).answer == "failed"


def test_what_is_not_known_says_how_many_trials_would_tell():
    near, far = verdict("p50<41ms", cell()), verdict("p50<45ms", cell())
    assert near.more_trials > far.more_trials > 0
    assert verdict("p50<40ms", cell()).more_trials is None  # as many as one likes


def test_too_few_trials_are_not_known():
    found = verdict("p50<50ms", cell(interval=None, trials=1))
    assert (found.answer, found.more_trials, found.as_measured) == ("unknown", 2, True)


def test_a_mark_that_could_have_carried_it_across_leaves_nothing_known():
    """Generator-bound trials were called met."""
    bound = Mark("generator-bound", "the swarm was full", {P50: math.inf})
    found = verdict("p50<50ms", cell(disturbances=[bound]))
    assert found.answer == "unknown"
    assert found.marks == ["generator-bound: the swarm was full"]
    small = Mark("busy-machine", "the hub waited", {P50: 0.012})
    assert verdict("p50<50ms", cell(disturbances=[small])).answer == "unknown"
    assert verdict("p50<60ms", cell(disturbances=[small])).answer == "met"
    assert verdict("p50<20ms", cell(disturbances=[small])).answer == "failed"
    assert verdict("lost==3", cell(disturbances=[bound])).answer == "met"


def test_no_latency_is_known_where_the_floor_lies_above_one():
    assert verdict("p50<50ms", cell(), floor_s=0.03).answer == "met"
    found = verdict("p50<50ms", cell(), floor_s=0.045)
    assert found.answer == "unknown"
    assert found.marks[0].startswith("void: the harness alone took 45.0 ms")
    assert verdict("lost==3", cell(), floor_s=0.045).answer == "met"


def test_the_more_is_asked_the_wider_are_the_intervals():
    alone = verdict("p50<46.5ms", cell())
    assert alone.answer == "met"
    assert alone.interval == (0.035, 0.046)
    many = judge_all([parse_objective("p50<46.5ms")] * 10, {"sse": cell()})
    assert {each.answer for each in many} == {"unknown"}
    assert many[0].interval[0] < 0.035
    assert many[0].interval[1] > 0.046


@pytest.mark.soak
def test_a_limit_at_the_truth_is_called_met_or_failed_in_one_of_twenty():
    from pushlab.analysis.stats.intervals import trial_interval

    rng, wrong, runs = np.random.default_rng(8), 0, 2000
    for _ in range(runs):
        trials = list(0.04 * np.exp(0.2 * rng.standard_normal(5)))
        value = sum(trials) / 5
        interval = trial_interval(5, lambda drawn, of=trials: sum(of[i] for i in drawn) / 5)
        truth = 0.04 * math.exp(0.02)
        wrong += verdict(f"p50<{truth}s", cell(value, interval)).answer != "unknown"
    assert wrong / runs < 0.07
