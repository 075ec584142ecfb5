"""The demonstration of a cluster: what it needs is said, and what it ran is judged."""

import sys
from types import SimpleNamespace

import pytest

import benchmarks.cluster.__main__ as demo
from pushlab.errors import BackplaneUnavailable
from pushlab.lab.scenario.grid import load_grid


def test_its_scenario_is_two_hubs_on_a_redis_and_three_shares():
    scenario = load_grid(str(demo.SCENARIO), {}).points[0].scenario
    assert (scenario.clients, scenario.hub_workers, scenario.swarm_workers) == (15_000, 2, 3)
    assert scenario.backplane == "redis"
    assert scenario.cluster.swarm


def test_what_is_not_installed_is_said_in_a_line(monkeypatch, capsys):
    def none():
        raise BackplaneUnavailable("neither Redis nor Valkey is installed; install one")

    monkeypatch.setattr(demo, "find_redis", none)
    monkeypatch.setattr(sys, "argv", ["cluster"])
    assert demo.main() == 2
    assert capsys.readouterr().err == (
        "cluster-demo: neither Redis nor Valkey is installed; install one\n"
    )
    monkeypatch.setattr(demo, "find_redis", lambda: None)
    monkeypatch.setattr(demo.importlib.util, "find_spec", lambda name: None)
    assert demo.missing() == "distributed is not installed; pip install 'pushlab[cluster]'"


@pytest.mark.parametrize(
    ("lost", "hubs", "shares", "status"), [(0, 2, 3, 0), (1, 2, 3, 1), (0, 1, 3, 1), (0, 2, 2, 1)]
)
def test_a_loss_or_a_missing_part_is_a_failure(
    monkeypatch, capsys, tmp_path, lost, hubs, shares, status
):
    hub = SimpleNamespace(number=1, open_descriptors=7_500, cpu_s=0.5)
    share = SimpleNamespace(number=1, clients=5_000, deliveries=9_000, open_descriptors=5_010)
    trial = SimpleNamespace(
        clients=15_000,
        status="ok",
        server=SimpleNamespace(workers=[hub] * hubs),
        swarm=SimpleNamespace(shares=[share] * shares),
    )
    run = SimpleNamespace(trials=[trial], placed=["hub on worker-1"], path=tmp_path)
    told = SimpleNamespace(cells={"sse": {"delivered": 45_000.0, "lost": float(lost)}})
    monkeypatch.setattr(demo, "summary_of", lambda run: told)
    assert demo.judged(run, 60) == status
    said = capsys.readouterr().out
    assert "hub on worker-1" in said
    assert f"{lost} lost" in said
