"""Whether a figure got worse by so much: it did, it did not, or these trials cannot tell.

Each trial says one number, and a change multiplies it: so what is compared are logarithms, with
Student's t. *fail*: the interval of the ratio lies above 1 and reaches to 1 + worse or beyond.
*pass*: it lies below 1 + worse. A worsening that is real and smaller than `worse` may be either,
as the interval falls; one of exactly `worse` fails, and none at all passes, but for the chance that
the interval leaves out on that side.

How many trials are needed is asked of few trials, which do not know their own spread well. Stein's
rule takes both quantiles with the degrees of freedom of that guess, so that the power holds on the
average over good guesses and bad ones; it asks for more than a spread known for certain would.

All of it works on arrays of many gates at once: what is simulated is what is used.

Sources: Stein, "A two-sample test for a linear hypothesis whose power is independent of the
variance", 1945; Welch, "The generalization of Student's problem when several different population
variances are involved", 1947.
"""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = [
    "CHANCE",
    "MISSED",
    "Apart",
    "Outcome",
    "apart",
    "fails",
    "look_chance",
    "looks",
    "needed",
    "needed_pairs",
    "outcome",
    "passes",
]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Outcome = Literal["pass", "fail", "inconclusive"]

#: The chance of a false fail, and that of a false pass, of one look: a first try and the try with
#: the number of trials that it asked for come to 1 % together.
CHANCE = 0.005
#: With the trials that were asked for, the chance that an answer is still missing is below this: so
#: an answer is right in more than 97 of 100.
MISSED = 0.025
#: No answer is worth more trials.
MOST = 100_000
#: With more degrees of freedom Student's t is as good as normal.
_AS_GOOD_AS_KNOWN = 1_000.0


@dataclass(frozen=True, slots=True)
class Apart:
    """How far NEW lies from BASE, of one gate or of many at once.

    Attributes:
        distance: the logarithm of the ratio, geometric means over trials.
        spread: the standard deviation of what one trial of each side says of it together.
        trials: of a side; of the smaller, where they differ.
        error: the standard error of `distance`.
        freedom: its degrees of freedom.
    """

    distance: Floats
    spread: Floats
    trials: int
    error: Floats
    freedom: Floats

    def interval(self, chance: float) -> tuple[Floats, Floats]:
        """Of the ratio; `chance` is left out on either side."""
        reach = _quantile(self.freedom, chance) * self.error
        return _exp(self.distance - reach), _exp(self.distance + reach)

    def wider(self, factor: float) -> "Apart":
        """The same, with a spread and an error that are so many times as large."""
        return replace(self, spread=factor * self.spread, error=factor * self.error)


def apart(base: Floats, new: Floats, *, paired: bool = False) -> Apart:
    """Compare trials; they lie along the last axis, and all values are above zero.

    Args:
        paired: the i-th of both were measured side by side, so that only what differs within a
            pair is noise.
    """
    a, b = np.log(base), np.log(new)
    if paired:
        within, pairs = b - a, a.shape[-1]
        spread = within.std(axis=-1, ddof=1)
        freedom = np.full_like(spread, pairs - 1.0)
        return Apart(within.mean(axis=-1), spread, pairs, spread / math.sqrt(pairs), freedom)
    sizes = a.shape[-1], b.shape[-1]
    shares = [x.var(axis=-1, ddof=1) / n for x, n in zip((a, b), sizes, strict=True)]
    total = shares[0] + shares[1]
    spread = np.sqrt(shares[0] * sizes[0] + shares[1] * sizes[1])
    below = sum(share**2 / (n - 1) for share, n in zip(shares, sizes, strict=True))
    pooled = sum(sizes) - 2.0
    freedom = np.divide(total**2, below, out=np.full_like(total, pooled), where=below > 0)
    return Apart(b.mean(axis=-1) - a.mean(axis=-1), spread, min(sizes), np.sqrt(total), freedom)


def fails(found: Apart, worse: float, chance: float = CHANCE) -> Bools:
    """Where NEW is worse.

    Args:
        worse: 0.2 for 20 %.
        chance: that the interval leaves out on either side.
    """
    low, high = found.interval(chance)
    return np.asarray((low > 1) & (high >= 1 + worse))


def passes(found: Apart, worse: float, chance: float = CHANCE) -> Bools:
    """Where NEW is not worse by so much; see `fails`."""
    return np.asarray(found.interval(chance)[1] < 1 + worse)


def outcome(found: Apart, worse: float, chance: float = CHANCE) -> Outcome:
    """The answer of a single gate; see `fails`."""
    if fails(found, worse, chance):
        return "fail"
    return "pass" if passes(found, worse, chance) else "inconclusive"


def needed(found: Apart, worse: float, chance: float = CHANCE) -> Floats:
    """How many trials of each side give an answer that is right in more than 97 of 100.

    That is: NEW fails if it is worse by `worse`, and passes if it is no worse at all. More than
    there are already; `MOST` where not even those would do.
    """
    asked = np.asarray(found.spread / math.log1p(worse), dtype=np.float64)
    known = np.maximum(1, np.floor(found.freedom + 1e-9)).astype(int)
    trials = np.full_like(asked, float(MOST))
    for freedom in np.unique(known):
        each = min(2.0, max(1.0, freedom / max(1, found.trials - 1)))
        sizes, reach = _table(int(freedom), each, chance)
        at = np.minimum(np.searchsorted(reach, asked), len(sizes) - 1)
        trials = np.where(known == freedom, sizes[at], trials)
    return np.maximum(trials, found.trials + 1.0)


@functools.cache
def _table(freedom: int, each: float, chance: float) -> tuple[Floats, Floats]:
    """Numbers of trials, and the spread that each can do with, as a share of what it must show.

    Args:
        freedom: of the guess; `each`: what every trial after the first brings.
    """
    sizes = np.unique(np.round(np.geomspace(3, MOST, 120)))
    reach = [_reach(freedom, each * (size - 1), chance) for size in sizes]
    return sizes, np.sqrt(sizes) / reach


@functools.cache
def _reach(freedom: int, own: float, chance: float) -> float:
    """The c for which (c s / X)^2 trials show X as often as wanted; s is a guess of the spread.

    They show it where Z > t V - c U: Z is normal, and U and V are what the guess and the trials
    themselves make of the true spread, each the root of a chi-squared over its degrees of freedom.
    """
    from scipy.special import chdtri, ndtr

    nodes, weights = _nodes()
    guess = np.sqrt(chdtri(freedom, 1 - nodes) / freedom)[:, None]
    own = min(own, _AS_GOOD_AS_KNOWN)
    held = _quantile(np.array(own), chance) * np.sqrt(chdtri(own, 1 - nodes) / own)
    low, high = 0.0, 1e4
    for _ in range(36):
        middle = (low + high) / 2
        seen = float(weights @ ndtr(middle * guess - held) @ weights)
        low, high = (middle, high) if seen < 1 - MISSED else (low, middle)
    return high


@functools.cache
def _nodes() -> tuple[Floats, Floats]:
    """Where to look at a distribution, as shares of it, and with which weights."""
    nodes, weights = np.polynomial.legendre.leggauss(32)
    return nodes / 2 + 0.5, weights / 2


def looks(most: int | None = None) -> Iterator[int]:
    """After how many pairs to look, where pairs are added until the answer is known.

    Half as many again each time; the last of them is `most`.
    """
    pairs = 4
    while most is None or pairs < most:
        yield pairs
        pairs = math.ceil(1.5 * pairs)
    yield most


def look_chance(number: int) -> float:
    """What the look of that number, from 1, may err by: all of them together by 1 % at most.

    The numbers of pairs are fixed beforehand, so each look is a test of its own, and the chances of
    all add up: 1/2 + 1/6 + 1/12 + ... = 1.
    """
    return 2 * CHANCE / (number * (number + 1))


def needed_pairs(found: Apart, worse: float, among: int) -> int | None:
    """After how many pairs the answer to one of `among` figures is to be known; see `needed`.

    None if not even `MOST` would do.
    """
    asked, freedom = float(found.spread) / math.log1p(worse), max(1, int(found.freedom))
    for number, pairs in enumerate(looks(MOST), 1):
        if pairs > found.trials:
            reach = _reach(freedom, pairs - 1.0, look_chance(number) / among)
            if pairs >= (reach * asked) ** 2:
                return pairs
    return None


def _quantile(freedom: Floats, chance: float) -> Floats:
    """What Student's t exceeds with that chance."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(freedom, 1 - chance))


def _exp(value: Floats) -> Floats:
    return np.asarray(np.exp(np.clip(value, -700.0, 700.0)))
