"""Statistics that refuse to say more than the samples do.

A percentile needs ten samples beyond it, and deliveries of one publish are one sample; an interval
needs three trials or five (`pushlab.analysis.stats.intervals`).
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pushlab.analysis.stats.estimate import Estimate
from pushlab.analysis.stats.intervals import MIN_TRIALS, MIN_TRIALS_TAIL
from pushlab.analysis.stats.ordered import Ordered, ranked
from pushlab.analysis.stats.values import Values

__all__ = [
    "MIN_BEYOND",
    "PERCENTILES",
    "Sample",
    "Samples",
    "is_unstable",
    "least_trials",
    "samples_needed",
]

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: A percentile is given only with at least this many samples beyond it.
MIN_BEYOND = 10

#: The percentiles of a summary, by name, in thousandths: whole numbers, so that counting is exact.
PERCENTILES = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p99_9": 999}


def samples_needed(per_mille: int) -> int:
    """How many samples a percentile needs, so that ten lie beyond it."""
    return -(-MIN_BEYOND * 1000 // (1000 - per_mille))


def least_trials(figure: str) -> int:
    """With how many trials a figure of the catalogue has an interval: ``latency_s.p99`` with 5."""
    tail = PERCENTILES.get(figure.rpartition(".")[2], 0) > 500
    return MIN_TRIALS_TAIL if tail else MIN_TRIALS


@dataclass(frozen=True, slots=True)
class Sample:
    """The values of one trial, as statistics need them.

    Attributes:
        ordered: by their size.
        total: their sum, in the order in which they came.
        worst: of each independent sample, its largest value; None: each value is one.
    """

    ordered: Ordered
    total: float
    worst: Floats | None = None

    @classmethod
    def of(cls, values: Floats, sources: Int64 | None = None) -> "Sample":
        """Those of an array; `sources`: which sample each value is of."""
        values = np.asarray(values, dtype=np.float64)
        ordered = Ordered.of(Values.of(values))
        if sources is None:
            return cls(ordered, float(values.sum()))
        _, which = np.unique(sources, return_inverse=True)
        worst = np.full(int(which.max(initial=-1)) + 1, -np.inf)
        np.maximum.at(worst, which, values)
        return cls(ordered, float(values.sum()), worst)

    def __len__(self) -> int:
        return len(self.ordered)

    def samples_from(self, limit: float) -> int:
        """How many samples have a value of `limit` or more."""
        if self.worst is None:
            return len(self.ordered) - self.ordered.below(limit)
        return int(np.count_nonzero(self.worst >= limit))


class Samples:
    """Samples that come from several trials, merged.

    Deliveries of one publish are not independent: together they are one sample, however many there
    are, and it is samples that a percentile needs enough of.

    Args:
        trials: the values of each trial; trials that have none are left out.
        sources: for each trial, which sample each of its values is of; without them each value is
            a sample of its own.
        repetitions: which repetition of the run each trial is.
    """

    def __init__(
        self,
        trials: Sequence[Floats | Sample],
        sources: Sequence[Int64] = (),
        repetitions: Sequence[int] = (),
    ) -> None:
        some = [i for i, each in enumerate(trials) if len(each)]
        self._trials = [_sample(trials[i], sources[i] if sources else None) for i in some]
        self.repetitions = tuple(repetitions[i] for i in some) if repetitions else ()
        self._merged = Ordered.merged([each.ordered for each in self._trials])

    @functools.cached_property
    def count(self) -> int:
        """How many independent samples there are: publishes, not deliveries."""
        return self._from(-math.inf)

    def _from(self, limit: float) -> int:
        """How many samples have a value of `limit` or more."""
        return sum(each.samples_from(limit) for each in self._trials)

    def value(self, name: str) -> float | None:
        """A statistic by its name; None where the samples do not suffice.

        Args:
            name: one of `PERCENTILES`, ``mean``, ``min``, ``max``, ``count`` (of values),
                ``samples``, ``nonpositive``.
        """
        merged = self._merged
        if name in PERCENTILES:
            return self._percentile(PERCENTILES[name])
        if name == "count":
            return len(merged)
        if name == "samples":
            return self.count
        if name == "nonpositive":
            return merged.below(0.0, right=True)
        if not len(merged):
            return None
        if name == "mean":
            return merged.values().mean()
        return float(merged.at([{"min": 0, "max": len(merged) - 1}[name]])[0])

    def _percentile(self, per_mille: int) -> float | None:
        """None if there are too few samples, or fewer than ten have a value beyond it."""
        if self.count < samples_needed(per_mille):
            return None
        last = len(self._merged) - 1
        position = last * per_mille / 1000
        low = int(position)
        below, above = self._merged.at([low, min(low + 1, last)])
        value = float(below + (above - below) * (position - low))
        return value if self._from(value) >= MIN_BEYOND else None

    def estimate(self, name: str) -> Estimate:
        """The same, with the figure of any part of the trials where it has one."""
        value = self.value(name)
        if value is None or (name != "mean" and name not in PERCENTILES):
            return Estimate(value)
        whole = Estimate(value, len(self._trials), self._mean, self.repetitions, samples=self.count)
        if name == "mean":
            return whole
        which = list(PERCENTILES).index(name)
        whole = replace(whole, of=lambda some: float(self._percentiles(some)[which]))
        if PERCENTILES[name] <= 500:  # what is rare does not move a median
            return replace(whole, samples=None)
        return replace(whole, mean_of=self._mean)

    def _mean(self, some: tuple[int, ...]) -> float:
        sums, counts = self._sums
        index = list(some)
        return float(sums[index].sum() / counts[index].sum())

    @functools.cached_property
    def _sums(self) -> tuple[Floats, Floats]:
        sums = np.array([each.total for each in self._trials])
        return sums, np.array([float(len(each)) for each in self._trials])

    @functools.cached_property
    def _percentiles(self) -> Callable[[tuple[int, ...]], Floats]:
        """All percentiles of some trials; it remembers them."""
        parts = [each.ordered for each in self._trials]
        arrays = [array for part in parts if (array := part.array()) is not None]
        few = len(arrays) == len(parts)

        @functools.cache
        def values(some: tuple[int, ...]) -> Floats:
            weights = np.bincount(some, minlength=len(parts))
            count = sum(int(w) * len(part) for w, part in zip(weights, parts, strict=True))
            # In whole numbers: a rank of q n / 1000 in floating point can miss by one sample.
            wanted = [-(-count * q // 1000) for q in PERCENTILES.values()]
            if few:
                return at(weights, wanted)
            return ranked(parts, weights.tolist(), [each - 1 for each in wanted])

        @functools.cache
        def sorted_once() -> tuple[Floats, Int64]:
            merged = np.concatenate(arrays)
            owner = np.repeat(np.arange(len(arrays)), [len(array) for array in arrays])
            order = np.argsort(merged, kind="stable")
            return merged[order], owner[order]

        def at(weights: Int64, wanted: Sequence[int]) -> Floats:
            merged, owner = sorted_once()
            return np.asarray(merged[np.searchsorted(np.cumsum(weights[owner]), wanted)])

        return values


def _sample(values: Floats | Sample, sources: Int64 | None) -> Sample:
    return values if isinstance(values, Sample) else Sample.of(values, sources)


def is_unstable(values: Sequence[float]) -> bool:
    """Whether a figure differs too much between trials to be trusted.

    True if the standard deviation is above 10 % of the mean, or an extreme lies more than 50 %
    from it. One value, or none, shows no spread.
    """
    if len(values) < 2:
        return False
    data = np.asarray(values, dtype=np.float64)
    mean = float(data.mean())
    if mean == 0:
        return bool(np.any(data != 0))
    spread = float(data.std(ddof=1)) / abs(mean)
    extreme = float(np.max(np.abs(data - mean))) / abs(mean)
    return spread > 0.10 or extreme > 0.50
