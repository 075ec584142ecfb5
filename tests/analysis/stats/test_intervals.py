"""Intervals over trials hold the truth as often as they say, for few trials too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.analysis.stats.estimate import Estimate
from pushlab.analysis.stats.intervals import MIN_TRIALS, log_error, standard_error, t_reach
from pushlab.analysis.stats.percentiles import Samples
from tests.analysis.stats.sides import side


@pytest.mark.parametrize(
    ("freedom", "value"),  # the 97.5 % points of any printed table
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (10, 2.228), (31, 2.040)],
)
def test_students_t_is_that_of_the_tables(freedom, value):
    assert t_reach(freedom) == pytest.approx(value, abs=5e-4)


def test_the_error_of_a_mean_is_that_of_the_textbook():
    values = np.array([3.0, 4.0, 8.0, 9.0])
    without = (values.sum() - values) / 3
    error = standard_error(values.mean(), without, values)
    assert error == pytest.approx(values.std(ddof=1) / 2)


@pytest.mark.parametrize("trials", [3, 4, 5, 8])
@pytest.mark.parametrize("spread", [0.02, 0.2])
def test_the_truth_is_within(trials, spread):
    rng = np.random.default_rng(trials)
    held = 0
    for _ in range(400):
        low, high = side(5.0 * (1 + rng.normal(0, spread, trials))).interval()
        held += low <= 5.0 <= high
    assert 0.91 <= held / 400 <= 0.99


def test_the_interval_of_a_percentile_is_as_wide_as_the_trials_lie_apart():
    near, far = ([np.arange(400.0) + 1_000 + step * i for i in range(3)] for step in (1, 100))
    width = [
        np.subtract(*reversed(Samples(trials).estimate("p50").interval())) for trials in (near, far)
    ]
    assert width[1] > 30 * width[0]


@pytest.mark.parametrize("trials", range(1, MIN_TRIALS))
def test_few_trials_have_no_interval(trials):
    few = side([1.0] * trials)
    assert (few.interval(), few.withheld) == (None, "too few trials")


def test_a_figure_that_was_not_measured_has_no_interval():
    nothing = Estimate(None, 5)
    assert (nothing.interval(), nothing.withheld) == (None, "not measured")


@given(st.lists(st.floats(0.1, 100), min_size=3, max_size=7))
def test_an_interval_holds_its_figure(values):
    low, high = side(values).interval()
    assert 0 < low <= np.mean(values) * (1 + 1e-12)
    assert high >= np.mean(values) * (1 - 1e-12)


def test_trials_that_agree_have_no_width():
    assert side([7.0] * 3).interval() == (7.0, 7.0)


def test_nothing_at_all_stays_nothing():
    assert side([0.0] * 4).interval() == (0.0, 0.0)


def test_a_figure_that_may_be_zero_is_measured_by_its_size():
    values = side([-1.0, 0.0, 4.0])
    low, high = values.interval()
    assert low < 1.0 < high
    assert log_error(values) is None


def test_the_tail_of_trials_that_differ_is_wider_than_they_lie_apart():
    """What few trials show of a percentile in the tail lies below what many would."""
    rng = np.random.default_rng(5)
    alike = [rng.exponential(1, 400) for _ in range(5)]
    apart = [values * level for values, level in zip(alike, (1, 1.5, 2, 3, 4), strict=True)]
    for trials in (alike, apart):
        estimate = Samples(trials).estimate("p95")
        assert log_error(estimate) > 0
        plain = Estimate(estimate.value, 5, estimate.of)
        assert log_error(estimate) > (1.0 if trials is alike else 1.1) * log_error(plain)


def test_the_same_trials_give_the_same_interval():
    trials = [np.random.default_rng(i).exponential(1, 50) for i in range(8)]
    for name in ("mean", "p50"):
        once, again = (Samples(trials).estimate(name).interval() for _ in range(2))
        assert once == again
