"""What a run of several hosts says of its clocks: with its figures, and in what it claims."""

from dataclasses import replace
from pathlib import Path

import pytest

from pushlab.analysis import analyse
from pushlab.analysis.trials.clocks import latency_bound_s
from pushlab.charts.report.page import write_report
from pushlab.charts.view import view_of
from pushlab.commands.terminal import run_table
from pushlab.runs import ClockFigures, RemoteClock, Run
from tests.runs.simulated import Cell, simulate

SSE = Cell("sse", "sse", delay_s=0.0010, clock_bound_s=0.000018)
WEBSOCKET = Cell("websocket", "websocket", delay_s=0.0016, clock_bound_s=0.000020)
HERE = Cell("sse here", "sse", delay_s=0.0010)


def test_the_worst_of_the_swarm_counts_and_pages_come_on_top(tmp_path: Path) -> None:
    run = Run.load(simulate(tmp_path, SSE, HERE, trials=1))
    of_hosts, of_one = (run.trials_of(cell)[0] for cell in ("sse", "sse here"))
    assert latency_bound_s(of_one) is None
    assert latency_bound_s(of_hosts) == pytest.approx(18e-6)  # the hub's is wider
    clock = RemoteClock(process="swarm 2", offset_ns=1, drift_ppm=0, bound_ns=50_000, exchanges=9)
    of_hosts.remote_clocks.append(clock)
    assert latency_bound_s(of_hosts) == pytest.approx(50e-6)
    object.__setattr__(of_hosts, "clocks", ClockFigures(bound_ns=[7_000, 5_000]))
    assert latency_bound_s(of_hosts) == pytest.approx(57e-6)


def test_the_bound_stands_in_table_report_and_remarks(tmp_path: Path) -> None:
    run = Run.load(simulate(tmp_path, SSE, WEBSOCKET, trials=4))
    analysis = analyse(run)
    summary = analysis.summary
    assert summary.cells["sse"]["clock_bound_s"] == pytest.approx(18e-6)
    told = next(each for each in summary.caveats if "known to within" in each)
    assert told.startswith("Latencies are known to within: sse ± 18.0 µs, websocket ± 20.0 µs.")
    assert "before, during and after each trial" in told
    table = run_table(summary.cells)
    place = [column.words for column in table.columns].index("latency known to ±")
    assert [row.cells[place].value for row in table.rows] == pytest.approx([18e-6, 20e-6])
    page = write_report(view_of(analysis), tmp_path / "page.html", scenario_toml="").read_text()
    assert "± 18.0 µs" in page


def test_of_one_machine_nothing_is_said(tmp_path: Path) -> None:
    summary = analyse(Run.load(simulate(tmp_path, HERE, trials=2))).summary
    assert "known to" not in " ".join(summary.caveats)
    words = [column.words for column in run_table(summary.cells).columns]
    assert not any("±" in each for each in words)


def test_a_difference_below_both_bounds_is_not_ranked(tmp_path: Path) -> None:
    near = analyse(Run.load(simulate(tmp_path / "near", SSE, WEBSOCKET, trials=6))).summary
    assert near.rankings["latency_s"].less("sse", "websocket")
    wide = [replace(cell, clock_bound_s=0.00035) for cell in (SSE, WEBSOCKET)]  # of 600 µs
    far = analyse(Run.load(simulate(tmp_path / "far", *wide, trials=6))).summary
    pair = far.rankings["latency_s"].of("sse", "websocket")
    assert pair is not None
    assert not pair.claimed
    assert "700 µs" in pair.missing
    assert "SSE delivers in" not in far.findings["1-latency"]


def test_a_step_is_named_and_nothing_is_ranked_by_it(tmp_path: Path) -> None:
    stepped = replace(SSE, clock_step_s=3.0)
    summary = analyse(Run.load(simulate(tmp_path, stepped, WEBSOCKET, trials=4))).summary
    told = next(each for each in summary.caveats if "jumped" in each)
    assert told.startswith("sse, trial 1: the clock of the swarm jumped beside the publisher's")
    assert "3.00 s" in told
    pair = summary.rankings["latency_s"].of("sse", "websocket")
    assert pair is not None
    assert not pair.claimed
