"""Statistics that refuse to say more than the samples do.

A percentile needs ten samples beyond it, an interval three trials
(`pushlab.analysis.stats.intervals`).
"""

import functools
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from pushlab.analysis.stats.intervals import MIN_TRIALS, trial_interval

__all__ = [
    "MIN_BEYOND",
    "PERCENTILES",
    "describe",
    "is_unstable",
    "percentile",
    "resampled_percentiles",
    "samples_needed",
]

Floats = npt.NDArray[np.float64]

#: A percentile is given only with at least this many samples beyond it.
MIN_BEYOND = 10

#: The percentiles of a summary, by name, in thousandths: whole numbers, so that counting is exact.
PERCENTILES = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p99_9": 999}
#: Of these, the ones that get an interval.
_WITH_INTERVAL = ("p50", "p95", "p99")


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


def describe(trials: Sequence[Floats]) -> dict[str, object]:
    """Figures of samples in seconds that come from several trials, merged.

    Args:
        trials: the samples of each trial.

    Returns:
        ``p50``, ``p90``, ``p95``, ``p99``, ``p99_9``, ``mean``, ``min``, ``max``, ``count``,
        ``nonpositive`` and ``mean_ci``, ``p50_ci``, ``p95_ci``, ``p99_ci``; None where the samples
        do not suffice.
    """
    kept = [np.asarray(samples, dtype=np.float64) for samples in trials if len(samples)]
    if not kept:
        empty = (*PERCENTILES, "mean", "min", "max", "mean_ci")
        bounds = (f"{name}_ci" for name in _WITH_INTERVAL)
        return {**dict.fromkeys((*empty, *bounds)), "count": 0, "nonpositive": 0}
    merged = np.sort(np.concatenate(kept))
    figures: dict[str, object] = {
        name: percentile(merged, per_mille) for name, per_mille in PERCENTILES.items()
    }
    figures["mean"] = float(merged.mean())
    figures["min"], figures["max"] = float(merged[0]), float(merged[-1])
    figures["count"] = len(merged)
    figures["nonpositive"] = int(np.searchsorted(merged, 0.0, side="right"))
    sums = np.array([samples.sum() for samples in kept])
    counts = np.array([len(samples) for samples in kept])

    def mean_of(chosen: tuple[int, ...]) -> float:
        index = list(chosen)
        return float(sums[index].sum() / counts[index].sum())

    figures["mean_ci"] = trial_interval(len(kept), mean_of)
    known = [name for name in _WITH_INTERVAL if figures[name] is not None]
    intervals = _percentile_intervals(kept, [PERCENTILES[name] for name in known])
    figures.update({f"{name}_ci": None for name in _WITH_INTERVAL})
    figures.update({f"{name}_ci": found for name, found in zip(known, intervals, strict=True)})
    return figures


def resampled_percentiles(
    trials: Sequence[Floats], per_milles: Sequence[int]
) -> Callable[[tuple[int, ...]], Floats]:
    """The percentiles of any draw of trials, from one sort of the merged samples.

    Args:
        trials: the samples of each trial; none is empty.

    Returns:
        A function of the drawn trials' indices; it remembers what it was asked.
    """
    merged = np.concatenate(trials)
    owner = np.repeat(np.arange(len(trials)), [len(samples) for samples in trials])
    order = np.argsort(merged, kind="stable")
    merged, owner = merged[order], owner[order]

    @functools.cache
    def values(chosen: tuple[int, ...]) -> Floats:
        weights = np.bincount(chosen, minlength=len(trials))
        reached = np.cumsum(weights[owner])
        # In whole numbers: a rank of q n / 1000 in floating point can miss by one sample.
        wanted = [-(-int(reached[-1]) * per_mille // 1000) for per_mille in per_milles]
        return np.asarray(merged[np.searchsorted(reached, wanted)])

    return values


def _percentile_intervals(
    kept: list[Floats], per_milles: Sequence[int]
) -> list[list[float] | None]:
    if len(kept) < MIN_TRIALS or not per_milles:
        return [None for _ in per_milles]
    values = resampled_percentiles(kept, per_milles)

    def interval(which: int) -> list[float] | None:
        return trial_interval(len(kept), lambda chosen: float(values(chosen)[which]))

    return [interval(which) for which in range(len(per_milles))]


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
