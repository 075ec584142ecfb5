"""One race at two hubs: it is published once, counted by both, and told alike by either."""

import asyncio
import contextlib
import json
from types import SimpleNamespace

import pytest

from pushlab.contract.hits import Hit
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import Refused
from pushlab.hub.backplane.redis.backplane import RedisBackplane
from pushlab.hub.core import Hub
from pushlab.web.lesson import Lesson
from pushlab.web.race import CHANNEL, Race
from pushlab.web.race_settings import Settings, Setup
from pushlab.web.site import WebSite
from tests.patience import PATIENCE_S
from tests.web.one_service import Service


@pytest.fixture
async def two(monkeypatch):
    """Two races of one service; `one` came first, and so publishes."""
    monkeypatch.setattr("pushlab.web.race_hubs._EVERY_S", 0.05)
    monkeypatch.setattr("pushlab.web.race_hubs._GONE_S", 1.0)
    monkeypatch.setattr("pushlab.web.race_hubs._AGAIN_S", 0.02)
    monkeypatch.setattr("pushlab.web.race._AGAIN_S", 0.02)
    service = Service()
    async with contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(contextlib.AsyncExitStack())
        one, other = Race(service.hub()), Race(service.hub())
        await first.enter_async_context(one.running())
        await stack.enter_async_context(other.running())
        await until(lambda: one._runs and not other._runs)
        await until(lambda: processes(one) == processes(other) == 2)
        await until(lambda: one._setup == other._setup)
        yield SimpleNamespace(service=service, one=one, other=other, end_first=first.aclose)


async def until(true):
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - it is the look that keeps the race going
            await asyncio.sleep(0.01)


def processes(race):
    return len(race.state()["hubs"]["all"])


def sent(service):
    return [json.loads(entry.data)["n"] for entry in service.logs[CHANNEL]._log]


async def test_settings_made_at_one_hub_hold_at_both_and_a_look_at_either_keeps_it_going(two):
    two.other.change({"rate_per_s": 50, "payload_bytes": 300})
    # Only the one that does not publish is looked at.
    await until(lambda: two.other.state()["published"] >= 10)
    assert two.one.state()["settings"] == two.other.state()["settings"]
    assert sent(two.service) == list(range(1, len(sent(two.service)) + 1))
    two.one.change({"rate_per_s": 0})
    await until(lambda: two.other.state()["settings"]["rate_per_s"] == 0)
    await until(lambda: two.other.state()["last"] == two.one.state()["last"])


async def test_a_message_that_is_wished_at_the_other_hub_is_published_by_the_first(two):
    two.one.change({"rate_per_s": 0})
    told = [await race.publish({}) for race in (two.one, two.other, two.one, two.other)]
    assert [each["n"] for each in told] == sent(two.service) == [1, 2, 3, 4]
    for race in (two.one, two.other):
        await until(lambda race=race: race.state()["by_hand"] == 4)
    at_once = await asyncio.gather(*(two.other.publish({}) for _ in range(5)))
    assert sorted(each["n"] for each in at_once) == [5, 6, 7, 8, 9]


async def test_hits_of_both_are_counted_and_those_of_one_that_has_gone_stay(two):
    two.one.state()
    two.service.hubs[0].count("sse", Hit.CONNECT, 3)
    two.service.hubs[1].count("sse", Hit.CONNECT, 4)

    def hits(race):
        return race.state()["lanes"]["sse"]["hits"].get("connect", 0)

    await until(lambda: hits(two.one) == hits(two.other) == 7)
    await two.end_first()
    await until(lambda: processes(two.other) == 1)
    assert hits(two.other) == 7
    two.other.reset({})
    assert hits(two.other) == 0


async def test_counting_begins_anew_at_both(two):
    two.one.change({"rate_per_s": 0})
    await two.one.publish({})
    two.service.hubs[0].count("sse", Hit.CONNECT)
    two.other.state()
    await until(lambda: two.other.state()["lanes"]["sse"]["hits"])
    two.other.reset({})
    two.service.hubs[1].count("sse", Hit.CONNECT)
    for race in (two.one, two.other):
        await until(lambda race=race: race.state()["resets"] == 2)
        await until(lambda race=race: race.state()["lanes"]["sse"]["hits"] == {"connect": 1})
        assert race.state()["published"] == 0


async def test_a_lane_says_which_hub_holds_its_connection(two, monkeypatch):
    monkeypatch.setattr("pushlab.web.race_hubs.os.getpid", lambda: 4711)
    seats = await two.one.join({})
    holder = two.service.hubs[1]
    grant = holder.verify(seats["lanes"]["websocket"]["token"])

    def held(race):
        return race.state({"page": seats["page"]})["hubs"]["held"]["websocket"]

    assert held(two.one) == []
    holder.join(grant)
    own = two.one.state()["hubs"]["answers"]
    await until(lambda: len(held(two.one)) == len(held(two.other)) == 1)
    holder.leave(grant)
    await until(lambda: held(two.one) == held(two.other) == [])
    two.service.hubs[0].join(grant)
    await until(lambda: held(two.one) == [own])
    assert two.one.state({"page": "another"})["hubs"]["held"]["websocket"] == []


async def test_pages_at_both_hubs_are_counted_once_and_a_lock_holds_at_both(two):
    for hub, race in zip(two.service.hubs, (two.one, two.other), strict=False):
        seats = (await race.join({}))["lanes"]
        for name in ("sse", "websocket", "short-polling"):
            hub.join(hub.verify(seats[name]["token"]))
    for race in (two.one, two.other):
        await until(lambda race=race: race.state()["pages"] == 2)
    key = two.other.lock({"locked": True}, here=True)["key"]
    await until(lambda: two.one.state()["locked"])
    with pytest.raises(Refused, match="locked"):
        two.one.reset({})
    two.one.reset({"key": key})


async def test_where_the_first_ends_the_other_publishes_on_from_its_number(two):
    two.one.change({"rate_per_s": 50})
    await until(lambda: two.other.state()["published"] >= 5)
    await two.end_first()
    before = two.other.state()["last"]
    await until(lambda: two.other.state()["last"] >= before + 5)
    assert sent(two.service) == list(range(1, len(sent(two.service)) + 1))


async def test_an_answer_that_is_lost_is_asked_for_again_and_the_message_counts_once(two):
    two.one.change({"rate_per_s": 0})
    two.service.forgets = 2
    assert (await two.one.publish({}))["n"] == 1
    assert sent(two.service) == [1]


async def test_while_the_backplane_is_away_each_says_so_and_nothing_is_published(two):
    two.other.change({"rate_per_s": 50})
    await until(lambda: two.other.state()["published"] >= 3)
    two.service.away = True
    await until(lambda: two.other.state()["hubs"]["cut_off"])
    for race in (two.one, two.other):
        with pytest.raises(Refused) as refusal:
            await race.publish({})
        assert refusal.value.reason == "backplane-away"
    stood = two.other.state()["last"]
    two.service.away = False
    await until(lambda: two.other.state()["last"] > stood)
    await until(lambda: not two.other.state()["hubs"]["cut_off"])


async def test_a_hub_alone_says_nothing_of_hubs():
    service = Service()
    race = Race(service.hub())
    assert "hubs" in race.state()
    alone = Race(Hub(keys=service.keys))
    assert "hubs" not in alone.state()


async def test_the_lesson_publishes_through_the_backplane():
    service = Service()
    hub, _ = service.hub(), service.hub()
    told = await Lesson(hub)._publish("lesson", 2, 0.02)
    assert [text for _, text in told] == [entry.data for entry in service.logs["lesson"]._log]


async def test_what_lives_in_one_hubs_memory_is_refused_where_there_may_be_several():
    site = WebSite(Service().hub())
    for path in ("/demo/chat/join", "/demo/tictactoe/join"):
        with pytest.raises(Refused) as refusal:
            site._demo._posts[path].act({"room": "r", "name": "Ann"})
        assert (refusal.value.status, refusal.value.reason) == (503, "one-hub-only")


def test_of_two_setups_one_counts_at_all_hubs():
    first, late = Setup(since_ms=1), Setup(since_ms=2)
    assert (first.after(late), late.after(first)) == (True, False)
    left = first.changed("a", settings=Settings(clients=2))
    right = first.changed("b", settings=Settings(clients=3))
    assert (right.after(left), left.after(right)) == (True, False)
    assert left.after(first)
    assert Setup.from_json(json.loads(json.dumps(left.to_json()))) == left


async def test_on_a_real_redis_one_hub_publishes_what_is_set_at_the_other(redis_url):
    keys = TokenKeys.fresh()
    hubs = [Hub(keys=keys, backplane=lambda hub: RedisBackplane(hub, redis_url)) for _ in range(2)]
    races = [Race(hub) for hub in hubs]
    async with contextlib.AsyncExitStack() as stack:
        for hub in hubs:
            await stack.enter_async_context(hub.backplane.running())
        for race in races:
            await stack.enter_async_context(race.running())
        await until(lambda: processes(races[0]) == processes(races[1]) == 2)
        await until(lambda: sum(race._runs for race in races) == 1)
        (idle,) = [race for race in races if not race._runs]
        idle.change({"rate_per_s": 20})
        await until(lambda: idle.state()["published"] >= 5)
        idle.change({"rate_per_s": 0})
        await until(lambda: all(race.state()["settings"]["rate_per_s"] == 0 for race in races))
        told = await idle.publish({})
        await until(lambda: all(race.state()["last"] == told["n"] for race in races))
        assert not any(race.state()["hubs"]["cut_off"] for race in races)
