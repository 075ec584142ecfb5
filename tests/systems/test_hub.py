import asyncio
from dataclasses import replace

import psutil
import pytest

from pushlab.errors import UsageError
from pushlab.hub.backplane.redis_server import RedisServer
from pushlab.systems import hub as module
from pushlab.systems.hub import HubSystem
from pushlab.systems.system import Wanted
from tests.patience import until

TWO = Wanted(transport="sse", hub_workers=2, backplane="redis", lag_every_s=0.05)


@pytest.fixture
async def started(redis_server):
    started = await HubSystem().start(TWO)
    try:
        yield started
    finally:
        await started.stop()


def listening_at(port: int) -> set[int | None]:
    found = psutil.net_connections("tcp")
    return {one.pid for one in found if one.status == "LISTEN" and one.laddr[1] == port}


async def test_several_hubs_are_one_system(started):
    first, second = (hub.pid for hub in started.children)
    watched = started.watched["hub"]
    assert (watched.pid, *watched.more) == (first, second)
    port = int(started.api.url.rpartition(":")[2])
    assert listening_at(port) == {first, second}
    assert psutil.Process(started.watched["backplane"].pid).name().startswith(("redis", "valkey"))
    assert started.backplane.kind in ("redis", "valkey")
    assert started.died() == ""


async def test_what_they_counted_is_told_of_all(started):
    """Of thirty connections none is likely to have met one hub alone."""
    one_by_one = [await connection_of_its_own(started.api) for _ in range(30)]
    assert sorted(one_by_one) == list(range(1, 31))
    counts = await started.api.counts("sse")
    assert counts.hits["publish"] == 30
    own = [(await started.api.ask("GET", "/v1/stats"))["hits"]["api"]["publish"]]
    assert own[0] < 30
    used_s = sum(sum(psutil.Process(hub.pid).cpu_times()[:2]) for hub in started.children)
    assert counts.cpu_s == pytest.approx(used_s, rel=0.2)


async def connection_of_its_own(api) -> int:
    api.close()
    return (await api.publish("one", "x")).seq


async def test_all_lags_are_told_in_order(started):
    await asyncio.sleep(0.3)
    lags = await started.loop_lags()
    each = [await hub.loop_lags() for hub in started.children]
    assert all(each)
    assert len(lags) <= sum(map(len, each))
    assert [at for at, _ in lags] == sorted(at for at, _ in lags)


async def test_all_are_killed_and_started_anew_and_have_their_channels(started):
    before = await started.api.publish("one", "x")
    pids = {hub.pid for hub in started.children}
    url = started.api.url
    assert await started.restart()
    assert not pids & {hub.pid for hub in started.children}
    assert len(started.children) == 2
    started.api.close()
    after = await started.api.publish("one", "x")
    assert (started.api.url, after.epoch, after.seq) == (url, before.epoch, before.seq + 1)


async def test_a_backplane_that_died_is_told(started):
    psutil.Process(started.watched["backplane"].pid).kill()
    await until(started.died)
    assert "the backplane" in started.died()


async def test_nothing_is_left_of_it(redis_server):
    started = await HubSystem().start(TWO)
    pids = [hub.pid for hub in started.children] + [started.watched["backplane"].pid]
    await started.stop()
    assert not any(map(psutil.pid_exists, pids))


async def test_nothing_is_left_of_one_that_does_not_start(redis_server, monkeypatch):
    servers = []

    class Noted(RedisServer):
        def start(self):
            servers.append(self)
            super().start()

    monkeypatch.setattr(module, "RedisServer", Noted)
    with pytest.raises(UsageError):
        await HubSystem().start(replace(TWO, options={"no-such": 1}))
    (server,) = servers
    assert not server.running


async def test_at_a_redis_that_is_there_each_trial_has_a_place_of_its_own(redis_server):
    wanted = replace(TWO, hub_workers=1, backplane=redis_server.url)
    for _ in range(2):
        started = await HubSystem().start(wanted)
        try:
            assert (await started.api.publish("one", "x")).seq == 1
            assert started.backplane.kind == "remote"
            assert "backplane" not in started.watched
        finally:
            await started.stop()
