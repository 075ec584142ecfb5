"""Trials on a cluster's workers, to their ends: done, a worker killed, the user stopped the run."""

import asyncio
import contextlib
import dataclasses

import psutil
import pytest

from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.placing import ClusterRoles
from pushlab.lab.trial.events import Phase
from pushlab.runs import Run
from tests.lab.cluster.dask_cluster import dask_cluster, of_pushlab, until_gone
from tests.lab.lab_tools import Watcher, tiny

pytest.importorskip("distributed", reason="Dask is not installed")

ROLES = ClusterRoles(server="server", publisher="publish", swarm="load")


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    with dask_cluster(tmp_path_factory.mktemp("dask"), PUSHLAB_SECRET="secret") as cluster:
        cluster.workers = [cluster.add(one) for one in ("server", "publish", "load", "load")]
        yield cluster


def running(dask, module):
    """Who runs a module, and the worker that started it."""
    for worker in dask.workers:
        for one in of_pushlab(worker):
            with contextlib.suppress(psutil.Error):
                if any(module in word for word in one.cmdline()):
                    return one, worker
    raise AssertionError(f"nobody runs {module}")


def everything(dask):
    return [one for worker in dask.workers for one in of_pushlab(worker)]


async def run(dask, scenario, out, **how):
    path = await run_scenario(scenario, out=out, cluster=await dask.up(), pinning=False, **how)
    await until_gone(everything(dask))
    return Run.load(path)


async def test_roles_on_workers_measure_as_they_do_here(dask, tmp_path):
    scenario = tiny(["sse", "mqtt"], clients=12, swarm_workers=2, parts_s=0.2).with_values(
        {"broker": "embedded"}, cluster=ROLES
    )
    found = await run(dask, scenario, tmp_path, command=["pushlab", "--cluster", "tcp://lab7:1"])
    for trial in found.trials:
        assert trial.status == "ok", trial.reason
        swarm, published = trial.swarm, trial.publisher
        assert len(trial.places["swarm"]) == 2
        assert len({*trial.places["hub"], *trial.places["publisher"], *trial.places["swarm"]}) == 4
        assert published.sent == published.accepted == published.scheduled
        assert trial.server.cpu_s > 0
        assert swarm.cpu_s > 0
        assert trial.server.rss_bytes > 1 << 20
        assert (trial.broker is not None) == (trial.transport == "mqtt")
        assert trial.broker is None or trial.broker.cpu_s > 0
        assert [part.name for part in trial.parts]
        assert trial.machine is not None
        rows = found.deliveries(trial)
        assert len(rows.seq) >= 12 * scenario.rate_per_s * scenario.duration_s
    [words] = found.placed
    assert words.startswith("hub on worker-")
    environment = found.environment
    assert sorted(environment["workers"]) == [f"worker-{number}" for number in range(1, 5)]
    assert environment["workers"]["worker-1"]["packages"]["pushlab"]
    text = (found.path / "run.json").read_text()
    assert "lab7" not in text
    assert "127.0.0.1" not in text


@pytest.mark.soak
async def test_a_broker_may_have_a_worker_of_its_own(dask, tmp_path):
    roles = dataclasses.replace(ROLES, broker="load")
    scenario = tiny(["mqtt"], broker="embedded").with_values({}, cluster=roles)
    [trial] = (await run(dask, scenario, tmp_path)).trials
    assert trial.status == "ok", trial.reason
    assert trial.places["broker"] != trial.places["swarm"]
    assert trial.broker.kind == "embedded"
    assert trial.broker.cpu_s > 0
    scenario = scenario.with_values({"broker": "mosquitto"})
    [trial] = (await run(dask, scenario, tmp_path)).trials
    assert trial.reason.startswith("cluster.broker: the broker on a worker of its own is the")


@pytest.mark.soak
async def test_a_worker_killed_in_mid_trial_fails_it_and_the_run_goes_on(dask, tmp_path):
    died = []

    def kill():
        swarm, worker = running(dask, "swarm_process")
        died.append([worker, *of_pushlab(worker)])
        assert swarm in died[0]
        worker.kill()

    spare = dask.add("load")
    dask.workers.append(spare)
    scenario = tiny(["sse"], trials=2, duration_s=4).with_values({}, cluster=ROLES)
    found = await run(dask, scenario, tmp_path, observer=Watcher(kill, deliveries=1))
    await until_gone(died[0][1:])
    first, second = found.trials
    lost, *_ = first.places["swarm"]
    assert (first.status, second.status) == ("failed", "ok")
    assert first.reason == f"{lost} was lost: its Dask worker died, or cannot be reached"
    assert lost not in second.places["swarm"]
    assert found.status == "complete"
    assert first.publisher.sent > 0  # what the others did is kept


@pytest.mark.soak
async def test_a_lost_worker_stops_the_run_if_that_is_asked_for(dask, tmp_path):
    def kill():
        running(dask, "swarm_process")[1].kill()

    dask.workers.append(dask.add("load"))
    roles = dataclasses.replace(ROLES, on_loss="stop")
    scenario = tiny(["sse"], trials=3, duration_s=4).with_values({}, cluster=roles)
    found = await run(dask, scenario, tmp_path, observer=Watcher(kill))
    assert [trial.status for trial in found.trials] == ["failed"]
    assert found.status == "incomplete"


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.MEASURING])
async def test_who_stops_the_run_leaves_nothing_on_any_worker(dask, tmp_path, phase):
    stop = asyncio.Event()
    scenario = tiny(["sse"], trials=2, duration_s=30).with_values({}, cluster=ROLES)
    found = await run(dask, scenario, tmp_path, observer=Watcher(stop.set, phase=phase), stop=stop)
    assert [trial.status for trial in found.trials] == ["interrupted"]
    assert found.trials[0].places["hub"]


@pytest.mark.soak
async def test_a_server_killed_there_is_told_as_it_is_here(dask, tmp_path):
    def kill():
        running(dask, "pushlab.hub")[0].kill()

    scenario = tiny(["sse"], duration_s=10).with_values({}, cluster=ROLES)
    found = await run(dask, scenario, tmp_path, observer=Watcher(kill))
    assert found.trials[0].reason == "the hub died (killed by signal 9)"
    assert found.trials[0].swarm.hits_setup["connect"]
