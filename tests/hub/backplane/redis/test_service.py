import os
import signal

import pytest

from pushlab.hub.process import start_hub
from tests.hub.backplane.redis.sharing_hubs import KEYS
from tests.live_hub import LiveHub, config


@pytest.fixture
async def hubs(redis_url):
    chosen = config(
        backplane=redis_url, keys=KEYS.export(), api_key="of all hubs", settings={"lease_s": 30.0}
    )
    async with await start_hub(chosen) as first, await start_hub(chosen) as second:
        yield [LiveHub(each.url, each.api_key, each) for each in (first, second)]


async def test_stats_tell_of_the_hub_that_is_asked_and_of_all(hubs):
    first, second = hubs
    for hub, count in ((first, 2), (second, 3)):
        for at in range(count):
            await hub.publish("room", str(at))
    told = (await first.api("GET", "/v1/stats")).json
    assert told["published"] == 2
    assert sorted(each["published"] for each in told["hubs"].values()) == [2, 3]
    assert told["all"]["published"] == 5
    assert told["all"]["hits"]["api"]["publish"] == 5
    assert told["silent"] == []
    own = [each for each in told["hubs"].values() if each["published"] == 2]
    assert own[0]["process"]["rss_bytes"] > 1_000_000
    metrics = (await second.api("GET", "/metrics")).body.decode().splitlines()
    published = [line for line in metrics if line.startswith("pushlab_messages_published_total{")]
    assert sorted(float(line.split()[-1]) for line in published) == [2.0, 3.0]
    assert set(told["hubs"]) == {line.split('"')[1] for line in published}
    assert sum(line.startswith("# TYPE pushlab_feeds ") for line in metrics) == 1


async def test_a_hub_that_does_not_answer_is_named(hubs):
    first, second = hubs
    os.kill(second.process.pid, signal.SIGSTOP)
    try:
        told = (await first.api("GET", "/v1/stats")).json
        assert len(told["hubs"]) == 1
        assert [name.split("-")[-2] for name in told["silent"]] == [str(second.process.pid)]
        metrics = (await first.api("GET", "/metrics")).body.decode()
        assert f'pushlab_hub_up{{hub="{told["silent"][0]}"}} 0.0' in metrics
    finally:
        os.kill(second.process.pid, signal.SIGCONT)


async def test_a_token_of_one_hub_is_revoked_at_the_other(hubs):
    first, second = hubs
    token = await first.token("ada", "room")
    polled = await second.ask("GET", "/v1/poll?channel=room", secret=token)
    assert polled.status == 204
    answer = await second.api("DELETE", "/v1/tokens", {"token": token})
    assert answer.status == 200
    polled = await first.ask("GET", "/v1/poll?channel=room", secret=token)
    assert (polled.status, polled.json["error"]) == (401, "token-revoked")
