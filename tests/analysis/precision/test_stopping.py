"""Intervals of runs that end when they are narrow still hold the truth 93 times in 100."""

import math

import numpy as np
import pytest

from pushlab.analysis.stats.estimate import Estimate
from pushlab.analysis.stats.intervals import (
    LOOKED_AGAIN,
    MIN_TRIALS,
    WIDER,
    standard_error,
    t_reach,
)

AIM = 0.93


def held(
    spread: float,
    within: float,
    most: int,
    *,
    runs: int,
    wider: float = WIDER,
    slack: float = LOOKED_AGAIN,
) -> float:
    """The share of runs whose last interval holds the truth.

    Each run has trials whose logarithms scatter by `spread`; it ends when the interval of their
    mean reaches no further than `within`, looked at from the third trial on, or with `most`.
    """
    values = np.exp(np.random.default_rng(7).normal(-(spread**2) / 2, spread, (runs, most)))
    going, good = np.ones(runs, bool), 0
    for trials in range(MIN_TRIALS, most + 1):
        some = values[going, :trials]
        total = some.sum(axis=1)
        whole, without = np.log(total / trials), np.log((total[:, None] - some) / (trials - 1))
        reach = wider * t_reach(trials - 1) * standard_error(whole, without, np.log(some))
        reach = reach * (slack if trials > MIN_TRIALS else 1.0)
        ends = (np.expm1(reach) <= within) | (trials == most)
        good += int((np.abs(whole) <= reach)[ends].sum())
        going[np.flatnonzero(going)[ends]] = False
    return good / runs


@pytest.mark.parametrize(
    ("spread", "within", "most"), [(0.03, 0.1, 5), (0.1, 0.1, 12), (0.2, 0.2, 12), (0.1, 0.05, 30)]
)
def test_the_rule_of_stopping_leaves_93_of_100(spread, within, most) -> None:
    runs = 3_000
    assert held(spread, within, most, runs=runs) >= AIM - 3 * math.sqrt(AIM * (1 - AIM) / runs)


def test_without_both_factors_they_would_hold_it_too_rarely() -> None:
    assert held(0.1, 0.05, 30, runs=3_000, wider=1.0, slack=1.0) < 0.92


@pytest.mark.soak
@pytest.mark.parametrize("spread", [0.01, 0.03, 0.05, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("within", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("most", [4, 5, 10, 30])
def test_the_rule_of_stopping_leaves_93_of_100_everywhere(spread, within, most) -> None:
    runs = 20_000
    assert held(spread, within, most, runs=runs) >= AIM - 3 * math.sqrt(AIM * (1 - AIM) / runs)


def test_the_slack_widens_what_is_printed_as_it_does_here() -> None:
    def mean(some):
        return sum((1.0, 1.2, 0.9, 1.1)[i] for i in some) / len(some)

    plain = Estimate(1.05, 4, mean)
    wide = Estimate(1.05, 4, mean, slack=LOOKED_AGAIN)
    narrow, wider = (math.log(one.interval()[1] / 1.05) for one in (plain, wide))
    assert wider == pytest.approx(LOOKED_AGAIN * narrow)
