"""Rows in pieces: into a trial's file and out of it, never the whole of it in memory.

A file of any number of rows is written in groups of about a million, and read in pieces of as many.
What a piece is may be measured, joined and counted by itself; see `pushlab.analysis.trials`.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pushlab.errors import RunError
from pushlab.runs.layout import partial_file
from pushlab.runs.rows import (
    Columns,
    check_group,
    check_rows,
    completed,
    names_to_read,
    to_table,
    unreadable,
)

__all__ = [
    "GROUP_ROWS",
    "Batches",
    "Rows",
    "in_batches",
    "read_batches",
    "read_schema",
    "write_batches",
]

#: Of a group in a file, and of a piece that is read: some 30 MB of deliveries.
GROUP_ROWS = 1 << 20


@dataclass(frozen=True, slots=True)
class Batches:
    """Rows that come in pieces, anew each time they are asked for.

    Attributes:
        read: begins to read; each piece is columns of one length.
    """

    read: Callable[[], Iterator[Columns]]

    def __iter__(self) -> Iterator[Columns]:
        return self.read()

    def mapped(self, change: Callable[[Columns], Columns]) -> "Batches":
        """The same with every piece changed: filtered, or its stamps set by another clock."""
        return Batches(lambda: map(change, self.read()))

    @classmethod
    def chained(cls, parts: Sequence["Rows"]) -> "Batches":
        """One after another: those of a swarm's shares, of which each has its own subscribers."""
        return cls(lambda: (batch for part in parts for batch in in_batches(part)))


#: A trial's rows of one kind: whole columns, or pieces of them in order.
Rows = Columns | Iterable[Columns]


def in_batches(rows: Rows | None) -> Iterator[Columns]:
    """The pieces of rows; whole columns are one piece, and no rows are none."""
    if rows is None:
        return iter(())
    if isinstance(rows, Mapping | pa.Table | pa.RecordBatch):
        return iter((rows,))
    return iter(rows)


def write_batches(
    schema: pa.Schema, path: Path, rows: Rows | None, *, cell: str, trial: int
) -> int:
    """Write one trial's rows of one kind, in groups as they come; how many there are.

    `path` either has all of them or does not exist.

    Raises:
        UsageError: a column is missing, unknown, or does not fit its type.
        OSError: the disk does not take it.
    """
    count, some, size = 0, list[pa.Table](), 0
    with (
        partial_file(path) as partial,
        partial.open("wb") as file,
        pq.ParquetWriter(file, schema, compression="zstd") as writer,
    ):

        def put() -> None:
            if some:
                writer.write_table(pa.concat_tables(some), row_group_size=GROUP_ROWS)
                some.clear()

        for batch in in_batches(rows):
            table = to_table(schema, batch, cell=cell, trial=trial)
            some.append(table)
            count, size = count + len(table), size + len(table)
            if size >= GROUP_ROWS:
                put()
                size = 0
        put()
    return count


def read_batches(
    schema: pa.Schema | None, path: Path, *, rows: int | None = None
) -> Iterator[pa.Table]:
    """Read one file in pieces of so many rows at most; as `read_table` does otherwise.

    Args:
        rows: of a piece; None: `GROUP_ROWS`.

    Raises:
        RunError: the file is missing or damaged, lacks a column, or has a group of rows that
            unpacks to more than a piece can be. The first piece tells, as a rule.
    """
    with _told(path), pa.OSFile(os.fsencode(path)) as raw, pq.ParquetFile(raw) as file:
        check_rows(file.metadata, path)
        names = names_to_read(schema, file.schema_arrow, path)
        for number in range(file.metadata.num_row_groups):
            check_group(file.metadata, number, path)
            for batch in file.iter_batches(rows or GROUP_ROWS, row_groups=[number], columns=names):
                yield completed(schema, pa.Table.from_batches([batch]))


def read_schema(path: Path) -> pa.Schema:
    """The columns that a file has. Raises RunError: it is missing or damaged."""
    with _told(path), pa.OSFile(os.fsencode(path)) as raw, pq.ParquetFile(raw) as file:
        return file.schema_arrow


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except RunError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise unreadable(path, error) from error
