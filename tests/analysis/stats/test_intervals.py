"""Intervals over trials hold the truth as often as they say, for few trials too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.analysis.stats.intervals import MIN_TRIALS, log_error, trial_interval
from pushlab.analysis.stats.percentiles import Samples


def mean_of(values):
    values = [float(value) for value in values]  # numpy's means of a few numbers are slow
    return lambda chosen: sum(values[i] for i in chosen) / len(chosen)


@pytest.mark.parametrize("trials", [3, 4, 5, 8])
@pytest.mark.parametrize("spread", [0.02, 0.2])
def test_the_truth_is_within(trials, spread):
    rng = np.random.default_rng(trials)
    held = 0
    for _ in range(400):
        values = 5.0 * (1 + rng.normal(0, spread, trials))
        low, high = trial_interval(trials, mean_of(values))
        held += low <= 5.0 <= high
    assert 0.91 <= held / 400 <= 0.99


def test_the_interval_of_a_percentile_is_as_wide_as_the_trials_lie_apart():
    near, far = ([np.arange(400.0) + 1_000 + step * i for i in range(3)] for step in (1, 100))
    width = [
        np.subtract(*reversed(Samples(trials).estimate("p50").interval())) for trials in (near, far)
    ]
    assert width[1] > 30 * width[0]


@pytest.mark.parametrize("trials", range(MIN_TRIALS))
def test_few_trials_have_no_interval(trials):
    assert trial_interval(trials, lambda chosen: 1.0) is None


@given(st.lists(st.floats(0.1, 100), min_size=3, max_size=7))
def test_an_interval_holds_its_figure(values):
    low, high = trial_interval(len(values), mean_of(values))
    assert 0 < low <= np.mean(values) * (1 + 1e-12)
    assert high >= np.mean(values) * (1 - 1e-12)


def test_trials_that_agree_have_no_width():
    assert trial_interval(3, lambda chosen: 7.0) == (7.0, 7.0)


def test_nothing_at_all_stays_nothing():
    assert trial_interval(4, lambda chosen: 0.0) == (0.0, 0.0)


def test_a_figure_that_may_be_zero_is_measured_by_its_size():
    low, high = trial_interval(3, mean_of([-1.0, 0.0, 4.0]))
    assert low < 1.0 < high
    assert log_error(3, mean_of([-1.0, 0.0, 4.0])) is None


def test_the_same_trials_give_the_same_interval():
    trials = [np.random.default_rng(i).exponential(1, 50) for i in range(8)]
    for name in ("mean", "p50"):
        once, again = (Samples(trials).estimate(name).interval() for _ in range(2))
        assert once == again
