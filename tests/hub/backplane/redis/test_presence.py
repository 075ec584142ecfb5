import asyncio
import contextlib

from pushlab.contract.serving import HubSettings
from pushlab.hub.backplane.redis.presence import pack, unpack
from pushlab.hub.backplane.redis_server import RedisServer
from tests.hub.backplane.redis.sharing_hubs import (
    Cable,
    grant_of,
    running,
    service_of,
    until_present,
)
from tests.patience import until


def test_a_pair_is_packed_whatever_it_is_called():
    for key in (("room", "ada"), ("1:2", "3:4\n\0"), ("漢字", "é" * 128), ("a", "")):
        assert unpack(pack(key)) == key


async def test_whoever_is_at_any_hub_is_present(redis_url):
    async with running(redis_url) as first, running(redis_url) as second:
        first.join(grant_of("ada"))
        second.lease(grant_of("bob"))
        second.join(grant_of("ada"))
        second.join(grant_of("eve", "a:room\n\0 of é/漢"))
        assert await first.backplane.present("room") == ["ada", "bob"]
        assert await first.backplane.present("a:room\n\0 of é/漢") == ["eve"]
        first.leave(grant_of("ada"))
        await service_of(first).presence.said()
        assert await second.backplane.present("room") == ["ada", "bob"]
        second.leave(grant_of("ada"))
        await service_of(second).presence.said()
        assert await first.backplane.present("room") == ["bob"]
        assert await service_of(first).presence.total() == 2


async def test_a_poll_that_says_goodbye_at_another_hub_is_gone(redis_url):
    async with running(redis_url) as first, running(redis_url) as second:
        grant = grant_of("ada")
        first.lease(grant)
        second.lease(grant)
        assert await first.backplane.present("room") == ["ada"]
        second.release(grant)
        await until_present(first, [])
        assert first.presence.present("room") == []


async def test_leases_of_polls_end_at_each_hub_by_itself(redis_url):
    async with running(redis_url) as first, running(redis_url) as second:
        first.lease(grant_of("ada"), 0.1)
        second.lease(grant_of("ada"), 60.0)
        second.lease(grant_of("bob"), 0.1)
        await until_present(first, ["ada"])


async def test_no_clock_on_a_wall_ends_a_lease(redis_url):
    """A hub whose wall clock is years ahead buries nobody, and is not buried."""
    settings = HubSettings(lease_s=3.0)  # a hub's lease is a second
    wall = {"s": 1.0e9}
    async with (
        running(redis_url, settings=settings) as first,
        running(redis_url, settings=settings, wall=lambda: wall["s"]) as second,
    ):
        first.join(grant_of("ada"))
        second.join(grant_of("bob"))
        for _ in range(8):
            wall["s"] += 1e7
            await asyncio.sleep(0.25)
        assert await second.backplane.present("room") == ["ada", "bob"]
        assert service_of(first).members.gone == []


async def test_a_hub_that_is_cut_off_is_swept_but_for_who_is_elsewhere(redis_url):
    with Cable.before(redis_url) as cable:
        async with running(redis_url) as first, running(cable.in_place_of(redis_url)) as second:
            for each in ("ada", "bob"):
                second.join(grant_of(each))
            first.join(grant_of("ada"))
            await until_present(first, ["ada", "bob"])
            cable.pull()
            await until_present(first, ["ada"])
            cable.mend()  # it tells anew who is there
            second.join(grant_of("eve"))
            await until_present(first, ["ada", "bob", "eve"])
            second.leave(grant_of("bob"))
            await until_present(first, ["ada", "eve"])


async def test_what_happens_while_redis_is_away_is_told_as_it_stands_then(redis_url):
    with Cable.before(redis_url) as cable:
        async with running(redis_url) as first, running(cable.in_place_of(redis_url)) as second:
            second.join(grant_of("ada"))
            second.join(grant_of("bob"))
            await until_present(first, ["ada", "bob"])
            cable.up = False
            cable.cut()
            await until(lambda: not second.backplane.link.up)
            second.leave(grant_of("ada"))
            second.join(grant_of("eve"))
            second.join(grant_of("dan"))
            second.leave(grant_of("dan"))
            cable.mend()
            await until_present(first, ["bob", "eve"])


async def test_a_redis_that_stalls_for_longer_than_a_lease_costs_nobody_presence():
    with RedisServer() as redis:
        async with running(redis.url) as first, running(redis.url) as second:
            first.join(grant_of("ada"))
            second.join(grant_of("bob"))
            await until_present(first, ["ada", "bob"])
            redis.stall()
            await asyncio.sleep(1.5 * service_of(first).members.lease_s)
            redis.go_on()
            await until(lambda: first.backplane.link.up and second.backplane.link.up)
            await service_of(first).members.beat()
            assert service_of(first).members.gone == []
            assert len(service_of(first).members.hubs) == 2
            assert await first.backplane.present("room") == ["ada", "bob"]


async def test_a_hub_that_ends_leaves_its_readers_to_the_others(redis_url):
    async with running(redis_url) as first:
        async with running(redis_url) as second:
            second.join(grant_of("ada"))
            second.join(grant_of("bob"))
            await until_present(first, ["ada", "bob"])
        first.join(grant_of("ada"))  # who was never gone
        assert await first.backplane.present("room") == ["ada", "bob"]
        await until_present(first, ["ada"])


async def test_the_last_hub_leaves_nobody_behind(redis_url):
    async with running(redis_url) as first:
        first.join(grant_of("ada"))
        first.lease(grant_of("bob"))
        assert await first.backplane.present("room") == ["ada", "bob"]
    async with running(redis_url) as second:
        assert await second.backplane.present("room") == []
        assert await service_of(second).presence.total() == 0
        assert service_of(second).members.gone == []


async def test_hubs_that_end_together_leave_nobody_behind(redis_url):
    async with contextlib.AsyncExitStack() as stack:
        ends = [asyncio.Event() for _ in range(3)]

        async def serve(at):
            async with running(redis_url) as hub:
                hub.join(grant_of(f"c{at}"))
                await ends[at].wait()

        tasks = [asyncio.create_task(serve(at)) for at in range(3)]
        stack.callback(lambda: [task.cancel() for task in tasks])
        async with running(redis_url) as witness:
            await until_present(witness, ["c0", "c1", "c2"])
        for each in ends:
            each.set()
        await asyncio.gather(*tasks)
    async with running(redis_url) as later:
        assert await later.backplane.present("room") == []
