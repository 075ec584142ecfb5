"""Two runs: what changed, what is the same, and what these trials cannot tell."""

import dataclasses
import json
import shutil

import pytest

from pushlab.analysis.diff.difference import compare_runs
from pushlab.analysis.slo.subject import parse_subject
from pushlab.errors import UsageError
from pushlab.runs import Run
from tests.runs.simulated import STANDARD, Cell, at, simulate


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("a"), *STANDARD, trials=3)


def difference(a, b, *figures, **how):
    subjects = [parse_subject(text) for text in figures]
    return compare_runs(Run.load(a), Run.load(b), subjects=subjects, **how)


def answered(found, answer):
    return {(c.cell, c.figure) for c in found.changes if c.answer == answer}


@pytest.mark.parametrize("trials", [1, 3])
def test_a_run_and_its_copy_are_the_same(tmp_path, trials):
    path = simulate(tmp_path, *STANDARD, trials=trials)
    found = difference(path, shutil.copytree(path, tmp_path / "copy"))
    assert (found.answer, found.one_run) == ("same", True)
    assert {change.answer for change in found.changes} == {"same"}
    assert (found.work, found.setting) == ([], [])


def test_another_run_of_the_same_work_is_the_same_or_not_known(base, tmp_path):
    found = difference(base, simulate(tmp_path, *STANDARD, trials=3, seed=2))
    assert answered(found, "worse") == answered(found, "better") == set()
    assert found.trials["sse"] == (3, 3)
    assert ("sse", "bytes_per_delivery") in answered(found, "same")


def test_a_cell_of_another_server_is_asked_about_by_its_label(tmp_path):
    cells = [STANDARD[2], *at("staging.example", STANDARD[2])]
    paths = [simulate(tmp_path, *cells, trials=3, clients=20, seed=seed) for seed in (1, 2)]
    for asked in ("sse on staging.example.bytes_per_delivery", "* on *.bytes_per_delivery"):
        (one,) = difference(*paths, asked).changes
        assert (one.cell, one.figure) == ("sse on staging.example", "bytes_per_delivery")
    found = difference(*paths, "*.bytes_per_delivery").changes
    assert [one.cell for one in found] == ["sse", "sse on staging.example"]


def test_the_same_label_on_another_server_is_another_work(tmp_path):
    mine = [Cell("feed", "sse", system=system) for system in ("mine", "yours")]
    paths = [simulate(tmp_path, cell, trials=1, clients=10) for cell in mine]
    assert difference(*paths).work == ["feed: system: mine vs yours"]


def test_what_three_trials_cannot_tell_is_not_called_the_same(tmp_path):
    cell = Cell("sse", "sse", delay_s=0.05, jitter_between_trials=1.0)
    paths = [simulate(tmp_path, cell, trials=3, seed=seed) for seed in (1, 2)]
    found = difference(*paths, "sse.mean")
    (one,) = found.changes
    assert (found.answer, one.answer) == ("unknown", "unknown")
    assert one.interval[1] > 1.5
    assert one.detectable > 0.5
    assert one.needed > 3


def test_a_single_trial_is_not_called_the_same(tmp_path):
    paths = [simulate(tmp_path, Cell("sse", "sse"), trials=1, seed=seed) for seed in (1, 2)]
    found = difference(*paths)
    assert found.answer == "unknown"
    assert {c.why for c in found.changes if c.answer == "unknown"} >= {"too few trials"}


@pytest.mark.parametrize(("scale", "answer"), [(9.0, "worse"), (1 / 9, "better")])
def test_a_slower_transport_is_found_and_named(base, tmp_path, scale, answer):
    cells = [
        dataclasses.replace(cell, delay_s=cell.delay_s * scale) if cell.label == "sse" else cell
        for cell in STANDARD
    ]
    found = difference(base, simulate(tmp_path, *cells, trials=3, seed=2), "*.mean", "*.p50")
    assert answered(found, answer) == {("sse", f"latency_s.{x}") for x in ("mean", "p50")}
    (mean,) = [c for c in found.changes if (c.cell, c.figure) == ("sse", "latency_s.mean")]
    assert mean.ratio == pytest.approx(mean.b / mean.a)
    assert mean.interval[0] < mean.ratio < mean.interval[1]


def test_the_fewer_figures_are_asked_about_the_more_is_known(base, tmp_path):
    other = simulate(tmp_path, *STANDARD, trials=3, seed=2)
    (alone,) = difference(base, other, "websocket.cpu_s_per_delivery").changes
    many = difference(base, other)
    asked = ("websocket", "cpu_s_per_delivery")
    (among,) = [c for c in many.changes if (c.cell, c.figure) == asked]
    assert alone.interval[0] > among.interval[0]
    assert alone.interval[1] < among.interval[1]
    assert alone.detectable < among.detectable


@pytest.mark.parametrize("side", ["A", "B"])
def test_a_mark_on_either_side_makes_it_not_known(base, tmp_path, monkeypatch, side):
    def marks_on(summary, cell, *_):
        is_a = summary.cells[cell]["latency_s.mean"] < 0.01
        return ["stall: so it was"] if is_a == (side == "A") else []

    monkeypatch.setattr("pushlab.analysis.diff.difference.marks_on", marks_on)
    cells = [dataclasses.replace(STANDARD[2], delay_s=0.1)]
    (one,) = difference(base, simulate(tmp_path, *cells, trials=3), "sse.mean").changes
    assert (one.answer, one.why) == ("unknown", f"{side}: stall: so it was")


SLOW = Cell("sse", "sse", delay_s=0.1)  # of which late sends are nothing


@pytest.mark.parametrize(
    ("cells", "more", "why"),
    [
        ([SLOW, Cell("null", "null", delay_s=0.5, floor=True)], {}, "B: void: the harness"),
        ([dataclasses.replace(SLOW, fail_once="killed")], {}, "B: 1 of its trials failed"),
        ([SLOW], {"interrupt_after": 4}, "B: the run is incomplete"),
    ],
)
def test_what_allows_no_answer_in_a_gate_allows_none_here(tmp_path, cells, more, why):
    before = simulate(tmp_path, SLOW, trials=5)
    (one,) = difference(before, simulate(tmp_path, *cells, trials=5, **more), "sse.mean").changes
    assert (one.answer, one.why.startswith(why)) == ("unknown", True)


def test_a_figure_that_is_not_there_is_not_known(base, tmp_path):
    few = simulate(tmp_path, Cell("sse", "sse"), clients=2, rate=0.2, trials=3)
    (one,) = difference(base, few, "sse.p99").changes
    assert (one.answer, one.b, one.why) == ("unknown", None, "not measured")


@pytest.mark.parametrize("figure", ["sse.sent", "sse.hits_per_s", "gopher.p99"])
def test_a_figure_that_cannot_be_compared_is_refused(base, figure):
    with pytest.raises(UsageError):
        difference(base, base, figure)


def test_losses_and_failures_are_counted_exactly(base, tmp_path):
    cells = [
        Cell("sse", "sse", delay_s=0.0011, loss=0.01),
        Cell("websocket", "websocket", delay_s=0.0013, fail_once="the hub was killed"),
        Cell("new", "sse"),
    ]
    found = difference(base, simulate(tmp_path, *cells, trials=3))
    assert found.answer == "worse"
    assert {("sse", "lost"), ("websocket", "trials.failed")} <= answered(found, "worse")
    assert found.only_a == ["short-polling", "long-polling", "mqtt"]
    assert found.only_b == ["new"]


def test_a_cell_that_b_lacks_is_not_known_unless_another_is_asked_about(base, tmp_path):
    other = simulate(tmp_path, STANDARD[2], trials=3)
    assert difference(base, other, "mqtt.lost").answer == "unknown"
    assert difference(base, other, "sse.lost").answer == "same"


def test_fewer_losses_are_better(base, tmp_path):
    losing = simulate(tmp_path, dataclasses.replace(STANDARD[2], loss=0.01), trials=3)
    assert difference(losing, base, "sse.lost").answer == "better"


def test_other_work_is_told(base, tmp_path):
    cells = [dataclasses.replace(STANDARD[0], options={"interval_s": 2.0})]
    found = difference(base, simulate(tmp_path, *cells, clients=50, trials=2))
    assert "clients: 100 vs 50" in found.work
    assert "short-polling: interval_s: 1.0 vs 2.0" in found.work
    assert found.changes


def test_another_machine_is_told(base, tmp_path):
    other = shutil.copytree(base, tmp_path / "other")
    text = (other / "run.json").read_text()
    (other / "run.json").write_text(text.replace("2.4 GHz", "3.8 GHz"))
    (line,) = difference(base, other).setting
    assert line == "processor: Simulated CPU at 2.4 GHz vs Simulated CPU at 3.8 GHz"


@pytest.mark.parametrize(("load", "told"), [(0.9, False), (1.1, True)])
def test_a_machine_that_was_busy_already_is_told(base, tmp_path, load, told):
    other = shutil.copytree(base, tmp_path / "other")
    document = json.loads((other / "run.json").read_text())
    document["environment"]["load"] = [0.1, 0.1, 0.1]
    (base / "run.json").write_text(json.dumps(document))
    document["environment"]["load"] = [load, 0.1, 0.1]
    document["id"] = "later"
    (other / "run.json").write_text(json.dumps(document))
    assert bool([x for x in difference(base, other).setting if x.startswith("load: ")]) == told
