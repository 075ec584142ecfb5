"""The raw rows in Parquet files and numpy arrays: publishes, deliveries, connects and more.

A row joins a delivery to its publish by ``(cell, trial, channel, seq)``. Within one trial ``cell``
and ``trial`` are constant, so a trial's rows are written to files of their own.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pushlab.errors import RunError, UsageError
from pushlab.runs.layout import RowsKind

__all__ = [
    "DELIVERIES",
    "ROWS",
    "SAMPLES",
    "SCHEMAS",
    "Columns",
    "ConnectRows",
    "DeliveryRows",
    "PublishRows",
    "StampRows",
    "TrafficRows",
    "arrays",
    "check_group",
    "check_rows",
    "completed",
    "names_to_read",
    "read_table",
    "to_table",
    "unreadable",
]

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Int16 = npt.NDArray[np.int16]
Bool = npt.NDArray[np.bool_]
MaybeInt64 = Annotated[Int64, "may be null"]

#: Columns as a caller has them: numpy arrays, lists, or pyarrow arrays, by name.
Columns = Mapping[str, Any]

#: Of one file that is read as a whole, unpacked: more than an hour of a thousand deliveries a
#: second, five times over.
_MOST_ROWS = 20_000_000
_MOST_BYTES = 2**31
#: Of one group of a file that is read in pieces, unpacked; and of all its groups.
_MOST_GROUP_BYTES = 2**28
_MOST_ROWS_EVER = 2**32

_CELL = pa.field("cell", pa.dictionary(pa.int16(), pa.string()), nullable=False)
_TRIAL = pa.field("trial", pa.int16(), nullable=False)


class _Rows:
    """Columns of one length; the schema of their file is made of the fields."""

    __slots__: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(getattr(self, self.__slots__[0]))


@dataclass(frozen=True, slots=True)
class PublishRows(_Rows):
    """The publishes of one trial, one row for each that was scheduled; 0 stands for null.

    Stamps are nanoseconds of the publisher's monotonic clock.
    """

    channel: Int32
    seq: MaybeInt64
    intended_ns: Int64
    sent_ns: MaybeInt64
    accepted_ns: MaybeInt64
    held_ns: MaybeInt64
    status: Int16
    warmup: Bool
    payload_bytes: Int32


@dataclass(frozen=True, slots=True)
class DeliveryRows(_Rows):
    """The deliveries of one trial; those of one subscriber in the order of arrival."""

    channel: Int32
    seq: Int64
    subscriber: Int32
    received_ns: Int64


@dataclass(frozen=True, slots=True)
class TrafficRows(_Rows):
    """Each piece that the observed subscribers of one trial sent or received, in order of time."""

    subscriber: Int32
    at_ns: Int64
    sent: Bool
    bytes: Int64


@dataclass(frozen=True, slots=True)
class StampRows(_Rows):
    """Stamps of the laboratory's beside the kernel's of the same event, of one trial.

    Those of a witness (`subscriber`, 0 or above) are of a delivery: when the swarm had read it, and
    when the kernel had its data, at the earliest. Those of the publisher (-1) are of a request:
    ``sent_ns``, and when the kernel gave it to the network.
    """

    channel: Int32
    seq: MaybeInt64
    subscriber: Int32
    stamped_ns: Int64
    kernel_ns: Int64


@dataclass(frozen=True, slots=True)
class ConnectRows(_Rows):
    """How the subscribers that the server accepted came to be connected, in order of success.

    When each first wished for a connection, and when it had one.
    """

    subscriber: Int32
    wanted_ns: Int64
    connected_ns: Int64


def _schema(kind: type[_Rows]) -> pa.Schema:
    columns = [_CELL, _TRIAL]
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if name in kind.__slots__:
            array = get_args(hint)[0] if get_origin(hint) is Annotated else hint
            (scalar,) = get_args(get_args(array)[1])
            nullable = array is not hint
            columns.append(pa.field(name, pa.from_numpy_dtype(scalar), nullable=nullable))
    return pa.schema(columns)


#: The classes of those rows that are read as numpy arrays.
ROWS: Mapping[RowsKind, type[_Rows]] = {
    "publishes": PublishRows,
    "deliveries": DeliveryRows,
    "connects": ConnectRows,
    "traffic": TrafficRows,
    "stamps": StampRows,
}

#: One row per look at a process: its CPU seconds since it began, and what it held. The lag is the
#: worst of its event loop since the look before; null where the loop is not watched. How long it
#: had waited for a core is null where the system does not tell.
SAMPLES = pa.schema(
    [
        _CELL,
        _TRIAL,
        pa.field("process", pa.dictionary(pa.int16(), pa.string()), nullable=False),
        pa.field("phase", pa.dictionary(pa.int16(), pa.string()), nullable=False),
        pa.field("at_ns", pa.int64(), nullable=False),
        pa.field("cpu_s", pa.float64(), nullable=False),
        pa.field("rss_bytes", pa.int64(), nullable=False),
        pa.field("open_descriptors", pa.int32(), nullable=False),
        pa.field("loop_lag_ns", pa.int64()),
        pa.field("waited_ns", pa.int64()),
    ]
)
#: Columns that runs of older pushlabs lack.
_LATER = frozenset({"waited_ns"})

#: The schema of each kind of rows.
SCHEMAS: Mapping[RowsKind, pa.Schema] = {
    **{kind: _schema(rows) for kind, rows in ROWS.items()},
    "samples": SAMPLES,
}

#: What `DeliveryRows` has of a file.
DELIVERIES = SCHEMAS["deliveries"].remove(1).remove(0)


def to_table(schema: pa.Schema, columns: Columns | None, *, cell: str, trial: int) -> pa.Table:
    """Build a table of one trial's rows; `cell` and `trial` are filled in.

    Args:
        columns: every other column of `schema`, all of one length; a number that is None or not
            above 0 in a nullable column means that it did not happen. None: no rows.

    Raises:
        UsageError: a column is missing, unknown, or does not fit its type.
    """
    names = [name for name in schema.names if name not in ("cell", "trial")]
    given = {name: [] for name in names} if columns is None else columns
    if isinstance(given, pa.Table | pa.RecordBatch):
        given = {name: given[name] for name in given.schema.names}
    given = {name: data for name, data in given.items() if name not in ("cell", "trial")}
    if set(given) != set(names):
        missing, unknown = set(names) - set(given), set(given) - set(names)
        raise UsageError(f"rows lack {sorted(missing)} and have unknown {sorted(unknown)}")
    arrays = [_array(schema.field(name), given[name]) for name in names]
    if len({len(array) for array in arrays}) > 1:
        raise UsageError(f"columns differ in length: {[len(array) for array in arrays]}")
    count = len(arrays[0])
    label = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int16)), pa.array([cell]))
    number = pa.array(np.full(count, trial, np.int16))
    return pa.Table.from_arrays([label, number, *arrays], schema=schema)


def _array(field: pa.Field, data: Any) -> pa.Array:
    if isinstance(data, pa.ChunkedArray):
        data = data.combine_chunks()
    try:
        if isinstance(data, np.ndarray):
            data = pa.array(data)
        is_array = isinstance(data, pa.Array)
        array = data.cast(field.type) if is_array else pa.array(data, type=field.type)
        if field.nullable:
            array = pc.if_else(pc.greater(array, 0), array, None)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise UsageError(f"column {field.name!r} does not fit {field.type}: {error}") from error
    if array.null_count and not field.nullable:
        raise UsageError(f"column {field.name!r} must not have nulls")
    return array


def read_table(schema: pa.Schema | None, path: Path) -> pa.Table:
    """Read one file of rows; columns that `schema` does not know are left out. None: all columns.

    `pushlab.runs.batches.read_batches` reads in pieces what is too much for the memory.

    Raises:
        RunError: the file is missing or damaged, lacks a column, or unpacks to more than is read
            as a whole.
    """
    try:
        # A file of Arrow's own: its threads would ask a file of Python's for the interpreter, and a
        # thread that does so while the interpreter ends takes the process with it.
        with pa.OSFile(os.fsencode(path)) as raw, pq.ParquetFile(raw) as file:
            _check_size(file.metadata, path)
            return completed(schema, file.read(names_to_read(schema, file.schema_arrow, path)))
    except RunError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> RunError:
    """What to say of a file of rows that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return RunError(f"{path}: the file is missing")
    detail = str(error).splitlines()[0] if str(error) else type(error).__name__
    return RunError(f"{path}: not readable as Parquet rows ({detail})")


def names_to_read(schema: pa.Schema | None, there: pa.Schema, path: Path) -> list[str] | None:
    """The columns of `schema` that a file has; None: all. Raises RunError: it lacks one."""
    if schema is None:
        return None
    found = set(there.names)
    missing = [name for name in schema.names if name not in found]
    if missing and not _LATER.issuperset(missing):
        raise RunError(f"{path}: missing column {', '.join(missing)}")
    return [name for name in schema.names if name in found]


def completed(schema: pa.Schema | None, table: pa.Table) -> pa.Table:
    """What was read of a file, as `schema` has it; None: as it is."""
    if schema is None:
        return table
    for name in schema.names:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table), schema.field(name).type))
    return table.select(schema.names).cast(schema)


def _check_size(metadata: pq.FileMetaData, path: Path) -> None:
    """Refuse a file that would fill the memory, before it is read: a small file may do so."""
    groups = range(metadata.num_row_groups)
    size = sum(metadata.row_group(number).total_byte_size for number in groups)
    if metadata.num_rows > _MOST_ROWS or size > _MOST_BYTES:
        raise RunError(
            f"{path}: has {metadata.num_rows:,} rows of {size:,} bytes; what is read as a whole has"
            f" at most {_MOST_ROWS:,} rows and {_MOST_BYTES:,} bytes"
        )


def check_rows(metadata: pq.FileMetaData, path: Path) -> None:
    """Refuse a file that has more rows than a trial can have, though it is read in pieces."""
    if metadata.num_rows > _MOST_ROWS_EVER:
        raise RunError(
            f"{path}: has {metadata.num_rows:,} rows; a trial's file has at most"
            f" {_MOST_ROWS_EVER:,} rows"
        )


def check_group(metadata: pq.FileMetaData, number: int, path: Path) -> None:
    """Refuse a group of rows that would fill the memory, before it is read."""
    group = metadata.row_group(number)
    if group.num_rows > _MOST_ROWS or group.total_byte_size > _MOST_GROUP_BYTES:
        raise RunError(
            f"{path}: has a group of {group.num_rows:,} rows of {group.total_byte_size:,} bytes;"
            f" one has at most {_MOST_ROWS:,} rows and {_MOST_GROUP_BYTES:,} bytes"
        )


def arrays(table: pa.Table) -> dict[str, Any]:
    """Columns as numpy, null as 0, without ``cell`` and ``trial``."""
    found: dict[str, Any] = {}
    for name in table.column_names:
        if name not in ("cell", "trial"):
            column = table[name].combine_chunks()
            whole = column.fill_null(pa.scalar(0).cast(column.type))
            dtype = column.type.to_pandas_dtype()
            found[name] = np.asarray(whole.to_numpy(zero_copy_only=False), dtype=dtype)
    return found
