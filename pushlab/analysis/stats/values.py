"""Numbers in pieces, computed anew each time they are asked for: sums of them to the last digit.

A sum of floats depends on how it is put together. These are put together as numpy puts together an
array's, pair by pair, so that a column in pieces has the very mean that it has as an array.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Values", "sum_of"]

Floats = npt.NDArray[np.float64]

#: What is summed by numpy itself.
_WHOLE = 1 << 19


class Values:
    """Floats in pieces, which may be more than fit into memory.

    Args:
        read: begins to read them.
        count: how many there are in all.
    """

    __slots__ = ("_read", "count")

    def __init__(self, read: Callable[[], Iterator[Floats]], count: int) -> None:
        self._read = read
        self.count = count

    @classmethod
    def of(cls, values: Floats) -> "Values":
        """Those of an array."""
        return cls(lambda: iter((values,)), len(values))

    @classmethod
    def chained(cls, parts: "Sequence[Values]") -> "Values":
        """One after another."""
        count = sum(part.count for part in parts)
        return cls(lambda: (piece for part in parts for piece in part.pieces()), count)

    def __len__(self) -> int:
        return self.count

    def pieces(self) -> Iterator[Floats]:
        """From the first on."""
        return self._read()

    def mapped(self, change: Callable[[Floats], Floats]) -> "Values":
        """Each changed; there are as many."""
        return Values(lambda: map(change, self.pieces()), self.count)

    def sum(self) -> float:
        """The sum, to the last digit that of the array."""
        return sum_of(self.pieces(), self.count)

    def mean(self) -> float:
        """The mean, likewise; NaN of nothing."""
        return self.sum() / self.count if self.count else float("nan")

    def whole(self) -> Floats:
        """All of them as one array: for what is known to be short, or shall be in memory."""
        some = list(self.pieces())
        return np.concatenate(some) if some else np.zeros(0)


def sum_of(pieces: Iterator[Floats], count: int) -> float:
    """The sum of so many floats in pieces, as numpy sums an array of them: by halves.

    numpy's ``pairwise_sum`` halves what is longer than 128, at a multiple of 8.
    """
    return _part(_Reader(pieces), count)


def _part(reader: "_Reader", count: int) -> float:
    if count <= _WHOLE:
        return float(reader.take(count).sum())
    half = count // 2
    half -= half % 8
    first = _part(reader, half)
    return first + _part(reader, count - half)


class _Reader:
    """Takes so many floats at a time from pieces of other lengths."""

    def __init__(self, pieces: Iterator[Floats]) -> None:
        self._pieces = pieces
        self._piece: Floats = np.zeros(0)
        self._at = 0

    def take(self, count: int) -> Floats:
        """The next `count`."""
        if self._at + count <= len(self._piece):
            self._at += count
            return self._piece[self._at - count : self._at]
        found, done = np.empty(count), 0
        while done < count:
            if self._at == len(self._piece):
                self._piece, self._at = next(self._pieces), 0
            some = self._piece[self._at : self._at + count - done]
            found[done : done + len(some)] = some
            done, self._at = done + len(some), self._at + len(some)
        return found
