"""Writing a table part by part: CSV, JSON Lines or Parquet, never the whole of it in memory."""

import io
import json
from collections.abc import Callable, Iterable, Mapping
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

__all__ = ["FORMATS"]

Tables = Iterable[pa.Table]


def _csv(tables: Tables, file: BinaryIO) -> None:
    for i, table in enumerate(tables):
        buffer = pa.BufferOutputStream()
        pa_csv.write_csv(table, buffer, pa_csv.WriteOptions(include_header=i == 0))
        file.write(memoryview(buffer.getvalue()))


def _jsonl(tables: Tables, file: BinaryIO) -> None:
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
    for table in tables:
        for batch in table.to_batches(max_chunksize=10_000):
            lines = [encode(row) for row in batch.to_pylist()]
            file.write("".join(f"{line}\n" for line in lines).encode())


def _parquet(tables: Tables, file: BinaryIO) -> None:
    parts = iter(tables)
    first = next(parts)
    with pq.ParquetWriter(_Counted(file), first.schema, compression="zstd") as writer:
        writer.write_table(first)
        for table in parts:
            writer.write_table(table)


class _Counted(io.RawIOBase):
    """A stream that knows how far it has written, which Parquet asks and a pipe cannot tell."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._file.write(data)
        self._at += len(data)
        return len(data)


#: How to write tables of one schema as one, in each format; its name is also the file's suffix.
#: OSError: the file does not take it; BrokenPipeError: its reader has gone.
FORMATS: Mapping[str, Callable[[Tables, BinaryIO], None]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "parquet": _parquet,
}
