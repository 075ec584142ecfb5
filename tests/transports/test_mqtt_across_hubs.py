"""MQTT where several hubs share a backplane: one of them has the bridge, and another takes over."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator

import pytest
from redis import Redis

import pushlab
from pushlab.brokers.start import start_broker
from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.events import Gap
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import BrokerUnavailable, Refused
from pushlab.hub.backplane.redis.address import RedisAddress
from pushlab.hub.backplane.redis_server import RedisServer
from pushlab.hub.process import start_hub
from tests.application import Application
from tests.live_hub import LiveHub, config
from tests.patience import PATIENCE_S, until

API_KEY = "the same at all hubs"
KEYS = TokenKeys.fresh().export()


@contextlib.asynccontextmanager
async def hub_at(url: str, broker: BrokerAccess, **more: object) -> AsyncIterator[LiveHub]:
    """A hub in a process of its own, whose lease is two seconds."""
    more.setdefault("settings", {"lease_s": 6.0})
    chosen = config(
        backplane=url,
        broker=broker,
        keys=KEYS,
        api_key=API_KEY,
        transports={"mqtt": {}, "sse": {}},
        **more,
    )
    async with await start_hub(chosen) as process:
        yield LiveHub(process.url, API_KEY, process)


@pytest.fixture(params=["embedded", "mosquitto"])
async def broker(request):
    try:
        made = await start_broker(request.param)
    except BrokerUnavailable as error:
        pytest.skip(str(error))
    try:
        yield made.access
    finally:
        await made.stop()


def elected(url: str, hubs: list[LiveHub]) -> int:
    """Which of the hubs has the bridge."""
    address = RedisAddress(url)
    with Redis.from_url(url.partition("?")[0]) as redis:
        terms = redis.hgetall(f"{address.prefix}:elected")
    assert isinstance(terms, dict)
    (holder,) = (hub for what, hub in terms.items() if what.startswith(b"mqtt "))
    pid = int(holder.decode().split("-")[-2])
    return [hub.process.pid for hub in hubs].index(pid)


async def swept(url: str) -> None:
    """Wait until one hub is left, and what the other held is."""
    prefix = RedisAddress(url).prefix
    with Redis.from_url(url.partition("?")[0]) as redis:

        def all_told() -> bool:
            gone, events = redis.exists(f"{prefix}:gone"), redis.xlen(f"{prefix}:events")
            return redis.hlen(f"{prefix}:hubs") == 1 and not gone and not events

        await until(all_told)


async def texts(told, count):
    async with asyncio.timeout(PATIENCE_S):
        return [(await anext(told)).data for _ in range(count)]


async def test_tokens_of_any_hub_count_at_the_broker_and_all_that_is_published_arrives(
    redis_url, broker
):
    async with hub_at(redis_url, broker) as first, hub_at(redis_url, broker) as second:
        assert elected(redis_url, [first, second]) == 0
        for hub, other in ((first, second), (second, first)):
            token = await hub.token("ada", "room")
            async with pushlab.connect(hub.url, token, transport="mqtt") as messages:
                told = aiter(messages)
                await first.publish("room", "1")
                await second.publish("room", "2")
                await other.publish("room", "3")
                assert await texts(told, 3) == ["1", "2", "3"]
                await other.until_present("room", ["ada"])
            await other.until_present("room", [])
        token = await second.token("eve", "room")
        async with pushlab.connect(second.url, token, transport="mqtt") as messages:
            told = aiter(messages)
            await first.until_present("room", ["eve"])
            answer = await second.api("DELETE", "/v1/tokens", {"client_id": "eve"})
            assert answer.status == 200
            assert answer.json["ended"] >= 1  # at the other hub
            with pytest.raises(Refused) as refused:
                await texts(told, 1)
            assert refused.value.reason == "token-revoked"


@pytest.mark.parametrize("how", ["killed", "cut off"])
async def test_another_hub_takes_over_and_nothing_is_lost(redis_url, broker, how):
    application = Application()
    async with (
        application.listening() as app_url,
        hub_at(redis_url, broker, presence_url=app_url) as first,
        hub_at(redis_url, broker, presence_url=app_url) as second,
    ):
        hubs = [first, second]
        holder = hubs[elected(redis_url, hubs)]
        (other,) = (hub for hub in hubs if hub is not holder)
        token = await other.token("ada", "room")
        gaps = list[object]()
        async with pushlab.connect(
            other.url, token, transport="mqtt", on_gap=gaps.append
        ) as messages:
            told = aiter(messages)
            await holder.publish("room", "0")
            assert await texts(told, 1) == ["0"]
            os.kill(holder.process.pid, signal.SIGKILL if how == "killed" else signal.SIGSTOP)
            for at in range(1, 40):
                await other.publish("room", str(at))
                await asyncio.sleep(0.1)
            assert await texts(told, 39) == [str(at) for at in range(1, 40)]
            if how != "killed":
                os.kill(holder.process.pid, signal.SIGCONT)
            await other.publish("room", "40")
            assert await texts(told, 1) == ["40"]
            assert gaps == []
            assert elected(redis_url, hubs) == hubs.index(other)
            if how == "killed":
                await swept(redis_url)
            assert set(application.taken) == {("connected", "ada")}  # she was never gone
            fresh = await other.token("bob", "room")
            async with pushlab.connect(other.url, fresh, transport="mqtt") as more:
                await other.publish("room", "41")
                assert await texts(aiter(more), 1) == ["41"]


async def published(hub: LiveHub, text: str) -> None:
    """Publish it once Redis takes it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            answer = await hub.api("POST", "/v1/channels/room/messages", text.encode())
            if answer.status == 202:
                return
            assert answer.json["error"] == "backplane-away"
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("broker", ["embedded"], indirect=True)
@pytest.mark.parametrize("loses", [True, False])
async def test_a_redis_that_is_started_again_costs_readers_nothing_that_it_has(broker, loses):
    with RedisServer(keeps=True) as redis:
        async with hub_at(redis.url, broker) as first, hub_at(redis.url, broker) as second:
            token = await second.token("ada", "room")
            gaps = list[Gap]()
            async with pushlab.connect(
                second.url, token, transport="mqtt", on_gap=gaps.append
            ) as messages:
                told = aiter(messages)
                await first.publish("room", "1")
                assert await texts(told, 1) == ["1"]
                redis.restart(loses=loses)
                for text in ("2", "3", "4"):
                    await published(second, text)
                assert await texts(told, 3) == ["2", "3", "4"]
                assert len(gaps) == loses


@pytest.mark.parametrize("broker", ["embedded"], indirect=True)
async def test_a_redis_that_stops_for_five_seconds_moves_no_bridge(broker):
    """With the usual lease, which is ten seconds."""
    with RedisServer() as redis:
        usual = {"settings": {}}
        async with (
            hub_at(redis.url, broker, **usual) as first,
            hub_at(redis.url, broker, **usual) as second,
        ):
            token = await second.token("ada", "room")
            async with pushlab.connect(second.url, token, transport="mqtt") as messages:
                told = aiter(messages)
                await first.publish("room", "1")
                assert await texts(told, 1) == ["1"]
                redis.stall()
                await asyncio.sleep(5.0)
                redis.go_on()
                await published(second, "2")
                assert await texts(told, 1) == ["2"]
                assert elected(redis.url, [first, second]) == 0
                hits = (await first.api("GET", "/v1/stats")).json["all"]["hits"]["mqtt"]
                assert hits.get("reconnect", 0) == 0
