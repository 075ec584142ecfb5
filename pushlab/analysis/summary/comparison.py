"""Cells against each other: ratios with an interval, and ranks that respect the harness's floor.

A difference smaller than what the harness itself needs (the null transport's latency), or than the
bound on the clocks of subscribers in a browser, is no difference: such cells share a rank.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from pushlab.analysis.stats.comparison import compare
from pushlab.analysis.stats.estimate import Estimate
from pushlab.analysis.summary.catalogue import ranked
from pushlab.analysis.summary.figure import CellTrials
from pushlab.analysis.summary.model import CellRatio, Interval, Ranking
from pushlab.runs import ClockFigures

__all__ = ["rank_cells", "ratio", "ratios_to"]

Ratio = tuple[float, Interval | None]


def ratio(above: Estimate, below: Estimate) -> Ratio | None:
    """One cell's figure over another's, with a 95 % interval over pairs of their repetitions.

    Returns:
        None if a figure is missing or the one below is not above zero; the interval is None if
        either cell has fewer than three trials.
    """
    if above.value is None or below.value is None or below.value <= 0:
        return None
    found = compare(below, above, paired=True)
    return found.ratio or 0.0, found.interval


def rank_cells(cells: Mapping[str, CellTrials], floor_s: float) -> dict[str, Ranking]:
    """The cells without the harness's floor, by each ranked figure's `key`."""
    rivals = {cell: trials for cell, trials in cells.items() if not trials.floor}
    blur = {
        cell: max([floor_s, *(n / 1e9 for t in trials.good for n in _bounds_ns(t.record.clocks))])
        for cell, trials in rivals.items()
    }
    found = {}
    for one in ranked():
        made = {cell: trials.estimate(one) for cell, trials in rivals.items()}
        known = {cell: each.value for cell, each in made.items() if each.value is not None}
        order = sorted(known, key=lambda cell: known[cell])
        base = next((cell for cell in order if known[cell] > 0), None)
        ratios = [
            CellRatio(cell=cell, to=base, ratio=over[0], ci=list(over[1]) if over[1] else None)
            for cell in order
            if base is not None and cell != base and known[cell] > 0
            if (over := ratio(made[cell], made[base])) is not None
        ]
        ties = _ties(order, known, blur) if one.key == "latency_s" else []
        found[one.key] = Ranking(order=order, ties=ties, ratios=ratios)
    return found


def ratios_to(cells: Mapping[str, CellTrials], baseline: str) -> dict[str, dict[str, Ratio | None]]:
    """Each cell's figures over those of the cell `baseline`, by cell and `key`; see `ratio`."""
    return {
        cell: {
            one.key: ratio(trials.estimate(one), cells[baseline].estimate(one)) for one in ranked()
        }
        for cell, trials in cells.items()
    }


def _bounds_ns(clocks: ClockFigures | None) -> Sequence[int]:
    return clocks.bound_ns if clocks else []


def _ties(
    order: list[str], known: Mapping[str, float], blur: Mapping[str, float]
) -> list[list[str]]:
    """Neighbours in `order` that differ by less than what either is blurred by, as groups."""
    groups: list[list[str]] = []
    for before, after in pairwise(order):
        if known[after] - known[before] < max(blur[before], blur[after]):
            if groups and groups[-1][-1] == before:
                groups[-1].append(after)
            else:
                groups.append([before, after])
    return groups
