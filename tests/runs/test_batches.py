"""Rows in pieces: the same file and the same rows as whole ones, and never many in memory."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pushlab.errors import NotWritten, RunError, UsageError
from pushlab.runs import RunWriter, batches
from pushlab.runs import rows as rows_module
from pushlab.runs.batches import Batches, in_batches, read_batches, write_batches
from pushlab.runs.rows import SCHEMAS, read_table
from tests.runs.test_writer import record

SCHEMA = SCHEMAS["deliveries"]


def columns(first, count):
    seq = np.arange(first, first + count)
    return {
        "channel": np.zeros(count, np.int32),
        "seq": seq,
        "subscriber": seq % 7,
        "received_ns": seq * 1000,
    }


def written(path, rows):
    write_batches(SCHEMA, path, rows, cell="sse", trial=3)
    return read_table(SCHEMA, path)


def test_pieces_make_the_file_that_whole_columns_make(tmp_path):
    whole = written(tmp_path / "whole", columns(1, 1000))
    pieces = written(tmp_path / "pieces", (columns(1 + i, 10) for i in range(0, 1000, 10)))
    assert pieces.equals(whole)
    assert (tmp_path / "pieces").read_bytes() == (tmp_path / "whole").read_bytes()
    read = list(read_batches(SCHEMA, tmp_path / "pieces", rows=64))
    assert max(map(len, read)) == 64
    assert pa.concat_tables(read).equals(whole)


def test_small_pieces_are_put_together_in_groups_and_large_ones_are_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "GROUP_ROWS", 100)
    for size in (30, 100, 450):
        path = tmp_path / str(size)
        count = 900 // size * size
        assert len(written(path, (columns(i, size) for i in range(1, count, size)))) == count
        meta = pq.read_metadata(path)
        groups = [meta.row_group(i).num_rows for i in range(meta.num_row_groups)]
        assert max(groups) <= 120
        assert len(groups) <= count / 50


@pytest.mark.parametrize("rows", [None, [], iter(()), Batches(lambda: iter(()))])
def test_no_rows_make_an_empty_file(tmp_path, rows):
    assert len(written(tmp_path / "none", rows)) == 0


def test_batches_are_read_anew_each_time_changed_and_chained():
    some = Batches(lambda: (columns(i, 2) for i in (1, 3)))
    for _ in range(2):
        assert [batch["seq"].tolist() for batch in some] == [[1, 2], [3, 4]]
    later = some.mapped(lambda each: {**each, "seq": each["seq"] + 10})
    both = Batches.chained([some, columns(7, 1), later])
    assert [n for batch in both for n in batch["seq"]] == [1, 2, 3, 4, 7, 11, 12, 13, 14]
    assert list(in_batches(None)) == []


def test_a_run_takes_a_trials_deliveries_from_an_iterator(tmp_path):
    writer = RunWriter.create(
        tmp_path, scenario={}, cells=["sse"], environment={}, command=[], seed=1
    )
    shares = [pa.table(columns(1, 5)), pa.table(columns(1, 3))]
    found = (batch for share in shares for batch in share.to_batches(max_chunksize=2))
    writer.add_trial(record(0), deliveries=found)
    file = writer.path / "deliveries" / "trial-000.parquet"
    assert read_table(SCHEMA, file)["seq"].to_pylist() == [1, 2, 3, 4, 5, 1, 2, 3]


@pytest.mark.parametrize(
    ("error", "raised"),
    [(RunError("the worker is gone"), RunError), (OSError(28, "full"), NotWritten)],
)
def test_pieces_that_break_off_leave_nothing_of_the_trial(tmp_path, error, raised):
    def broken():
        yield columns(1, 5)
        raise error

    writer = RunWriter.create(
        tmp_path, scenario={}, cells=["sse"], environment={}, command=[], seed=1
    )
    with pytest.raises(raised):
        writer.add_trial(record(0), deliveries=broken())
    assert [path.name for path in writer.path.rglob("*") if path.is_file()] == ["run.json"]
    writer.add_trial(record(0))


def test_a_piece_that_does_not_fit_is_told(tmp_path):
    odd = {name: column for name, column in columns(1, 2).items() if name != "seq"}
    with pytest.raises(UsageError, match="seq"):
        write_batches(SCHEMA, tmp_path / "file", [columns(1, 2), odd], cell="sse", trial=0)
    assert list(tmp_path.iterdir()) == []


def test_a_group_that_unpacks_to_too_much_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "trial-000.parquet"
    written(path, columns(1, 1000))
    monkeypatch.setattr(rows_module, "_MOST_ROWS", 999)
    with pytest.raises(RunError, match="group of 1,000 rows"):
        next(read_batches(SCHEMA, path))
    monkeypatch.setattr(rows_module, "_MOST_ROWS_EVER", 999)
    with pytest.raises(RunError, match="has 1,000 rows"):
        next(read_batches(SCHEMA, path))


def test_a_file_that_is_none_is_told_in_one_line(tmp_path):
    path = tmp_path / "trial-000.parquet"
    with pytest.raises(RunError, match="the file is missing"):
        list(read_batches(SCHEMA, path))
    path.write_bytes(b"no parquet")
    with pytest.raises(RunError, match="not readable as Parquet rows"):
        list(read_batches(SCHEMA, path))
    pq.write_table(pa.table({"seq": [1]}), path)
    with pytest.raises(RunError, match="missing column"):
        list(read_batches(SCHEMA, path))
    assert [len(piece) for piece in read_batches(None, path)] == [1]
