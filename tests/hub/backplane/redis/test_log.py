"""The log's scripts, beside a channel in memory as their model."""

import asyncio
import time
from dataclasses import replace
from secrets import token_hex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushlab.contract.serving import HubSettings
from pushlab.errors import Refused
from pushlab.hub.backplane.redis.link import RedisLink
from pushlab.hub.backplane.redis.log import Fetched, RedisLog, Said
from pushlab.hub.channel import Channel
from tests.patience import PATIENCE_S

DIALS = HubSettings(retain_messages=7, retain_bytes=40)
CHANNELS = st.sampled_from(["a", "b", "ab:c", "é {x}"])
TEXTS = st.sampled_from(["x", "y", "é", "five5", "zehn Zeich", "a long one that takes a lot"])
FEW = st.lists(st.tuples(CHANNELS, TEXTS), min_size=1, max_size=15)
SMALL = st.integers(1, 20).map(lambda count: [("a", f"{number}") for number in range(count)])
BATCHES = st.one_of(FEW, SMALL)


def opened(url: str, dials: HubSettings = DIALS) -> tuple[RedisLink, RedisLog]:
    link = RedisLink(url)
    return link, RedisLog(link, dials, time.monotonic_ns)


async def whole(log: RedisLog, channel: str, after: int = 0) -> Fetched:
    fetched = await log.fetch(channel, after)
    assert not fetched.messages or fetched.messages[-1].seq == fetched.head
    return fetched


def held(messages: list[Said]) -> list[tuple[int, str]]:
    return [(said.seq, said.text.decode()) for said in messages]


class Model:
    """The same channels in memory; an epoch there is any epoch that was never there before."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        self.epochs: dict[str, str] = {}

    def publish(self, channel: str, text: str) -> int:
        found = self.channels.setdefault(channel, Channel(channel, DIALS, 0))
        return found.publish(text, len(text.encode()), 0).seq

    def told(self, channel: str, epoch: str) -> None:
        model = self.channels.setdefault(channel, Channel(channel, DIALS, 0)).epoch
        assert self.epochs.setdefault(model, epoch) == epoch
        assert len(set(self.epochs.values())) == len(self.epochs)

    def log(self, channel: str, after: int = 0) -> list[tuple[int, str]]:
        model = self.channels[channel]
        entries = model.slice(max(after, model.first - 1), messages=100, size=10**9)
        return [(entry.seq, entry.data) for entry in entries or ()]


KEYED = st.tuples(st.just("publish"), BATCHES, st.sampled_from([None, "k1", "k2"]))
LOOK = st.tuples(st.just("look"), CHANNELS, st.integers(0, 20))
LOSE = st.tuples(st.sampled_from(["lose the hash", "lose the stream"]), CHANNELS)


@settings(max_examples=60)
@given(steps=st.lists(st.one_of(KEYED, LOOK, LOSE), max_size=12))
def test_any_steps_leave_what_they_leave_in_memory(redis_server, steps):
    async def run() -> None:
        link, log = opened(f"{redis_server.url}?prefix=model-{token_hex(6)}")
        model, known = Model(), {}
        async with link.running():
            for what, *with_ in steps:
                if what == "publish":
                    await publish(log, model, known, *with_)
                elif what == "look":
                    await look(log, model, *with_)
                elif what == "lose the hash":
                    await link.call("DEL", link.key("meta", with_[0]))
                    model.channels.pop(with_[0], None)
                elif with_[0] in model.channels:
                    await link.call("DEL", link.key("log", with_[0]))
                    lost = model.channels[with_[0]]
                    model.channels[with_[0]] = Channel(
                        lost.name, DIALS, 0, epoch=lost.epoch, head=lost.head
                    )
            for channel in list(model.channels):
                await look(log, model, channel, 0)

    asyncio.run(run())


async def publish(log, model, known, batch, key):
    of = known.get(key)
    if of is not None and of[0] != batch:
        with pytest.raises(Refused) as refused:
            await log.publish(batch, key)
        assert refused.value.reason == "idempotency-key-reused"
        return
    receipts = await log.publish(batch, key)
    places = [(each.epoch, each.seq) for each in receipts]
    if of is not None:
        assert places == of[1]
        return
    known.update({key: (batch, places)} if key else {})
    for (channel, text), receipt in zip(batch, receipts, strict=True):
        assert receipt.seq == model.publish(channel, text)
        model.told(channel, receipt.epoch)


async def look(log, model, channel, after):
    fetched = await whole(log, channel, after)
    model.told(channel, fetched.epoch)
    assert fetched.head == model.channels[channel].head
    assert held(fetched.messages) == model.log(channel, after)


# ---- one by one ---------------------------------------------------------------------------------


async def test_messages_that_are_too_old_go_and_the_channel_is_still_known(redis_url):
    link, log = opened(redis_url, replace(DIALS, retain_s=0.3))
    async with link.running(), asyncio.timeout(PATIENCE_S):
        (first,) = await log.publish([("a", "old")], None)
        while (await log.fetch("a", 0)).messages:  # noqa: ASYNC110 - Redis lets it go by its clock
            await asyncio.sleep(0.02)
        fetched = await log.fetch("a", 0)
        assert (fetched.epoch, fetched.head) == (first.epoch, 1)
        await log.publish([("a", "one")], None)
        await asyncio.sleep(0.35)
        await log.publish([("a", "two"), ("b", "x")], None)
        assert held((await log.fetch("a", 0)).messages) == [(3, "two")]


async def test_nothing_stays_in_redis_for_ever(redis_url):
    link, log = opened(redis_url)
    async with link.running():
        await log.publish([("a", "x"), ("b", "y")], "key")
        await log.fetch("quiet", 0)
        keys = await link.call("KEYS", link.key("*"))
        assert len(keys) == 7
        for key in keys:
            if not key.endswith(b":logs"):
                assert await link.call("PTTL", key) > 0, key


async def test_what_a_topic_says_is_what_the_log_has(redis_url):
    link, log = opened(redis_url)
    async with link.running():
        heard: list[bytes] = []
        await link.follow(log.topic("a"), heard.append)
        texts = ["one two  three", "ü\n", "\x00"]
        receipts = await log.publish([("a", text) for text in texts], None)
        async with asyncio.timeout(PATIENCE_S):
            while len(heard) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        said = [log.read(each) for each in heard]
        assert [each[:2] for each in said] == [each[:2] for each in receipts]
        assert [each.text.decode() for each in said] == texts
        kept = (await log.fetch("a", 0)).messages
        assert [(*each[:2], each.text) for each in said] == [
            (*each[:2], each.text) for each in kept
        ]
        assert all(abs(each.accepted_ns - time.monotonic_ns()) < 10e9 for each in said)


async def test_two_services_in_one_redis_do_not_know_of_each_other(redis_server):
    (one, one_log), (two, two_log) = (
        opened(f"{redis_server.url}?prefix={token_hex(6)}") for _ in range(2)
    )
    async with one.running(), two.running():
        heard: list[bytes] = []
        await two.follow(two_log.topic("a"), heard.append)
        (receipt,) = await one_log.publish([("a", "x")], "key")
        (other,) = await two_log.publish([("a", "y")], "key")
        assert receipt.epoch != other.epoch
        assert held((await two_log.fetch("a", 0)).messages) == [(1, "y")]
        async with asyncio.timeout(PATIENCE_S):
            while not heard:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert [two_log.read(each).text for each in heard] == [b"y"]
