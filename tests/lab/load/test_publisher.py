"""The publisher: by the clock, whatever the server does; late and skipped are counted."""

import asyncio
import time

import numpy as np
import pytest

from pushlab.lab.load.open_loop import OpenLoop, make_payloads
from pushlab.lab.load.publish_log import LATE_NS, PublishLog
from pushlab.lab.load.publisher import Publisher
from pushlab.lab.scenario.schedule import Schedule
from pushlab.systems.hub_api import HubApi
from tests.patience import PATIENCE_S
from tests.publish_server import Server, serving

_MS = 1_000_000


def schedule(
    *offsets_ms: float,
    warmup_ms: float = 0,
    channels: list[int] | None = None,
    sizes: tuple[int, ...] = (20,),
) -> Schedule:
    offset_ns = (np.array(offsets_ms) * _MS).astype(np.int64)
    channel = np.array(channels or [0] * len(offsets_ms), np.int32)
    end_ns = int(max(offsets_ms, default=0) * _MS) + _MS
    size = np.resize(np.array(sizes, np.int32), len(offsets_ms))
    return Schedule(offset_ns, channel, int(warmup_ms * _MS), end_ns, size)


def publisher(server: Server, plan: Schedule, **changes: int) -> Publisher:
    settings = {"seed": 1} | changes
    return Publisher(
        HubApi(server.url, "key").publishing,
        PublishLog.create(plan),
        channels=["a/b", "ü"],
        **settings,
    )


async def publish(made: Publisher, limit_s: float = 30.0) -> None:
    await made.connect()
    made.start(time.monotonic_ns() + 5 * _MS)
    await made.finish(limit_s)


async def test_every_message_is_sent_when_it_is_due_and_stamped() -> None:
    plan = schedule(0, 10, 10, 25, 40, warmup_ms=20, channels=[0, 1, 0, 1, 0])
    async with serving() as server:
        made = publisher(server, plan)
        await publish(made)
        rows = made.publish_log.rows()
        assert server.paths[0] == "/v1/publish?channel=a%2Fb"
        assert server.paths.count("/v1/publish?channel=%C3%BC") == 2
        assert server.keys == {"bearer key"}
        assert {len(body) for body in server.bodies} == {20}
        assert (rows["status"] == 202).all()
        assert sorted(rows["seq"].tolist()) == [1, 2, 3, 4, 5]
        assert (rows["intended_ns"] - made.start_ns == plan.offset_ns).all()
        assert (rows["sent_ns"] >= rows["intended_ns"]).all()
        assert (rows["accepted_ns"] >= rows["sent_ns"]).all()
        assert rows["warmup"].tolist() == [True, True, True, False, False]
        assert set(rows["payload_bytes"].tolist()) == {20}
        figures = made.publish_log.figures()
        assert (figures.scheduled, figures.sent, figures.accepted, figures.skipped) == (2, 2, 2, 0)
        assert made.publish_log.heads([0, 0]) == [
            max(rows["seq"][rows["channel"] == i]) for i in (0, 1)
        ]


async def test_each_message_has_its_own_size() -> None:
    plan = schedule(0, 5, 10, 15, channels=[0, 0, 1, 0], sizes=(20, 7, 300))
    async with serving() as server:
        made = publisher(server, plan)
        await publish(made)
        assert sorted(len(body) for body in server.bodies) == [7, 20, 20, 300]
        assert made.publish_log.rows()["payload_bytes"].tolist() == [20, 7, 300, 20]


async def test_a_slow_server_does_not_slow_the_clock() -> None:
    async with serving() as server:
        server.free.clear()
        made = publisher(server, schedule(*range(0, 40, 2)))
        await made.connect()
        made.start(time.monotonic_ns())
        async with asyncio.timeout(PATIENCE_S):
            while len(server.bodies) < 20:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        assert server.connections >= 20  # each waits for its answer
        server.free.set()
        await made.finish(PATIENCE_S)
        assert (made.publish_log.status == 202).all()


async def test_beyond_the_limit_of_connections_messages_wait_and_go_out_late() -> None:
    async with serving() as server:
        server.free.clear()
        made = publisher(server, schedule(*[0.0] * 300), most_connections=256)
        await made.connect()
        made.start(time.monotonic_ns())
        async with asyncio.timeout(PATIENCE_S):
            while len(server.bodies) < 256:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        await asyncio.sleep(2 * LATE_NS / 1e9)
        assert len(server.bodies) == server.connections == 256
        server.free.set()
        await made.finish(PATIENCE_S)
        figures = made.publish_log.figures()
        assert figures.sent == figures.accepted == 300
        assert figures.late >= 44
        assert figures.held == 44  # it was the server that let them wait


async def test_what_cannot_be_sent_before_the_limit_is_skipped_and_counted() -> None:
    async with serving() as server:
        server.free.clear()
        made = publisher(server, schedule(*[0.0] * 260), most_connections=256)
        await publish(made, limit_s=0.3)
        figures = made.publish_log.figures()
        assert figures.scheduled == 260
        assert figures.sent + figures.skipped == 260
        assert figures.skipped >= 4
        assert figures.held >= 4
        assert figures.accepted == 0
        rows = made.publish_log.rows()
        assert len(rows["seq"]) == 260
        assert (rows["status"] == 0).all()


async def test_a_refusal_is_a_row_with_its_status() -> None:
    async with serving() as server:
        server.status = 429
        made = publisher(server, schedule(0, 1))
        await publish(made)
        assert made.publish_log.status.tolist() == [429, 429]
        assert made.publish_log.seq.tolist() == [0, 0]
        assert (made.publish_log.sent_ns > 0).all()
        assert made.publish_log.figures().accepted == 0


async def test_a_lost_connection_is_a_row_without_an_answer_and_nothing_is_sent_twice() -> None:
    async with serving() as server:
        server.hang_up = True
        made = publisher(server, schedule(0, 5, 10))
        await publish(made)
        assert made.publish_log.status.tolist() == [0, 0, 0]
        assert (made.publish_log.sent_ns > 0).all()
        assert len(server.bodies) == 3


async def test_a_hub_that_is_gone_is_not_waited_for() -> None:
    async with serving() as server:
        made = publisher(server, schedule(*[0.0] * 5, 30))
        await made.connect()
    server.hang_up = True
    for connection in made._connections:
        connection.close()
    await asyncio.sleep(0.01)
    made.start(time.monotonic_ns())
    async with asyncio.timeout(PATIENCE_S):
        await made.finish(25)
    assert made.publish_log.figures().sent == 0
    assert made.publish_log.figures().skipped == 6


async def test_bytes_are_counted() -> None:
    async with serving() as server:
        made = publisher(server, schedule(0, 1))
        await publish(made)
        bytes_in, bytes_out = made.traffic()
        assert bytes_out > 2 * 20
        assert bytes_in > 2 * len("HTTP/1.1 202 X")


async def test_an_empty_schedule_is_done_at_once() -> None:
    async with serving() as server:
        made = publisher(server, schedule())
        async with asyncio.timeout(PATIENCE_S):
            await publish(made, limit_s=1_000)
        assert made.publish_log.figures().scheduled == 0


class Direct(OpenLoop):
    """A wire that takes everything at once."""

    def _send_waiting(self) -> None:
        while self.waiting:
            self.publish_log.sent_ns[self._take()] = time.monotonic_ns()


async def test_nothing_is_sent_early_and_everything_in_order() -> None:
    plan = schedule(*(i * 3.7 for i in range(20)))
    made = Direct(PublishLog.create(plan), seed=1)
    made.start(time.monotonic_ns())
    await made.finish(PATIENCE_S)
    assert (made.publish_log.sent_ns >= made.start_ns + plan.offset_ns).all()
    assert (np.diff(made.publish_log.sent_ns) >= 0).all()


@pytest.mark.parametrize("size", [1, 2, 100, 32_767])
def test_payloads_have_their_size_and_come_from_the_seed(size: int) -> None:
    payloads = make_payloads(size, 3)
    assert {len(payload) for payload in payloads} == {size}
    assert all(payload.isalpha() and payload.isascii() for payload in payloads)
    assert payloads == make_payloads(size, 3)
    if size >= 100:
        assert len(set(payloads)) > 10
        assert payloads != make_payloads(size, 4)
