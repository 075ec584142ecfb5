"""What may happen to hubs and their Redis under load: nothing is lost, or a gap is told; each
publish counts once; and who reads keeps its connection for as long as its hub lives.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from random import Random

import pytest

from pushlab.errors import BackplaneUnavailable
from pushlab.hub.backplane.redis_server import RedisServer
from tests.application import Application
from tests.hub.fleet import Crowd, Fleet, Load, Scribe, newest_life
from tests.longer import mostly_soak
from tests.patience import until

pytestmark = pytest.mark.long
CHANNELS = ("a", "b")
POLL = {"interval_s": 0.2}


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """One that a test may ill-treat; it keeps its data."""
    try:
        server = RedisServer(keeps=True)
    except BackplaneUnavailable as error:
        pytest.skip(str(error))
    with server:
        yield server


@contextlib.asynccontextmanager
async def at_work(
    fleet: Fleet, *, each: int = 15, more: Sequence[str] = ()
) -> AsyncIterator[tuple[list[Crowd], list[Scribe], Load]]:
    """Crowds and scribes at the fleet, and a load; a while of it is over when this is entered."""
    async with contextlib.AsyncExitStack() as stack:
        crowds = [
            await stack.enter_async_context(Crowd(fleet, CHANNELS, "sse", each)),
            await stack.enter_async_context(Crowd(fleet, CHANNELS, "short-polling", each, **POLL)),
        ]
        for transport in more:
            crowds.append(await stack.enter_async_context(Crowd(fleet, CHANNELS, transport, each)))
        scribes = [
            await stack.enter_async_context(Scribe(fleet, "a", "websocket").reading()),
            await stack.enter_async_context(Scribe(fleet, "a", "long-polling").reading()),
        ]
        heads = await fleet.api.publish_batch([(channel, "hello") for channel in CHANNELS])
        for crowd in crowds:
            await crowd.begin(heads)
        load = await stack.enter_async_context(Load(fleet, CHANNELS))
        await load.more(50)
        yield crowds, scribes, load


async def nothing_is_lost(crowds: list[Crowd], scribes: list[Scribe], load: Load) -> None:
    """End the load: everybody has all, once and in order, and all have the same."""
    await load.end()
    for crowd in crowds:
        await crowd.check_whole(load)
    wanted = load.newest("a")
    for scribe in scribes:
        await until(lambda scribe=scribe: len(scribe.texts) >= len(wanted))
        assert scribe.texts == [wanted[seq] for seq in sorted(wanted)]
        assert scribe.gaps == []


async def test_a_hub_of_three_is_killed_and_all_resume_elsewhere(redis: RedisServer) -> None:
    async with Fleet(redis) as fleet, at_work(fleet) as (crowds, scribes, load):
        doomed = fleet.busiest()
        held = fleet.held(doomed)
        await fleet.kill(doomed)
        await load.more(100)
        await fleet.replace(doomed)
        await load.more(50)
        await nothing_is_lost(crowds, scribes, load)
        assert await crowds[0].lost_connections() > 0 < held


@pytest.mark.soak
async def test_a_redis_that_is_killed_and_has_its_data_again_loses_nothing(
    redis: RedisServer,
) -> None:
    async with Fleet(redis) as fleet, at_work(fleet) as (crowds, scribes, load):
        redis.kill()
        await until(lambda: load.told["backplane-away"] > 0)
        await asyncio.to_thread(redis.start)
        await load.more(100)
        await nothing_is_lost(crowds, scribes, load)
        assert await lost(crowds) == 0


async def test_a_redis_that_has_lost_its_data_is_a_gap_for_everybody(redis: RedisServer) -> None:
    async with Fleet(redis) as fleet, at_work(fleet) as (crowds, scribes, load):
        heads = {channel: max(load.newest(channel)) for channel in CHANNELS}
        redis.kill()
        redis.forget()
        await until(lambda: load.told["backplane-away"] > 0)
        await asyncio.to_thread(redis.start)
        await load.more(100)
        while any(max(load.newest(channel)) < 2 * head for channel, head in heads.items()):
            await load.more(10)  # so that no number of before is one of now's last
        await load.end()
        for crowd in crowds:
            await crowd.is_at_the_end_of(load)
            report, got = await crowd.got()
            for number, each in got.items():
                channel = CHANNELS[number // crowd.each]
                assert newest_life(each) == sorted(load.newest(channel)), (crowd, number)
            assert report.now.gaps == len(got)
            assert report.closed == 0, report.reasons
        wanted = load.newest("a")
        for scribe in scribes:
            await until(lambda scribe=scribe: scribe.kept[-1] == wanted[max(wanted)])
            (gap,) = scribe.gaps
            after = scribe.kept[scribe.kept.index(gap) + 1 :]
            assert after == [wanted[seq] for seq in sorted(wanted)]


async def test_a_redis_that_stands_still_is_waited_for_and_every_publish_counts_once(
    redis: RedisServer,
) -> None:
    async with Fleet(redis) as fleet, at_work(fleet) as (crowds, scribes, load):
        redis.stall()
        try:
            await asyncio.sleep(5.0)  # longer than a hub waits for an answer
            told = dict(load.told)
        finally:
            redis.go_on()
        assert told["publish-unknown"] > 0
        assert told["backplane-away"] > 0
        await load.more(100)
        await nothing_is_lost(crowds, scribes, load)
        assert await lost(crowds) == 0


@pytest.mark.parametrize("how", mostly_soak(["cut", "half-open", "slow"], lambda how: how == "cut"))
async def test_a_hub_that_is_cut_off_from_redis_keeps_its_readers(
    how: str, redis: RedisServer
) -> None:
    async with Fleet(redis) as fleet, at_work(fleet) as (crowds, scribes, load):
        number = fleet.busiest()
        link = fleet.links[number]
        if how == "slow":
            link.slow_s = 0.1
            await load.more(100)
            link.slow_s = 0.0
        else:
            link.up = False
            link.cut() if how == "cut" else link.black_out()
            await load.more(100)
            await until(lambda: load.told["backplane-away"] > 0)
            await load.end()
            link.up = True
        await nothing_is_lost(crowds, scribes, load)
        assert await lost(crowds) == 0


@pytest.mark.soak
async def test_who_resumes_elsewhere_was_never_gone_and_who_does_not_is(redis: RedisServer) -> None:
    """The application hears of each client's coming and going once, though a hub is killed."""
    application, lease_s = Application(), 4.0
    async with (
        application.listening() as url,
        Fleet(redis, presence_url=url, lease_s=3 * lease_s) as fleet,
        Crowd(fleet, CHANNELS, "sse", 15, name="stays") as stays,
    ):
        async with Crowd(fleet, CHANNELS, "sse", 15, name="goes") as goes:
            await application.until_taken(60)
            doomed = fleet.busiest()
            await fleet.kill(doomed)
            killed_s = time.monotonic()
        left = [number for number in range(3) if number != doomed]
        await until(lambda: sum(map(fleet.held, left)) >= stays.count)
        away_s = time.monotonic() - killed_s
        for client in goes.clients:
            await application.until(lambda client=client: len(application.told_of(client)) > 1)
            assert application.told_of(client) == ["connected", "disconnected"]
        if away_s < lease_s:
            assert {tuple(application.told_of(client)) for client in stays.clients} == {
                ("connected",)
            }


KEEPS_ALL = {"retain_messages": 100_000, "retain_bytes": 10_000_000, "retain_s": 3_600}


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_one_thing_after_another_nothing_is_lost(
    seed: int, redis: RedisServer
) -> None:
    """Half a minute and more of faults in an order that the seed says, and all transports."""
    rng = Random(seed)
    async with contextlib.AsyncExitStack() as stack:
        fleet = await stack.enter_async_context(Fleet(redis, **KEEPS_ALL))
        work = at_work(fleet, more=("websocket", "long-polling"))
        crowds, scribes, load = await stack.enter_async_context(work)
        done = list[str]()
        for _ in range(12):
            done.append(await mischief(fleet, redis, rng, rng.randrange(3)))
            await load.more(20)
        await load.end()
        await nothing_is_lost(crowds, scribes, load)
        assert load.told["taken"] > 0, done


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(4))
async def test_two_things_at_once_lose_nothing(seed: int, redis: RedisServer) -> None:
    rng = Random(100 + seed)
    async with (
        Fleet(redis, **KEEPS_ALL) as fleet,
        at_work(fleet, more=("websocket",)) as (crowds, scribes, load),
    ):
        for _ in range(8):
            one, other = rng.sample(range(3), 2)
            await asyncio.gather(
                mischief(fleet, redis, rng, one),
                mischief(fleet, redis, rng, other, ["kill", "cut", "half-open", "slow"]),
            )
            await load.more(20)
        await nothing_is_lost(crowds, scribes, load)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(3))
async def test_a_redis_that_forgets_again_and_again_never_leaves_anybody_silent(
    seed: int, redis: RedisServer
) -> None:
    """Beside whatever else happens to the hubs; in the end all have what it has."""
    rng = Random(200 + seed)
    async with Fleet(redis, **KEEPS_ALL) as fleet, at_work(fleet) as (crowds, _, load):
        for _ in range(5):
            other = mischief(fleet, redis, rng, 1, ["kill", "cut", "half-open", "slow"])
            ill = asyncio.ensure_future(other)
            await asyncio.sleep(rng.uniform(0.0, 2.0))
            redis.kill()
            redis.forget()
            await asyncio.sleep(rng.uniform(0.0, 2.0))
            await asyncio.to_thread(redis.start)
            await ill
            await load.more(20)
        await load.more(4 * sum(map(len, load.taken.values())))  # beyond what was before
        await load.end()
        for crowd in crowds:
            await crowd.is_at_the_end_of(load)
            _, got = await crowd.got()
            for number, each in got.items():
                wanted = sorted(load.newest(CHANNELS[number // crowd.each]))
                assert newest_life(each) == wanted, (crowd, number)


FAULTS = ("kill", "cut", "half-open", "slow", "stall", "restart")


async def mischief(
    fleet: Fleet, redis: RedisServer, rng: Random, number: int, of: Sequence[str] = FAULTS
) -> str:
    """Do something bad for a while, and set it right; what it was.

    Args:
        number: of the hub to which it happens, if not to Redis.
    """
    for_s = rng.uniform(0.1, 6.0)
    link = fleet.links[number]
    what = rng.choice(of)
    if what == "kill":
        await fleet.kill(number)
        await asyncio.sleep(for_s / 2)
        await fleet.replace(number)
    elif what in ("cut", "half-open"):
        link.up = rng.random() < 0.5
        link.cut() if what == "cut" else link.black_out()
        await asyncio.sleep(for_s)
        link.up = True
    elif what == "slow":
        link.slow_s = rng.uniform(0.01, 0.3)
        await asyncio.sleep(for_s)
        link.slow_s = 0.0
    elif what == "stall":
        redis.stall()
        await asyncio.sleep(for_s)
        redis.go_on()
    else:
        redis.kill()
        await asyncio.sleep(for_s / 2)
        await asyncio.to_thread(redis.start)
    return f"{what} {number} {for_s:.1f} s"


async def lost(crowds: list[Crowd]) -> int:
    """How many connections were lost."""
    return sum([await crowd.lost_connections() for crowd in crowds])
