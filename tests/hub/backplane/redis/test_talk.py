import asyncio

import pytest

from pushlab.errors import Refused
from tests.hub.backplane.redis.sharing_hubs import Cable, running, service_of
from tests.patience import until


def talk_of(hub):
    return service_of(hub)._talk


def name_of(hub):
    return service_of(hub).members.id


async def test_all_others_answer_and_who_does_not_in_time_is_named(redis_url):
    async with (
        running(redis_url) as first,
        running(redis_url) as second,
        running(redis_url) as third,
    ):

        async def twice(body):
            return 2 * body

        async def nothing(body):
            await asyncio.Event().wait()

        talk_of(second).hear("it", twice)
        talk_of(third).hear("it", nothing)
        answers = await talk_of(first).ask("it", 21, within_s=0.5)
        assert answers.given == {name_of(second): 42}
        assert answers.silent == [name_of(third)]
        began = asyncio.get_running_loop().time()
        await talk_of(first).ask("it", 1, within_s=60.0, enough=bool)
        assert asyncio.get_running_loop().time() - began < 50.0


async def test_who_has_no_answer_is_not_waited_for(redis_url):
    async with running(redis_url) as first, running(redis_url) as second:

        async def none(body):
            return None

        talk_of(second).hear("it", none)
        answers = await talk_of(first).ask("it", within_s=60.0)
        assert answers == ({}, [])


async def test_a_hub_alone_has_its_answers_at_once(redis_url):
    async with running(redis_url) as hub:
        assert await talk_of(hub).ask("it", within_s=60.0) == ({}, [])


async def test_while_redis_is_away_nobody_is_asked(redis_url):
    with Cable.before(redis_url) as cable:
        async with running(cable.in_place_of(redis_url)) as hub:
            cable.up = False
            cable.cut()
            await until(lambda: not hub.backplane.link.up)
            with pytest.raises(Refused) as refused:
                await talk_of(hub).ask("it")
            assert refused.value.status == 503
