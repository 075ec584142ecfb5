"""A run's tables: joined rightly, read back from every format, one trial at a time."""

import io
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from pushlab.analysis import analyse
from pushlab.analysis.summary.stored import store
from pushlab.errors import MissingExtra, RunError, UsageError
from pushlab.runs import Run, RunWriter, TrialRecord
from pushlab.runs.export import FORMATS
from pushlab.runs.joined import JOINED
from pushlab.runs.tables import table_kinds, tables_of
from tests.runs.simulated import STANDARD, Cell, simulate


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    cells = [*STANDARD[:2], Cell('sse, 2 "x"', "sse", loss=0.01, fail_once="killed")]
    path = simulate(tmp_path_factory.mktemp("runs"), *cells, clients=20, per_channel=6, trials=2)
    store(analyse(Run.load(path)))
    return Run.load(path)


def written(tables, form):
    file = io.BytesIO()
    FORMATS[form](tables, file)
    return file.getvalue()


@pytest.mark.parametrize("what", ["deliveries", "publishes", "connects", "trials", "summary"])
def test_every_table_is_read_back_from_every_format(run, what):
    table = pa.concat_tables(tables_of(run, what))
    assert len(table) > 1
    assert pq.read_table(io.BytesIO(written(tables_of(run, what), "parquet"))).equals(table)

    lines = written(tables_of(run, what), "jsonl").decode().splitlines()
    assert [json.loads(line) for line in lines] == table.to_pylist()

    options = pa_csv.ConvertOptions(
        column_types=table.schema, strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    back = pa_csv.read_csv(
        io.BytesIO(written(tables_of(run, what), "csv")), convert_options=options
    )
    assert back.to_pylist() == table.to_pylist()


def test_the_figures_of_the_summary_follow_from_the_exported_deliveries(run):
    frame = run.to_pandas()
    for cell, figures in run.summary["transports"].items():
        rows = frame[(frame.cell == cell) & (frame.trial_status == "ok")]
        rows = rows[rows.matched & ~rows.warmup.astype(bool) & ~rows.repeated]
        latency = figures["latency_s"]
        assert len(rows) == latency["count"]
        assert rows.latency_s.mean() == pytest.approx(latency["mean"])
        if latency["p50"] is not None:  # the floor has too few publishes
            assert np.percentile(rows.latency_s, 50) == pytest.approx(latency["p50"], rel=0.05)
        assert rows.latency_from_send_s.mean() == pytest.approx(
            figures["latency_from_send_s"]["mean"]
        )


def tiny(root, publishes, deliveries):
    writer = RunWriter.create(
        root, scenario={"name": "t"}, cells=["sse"], environment={}, command=[], seed=1
    )
    record = TrialRecord(
        index=0,
        order=0,
        cell="sse",
        transport="sse",
        status="ok",
        clients=4,
        channels=2,
        per_channel=2,
        rate_per_channel=1.0,
        duration_s=1.0,
    )
    writer.add_trial(record, publishes=publishes, deliveries=deliveries)
    return Run.load(writer.finish())


HOUR_NS = 10**16 + 1  # beyond what a double holds exactly


@pytest.fixture
def strange(tmp_path):
    """A repeated delivery, one of an unknown publish, and one to another channel's reader."""
    publishes = {
        "channel": [0, 1],
        "seq": [1, 1],
        "intended_ns": [HOUR_NS, HOUR_NS + 1],
        "sent_ns": [HOUR_NS + 5, None],
        "accepted_ns": [HOUR_NS + 6, HOUR_NS + 7],
        "held_ns": [HOUR_NS + 6, HOUR_NS + 7],
        "status": [202, 202],
        "warmup": [False, True],
        "payload_bytes": [3, 3],
    }
    deliveries = {
        "channel": [0, 0, 1, 1, 1],
        "seq": [1, 1, 1, 9, 1],
        "subscriber": [0, 0, 3, 2, 0],
        "received_ns": [HOUR_NS + i for i in (10, 20, 30, 40, 50)],
    }
    return tiny(tmp_path, publishes, deliveries)


def test_each_delivery_stands_beside_its_publish(strange):
    table = pa.concat_tables(tables_of(strange))
    assert table.schema == JOINED
    columns = table.to_pydict()
    assert columns["intended_ns"] == [HOUR_NS, HOUR_NS, HOUR_NS + 1, None, HOUR_NS + 1]
    assert columns["sent_ns"] == [HOUR_NS + 5, HOUR_NS + 5, None, None, None]
    assert columns["warmup"] == [False, False, True, None, True]
    assert columns["matched"] == [True, True, True, False, False]
    assert columns["repeated"] == [False, True, False, False, False]
    assert columns["latency_s"][:2] == [1e-8, 2e-8]
    assert columns["latency_s"][3] is None
    assert columns["latency_from_send_s"] == [5e-9, 1.5e-8, None, None, None]


def test_a_missing_stamp_does_not_blur_the_others_in_pandas(strange):
    frame = strange.to_pandas()
    assert int(frame.sent_ns[0]) == HOUR_NS + 5
    assert frame.sent_ns.isna().tolist() == [False, False, True, True, True]
    assert frame.warmup.isna().sum() == 1
    assert frame.received_ns.dtype == np.int64
    assert frame.cell.dtype == "category"


def test_a_trial_without_rows_has_a_table_without_rows(tmp_path):
    run = tiny(tmp_path, None, None)
    (table,) = tables_of(run)
    assert (len(table), table.schema) == (0, JOINED)
    assert b"latency_s" in written(tables_of(run), "csv")


def test_trials_and_cells_have_their_figures_by_path(run):
    (trials,) = tables_of(run, "trials")
    assert len(trials) == 6
    figures = {(r["cell"], r["trial"]): r for r in trials.to_pylist()}
    for cell, summary in run.summary["transports"].items():
        for trial in summary["per_trial"]:
            row = figures[cell, trial["index"]]
            assert row["latency_s.mean"] == trial["latency_s"]["mean"]
            assert row["status"] == trial["status"]
            assert row["swarm.bytes_in"] > 0
    (cells,) = tables_of(run, "summary")
    for row in cells.to_pylist():
        summary = run.summary["transports"][row["cell"]]
        assert row["latency_s.p99"] == summary["latency_s"]["p99"]
        if summary["latency_s"]["mean_ci"]:
            low, high = summary["latency_s"]["mean_ci"]
            assert (row["latency_s.mean_ci_low"], row["latency_s.mean_ci_high"]) == (low, high)


def test_another_folder_of_rows_comes_for_free(run, tmp_path):
    path = simulate(tmp_path, STANDARD[2], trials=2)
    (path / "notes").mkdir()
    for i in range(2):
        cells = pa.array(["sse"] * 3).dictionary_encode()
        rows = pa.table({"cell": cells, "trial": [i] * 3, "cpu_s": [0.1, 0.2, 0.3 + i]})
        pq.write_table(rows, path / "notes" / f"trial-{i:03}.parquet")
    found = Run.load(path)
    assert "notes" in table_kinds(found)
    assert found.to_pandas("notes").cpu_s.tolist() == [0.1, 0.2, 0.3, 0.1, 0.2, 1.3]
    assert written(tables_of(found, "notes"), "csv").decode().count("\n") == 7


def test_a_trial_is_read_when_its_turn_comes(tmp_path):
    path = simulate(tmp_path, STANDARD[2], trials=2)
    (path / "deliveries" / "trial-001.parquet").unlink()
    tables = tables_of(Run.load(path))
    assert len(next(tables)) > 0
    with pytest.raises(RunError, match=r"trial-001\.parquet"):
        next(tables)


def test_what_a_run_does_not_have_is_told(run, tmp_path):
    with pytest.raises(UsageError, match=r"'delivery'; did you mean deliveries\?.*publishes"):
        tables_of(run, "delivery")
    bare = Run.load(simulate(tmp_path, STANDARD[2], trials=1))
    with pytest.raises(RunError, match="not been analysed"):
        tables_of(bare, "summary")
    assert len(next(tables_of(bare, "trials"))) == 1


def test_pandas_that_is_not_there_is_named(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"pushlab\[pandas\]"):
        run.to_pandas()


def test_formats():
    assert set(FORMATS) == {"csv", "jsonl", "parquet"}
