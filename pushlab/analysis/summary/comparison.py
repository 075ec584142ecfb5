"""Cells against each other: ratios with an interval, and ranks that respect the harness's floor.

A difference smaller than what the harness itself needs (the null transport's latency), or than the
bound on the clocks of subscribers in a browser, is no difference: such cells share a rank.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from pushlab.analysis.stats.intervals import MIN_TRIALS
from pushlab.analysis.stats.noise import Side, compare
from pushlab.analysis.trials.figures import TrialFigures

__all__ = ["FIGURES", "compare_cells", "ratio", "ratios_to"]

Figure = Callable[[Sequence[TrialFigures]], float | None]


def _mean_latency_s(trials: Sequence[TrialFigures]) -> float | None:
    count = sum(len(t.latency_s) for t in trials)
    return sum(float(t.latency_s.sum()) for t in trials) / count if count else None


def _per_delivery(of: Callable[[TrialFigures], float]) -> Figure:
    def figure(trials: Sequence[TrialFigures]) -> float | None:
        delivered = sum(t.rows.counts.delivered for t in trials)
        return sum(of(t) for t in trials) / delivered if delivered else None

    return figure


#: What cells are compared by.
FIGURES: Mapping[str, Figure] = {
    "latency_s": _mean_latency_s,
    "hits_per_delivery": _per_delivery(lambda t: t.hits_total),
    "bytes_per_delivery": _per_delivery(lambda t: t.bytes_total),
    "cpu_s_per_delivery": _per_delivery(lambda t: t.cpu_s),
}


def ratio(
    above: Sequence[TrialFigures], below: Sequence[TrialFigures], figure: Figure
) -> tuple[float, list[float] | None] | None:
    """One cell's figure over another's, with a 95 % interval over the trials of both.

    Returns:
        None if a figure is missing or the one below is not above zero; the interval is None if
        either cell has fewer than three trials.
    """
    top, bottom = figure(above), figure(below)
    if top is None or bottom is None or bottom <= 0:
        return None
    if min(len(above), len(below)) < MIN_TRIALS or top <= 0:
        return top / bottom, None
    compared = compare(_side(below, bottom, figure), _side(above, top, figure))
    return top / bottom, None if compared.interval is None else list(compared.interval)


def _side(trials: Sequence[TrialFigures], value: float, figure: Figure) -> Side:
    def of(chosen: tuple[int, ...]) -> float:
        return figure([trials[i] for i in chosen]) or 0.0

    return Side(value, len(trials), of)


def compare_cells(cells: Mapping[str, Sequence[TrialFigures]]) -> dict[str, Any]:
    """For each main figure: the cells from lowest to highest, and each one's ratio to the lowest.

    Returns:
        By figure: ``order`` (list of cells), ``ties`` (groups that differ by less than the floor
        or the clocks' bound, for latency) and ``ratios`` (``cell``, ``to``, ``ratio``, ``ci``). The
        lowest cell with a figure above zero is what the others are divided by.
    """
    good = {
        cell: [t for t in trials if t.record.status == "ok"]
        for cell, trials in cells.items()
        if not any(t.record.floor for t in trials)
    }
    floor = _mean_latency_s(
        [
            t
            for trials in cells.values()
            for t in trials
            if t.record.floor and t.record.status == "ok"
        ]
    )
    blur = {
        cell: max([floor or 0.0, *(n / 1e9 for t in trials for n in _bounds_ns(t))])
        for cell, trials in good.items()
    }
    found: dict[str, Any] = {}
    for name, figure in FIGURES.items():
        values = {cell: figure(trials) for cell, trials in good.items() if trials}
        known = {cell: value for cell, value in values.items() if value is not None}
        order = sorted(known, key=lambda cell: known[cell])
        base = next((cell for cell in order if known[cell] > 0), None)
        ratios = []
        for cell in order:
            if base is not None and cell != base and known[cell] > 0:
                result = ratio(good[cell], good[base], figure)
                if result is not None:
                    ratios.append({"cell": cell, "to": base, "ratio": result[0], "ci": result[1]})
        ties = _ties(order, known, blur) if name == "latency_s" else []
        found[name] = {"order": order, "ties": ties, "ratios": ratios}
    return found


def ratios_to(
    cells: Mapping[str, Sequence[TrialFigures]], baseline: str
) -> dict[str, dict[str, tuple[float, list[float] | None] | None]]:
    """Each cell's figures over those of the cell `baseline`, by cell and figure; see `ratio`."""
    good = {cell: [t for t in trials if t.record.status == "ok"] for cell, trials in cells.items()}
    return {
        cell: {name: ratio(trials, good[baseline], figure) for name, figure in FIGURES.items()}
        for cell, trials in good.items()
    }


def _bounds_ns(trial: TrialFigures) -> list[int]:
    return trial.record.clocks.bound_ns if trial.record.clocks else []


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
