"""`pushlab diff` as a user and a CI job meet it."""

import json
import re
import shutil

import pytest

from tests.commands.calling import run
from tests.runs.simulated import Cell, simulate


def test_a_run_and_its_copy_do_not_differ(capsys, folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    for other in (folder, copy):
        status, out, err = run(capsys, "diff", folder, other)
        assert (status, err) == (0, "")
        assert out.endswith("A and B are one run: no difference in anything.\n")


@pytest.mark.usefixtures("undrawn")
def test_memory_reads_as_in_a_check_and_in_the_report(capsys, folder):
    _, differed, _ = run(capsys, "diff", folder, folder, "--all")
    line = next(line for line in differed.splitlines() if "server_rss_bytes" in line)
    (told,) = set(re.findall(r"[\d.]+ MiB", line))
    asked = ("check", folder, "--slo", "server_rss_bytes<1GB")
    assert run(capsys, *asked)[1].count(f"server_rss_bytes is {told}") == 2
    run(capsys, "report", folder)
    assert told in (folder / "report.html").read_text()


def test_a_worsening_exits_1_and_fits_120_columns(capsys, folder, tmp_path):
    cells = [Cell("sse", "sse", delay_s=0.05), Cell("a cell with a rather long label", "sse")]
    other = simulate(tmp_path, *cells, clients=90, trials=3, seed=5)
    status, out, _ = run(capsys, "diff", folder, other, "--all")
    assert status == 1
    assert out.index("clients: 100 vs 90") < out.index("latency_s.p99")
    assert "websocket: in A only" in out
    assert "a cell with a rather long label: in B only" in out
    table = [line for line in out.splitlines() if line.startswith("sse ")]
    assert max(map(len, table)) <= 120
    (mean,) = [line for line in table if "latency_s.mean" in line]
    assert mean.split()[-1] == "worse"
    assert "no change" not in out.replace('is no "no change"', "")
    rows = [line for line in run(capsys, "diff", folder, other)[1].splitlines() if "sse " in line]
    assert rows
    assert not any(" same" in line for line in rows)
    status, out, _ = run(capsys, "diff", folder, other, "--json")
    found = json.loads(out)
    assert (status, found["answer"], found["only_a"]) == (1, "worse", ["websocket"])


def test_an_improvement_exits_0(capsys, tmp_path):
    paths = [simulate(tmp_path, Cell("sse", "sse", delay_s=slow), trials=3) for slow in (0.2, 0.1)]
    asked = ("--figure", "sse.mean", "--figure", "sse.bytes_per_delivery")
    status, out, _ = run(capsys, "diff", *paths, *asked)
    assert status == 0
    assert [line.split()[-1] for line in out.splitlines() if line.startswith("sse ")] == [
        "better",
        "%",
    ]
    assert "same within 10 %" in out
    assert "2 figures: 1 better, 1 the same." in out
    assert run(capsys, "diff", *paths[::-1], *asked)[0] == 1


def test_what_is_not_known_exits_3_and_says_what_would_tell(capsys, tmp_path):
    cell = Cell("sse", "sse", delay_s=0.05, jitter_between_trials=1.0)
    paths = [simulate(tmp_path, cell, trials=3, seed=seed) for seed in (1, 2)]
    status, out, _ = run(capsys, "diff", *paths, "--figure", "sse.mean", "--threshold", "20")
    assert status == 3
    (line,) = [line for line in out.splitlines() if "latency_s.mean" in line]
    assert line.rstrip().endswith("not known")
    assert "visible from" in out
    assert "1 figure: 1 not known." in out


def test_single_trials_tell_nothing(capsys, tmp_path):
    paths = [simulate(tmp_path, Cell("sse", "sse"), trials=1, seed=seed) for seed in (1, 2)]
    status, out, _ = run(capsys, "diff", *paths)
    assert status == 3
    assert "Not known, too few trials: sse hits_per_delivery" not in out  # 0 in both
    assert "Not known, too few trials: sse latency_s.p50" in out


@pytest.mark.parametrize("percent", ["-1", "0", "2000"])
def test_a_threshold_out_of_range_is_refused(capsys, folder, percent):
    status, _, err = run(capsys, "diff", folder, folder, "--threshold", percent)
    assert status == 2
    assert "--threshold" in err
