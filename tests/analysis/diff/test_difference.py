"""Two runs: what is noise is called noise, and what changed is found."""

import dataclasses
import json
import math
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pushlab.analysis.diff.difference import compare_runs
from pushlab.analysis.stats.estimate import Estimate
from pushlab.analysis.stats.intervals import t_reach
from pushlab.analysis.stats.noise import compare, judge_all
from pushlab.runs import Run
from tests.runs.simulated import STANDARD, Cell, simulate


@pytest.mark.parametrize(
    ("freedom", "value"),  # the 97.5 % points of any printed table
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (10, 2.228), (31, 2.040)],
)
def test_students_t_is_that_of_the_tables(freedom, value):
    assert t_reach(freedom) == pytest.approx(value, abs=5e-4)


def test_unequal_spreads_have_welchs_degrees_of_freedom():
    rng = np.random.default_rng(5)
    steady, wild = rng.normal(0, 0.001, 6), rng.normal(0, 0.1, 3)
    found = compare(side(np.exp(steady)), side(np.exp(wild)))
    held = stats.ttest_ind(wild, steady, equal_var=False).confidence_interval()
    width = math.log(found.interval[1] / found.interval[0])
    assert width == pytest.approx(held.high - held.low, rel=0.1)
    pooled = stats.ttest_ind(wild, steady).confidence_interval()
    assert width > 1.3 * (pooled.high - pooled.low)


def side(values):
    values = [float(value) for value in values]
    return Estimate(
        sum(values) / len(values),
        len(values),
        lambda chosen: sum(values[i] for i in chosen) / len(chosen),
    )


def draws(rng, *, trials, spread, level=1.0):
    return side(level * np.exp(rng.normal(0, spread, trials)))


@pytest.mark.parametrize("trials", [2, 3, 5])
@pytest.mark.parametrize("spread", [0.02, 0.2])
def test_equal_runs_rarely_show_any_change_among_many_figures(trials, spread):
    rng = np.random.default_rng(trials)
    alarms = 0
    for _ in range(60):
        pairs = [[draws(rng, trials=trials, spread=spread) for _ in range(2)] for _ in range(40)]
        chances = [compare(*pair).chance for pair in pairs]
        alarms += "changed" in judge_all(chances)
    # At most 5 % are expected; that 9 of 60 come by chance has a probability below 0.01.
    assert alarms < 9


@pytest.mark.parametrize(("trials", "share"), [(3, 0.75), (5, 0.99)])
@pytest.mark.parametrize("change", [1.3, 1 / 1.3])
def test_a_change_by_30_percent_is_found_among_many_figures(trials, share, change):
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(50):
        same = [[draws(rng, trials=trials, spread=0.02) for _ in range(2)] for _ in range(36)]
        moved = [
            [draws(rng, trials=trials, spread=0.02, level=x) for x in (1, change)] for _ in range(4)
        ]
        verdicts = judge_all([compare(*pair).chance for pair in (*same, *moved)])
        found += verdicts[36:] == ["changed"] * 4
    assert found >= 50 * share


def test_the_interval_covers_the_true_ratio_19_times_of_20():
    rng = np.random.default_rng(3)
    for trials in (2, 3, 6):
        covered = 0
        for _ in range(400):
            pair = (draws(rng, trials=trials, spread=0.1, level=level) for level in (1, 1.3))
            low, high = compare(*pair).interval
            covered += low <= 1.3 <= high
        assert 0.92 <= covered / 400 <= 0.985


def test_a_large_difference_within_the_threshold_is_no_change():
    steady, little_more = side([1.0, 1.0001, 0.9999]), side([1.04, 1.0401, 1.0399])
    assert compare(steady, little_more).chance == 1.0
    assert compare(steady, little_more, threshold=0.01).chance < 0.001


def test_a_ratio_and_its_inverse_are_judged_alike():
    a, b = side([1.0, 1.1, 1.2]), side([2.0, 2.3, 2.1])
    there, back = compare(a, b), compare(b, a)
    assert there.ratio == pytest.approx(1 / back.ratio)
    assert there.chance == pytest.approx(back.chance)
    assert there.interval[0] == pytest.approx(1 / back.interval[1])


def test_a_single_trial_shows_a_ratio_and_no_more():
    found = compare(side([1.0]), side([2.0, 2.1]))
    assert found.ratio == pytest.approx(2.05)
    assert (found.interval, found.chance) == (None, None)
    assert judge_all([None]) == ["unknown"]


def test_something_against_nothing_is_a_change_if_every_trial_has_it():
    nothing = side([0, 0, 0])
    assert judge_all([compare(nothing, side([1, 2, 3])).chance]) == ["changed"]
    assert compare(nothing, side([0, 0, 3])).chance == pytest.approx(0.05)
    assert compare(nothing, nothing).ratio == 1.0
    assert judge_all([compare(nothing, nothing).chance]) == ["same"]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_no_chance_is_called_a_change_while_a_smaller_one_is_not(chances):
    verdicts = judge_all(chances)
    changed = [c for c, verdict in zip(chances, verdicts, strict=True) if verdict == "changed"]
    others = [c for c, verdict in zip(chances, verdicts, strict=True) if verdict != "changed"]
    assert max(changed, default=0.0) <= 0.05
    assert max(changed, default=-1.0) <= min(others, default=2.0)
    assert all(v != "changed" for c, v in zip(chances, verdicts, strict=True) if c > 0.05)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("a"), *STANDARD, trials=3)


def difference(a, b):
    return compare_runs(Run.load(a), Run.load(b))


def moved(found):
    return {(c.cell, c.figure) for c in found.changes if c.judgement == "changed"}


@pytest.mark.parametrize("trials", [1, 2])
def test_a_copy_has_not_changed(tmp_path, trials):
    path = simulate(tmp_path, *STANDARD, trials=trials)
    found = difference(path, shutil.copytree(path, tmp_path / "copy"))
    assert not found.changed
    assert {change.judgement for change in found.changes} == {"same"}
    assert (found.work, found.setting) == ([], [])


def test_another_run_of_the_same_work_has_not_changed(base, tmp_path):
    found = difference(base, simulate(tmp_path, *STANDARD, trials=3, seed=2))
    assert moved(found) == set()
    assert found.trials["sse"] == (3, 3)
    assert not found.changed


def test_a_slower_transport_is_found_and_named(base, tmp_path):
    slower = [
        dataclasses.replace(cell, delay_s=0.01) if cell.label == "sse" else cell
        for cell in STANDARD
    ]
    found = difference(base, simulate(tmp_path, *slower, trials=3, seed=2))
    assert moved(found) == {("sse", f"latency_s.{x}") for x in ("mean", "p50", "p95", "p99")}
    (mean,) = [c for c in found.changes if (c.cell, c.figure) == ("sse", "latency_s.mean")]
    assert mean.ratio == pytest.approx(mean.b / mean.a)
    assert mean.interval[0] < mean.ratio < mean.interval[1]
    assert math.isfinite(mean.interval[1])


def test_losses_and_failures_are_counted_exactly(base, tmp_path):
    cells = [
        Cell("sse", "sse", delay_s=0.0011, loss=0.01),
        Cell("websocket", "websocket", delay_s=0.0013, fail_once="the hub was killed"),
        Cell("new", "sse"),
    ]
    found = difference(base, simulate(tmp_path, *cells, trials=3))
    assert found.changed
    assert ("sse", "lost") in moved(found)
    assert ("websocket", "trials.failed") in moved(found)
    assert found.only_a == ["short-polling", "long-polling", "mqtt"]
    assert found.only_b == ["new"]


def test_other_work_is_told(base, tmp_path):
    cells = [dataclasses.replace(STANDARD[0], options={"interval_s": 2.0})]
    found = difference(base, simulate(tmp_path, *cells, clients=50, trials=2))
    assert "clients: 100 vs 50" in found.work
    assert "short-polling: interval_s: 1.0 vs 2.0" in found.work
    assert found.changes


def test_another_machine_is_told(base, tmp_path):
    other = shutil.copytree(base, tmp_path / "other")
    text = (other / "run.json").read_text()
    (other / "run.json").write_text(text.replace("2.4 GHz", "3.8 GHz"))
    (line,) = difference(base, other).setting
    assert line == "processor: Simulated CPU at 2.4 GHz vs Simulated CPU at 3.8 GHz"


@pytest.mark.parametrize(("load", "told"), [(0.9, False), (1.1, True)])
def test_a_machine_that_was_busy_already_is_told(base, tmp_path, load, told):
    other = shutil.copytree(base, tmp_path / "other")
    document = json.loads((other / "run.json").read_text())
    document["environment"]["load"] = [0.1, 0.1, 0.1]
    (base / "run.json").write_text(json.dumps(document))
    document["environment"]["load"] = [load, 0.1, 0.1]
    document["id"] = "later"
    (other / "run.json").write_text(json.dumps(document))
    assert bool([x for x in difference(base, other).setting if x.startswith("load: ")]) == told
