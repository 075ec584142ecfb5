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
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import BrokerUnavailable, Refused
from pushlab.hub.backplane.redis.address import RedisAddress
from pushlab.hub.process import start_hub
from tests.live_hub import LiveHub, config
from tests.patience import PATIENCE_S

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
        holder = redis.hget(f"{address.prefix}:elected", "mqtt")
    assert isinstance(holder, bytes)
    pid = int(holder.decode().split("-")[-2])
    return [hub.process.pid for hub in hubs].index(pid)


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
    async with hub_at(redis_url, broker) as first, hub_at(redis_url, broker) as second:
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
            fresh = await other.token("bob", "room")
            async with pushlab.connect(other.url, fresh, transport="mqtt") as more:
                await other.publish("room", "41")
                assert await texts(aiter(more), 1) == ["41"]
