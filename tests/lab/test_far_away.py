"""Whole runs over an emulated link, plain and encrypted, with real servers and brokers."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from pushlab.analysis import summarise
from pushlab.errors import MissingExtra
from pushlab.lab.trial.events import Phase
from pushlab.runs import Link, Run, TrialRecord
from tests.lab.lab_tools import Watcher, run, tiny
from tests.lab.test_runner import check_accounting, check_figures

pytestmark = pytest.mark.long


def latencies_ms(result: Run, trial: TrialRecord) -> np.ndarray:
    publishes, deliveries = result.publishes(trial), result.deliveries(trial)
    key = {
        place: intended
        for *place, intended in zip(
            publishes.channel.tolist(),
            publishes.seq.tolist(),
            publishes.intended_ns.tolist(),
            strict=True,
        )
        for place in [tuple(place)]
    }
    rows = zip(deliveries.channel.tolist(), deliveries.seq.tolist(), strict=True)
    return (deliveries.received_ns - np.array([key[row] for row in rows])) / 1e6


def connects_s(result: Run, trial: TrialRecord) -> np.ndarray:
    connects = result.connects(trial)
    return (connects.connected_ns - connects.wanted_ns) / 1e9


@pytest.mark.soak
async def test_every_transport_pays_its_transits(tmp_path: Path) -> None:
    scenario = tiny(
        ["short-polling", "long-polling", "sse", "websocket", "mqtt"],
        rate_per_s=4,
        duration_s=1.0,
        poll_interval_s=0.3,
        one_way_ms=50,
    )
    result = await run(scenario, tmp_path)
    found = {}
    for trial in result.trials:
        check_accounting(result, trial)
        check_figures(trial)
        assert trial.link == Link(one_way_ms=50)
        assert trial.swarm is not None
        late_ms = found[trial.cell] = latencies_ms(result, trial)
        assert late_ms.min() >= 50, trial.cell
        trips = 4 if trial.cell == "mqtt" else 2
        assert connects_s(result, trial).min() >= 0.1 * trips, trial.cell
    for push in ("sse", "websocket", "long-polling"):  # a slow machine may add, never take away
        assert np.median(found[push]) < 300
    assert found["short-polling"].mean() >= 120  # T/2 + 50 ms is 200 ms
    assert result.scenario["link"]["one_way_ms"] == 50
    told = summarise(result).to_json()["transports"]
    assert told["sse"]["predicted"]["mean_latency_s"] == pytest.approx(0.05)
    assert told["short-polling"]["predicted"]["mean_latency_s"] == pytest.approx(0.2)
    assert told["mqtt"]["predicted"]["connect_s"] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("transports", "broker"),
    [
        (["long-polling", "websocket", "mqtt"], "embedded"),  # each way that TLS is dialled
        pytest.param(["short-polling", "sse"], "embedded", marks=pytest.mark.soak),
        pytest.param(
            ["mqtt"],
            "mosquitto",
            marks=[
                pytest.mark.skipif(not shutil.which("mosquitto"), reason="needs mosquitto"),
                pytest.mark.soak,
            ],
        ),
    ],
)
async def test_a_run_over_tls(
    tmp_path: Path, own_temporary_folder: Path, transports: list[str], broker: str
) -> None:
    left: list[Path] = []

    def look() -> None:
        left.extend(own_temporary_folder.glob("pushlab-tls-*/key.pem"))

    scenario = tiny(transports, tls=True, duration_s=0.3, broker=broker)
    result = await run(scenario, tmp_path / "tls", Watcher(look, phase=Phase.CONNECTING))
    assert [path for path in left if path.exists()] == []
    for trial in result.trials:
        check_accounting(result, trial)
        check_figures(trial)
        assert trial.tls
        assert trial.swarm is not None
        # The server's certificates alone, for each client.
        assert trial.swarm.bytes_in_setup > trial.clients * 800, trial.cell
    assert result.scenario["tls"] is True
    assert "PRIVATE KEY" not in (result.path / "run.json").read_text()


async def test_without_trustme_a_run_over_tls_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(MissingExtra, match=r"pip install 'pushlab\[tls\]'"):
        await run(tiny(["sse"], tls=True), tmp_path)
    assert list(tmp_path.iterdir()) == []
