"""The search for the load that holds an objective half of the time: its capacity.

A trial near the capacity holds by chance. So the capacity is estimated, not bracketed: a trial at
load *x* holds with the chance of a logistic curve over log *x*, which is one half at the capacity.
Every trial moves the distribution of what the capacity may be (Watson and Pelli, "QUEST: a Bayesian
adaptive psychometric method", 1983); the next trial is made at its middle, where it tells most, and
the search ends when the middle 95 % of it are narrow enough.

It is a function of what was tried so far, with no clock and no memory: so the same code decides in
a measurement and in a simulation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Attempt", "Capacity", "Limits", "Outcome", "capacity_of", "next_load"]

Floats = npt.NDArray[np.float64]

#: ``limit``: the load cannot be had at all, and trying again is of no use.
Outcome = Literal["held", "broke", "failed", "limit"]

#: How far, in logarithms, the capacity of one trial scatters, and how likely that is beforehand:
#: 5 % most of all, a third or three times of it with six tenths of that chance.
_SPREADS = np.geomspace(0.005, 0.5, 9)
_LIKELY = np.exp(-(np.log(_SPREADS / 0.05) ** 2) / (2 * 1.5**2))
_MISHAP = 0.03  # the chance that a trial goes the other way whatever the load
_STEP = 0.004  # of the grid, in logarithms
_BEYOND = math.log(3.0)  # of the grid, beyond the loads that were tried
_GROWTH, _FALL = 2.0, 4.0
_ASIDE = 0.8  # times the scatter, from the capacity, is the next trial
#: Of the distribution. Where one trial's capacity scatters by 25 %, the middle 95 % of it hold the
#: truth 8 times in 10 only (by simulation), since a dozen trials tell little of the scatter.
_QUANTILES = (0.005, 0.5, 0.995)
_FEWEST = 6  # trials, before an interval counts: as many as a mishap among them takes to be seen


@dataclass(frozen=True, slots=True)
class Attempt:
    """One trial at one load: so many clients, or messages per second and channel."""

    at: float
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where and how finely to search.

    Attributes:
        start: the first load.
        most: the largest load that is tried.
        least: the smallest load that is tried.
        precision: the search ends when the interval reaches no further than this share to either
            side of the capacity.
        trials: the most trials in all.
        whole: whether loads are whole numbers.
    """

    start: float
    most: float
    least: float = 1.0
    precision: float = 0.1
    trials: int = 40
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Capacity:
    """What is known of the capacity.

    Attributes:
        about: its estimate; None: every load held, or none, so nothing is between them.
        interval: 95 %; infinity above where nothing broke, 0 below where nothing held.
        narrow: whether it is as narrow as was asked for.
    """

    about: float | None
    interval: tuple[float, float]
    narrow: bool = False


def capacity_of(attempts: Sequence[Attempt], limits: Limits) -> Capacity:
    """What the attempts say so far."""
    held = [a.at for a in attempts if a.outcome == "held"]
    broke = [a.at for a in attempts if a.outcome != "held"]
    if not held or not broke:
        return Capacity(None, (max(held, default=0.0), min(broke, default=math.inf)))
    return _between(attempts, limits)[0]


def _between(attempts: Sequence[Attempt], limits: Limits) -> tuple[Capacity, float]:
    """The capacity, which is between loads that held and broke, and how far a trial scatters."""
    loads, chances, spread = _distribution(attempts)
    low, about, high = np.interp(_QUANTILES, np.cumsum(chances), loads).tolist()
    reach = 1 + limits.precision
    narrow = high <= about * reach and about <= low * reach
    narrow = narrow or (limits.whole and high - low < 1)
    return Capacity(about, (low, high), narrow), spread


def _distribution(attempts: Sequence[Attempt]) -> tuple[Floats, Floats, float]:
    """Loads, the chance that each is the capacity, and how far that of one trial scatters."""
    low, high = (math.log(end(a.at for a in attempts)) for end in (min, max))
    grid = np.arange(low - _BEYOND, high + _BEYOND, _STEP)
    told = np.zeros((len(_SPREADS), len(grid))) + np.log(_LIKELY)[:, None]
    for attempt in attempts:
        above = (grid - math.log(attempt.at)) / _SPREADS[:, None] * 1.702  # near a normal curve
        holds = 0.5 + 0.5 * np.tanh(above / 2)
        if attempt.outcome == "limit":  # no chance is in it
            chance = np.where(above < 0, 1.0, 1e-12)
        else:
            right = holds if attempt.outcome == "held" else 1 - holds
            chance = _MISHAP + (1 - 2 * _MISHAP) * right
        told += np.log(chance)
    weights = np.exp(told - told.max())
    weights /= weights.sum()
    spread = math.exp(float(weights.sum(axis=1) @ np.log(_SPREADS)))
    return np.exp(grid), weights.sum(axis=0), spread


def next_load(attempts: Sequence[Attempt], limits: Limits) -> float | None:
    """The load to try now; None when the search has ended."""
    if not attempts:
        return _rounded(min(limits.start, limits.most), limits)
    if len(attempts) >= limits.trials:
        return None
    held = max((a.at for a in attempts if a.outcome == "held"), default=None)
    broke = min((a.at for a in attempts if a.outcome != "held"), default=None)
    if broke is None:
        assert held is not None
        return None if held >= limits.most else min(held * _GROWTH, limits.most)
    if held is None:
        if broke <= limits.least:  # twice, so that one mishap breaks nothing
            return limits.least if sum(a.at == broke for a in attempts) < 2 else None
        return _rounded(max(broke / _FALL, limits.least), limits)
    found, spread = _between(attempts, limits)
    assert found.about is not None
    if found.narrow and len(attempts) >= _FEWEST:
        return None
    # By turns below and above it: at the capacity itself nothing is learnt of the scatter.
    side = math.exp(spread * _ASIDE)
    at = found.about * side if attempts[-1].at < found.about else found.about / side
    at = _rounded(min(max(at, limits.least), limits.most), limits)
    ceiling = min((a.at for a in attempts if a.outcome == "limit"), default=math.inf)
    if at >= ceiling:  # between it and the most that held, as long as there is room
        at = _rounded(math.sqrt(held * ceiling), limits)
    return at if at < ceiling else None


def _rounded(load: float, limits: Limits) -> float:
    """A number of three digits, and a whole one where loads are."""
    place = 2 - math.floor(math.log10(load))
    value = round(load, place if not limits.whole else min(place, 0))
    return float(min(max(value, limits.least), limits.most))
