"""Columns that may be longer than the memory: in a file without a name, once there are many.

All columns of a process share a budget of memory. What goes beyond it is written to the disk and
read again piece by piece, so that a run of any length is summarised in the memory of a short one.
"""

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from pushlab.errors import SetupError

__all__ = ["Column", "Spool"]

Array = npt.NDArray[Any]

#: Of all columns of this process together; those of a usual run stay in memory as they are.
MEMORY_BYTES = 192 << 20


class _Held:
    """How many bytes of columns are in memory, of all spools that are still there."""

    now = 0


class Spool:
    """Where columns are kept; it goes with the last of them."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._end = 0
        self._held = 0

    def __del__(self) -> None:
        _Held.now -= self._held

    def put(self, values: Array) -> "_Block":
        """Keep an array."""
        size = values.nbytes
        if _Held.now + size <= MEMORY_BYTES:
            return self.keep(values)
        if self._file is None:
            self._file = tempfile.TemporaryFile(  # noqa: SIM115 - it goes with the last column
                dir=_folder(), prefix="pushlab-", buffering=0
            )
        place, self._end = self._end, self._end + size
        try:
            self._write(np.ascontiguousarray(values).view(np.uint8).data, place)
        except OSError as error:
            raise SetupError(
                f"{_folder() or tempfile.gettempdir()}: no room for {self._end:,} bytes of columns"
                f" ({error.strerror}); TMPDIR names another folder"
            ) from error
        return _Block(self, len(values), values.dtype, None, place)

    def keep(self, values: Array) -> "_Block":
        """Keep an array in memory, whatever the budget."""
        values = values if values.base is None else values.copy()  # not all that it is a part of
        _Held.now += values.nbytes
        self._held += values.nbytes
        return _Block(self, len(values), values.dtype, values, 0)

    def _write(self, data: memoryview, place: int) -> None:
        assert self._file is not None
        while data:
            done = os.pwrite(self._file.fileno(), data, place)
            data, place = data[done:], place + done

    def read(self, place: int, count: int, kind: np.dtype[Any]) -> Array:
        """Some values that were put into the file."""
        assert self._file is not None
        found: Array = np.empty(count, kind)
        view, done = found.view(np.uint8).data, 0
        while done < len(view):
            done += os.preadv(self._file.fileno(), [view[done:]], place + done)
        return found


def _folder() -> str | None:
    """Where the file is: not in /tmp, which is memory on some systems, unless somebody says so."""
    var = Path("/var/tmp")
    return None if "TMPDIR" in os.environ or not os.access(var, os.W_OK) else str(var)


class _Block:
    """Some values of a column, one after another."""

    __slots__ = ("_array", "_kind", "_place", "_spool", "count")

    def __init__(
        self, spool: Spool, count: int, kind: np.dtype[Any], array: Array | None, place: int
    ) -> None:
        self.count = count
        self._spool = spool
        self._kind = kind
        self._array = array
        self._place = place

    @property
    def in_memory(self) -> bool:
        """Whether reading it costs nothing."""
        return self._array is not None

    def read(self, start: int = 0, end: int | None = None) -> Array:
        """Those from `start` on and before `end`."""
        end = self.count if end is None else min(end, self.count)
        if self._array is not None:
            return self._array[start:end]
        place = self._place + start * self._kind.itemsize
        return self._spool.read(place, max(0, end - start), self._kind)


class Column:
    """Values in pieces, in the order in which they were appended."""

    def __init__(self, spool: Spool | None = None) -> None:
        self._spool = spool or Spool()
        self.blocks: list[_Block] = []

    def __len__(self) -> int:
        return sum(block.count for block in self.blocks)

    def append(self, values: Array) -> None:
        """Another piece."""
        self.blocks.append(self._spool.put(values))

    @property
    def in_memory(self) -> bool:
        """Whether none of it is in a file."""
        return all(block.in_memory for block in self.blocks)

    def pieces(self) -> Iterator[Array]:
        """The pieces as they were appended."""
        return (block.read() for block in self.blocks)

    def starts(self) -> list[int]:
        """Where each piece begins, and where the last ends."""
        return list(itertools.accumulate((block.count for block in self.blocks), initial=0))
