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
        assert "No change in" in out
        assert "changed" not in out


@pytest.mark.usefixtures("undrawn")
def test_memory_reads_as_in_a_check_and_in_the_report(capsys, folder):
    _, differed, _ = run(capsys, "diff", folder, folder, "--all")
    line = next(line for line in differed.splitlines() if "server_rss_bytes" in line)
    (told,) = set(re.findall(r"[\d.]+ MiB", line))
    asked = ("check", folder, "--slo", "server_rss_bytes<1GB")
    assert run(capsys, *asked)[1].count(f"server_rss_bytes is {told}") == 2
    run(capsys, "report", folder)
    assert told in (folder / "report.html").read_text()


def test_a_change_exits_1_and_fits_100_columns(capsys, folder, tmp_path):
    cells = [Cell("sse", "sse", delay_s=0.05), Cell("a cell with a rather long label", "sse")]
    other = simulate(tmp_path, *cells, clients=90, trials=3, seed=5)
    status, out, _ = run(capsys, "diff", folder, other, "--all")
    assert status == 1
    assert out.index("clients: 100 vs 90") < out.index("latency_s.p99")
    assert "websocket: in A only" in out
    assert "a cell with a rather long label: in B only" in out
    table = [line for line in out.splitlines() if not line.startswith(("A: ", "B: "))]
    assert max(map(len, table)) <= 100
    (tail,) = [line for line in table if "latency_s.p99" in line]
    assert tail.split()[-1] == "changed"
    assert "no change" in out
    assert "no change" not in run(capsys, "diff", folder, other)[1]
    status, out, _ = run(capsys, "diff", folder, other, "--json")
    found = json.loads(out)
    assert (status, found["changed"], found["only_a"]) == (1, True, ["websocket"])


def test_what_is_too_noisy_to_judge_is_told(capsys, tmp_path):
    cell = Cell("sse", "sse", delay_s=0.05, jitter_between_trials=1.0)
    paths = [simulate(tmp_path, cell, trials=3, seed=seed) for seed in (1, 2)]
    status, out, _ = run(capsys, "diff", *paths, "--all")
    assert status == 0
    (line,) = [line for line in out.splitlines() if "latency_s.mean" in line]
    assert line.rstrip().endswith("too noisy")
    (line,) = [line for line in out.splitlines() if "bytes_per_delivery" in line]
    assert line.rstrip().endswith("no change")
    assert "so noisy that one by 30 % could hide" in out


def test_single_trials_cannot_be_told_from_noise(capsys, tmp_path):
    paths = [simulate(tmp_path, Cell("sse", "sse"), trials=1, seed=seed) for seed in (1, 2)]
    status, out, _ = run(capsys, "diff", *paths)
    assert status == 0
    assert "cannot be told from noise" in out


@pytest.mark.parametrize("percent", ["-1", "2000"])
def test_a_threshold_out_of_range_is_refused(capsys, folder, percent):
    status, _, err = run(capsys, "diff", folder, folder, "--threshold", percent)
    assert status == 2
    assert "--threshold" in err
