"""`pushlab check` as a user and a CI job meet it."""

import json
import shutil

import pytest

from pushlab.analysis import summarise
from pushlab.runs import Run, write_summary
from tests.commands.calling import run
from tests.runs.simulated import Cell, simulate


def slo(*objectives):
    return [part for objective in objectives for part in ("--slo", objective)]


def test_met_objectives_exit_0(capsys, folder):
    status, out, err = run(capsys, "check", folder, *slo("sse.latency_s.p99<0.05", "sse.lost==0"))
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("met        sse.latency_s.p99<0.05  sse: latency_s.p99 is ")
    assert "ms (95 % interval" in lines[0]
    assert "2,000 samples" in lines[0]
    assert lines[1].startswith("met        sse.lost==0  sse: lost is 0")
    assert lines[2].startswith("2 of 2 met")


def test_a_broken_objective_exits_1_with_its_line(capsys, folder):
    status, out, _ = run(capsys, "check", folder, *slo("lost==0", "sse.p99<1us"))
    assert status == 1
    failed = [line for line in out.splitlines() if line.startswith("FAILED     ")]
    assert len(failed) == 2
    assert failed[0].startswith("FAILED     lost==0  websocket: lost is ")
    assert failed[1].startswith("FAILED     sse.p99<1us  sse: latency_s.p99 is ")
    assert out.splitlines()[-1].startswith("1 of 3 met, 2 failed: ")


def test_verdicts_as_json(capsys, folder):
    status, out, _ = run(capsys, "check", folder, "--json", *slo("lost<2%", "sse.p99<1us"))
    found = json.loads(out)
    assert (status, found["met"], found["status"]) == (1, False, "complete")
    assert found["answer"] == "failed"
    share, tail = found["objectives"][1], found["objectives"][2]
    assert (share["cell"], share["met"], share["unit"]) == ("websocket", True, "share")
    assert 0 < share["value"] < 0.02
    assert (tail["limit"], tail["unit"], tail["met"]) == (pytest.approx(1e-6), "s", False)
    assert tail["interval"][0] <= tail["value"] <= tail["interval"][1]


def test_objectives_from_a_file(capsys, folder, tmp_path):
    file = tmp_path / "slo.txt"
    file.write_text("# ours\n\nsse.p99<1s\n  p50<1s\n")
    status, out, _ = run(capsys, "check", folder, "--slo-file", file)
    assert status == 0
    assert "3 of 3 met" in out
    file.write_text("sse.p99<1s\nsse.p98<1s\n")
    status, out, err = run(capsys, "check", folder, "--slo-file", file)
    assert (status, out) == (2, "")
    assert "slo.txt, line 2" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["--slo"]),
        (slo("sse.p99"), ["sse.p99"]),
        (slo("sse.p99<1s", "pigeon.lost==0"), ["pigeon", "sse"]),
        (["--slo-file", "nowhere.txt"], ["nowhere.txt"]),
    ],
)
def test_what_cannot_be_checked_exits_2(capsys, folder, arguments, words):
    status, out, err = run(capsys, "check", folder, *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    for word in words:
        assert word in err


def test_what_spans_the_limit_is_not_known_and_exits_3(capsys, tmp_path):
    path = simulate(tmp_path, Cell("sse", "sse", delay_s=0.01, jitter_between_trials=0.4), trials=3)
    summary = summarise(Run.load(path)).cells["sse"]
    limit = f"sse.p50<{summary['latency_s.p50'] * 1.01:.6f}s"
    status, out, _ = run(capsys, "check", path, *slo(limit, "sse.lost==0"))
    assert status == 3
    assert out.startswith(f"not known  {limit}  sse: latency_s.p50 is ")
    assert "which spans the limit" in out
    assert out.splitlines()[-1].startswith("1 of 2 met, 1 not known: ")
    status, out, _ = run(capsys, "check", path, *slo(limit), "--json")
    found = json.loads(out)
    assert (status, found["answer"], found["met"]) == (3, "unknown", False)
    assert found["objectives"][0]["answer"] == "unknown"
    assert run(capsys, "check", path, *slo(limit, "sse.p50<1us"))[0] == 1


def test_too_few_trials_are_not_enough_for_met(capsys, tmp_path):
    path = simulate(tmp_path, Cell("sse", "sse"), trials=2)
    status, out, _ = run(capsys, "check", path, *slo("sse.p50<1s"))
    assert status == 3
    assert "needs about 1 more trial\n" in out


def test_a_run_that_was_stopped_is_not_known(capsys, tmp_path):
    path = simulate(tmp_path, Cell("sse", "sse"), trials=2, interrupt_after=1)
    status, out, _ = run(capsys, "check", path, *slo("sse.lost==0"))
    assert status == 3
    assert "met        sse.lost==0" in out  # nothing is wrong with what was measured
    assert "not known  the run is incomplete" in out


def test_a_summary_without_the_figure_is_made_anew(capsys, folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    summary = json.loads((copy / "run.json").read_text())["summary"]
    del summary["format"]  # as it was before summaries had one
    for cell in summary["transports"].values():
        del cell["latency_s"]["p95"]
    write_summary(copy, summary)
    status, out, _ = run(capsys, "check", copy, *slo("p95<1s"))
    assert status == 0, out
