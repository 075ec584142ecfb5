"""A link: asks and topics, many at a time, and what becomes of them when it goes down."""

import asyncio

import pytest

from pushlab.errors import Refused
from pushlab.hub.backplane.redis.link import RedisLink, Script
from tests.bad_link import BadLink
from tests.patience import until

TAKE = Script("return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}")


async def test_many_ask_at_a_time_and_each_has_its_own_answer(redis_url):
    link = RedisLink(redis_url)
    async with link.running():
        key = link.key("count")
        asks = [link.run(TAKE, (key,), (number,)) for number in range(500)]
        answers = await asyncio.gather(*asks)
        assert answers == [
            [key.encode(), str(number).encode(), number + 1] for number in range(500)
        ]


async def test_who_waits_no_longer_takes_nobody_elses_answer(redis_url):
    link = RedisLink(redis_url)
    async with link.running():
        asks = [asyncio.ensure_future(link.call("ECHO", f"{number}")) for number in range(20)]
        await asyncio.sleep(0)
        for ask in asks[::2]:
            ask.cancel()
        assert await asyncio.gather(*asks[1::2]) == [str(n).encode() for n in range(1, 20, 2)]
        assert await link.call("ECHO", "last") == b"last"


async def test_a_script_that_redis_has_forgotten_is_sent_again(redis_url):
    link = RedisLink(redis_url)
    async with link.running():
        await link.run(TAKE, (link.key("count"),), ("x",))
        await link.call("SCRIPT", "FLUSH")
        assert (await link.run(TAKE, (link.key("count"),), ("x",)))[2] == 2


async def test_what_redis_refuses_is_refused_and_the_link_stays(redis_url):
    link = RedisLink(redis_url)
    async with link.running():
        with pytest.raises(Refused) as refused:
            await link.call("NO-SUCH-COMMAND")
        assert refused.value.reason == "backplane-away"
        assert link.up


async def test_a_topic_is_heard_from_follow_to_unfollow_and_in_order(redis_url):
    link, heard = RedisLink(redis_url), list[bytes]()
    async with link.running():
        topic = link.topic("t")
        for turn in range(3):
            await link.follow(topic, heard.append)
            await asyncio.gather(*(link.call("PUBLISH", topic, f"{n}") for n in range(50)))
            await until(lambda: len(heard) == 50, f"turn {turn}: {len(heard)} heard")
            assert heard == [str(n).encode() for n in range(50)]
            link.unfollow(topic)
            await link.call("PUBLISH", topic, "unheard")
            heard.clear()


async def test_a_handler_that_fails_silences_nobody(redis_url, caplog):
    link, heard = RedisLink(redis_url), list[bytes]()
    async with link.running():
        await link.follow(link.topic("bad"), lambda message: 1 / 0)
        await link.follow(link.topic("good"), heard.append)
        await link.call("PUBLISH", link.topic("bad"), "x")
        await link.call("PUBLISH", link.topic("good"), "y")
        await until(lambda: heard == [b"y"])
    assert "not understood" in caplog.text


async def test_it_comes_up_again_by_itself_and_topics_are_heard_before_that_is_told(
    redis_server, redis_url
):
    with BadLink("127.0.0.1", redis_server.port) as cable:
        link = RedisLink(redis_url.replace(f":{redis_server.port}", f":{cable.port}"))
        told, heard = list[str](), list[bytes]()

        async def up() -> None:
            told.append("up")
            await link.call("PUBLISH", link.topic("t"), "from up")

        link.on_up(up)
        link.on_down(lambda: told.append("down"))
        async with link.running():
            await link.follow(link.topic("t"), heard.append)
            cable.up = False
            cable.cut()
            await until(lambda: told == ["up", "down"])
            for question in (link.call("ECHO", "x"), link.follow("t2", heard.append)):
                with pytest.raises(Refused) as refused:
                    await question
                assert refused.value.reason == "backplane-away"
            cable.up = True
            await until(lambda: heard == [b"from up"])
        assert told == ["up", "down", "up", "down"]


async def test_an_ask_that_was_sent_and_cut_off_may_have_been_done(redis_server, redis_url):
    with BadLink("127.0.0.1", redis_server.port) as cable:
        link = RedisLink(redis_url.replace(f":{redis_server.port}", f":{cable.port}"))
        async with link.running():
            cable.black_out()
            ask = asyncio.ensure_future(link.run(TAKE, (link.key("count"),), ("x",)))
            with pytest.raises(Refused) as refused:
                await ask
            assert refused.value.reason == "publish-unknown"
            await until(lambda: link.up)
