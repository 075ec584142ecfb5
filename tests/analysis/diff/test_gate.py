"""A gate of two runs: what fails, what passes, and what allows neither."""

import dataclasses
import json
import math
import shutil

import pytest

from pushlab.analysis.diff.gate import Question, gate_runs, judge
from pushlab.analysis.slo.subject import parse_subject
from pushlab.analysis.stats.intervals import LOOKED_AGAIN
from pushlab.analysis.summary.model import CellSummary
from pushlab.errors import UsageError
from pushlab.runs import Run
from tests.runs.simulated import Cell, simulate

SSE = Cell("sse", "sse", delay_s=0.1)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("base"), SSE, trials=4)


def gate(base, new, *figures, worse=0.2):
    subjects = [parse_subject(text) for text in figures or ("sse.mean",)]
    return gate_runs(Run.load(base), Run.load(new), subjects, [worse] * len(subjects))


@pytest.mark.parametrize(("change", "answer"), [(1.0, "pass"), (1.3, "fail"), (0.6, "pass")])
def test_a_program_is_told_from_a_slower_one(base, tmp_path, change, answer):
    cell = dataclasses.replace(SSE, delay_s=0.1 * change)
    found = gate(base, simulate(tmp_path, cell, trials=4, seed=1))
    assert found.outcome == answer
    (one,) = found.figures
    assert one.ratio == pytest.approx(change, rel=0.1)
    assert one.interval[0] < one.ratio < one.interval[1]
    assert one.new / one.base == pytest.approx(one.ratio)


def test_too_few_trials_say_how_many_would_tell(tmp_path):
    cell = dataclasses.replace(SSE, jitter_between_trials=0.2)
    paths = [simulate(tmp_path, cell, trials=3, seed=seed) for seed in (1, 2)]
    found = gate(*paths)
    assert found.outcome == "inconclusive"
    assert found.figures[0].needed > 3
    assert not found.figures[0].why


def test_a_single_trial_tells_nothing(tmp_path):
    paths = [simulate(tmp_path, SSE, trials=1, seed=seed) for seed in (1, 2)]
    (one,) = gate(*paths).figures
    assert (one.outcome, one.interval) == ("inconclusive", None)
    assert "single trial" in one.why


def test_runs_that_ended_when_their_intervals_were_narrow_are_not_taken_at_their_word(
    base, tmp_path
):
    for name, looks in (("once", 1), ("again", 2)):
        shutil.copytree(base, tmp_path / name)
        head = tmp_path / name / "run.json"
        told = json.loads(head.read_text())
        head.write_text(json.dumps({**told, "until": {"known": True, "looks": looks}}))
    (once,), (again,) = (
        gate(tmp_path / name, tmp_path / "once").figures for name in ("once", "again")
    )
    (low, high), (lower, higher) = once.interval, again.interval
    assert math.log(higher / lower) == pytest.approx(LOOKED_AGAIN * math.log(high / low))


def test_several_figures_share_the_chance_of_error(base):
    one, two = gate(base, base, "sse.mean", "sse.p50").figures
    assert one.chance == two.chance == pytest.approx(gate(base, base).figures[0].chance / 2)
    assert len(gate(base, base, "sse.mean", "*.mean").figures) == 1  # asked twice, once answered


@pytest.mark.parametrize(
    ("cell", "more", "why"),
    [
        (dataclasses.replace(SSE, fail_once="the hub was killed"), {}, "1 of its trials failed"),
        (SSE, {"interrupt_after": 3}, "the run is incomplete"),
    ],
)
def test_what_did_not_end_well_allows_no_answer(base, tmp_path, cell, more, why):
    new = simulate(tmp_path, cell, trials=4, **more)
    (one,) = gate(base, new).figures
    assert (one.outcome, one.needed) == ("inconclusive", None)
    assert one.why.startswith("NEW: ")
    assert why in one.why
    assert "BASE: " in gate(new, base).figures[0].why


@pytest.mark.parametrize("side", ["BASE", "NEW"])
def test_a_mark_on_either_side_allows_neither_pass_nor_fail(base, tmp_path, monkeypatch, side):
    asked = []

    def marks_on(self, figure, effect=None):
        asked.append((figure, effect))
        is_base = self["latency_s.mean"] < 0.15
        return ["busy-machine: so it was"] if is_base == (side == "BASE") else []

    monkeypatch.setattr(CellSummary, "marks_on", marks_on)
    cell = dataclasses.replace(SSE, delay_s=0.2)
    (one,) = gate(base, simulate(tmp_path, cell, trials=4, seed=1)).figures
    assert (one.outcome, one.why) == ("inconclusive", f"{side}: busy-machine: so it was")
    assert asked[-1] == ("latency_s.mean", pytest.approx(one.new - one.base))  # what is seen


def test_marks_are_held_against_what_is_to_be_told_where_less_is_seen(base, monkeypatch):
    asked = []
    monkeypatch.setattr(CellSummary, "marks_on", lambda *told: asked.append(told[1:]) or [])
    (one,) = gate(base, base).figures
    assert asked[-1] == ("latency_s.mean", pytest.approx(0.2 * one.base))


def test_clocks_that_could_have_made_a_tenth_of_it_allow_no_answer(base, tmp_path):
    """What matters is 20 % of 100 ms: a bound of 1 ms leaves that open by a twentieth."""
    near, far = (dataclasses.replace(SSE, clock_bound_s=bound_s) for bound_s in (0.001, 0.003))
    assert gate(base, simulate(tmp_path / "near", near, trials=4)).outcome == "pass"
    (one,) = gate(base, simulate(tmp_path / "far", far, trials=4)).figures
    assert (one.outcome, one.why) == ("inconclusive", "NEW: its clocks are known to ± 3.00 ms")


def test_latencies_below_the_harness_floor_allow_no_answer_and_bytes_do(base, tmp_path):
    cells = [SSE, Cell("null", "null", delay_s=0.5, floor=True)]
    new = simulate(tmp_path, *cells, trials=4)
    (one,) = gate(base, new).figures
    assert (one.outcome, one.why.startswith("NEW: void: the harness")) == ("inconclusive", True)
    assert gate(base, new, "sse.bytes_per_delivery").outcome == "pass"


def test_what_has_no_interval_in_its_own_run_has_no_answer_here(tmp_path):
    """As `diff` says of them: few publishes behind many deliveries, and a tail of three trials."""
    shared = simulate(tmp_path, SSE, trials=5, per_channel=100, rate=1.0, duration_s=4.0)
    (one,) = gate(shared, shared).figures
    assert (one.outcome, one.needed) == ("inconclusive", None)
    assert one.why == "too few samples: each run needs 200 publishes"
    three = simulate(tmp_path, SSE, trials=3)
    (one,) = gate(three, three, "sse.p95").figures
    assert (one.outcome, one.needed, one.why) == ("inconclusive", 5, "")


def test_two_trials_that_agree_to_the_last_digit_are_not_enough():
    found = ask([84.0, 84.0], [84.0, 84.0])
    assert (found.outcome, found.needed) == ("inconclusive", 3)
    assert ask([84.0] * 3, [84.0] * 3).outcome == "pass"


def test_latencies_below_zero_are_no_pass():
    assert ask([-0.001] * 3, [-0.0001] * 3).outcome == "inconclusive"


def test_another_machine_allows_no_answer(base, tmp_path):
    other = shutil.copytree(base, tmp_path / "other")
    text = (other / "run.json").read_text()
    (other / "run.json").write_text(text.replace("2.4 GHz", "3.8 GHz"))
    (one,) = gate(base, other).figures
    assert (one.outcome, "3.8 GHz" in one.why) == ("inconclusive", True)


def test_other_work_is_refused(base, tmp_path):
    other = simulate(tmp_path, SSE, clients=50, trials=4)
    with pytest.raises(UsageError, match="clients: 100 vs 50"):
        gate(base, other)


def test_another_seed_and_a_key_that_only_one_version_knows_are_the_same_work(base, tmp_path):
    other = shutil.copytree(base, tmp_path / "other")
    document = json.loads((other / "run.json").read_text())
    document["scenario"] |= {"seed": 9, "brand_new": 3}
    (other / "run.json").write_text(json.dumps(document))
    assert gate(base, other).outcome == "pass"


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        ("mqtt.mean", "no cell 'mqtt'"),
        ("sse.lost", "a count or a sum"),
        ("sse.hits_per_s", "made of other figures"),
        ("sse.nothing", "unknown figure"),
    ],
)
def test_what_no_gate_judges_is_refused(base, figure, told):
    with pytest.raises(UsageError, match=told):
        gate(base, base, figure)


def ask(base, new, figure="latency_s.mean"):
    return judge(Question("sse", figure, 0.2), base, new)


def test_a_figure_of_zero_has_no_ratio():
    assert ask([0.0, 0.0], [0.0, 0.0]).outcome == "pass"
    assert "0 or less in some trials" in ask([0.0, 0.0, 0.0], [0.0, 0.1, 0.2]).why
    assert "NEW has no" in ask([1.0, 1.1], []).why


def test_where_more_is_better_less_is_worse():
    more, less = [30.0, 30.1, 29.9], [20.0, 20.1, 19.9]
    assert ask(more, less, "connect_storm.connects_per_s").outcome == "fail"
    found = ask(less, more, "connect_storm.connects_per_s")
    assert (found.outcome, found.ratio) == ("pass", pytest.approx(1.5, rel=0.01))
    assert found.interval[0] < 1.5 < found.interval[1]
    assert ask(less, more).outcome == "fail"
