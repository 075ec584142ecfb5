"""A trial's hub of several processes, beside a Redis of its own: what the record has of each."""

import pytest

from tests.lab.lab_tools import run, tiny


async def test_every_process_of_the_hub_and_what_they_share_is_in_the_record(
    tmp_path, redis_server
):
    scenario = tiny(["sse"], duration_s=1.0, hub_workers=2, parts_s=0.5)
    done = await run(scenario, tmp_path)
    (trial,) = (trial for trial in done.trials if not trial.floor)
    assert (trial.status, trial.reason) == ("ok", None)
    server, backplane = trial.server, trial.backplane
    assert [one.number for one in server.workers] == [1, 2]
    assert all(one.cpu_s > 0 and one.rss_bytes > 1_000_000 for one in server.workers)
    assert sum(one.cpu_s for one in server.workers) == pytest.approx(server.cpu_s, rel=0.5)
    assert server.rss_bytes > max(one.rss_bytes for one in server.workers)
    assert backplane.kind in ("redis", "valkey")
    assert backplane.cpu_s > 0
    assert backplane.rss_bytes > 1_000_000
    hits = {kind: n for kind, n in server.hits_all.items() if kind != "publish"}
    assert hits == trial.swarm.hits_all, "counted by two, and none is missing"
    assert {"hub", "hub 1", "hub 2", "backplane"} <= set(
        done.table("samples", trial)["process"].to_pylist()
    )
    assert all(part.backplane_cpu_s is not None for part in trial.parts)
    assert done.environment["backplane"].startswith(backplane.kind)
