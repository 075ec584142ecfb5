"""The publisher of MQTT: by the clock, whatever the broker does."""

import asyncio
import time

import numpy as np
import pytest

from pushlab.errors import ConnectionFailed, Refused
from pushlab.lab.load.mqtt_publisher import MqttPublisher
from pushlab.lab.load.publish_log import LATE_NS, PublishLog
from pushlab.lab.scenario.schedule import Schedule
from pushlab.systems.publishing import MqttPublishing
from pushlab.systems.stamp import stamps_in
from tests.mqtt_broker import serving
from tests.patience import until

KEY = 5
_MS = 1_000_000


def schedule(*offsets_ms: float, channels: tuple[int, ...] = (0,), size: int = 40) -> Schedule:
    count = len(offsets_ms)
    return Schedule(
        (np.array(offsets_ms) * _MS).astype(np.int64),
        np.resize(np.array(channels, np.int32), count),
        0,
        int(max(offsets_ms, default=0) * _MS) + _MS,
        np.full(count, size, np.int32),
    )


def publisher(
    url: str,
    plan: Schedule,
    names: tuple[str, ...] = ("a", "b"),
    *,
    most_under_way: int = 20,
    **login: str,
) -> MqttPublisher:
    return MqttPublisher(
        MqttPublishing(url=url, topic="rooms/{channel}", body="<{message}>", **login),
        PublishLog.create(plan),
        channels=names,
        seed=1,
        key=KEY,
        most_under_way=most_under_way,
    )


async def publish(made: MqttPublisher, limit_s: float = 30.0) -> None:
    await made.connect()
    made.start(time.monotonic_ns() + 5 * _MS, [3, 10])
    await made.finish(limit_s)


async def test_every_message_is_sent_when_it_is_due_and_numbered_by_its_puback() -> None:
    plan = schedule(0, 10, 10, 25, 40, channels=(0, 1))
    async with serving() as (broker, _, url):
        made = publisher(url, plan)
        await publish(made)
    rows = made.publish_log.rows()
    assert rows["status"].tolist() == [202] * 5
    assert rows["seq"].tolist() == [4, 11, 5, 12, 6]
    assert (rows["sent_ns"] >= rows["intended_ns"]).all()
    assert (rows["accepted_ns"] > rows["sent_ns"]).all()
    assert {len(payload) for _, payload in broker.taken} == {42}
    assert all(payload[:1] + payload[-1:] == b"<>" for _, payload in broker.taken)
    told = {topic: [] for topic, _ in broker.taken}
    for topic, payload in broker.taken:
        told[topic] += stamps_in(payload, KEY)
    assert told == {b"rooms/a": [(0, 4), (0, 5), (0, 6)], b"rooms/b": [(1, 11), (1, 12)]}
    assert broker.logins == [(None, None)] * 2
    assert made.traffic()[1] > 5 * 42


async def test_many_are_under_way_at_once() -> None:
    async with serving() as (broker, _, url):
        broker.answers = False
        made = publisher(url, schedule(*[0] * 15))
        await made.connect()
        made.start(time.monotonic_ns())
        await until(lambda: len(broker.taken) == 15)
        assert not made.publish_log.status.any()
        broker.answer_all()
        await made.finish(30.0)
    assert made.publish_log.figures().accepted == 15
    assert not made.publish_log.held_ns.any()


async def test_behind_the_limit_messages_wait_and_it_is_the_broker_that_holds_them() -> None:
    async with serving() as (broker, _, url):
        broker.answers = False
        made = publisher(url, schedule(*[0] * 25))
        await made.connect()
        made.start(time.monotonic_ns())
        await until(lambda: len(broker.taken) == 20)
        await asyncio.sleep(2 * LATE_NS / 1e9)
        broker.answer_all()
        await made.finish(30.0)
    figures = made.publish_log.figures()
    assert (figures.sent, figures.accepted, figures.skipped, figures.held) == (25, 25, 0, 5)


async def test_what_a_broker_never_takes_is_skipped_and_held() -> None:
    async with serving() as (broker, _, url):
        broker.answers = False
        made = publisher(url, schedule(*[0] * 25))
        await made.connect()
        made.start(time.monotonic_ns())
        await until(lambda: len(broker.taken) == 20 and made.waiting)
        await asyncio.sleep(2 * LATE_NS / 1e9)
        made.close()
    figures = made.publish_log.figures()
    assert (figures.sent, figures.accepted, figures.skipped, figures.held) == (20, 0, 5, 5)
    assert not made.publish_log.status.any()


async def test_a_broker_that_reads_nothing_leaves_no_room() -> None:
    async with serving() as (broker, _, url):
        broker.reads.clear()
        made = publisher(url, schedule(*[0] * 60, size=300_000), ("a",), most_under_way=100)
        await made.connect()
        made.start(time.monotonic_ns())
        await until(lambda: made.waiting and not made._lines[0].room)
        await asyncio.sleep(2 * LATE_NS / 1e9)
        made.close()
        figures = made.publish_log.figures()
    assert 0 < figures.sent < 60
    assert figures.held == 60 - figures.sent


async def test_what_is_under_way_when_the_broker_hangs_up_stays_without_an_answer() -> None:
    async with serving() as (broker, _, url):
        broker.most = 2
        made = publisher(url, schedule(0, 0, 0, 0, 1500, 1600), ("a",))
        await made.connect()
        made.start(time.monotonic_ns())
        await until(lambda: made.publish_log.status[1] and not made._unanswered())
        broker.most = 100
        await made.finish(30.0)
    figures = made.publish_log.figures()
    assert made.publish_log.status.tolist() == [202, 202, 0, 0, 202, 202]
    assert (figures.sent, figures.accepted, figures.skipped) == (6, 4, 0)
    assert len(broker.logins) == 2


async def test_a_broker_that_is_gone_skips_what_is_due_and_the_clock_goes_on() -> None:
    async with serving() as (broker, server, url):
        made = publisher(url, schedule(0, 1500, 1550, 1600), ("a",))
        await made.connect()
        made.start(time.monotonic_ns())
        await until(lambda: made.publish_log.status[0])
        server.close()
        broker.hang_up()
        await made.finish(30.0)
    figures = made.publish_log.figures()
    assert (figures.sent, figures.accepted, figures.skipped) == (1, 1, 3)


async def test_it_logs_in_as_it_is_told(monkeypatch) -> None:
    monkeypatch.setenv("SECRET_OF_TESTS", "12345")
    async with serving() as (broker, _, url):
        made = publisher(url, schedule(0), ("a",), user="me", password="{env.SECRET_OF_TESTS}")
        await publish(made)
    assert broker.logins == [("me", b"12345")]
    assert "12345" not in repr(made._publishing)


async def test_a_broker_that_lets_nobody_in_says_why() -> None:
    async with serving() as (broker, _, url):
        broker.code = 5
        with pytest.raises(Refused, match="the broker refuses the publisher: not authorised"):
            await publisher(url, schedule(0)).connect()


async def test_nobody_there_is_told() -> None:
    async with serving() as (_, _, url):
        pass
    with pytest.raises(ConnectionFailed, match="no connection to the broker"):
        await publisher(url, schedule(0)).connect()
