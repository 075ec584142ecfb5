"""Rows in files: what a small file unpacks to is looked at before it is read."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pushlab.errors import RunError
from pushlab.runs import rows
from pushlab.runs.batches import write_batches
from pushlab.runs.rows import SCHEMAS, read_table


def write(path, count):
    names = ("channel", "seq", "subscriber", "received_ns")
    columns = {name: np.zeros(count, np.int64) for name in names}
    write_batches(SCHEMAS["deliveries"], path, columns, cell="sse", trial=0)


@pytest.mark.parametrize("schema", [SCHEMAS["deliveries"], None])
def test_a_file_that_unpacks_to_too_many_rows_is_refused_unread(tmp_path, monkeypatch, schema):
    path = tmp_path / "trial-000.parquet"
    write(path, 100_000)
    assert path.stat().st_size < 10_000  # it is as small as that
    assert len(read_table(schema, path)) == 100_000
    monkeypatch.setattr(rows, "_MOST_ROWS", 99_999)
    monkeypatch.setattr(pq.ParquetFile, "read", None)  # nobody reads it
    with pytest.raises(RunError, match=r"has 100,000 rows .* at most 99,999 rows"):
        read_table(schema, path)


def test_few_rows_that_unpack_to_many_bytes_are_refused_too(tmp_path, monkeypatch):
    path = tmp_path / "trial-000.parquet"
    pq.write_table(pa.table({"text": [f"{n:01000}" for n in range(1000)]}), path)
    monkeypatch.setattr(rows, "_MOST_BYTES", 900_000)
    with pytest.raises(RunError, match="1,000 rows of 1,0"):
        read_table(None, path)
