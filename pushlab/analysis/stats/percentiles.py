"""Statistics that refuse to say more than the samples do.

A percentile needs ten samples beyond it, an interval three trials
(`pushlab.analysis.stats.intervals`).
"""

import functools
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from pushlab.analysis.stats.estimate import Estimate

__all__ = [
    "MIN_BEYOND",
    "PERCENTILES",
    "Samples",
    "is_unstable",
    "percentile",
    "samples_needed",
]

Floats = npt.NDArray[np.float64]

#: A percentile is given only with at least this many samples beyond it.
MIN_BEYOND = 10

#: The percentiles of a summary, by name, in thousandths: whole numbers, so that counting is exact.
PERCENTILES = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p99_9": 999}


def samples_needed(per_mille: int) -> int:
    """How many samples a percentile needs, so that ten lie beyond it."""
    return -(-MIN_BEYOND * 1000 // (1000 - per_mille))


def percentile(ordered: Floats, per_mille: int) -> float | None:
    """The percentile of samples in ascending order, or None if it would rest on too few.

    Args:
        per_mille: 500 for the median, 990 for p99.
    """
    count = len(ordered)
    if count < samples_needed(per_mille):
        return None
    position = (count - 1) * per_mille / 1000
    low = int(position)
    high = min(low + 1, count - 1)
    return float(ordered[low] + (ordered[high] - ordered[low]) * (position - low))


class Samples:
    """Samples that come from several trials, merged.

    Args:
        trials: the samples of each trial; those that have none are left out.
        repetitions: which repetition of the run each trial is.
    """

    def __init__(self, trials: Sequence[Floats], repetitions: Sequence[int] = ()) -> None:
        self.kept = [np.asarray(each, dtype=np.float64) for each in trials if len(each)]
        numbered = zip(repetitions, trials, strict=False)
        self.repetitions = tuple(number for number, each in numbered if len(each))
        self.merged = np.sort(np.concatenate(self.kept)) if self.kept else np.zeros(0)

    def value(self, name: str) -> float | None:
        """One of `PERCENTILES`, ``mean``, ``min``, ``max``, ``count`` or ``nonpositive``.

        Returns:
            None where the samples do not suffice.
        """
        merged = self.merged
        if name in PERCENTILES:
            return percentile(merged, PERCENTILES[name])
        if name == "count":
            return len(merged)
        if name == "nonpositive":
            return int(np.searchsorted(merged, 0.0, side="right"))
        if not len(merged):
            return None
        if name == "mean":
            return float(merged.mean())
        return float(merged[{"min": 0, "max": -1}[name]])

    def estimate(self, name: str) -> Estimate:
        """The same, with the figure of any draw of the trials where it has one."""
        value = self.value(name)
        if value is None or (name != "mean" and name not in PERCENTILES):
            return Estimate(value)
        if name in PERCENTILES:
            which = list(PERCENTILES).index(name)
            return Estimate(
                value,
                len(self.kept),
                lambda drawn: float(self._drawn(drawn)[which]),
                self.repetitions,
            )
        return Estimate(value, len(self.kept), self._mean, self.repetitions)

    def _mean(self, drawn: tuple[int, ...]) -> float:
        sums, counts = self._sums
        index = list(drawn)
        return float(sums[index].sum() / counts[index].sum())

    @functools.cached_property
    def _sums(self) -> tuple[Floats, Floats]:
        return np.array([x.sum() for x in self.kept]), np.array([float(len(x)) for x in self.kept])

    @functools.cached_property
    def _drawn(self) -> Callable[[tuple[int, ...]], Floats]:
        """All percentiles of a draw, from one sort of the merged samples; it remembers them."""
        merged = np.concatenate(self.kept)
        owner = np.repeat(np.arange(len(self.kept)), [len(samples) for samples in self.kept])
        order = np.argsort(merged, kind="stable")
        merged, owner = merged[order], owner[order]

        @functools.cache
        def values(drawn: tuple[int, ...]) -> Floats:
            weights = np.bincount(drawn, minlength=len(self.kept))
            reached = np.cumsum(weights[owner])
            # In whole numbers: a rank of q n / 1000 in floating point can miss by one sample.
            wanted = [-(-int(reached[-1]) * q // 1000) for q in PERCENTILES.values()]
            return np.asarray(merged[np.searchsorted(reached, wanted)])

        return values


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
