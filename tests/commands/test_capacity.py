"""`pushlab capacity` on a real server: small loads, and what stops a search."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from pushlab.cli import main
from pushlab.runs import Sweep, latest_run
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.long


def search(*arguments: str, cwd: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "pushlab", "capacity", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> "tuple[Path, dict[str, Any]]":
    """A search that nothing breaks, and what it printed as JSON."""
    folder = tmp_path_factory.mktemp("capacity")
    flags = ["--slo", "p50<30s", "--slo", "lost==0", "--start", "6", "--max", "10"]
    process = search("sse", *flags, "--duration", "0.5", "--rate", "20", "--json", cwd=folder)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert err.count(": held") == 2
    return latest_run(folder / "results"), json.loads(out)


def test_a_search_grows_up_to_the_most_that_may_be_tried(held: Any) -> None:
    path, told = held
    assert (told["capacity"], told["low"], told["high"]) == (10, 10, None)
    assert [load["at"] for load in told["loads"]] == [6, 10]
    assert told["sentence"] == (
        "SSE held p50<30s and lost==0 at 10 clients, the most that was tried"
    )
    sweep = Sweep.load(path)
    assert (sweep.kind, sweep.status) == ("capacity", "complete")
    assert dict(sweep.capacity or {}) == told
    for number, load in enumerate(told["loads"]):
        run = sweep.run_of(number)
        assert run is not None
        assert [(trial.status, trial.clients) for trial in run.trials] == [("ok", load["at"])]
        assert run.summary is not None
        assert run.summary["transports"]["sse"]["latency_s"]["p50"] == load["values"]["p50<30s"]
        assert load["values"]["lost==0"] == 0
        assert load["busy"]["hub"] > 0


def test_a_search_is_shown_and_drawn(held: Any, tmp_path: Path, capsys: Any) -> None:
    path, told = held
    assert main(["show", str(path)]) == 0
    out = capsys.readouterr().out
    assert told["sentence"] in out
    assert all(len(line) <= 100 for line in out.splitlines())
    assert main(["chart", str(path), "--out", str(tmp_path)]) == 0
    assert {file.name for file in tmp_path.iterdir()} == {"1-capacity.png", "1-capacity.svg"}
    assert main(["resume", str(path)]) == 2


def test_what_polls_cannot_do_is_said_without_a_trial(tmp_path: Path, capsys: Any) -> None:
    flags = ["--slo", "p95<100ms", "--out", str(tmp_path)]
    assert main(["capacity", "short-polling", *flags]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Short polling cannot hold p95<100ms at any load: by polls every 1 s" in out
    found = Sweep.load(latest_run(tmp_path)).capacity or {}
    assert (found["cause"], found["capacity"], found["loads"]) == ("formula", None, [])


@pytest.mark.soak
def test_an_objective_that_nobody_can_hold_breaks_twice_at_one_client(tmp_path: Path) -> None:
    flags = ["--slo", "mean<1ns", "--start", "1", "--duration", "0.4", "--rate", "20"]
    process = search("websocket", *flags, "--no-charts", cwd=tmp_path)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    found = Sweep.load(latest_run(tmp_path / "results")).capacity or {}
    assert (found["capacity"], found["high"]) == (None, 1)
    assert [load["outcome"] for load in found["loads"]] == ["broke", "broke"]
    assert "did not hold mean<1ns at 1 client" in out


@pytest.mark.soak
def test_ctrl_c_keeps_what_was_measured(tmp_path: Path) -> None:
    flags = ["--slo", "p50<30s", "--start", "2", "--duration", "2", "--rate", "20"]
    process = search("sse", *flags, "--no-charts", cwd=tmp_path)
    deadline = time.monotonic() + PATIENCE_S
    children: list[psutil.Process] = []
    while len(list(tmp_path.glob("results/*/points/*"))) < 2 or len(children) < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
        children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
    assert alive == []
    sweep = Sweep.load(latest_run(tmp_path / "results"))
    assert sweep.status == "incomplete"
    assert [load["outcome"] for load in (sweep.capacity or {})["loads"]] == ["held"]
    assert "Stopped before its end: SSE held p50<30s at 2 clients" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pigeon", "--slo", "p95<1s"], ["pigeon"]),
        (["sse", "--slo", "p95"], ["'p95'", "comparison"]),
        (["sse", "--slo", "websocket.p95<1s"], ["websocket", "sse"]),
        (["sse", "--slo", "p95<1s", "--start", "9", "--max", "8"], ["--start 9", "--max 8"]),
        (["sse", "--slo", "p95<1s", "--start", "2.5"], ["--start 2.5", "whole"]),
        (["sse", "--slo", "p95<1s", "--precision", "0"], ["--precision"]),
        (["sse", "--slo", "p95<1s", "--trials", "0"], ["--trials"]),
        (
            ["short-polling", "--slo", "p95<1s", "--scenario", "polling-intervals"],
            ["several settings", "short-polling 0.5 s"],
        ),
    ],
)
def test_bad_input_is_one_line(
    arguments: "list[str]", words: "list[str]", tmp_path: Path, capsys: Any
) -> None:
    assert main(["capacity", *arguments, "--out", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1), err
    assert all(word in err for word in words), err
    assert list(tmp_path.iterdir()) == []
