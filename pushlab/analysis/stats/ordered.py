"""Floats in the order of their size, more than fit into memory: exact ranks, no sketch.

They are kept as runs, each sorted. A rank is found by halving the range in which its value lies and
counting what lies below in each run; all of them in order come from merging the runs.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pushlab.analysis.stats.spool import Column, Spool
from pushlab.analysis.stats.values import Values

__all__ = ["Ordered", "quantiles", "ranked"]

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Of a run that is sorted in memory.
RUN = 1 << 22
#: Every so many values of a run stand in memory too, to say where in the file to look.
_STEP = 1 << 10
#: What is merged at a time, about.
_AT_ONCE = 1 << 20
_REST = np.int64(0x7FFF_FFFF_FFFF_FFFF)


class _Run:
    """Sorted values, and where in them to look."""

    def __init__(self, column: Column, values: Floats) -> None:
        column.append(values)
        self._block = column.blocks[-1]
        self.index = values[::_STEP].copy()
        self.count = len(values)
        self.least, self.most = float(values[0]), float(values[-1])

    def whole(self) -> Floats | None:
        """All values, if they are in memory."""
        return self._block.read() if self._block.in_memory else None

    def read(self, start: int, end: int) -> Floats:
        return self._block.read(start, end)

    def place(self, value: float, *, right: bool = False) -> int:
        """How many values are below `value`; `right`: or equal."""
        side = "right" if right else "left"
        if (whole := self.whole()) is not None:
            return int(whole.searchsorted(value, side))  # type: ignore[call-overload]
        after = int(self.index.searchsorted(value, side))  # type: ignore[call-overload]
        if not after:
            return 0
        start = (after - 1) * _STEP
        inner = self.read(start, start + _STEP)
        return start + int(inner.searchsorted(value, side))  # type: ignore[call-overload]


class Ordered:
    """Values by their size; make it with `of`."""

    def __init__(self, runs: Sequence[_Run]) -> None:
        self._runs = [run for run in runs if run.count]
        self.count = sum(run.count for run in self._runs)

    @classmethod
    def of(cls, values: Values, spool: Spool | None = None) -> "Ordered":
        """Sort them, a run at a time."""
        column, runs, some, size = Column(spool), list[_Run](), list[Floats](), 0

        def put() -> None:
            if size:
                run = np.concatenate(some)
                run.sort()
                runs.append(_Run(column, run))
                some.clear()

        for piece in values.pieces():
            for start in range(0, len(piece), RUN):
                cut = piece[start : start + RUN]
                if size + len(cut) > RUN:
                    put()
                    size = 0
                some.append(cut)
                size += len(cut)
        put()
        return cls(runs)

    @classmethod
    def merged(cls, parts: "Sequence[Ordered]") -> "Ordered":
        """All of several; as one run where they are in memory."""
        runs = [run for part in parts for run in part._runs]
        if len(runs) > 1 and all(run.whole() is not None for run in runs):
            whole = np.sort(np.concatenate([run.read(0, run.count) for run in runs]))
            return cls([_Run(_Kept(), whole)])
        return cls(runs)

    def __len__(self) -> int:
        return self.count

    def array(self) -> Floats | None:
        """All of them, sorted, where they are one array in memory; else None."""
        if not self._runs:
            return np.zeros(0)
        return self._runs[0].whole() if len(self._runs) == 1 else None

    def below(self, value: float, *, right: bool = False) -> int:
        """How many are below `value`; `right`: or equal."""
        return sum(run.place(value, right=right) for run in self._runs)

    def at(self, ranks: Sequence[int]) -> Floats:
        """The values of these ranks, from 0; in the order of the ranks given."""
        whole = self.array()
        if whole is not None:
            return whole[list(ranks)]
        return ranked([self], [1], ranks)

    def values(self) -> Values:
        """All of them, the smallest first."""
        return Values(self._in_order, self.count)

    def _in_order(self) -> Iterator[Floats]:
        whole = self.array()
        if whole is not None:
            yield whole
            return
        stops = np.sort(np.concatenate([run.index for run in self._runs]))
        stops = np.unique(stops[:: max(1, _AT_ONCE // _STEP)])
        starts = [0] * len(self._runs)
        for stop in [*stops.tolist(), None]:
            # All below the stop, of which there are not many; then those that equal it.
            ends = [run.count if stop is None else run.place(stop) for run in self._runs]
            cuts = zip(self._runs, starts, ends, strict=True)
            part = np.concatenate([run.read(start, end) for run, start, end in cuts])
            part.sort()
            yield part
            if stop is None:
                return
            starts = [run.place(stop, right=True) for run in self._runs]
            equal = sum(starts) - sum(ends)
            for done in range(0, equal, _AT_ONCE):
                yield np.full(min(_AT_ONCE, equal - done), stop)


class _Kept(Column):
    """A column that stays in memory, whatever the budget: it takes the place of what is there."""

    def append(self, values: Floats) -> None:
        self.blocks.append(self._spool.keep(values))


def ranked(parts: Sequence[Ordered], weights: Sequence[int], ranks: Sequence[int]) -> Floats:
    """The values of these ranks among all parts, where each value of a part counts `weights` times.

    That is for each rank the least value of which more than `rank` are not above it.
    """
    runs = [(run, w) for part, w in zip(parts, weights, strict=True) if w for run in part._runs]
    least = _key(min(run.least for run, _ in runs))
    most = _key(max(run.most for run, _ in runs))
    found = []
    for rank in ranks:
        low, high = least, most
        while low < high:
            middle = low + (high - low) // 2
            value = _value(middle)
            if sum(w * run.place(value, right=True) for run, w in runs) > rank:
                high = middle
            else:
                low = middle + 1
        found.append(_value(low))
    return np.array(found)


def quantiles(
    ordered: Ordered,
    shares: Sequence[float],
    *,
    least: int = 0,
    change: Callable[[Floats], Floats] = lambda values: values,
) -> Floats:
    """What `numpy.quantile` gives of them, to the last digit.

    Args:
        least: how many of the smallest to leave out.
        change: what is made of each value, in the same order.
    """
    count = len(ordered) - least
    virtual = (count - 1) * np.asarray(shares, dtype=np.float64)
    low = np.minimum(np.floor(virtual), count - 1)
    high = np.minimum(low + 1, count - 1)
    part = virtual - low
    ranks = [least + int(rank) for pair in zip(low, high, strict=True) for rank in pair]
    ends = change(ordered.at(ranks)).reshape(-1, 2)
    apart = ends[:, 1] - ends[:, 0]
    found = np.where(part >= 0.5, ends[:, 1] - apart * (1 - part), ends[:, 0] + apart * part)
    return np.asarray(found, np.float64)


def _key(value: float) -> int:
    """A whole number that is in the order of the floats."""
    bits = np.float64(value).view(np.int64)
    return int(bits if bits >= 0 else bits ^ _REST)


def _value(key: int) -> float:
    bits = np.int64(key)
    return float((bits if bits >= 0 else bits ^ _REST).view(np.float64)) + 0.0
