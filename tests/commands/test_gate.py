"""check, diff and export as a user and a CI job meet them."""

import json
import shutil
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from pushlab.analysis import analyse
from pushlab.analysis.summary.stored import store
from pushlab.cli import main
from pushlab.runs import Run, write_summary
from tests.patience import PATIENCE_S
from tests.runs.simulated import Cell, simulate


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    cells = [Cell("sse", "sse"), Cell("websocket", "websocket", loss=0.01, marks=("server-bound",))]
    path = simulate(tmp_path_factory.mktemp("runs"), *cells, trials=3)
    store(analyse(Run.load(path)))
    return path


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return status, out, err


def slo(*objectives):
    return [part for objective in objectives for part in ("--slo", objective)]


def test_met_objectives_exit_0(capsys, folder):
    status, out, err = run(capsys, "check", folder, *slo("sse.latency_s.p99<0.05", "sse.lost==0"))
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("met     sse.latency_s.p99<0.05  sse: latency_s.p99 is ")
    assert "ms (95 % interval" in lines[0]
    assert "6,000 samples" in lines[0]
    assert lines[1].startswith("met     sse.lost==0  sse: lost is 0")
    assert lines[2].startswith("2 of 2 met")


def test_a_broken_objective_exits_1_with_its_line(capsys, folder):
    status, out, _ = run(capsys, "check", folder, *slo("lost==0", "sse.p99<1us"))
    assert status == 1
    failed = [line for line in out.splitlines() if line.startswith("FAILED  ")]
    assert len(failed) == 2
    assert failed[0].startswith("FAILED  lost==0  websocket: lost is ")
    assert failed[0].endswith("server-bound]")
    assert failed[1].startswith("FAILED  sse.p99<1us  sse: latency_s.p99 is ")


def test_verdicts_as_json(capsys, folder):
    status, out, _ = run(capsys, "check", folder, "--json", *slo("lost<2%", "sse.p99<1us"))
    found = json.loads(out)
    assert (status, found["met"], found["status"]) == (1, False, "complete")
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


def test_a_run_that_was_stopped_fails(capsys, tmp_path):
    path = simulate(tmp_path, Cell("sse", "sse"), trials=2, interrupt_after=1)
    status, out, _ = run(capsys, "check", path, *slo("sse.lost==0"))
    assert status == 1
    assert "met     sse.lost==0" in out  # nothing is wrong with what was measured
    assert "FAILED  the run is incomplete" in out


def test_a_summary_without_the_figure_is_made_anew(capsys, folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    summary = json.loads((copy / "run.json").read_text())["summary"]
    del summary["format"]  # as it was before summaries had one
    for cell in summary["transports"].values():
        del cell["latency_s"]["p95"]
    write_summary(copy, summary)
    status, out, _ = run(capsys, "check", copy, *slo("p95<1s"))
    assert status == 0, out


def test_a_run_and_its_copy_do_not_differ(capsys, folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    for other in (folder, copy):
        status, out, err = run(capsys, "diff", folder, other)
        assert (status, err) == (0, "")
        assert "No change in" in out
        assert "changed" not in out


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


def test_export_by_the_files_name_and_never_over_a_file(capsys, folder, tmp_path):
    out = tmp_path / "rows.parquet"
    assert run(capsys, "export", folder, "--out", out) == (0, "", "")
    count = len(pq.read_table(out))
    assert count > 9000
    status, _, err = run(capsys, "export", folder, "--out", out, "--what", "trials")
    assert status == 2
    assert "--force" in err
    assert len(pq.read_table(out)) == count
    forced = run(capsys, "export", folder, "--out", out, "--what", "trials", "--force")
    assert forced[0] == 0
    assert len(pq.read_table(out)) == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "rows.xlsx"], ["xlsx", "csv"]),
        (["--format", "xml"], ["xml", "parquet"]),
        (["--what", "pigeons"], ["pigeons", "deliveries"]),
        (["--out", ".", "--format", "csv"], ["folder"]),
        (["--out", "no/such/folder/rows.csv"], ["rows.csv"]),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    capsys, folder, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, "export", folder, *arguments)
    assert status in (1, 2)
    assert (out, err.count("\n")) == ("", 1)
    for word in words:
        assert word in err
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_leaves_nothing_and_spoils_nothing(capsys, folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "run")
    (copy / "deliveries" / "trial-003.parquet").write_bytes(b"PAR1")
    out = tmp_path / "out" / "rows.csv"
    out.parent.mkdir()
    out.write_text("mine")
    status, _, err = run(capsys, "export", copy, "--out", out, "--force")
    assert status == 2
    assert "trial-003.parquet" in err
    assert [path.name for path in out.parent.iterdir()] == ["rows.csv"]
    assert out.read_text() == "mine"


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_reader_that_goes_away_is_no_trouble(folder, form):
    command = [sys.executable, "-m", "pushlab", "export", str(folder), "--format", form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert len(process.stdout.read(4)) == 4
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(timeout=PATIENCE_S)


def test_parquet_through_a_pipe_is_whole(folder, tmp_path):
    file = tmp_path / "piped.parquet"
    command = f"{sys.executable} -m pushlab export {folder} --format parquet | cat > {file}"
    subprocess.run(command, shell=True, check=True, timeout=PATIENCE_S)
    assert len(pq.read_table(file)) > 9000
