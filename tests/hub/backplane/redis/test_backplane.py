"""Hubs on one Redis: read here what is published there, and whatever may happen meanwhile."""

import asyncio
import shutil

import pytest

from pushlab.contract.cursor import Cursor
from pushlab.errors import BackplaneUnavailable, Refused
from pushlab.hub.backplane.redis_server import RedisServer
from tests.bad_link import BadLink
from tests.hub.backplane.redis.hubs import Reader, hubs_at, read
from tests.patience import until


@pytest.fixture
def url(redis_url):
    return redis_url


@pytest.fixture
def own_redis():
    """One that a test may ill-treat; it keeps its data."""
    try:
        server = RedisServer(keeps=True)
    except BackplaneUnavailable as error:
        pytest.skip(str(error))
    with server:
        yield server


async def publish(hub, *texts: str, channel: str = "a", key: str | None = None):
    return await hub.backplane.publish([(channel, text) for text in texts], key)


async def again(redis, *hubs):
    """Start it, once all these have seen that it was gone, and wait until they are back."""
    await until(lambda: not any(hub.backplane.link.up for hub in hubs))
    redis.start()
    await until(lambda: all(hub.backplane.link.up for hub in hubs))


# ---- as long as all is well ---------------------------------------------------------------------


async def test_what_is_published_at_one_hub_is_read_at_all_in_the_same_order(url):
    async with hubs_at(url, url, url) as hubs:
        readers = [await Reader(hub).come() for hub in hubs]
        await asyncio.gather(*(publish(hub, f"{n}") for n in range(30) for hub in hubs))
        for reader in readers:
            await until(lambda reader=reader: len(reader.told) == 90)
        assert readers[0].told == readers[1].told == readers[2].told
        assert sorted(readers[0].told) == sorted(f"{n}" for n in range(30) for _ in hubs)


async def test_a_reader_starts_from_now_even_where_the_copy_lags(url):
    async with hubs_at(url, url) as (one, other):
        await Reader(other).come()
        for number in range(20):
            await publish(one, f"old {number}")
            reader = await Reader(other).come()
            assert reader.cursor.seq == 2 * number + 1
            await publish(one, "new")
            await reader.has("new")


async def test_a_reader_resumes_at_another_hub(url):
    async with hubs_at(url, url) as (one, other):
        reader = await Reader(one).come()
        receipts = await publish(one, "1", "2", "3")
        await reader.has("1", "2", "3")
        later = await Reader(other, cursor=Cursor(receipts[0].epoch, 1)).come()
        await later.has("2", "3")
        await publish(other, "4")
        await later.has("2", "3", "4")
        await reader.has("1", "2", "3", "4")
        # Right behind a message that this hub may not have heard of yet.
        for number in range(5, 25):
            (receipt,) = await publish(one, f"{number}")
            page = await read(other, "a", Cursor(receipt.epoch, receipt.seq))
            assert not page.entries
            assert page.gap_after is None


async def test_a_cursor_that_no_hub_gave_out_is_refused_at_each(url):
    async with hubs_at(url, url) as (one, other):
        (receipt,) = await publish(one, "1")
        for hub in (one, other):
            with pytest.raises(Refused) as refused:
                await read(hub, "a", Cursor(receipt.epoch, 2))
            assert refused.value.reason == "invalid-cursor"
            page = await read(hub, "a", Cursor("0000", 2))
            assert page.gap_after == Cursor("0000", 2)
            assert [entry.data for entry in page.entries] == ["1"]


async def test_a_batch_comes_whole_and_an_idempotent_one_once(url):
    async with hubs_at(url, url) as (one, other):
        reader = await Reader(one).come()
        batch = [("a", "1"), ("b", "x"), ("a", "2")]
        first = await one.backplane.publish(batch, "key")
        again = await other.backplane.publish(batch, "key")
        assert [each[:2] for each in first] == [each[:2] for each in again]
        with pytest.raises(Refused) as refused:
            await publish(other, "another", key="key")
        assert refused.value.status == 422
        await publish(other, "3")
        await reader.has("1", "2", "3")
        page = await read(other, "b", Cursor(first[1].epoch, 0))
        assert [entry.data for entry in page.entries] == ["x"]


async def test_retention_is_of_all_hubs_and_a_gap_is_told_at_each(url):
    async with hubs_at(url, url, retain_messages=10) as (one, other):
        await Reader(other).come()
        receipts = await publish(one, *(f"{number}" for number in range(1, 26)))
        for hub in (one, other):
            page = await read(hub, "a", Cursor(receipts[0].epoch, 3))
            assert page.gap_after == Cursor(receipts[0].epoch, 3)
            assert [entry.seq for entry in page.entries] == list(range(16, 26))


async def test_a_long_log_is_fetched_whole_while_more_comes(url):
    async with hubs_at(url, url) as (one, other):
        (first, *_) = await publish(one, *(f"{number}" for number in range(900)))
        publishing = asyncio.ensure_future(_go_on(one, 900, 1_000))
        reader = await Reader(other, cursor=Cursor(first.epoch, 0)).come()
        await publishing
        await reader.has(*(f"{number}" for number in range(1_000)))
        assert reader.ended == 0


async def _go_on(hub, start, stop):
    for number in range(start, stop):
        await publish(hub, f"{number}")


async def test_who_publishes_holds_no_copy_and_what_nobody_reads_is_let_go(url):
    now_ns = [0]
    async with hubs_at(url, url) as (one, other):
        await publish(one, "1")
        assert one.channel_names() == []
        await read(other, "a", None)
        reader = await Reader(other, "b").come()
        other.retire()
        assert sorted(other.channel_names()) == ["a", "b"]
        real = other.now_ns
        other.now_ns = lambda: real() + now_ns[0]
        now_ns[0] = 120 * 10**9
        other.retire()
        assert other.channel_names() == ["b"]
        await publish(one, "2")
        await publish(one, "x", channel="b")
        await reader.has("x")
        page = await read(other, "a", None)
        assert page.position.seq == 2


async def test_a_page_is_dated_by_the_clock_of_the_hub_that_is_asked(url):
    async with hubs_at(url, url) as (one, other):
        before_ns = one.now_ns()
        (receipt,) = await publish(one, "1")
        page = await read(other, "a", Cursor(receipt.epoch, 0))
        for accepted_ns in (receipt.accepted_ns, page.entries[0].accepted_ns):
            assert before_ns - 10**9 < accepted_ns <= one.now_ns()


# ---- Redis is away, or has lost something -------------------------------------------------------


async def test_a_hub_that_was_cut_off_from_redis_catches_up_with_its_readers_there(
    redis_server, url
):
    with BadLink("127.0.0.1", redis_server.port) as cable:
        far = url.replace(f":{redis_server.port}", f":{cable.port}")
        async with hubs_at(url, far) as (one, other):
            reader = await Reader(other).come()
            (first,) = await publish(one, "1")
            await reader.has("1")
            cable.up = False
            cable.cut()
            await until(lambda: not other.backplane.link.up)
            await publish(one, "2", "3")
            page = await read(other, "a", Cursor(first.epoch, 0))
            assert [entry.data for entry in page.entries] == ["1"]  # what is known there
            for question in (
                lambda: read(other, "b", None),
                lambda: read(other, "a", Cursor(first.epoch, 3)),
                lambda: read(other, "a", Cursor("0000", 0)),
                lambda: publish(other, "no"),
            ):
                with pytest.raises(Refused) as refused:
                    await question()
                assert (refused.value.status, refused.value.reason) == (503, "backplane-away")
            cable.up = True
            await reader.has("1", "2", "3")
            await publish(other, "4")
            await reader.has("1", "2", "3", "4")
            assert reader.ended == 0


async def test_many_channels_catch_up_after_a_cut_that_nobody_was_told_of(redis_server, url):
    with BadLink("127.0.0.1", redis_server.port) as cable:
        far = url.replace(f":{redis_server.port}", f":{cable.port}")
        async with hubs_at(url, far) as (one, other):
            names = [f"c{number}" for number in range(300)]
            readers = await asyncio.gather(*(Reader(other, name).come() for name in names))
            cable.black_out()
            await one.backplane.publish([(name, name) for name in names])
            for name, reader in zip(names, readers, strict=True):
                await reader.has(name)
            assert not any(reader.ended for reader in readers)


async def test_a_redis_that_keeps_its_data_is_started_again_and_nothing_is_lost(own_redis):
    async with hubs_at(own_redis.url, own_redis.url) as (one, other):
        reader = await Reader(other).come()
        await publish(one, "1")
        await reader.has("1")
        own_redis.kill()
        await until(lambda: not one.backplane.link.up)
        with pytest.raises(Refused) as refused:
            await publish(one, "no")
        assert refused.value.reason == "backplane-away"
        await again(own_redis, one, other)
        await publish(one, "2")
        await reader.has("1", "2")
        assert reader.ended == 0


async def test_a_redis_that_has_lost_its_data_is_a_gap_at_every_hub(own_redis):
    async with hubs_at(own_redis.url, own_redis.url) as (one, other):
        reader = await Reader(other).come()
        quiet = await Reader(one, "b").come()
        await publish(one, "1")
        await reader.has("1")
        own_redis.kill()
        own_redis.forget()
        await again(own_redis, one, other)
        await publish(one, "2")
        await publish(other, "x", channel="b")
        await reader.has("1", "gap", "2")
        await quiet.has("gap", "x")


async def test_a_redis_that_is_emptied_is_a_gap(own_redis):
    async with hubs_at(own_redis.url, own_redis.url) as (one, other):
        reader = await Reader(other).come()
        await publish(one, "1")
        await reader.has("1")
        await one.backplane.link.call("FLUSHALL")
        await publish(one, "2")
        await reader.has("1", "gap", "2")


async def test_a_redis_that_comes_back_with_older_data_is_a_gap(own_redis, tmp_path):
    """Its numbers would be given out again, for other messages."""
    data = own_redis._folder / "data"
    async with hubs_at(own_redis.url, own_redis.url) as (one, other):
        reader = await Reader(other).come()
        away = await Reader(one, "b").come()  # a channel that this hub alone has seen grow
        await publish(one, "1", "2")
        await publish(one, "x", channel="b")
        await reader.has("1", "2")
        await away.has("x")
        own_redis.kill()
        shutil.copytree(data, tmp_path / "older")
        await again(own_redis, one, other)
        await publish(one, "3", "4")
        await publish(other, "y", channel="b")
        await reader.has("1", "2", "3", "4")
        await away.has("x", "y")
        own_redis.kill()
        shutil.rmtree(data)
        shutil.copytree(tmp_path / "older", data)
        await again(own_redis, one, other)
        await publish(other, "5", "6", "7")
        await reader.has("1", "2", "3", "4", "gap", "1", "2", "5", "6", "7")
        await until(lambda: away.told == ["x", "y", "gap", "x"])


async def test_a_channel_whose_messages_were_evicted_is_a_gap_with_its_epoch(own_redis):
    async with hubs_at(own_redis.url, own_redis.url) as (one, other):
        (first, *_) = await publish(one, "1", "2")
        link = one.backplane.link
        await link.call("DEL", link.key("log", "a"))
        page = await read(other, "a", Cursor(first.epoch, 1))
        assert page.gap_after == Cursor(first.epoch, 1)
        assert page.position == Cursor(first.epoch, 2)
        (third,) = await publish(one, "3")
        assert (third.epoch, third.seq) == (first.epoch, 3)


async def test_a_redis_that_stands_still_is_noticed_and_a_repeated_publish_counts_once(own_redis):
    async with hubs_at(own_redis.url, own_redis.url) as (one, other):
        reader = await Reader(other).come()
        await publish(one, "1")
        own_redis.stall()
        try:
            with pytest.raises(Refused) as unknown:
                await publish(one, "2", key="two")
            assert (unknown.value.status, unknown.value.reason) == (503, "publish-unknown")
            with pytest.raises(Refused) as away:
                await publish(one, "3", key="three")
            assert (away.value.status, away.value.reason) == (503, "backplane-away")
        finally:
            own_redis.go_on()
        await until(lambda: one.backplane.link.up)
        await publish(one, "2", key="two")
        await publish(one, "3", key="three")
        await reader.has("1", "2", "3")
        assert reader.ended == 0


async def test_what_was_forgotten_while_a_hub_was_cut_off_is_a_gap(redis_server, url):
    with BadLink("127.0.0.1", redis_server.port) as cable:
        far = url.replace(f":{redis_server.port}", f":{cable.port}")
        async with hubs_at(url, far, retain_messages=5) as (one, other):
            reader = await Reader(other).come()
            await publish(one, "1")
            await reader.has("1")
            cable.up = False
            cable.cut()
            await until(lambda: not other.backplane.link.up)
            await publish(one, *(f"{number}" for number in range(2, 12)))
            cable.up = True
            await reader.has("1", "gap", "7", "8", "9", "10", "11")


async def test_what_redis_refuses_for_want_of_memory_was_not_published(own_redis):
    async with hubs_at(own_redis.url) as (hub,):
        reader = await Reader(hub).come()
        link = hub.backplane.link
        await publish(hub, "1")
        await link.call("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(Refused) as refused:
            await publish(hub, "2", "3")
        assert refused.value.reason == "backplane-away"
        assert "maxmemory" in refused.value.detail
        await link.call("CONFIG", "SET", "maxmemory", "0")
        (receipt,) = await publish(hub, "4")
        assert receipt.seq == 2
        await reader.has("1", "4")


# ---- the start ----------------------------------------------------------------------------------


async def test_no_redis_is_told_in_one_line_without_the_password(unused_port):
    with pytest.raises(BackplaneUnavailable) as error:
        async with hubs_at(f"redis://:geheim@127.0.0.1:{unused_port}/0"):
            pass
    assert f"127.0.0.1:{unused_port}" in str(error.value)
    assert "geheim" not in str(error.value)


async def test_a_wrong_password_is_told_and_not_shown(redis_server):
    with pytest.raises(BackplaneUnavailable) as error:
        async with hubs_at(f"redis://:geheim@127.0.0.1:{redis_server.port}/0"):
            pass
    assert "geheim" not in str(error.value)
