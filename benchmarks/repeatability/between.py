"""What differs between sittings beyond what runs of one sitting differ by.

One-way analysis of variance with sittings as groups and the means of runs as observations, on
logarithms, since machines speed up and slow down by factors. The component between sittings is
``(MSB - MSW) / k``; ``exp`` of its root says by what factor a sitting typically lies off. Cells are
pooled by averaging their mean squares. A sitting moves all cells at once, so they add no degrees of
freedom between sittings; the interval is that of Williams and Tukey.

Source: Searle, Casella and McCulloch, "Variance Components", 1992, sections 3.5 and 3.6.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.repeatability.sitting import Sitting

__all__ = ["Between", "between_sittings"]


@dataclass(frozen=True, slots=True)
class Between:
    """How sittings differ in one figure, over all cells.

    Attributes:
        within: the factor by which runs of one sitting typically differ.
        factor: that by which sittings do beyond it; 1 where nothing is left.
        interval: 95 % of `factor`.
        cells: that of each cell alone.
    """

    figure: str
    within: float
    factor: float
    interval: tuple[float, float]
    cells: dict[str, float]


def between_sittings(sittings: Sequence[Sitting]) -> list[Between]:
    """By figure; of two sittings or more of one scenario, each of at least two runs."""
    cells = [c for c in sittings[0].cells if all(c in s.cells for s in sittings)]
    found = []
    for figure in sittings[0].runs[0][cells[0]] if cells else ():
        squares = {cell: _squares(sittings, cell, figure) for cell in cells}
        known = {cell: one for cell, one in squares.items() if one is not None}
        if any(between or within for between, within, _ in known.values()):
            found.append(_between(figure, known, sittings))
    return found


def _between(
    figure: str, squares: dict[str, tuple[float, float, float]], sittings: Sequence[Sitting]
) -> Between:
    between, within, runs = (
        statistics.fmean(column) for column in zip(*squares.values(), strict=True)
    )
    groups, observations = len(sittings), sum(len(s.runs) for s in sittings)
    low, high = _component_interval(between, within, runs, groups, observations)
    each = {cell: _factor((b - w) / k) for cell, (b, w, k) in squares.items()}
    return Between(
        figure,
        _factor(within),
        _factor((between - within) / runs),
        (_factor(low), _factor(high)),
        each,
    )


def _factor(variance: float) -> float:
    return math.exp(min(700.0, math.sqrt(max(0.0, variance))))


def _squares(
    sittings: Sequence[Sitting], cell: str, figure: str
) -> tuple[float, float, float] | None:
    """The mean squares between and within sittings, and the runs of a sitting; None: not known."""
    groups = []
    for sitting in sittings:
        known = [[v for v in run[cell][figure] if v is not None] for run in sitting.runs]
        means = [statistics.fmean(run) for run in known if run]
        if len(means) < 2 or min(means) <= 0:
            return None
        groups.append([math.log(mean) for mean in means])
    total = sum(map(len, groups))
    middle = sum(map(sum, groups)) / total
    between = sum(len(g) * (statistics.fmean(g) - middle) ** 2 for g in groups)
    within = sum((x - statistics.fmean(g)) ** 2 for g in groups for x in g)
    runs = (total - sum(len(g) ** 2 for g in groups) / total) / (len(groups) - 1)
    return between / (len(groups) - 1), within / (total - len(groups)), runs


def _component_interval(
    between: float, within: float, runs: float, groups: int, observations: int
) -> tuple[float, float]:
    """Williams and Tukey's interval for the component between groups."""
    from scipy.special import chdtri, fdtri

    above, below = groups - 1, observations - groups
    bounds = []
    for chance in (0.975, 0.025):
        least = float(fdtri(above, below, chance))
        squared = float(chdtri(above, 1 - chance))  # of the upper tail
        bounds.append((above * between - above * least * within) / (runs * squared))
    return bounds[0], bounds[1]
