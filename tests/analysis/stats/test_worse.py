"""The gate's rule, how many trials it asks for, and how often it errs."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.gate.rates import SPREADS, WORSE, by_turns, of_runs
from pushlab.analysis.stats.worse import (
    CHANCE,
    apart,
    fails,
    look_chance,
    looks,
    needed,
    needed_pairs,
    outcome,
    passes,
)


def gap(base, new, **how):
    return apart(np.array(base, dtype=float), np.array(new, dtype=float), **how)


def test_the_interval_is_welchs_of_the_logarithms():
    base, new = [1.0, 1.1, 0.95, 1.02], [1.3, 1.6, 1.1]
    low, high = gap(base, new).interval(0.005)
    held = stats.ttest_ind(np.log(new), np.log(base), equal_var=False).confidence_interval(0.99)
    assert (math.log(low), math.log(high)) == pytest.approx((held.low, held.high))


def test_the_interval_of_pairs_leaves_out_what_both_share():
    drift = np.exp(np.linspace(0, 2, 6))
    base, new = drift * [1, 1.01, 1, 0.99, 1, 1.01], drift * [1.3, 1.3, 1.29, 1.31, 1.3, 1.28]
    found = gap(base, new, paired=True)
    held = stats.ttest_rel(np.log(new), np.log(base)).confidence_interval(0.99)
    low, high = found.interval(0.005)
    assert (math.log(low), math.log(high)) == pytest.approx((held.low, held.high))
    assert outcome(found, WORSE) == "fail"
    assert outcome(gap(base, new), WORSE) == "inconclusive"


@pytest.mark.parametrize(
    ("ratios", "answer"),  # geometric mean and spread put the interval where it is to be
    [
        ([0.99, 1.0, 1.01] * 2, "pass"),  # about 1
        ([1.09, 1.1, 1.11] * 2, "pass"),  # worse, and not by so much
        ([1.18, 1.19, 1.20] * 2, "fail"),  # above 1, and it reaches 1.2
        ([1.4, 1.5, 1.6] * 2, "fail"),  # all beyond
        ([0.7, 1.1, 1.5] * 2, "inconclusive"),  # from below 1 to beyond 1.2
        ([0.4, 0.5, 0.6] * 2, "pass"),  # better
    ],
)
def test_the_rule(ratios, answer):
    found = gap([1.0] * len(ratios), ratios)
    assert outcome(found, WORSE) == answer
    low, high = found.interval(CHANCE)
    assert bool(fails(found, WORSE)) == (low > 1 and high >= 1.2)
    assert bool(passes(found, WORSE)) == (high < 1.2)


def test_what_does_not_scatter_at_all_is_known():
    assert outcome(gap([2.0, 2.0], [2.0, 2.0]), WORSE) == "pass"
    assert outcome(gap([2.0, 2.0], [2.6, 2.6]), WORSE) == "fail"


def test_of_a_spread_that_is_well_known_the_textbooks_number_is_asked():
    rng = np.random.default_rng(1)
    found = gap(*np.exp(rng.normal(0, 0.5, (2, 4_000))))
    few = needed(apart_like(found, trials=2), WORSE)
    z = stats.norm.ppf(1 - CHANCE) + stats.norm.ppf(0.975)
    assert few == pytest.approx((z * float(found.spread) / math.log1p(WORSE)) ** 2, rel=0.06)


def apart_like(found, *, trials):
    return type(found)(found.distance, found.spread, trials, found.error, found.freedom)


def test_a_guess_from_few_trials_asks_for_more_than_a_good_one():
    asked = [needed(gap(*scattered(n)), WORSE) for n in (3, 5, 20)]
    assert asked == sorted(asked, reverse=True)
    assert asked[0] > 2 * asked[2]


def scattered(trials, spread=0.1):
    """Two sides with exactly that spread."""
    values = stats.norm.ppf((np.arange(trials) + 0.5) / trials)
    values *= spread / values.std(ddof=1)
    return np.exp(values), np.exp(values)


def test_more_trials_than_there_are_are_asked_for():
    assert needed(gap(*scattered(12, 0.001)), WORSE) == 13
    assert needed_pairs(gap([1.0, 1.0, 1.0], [0.5, 1.0, 1e9], paired=True), 1e-6, 1) is None


def test_all_looks_together_err_in_one_of_a_hundred():
    assert sum(look_chance(number) for number in range(1, 100_000)) == pytest.approx(0.01, rel=1e-3)
    assert list(itertools.islice(looks(), 5)) == [4, 6, 9, 14, 21]
    assert list(looks(10)) == [4, 6, 9, 10]
    assert list(looks(3)) == [3]


@pytest.mark.parametrize("spread", SPREADS)
def test_the_answers_are_as_seldom_wrong_as_promised(spread):
    check(spread, pilots=(5,), gates=400, beyond=3)


@pytest.mark.soak
@pytest.mark.parametrize("spread", SPREADS)
def test_the_answers_are_as_seldom_wrong_as_promised_in_many_gates(spread):
    check(spread, pilots=(3, 5, 10), gates=20_000, beyond=3)


def check(spread, *, pilots, gates, beyond):
    """1 % false alarms, 97 % power with as many trials as were asked for, 1 % false passes."""

    def at_most(share, of=gates):
        return share + beyond * math.sqrt(share * (1 - share) / of)

    for pilot in pilots:
        same, same_again = of_runs(spread, pilot, 1.0, gates=gates)
        worse, again = of_runs(spread, pilot, 1 + WORSE, gates=gates)
        open_same, open_worse = 1 - same.failed - same.passed, 1 - worse.failed - worse.passed
        alarms = same.failed + (open_same * same_again.failed if open_same else 0)
        assert alarms <= at_most(0.01)
        assert worse.passed <= at_most(0.005)
        if open_worse * gates > 30:
            assert 1 - again.failed <= at_most(0.03, open_worse * gates)
        if open_same * gates > 30:
            assert 1 - same_again.passed <= at_most(0.03, open_same * gates)
    for skewed in (False, True):
        same = by_turns(spread, None, 1.0, gates=gates, skewed=skewed)
        worse = by_turns(spread, None, 1 + WORSE, gates=gates, skewed=skewed)
        assert same.failed <= at_most(0.01)
        assert 1 - same.passed <= at_most(0.03)
        assert worse.passed <= at_most(0.01)
        assert 1 - worse.failed <= at_most(0.03)
