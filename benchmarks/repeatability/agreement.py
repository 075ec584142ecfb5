"""Whether runs of one sitting agree: does each run's prediction interval hold the next run?

A run of n trials with standard deviation s foretells the mean of the next run's m trials within
``s t sqrt(1/n + 1/m)``, in 95 of 100 cases where trials are independent and of one kind. Only
neighbours are asked (the first run about the second, the second about the third, ...), so that a
figure and cell give one check less than there are runs, and checks share as little as they can.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from benchmarks.repeatability.sitting import Sitting
from pushlab.analysis.stats.verdict import holm

__all__ = ["LEVEL", "Agreement", "agreements", "foretold", "misses_allowed"]

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often runs held the next one, of one figure over all cells.

    Attributes:
        checks, held: how many neighbours were asked, and how many of them held the next.
        reach: the median of the intervals' half widths, as a share of the run's mean.
        chance: of so many misses or more, were each interval right in 95 of 100 cases.
        agrees: whether that is likely enough, corrected for the number of figures (Holm).
    """

    figure: str
    checks: int
    held: int
    reach: float
    chance: float
    agrees: bool = True


def foretold(run: Sequence[float], trials: int) -> tuple[float, float]:
    """The 95 % interval for the mean of the `trials` of the next run.

    Args:
        run: a value of each of at least two trials.
    """
    from scipy.special import stdtrit

    count, mean = len(run), statistics.fmean(run)
    t = float(stdtrit(count - 1, 1 - LEVEL / 2))
    reach = statistics.stdev(run) * t * math.sqrt(1 / count + 1 / trials)
    return mean - reach, mean + reach


def misses_allowed(checks: int) -> int:
    """The largest number of misses of which so many or more come in at least 5 % of sittings."""
    return max(k for k in range(checks + 1) if _chance(k, checks) >= LEVEL)


def _chance(misses: int, checks: int) -> float:
    """Of so many misses or more, each coming in 5 of 100 cases."""
    from scipy.special import bdtrc

    return 1.0 if misses <= 0 else float(bdtrc(misses - 1, checks, LEVEL))


def agreements(sitting: Sitting) -> list[Agreement]:
    """By figure; those that never vary, or have too few values, are left out."""
    found = []
    for figure in sitting.runs[0][sitting.cells[0]]:
        asked = [
            one for cell in sitting.cells for one in _neighbours(_known(sitting, cell, figure))
        ]
        if asked:
            held, reach = sum(held for held, _ in asked), [reach for _, reach in asked]
            chance = _chance(len(asked) - held, len(asked))
            found.append(Agreement(figure, len(asked), held, statistics.median(reach), chance))
    return _corrected(found)


def _known(sitting: Sitting, cell: str, figure: str) -> list[list[float]]:
    """The values of each run's trials that have one; no run where the figure never varies."""
    runs = [[v for v in run[cell][figure] if v is not None] for run in sitting.runs]
    varies = len({value for run in runs for value in run}) > 1
    return [run for run in runs if len(run) >= 2] if varies else []


def _neighbours(runs: Sequence[Sequence[float]]) -> list[tuple[bool, float]]:
    """Of each run but the last, whether it holds the next, and how far it reaches."""
    found = []
    for run, following in pairwise(runs):
        low, high = foretold(run, len(following))
        middle = abs(high + low) / 2
        reach = (high - low) / 2 / middle if middle else math.inf
        found.append((low <= statistics.fmean(following) <= high, reach))
    return found


def _corrected(found: Sequence[Agreement]) -> list[Agreement]:
    """With the verdicts, by Holm's step-down rule over all figures."""
    steps = holm([one.chance for one in found], LEVEL)
    return [replace(one, agrees=not step.passed) for one, step in zip(found, steps, strict=True)]
