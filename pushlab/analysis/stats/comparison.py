"""Two figures against each other: their ratio and their difference, with intervals.

A ratio's interval comes from the standard errors of both sides' logarithms and Student's t: with
Welch's degrees of freedom, since the trials of one side may scatter more than the other's; or,
where repetitions share a schedule, from the pairs, with one degree less than there are pairs.

Source: Welch, "The generalization of Student's problem when several different population variances
are involved", 1947.
"""

import math
from dataclasses import dataclass, replace

from pushlab.analysis.stats.estimate import Estimate
from pushlab.analysis.stats.intervals import MIN_TRIALS, log_error, plain_error, t_reach
from pushlab.analysis.stats.power import reach_of

__all__ = ["MATTERS", "TOO_FEW", "Comparison", "compare"]

#: A ratio from 1/1.1 to 1.1 matters to nobody, unless another limit is asked for.
MATTERS = 0.10
#: What stands where an interval would, with too few trials.
TOO_FEW = "too few trials"

Interval = tuple[float, float]
#: A standard error and its degrees of freedom.
Error = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure of two sides: `b` over `a`, and `b` less `a`.

    Attributes:
        ratio: None if a side has no figure, or one side alone has something above zero.
        interval: of the ratio, 95 %, by itself alone; None where none can be made: see `why`.
        difference: in the figure's unit.
        apart: its 95 % interval.
        distance: from equality: the ratio's logarithm, or the difference where no trial-by-trial
            logarithm can be taken.
        error: the standard error of `distance`; None where the trials are too few.
        freedom: its degrees of freedom.
        trials: how many of each side it rests on.
        paired: whether pairs of repetitions were compared.
        why: why there is no interval, in words; empty where there is one.
    """

    ratio: float | None
    interval: Interval | None = None
    difference: float | None = None
    apart: Interval | None = None
    distance: float | None = None
    error: float | None = None
    freedom: float = 0.0
    trials: tuple[int, int] = (0, 0)
    paired: bool = False
    why: str = ""

    @property
    def spread(self) -> float | None:
        """The standard deviation of what one trial of each side says, in the unit of `error`."""
        if self.error is None:
            return None
        a, b = self.trials
        return self.error * math.sqrt(2 / (1 / a + 1 / b))

    def chance(self) -> float | None:
        """The p-value against equality; None without an error."""
        if self.error is None or self.distance is None:
            return None
        return min(1.0, 2 * _tail(self.freedom, abs(self.distance), self.error))

    def chance_apart(self, matters: float = MATTERS) -> float | None:
        """The p-value against "differs by `matters` or more", of two one-sided tests.

        None without an interval of the ratio.
        """
        if self.interval is None or self.distance is None or self.error is None:
            return None
        return _tail(self.freedom, math.log1p(matters) - abs(self.distance), self.error)

    def at(self, chance: float) -> Interval | None:
        """The ratio's interval that leaves `chance` out, half of it on either side."""
        if self.interval is None or self.ratio is None or self.error is None:
            return None
        reach = reach_of(self.freedom, chance / 2) * self.error
        return self.ratio * _exp(-reach), self.ratio * _exp(reach)


def compare(a: Estimate, b: Estimate, *, paired: bool = False) -> Comparison:
    """The ratio of `b` to `a`, and their difference, with intervals.

    Args:
        paired: whether equal repetitions of both share a schedule; then those that both have are
            compared in pairs, where there are enough.
    """
    if a.value is None or b.value is None:
        return Comparison(None, why="not measured")
    common = sorted(set(a.repetitions) & set(b.repetitions)) if paired else []
    if len(common) >= MIN_TRIALS:
        return _of_pairs(a.only(common), b.only(common))
    trials = (a.trials, b.trials)
    if min(trials) < MIN_TRIALS:
        ratio = _ratio(a.value, b.value)
        return Comparison(ratio, None, b.value - a.value, trials=trials, why=TOO_FEW)
    errors = (log_error(a.trials, a.of), log_error(b.trials, b.of))
    log = None if None in errors else _welch(errors[0] or 0.0, errors[1] or 0.0, *trials)
    plain = _welch(plain_error(a.trials, a.of), plain_error(b.trials, b.of), *trials)
    return _made(a.value, b.value, log, plain, Comparison(None, trials=trials))


def _of_pairs(a: Estimate, b: Estimate) -> Comparison:
    """Of two sides that have the same repetitions in the same order."""
    assert a.value is not None
    assert b.value is not None
    pairs, log = a.trials, None
    if None not in (log_error(pairs, a.of), log_error(pairs, b.of)):
        found = log_error(pairs, lambda drawn: b.of(drawn) / a.of(drawn))
        log = None if found is None else (found, pairs - 1.0)
    plain = plain_error(pairs, lambda drawn: b.of(drawn) - a.of(drawn)), pairs - 1.0
    return _made(a.value, b.value, log, plain, Comparison(None, trials=(pairs, pairs), paired=True))


def _made(a: float, b: float, log: Error | None, plain: Error, empty: Comparison) -> Comparison:
    """The comparison of two figures, given both errors with their degrees of freedom."""
    ratio, difference = _ratio(a, b), b - a
    reach = t_reach(plain[1]) * plain[0]
    apart = (difference - reach, difference + reach)
    if ratio is not None and log is None and not plain[0]:
        log = plain  # both are zero, always
    if ratio is None or log is None:
        error, freedom = plain
        why = "one side has trials with nothing above zero"
        return replace(
            empty,
            ratio=ratio,
            difference=difference,
            apart=apart,
            distance=difference,
            error=error,
            freedom=freedom,
            why=why,
        )
    error, freedom = log
    factor = _exp(t_reach(freedom) * error)
    return replace(
        empty,
        ratio=ratio,
        interval=(ratio / factor, ratio * factor),
        difference=difference,
        apart=apart,
        distance=math.log(ratio),
        error=error,
        freedom=freedom,
    )


def _welch(a: float, b: float, trials_a: int, trials_b: int) -> Error:
    """The standard error of a difference, and its degrees of freedom."""
    error = math.hypot(a, b)
    if not error:
        return 0.0, float(trials_a + trials_b - 2)
    return error, 1 / ((a / error) ** 4 / (trials_a - 1) + (b / error) ** 4 / (trials_b - 1))


def _ratio(a: float, b: float) -> float | None:
    if a == b:
        return 1.0
    return b / a if min(a, b) > 0 else None


def _exp(value: float) -> float:
    return math.exp(max(-700.0, min(value, 700.0)))


def _tail(freedom: float, distance: float, error: float) -> float:
    """The chance to lie `distance` or more to one side; 0 or 1 where nothing scatters."""
    from scipy.special import stdtr

    if not error:
        return 0.0 if distance > 0 else 1.0
    return float(stdtr(freedom, -distance / error))
