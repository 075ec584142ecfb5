"""95 % intervals over trials; by simulation they hold the truth 93 times in 100 or more.

Messages within one trial are not independent, so an interval is made over trials: Student's t, with
the degrees of freedom of the trials, times the standard error of the figure's logarithm. That error
is the larger of two: of the figure with each trial left out in turn (the jackknife), and of what
each trial says alone. The first is too small where a trial has few samples, the second where trials
differ in weight. Both are too small where trials are few or skewed: so it is made larger, by one
factor for all figures, `WIDER`.

The truth that an interval is to hold is what ever more trials of the same kind would give: of a
mean, the mean of all their samples; of a percentile, that of all their samples together. A
percentile in the tail of so many trials lies beyond what a few of them show. So its error has in it
the jackknife's estimate of its bias, and the trials' own spread; and it needs five trials, since of
three no method that was tried held the truth 93 times in 100. How often each interval holds the
truth is shown by ``python -m benchmarks.coverage``, and in docs/method.md.

Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 10 and 11.
"""

import functools
import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pushlab.analysis.stats.power import reach_of

__all__ = [
    "LOOKED_AGAIN",
    "MIN_SAMPLES",
    "MIN_TRIALS",
    "MIN_TRIALS_TAIL",
    "WIDER",
    "log_error",
    "plain_error",
    "standard_error",
    "t_reach",
    "trial_interval",
    "why_withheld",
]

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]
Part = Callable[[tuple[int, ...]], float]


class Figure(Protocol):
    """A figure of some trials; see `pushlab.analysis.stats.estimate.Estimate`."""

    @property
    def value(self) -> float | None: ...
    @property
    def trials(self) -> int: ...
    @property
    def of(self) -> Part: ...
    @property
    def mean_of(self) -> Part | None: ...
    @property
    def samples(self) -> int | None: ...
    @property
    def slack(self) -> float: ...


#: Two trials can agree by chance, or differ by anything: an interval needs one more.
MIN_TRIALS = 3
#: A percentile above the median needs more: what is rare differs more between trials.
MIN_TRIALS_TAIL = 5
#: An interval that was looked at more than once, to end the run when it is narrow, is narrow by
#: chance too often: its standard error is made larger by this factor too. See docs/method.md.
LOOKED_AGAIN = 1.125
#: By which every standard error is made larger. Of few trials, or of what a handful of stalls
#: moves, it is estimated too small: as it is, intervals hold the truth in 91.9 % at worst.
WIDER = 1.125
#: What happens to one publish in fifty must have been seen, before a mean has an interval.
MIN_SAMPLES = 200


def why_withheld(one: Figure) -> str:
    """Why a figure has no interval, in words; empty where it has one."""
    if one.value is None or not one.trials:
        return "not measured"
    if one.trials < (MIN_TRIALS if one.mean_of is None else MIN_TRIALS_TAIL):
        return "too few trials"
    if one.samples is not None and one.samples < MIN_SAMPLES:
        return "too few samples"
    return ""


def trial_interval(one: Figure) -> Interval:
    """The 95 % interval of a figure that has one."""
    assert one.value is not None
    reach, error = t_reach(one.trials - 1), log_error(one)
    if error is not None and one.value > 0:
        factor = math.exp(min(reach * error, 700.0))
        return one.value / factor, one.value * factor
    width = reach * plain_error(one)  # a figure that may be zero or less
    return one.value - width, one.value + width


@functools.cache
def t_reach(freedom: float, chance: float = 0.05) -> float:
    """How many standard errors an interval reaches to either side, by Student's t.

    Args:
        chance: what it leaves out, on both sides together.
    """
    return reach_of(freedom, chance / 2)


def log_error(one: Figure) -> float | None:
    """The standard error of the logarithm of a figure; None if a part of it is not above zero."""
    whole, without, alone = _parts(one.trials, one.of)
    if min(without.min(), alone.min(), float(whole)) <= 0:
        return None
    means = None
    if one.mean_of is not None:
        means = _parts(one.trials, one.mean_of)[2]
        means = np.log(means) if means.min() > 0 else None
    error = standard_error(np.log(whole), np.log(without), np.log(alone), means)
    return WIDER * one.slack * float(error)


def plain_error(one: Figure) -> float:
    """The standard error of a figure, in its own unit."""
    whole, without, alone = _parts(one.trials, one.of)
    return WIDER * one.slack * float(standard_error(whole, without, alone))


def standard_error(
    whole: Floats, without: Floats, alone: Floats, means: Floats | None = None
) -> Floats:
    """The standard error of a figure; whole arrays of them at once.

    Args:
        whole: the figure of all trials.
        without: of all trials but one, for each along the last axis.
        alone: of each trial alone.
        means: for a percentile in the tail, the logarithm of each trial's mean.
    """
    trials = without.shape[-1]
    jackknife = (trials - 1) * without.var(axis=-1)
    square = np.maximum(jackknife, alone.var(axis=-1, ddof=1) / trials)
    if means is not None:
        bias = (trials - 1) * (whole - without.mean(axis=-1))
        square = square + bias**2 + means.var(axis=-1, ddof=1) ** 2
    return np.asarray(np.sqrt(square))


def _parts(trials: int, figure: Part) -> tuple[Floats, Floats, Floats]:
    """The figure of all trials; of all but each; of each alone."""
    every = tuple(range(trials))
    without = [figure(every[:i] + every[i + 1 :]) for i in every]
    alone = [figure((i,)) for i in every]
    return np.asarray(figure(every)), np.array(without), np.array(alone)
