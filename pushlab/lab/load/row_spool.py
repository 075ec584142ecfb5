"""Rows that a swarm has written down, put away in files without a name while it goes on.

A thread writes them: the event loop, whose stamps are the measurement, does not wait for a disk.
"""

import os
import tempfile
from array import array
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO

__all__ = ["RowSpool"]

_PIECE = 1 << 20


class RowSpool:
    """A file for each of a few columns; they go with this, and with the process.

    They are where Python has its temporary files: ``TMPDIR`` names another folder.

    Attributes:
        rows: how many there are.
    """

    def __init__(self, columns: int) -> None:
        self.rows = 0
        self._files = [tempfile.TemporaryFile() for _ in range(columns)]  # noqa: SIM115
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="pushlab-rows")
        self._last: Future[None] | None = None
        self._failed: OSError | None = None

    def put(self, columns: Sequence["array[int]"]) -> None:
        """Some more rows; nobody else may have these arrays."""
        self.rows += len(columns[0])
        self._last = self._pool.submit(self._write, columns)

    def _write(self, columns: Sequence["array[int]"]) -> None:
        try:
            for file, column in zip(self._files, columns, strict=True):
                data = memoryview(column).cast("B")
                while data:
                    data = data[os.write(file.fileno(), data) :]
        except OSError as error:  # what follows would not fit together with what is there
            self._failed = self._failed or error

    def copy(self, column: int, into: IO[bytes]) -> None:
        """Write all of a column to another file. Raises OSError, also where one came before."""
        if self._last is not None:
            self._last.result()
        if self._failed is not None:
            raise self._failed
        place = 0
        while piece := os.pread(self._files[column].fileno(), _PIECE, place):
            into.write(piece)
            place += len(piece)
