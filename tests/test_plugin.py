"""A transport from a package outside the repository: listed, proven and compared like any other."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pushlab.contract.registry import STANDARD
from pushlab.runs import Run
from tests.patience import PATIENCE_S

PLUGIN = Path(__file__).parent / "plugin"


def run(
    *arguments: str, cwd: Path, timeout: float = PATIENCE_S
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(PLUGIN)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_it_is_listed_behind_those_that_come_with_pushlab(tmp_path: Path) -> None:
    done = run("-m", "pushlab", "transports", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    project = tomllib.loads((PLUGIN.parents[1] / "pyproject.toml").read_text())["project"]
    built_in = project["entry-points"]["pushlab.transports"]
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        *built_in,
        "ndjson",
        "own-lines",
    ]


def test_without_its_package_it_is_unknown_and_the_known_ones_are_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pushlab", "compare", "tiny", "--transports", "ndjson"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "ndjson" in done.stderr
    assert "websocket" in done.stderr


@pytest.mark.soak
@pytest.mark.long
def test_two_lines_prove_it(tmp_path: Path) -> None:
    assert_proven(tmp_path)


def test_one_on_an_address_of_its_own_needs_no_broker(tmp_path: Path) -> None:
    """Read at the wire and by `pushlab.connect`, on a hub that has none."""
    assert_proven(tmp_path, "-k", "TestOwnLines and (test_order or test_resume_behind)")


def assert_proven(folder: Path, *which: str) -> None:
    proof = PLUGIN / "contract_of_plugins.py"
    options = ("-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder))
    done = run("-m", "pytest", *options, *which, str(proof), cwd=folder, timeout=2 * PATIENCE_S)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "passed" in done.stdout


@pytest.mark.soak
def test_it_can_be_compared(tmp_path: Path) -> None:
    done = run(
        *("-m", "pushlab", "compare", "tiny", "--transports", "sse,ndjson,own-lines"),
        *("--trials", "1", "--no-charts", "--json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    cells = json.loads(done.stdout)["transports"]
    assert set(cells) == {"harness floor", "sse", "ndjson", "own-lines"}
    for cell in cells.values():
        assert cell["delivered"] == cell["expected"] > 0
        assert cell["lost"] == cell["duplicated"] == cell["reordered"] == 0
    (folder,) = (tmp_path / "results").iterdir()
    found = Run.load(folder).profiles  # here, where the plug-ins are not installed
    assert found["ndjson"].title == "JSON lines"
    assert found["ndjson"].timers.keep_alive_s == found["sse"].timers.keep_alive_s == 15.0
    for label, profile in found.items():
        assert set(cells[label]["hits"]) <= {str(kind) for kind in profile.hits}
    assert cells["ndjson"]["predicted"]["hits"] == 0
    priced = cells["ndjson"]["usd_per_month"]
    assert priced["architecture"] == cells["sse"]["usd_per_month"]["architecture"]
    assert priced["low"] <= priced["usd"] <= priced["high"]


def test_it_is_forecast_beside_the_five(tmp_path: Path) -> None:
    asked = ("--clients", "1000", "--rate-per-client", "1/min", "--json")
    done = run("-m", "pushlab", "predict", *asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["transports"]
    assert list(told) == [*STANDARD, "ndjson", "own-lines"]
    assert told["ndjson"]["closed"] == told["sse"]["closed"]
    assert told["ndjson"]["traffic"]["down_bytes_per_s"] is None  # nobody declared its bytes
