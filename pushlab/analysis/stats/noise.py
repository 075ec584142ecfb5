"""Whether two runs differ by more than their trials differ among themselves.

A figure's ratio B/A gets a 95 % interval from drawing whole trials of both runs. The plain
percentile bootstrap is far too narrow for a handful of trials: with two on each side it would see a
change in every third pair of equal runs. So the draws give the standard error of the ratio's
logarithm, and Student's t, with Welch's degrees of freedom, gives the interval's width: the trials
of one run may scatter more than those of the other.

A ratio is a change when it differs from one by more than a threshold beyond that error. Many
figures are compared at once; Benjamini and Hochberg's step-up rule over all of them keeps the
chance that two equal runs show any change at 5 %. What passes alone and not among the many is told
as *perhaps*.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pushlab.analysis.stats.estimate import Estimate
from pushlab.analysis.stats.intervals import log_error, t_reach

__all__ = ["LEVEL", "THRESHOLD", "Comparison", "Judgement", "compare", "judge_all"]

#: A ratio within 1/1.05 and 1.05 is no change: fresh processes on one idle machine differ by this
#: much in CPU time and latency, and no decision between transports hangs on it.
THRESHOLD = 0.05
#: The chance of seeing any change between two runs that do not differ.
LEVEL = 0.05

Judgement = Literal["changed", "perhaps", "same", "unknown"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A ratio B/A, with its interval and the chance of so large a difference without a change.

    Attributes:
        ratio: None if a side has no figure, or A's is not above zero.
        interval: 95 %; None if a side has fewer than two trials.
        chance: the p-value against "no more than the threshold"; None without an interval.
    """

    ratio: float | None
    interval: tuple[float, float] | None = None
    chance: float | None = None


def compare(a: Estimate, b: Estimate, *, threshold: float = THRESHOLD) -> Comparison:
    """The ratio of `b` to `a`."""
    if a.value is None or b.value is None:
        return Comparison(None)
    if a.value == b.value:
        ratio, distance = 1.0, 0.0
    elif min(a.value, b.value) <= 0:
        return _from_zero(a, b)
    else:
        ratio = b.value / a.value
        distance = math.log(ratio)
    errors = [log_error(side) if side.trials > 1 else None for side in (a, b)]
    if errors[0] is None or errors[1] is None:
        return Comparison(ratio, None, 1.0 if not distance else None)
    error, freedom = _welch(errors[0], a.trials, errors[1], b.trials)
    reach = t_reach(freedom) * error
    interval = (_exp(distance - reach), _exp(distance + reach))
    excess = abs(distance) - math.log1p(threshold)
    if excess <= 0:
        return Comparison(ratio, interval, 1.0)
    from scipy.special import stdtr

    return Comparison(
        ratio, interval, 2 * float(stdtr(freedom, -excess / error if error else -math.inf))
    )


def _welch(a: float, trials_a: int, b: float, trials_b: int) -> tuple[float, float]:
    """The standard error of a difference, and its degrees of freedom.

    Source: Welch, "The generalization of Student's problem when several different population
    variances are involved", 1947.
    """
    error = math.hypot(a, b)
    if not error:
        return 0.0, trials_a + trials_b - 2
    shares = (a / error) ** 4 / (trials_a - 1) + (b / error) ** 4 / (trials_b - 1)
    return error, 1 / shares


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))


def _from_zero(a: Estimate, b: Estimate) -> Comparison:
    """Something against nothing has no ratio; it is a change if every trial has something."""
    some = a if (a.value or 0) > 0 else b
    if min(a.trials, b.trials) < 2:
        return Comparison(None)
    always = all(some.of((i,) * some.trials) > 0 for i in range(some.trials))
    return Comparison(None, None, 0.0 if always else LEVEL)


def judge_all(chances: Sequence[float | None]) -> list[Judgement]:
    """What to say of each comparison, given the chances of all.

    Source: Benjamini and Hochberg, "Controlling the false discovery rate", 1995.
    """
    from scipy.stats import false_discovery_control

    known = [chance for chance in chances if chance is not None]
    among_all = iter(false_discovery_control(known, method="bh") if known else ())

    def one(chance: float | None) -> Judgement:
        if chance is None:
            return "unknown"
        changed = next(among_all) <= LEVEL
        return "changed" if changed else "perhaps" if chance <= LEVEL else "same"

    return [one(chance) for chance in chances]
