"""Sweeps by the command itself: whatever stops one, going on leaves the grid it would have left."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from pushlab.cli import main
from pushlab.runs import Run, Sweep, SweepWriter, latest_run, load_folder
from tests.commands.calling import run
from tests.patience import PATIENCE_S

GRID = """
name = "small"
clients = [2, 5]
rate_per_s = [10, 20]
arrivals = "poisson"
warmup_s = 0.1
duration_s = 0.5
seed = 3
[[transport]]
name = "sse"
"""

pytestmark = pytest.mark.long


def start(*arguments: str, cwd: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "pushlab", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def pushlab(*arguments: str, cwd: Path) -> "tuple[int, str, str]":
    process = start(*arguments, cwd=cwd)
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def refused(arguments: "list[str]", words: "list[str]", capsys: Any) -> None:
    """The command itself, in this process, says in one line why not."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1), err
    assert all(word in err for word in words), err


def trials_in(folder: Path) -> int:
    documents = [json.loads(path.read_text()) for path in folder.glob("*/points/*/run.json")]
    return sum(trial["status"] == "ok" for run in documents for trial in run["trials"])


def stop_after(
    trials: int, *arguments: str, number: signal.Signals, cwd: Path
) -> "tuple[int, list[psutil.Process]]":
    """Run a sweep until so many trials have ended and the next one has its hub; then signal it."""
    process = start(*arguments, cwd=cwd)
    deadline = time.monotonic() + PATIENCE_S
    children: list[psutil.Process] = []
    while trials_in(cwd / "results") < trials or len(children) < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
        children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    process.communicate(timeout=PATIENCE_S)
    return process.returncode, children


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep that nothing has stopped."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "small.toml").write_text(GRID)
    code, out, err = pushlab("compare", "small.toml", "--no-charts", cwd=folder)
    assert code == 0, err
    assert "4 points" in out
    return latest_run(folder / "results")


def work_of(path: Path) -> dict[str, Any]:
    """All of a sweep that must not depend on what stopped it: points, seeds, schedules, order."""
    sweep = Sweep.load(path)
    points = []
    for number, point in enumerate(sweep.points):
        run = sweep.run_of(number)
        assert run is not None
        trials = []
        for trial in run.trials:
            rows = run.publishes(trial)
            assert trial.measure_start_ns is not None
            trials.append(
                {
                    "what": (trial.order, trial.cell, trial.index, trial.options, trial.clients),
                    "status": trial.status,
                    "channel": rows.channel.tolist(),
                    "offsets_ns": (rows.intended_ns - trial.measure_start_ns).tolist(),
                    "warmup": rows.warmup.tolist(),
                    "accepted": rows.status.tolist(),
                    "delivered": len(run.deliveries(trial)),
                }
            )
        points.append(
            {
                "values": point.values,
                "folder": point.folder,
                "scenario": point.scenario,
                "same scenario": run.scenario == point.scenario,
                "status": run.status,
                "seed": run.seed,
                "summarised": run.summary is not None,
                "trials": trials,
            }
        )
    axes = [(axis.key, axis.values) for axis in sweep.axes]
    return {"status": sweep.status, "axes": axes, "order": sweep.order, "points": points}


def when(path: Path) -> dict[tuple[str, str], int | None]:
    """When each good trial of a sweep was measured, by its point and cell."""
    sweep = Sweep.load(path)
    runs = [sweep.run_of(number) for number in range(len(sweep.points))]
    return {
        (run.path.name, trial.cell): trial.measure_start_ns
        for run in runs
        if run is not None
        for trial in run.trials
        if trial.status == "ok"
    }


@pytest.mark.soak
def test_an_interrupted_sweep_goes_on_to_the_same_grid(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(GRID)
    code, children = stop_after(
        1, "compare", "small.toml", number=signal.SIGKILL, cwd=tmp_path
    )  # kill -9
    assert code == -signal.SIGKILL
    _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
    assert alive == []
    folder = latest_run(tmp_path / "results")
    assert Sweep.load(folder).status == "running"
    first = when(folder)
    assert 1 <= len(first) < 8

    code, children = stop_after(
        2, "resume", "--no-charts", number=signal.SIGINT, cwd=tmp_path
    )  # Ctrl-C
    assert code == 130
    _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
    assert alive == []
    assert Sweep.load(folder).status == "incomplete"
    second = when(folder)
    assert 2 <= len(second) < 8
    assert first.items() <= second.items()

    code, out, err = pushlab("compare", "small.toml", "--resume", str(folder), cwd=tmp_path)
    assert code == 0, err
    assert "3 sessions" in out
    assert (folder / "charts" / "1-latency.png").exists()
    assert second.items() <= when(folder).items()  # what had ended was not run again
    assert work_of(folder) == work_of(whole)
    assert len(list((tmp_path / "results").iterdir())) == 1

    before = when(folder)
    code, _, err = pushlab("resume", str(folder), "--no-charts", cwd=tmp_path)
    assert code == 0, err
    assert when(folder) == before


@pytest.mark.soak
def test_the_work_differs_between_points_and_between_seeds(whole: Path) -> None:
    """The comparison above would tell: other points have other schedules."""
    offsets = [point["trials"][0]["offsets_ns"] for point in work_of(whole)["points"]]
    assert offsets[0] == offsets[2]  # the same rate and seed
    assert offsets[0] != offsets[1]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (("[2, 5]", "[2, 6]"), ["small.toml", "clients was 2, 5 and is 2, 6"]),
        (("seed = 3", "seed = 4"), ["seed was 3 and is 4"]),
        (('"sse"', '"websocket"'), ["transports"]),
        (("[2, 5]", "2"), ["clients was 2, 5 and is not there"]),
    ],
)
def test_an_edited_scenario_is_refused(
    whole: Path, tmp_path: Path, capsys: Any, edit: "tuple[str, str]", words: "list[str]"
) -> None:
    file = tmp_path / "small.toml"
    file.write_text(GRID.replace(*edit))
    before = (whole / "sweep.json").read_bytes()
    refused(["compare", str(file), "--resume", str(whole)], words, capsys)
    assert (whole / "sweep.json").read_bytes() == before


def test_a_sweep_is_shown_and_drawn(whole: Path, tmp_path: Path, capsys: Any) -> None:
    code, out, err = run(capsys, "show", whole)
    assert code == 0, err
    # In a pipe a remark keeps its line, however long; a busy machine is the cause of some.
    table = [line for line in out.splitlines() if not line.endswith("]")]
    assert len(table) > 8
    assert all(len(line) <= 100 for line in table)
    rows = [line.split() for line in out.splitlines() if " sse " in f" {line} "]
    assert [row[:2] for row in rows[:4]] == [["2", "10"], ["2", "20"], ["5", "10"], ["5", "20"]]
    code, out, err = run(capsys, "show", whole, "--json")
    assert code == 0, err
    figures = json.loads(out)
    assert [point["values"]["clients"] for point in figures["points"]] == [2, 2, 5, 5]
    for point in figures["points"]:
        cell = point["transports"]["sse"]
        assert cell["delivered"] == cell["expected"] > 0
    code, out, err = run(capsys, "chart", whole, "--out", tmp_path)
    assert code == 0, err
    assert {path.name for path in tmp_path.iterdir()} >= {"1-latency.png", "3-hits.svg"}


def test_a_point_is_a_run_of_its_own(whole: Path, capsys: Any) -> None:
    point = whole / Sweep.load(whole).points[0].folder
    code, out, _ = run(capsys, "show", point)
    assert code == 0
    assert "2 clients" in out


@pytest.mark.soak
def test_a_point_that_cannot_run_is_kept_as_failed(tmp_path: Path) -> None:
    flags = ["--clients", "2,900000", "--transports", "sse", "--duration", "0.3"]
    code, out, err = pushlab("compare", "tiny", *flags, cwd=tmp_path)
    assert code == 1, err
    sweep = load_folder(latest_run(tmp_path / "results"))
    assert isinstance(sweep, Sweep)
    assert sweep.status == "complete"
    runs = [sweep.run_of(0), sweep.run_of(1)]
    statuses = [[trial.status for trial in run.trials] for run in runs if run is not None]
    assert statuses == [["ok", "ok"], ["failed", "failed"]]
    assert "900,000 clients need" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["resume", "nowhere"], ["nowhere"]),
        (["resume", "{point}"], ["plain run"]),
        (["compare", "tiny", "--resume", "{sweep}"], ["tiny.toml", "no list"]),
        (["compare", "tiny", "--clients", "2,3", "--resume", "{point}"], ["plain run"]),
        (["compare", "tiny", "--clients", "2,3", "--replace", "here"], ["--replace"]),
    ],
)
def test_what_cannot_be_resumed_is_told(
    whole: Path, capsys: Any, arguments: "list[str]", words: "list[str]"
) -> None:
    point = whole / Sweep.load(whole).points[0].folder
    refused([word.format(point=point, sweep=whole) for word in arguments], words, capsys)


def test_nobody_else_writes_to_a_sweep_meanwhile(whole: Path, tmp_path: Path) -> None:
    document = (whole / "sweep.json").read_bytes()
    writer = SweepWriter.reopen(whole)
    with writer:
        code, _, err = pushlab("resume", str(whole), cwd=tmp_path)
        assert (code, err.count("\n")) == (1, 1)
        assert "another pushlab" in err
        assert (whole / "sweep.json").read_bytes() == document


def test_a_damaged_sweep_is_refused(whole: Path, tmp_path: Path, capsys: Any) -> None:
    for change, word in (
        (lambda d: d.pop("points"), "points"),
        (lambda d: d.update(schema_version=99), "99"),
        (lambda d: d["points"][0].update(values=3), "points[0].values"),
        (lambda d: d.update(status="odd"), "status"),
    ):
        document = json.loads((whole / "sweep.json").read_text())
        change(document)
        (tmp_path / "sweep.json").write_text(json.dumps(document))
        refused(["show", str(tmp_path)], ["sweep.json", word], capsys)


def test_rows_of_points_are_whole(whole: Path) -> None:
    sweep = Sweep.load(whole)
    for number in range(len(sweep.points)):
        run = sweep.run_of(number)
        assert run is not None
        for trial in run.trials:
            assert np.all(run.deliveries(trial).received_ns > 0)
            assert os.path.getsize(run.path / "publishes" / f"trial-{trial.order:03}.parquet")
    assert Run.load(whole / sweep.points[0].folder).cells == ["sse", "harness floor"]
