import asyncio
import contextlib
import os
import random
import signal

from pushlab.hub.backplane.redis.teller import TELLING
from pushlab.hub.backplane.redis_server import RedisServer
from pushlab.hub.presence.posts import PresencePoster
from pushlab.hub.process import start_hub
from tests.application import Application, status
from tests.hub.backplane.redis.sharing_hubs import (
    KEYS,
    Cable,
    grant_of,
    running,
    service_of,
    until_present,
)
from tests.live_hub import LiveHub, config, dial, read_head
from tests.patience import PATIENCE_S, until

KEY = "the key of both"


def telling(url, application_url, **options):
    """A hub that tells the application, if it is elected."""
    poster = PresencePoster(application_url, key=KEY, first_pause_s=0.01, **options)
    return running(url, poster=poster)


async def said(hub):
    await service_of(hub).presence.said()


def teller_of(hubs):
    """The hub that is elected, and the others."""
    (one,) = (hub for hub in hubs if service_of(hub).members.holds(TELLING))
    return one, [hub for hub in hubs if hub is not one]


def lives(application):
    return {headers["Pushlab-Hub"] for _, headers, _ in application.requests}


async def nothing_left(hub):
    """Wait until all is told, and noted."""
    link = service_of(hub)._link
    async with asyncio.timeout(PATIENCE_S):
        while await link.call("XLEN", link.key("events")):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


async def test_each_coming_and_going_is_told_once_and_in_order_whichever_hub_it_is_at(redis_url):
    chance, application = random.Random(17), Application()
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(application.listening())
        hubs = [await stack.enter_async_context(telling(redis_url, url)) for _ in range(3)]
        stands = {f"c{n}": [] for n in range(12)}
        due = {client_id: [] for client_id in stands}
        for _ in range(400):
            client_id = chance.choice(list(stands))
            at = stands[client_id]
            if at and chance.random() < 0.5:
                hub = at.pop(chance.randrange(len(at)))
                hub.leave(grant_of(client_id))
                due[client_id] += ["disconnected"] if not at else []
            else:
                hub = chance.choice(hubs)
                due[client_id] += ["connected"] if not at else []
                at.append(hub)
                hub.join(grant_of(client_id))
            await said(hub)
        await application.until_taken(sum(map(len, due.values())))
        await nothing_left(hubs[0])
        for client_id, told in due.items():
            assert application.told_of(client_id) == told
        assert len(application.taken) == sum(map(len, due.values()))
        assert lives(application) == {service_of(hubs[0]).members.life}
        assert sum(hub.poster.posts["told"] > 0 for hub in hubs) == 1


async def test_when_the_hub_that_tells_is_cut_off_another_goes_on_where_it_ended(redis_url):
    application = Application()
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(application.listening())
        cables = [stack.enter_context(Cable.before(redis_url)) for _ in range(2)]
        hubs = [
            await stack.enter_async_context(telling(cable.in_place_of(redis_url), url))
            for cable in cables
        ]
        third = await stack.enter_async_context(telling(redis_url, url))
        assert teller_of([*hubs, third])[0] is hubs[0]
        third.join(grant_of("ada"))
        third.join(grant_of("bob"))
        await application.until_taken(2)
        await nothing_left(third)
        cables[0].pull()
        third.leave(grant_of("bob"))
        third.join(grant_of("eve"))
        await application.until_taken(4)
        assert application.told_of("ada") == ["connected"]
        assert application.told_of("bob") == ["connected", "disconnected"]
        assert application.told_of("eve") == ["connected"]
        assert not service_of(hubs[0]).members.holds(TELLING)
        assert len(lives(application)) == 1
        cables[0].mend()
        third.leave(grant_of("ada"))
        await application.until(lambda: len(application.told_of("ada")) == 2)
        await nothing_left(third)
        assert len(application.taken) == 5


async def test_while_the_application_is_away_what_happens_is_drawn_together(redis_url):
    away = True
    application = Application(lambda what, client_id: status(503) if away else None)
    async with (
        application.listening() as url,
        telling(redis_url, url) as first,
        telling(redis_url, url) as second,
    ):
        first.join(grant_of("ada"))
        await application.until(lambda: application.requests)
        for _ in range(20):
            second.join(grant_of("bob"))
            await said(second)
            second.leave(grant_of("bob"))
            await said(second)
        second.join(grant_of("eve"))
        teller, _ = teller_of([first, second])
        heard = service_of(teller)._teller._everybody
        await until(lambda: ("room", "eve") in heard() and ("room", "bob") not in heard())
        await until(lambda: teller.poster.figures()["waiting"] == 2)
        away = False
        await application.until_taken(2)
        await nothing_left(first)
        assert sorted(application.taken) == [("connected", "ada"), ("connected", "eve")]


async def test_a_life_begins_with_a_reset_and_no_hub_that_takes_over_does(redis_url):
    application = Application()
    async with application.listening() as url, telling(redis_url, url, resets=True) as first:
        first.join(grant_of("ada"))
        await application.until_taken(2)
        assert application.taken[0] == ("reset", "")
        async with telling(redis_url, url, resets=True) as second:
            await nothing_left(second)
            members = service_of(first).members
            await members.resign(TELLING)
            await until(lambda: service_of(second).members.holds(TELLING))
            second.join(grant_of("bob"))
            await application.until_taken(3)
            await nothing_left(second)
            assert application.taken[1:] == [("connected", "ada"), ("connected", "bob")]


async def test_a_redis_that_has_lost_all_begins_another_life_in_which_all_is_told():
    application = Application()
    with RedisServer() as redis:
        async with (
            application.listening() as url,
            telling(redis.url, url) as first,
            telling(redis.url, url) as second,
        ):
            first.join(grant_of("ada"))
            second.join(grant_of("bob"))
            second.join(grant_of("ada"))
            await application.until_taken(2)
            life, link = service_of(first).members.life, service_of(first)._link
            redis.kill()
            await until(lambda: not link.up)
            service_of(first)._teller._note("+", b"4:roomghost")  # it was of the life before
            redis.forget()
            redis.start()
            await application.until_taken(4)
            await until_present(first, ["ada", "bob"])
            assert sorted(application.taken[2:]) == [("connected", "ada"), ("connected", "bob")]
            assert len(lives(application)) == 2
            assert service_of(first).members.life != life
            await nothing_left(first)
            told = await link.call("SMEMBERS", link.key("told"))
            assert sorted(told) == [b"4:roomada", b"4:roombob"]
            second.leave(grant_of("bob"))
            await application.until_taken(5)
            assert application.taken[4] == ("disconnected", "bob")


async def test_a_redis_that_is_started_again_with_its_data_has_nobody_told_twice():
    application = Application()
    with RedisServer(keeps=True) as redis:
        async with (
            application.listening() as url,
            telling(redis.url, url) as first,
            telling(redis.url, url) as second,
        ):
            first.join(grant_of("ada"))
            second.join(grant_of("bob"))
            await application.until_taken(2)
            await nothing_left(first)
            redis.restart()
            first.join(grant_of("eve"))
            second.leave(grant_of("bob"))
            await application.until_taken(4)
            await nothing_left(first)
            assert sorted(application.taken[2:]) == [("connected", "eve"), ("disconnected", "bob")]
            assert len(lives(application)) == 1
            await until_present(second, ["ada", "eve"])


async def test_the_application_hears_of_those_who_leave_with_the_last_hub(redis_url):
    application = Application()
    async with application.listening() as url:
        async with telling(redis_url, url) as first:
            first.join(grant_of("ada"))
            async with telling(redis_url, url) as second:
                second.join(grant_of("bob"))
                await application.until_taken(2)
            first.join(grant_of("bob"))
        await application.until_taken(4)
    assert sorted(application.taken[2:]) == [("disconnected", "ada"), ("disconnected", "bob")]


async def test_what_could_not_be_told_at_the_end_is_told_at_the_next_start(redis_url):
    away = False
    application = Application(lambda what, client_id: status(503) if away else None)
    async with application.listening() as url:
        async with telling(redis_url, url) as first:
            first.join(grant_of("ada"))
            await application.until_taken(1)
            away = True
        away = False
        async with telling(redis_url, url):
            await application.until_taken(2)
    assert application.taken == [("connected", "ada"), ("disconnected", "ada")]
    assert len(lives(application)) == 1


# ---- processes ---------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def stream(hub, token):
    """An event stream that stands."""
    async with dial(hub.url) as (reader, writer):
        target = f"/v1/events?token={token}"
        writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert (await read_head(reader)).status == 200
        yield


async def test_a_hub_that_is_killed_is_swept_and_who_is_at_another_was_never_gone(redis_url):
    application = Application()
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(application.listening())
        chosen = config(
            backplane=redis_url,
            keys=KEYS.export(),
            api_key="of all hubs",
            presence_url=url,
            settings={"lease_s": 6.0},
        )
        hubs = list[LiveHub]()
        for _ in range(3):
            process = await stack.enter_async_context(await start_hub(chosen))
            hubs.append(LiveHub(process.url, process.api_key, process))
        tokens = [await hubs[0].token(each, "room") for each in ("ada", "bob", "eve")]
        for token, hub in ((0, 0), (0, 1), (1, 0), (2, 0)):
            await stack.enter_async_context(stream(hubs[hub], tokens[token]))
        await hubs[2].until_present("room", ["ada", "bob", "eve"])
        await application.until_taken(3)
        os.kill(hubs[0].process.pid, signal.SIGKILL)  # it tells, too
        await stack.enter_async_context(stream(hubs[1], tokens[2]))  # eve is back before long
        await application.until(lambda: application.told_of("bob") == ["connected", "disconnected"])
        await hubs[2].until_present("room", ["ada", "eve"])
        assert application.told_of("ada")[-1:] == ["connected"]
        assert "disconnected" not in application.told_of("ada") + application.told_of("eve")
