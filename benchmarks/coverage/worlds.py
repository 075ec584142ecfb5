"""Worlds of which the truth is known: how latencies scatter, within a trial and between trials."""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["SHAPES", "STATISTICS", "CpuWorld", "LatencyWorld", "World", "pooled"]

Floats = npt.NDArray[np.float64]

#: The statistics of latencies that have an interval, in thousandths; the mean is none.
STATISTICS: Mapping[str, int | None] = {"mean": None, "p50": 500, "p95": 950, "p99": 990}
SHAPES = ("lognormal", "exponential", "stalls")
_MANY = 2_000_000


class World(Protocol):
    """What trials are drawn from; `spread` is that between trials."""

    @property
    def spread(self) -> float: ...

    @property
    def truth(self) -> float:
        """What ever more trials would give."""

    def trials(self, rng: np.random.Generator, levels: Floats) -> "Parts":
        """Runs of trials; `levels` has a factor for each run and trial, shared or not."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """A figure of many runs: of all trials, of all but each, of each alone; and means likewise.

    Attributes:
        value, whole: one for each run; `value` is what is printed.
        without, alone: for each run and trial.
        means: each trial's mean, for a percentile in the tail.
        samples: how many independent samples a run has; None for a median.
    """

    value: Floats
    whole: Floats
    without: Floats
    alone: Floats
    means: Floats | None = None
    samples: int | None = None


def _published(shape: str, rng: np.random.Generator, size: tuple[int, ...]) -> Floats:
    """What each publish takes: sigma 1; exponential; or one in fifty takes twenty times as long."""
    if shape == "lognormal":
        return np.exp(rng.normal(0, 1, size))
    if shape == "exponential":
        return rng.exponential(1, size)
    assert shape == "stalls"
    steady = np.exp(rng.normal(0, 0.2, size))
    return np.where(rng.random(size) < 0.02, 20.0, 1.0) * steady


@dataclass(frozen=True)
class LatencyWorld:
    """Latencies of publishes that are delivered ten times each, all but alike.

    Attributes:
        statistic: one of `STATISTICS`.
        spread: between trials: sigma of the logarithm of a factor.
        publishes: of all trials of a run together.
    """

    shape: str
    statistic: str
    spread: float
    publishes: int
    deliveries: int = 10

    @functools.cached_property
    def truth(self) -> float:
        rng = np.random.default_rng(99)
        values = _published(self.shape, rng, (_MANY,)) * np.exp(rng.normal(0, self.spread, _MANY))
        values *= np.exp(rng.normal(0, 0.1, _MANY))
        per_mille = STATISTICS[self.statistic]
        return float(values.mean() if per_mille is None else np.quantile(values, per_mille / 1000))

    def trials(self, rng: np.random.Generator, levels: Floats) -> Parts:
        runs, trials = levels.shape
        each = -(-self.publishes // trials)
        size = max(1, 2_000_000 // (trials * each * self.deliveries))
        found = [self._some(rng, levels[at : at + size], each) for at in range(0, runs, size)]
        columns = zip(
            *((p.value, p.whole, p.without, p.alone, p.means) for p in found), strict=True
        )
        value, whole, without, alone, means = (np.concatenate(column) for column in columns)
        per_mille = STATISTICS[self.statistic]
        tail, median = (per_mille or 0) > 500, per_mille == 500
        samples = None if median else each * trials
        return Parts(value, whole, without, alone, means if tail else None, samples)

    def _some(self, rng: np.random.Generator, levels: Floats, each: int) -> Parts:
        published = _published(self.shape, rng, (*levels.shape, each)) * levels[..., None]
        size = (*published.shape, self.deliveries)
        values = published[..., None] * np.exp(rng.normal(0, 0.1, size))
        return pooled(values.reshape(*levels.shape, -1), STATISTICS[self.statistic])


def pooled(values: Floats, per_mille: int | None) -> Parts:
    """A statistic of runs by trials by deliveries, as `Samples` has it of a single run."""
    runs, trials, each = values.shape
    means = values.mean(axis=2)
    if per_mille is None:
        total = means.sum(axis=1)
        without = (total[:, None] - means) / (trials - 1)
        return Parts(total / trials, total / trials, without, means, means)

    # Only so many of the largest can be the percentile of any of them: the others are let go.
    count = trials * each
    most = count * (1000 - per_mille) // 1000 + 2
    if most < each:
        values = np.partition(values, each - most, axis=2)[..., each - most :]

    def ranked(some: Floats, of: int) -> Floats:
        at = some.shape[-1] - of + -(-of * per_mille // 1000) - 1
        return np.asarray(np.partition(some, at, axis=-1)[..., at])

    flat = values.reshape(runs, -1)
    but_one = [np.delete(values, i, axis=1).reshape(runs, -1) for i in range(trials)]
    without = np.stack([ranked(some, count - each) for some in but_one], axis=1)
    rest, below = math.modf((count - 1) * per_mille / 1000)
    at = flat.shape[1] - count + int(below)
    low, high = np.partition(flat, (at, at + 1), axis=1)[:, at : at + 2].T
    value = low + rest * (high - low)
    return Parts(value, ranked(flat, count), without, ranked(values, each), means)


@dataclass(frozen=True)
class CpuWorld:
    """CPU seconds over deliveries, both summed over trials whose numbers of deliveries differ."""

    spread: float
    deliveries: int = 400

    @functools.cached_property
    def truth(self) -> float:
        return float(np.exp(self.spread**2 / 2))

    def trials(self, rng: np.random.Generator, levels: Floats) -> Parts:
        below = rng.poisson(self.deliveries, levels.shape).astype(np.float64)
        above = below * levels * np.exp(rng.normal(0, 0.01, levels.shape))
        sums = above.sum(axis=1), below.sum(axis=1)
        without = (sums[0][:, None] - above) / (sums[1][:, None] - below)
        whole = sums[0] / sums[1]
        return Parts(whole, whole, without, above / below)
