"""A run's folder: what is written comes back, and whatever is damaged is named in one line.

Longer than 400 lines, since one small run is written, read and damaged in all of it.
"""

import dataclasses
import json
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushlab.contract.profile import Profile, Timers, Wire
from pushlab.errors import NewerSchema, RunError, UsageError
from pushlab.runs import (
    SCHEMA_VERSION,
    BrokerFigures,
    PublisherFigures,
    Run,
    RunWriter,
    ServerFigures,
    SwarmFigures,
    TrialRecord,
    latest_run,
    write_summary,
)
from pushlab.runs.records import decode
from tests.runs.simulated import Cell, simulate

ROWS = {
    "publishes": {
        "channel": [0, 0],
        "seq": [1, None],
        "intended_ns": [10, 20],
        "sent_ns": [11, None],
        "accepted_ns": [12, None],
        "held_ns": [0, 5],
        "status": [202, 0],
        "warmup": [False, False],
        "payload_bytes": [5, 5],
    },
    "deliveries": {"channel": [0], "seq": [1], "subscriber": [1], "received_ns": [15]},
}


def record(**changes):
    values = {
        "index": 0,
        "order": 0,
        "cell": "sse",
        "transport": "sse",
        "status": "ok",
        "clients": 2,
        "channels": 1,
        "per_channel": 2,
        "rate_per_channel": 1.0,
        "duration_s": 2.0,
    }
    return TrialRecord(**{**values, **changes})


def bare(run):
    """Its trials' records without the profiles, which the run holds for each cell."""
    return [dataclasses.replace(trial, profile=Profile()) for trial in run.trials]


def begin(root, cells=("sse", "mqtt"), **more):
    settings = {
        "scenario": {"name": "quick"},
        "cells": list(cells),
        "environment": {"cores": 2},
        "command": ["pushlab", "compare"],
        "seed": 7,
    }
    return RunWriter.create(root, **{**settings, **more})


@pytest.fixture
def folder(tmp_path):
    writer = begin(tmp_path)
    writer.add_trial(record(), **ROWS)
    return writer.finish()


def test_the_folder_is_named_after_time_and_scenario(tmp_path):
    now = datetime(2026, 9, 20, 14, 30, tzinfo=UTC)
    writer = begin(tmp_path, scenario={"name": "../odd name/é"}, now=now)
    assert writer.path.name == f"20260920T143000Z-odd-name-{writer.id}"
    assert Run.load(writer.path).created_utc == "2026-09-20T14:30:00Z"


def test_what_was_written_comes_back(folder):
    run = Run.load(folder)
    assert (run.status, run.seed, list(run.cells)) == ("complete", 7, ["sse", "mqtt"])
    assert run.command == ["pushlab", "compare"]
    assert bare(run) == [record()]
    publishes, deliveries = run.publishes(run.trials[0]), run.deliveries(run.trials[0])
    assert publishes.seq.tolist() == [1, 0]
    assert publishes.sent_ns.tolist() == [11, 0]
    assert publishes.warmup.dtype == np.bool_
    assert deliveries.received_ns.tolist() == [15]
    table = run.table("publishes", run.trials[0])
    assert table["seq"].to_pylist() == [1, None]
    assert table["cell"].to_pylist() == ["sse", "sse"]
    assert pa.types.is_dictionary(table.schema.field("cell").type)


def test_a_run_keeps_what_its_transports_were(tmp_path):
    stranger = Profile(
        name="pigeon",
        title="Carrier pigeon",
        delivery="held-poll",
        greeting=("whistle", "seed"),
        timers=Timers(hold_s=7.5),
        wire=Wire(request_bytes=9),
        dashes=(2, 0.5),
    )
    writer = begin(tmp_path, cells=["birds", "never flown"])
    writer.add_trial(record(cell="birds", transport="pigeon", profile=stranger))
    run = Run.load(writer.finish())
    assert run.profiles["birds"] == run.trials[0].profile == stranger
    assert run.profiles["never flown"] == Profile(name="never flown", title="never flown")


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ([], "profiles must be dict, not list"),
        ({"sse": 3}, "profiles.sse: Expected `object`, got `int`"),
        (
            {"sse": {"timers": {"hold_s": "long"}}},
            "profiles.sse.timers.hold_s: Expected `float`, got `str`",
        ),
        ({"sse": {"delivery": "by air"}}, "profiles.sse.delivery: Invalid enum value 'by air'"),
        ({"sse": {"name": "sse", "timers": {"hold_s": -1}}}, "profiles.sse: sse: hold_s is -1"),
    ],
)
def test_a_damaged_profile_is_named(folder, wrong, where):
    document = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**document, "profiles": wrong}))
    with pytest.raises(RunError, match=where):
        Run.load(folder)


def test_an_older_run_gets_the_installed_transports_profiles_with_its_own_options(tmp_path):
    scenario = {
        "transports": [
            {"label": "seldom", "transport": "short-polling", "options": {"interval_s": 60.0}},
            {"label": "sure", "transport": "mqtt", "options": {"qos": 0}},
            {"label": "odd", "transport": "mqtt", "options": {"wings": 2}},
        ]
    }
    cells = ["seldom", "sure", "odd", "floor"]
    writer = begin(tmp_path, cells=cells, scenario=scenario)
    writer.add_trial(record(cell="sure", transport="mqtt", options={"qos": 2}))
    writer.add_trial(record(cell="floor", transport="null", floor=True, order=1))
    found = Run.load(writer.finish()).profiles
    assert found["seldom"].timers.interval_s == 60.0
    assert (found["sure"].acks, found["sure"].title) == (2, "MQTT")
    assert found["odd"] == Profile(name="mqtt", title="mqtt")
    assert (found["floor"].title, found["floor"].asks) == ("Harness floor", False)


counts = st.dictionaries(st.sampled_from(["connect", "ack", "poll-empty"]), st.integers(0, 10**9))
amounts = st.floats(0, 1e6, allow_nan=False)
records = st.builds(
    record,
    status=st.sampled_from(["ok", "failed", "interrupted"]),
    reason=st.none() | st.text(max_size=30),
    options=st.dictionaries(st.text(max_size=8), st.integers() | st.text() | st.booleans()),
    measure_start_ns=st.none() | st.integers(0, 2**62),
    marks=st.lists(st.text(max_size=8), max_size=3),
    floor=st.booleans(),
    server=st.none() | st.builds(ServerFigures, hits=counts, hits_all=counts, cpu_s=amounts),
    broker=st.none() | st.builds(BrokerFigures, kind=st.text(), cpu_s=st.none() | amounts),
    swarm=st.none() | st.builds(SwarmFigures, hits=counts, loop_lag_p99_s=amounts),
    publisher=st.none() | st.builds(PublisherFigures, scheduled=st.integers(0, 2**40)),
)


@given(records)
def test_a_trial_survives_json(trial):
    again = decode(TrialRecord, json.loads(json.dumps(trial.to_json())), "trial")
    assert again == trial


stamps = st.integers(1, 2**62)


@settings(max_examples=40)  # each writes and reads six files
@given(
    st.lists(
        st.tuples(st.integers(0, 2**31 - 1), st.none() | stamps, stamps, st.booleans()), max_size=20
    ),
    st.booleans(),
)
def test_rows_survive_parquet(tmp_path_factory, rows, as_numpy):
    channel, seq, intended, warmup = (
        (list(column) for column in zip(*rows, strict=True)) if rows else [[]] * 4
    )
    seqs = np.array([n or 0 for n in seq], np.int64) if as_numpy else seq
    writer = begin(tmp_path_factory.mktemp("rows"))
    publishes = {
        "channel": channel,
        "seq": seqs,
        "intended_ns": intended,
        "sent_ns": seqs,
        "accepted_ns": seqs,
        "held_ns": seqs,
        "status": [202] * len(rows),
        "warmup": warmup,
        "payload_bytes": [1] * len(rows),
    }
    writer.add_trial(record(), publishes=publishes)
    run = Run.load(writer.path)
    table = run.table("publishes", run.trials[0])
    assert table["seq"].to_pylist() == seq
    assert table["channel"].to_pylist() == channel
    assert table["intended_ns"].to_pylist() == intended
    assert run.publishes(run.trials[0]).warmup.tolist() == warmup
    assert len(run.deliveries(run.trials[0])) == 0


def test_a_run_that_is_killed_keeps_the_trials_that_ended(tmp_path):
    writer = begin(tmp_path)
    writer.add_trial(record(), **ROWS)
    (writer.path / "publishes" / "trial-001.parquet.partial").write_bytes(b"PAR1 cut o")
    (writer.path / "run.json.partial").write_text('{"schema_ver')
    run = Run.load(writer.path)
    assert run.status == "running"
    assert len(run.publishes(run.trials[0])) == 2


def test_leaving_early_marks_the_run_incomplete(tmp_path):
    with pytest.raises(KeyboardInterrupt), begin(tmp_path) as writer:
        raise KeyboardInterrupt
    assert Run.load(writer.path).status == "incomplete"
    with begin(tmp_path) as writer:
        writer.finish()
    assert Run.load(writer.path).status == "complete"


def test_a_failed_trial_needs_no_rows(tmp_path):
    writer = begin(tmp_path)
    writer.add_trial(record(status="failed", reason="the hub died"))
    run = Run.load(writer.path)
    assert run.trials[0].reason == "the hub died"
    assert len(run.publishes(run.trials[0])) == 0


@pytest.mark.parametrize(
    ("trial", "rows", "said"),
    [
        (record(cell="pigeon"), ROWS, "pigeon"),
        (record(order=1), ROWS, "written already"),
        (record(index=1), ROWS, "written already"),
        (record(index=1, order=1), {"deliveries": {"channel": [0]}}, "lack"),
        (
            record(index=1, order=1),
            {"deliveries": {**ROWS["deliveries"], "seq": [1, 2]}},
            "length",
        ),
        (record(index=1, order=1), {"deliveries": {**ROWS["deliveries"], "extra": [1]}}, "extra"),
        (
            record(index=1, order=1),
            {"deliveries": {**ROWS["deliveries"], "subscriber": ["x"]}},
            "subscriber",
        ),
        (
            record(index=1, order=1),
            {"deliveries": {**ROWS["deliveries"], "seq": [None]}},
            "seq",
        ),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(tmp_path, trial, rows, said):
    writer = begin(tmp_path)
    writer.add_trial(record(), **ROWS)
    with pytest.raises(UsageError, match=said):
        writer.add_trial(trial, **rows)
    assert len(Run.load(writer.path).trials) == 1


@pytest.mark.parametrize("cells", [[], ["sse", "sse"]])
def test_cells_need_different_labels(tmp_path, cells):
    with pytest.raises(UsageError):
        begin(tmp_path, cells)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be made"):
        begin(tmp_path / "file")


def test_a_summary_is_put_in_and_nothing_else_changed(folder):
    before = json.loads((folder / "run.json").read_text())
    write_summary(folder, {"transports": {}})
    after = json.loads((folder / "run.json").read_text())
    assert after.pop("summary")["transports"] == {}
    del before["summary"]
    assert after == before
    assert Run.load(folder).summary["transports"] == {}


def test_a_summary_that_was_edited_is_none(folder):
    write_summary(folder, {"transports": {}, "floor_s": 1.0})
    text = (folder / "run.json").read_text()
    (folder / "run.json").write_text(text.replace('"floor_s": 1.0', '"floor_s": 2.0'))
    assert Run.load(folder).summary is None


def test_nan_never_reaches_the_file(folder):
    before = (folder / "run.json").read_bytes()
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_summary(folder, {"mean": float("nan")})
    assert (folder / "run.json").read_bytes() == before


# ---- what is damaged ------------------------------------------------------------------------


def one_line(error):
    assert "\n" not in str(error.value)
    return str(error.value)


def test_no_such_folder(tmp_path):
    with pytest.raises(RunError) as error:
        Run.load(tmp_path / "nowhere")
    assert "nowhere" in one_line(error)


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(RunError) as error:
        Run.load(tmp_path)
    assert "run.json" in one_line(error)


@given(st.data())
def test_json_that_is_cut_off_anywhere(tmp_path_factory, data):
    root = tmp_path_factory.mktemp("cut")
    path = begin(root).finish()
    whole = (path / "run.json").read_bytes().rstrip()
    kept = data.draw(st.integers(0, len(whole) - 1))
    (path / "run.json").write_bytes(whole[:kept])
    with pytest.raises(RunError) as error:
        Run.load(path)
    assert "run.json" in one_line(error)


def test_json_that_is_not_text(folder):
    (folder / "run.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RunError, match=r"run\.json"):
        Run.load(folder)


def edit(folder, change):
    file = folder / "run.json"
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


def test_a_newer_schema_is_refused(folder):
    edit(folder, lambda d: d.update(schema_version=SCHEMA_VERSION + 1, trials="of another shape"))
    with pytest.raises(NewerSchema) as error:
        Run.load(folder)
    assert "newer" in one_line(error)
    with pytest.raises(NewerSchema):
        write_summary(folder, {})


@pytest.mark.parametrize("version", [None, 0, "1", True, 1.0])
def test_a_schema_version_that_is_none(folder, version):
    edit(folder, lambda d: d.update(schema_version=version))
    with pytest.raises(RunError, match="schema_version"):
        Run.load(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("seed"), "seed"),
        (lambda d: d.update(seed="seven"), "seed"),
        (lambda d: d.update(status="great"), "great"),
        (lambda d: d.update(summary=[]), "summary"),
        (lambda d: d.update(cells=["mqtt"]), "sse"),
        (lambda d: d["trials"][0].pop("clients"), r"trials\[0\].*clients"),
        (lambda d: d["trials"][0].update(clients=None), r"trials\[0\]\.clients"),
        (lambda d: d["trials"][0].update(status="so-so"), "so-so"),
        (lambda d: d["trials"][0].update(server={"hits": {"ack": "x"}}), r"server\.hits"),
        (lambda d: d["trials"].append(3), r"trials\[1\]"),
    ],
)
def test_what_is_wrong_in_json_is_named(folder, change, said):
    edit(folder, change)
    with pytest.raises(RunError, match=said) as error:
        Run.load(folder)
    one_line(error)


def test_keys_of_a_later_pushlab_are_passed_over(folder):
    def change(document):
        document["novelty"] = 1
        document["trials"][0]["novelty"] = {"a": [1]}

    edit(folder, change)
    assert bare(Run.load(folder)) == [record()]


def deliveries_file(folder):
    return folder / "deliveries" / "trial-000.parquet"


def load_deliveries(folder):
    run = Run.load(folder)
    return run.deliveries(run.trials[0])


def test_rows_that_are_missing(folder):
    deliveries_file(folder).unlink()
    with pytest.raises(RunError, match="missing") as error:
        load_deliveries(folder)
    assert "trial-000.parquet" in one_line(error)


@settings(max_examples=40)
@given(st.data())
def test_rows_that_are_cut_off_anywhere(tmp_path_factory, data):
    writer = begin(tmp_path_factory.mktemp("cut"))
    writer.add_trial(record(), **ROWS)
    file = deliveries_file(writer.path)
    whole = file.read_bytes()
    file.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(RunError) as error:
        load_deliveries(writer.path)
    assert "trial-000.parquet" in one_line(error)


def test_rows_without_a_column(folder):
    file = deliveries_file(folder)
    pq.write_table(pq.read_table(file).drop_columns(["seq"]), file)
    with pytest.raises(RunError, match="missing column seq"):
        load_deliveries(folder)


def test_rows_of_another_type(folder):
    file = deliveries_file(folder)
    table = pq.read_table(file)
    at = table.column_names.index("seq")
    pq.write_table(table.set_column(at, "seq", pa.array(["one"])), file)
    with pytest.raises(RunError, match="not readable"):
        load_deliveries(folder)


def test_a_column_of_a_later_pushlab_is_passed_over(folder):
    file = deliveries_file(folder)
    table = pq.read_table(file)
    pq.write_table(table.append_column("novelty", pa.array([1])), file)
    assert len(load_deliveries(folder)) == 1


# ---- finding runs ---------------------------------------------------------------------------


def test_the_latest_run(tmp_path):
    early = begin(tmp_path, now=datetime(2026, 1, 1, tzinfo=UTC)).path
    late = begin(tmp_path, now=datetime(2026, 1, 2, tzinfo=UTC)).path
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "run.json").write_text("{}")
    assert latest_run(tmp_path) == late
    (late / "run.json").unlink()
    assert latest_run(tmp_path) == early


def test_no_run_at_all(tmp_path):
    for root in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RunError, match="no run"):
            latest_run(root)


def test_all_rows_read_as_one_table(tmp_path):
    path = simulate(tmp_path, Cell("sse", "sse"), clients=4, per_channel=4, trials=2)
    table = pq.read_table(path / "deliveries")
    run = Run.load(path)
    assert len(table) == sum(len(run.deliveries(trial)) for trial in run.trials)
    assert set(table["trial"].to_pylist()) == {0, 1}
