"""When requests really left, by the kernel's stamps."""

import asyncio
import sys
import time

import numpy as np
import pytest
import uvloop

from pushlab.lab.load.kernel_stamps import WallClock
from pushlab.lab.load.publish_log import PublishLog
from pushlab.lab.load.request_witness import RequestWitness
from pushlab.lab.scenario.schedule import Schedule
from pushlab.wire.http_client import HttpConnection, connect_http
from tests.patience import PATIENCE_S, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux stamps so")

REQUEST = b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1000):
        writer.write(b"HTTP/1.1 202 X\r\ncontent-length: 0\r\n\r\n")
    writer.close()


class Exchange:
    """A connection with its witness, and the log of two messages."""

    def __init__(self, connection: HttpConnection) -> None:
        rows = np.zeros(2, np.int64)
        self.log = PublishLog.create(
            Schedule(rows, rows.astype(np.int32), 0, 1, rows.astype(np.int32))
        )
        self.clock = WallClock()
        self.connection = connection
        self.witness = RequestWitness(connection, self.log, self.clock)

    def send(self, index: int) -> None:
        self.log.sent_ns[index] = self.connection.send(REQUEST, lambda answer: None)
        self.witness.sent(index)

    async def left(self, index: int) -> int:
        await until(lambda: self.log.left_ns[index] > 0)
        return int(self.log.left_ns[index])


def exchange(what) -> None:
    """On the event loop that a publisher has."""

    async def run() -> None:
        listener = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        made = Exchange(await connect_http(f"http://127.0.0.1:{port}"))
        try:
            await asyncio.wait_for(what(made), PATIENCE_S)
        finally:
            made.witness.close()
            made.connection.close()
            listener.close()

    uvloop.run(run())


def test_each_request_leaves_after_it_was_handed_over() -> None:
    async def two(made: Exchange) -> None:
        for index in (0, 1):
            made.send(index)
            left_ns = await made.left(index)
            assert made.log.sent_ns[index] - made.clock.bound_ns <= left_ns <= time.monotonic_ns()
        assert made.log.left_ns[1] > made.log.left_ns[0]
        assert made.witness.discarded == 0
        rows = made.log.stamps()
        assert rows["subscriber"].tolist() == [-1, -1]
        assert (rows["kernel_ns"] == made.log.left_ns).all()
        assert (rows["stamped_ns"] == made.log.sent_ns).all()

    exchange(two)


class SlowTransport:
    """Hands data on a tenth of a second late."""

    def __init__(self, below: asyncio.Transport) -> None:
        self._below = below

    def write(self, data: bytes) -> None:
        time.sleep(0.1)
        self._below.write(data)

    def close(self) -> None:
        self._below.close()


def test_what_holds_a_request_up_after_its_stamp_shows() -> None:
    async def held(made: Exchange) -> None:
        made.connection._transport = SlowTransport(made.connection._transport)  # type: ignore[assignment,arg-type]
        made.send(0)
        assert await made.left(0) - made.log.sent_ns[0] >= 100_000_000

    exchange(held)


def test_no_stamp_is_left_for_the_loop_to_stumble_over() -> None:
    async def rest(made: Exchange) -> None:
        made.send(0)
        await made.left(0)
        sock = made.witness._sock
        assert sock is not None
        assert made.witness._newest(sock) is None

    exchange(rest)


def test_a_stamp_from_before_the_wall_clock_was_set_is_not_believed() -> None:
    async def stepped(made: Exchange) -> None:
        made.clock.distance_ns += 1_000_000_000
        made.send(0)
        await until(lambda: made.witness.discarded)
        assert made.log.left_ns[0] == 0
        assert made.clock.steps == 1

    exchange(stepped)
