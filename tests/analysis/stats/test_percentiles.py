"""Statistics say no more than the samples do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.analysis.stats.percentiles import (
    MIN_BEYOND,
    PERCENTILES,
    Samples,
    is_unstable,
    samples_needed,
)

NAMES = (*PERCENTILES, "mean", "min", "max", "count", "nonpositive")


def described(trials):
    return {name: Samples(trials).value(name) for name in NAMES}


def interval(trials, name):
    return Samples(trials).estimate(name).interval()


samples = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


@given(st.integers(0, 12_000), st.sampled_from([500, 900, 950, 990, 999]))
def test_a_percentile_needs_ten_samples_beyond_it(count, per_mille):
    name = {number: name for name, number in PERCENTILES.items()}[per_mille]
    value = Samples([np.arange(count, dtype=float)]).value(name)
    beyond = count * (1000 - per_mille)  # thousandths of samples
    assert (value is None) == (beyond < MIN_BEYOND * 1000)
    assert (value is None) == (count < samples_needed(per_mille))
    if value is not None:
        assert value == pytest.approx(np.percentile(np.arange(count), per_mille / 10))


@pytest.mark.parametrize(
    ("count", "known"),
    [(19, 0), (20, 1), (99, 1), (100, 2), (199, 2), (200, 3), (1000, 4), (9999, 4), (10_000, 5)],
)
def test_which_percentiles_are_given(count, known):
    figures = described([np.arange(count, dtype=float)])
    assert [name for name in PERCENTILES if figures[name] is not None] == list(PERCENTILES)[:known]


@given(st.lists(samples, min_size=1, max_size=5))
def test_trials_are_merged_and_never_averaged(trials):
    arrays = [np.array(trial) for trial in trials]
    figures, merged = described(arrays), np.concatenate(arrays)
    assert figures["count"] == len(merged)
    assert figures["mean"] == pytest.approx(merged.mean(), abs=1e-6)
    assert (figures["min"], figures["max"]) == (merged.min(), merged.max())
    assert figures["nonpositive"] == np.count_nonzero(merged <= 0)
    if figures["p50"] is not None:
        assert figures["p50"] == pytest.approx(np.median(merged), abs=1e-6)


def test_a_merged_median_differs_from_the_averaged_medians():
    figures = described([np.zeros(300), np.ones(100)])
    assert figures["p50"] == 0.0


def test_nothing_measured_is_nothing_said():
    figures = described([])
    assert figures["count"] == 0
    assert figures["mean"] is None
    assert described([np.zeros(0)]) == figures


def test_the_interval_is_over_trials_and_not_over_messages():
    rng = np.random.default_rng(1)
    levels = [1.0, 2.0, 3.0, 4.0]
    trials = [level + rng.normal(0, 0.01, 5000) for level in levels]
    low, high = interval(trials, "mean")
    # Over 20,000 messages taken as independent it would be 0.03 wide.
    assert low < 2.0
    assert high > 3.0
    assert low <= 2.5 <= high


def test_trials_that_agree_have_a_narrow_interval():
    trials = [np.full(100, 5.0)] * 5
    for name in ("mean", "p50", "p95"):
        assert interval(trials, name) == (5.0, 5.0)
    assert interval(trials, "p99") is None


def rooms_of_ten(trials, publishes, stalled=()):
    """Trials whose publishes go to ten subscribers each; in the first, some of them are stalled."""
    values = [np.repeat(np.linspace(1, 2, publishes), 10) for _ in range(trials)]
    sources = [np.repeat(np.arange(publishes), 10) for _ in range(trials)]
    for publish in stalled:
        values[0][sources[0] == publish] += 100
    return Samples(values, sources, range(trials))


def test_a_percentile_rests_on_publishes_and_not_on_deliveries():
    # 1,200 deliveries: twelve beyond the 99th percentile, of two publishes.
    few = rooms_of_ten(1, 120)
    assert (few.value("count"), few.count) == (1200, 120)
    assert few.value("p90") is not None
    assert few.value("p95") is None
    assert few.value("p99") is None
    assert rooms_of_ten(1, 1000).value("p99") is not None


def test_the_samples_beyond_a_percentile_are_of_ten_publishes():
    # Enough publishes; but one of them went to half of all subscribers, and is all of the tail.
    values = [np.concatenate([np.linspace(1, 2, 300), np.full(300, 9.0)])]
    sources = [np.concatenate([np.arange(300), np.full(300, 7)])]
    samples = Samples(values, sources)
    assert samples.count == 300
    assert samples.value("p95") is None
    assert samples.value("mean") is not None


def test_one_publish_of_each_trial_is_as_many_samples_as_trials():
    samples = Samples([np.ones(50)] * 30, [np.zeros(50, dtype=int)] * 30)
    assert samples.count == 30
    assert samples.value("p50") == 1.0
    assert samples.value("p90") is None


def test_an_interval_needs_trials_and_samples_and_says_which():
    rng = np.random.default_rng(1)

    def withheld(name, trials, each):
        return Samples([rng.exponential(1, each) for _ in range(trials)]).estimate(name).withheld

    assert withheld("mean", 3, 100) == withheld("p50", 3, 100) == ""
    assert withheld("mean", 2, 100) == "too few trials"
    assert withheld("p95", 4, 100) == "too few trials"
    assert withheld("p95", 5, 100) == ""
    assert withheld("mean", 3, 20) == "too few samples"
    assert withheld("p50", 3, 20) == ""
    assert withheld("p99", 5, 100) == "not measured"


@pytest.mark.parametrize(
    ("values", "unstable"),
    [
        ([], False),
        ([7.0], False),
        ([10.0, 10.5], False),
        ([10.0, 13.0], True),  # spread above 10 % of the mean
        ([10.0] * 40 + [16.0], True),  # an extreme more than 50 % away
        ([10.0] * 40 + [14.0], False),
        ([0.0, 0.0], False),
        ([1.0, -1.0], True),
    ],
)
def test_unstable(values, unstable):
    assert is_unstable(values) is unstable
