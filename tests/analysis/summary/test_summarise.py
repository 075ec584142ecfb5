"""The summary of a run: complete, clean for JSON, and honest about what went wrong."""

import dataclasses
import json

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pushlab.analysis import analyse, summarise
from pushlab.errors import RunError
from pushlab.runs import Run, RunWriter, write_summary
from tests.runs.simulated import FLOOR, STANDARD, Cell, simulate

PROMISED = {
    "hits",
    "hits_total",
    "hits_per_delivery",
    "expected",
    "delivered",
    "lost",
    "duplicated",
    "reordered",
    "latency_s",
    "publish_delay_s",
    "bytes_per_delivery",
    "server_cpu_s",
    "server_rss_bytes",
    "broker_cpu_s",
    "usd_per_month",
    "predicted",
}


def summary_of(path):
    summary = summarise(Run.load(path)).to_json()
    json.dumps(summary, allow_nan=False)
    return summary


@pytest.fixture(scope="module")
def standard(tmp_path_factory):
    path = simulate(tmp_path_factory.mktemp("runs"), *STANDARD, FLOOR, trials=3)
    return path, summary_of(path)


def test_the_five_transports(standard):
    path, summary = standard
    assert list(summary["transports"]) == [cell.label for cell in (*STANDARD, FLOOR)]
    for cell in summary["transports"].values():
        assert cell.keys() >= PROMISED
        assert cell["status"] == "ok"
        assert cell["trials"] == {"ok": 3, "failed": 0, "interrupted": 0}
        assert cell["expected"] == cell["delivered"] == 6000
        assert (cell["lost"], cell["duplicated"], cell["reordered"]) == (0, 0, 0)
        assert cell["latency_s"]["count"] == 6000
        assert cell["latency_s"]["publishes"] == 1200
        assert len(cell["latency_s"]["mean_ci"]) == 2
        assert cell["hits_total"] == sum(cell["hits"].values())
        assert len(cell["per_trial"]) == 3
    assert summary["caveats"] == []
    write_summary(path, summary)
    stored = dict(Run.load(path).summary)
    assert len(stored.pop("digest")) == 64
    assert stored == json.loads(json.dumps(summary))


def test_what_was_measured_meets_what_was_predicted(standard):
    cells = standard[1]["transports"]
    for name in ("short-polling", "long-polling", "mqtt"):
        assert cells[name]["hits_total"] == pytest.approx(cells[name]["predicted"]["hits"], rel=0.1)
    polling = cells["short-polling"]
    assert polling["latency_s"]["mean"] == pytest.approx(
        polling["predicted"]["mean_latency_s"], rel=0.1
    )
    assert cells["sse"]["predicted"]["hits"] == 0
    assert cells["sse"]["hits_setup"] == {"connect": 300}


def test_the_delay_of_the_predictions_is_the_floor(standard):
    summary = standard[1]
    floor = summary["transports"]["null"]["latency_s"]["mean"]
    assert summary["floor_s"] == pytest.approx(floor)
    assert summary["transports"]["sse"]["predicted"]["mean_latency_s"] == pytest.approx(floor)


def test_the_prediction_of_a_cell_is_the_mean_of_its_trials(tmp_path):
    path = simulate(tmp_path, STANDARD[1], FLOOR, arrivals="poisson", trials=3)
    each = [t.predicted.mean_latency_s for t in analyse(Run.load(path)).cells["long-polling"].all]
    assert len(set(each)) > 1  # random arrivals differ between trials
    predicted = summary_of(path)["transports"]["long-polling"]["predicted"]
    assert predicted["mean_latency_s"] == pytest.approx(sum(each) / 3)


def test_publishing_is_told_apart_from_delivering(standard):
    for cell in standard[1]["transports"].values():
        assert "publish" not in cell["hits"]
        assert cell["publish_hits"] == 1200


def test_which_packets_lie_in_the_window_is_the_clients_to_say(standard):
    cells = standard[1]["transports"]  # a broker tells late: in the window the hub knew of none
    assert cells["mqtt"]["hits_source"] == "server"
    assert cells["mqtt"]["hits"] == {"ack": 6000}
    assert cells["mqtt"]["broker_cpu_s"] > 0
    assert cells["sse"]["hits_source"] == "server"
    assert cells["sse"]["broker_cpu_s"] is None


def test_comparisons_go_from_lowest_to_highest_without_the_floor(standard):
    summary = standard[1]
    latency = summary["comparisons"]["latency_s"]
    assert latency["order"][-1] == "short-polling"
    assert "null" not in latency["order"]
    assert len(latency["pairs"]) == 10
    ends = next(p for p in latency["pairs"] if (p["low"], p["high"]) == ("sse", "short-polling"))
    assert ends["answer"] == "changed"
    assert not ends["withheld"]
    assert ends["ci"][0] <= ends["ratio"] <= ends["ci"][1]
    assert ends["ratio"] > 50
    assert "times as long" in summary["findings"]["1-latency"]
    assert "SSE and WebSocket need none" in summary["findings"]["2-hits"]


def test_differences_below_the_floor_are_no_claims(tmp_path):
    slow_floor = dataclasses.replace(FLOOR, delay_s=0.05)
    cells = [Cell("sse", "sse", delay_s=0.06), Cell("websocket", "websocket", delay_s=0.08)]
    cells.append(Cell("mqtt", "mqtt", delay_s=0.5))
    summary = summary_of(simulate(tmp_path, *cells, slow_floor, trials=3))
    found = {(p["low"], p["high"]): p for p in summary["comparisons"]["latency_s"]["pairs"]}
    assert list(found["sse", "websocket"]["withheld"]) == ["below the harness floor"]
    assert not found["websocket", "mqtt"]["withheld"]


def test_losses_stay_in_the_denominator(tmp_path):
    path = simulate(tmp_path, Cell("sse", "sse", loss=0.2))
    summary = summary_of(path)
    cell = summary["transports"]["sse"]
    assert cell["expected"] == 4000
    assert cell["delivered"] + cell["lost"] == 4000
    assert 600 < cell["lost"] < 1000
    assert any("lost" in caveat for caveat in summary["caveats"])


def test_a_failed_trial_stays_and_its_losses_too(tmp_path):
    reason = "the hub was killed by signal 9"
    summary = summary_of(simulate(tmp_path, Cell("sse", "sse", fail_once=reason), trials=3))
    cell = summary["transports"]["sse"]
    assert (cell["status"], cell["reason"]) == ("partly-failed", reason)
    assert cell["trials"] == {"ok": 2, "failed": 1, "interrupted": 0}
    assert cell["latency_s"]["count"] == 4000  # timed in the good trials alone
    assert 4000 < cell["expected"] < 6000  # owed in all
    assert cell["hits_per_delivery"] == 0
    assert [trial["status"] for trial in cell["per_trial"]] == ["ok", "failed", "ok"]
    assert any(reason in caveat for caveat in summary["caveats"])


def test_a_cell_that_failed_altogether(tmp_path):
    path = simulate(tmp_path, Cell("sse", "sse"), Cell("mqtt", "mqtt", fail="no broker"))
    cell = summary_of(path)["transports"]["mqtt"]
    assert (cell["status"], cell["reason"]) == ("failed", "no broker")
    assert cell["latency_s"]["mean"] is None
    assert cell["hits_per_delivery"] is None
    assert cell["server_cpu_s"] is None
    assert cell["usd_per_month"]["usd"] is None
    assert cell["delivered"] == 0


def test_a_run_that_was_stopped(tmp_path):
    path = simulate(tmp_path, Cell("sse", "sse"), Cell("mqtt", "mqtt"), interrupt_after=1)
    summary = summary_of(path)
    states = sorted(cell["status"] for cell in summary["transports"].values())
    assert states == ["not-run", "ok"]
    assert "not complete" in summary["caveats"][0]
    assert any("turn" in caveat for caveat in summary["caveats"])


def rewrite(path, change):
    """The same run with its first trial's record changed."""
    run = Run.load(path)
    writer = RunWriter.create(
        path.parent,
        scenario=run.scenario,
        cells=run.cells,
        environment=run.environment,
        command=run.command,
        seed=run.seed,
    )
    for i, trial in enumerate(run.trials):
        changed = change(trial) if i == 0 else trial
        rows = run.table("publishes", trial), run.table("deliveries", trial)
        writer.add_trial(changed, publishes=rows[0], deliveries=rows[1])
    return writer.finish()


def test_hits_that_server_and_clients_count_differently(tmp_path):
    path = simulate(tmp_path, STANDARD[0], trials=1)

    def change(trial):
        fewer = {**trial.swarm.hits, "poll-useful": trial.swarm.hits["poll-useful"] - 201}
        return dataclasses.replace(trial, swarm=dataclasses.replace(trial.swarm, hits=fewer))

    caveats = summary_of(rewrite(path, change))["caveats"]
    assert any(c.startswith("Error: short-polling") and "poll-useful" in c for c in caveats)


@pytest.mark.parametrize(("missing", "told"), [(0, False), (1, True)])
def test_counts_over_the_whole_trial_must_agree_exactly(tmp_path, missing, told):
    path = simulate(tmp_path, STANDARD[0], trials=1)

    def change(trial):
        server = dataclasses.replace(trial.server, hits_all={"poll-empty": 900, "publish": 7})
        swarm = dataclasses.replace(trial.swarm, hits_all={"poll-empty": 900 - missing})
        return dataclasses.replace(trial, server=server, swarm=swarm)

    caveats = summary_of(rewrite(path, change))["caveats"]
    assert any("do not agree" in caveat for caveat in caveats) == told


def test_what_the_clients_dropped_as_repeated_is_reported(tmp_path):
    path = simulate(tmp_path, STANDARD[4], trials=1)

    def change(trial):
        return dataclasses.replace(trial, swarm=dataclasses.replace(trial.swarm, duplicated=3))

    summary = summary_of(rewrite(path, change))
    assert summary["transports"]["mqtt"]["duplicated"] == 3
    assert any("twice" in caveat for caveat in summary["caveats"])


def test_unstable_trials_are_named(tmp_path):
    cell = Cell("mqtt", "mqtt", delay_s=0.01, jitter_between_trials=0.8)
    summary = summary_of(simulate(tmp_path, cell, trials=3))
    assert summary["transports"]["mqtt"]["unstable"] == ["latency_s"]
    assert "Unstable between trials: mqtt (latency)." in summary["caveats"]


def test_marks_come_through(tmp_path):
    cell = Cell("sse", "sse", marks=("generator-bound",))
    summary = summary_of(simulate(tmp_path, cell))
    assert summary["transports"]["sse"]["marks"] == ["generator-bound"]
    assert any("generator-bound" in caveat for caveat in summary["caveats"])


def test_a_cause_is_named_once_with_its_worst_figure(tmp_path):
    late = "publisher's event loop late by {} ms"
    each = [
        ("generator-bound", late.format(92), "hub at 85% of a core"),
        ("generator-bound", late.format("1,033"), "hub at 85% of a core"),
        ("generator-bound", late.format(55), "swarm has 900 of 1,000 descriptors"),
    ]
    path = simulate(tmp_path, Cell("sse", "sse"), trials=len(each))
    document = json.loads((path / "run.json").read_text())
    for trial in document["trials"]:
        trial["marks"] = each[trial["index"]]
    (path / "run.json").write_text(json.dumps(document))
    summary = summary_of(path)
    sse = summary["transports"]["sse"]
    assert sse["marks"] == ["generator-bound", "hub at 85% of a core (2 trials)"]
    assert sse["marked"]["latency_s.p50"] == [
        "generator-bound: publisher's event loop late by up to 1,033 ms (3 trials)",
        "generator-bound: swarm has 900 of 1,000 descriptors (1 trial)",
    ]
    (told,) = [caveat for caveat in summary["caveats"] if "event loop" in caveat]
    assert told.count("event loop") == 1


def test_a_cause_in_the_only_trial_stays_as_it_is(tmp_path):
    marks = ["generator-bound", "swarm at 91% of a core"]
    summary = summary_of(simulate(tmp_path, Cell("sse", "sse", marks=tuple(marks)), trials=1))
    sse = summary["transports"]["sse"]
    assert sse["marked"]["latency_s.mean"] == [": ".join(marks)]


def late_by(path, delay_s):
    """The same run with every message sent so late, and therefore received so late."""

    def later(table, *columns):
        for name in columns:
            at = table.column_names.index(name)
            moved = pc.add(table[name], int(delay_s * 1e9))
            table = table.set_column(at, table.schema.field(name), moved)
        return table

    run = Run.load(path)
    for trial in run.trials:
        for kind, columns in (
            ("publishes", ("sent_ns", "accepted_ns")),
            ("deliveries", ("received_ns",)),
        ):
            file = path / kind / f"trial-{trial.order:03}.parquet"
            pq.write_table(later(pq.read_table(file), *columns), file)
    return path


@pytest.mark.parametrize(("delay_s", "marked"), [(0.01, {"sse"}), (0.2, {"sse", "short-polling"})])
def test_a_late_publisher_marks_what_it_could_have_made_a_tenth_of(tmp_path, delay_s, marked):
    path = late_by(simulate(tmp_path, STANDARD[0], STANDARD[2]), delay_s)
    summary = summary_of(path)
    for name, cell in summary["transports"].items():
        assert ("generator-bound" in cell["marks"]) == (name in marked)
        assert ("latency_s.p50" in cell["marked"]) == (name in marked)
    assert any(c.startswith("sse: ") and "sent late" in c for c in summary["caveats"])


def test_damaged_rows_are_told_by_name(tmp_path):
    path = simulate(tmp_path, Cell("sse", "sse"), trials=1)
    (path / "deliveries" / "trial-000.parquet").write_bytes(b"PAR1")
    with pytest.raises(RunError, match=r"trial-000\.parquet"):
        summary_of(path)
