"""Exact ranks of more than fits into memory: the same as of an array, to the last digit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushlab.analysis.stats import ordered as ordered_module
from pushlab.analysis.stats import spool as spool_module
from pushlab.analysis.stats.ordered import Ordered, quantiles, ranked
from pushlab.analysis.stats.percentiles import PERCENTILES, Sample, Samples
from pushlab.analysis.stats.values import Values

SHARES = [0.0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0]


@pytest.fixture(scope="module", autouse=True)
def small():
    """Runs of a few values each, all of them in a file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool_module, "MEMORY_BYTES", 0)
        for name, value in (("RUN", 37), ("_STEP", 4), ("_AT_ONCE", 16)):
            patch.setattr(ordered_module, name, value)
        yield


def of(values, size=10):
    values = np.asarray(values, np.float64)
    pieces = [values[i : i + size] for i in range(0, len(values), size)]
    return Ordered.of(Values(lambda: iter(pieces), len(values)))


numbers = st.lists(
    st.one_of(st.floats(-10, 10), st.sampled_from([0.0, 1.0, 1.0 / 3, -2.5])), max_size=200
)


@settings(max_examples=25)
@given(numbers, st.integers(1, 90))
def test_all_of_them_in_order_their_ranks_and_quantiles(values, size):
    whole, some = np.sort(np.array(values, np.float64)), of(values, size)
    assert len(some) == len(whole)
    assert some.values().whole().tolist() == whole.tolist()
    for limit in (*values[:5], 0.0, -11.0, 11.0):
        assert some.below(limit) == np.searchsorted(whole, limit)
        assert some.below(limit, right=True) == np.searchsorted(whole, limit, "right")
    if not len(whole):
        return
    ranks = [0, len(whole) // 3, len(whole) - 1]
    assert some.at(ranks).tolist() == whole[ranks].tolist()
    assert quantiles(some, SHARES).tolist() == np.quantile(whole, SHARES).tolist()
    rest = int(np.searchsorted(whole, 0.0, "right"))
    if rest < len(whole):
        above = np.quantile(np.log10(whole[rest:]), SHARES)
        found = quantiles(some, SHARES, least=rest, change=np.log10)
        assert found.tolist() == above.tolist()


def test_many_that_are_equal_are_few_in_memory():
    some = of([3.0] * 500 + [1.0, 2.0, 4.0])
    assert max(len(piece) for piece in some.values().pieces()) <= 16 + 2 * 4 * 14
    assert some.values().whole().tolist() == [1.0, 2.0, *[3.0] * 500, 4.0]


@settings(max_examples=25)
@given(st.lists(numbers.filter(bool), min_size=1, max_size=4), st.data())
def test_ranks_among_parts_that_count_several_times(parts, data):
    weights = [data.draw(st.integers(0, 3)) for _ in parts]
    if not any(weights):
        return
    merged = np.sort(np.concatenate([np.repeat(p, w) for p, w in zip(parts, weights, strict=True)]))
    ranks = [0, len(merged) // 2, len(merged) - 1]
    assert ranked([of(p) for p in parts], weights, ranks).tolist() == merged[ranks].tolist()


@pytest.mark.parametrize("sources", [False, True])
def test_statistics_of_trials_in_files_are_those_of_arrays(sources, monkeypatch):
    monkeypatch.setattr(ordered_module, "RUN", 250)
    rng = np.random.default_rng(5)
    trials = [rng.exponential(1e-3, 600 + i) - 1e-5 for i in range(6)]
    of_each = [np.arange(len(trial)) // 2 for trial in trials] if sources else ()
    filed = [Sample.of(t, of_each[i] if sources else None) for i, t in enumerate(trials)]
    assert all(sample.ordered.array() is None for sample in filed)
    there = Samples(filed, repetitions=range(6))
    with monkeypatch.context() as patch:
        patch.setattr(spool_module, "MEMORY_BYTES", 1 << 40)
        patch.setattr(ordered_module, "RUN", 1 << 22)
        here = Samples(trials, of_each, range(6))
        for name in (*PERCENTILES, "mean", "min", "max", "count", "samples", "nonpositive"):
            assert there.value(name) == here.value(name)
        for name in (*PERCENTILES, "mean"):
            assert there.estimate(name).interval() == here.estimate(name).interval()
