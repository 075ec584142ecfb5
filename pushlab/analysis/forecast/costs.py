"""The server's CPU taken apart: every set of costs that agrees with what was measured.

A window of a trial (`pushlab.analysis.trials.costs`) says what was done and what CPU it took. Costs
are not below zero, and explain each kind of window within its 95 % interval over trials, beyond
what the best of them miss. What any other load takes lies between the least and the most that such
costs give (two linear programs). So windows that tell parts apart give a narrow interval, and one
load alone a wide one: its CPU may be all idling, or all deliveries.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pushlab.analysis.stats.intervals import MIN_TRIALS, t_reach
from pushlab.analysis.trials.costs import Load, Window

__all__ = ["Costs", "Seen", "Within"]

Floats = npt.NDArray[np.float64]

_LEAST_FREEDOM = 2
_APART = 0.1  # how far from others, of their lengths' 1, what is done in windows is told from them
_NO_CPU_S = 1e-6  # the scale of a window in which no CPU was seen
_NOTHING = 1e-6  # of the largest cost that a window allows: nothing
_ROUNDING = 1e-7  # of a window's CPU: what two solutions of one program may differ by


@dataclass(frozen=True, slots=True)
class Within:
    """A number and its 95 % interval; `high` is infinite where nothing bounds it."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> "Within":
        """So many times as much."""
        return Within(self.value * factor, self.low * factor, self.high * factor)

    def plus(self, more: float) -> "Within":
        """So much more."""
        return Within(self.value + more, self.low + more, self.high + more)


@dataclass(frozen=True, slots=True)
class Seen:
    """One kind of window over the trials of a run: means, and how far the CPU's may be off.

    Attributes:
        reach_s: of the 95 % interval of `cpu_s`, to either side; None: too few trials.
    """

    load: Load
    cpu_s: float
    reach_s: float | None


class Costs:
    """What a second, a connection, a hit, a delivery and a publish take, as far as windows tell.

    Args:
        seen: the kinds of window.
        free: fields of `Load` that cost nothing by themselves: between polls a connection does
            nothing, and what a stream's client sends is part of its deliveries.
        first: the field that the costs which fit best are put on, and what cannot be told from it:
            hits of what asks, deliveries of a stream.
    """

    def __init__(
        self, seen: Sequence[Seen], *, free: Iterable[str] = (), first: str = "deliveries"
    ) -> None:
        self.seen = list(seen)
        kept = [name for name in Load.__slots__ if name not in set(free)]
        self._kept = [name in kept for name in Load.__slots__]
        self._order = sorted(range(len(kept)), key=lambda at: kept[at] != first)

    @classmethod
    def exactly(cls, **costs: float) -> "Costs":
        """Costs that are known, by field of `Load`; the others are nothing."""
        nothing = dict.fromkeys(Load.__slots__, 0.0)
        return cls(
            [Seen(Load(**{**nothing, k: 1.0}), costs.get(k, 0.0), 0.0) for k in Load.__slots__]
        )

    @classmethod
    def of(
        cls,
        trials: Iterable[tuple[object, Sequence[Window]]],
        *,
        free: Iterable[str] = (),
        first: str = "deliveries",
    ) -> "Costs":
        """The costs that trials' windows tell; trials of one run (the first of each pair) vary."""
        kinds: dict[tuple[object, str], list[Window]] = defaultdict(list)
        for run, windows in trials:
            for window in windows:
                kinds[run, window.name].append(window)
        made = cls([_seen(group) for group in kinds.values()], free=free, first=first)
        return made if made.known else cls(made._by_residuals(), free=free, first=first)

    @property
    def known(self) -> bool:
        """Whether there are trials enough for intervals."""
        return all(one.reach_s is not None for one in self.seen)

    @property
    def kinds(self) -> int:
        """How many kinds of window there are."""
        return len(self.seen)

    def cores(self, load: Load) -> Within:
        """CPU seconds for such a load; without an interval (not a number) if trials are too few."""
        value = self.value(load)
        if not self.known:
            return Within(value, math.nan, math.nan)
        return Within(value, min(value, self.low(load)), max(value, self.high(load)))

    def value(self, load: Load) -> float:
        """By the costs that fit best."""
        return float(np.array(load.row)[self._kept] @ self._best)

    def low(self, load: Load) -> float:
        """At least."""
        return self._extreme(np.array(load.row)[self._kept]) / (1 + self.missed)

    def high(self, load: Load) -> float:
        """At most; infinite where nothing bounds it."""
        return -self._extreme(-np.array(load.row)[self._kept]) * (1 + self.missed)

    def each(self, field: str) -> Within:
        """Of one field of `Load`."""
        nothing: Mapping[str, float] = dict.fromkeys(Load.__slots__, 0.0)
        return self.cores(Load(**{**nothing, field: 1.0}))

    @property
    def best(self) -> tuple[float, ...]:
        """The costs that fit best, by field of `Load`; nothing for those that are free."""
        return self._whole(self._best)

    def corners(self) -> list[tuple[float, ...]]:
        """The extreme costs of all that agree with the windows: any load is least at one of them.

        What no window has any of is taken to cost nothing. Without intervals it is the best alone.
        """
        from scipy.spatial import HalfspaceIntersection, QhullError

        if not self.known:
            return [self.best]
        rows, cpu, reach = self._scaled
        seen = np.asarray(rows.any(axis=0))
        rows, slack = rows[:, seen], reach * (1 + self.misfit)
        sides = np.vstack([rows, -rows, -np.eye(rows.shape[1])])
        limits = np.concatenate([cpu + slack, slack - cpu, np.zeros(rows.shape[1])])
        inner = _middle(sides, limits)
        try:
            found = HalfspaceIntersection(np.column_stack([sides, -limits]), inner)
        except (QhullError, ValueError):  # so exact that nothing lies within
            return [self.best]
        corners = np.zeros((len(found.intersections), len(seen)))
        corners[:, seen] = np.where(found.intersections > _NOTHING, found.intersections, 0.0)
        return sorted({self._whole(each / self._widths) for each in corners})

    def _whole(self, kept: Floats) -> tuple[float, ...]:
        row = np.zeros(len(self._kept))
        row[self._kept] = kept
        return tuple(float(f"{each:.4g}") for each in row)

    @cached_property
    def misfit(self) -> float:
        """By how many of their intervals the best costs miss the window that fits them worst."""
        if not self.known:
            return math.nan
        rows, cpu, reach = self._scaled
        count = rows.shape[1]
        bounds = np.column_stack([np.vstack([rows, -rows]), -np.tile(reach, 2)])
        told = _program(np.eye(count + 1)[count], bounds, np.concatenate([cpu, -cpu]))
        return float(told) if math.isfinite(told) else 0.0

    @cached_property
    def missed(self) -> float:
        """How far the best costs are off beyond what chance explains, as a share of the CPU.

        A server that works differently when it is busy has no costs in proportion.
        """
        rows, cpu, reach = self._scaled
        beyond = np.maximum(0.0, np.abs(rows @ (self._best * self._widths) - cpu) - reach)
        weights = self._table[1] / max(self._table[1].sum(), _NO_CPU_S)
        return math.sqrt(float(weights @ beyond**2))

    # ---- solving ------------------------------------------------------------------------------

    @cached_property
    def _table(self) -> tuple[Floats, Floats, Floats]:
        """What was done in each kind of window, its CPU seconds, and a scale for each."""
        rows = np.array([one.load.row for one in self.seen])[:, self._kept]
        cpu = np.array([one.cpu_s for one in self.seen])
        return rows, cpu, np.where(cpu > 0, cpu, _NO_CPU_S)

    @cached_property
    def _widths(self) -> Floats:
        """The largest of each column, so that a program's numbers are near 1."""
        rows, _, scale = self._table
        most = (rows / scale[:, None]).max(axis=0)
        return np.asarray(np.where(most > 0, most, 1.0))

    @cached_property
    def _scaled(self) -> tuple[Floats, Floats, Floats]:
        rows, cpu, scale = self._table
        reach = np.array([one.reach_s or 0.0 for one in self.seen]) / scale
        return rows / scale[:, None] / self._widths, cpu / scale, reach + _ROUNDING

    @cached_property
    def _best(self) -> Floats:
        """The costs that fit best: least squares, each window by how well it is known.

        What cannot be told from those before it is 0, and within them.
        """
        from scipy.optimize import nnls

        rows, cpu, reach = self._scaled
        weight = 1 / np.maximum(reach, 0.01)
        told: list[int] = []
        for at in self._order:
            some = rows[:, [*told, at]]
            long = np.linalg.norm(some, axis=0)
            if long.all() and np.linalg.matrix_rank(some / long, tol=_APART) > len(told):
                told.append(at)
        best = np.zeros(rows.shape[1])
        best[told] = nnls(rows[:, told] * weight[:, None], cpu * weight)[0]
        return np.asarray(best / self._widths)

    def _extreme(self, toward: Floats) -> float:
        rows, cpu, reach = self._scaled
        slack = reach * (1 + self.misfit)
        limits = np.concatenate([cpu + slack, slack - cpu])
        return _program(toward / self._widths, np.vstack([rows, -rows]), limits)

    def _by_residuals(self) -> list[Seen]:
        """For kinds of window with few trials, how far the best fit misses all of them."""
        rows, cpu, _ = self._scaled
        missed = rows @ (self._best * self._widths) - cpu
        freedom = len(cpu) - int(np.linalg.matrix_rank(rows))
        if freedom < _LEAST_FREEDOM:
            return self.seen
        spread = t_reach(freedom) * math.sqrt(float(missed @ missed) / freedom)
        return [
            one if one.reach_s is not None else Seen(one.load, one.cpu_s, spread * one.cpu_s)
            for one in self.seen
        ]


def _seen(group: Sequence[Window]) -> Seen:
    count, cpu = len(group), np.array([one.cpu_s for one in group])
    load = Load(**dict(zip(Load.__slots__, _mean_rows(group), strict=True)))
    if count < MIN_TRIALS:
        return Seen(load, float(cpu.mean()), None)
    reach = t_reach(count - 1) * float(cpu.std(ddof=1)) / math.sqrt(count)
    return Seen(load, float(cpu.mean()), reach)


def _mean_rows(group: Sequence[Window]) -> list[float]:
    return [float(x) for x in np.mean([one.load.row for one in group], axis=0)]


def _middle(sides: Floats, limits: Floats) -> Floats:
    """The point that is farthest from the sides of what they enclose."""
    long = np.linalg.norm(sides, axis=1)
    toward = np.zeros(sides.shape[1] + 1)
    toward[-1] = -1.0
    from scipy.optimize import linprog

    bounds = [(0, None)] * len(toward)
    told: Any = linprog(toward, A_ub=np.column_stack([sides, long]), b_ub=limits, bounds=bounds)
    return np.zeros(sides.shape[1]) if told.x is None else np.asarray(told.x[:-1])


def _program(toward: Floats, bounds: Floats, limits: Floats) -> float:
    """The least of `toward` times costs that are not below zero; -infinity without an end."""
    from scipy.optimize import linprog

    told: Any = linprog(toward, A_ub=bounds, b_ub=limits, bounds=(0, None), method="highs")
    if told.status == 3 or told.fun is None:  # no end to it
        return -math.inf
    return float(told.fun)
