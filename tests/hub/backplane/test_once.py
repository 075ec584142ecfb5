"""A publish with a key counts once."""

import asyncio

import pytest

from pushlab.errors import Refused
from pushlab.hub.backplane.backplane import Receipt
from pushlab.hub.backplane.once import KEY_COUNTS_S, PublishOnce, fingerprint

ONE = [("a", "x")]


class Taker:
    def __init__(self):
        self.taken, self.error, self.go = [], None, asyncio.Event()
        self.go.set()

    async def __call__(self, items):
        self.taken.append(items)
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return [Receipt("e", len(self.taken), 7)]


class Clock:
    ns = 10**12

    def __call__(self):
        return self.ns


async def test_the_second_gets_the_answer_of_the_first():
    take, once = Taker(), PublishOnce(Clock())
    first = await once.publish(ONE, "k", take)
    assert await once.publish(ONE, "k", take) == first == [Receipt("e", 1, 7)]
    assert await once.publish(ONE, "other", take) == [Receipt("e", 2, 7)]
    assert len(take.taken) == 2


async def test_one_that_comes_while_the_first_is_under_way_waits_for_it():
    take, once = Taker(), PublishOnce(Clock())
    take.go.clear()
    both = [asyncio.ensure_future(once.publish(ONE, "k", take)) for _ in range(2)]
    await asyncio.sleep(0)
    take.go.set()
    assert await asyncio.gather(*both) == [[Receipt("e", 1, 7)]] * 2
    assert len(take.taken) == 1


async def test_a_publisher_that_goes_does_not_take_the_publish_with_it():
    take, once = Taker(), PublishOnce(Clock())
    take.go.clear()
    gone = asyncio.ensure_future(once.publish(ONE, "k", take))
    await asyncio.sleep(0)
    gone.cancel()
    take.go.set()
    assert await once.publish(ONE, "k", take) == [Receipt("e", 1, 7)]
    assert len(take.taken) == 1


async def test_the_same_key_with_other_messages_is_refused():
    take, once = Taker(), PublishOnce(Clock())
    await once.publish(ONE, "k", take)
    for other in ([("a", "y")], [("b", "x")], [*ONE, *ONE]):
        with pytest.raises(Refused) as refused:
            await once.publish(other, "k", take)
        assert (refused.value.status, refused.value.reason) == (422, "idempotency-key-reused")


async def test_what_was_refused_may_be_tried_again():
    take, once = Taker(), PublishOnce(Clock())
    take.error = Refused(507, "keep-full", "full")
    for _ in range(2):
        with pytest.raises(Refused, match="full"):
            await once.publish(ONE, "k", take)
    take.error = None
    assert await once.publish(ONE, "k", take) == [Receipt("e", 3, 7)]


async def test_a_key_counts_for_its_time():
    take, clock = Taker(), Clock()
    once = PublishOnce(clock)
    await once.publish(ONE, "k", take)
    clock.ns += int(KEY_COUNTS_S * 1e9) + 1
    assert await once.publish(ONE, "k", take) == [Receipt("e", 2, 7)]


def test_where_a_channel_ends_and_its_text_begins_counts():
    assert fingerprint([("ab", "c")]) != fingerprint([("a", "bc")])
    assert fingerprint([("a", "b"), ("c", "d")]) != fingerprint([("a", "b")])
