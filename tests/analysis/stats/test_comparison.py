"""Ratios and differences hold the truth as often as they say, however the sides scatter."""

import math

import numpy as np
import pytest
from scipy import stats

from pushlab.analysis.stats.comparison import compare
from pushlab.analysis.stats.intervals import WIDER, t_reach
from tests.analysis.stats.sides import drawn, side


def test_unequal_spreads_have_welchs_degrees_of_freedom():
    rng = np.random.default_rng(5)
    steady, wild = rng.normal(0, 0.001, 6), rng.normal(0, 0.1, 3)
    found = compare(side(np.exp(steady)), side(np.exp(wild)))
    held = stats.ttest_ind(wild, steady, equal_var=False).confidence_interval()
    width = math.log(found.interval[1] / found.interval[0])
    assert width == pytest.approx(WIDER * (held.high - held.low), rel=0.1)
    pooled = stats.ttest_ind(wild, steady).confidence_interval()
    assert width > 1.3 * (pooled.high - pooled.low)


def test_one_side_five_times_as_spread_holds_the_truth_as_often_as_it_says():
    """Pooled degrees of freedom would hold it in 89 or 90 of 100, without the factor."""
    rng, runs, held, pooled = np.random.default_rng(11), 2000, 0, 0
    for _ in range(runs):
        found = compare(drawn(rng, trials=3, spread=0.02), drawn(rng, trials=3, spread=0.1))
        error = found.error / WIDER
        held += abs(found.distance) <= t_reach(found.freedom) * error
        pooled += abs(found.distance) <= t_reach(4) * error
        assert found.interval[0] <= found.ratio <= found.interval[1]
    assert held / runs > 0.93
    assert pooled / runs < 0.915


def test_pairs_that_move_together_are_compared_in_pairs():
    rng = np.random.default_rng(6)
    level = np.exp(rng.normal(0, 0.5, 6))
    a, b = side(level, range(6)), side(level * np.exp(rng.normal(0.2, 0.01, 6)), range(6))
    paired, apart = compare(a, b, paired=True), compare(a, b)
    assert (paired.paired, paired.freedom, apart.paired) == (True, 5, False)
    narrow, wide = (math.log(one.interval[1] / one.interval[0]) for one in (paired, apart))
    assert narrow < wide / 10


def test_pairs_are_of_equal_repetitions_and_not_of_equal_places():
    a = side([1.0, 2.0, 4.0, 8.0], [0, 1, 2, 3])
    b = side([80.0, 40.0, 20.0], [3, 2, 1])
    found = compare(a, b, paired=True)
    assert found.ratio == pytest.approx(10)
    assert found.interval == pytest.approx((10, 10))
    assert found.trials == (3, 3)
    assert not compare(a, side([1.0, 2.0, 3.0], [7, 8, 9]), paired=True).paired


def test_too_few_common_repetitions_are_no_pairs():
    """Whose trials failed at different times: places that happen to be equal are not compared."""
    a, b = side([1.0, 2.0, 4.0, 8.0, 16.0], range(5)), side([16.0, 32.0, 64.0], [4, 5, 6])
    found = compare(a, b, paired=True)
    assert (found.paired, found.trials) == (False, (5, 3))
    assert found == compare(a, b)
    c = side([8.0, 16.0, 32.0, 64.0, 128.0], range(3, 8))  # 8 times a, place by place
    assert compare(a, c, paired=True).interval == pytest.approx(compare(a, c).interval)


def test_the_interval_covers_the_true_ratio_19_times_of_20():
    rng = np.random.default_rng(3)
    for trials in (3, 6):
        covered = 0
        for _ in range(400):
            pair = (drawn(rng, trials=trials, spread=0.1, level=level) for level in (1, 1.3))
            low, high = compare(*pair).interval
            covered += low <= 1.3 <= high
        assert 0.92 <= covered / 400 <= 0.985


def test_a_ratio_and_its_inverse_have_inverse_intervals():
    a, b = side([1.0, 1.1, 1.2]), side([2.0, 2.3, 2.1])
    there, back = compare(a, b), compare(b, a)
    assert there.ratio == pytest.approx(1 / back.ratio)
    assert there.interval[0] == pytest.approx(1 / back.interval[1])
    assert there.apart[0] == pytest.approx(-back.apart[1])
    assert there.chance() == pytest.approx(back.chance())


def test_few_trials_show_a_ratio_and_no_more():
    found = compare(side([1.0, 1.0, 1.0]), side([2.0, 2.1]))
    assert found.ratio == pytest.approx(2.05)
    assert (found.interval, found.apart, found.chance()) == (None, None, None)
    assert found.why == "too few trials"


def test_the_difference_has_an_interval_of_its_own():
    found = compare(side([0.010, 0.011, 0.012]), side([0.0105, 0.0111, 0.0117]))
    assert found.difference == pytest.approx(0.0001)
    assert found.apart[0] < 0 < found.apart[1]
    assert found.apart[1] < 0.003


def test_something_against_nothing_has_a_difference_and_no_ratio():
    found = compare(side([0, 0, 0]), side([1, 2, 3]))
    assert (found.ratio, found.interval) == (None, None)
    assert found.difference == 2
    assert compare(side([0, 0, 0]), side([0, 0, 0])).ratio == 1.0
