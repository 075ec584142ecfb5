"""What deliveries may have waited for, from recorded looks at the processes that they passed."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pushlab.analysis import analyse, summarise
from pushlab.analysis.summary.disturbance import disturbances_of
from pushlab.analysis.summary.figure import CellTrials
from pushlab.analysis.summary.model import CellSummary
from pushlab.analysis.trials.stamps import StampErrors
from pushlab.runs import MachineFigures, Run, ShareFigures, share_name
from pushlab.runs.rows import SAMPLES, to_table
from tests.runs.simulated import STANDARD, Cell, simulate

SSE, POLL = STANDARD[2], STANDARD[0]
EVERY_S, CPU = 0.2, 0.05


def disturbed(
    root: Path,
    *cells: Cell,
    waited: float = 0.0,
    who: str = "hub",
    others: float = 0.0,
    stolen: float = 0.0,
    lag_ms: float = 0.0,
    shares: int = 0,
) -> dict[str, CellSummary]:
    """A run whose process `who` waited for so many seconds in each second, using `CPU` of a core.

    Args:
        others: the share of both cores that other programs used.
        stolen: CPU seconds that the host took in each second.
        lag_ms: the worst lag of the subscribers' event loop in each span.
        shares: of how many processes the swarm is, of which the first has no subscribers to speak
            of; 0: of one.
    """
    path = simulate(root, *cells, duration_s=5.0, trials=3)
    document = json.loads((path / "run.json").read_text())
    for trial in document["trials"]:
        span_s = trial["duration_s"]
        trial["machine"] = dataclasses.asdict(
            MachineFigures(
                cores=2,
                cpu_s=2 * others * span_s + 0.2,
                others_cpu_s=2 * others * span_s,
                stolen_s=stolen * span_s,
                waited_s={who: waited * span_s},
            )
        )
        trial["swarm"]["shares"] = [
            dataclasses.asdict(ShareFigures(number=at + 1, first=at and 1, clients=1))
            for at in range(shares)
        ]
        begin = trial["measure_start_ns"] - 10**9
        at = begin + (np.arange(40) * EVERY_S * 1e9).astype(np.int64)
        rows: dict[str, list[object]] = {name: [] for name in SAMPLES.names[2:]}
        for process in ("hub", "swarm", "publisher", *map(share_name, range(1, shares + 1))):
            seconds = (at - begin) / 1e9
            rows["process"] += [process] * len(at)
            rows["phase"] += ["measuring"] * len(at)
            rows["at_ns"] += at.tolist()
            rows["cpu_s"] += (1 + CPU * seconds).tolist()
            rows["rss_bytes"] += [1] * len(at)
            rows["open_descriptors"] += [1] * len(at)
            rows["loop_lag_ns"] += [int(lag_ms * 1e6) or 1] * len(at)
            waits = 1 + seconds * (waited if process == who else 0) * 1e9
            rows["waited_ns"] += waits.astype(np.int64).tolist()
        table = to_table(SAMPLES, rows, cell=trial["cell"], trial=trial["index"])
        pq.write_table(table, path / "samples" / f"trial-{trial['order']:03}.parquet")
    (path / "run.json").write_text(json.dumps(document))
    return dict(summarise(Run.load(path)).cells)


def test_a_hub_that_waits_as_long_as_it_runs_may_have_made_half_of_a_streams_latency(tmp_path):
    """As on two busy cores: the hub at 5 %, nobody at a limit, and no latency to be believed."""
    sse = disturbed(tmp_path, SSE, waited=CPU, others=0.9)["sse"]
    for figure in ("latency_s.p50", "latency_s.mean", "latency_s.p95"):
        assert any("the hub waited" in mark for mark in sse.marks_on(figure))
        ((_, size),) = (
            found for found in sse.marks_against(figure) if "the hub waited" in found[0].cause
        )
        assert size == pytest.approx(0.5 * (sse[figure] or 0), rel=0.1)


def test_a_delivery_waits_for_the_process_that_reads_it_and_for_no_other(tmp_path):
    """Of two processes the one that has all subscribers but one waits, or the other does."""
    found = {}
    for who in ("swarm 1", "swarm 2"):
        cell = disturbed(tmp_path / who, SSE, waited=CPU, who=who, others=0.9, shares=2)["sse"]
        found[who] = sum("the swarm was kept" in m for m in cell.marks_on("latency_s.p50"))
    assert found == {"swarm 1": 0, "swarm 2": 1}


def test_a_quiet_machine_marks_nothing(tmp_path):
    quiet = disturbed(tmp_path, SSE, POLL, waited=0.001, others=0.01, lag_ms=1.2)
    assert [cell.marks for cell in quiet.values()] == [[], []]


def test_a_poller_waits_for_its_own_polls_and_not_for_everybodys(tmp_path):
    """Its messages are under way for half a second, in which the hub answers a hundred others."""
    poll = disturbed(tmp_path, POLL, waited=CPU, others=0.9)["short-polling"]
    assert not poll.marks_on("latency_s.p50")
    assert poll.marks_on("latency_s.p50", effect=0.002)


def test_other_programs_make_cpu_time_dear(tmp_path):
    some = disturbed(tmp_path / "some", SSE, others=0.9)["sse"]
    (told,) = some.marks_on("cpu_s_per_delivery")
    assert told.startswith("busy-machine: other programs used 90% of the cores, up to")
    assert some.marks_on("cpu_share")
    assert not some.marks_on("hits_per_delivery")
    assert not disturbed(tmp_path / "few", SSE, others=0.1)["sse"].marks_on("cpu_share")


def test_a_host_that_steals_is_a_stall(tmp_path):
    sse = disturbed(tmp_path, SSE, stolen=0.2)["sse"]
    assert any(mark.startswith("stall:") for mark in sse.marks_on("cpu_s_per_delivery"))
    assert any(mark.startswith("stall:") for mark in sse.marks_on("latency_s.p50"))


def test_an_event_loop_that_stands_still_now_and_then_marks_the_tail(tmp_path):
    sse = disturbed(tmp_path, SSE, lag_ms=21)["sse"]  # a tenth of the time
    assert any("the swarm" in mark for mark in sse.marks_on("latency_s.p95"))
    assert not sse.marks_on("latency_s.p50")
    sizes = {mark.kind: mark.size("latency_s.mean") for mark in sse.disturbances}
    assert sizes["generator-bound"] == pytest.approx(0.02**2 / 2 / EVERY_S, rel=0.01)


def test_a_run_that_nobody_watched_has_the_publishers_delays_alone(tmp_path):
    path = simulate(tmp_path, SSE)
    (cell,) = summarise(Run.load(path)).cells.values()
    assert {mark.cause for mark in cell.disturbances} == {"the publisher sent late"}


def test_polls_that_were_skipped_mark_requests_and_latencies(tmp_path):
    """22,850 of 25,000 polls that were due were made, and nothing said so."""
    path = simulate(tmp_path, POLL, trials=1)
    document = json.loads((path / "run.json").read_text())
    document["trials"][0]["swarm"] |= {"polls_due": 25_000, "polls_skipped": 2_150}
    (path / "run.json").write_text(json.dumps(document))
    cell = summarise(Run.load(path)).cells["short-polling"]
    assert not cell.marks_on("hits_per_delivery")  # 9 % and no more
    document["trials"][0]["swarm"] |= {"polls_skipped": 3_000}
    (path / "run.json").write_text(json.dumps(document))
    cell = summarise(Run.load(path)).cells["short-polling"]
    for figure in ("hits_per_delivery", "hits_per_s", "latency_s.p50"):
        (told,) = cell.marks_on(figure)
        assert told.startswith("skipped-polls: 3,000 of 25,000 polls were skipped, up to ")


def test_what_the_kernel_stamped_stands_in_place_of_what_waiting_bounds(tmp_path):
    disturbed(tmp_path, SSE, waited=CPU, who="swarm", others=0.9)
    (run,) = (Run.load(path.parent) for path in tmp_path.glob("*/run.json"))
    good = analyse(run).cells["sse"].good
    stamps = StampErrors(late_s=np.full(20, 3e-4), latency_s=np.full(20, 1.4e-3))
    known = [dataclasses.replace(trial, stamps=stamps) for trial in good]
    bounded, stamped = (disturbances_of(CellTrials(trials)) for trials in (good, known))
    assert any("the swarm" in mark.cause and mark.size("latency_s.p50") for mark in bounded)
    assert not any("the swarm" in mark.cause and mark.size("latency_s.p50") for mark in stamped)
    (mark,) = (mark for mark in stamped if mark.kind == "stamp-error")
    assert mark.size("latency_s.p50") == pytest.approx(3e-4)
