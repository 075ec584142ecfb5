"""Two figures against each other: their ratio and their difference, with intervals.

A ratio's interval comes from the standard errors of both sides' logarithms and Student's t: with
Welch's degrees of freedom, since the trials of one side may scatter more than the other's; or,
where repetitions share a schedule, from the pairs, with one degree less than there are pairs.

Source: Welch, "The generalization of Student's problem when several different population variances
are involved", 1947.
"""

import math
from dataclasses import dataclass, replace

from pushlab.analysis.stats.estimate import Estimate, Interval
from pushlab.analysis.stats.intervals import MIN_TRIALS, log_error, plain_error, t_reach

__all__ = ["MATTERS", "Comparison", "compare"]

#: A ratio from 1/1.1 to 1.1 matters to nobody, unless another limit is asked for.
MATTERS = 0.10
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
        reach = t_reach(self.freedom, chance) * self.error
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
    in_pairs = len(common) >= MIN_TRIALS
    if in_pairs:
        a, b = a.only(common), b.only(common)
    assert a.value is not None
    assert b.value is not None
    found = Comparison(
        _ratio(a.value, b.value),
        difference=b.value - a.value,
        trials=(a.trials, b.trials),
        paired=in_pairs,
        why=a.withheld or b.withheld,
    )
    if found.why:
        return found
    return _of_pairs(found, a, b) if found.paired else _of_sides(found, a, b)


def _of_sides(found: Comparison, a: Estimate, b: Estimate) -> Comparison:
    """Of two sides that know nothing of each other."""
    assert a.value is not None
    assert b.value is not None
    log_a, log_b = log_error(a), log_error(b)
    if found.ratio is None or log_a is None or log_b is None:
        plain = _welch(plain_error(a), plain_error(b), found.trials)
        return _apart(found, plain)
    # The difference's interval is made of those of the sides, which are wider above than below.
    _, freedom = _welch(a.value * log_a, b.value * log_b, found.trials)
    reach = t_reach(freedom)
    (low_a, up_a), (low_b, up_b) = (
        (value * (1 - _exp(-reach * error)), value * (_exp(reach * error) - 1))
        for value, error in ((a.value, log_a), (b.value, log_b))
    )
    difference = b.value - a.value
    apart = (difference - math.hypot(low_b, up_a), difference + math.hypot(up_b, low_a))
    return _beside(replace(found, apart=apart), _welch(log_a, log_b, found.trials))


def _of_pairs(found: Comparison, a: Estimate, b: Estimate) -> Comparison:
    """Of two sides that have the same repetitions in the same order."""
    freedom = a.trials - 1.0
    plain = plain_error(replace(a, of=lambda some: b.of(some) - a.of(some)))
    if found.ratio is None or None in (log_error(a), log_error(b)):
        return _apart(found, (plain, freedom))
    ratio = replace(a, of=lambda some: b.of(some) / a.of(some), mean_of=None)
    log = log_error(ratio) or 0.0
    if (mean_a := a.mean_of) is not None and (mean_b := b.mean_of) is not None:
        tail = log_error(replace(ratio, mean_of=lambda some: mean_b(some) / mean_a(some))) or 0.0
        plain, log = plain * (tail / log if log else 1.0), tail
    return _beside(_apart(found, (plain, freedom)), (log, freedom))


def _apart(found: Comparison, plain: Error) -> Comparison:
    """With the difference's interval alone, since one side has nothing above zero at times."""
    error, freedom = plain
    difference = found.difference or 0.0
    if not error and not difference:  # both are the same, always
        return _beside(replace(found, apart=(0.0, 0.0)), plain)
    reach = t_reach(freedom) * error
    return replace(
        found,
        apart=(difference - reach, difference + reach),
        distance=difference,
        error=error,
        freedom=freedom,
        why="some trials have nothing above zero",
    )


def _beside(found: Comparison, log: Error) -> Comparison:
    """With the ratio's interval."""
    assert found.ratio is not None
    error, freedom = log
    factor = _exp(t_reach(freedom) * error)
    return replace(
        found,
        interval=(found.ratio / factor, found.ratio * factor),
        distance=math.log(found.ratio),
        error=error,
        freedom=freedom,
        why="",
    )


def _welch(a: float, b: float, trials: tuple[int, int]) -> Error:
    """The standard error of a difference, and its degrees of freedom."""
    error = math.hypot(a, b)
    if not error:
        return 0.0, float(sum(trials) - 2)
    shares = [(x / error) ** 4 / (n - 1) for x, n in zip((a, b), trials, strict=True)]
    return error, 1 / sum(shares)


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
