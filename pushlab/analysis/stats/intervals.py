"""95 % intervals over trials, honest for a handful of them.

Messages within one trial are not independent, so whole trials are drawn with replacement. The
quantiles of such draws are far too narrow for a few trials: of two, they held the true mean 52
times in 100. So the draws give the standard error of a figure's logarithm, mended for the number of
trials, and Student's t, with the degrees of freedom of the trials, gives the interval's width.
"""

import functools
import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["MIN_TRIALS", "log_error", "plain_error", "t_reach", "trial_interval"]

Floats = npt.NDArray[np.float64]

#: Two trials can agree by chance, or differ by anything: an interval needs one more.
MIN_TRIALS = 3
_MOST_ENUMERATED = 5
_DRAWS = 300


def trial_interval(
    trials: int, figure: Callable[[tuple[int, ...]], float]
) -> tuple[float, float] | None:
    """The 95 % interval of a figure, as ``(low, high)``.

    Args:
        trials: how many there are.
        figure: the figure of a draw of trials, given by their indices, some of them repeated.

    Returns:
        None with fewer than `MIN_TRIALS` trials.
    """
    if trials < MIN_TRIALS:
        return None
    value = figure(tuple(range(trials)))
    if np.ptp(_values(trials, figure)) == 0:
        return value, value
    reach = t_reach(trials - 1)
    error = log_error(trials, figure)
    if error is not None and value > 0:
        factor = math.exp(min(reach * error, 700.0))
        return value / factor, value * factor
    width = reach * _error(trials, _values(trials, figure))  # a figure that may be zero or less
    return value - width, value + width


@functools.cache
def t_reach(freedom: float) -> float:
    """How many standard errors a 95 % interval reaches to either side, by Student's t."""
    from scipy.special import stdtrit  # here: a summary that is stored is shown without SciPy

    return float(stdtrit(freedom, 0.975))


def log_error(trials: int, figure: Callable[[tuple[int, ...]], float]) -> float | None:
    """The standard error of the logarithm of a figure; None if a draw of it is not above zero.

    Also None for a single trial, which knows no spread.
    """
    if trials < 2:
        return None
    values = _values(trials, figure)
    return None if values.min() <= 0 else _error(trials, np.log(values))


def plain_error(trials: int, figure: Callable[[tuple[int, ...]], float]) -> float:
    """The standard error of a figure, in its own unit; two trials are the fewest."""
    return _error(trials, _values(trials, figure))


def _values(trials: int, figure: Callable[[tuple[int, ...]], float]) -> Floats:
    return np.array([figure(chosen) for chosen in _draws(trials)[0]])


def _error(trials: int, values: Floats) -> float:
    """The standard error from draws, which scatter by (n - 1)/n of what n fresh trials would."""
    weights = _draws(trials)[1]
    variance = float(weights @ (values - weights @ values) ** 2)
    return math.sqrt(variance * trials / (trials - 1))


@functools.cache
def _draws(trials: int) -> tuple[Sequence[tuple[int, ...]], Floats]:
    """Draws of trials with replacement, each once, and their chances: all of them up to five."""
    if trials > _MOST_ENUMERATED:
        rng = np.random.default_rng(0)
        drawn = np.sort(rng.integers(0, trials, size=(_DRAWS, trials)), axis=1)
        seen = Counter(tuple(int(i) for i in row) for row in drawn)
        return list(seen), np.array(list(seen.values())) / _DRAWS
    every = list(itertools.combinations_with_replacement(range(trials), trials))
    ways = [
        math.factorial(trials) // math.prod(map(math.factorial, Counter(draw).values()))
        for draw in every
    ]
    return every, np.array(ways) / trials**trials
