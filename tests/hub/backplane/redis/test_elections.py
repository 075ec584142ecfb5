import asyncio
import contextlib

import pytest

from pushlab.contract.turns import Deposed
from pushlab.errors import BrokerUnavailable
from tests.hub.backplane.redis.sharing_hubs import Cable, running, service_of
from tests.patience import until


class Stage:
    """Who runs what is to run at one hub at a time, and how each turn ended."""

    def __init__(self):
        self.running = []
        self.most = 0
        self.turns = []
        self.fails = set()

    def run(self, name):
        @contextlib.asynccontextmanager
        async def turn():
            if name in self.fails:
                raise BrokerUnavailable(f"{name} cannot")
            self.running.append(name)
            self.most = max(self.most, len(self.running))
            try:
                yield
            except Deposed:
                self.turns.append((name, "deposed"))
                raise
            else:
                self.turns.append((name, "ended"))
            finally:
                await asyncio.sleep(0.05)  # an end takes a moment
                self.running.remove(name)

        return turn


@contextlib.asynccontextmanager
async def candidate(url, stage, name):
    async with running(url) as hub, hub.backplane.one_at_a_time("it", stage.run(name)):
        yield hub


async def test_one_runs_it_and_when_it_ends_the_next_one_does(redis_url):
    stage = Stage()
    async with contextlib.AsyncExitStack() as stack:
        first = contextlib.AsyncExitStack()
        await first.enter_async_context(candidate(redis_url, stage, "a"))
        assert stage.running == ["a"]  # from the start
        await stack.enter_async_context(candidate(redis_url, stage, "b"))
        await stack.enter_async_context(candidate(redis_url, stage, "c"))
        assert stage.running == ["a"]
        await first.aclose()
        await until(lambda: stage.running in (["b"], ["c"]))
        assert stage.turns == [("a", "ended")]
    assert stage.most == 1
    assert stage.running == []


async def test_a_hub_that_is_cut_off_has_stopped_before_another_takes_over(redis_url):
    stage = Stage()
    with Cable.before(redis_url) as cable:
        async with (
            candidate(cable.in_place_of(redis_url), stage, "a") as first,
            candidate(redis_url, stage, "b"),
        ):
            assert stage.running == ["a"]
            cable.pull()
            await until(lambda: stage.running == ["b"])
            assert stage.turns == [("a", "deposed")]
            cable.mend()
            await until(lambda: first.backplane.link.up)
            assert not service_of(first).members.holds("it")
            assert stage.running == ["b"]
        assert stage.most == 1


async def test_a_redis_that_is_away_for_long_ends_it_and_it_goes_on_afterwards(redis_url):
    stage = Stage()
    with Cable.before(redis_url) as cable:
        async with candidate(cable.in_place_of(redis_url), stage, "a"):
            cable.up = False
            cable.cut()
            await until(lambda: stage.turns == [("a", "deposed")])
            cable.mend()
            await until(lambda: stage.running == ["a"])


async def test_what_cannot_begin_stops_the_hub_that_starts_with_it(redis_url):
    stage = Stage()
    stage.fails = {"a"}
    with pytest.raises(BrokerUnavailable, match="a cannot"):
        async with candidate(redis_url, stage, "a"):
            pass
    async with candidate(redis_url, stage, "b"):
        assert stage.running == ["b"]


async def test_who_cannot_take_over_lets_another_one_try(redis_url):
    stage = Stage()
    async with contextlib.AsyncExitStack() as stack:
        first = contextlib.AsyncExitStack()
        await first.enter_async_context(candidate(redis_url, stage, "a"))
        await stack.enter_async_context(candidate(redis_url, stage, "b"))
        await stack.enter_async_context(candidate(redis_url, stage, "c"))
        stage.fails = {"b"}
        await first.aclose()
        await until(lambda: stage.running == ["c"])
