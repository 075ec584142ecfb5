"""Sums of what comes in pieces, to the last digit those of numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushlab.analysis.stats import values as values_module
from pushlab.analysis.stats.values import Values, sum_of


@settings(max_examples=30)
@given(st.integers(0, 5000), st.integers(1, 700), st.integers(0, 2**32))
def test_a_sum_in_pieces_is_the_sum_of_the_array(count, size, seed):
    whole = np.random.default_rng(seed).exponential(1e-3, count) ** 3
    values = Values(lambda: (whole[i : i + size] for i in range(0, count, size)), count)
    before, values_module._WHOLE = values_module._WHOLE, 256
    try:
        assert values.sum() == float(whole.sum())
        assert count == 0 or values.mean() == float(whole.mean())
        squares = values.mapped(np.square)
        assert squares.sum() == float((whole**2).sum())
    finally:
        values_module._WHOLE = before


def test_a_long_one_too():
    whole = np.random.default_rng(4).normal(0, 1e9, 3_000_001)
    pieces = (whole[i : i + 1_000_000] for i in range(0, len(whole), 1_000_000))
    assert sum_of(pieces, len(whole)) == float(whole.sum())


def test_values_are_read_anew_each_time_and_chained():
    read = []

    def pieces():
        read.append(1)
        yield from (np.array([1.0, 2.0]), np.array([3.0]))

    some = Values(pieces, 3)
    both = Values.chained([some, Values.of(np.array([4.0])), some])
    assert len(both) == 7
    assert both.whole().tolist() == [1, 2, 3, 4, 1, 2, 3]
    assert both.mean() == pytest.approx(16 / 7)
    assert len(read) == 4
    assert Values.chained([]).whole().tolist() == []
    assert np.isnan(Values.chained([]).mean())
