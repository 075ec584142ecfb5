"""A transport that reads with stamps, against real sockets: what any transport owes a protocol."""

import asyncio
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator

import pytest

from pushlab.lab.load.stamped_socket import Arrival, Looks, StampedSocket, Stamps, open_stamped
from tests.patience import PATIENCE_S, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux stamps so")

LARGE = bytes(range(256)) * 12_000  # 3 MB: more than any buffer


class Above(asyncio.Protocol):
    """Remembers all that it is told."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.pieces: list[tuple[bytes, Arrival | None, int]] = []
        self.stamps: Stamps | None = None
        self.told: list[str] = []
        self.error: Exception | None = None

    @property
    def data(self) -> bytes:
        return b"".join(piece for piece, _, _ in self.pieces)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.told.append("made")
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        assert self.stamps is not None
        self.pieces.append((data, self.stamps.current, time.monotonic_ns()))

    def eof_received(self) -> None:
        self.told.append("eof")

    def connection_lost(self, error: Exception | None) -> None:
        self.told.append("lost")
        self.error = error

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")


class Line:
    """A stamped connection, what is above it, and the server's end."""

    def __init__(self, above: Above, line: StampedSocket, peer: socket.socket) -> None:
        self.above = above
        self.line = line
        self.peer = peer
        self.loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.loop.sock_sendall(self.peer, data)

    async def receive(self, size: int) -> bytes:
        found = b""
        async with asyncio.timeout(PATIENCE_S):
            while len(found) < size:
                found += await self.loop.sock_recv(self.peer, 1 << 20)
        return found

    async def begin(self) -> None:
        """Until there are stamps: the kernel begins a moment after it was first asked for any."""
        pieces = self.above.pieces
        while not (pieces and pieces[-1][1] and pieces[-1][1].last_ns):
            count = len(pieces)
            await self.send(b"?")
            await until(lambda count=count: len(pieces) > count)  # type: ignore[misc]
        pieces.clear()

    async def got(self, size: int) -> None:
        await until(lambda: len(self.above.data) >= size)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    loop = asyncio.get_running_loop()
    above, stamps = Above(), Stamps(loop)
    above.stamps = stamps
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = await open_stamped(lambda: above, *listener.getsockname(), stamps)
        assert made is not None
        peer, _ = listener.accept()
    with peer:
        peer.setblocking(False)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        found = Line(above, made, peer)
        await found.begin()
        yield found
        made.abort()
        await until(lambda: "lost" in above.told)


async def test_pieces_come_in_order_and_each_has_a_stamp_from_before_it_was_read(
    line: Line,
) -> None:
    for count in range(1, 4):
        before_ns = time.monotonic_ns()
        await line.send(b"%d" % count)
        await line.got(count)
        _, arrival, read_ns = line.above.pieces[-1]
        assert arrival is not None
        bound_ns = line.above.stamps.clock.bound_ns  # type: ignore[union-attr]
        assert before_ns - bound_ns <= arrival.last_ns <= read_ns + bound_ns
        assert arrival.first_ns == arrival.last_ns
    assert line.above.data == b"123"
    assert line.above.stamps.current is None  # type: ignore[union-attr]


async def test_a_loop_that_is_late_shows_in_the_stamp(line: Line) -> None:
    line.peer.send(b"x")
    sent_ns = time.monotonic_ns()
    time.sleep(0.2)  # noqa: ASYNC251 - the loop is held up on purpose
    await line.got(1)
    _, arrival, read_ns = line.above.pieces[0]
    assert arrival is not None
    assert read_ns - arrival.last_ns >= 200_000_000
    assert arrival.last_ns <= sent_ns + line.above.stamps.clock.bound_ns  # type: ignore[union-attr]


async def test_of_what_came_together_the_first_may_have_come_since_the_loop_last_looked(
    line: Line,
) -> None:
    await line.send(b"before")
    await line.got(6)
    before_ns = time.monotonic_ns()
    line.peer.send(b"one")
    one_ns = time.monotonic_ns()
    time.sleep(0.1)  # noqa: ASYNC251 - the loop is held up on purpose
    two_ns = time.monotonic_ns()
    line.peer.send(b"two")
    await line.got(12)
    assert len(line.above.pieces) == 2
    arrival = line.above.pieces[1][1]
    assert arrival is not None
    bound_ns = line.above.stamps.clock.bound_ns  # type: ignore[union-attr]
    assert arrival.last_ns >= two_ns - bound_ns  # the kernel has forgotten the first
    assert arrival.first_ns <= one_ns + bound_ns  # but it is not believed to have come so late
    assert arrival.first_ns < before_ns + bound_ns


async def test_a_loop_that_looks_often_narrows_it() -> None:
    looks = Looks()
    assert looks.since_ns == 0
    for at_ns in (10, 20, 30, 40):
        looks.look(at_ns)
    assert looks.since_ns == 20  # what is not read in the second turn after has come since


async def test_much_comes_whole_both_ways(line: Line) -> None:
    line.line.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
    line.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    writing = asyncio.ensure_future(line.send(LARGE))
    line.line.write(LARGE)
    assert "pause" in line.above.told
    line.line.write(b"and more")
    assert await line.receive(len(LARGE) + 8) == LARGE + b"and more"
    await writing
    await line.got(len(LARGE))
    assert line.above.data == LARGE
    await until(lambda: "resume" in line.above.told)


async def test_what_is_paused_waits(line: Line) -> None:
    line.line.pause_reading()
    assert not line.line.is_reading()
    await line.send(b"x")
    await asyncio.sleep(0.02)
    assert line.above.data == b""
    line.line.resume_reading()
    await line.got(1)


async def test_the_other_side_sends_no_more(line: Line) -> None:
    await line.send(b"last")
    line.peer.shutdown(socket.SHUT_WR)
    await until(lambda: "lost" in line.above.told)
    assert line.above.data == b"last"
    assert line.above.told == ["made", "eof", "lost"]
    assert line.above.error is None
    assert line.line.is_closing()
    line.line.write(b"into the void")


async def test_a_reset_is_an_error(line: Line) -> None:
    line.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.peer.close()
    await until(lambda: "lost" in line.above.told)
    assert isinstance(line.above.error, ConnectionResetError)
    assert line.above.told == ["made", "lost"]


async def test_closing_sends_what_is_left(line: Line) -> None:
    line.line.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
    line.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    line.line.write(LARGE)
    line.line.close()
    line.line.close()
    assert "lost" not in line.above.told
    assert await line.receive(len(LARGE)) == LARGE
    await until(lambda: "lost" in line.above.told)
    assert line.above.error is None


async def test_what_the_layer_above_says_meanwhile_may_close_it(line: Line) -> None:
    line.above.data_received = lambda data: line.line.abort()  # type: ignore[method-assign]
    await line.send(b"x")
    await until(lambda: "lost" in line.above.told)
    assert line.above.stamps.discarded <= 1  # type: ignore[union-attr]


async def test_nobody_there_is_an_error_of_the_system() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    stamps = Stamps(asyncio.get_running_loop())
    with pytest.raises(ConnectionRefusedError):
        await open_stamped(Above, "127.0.0.1", port, stamps)


async def test_where_nothing_is_stamped_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    stamps = Stamps(asyncio.get_running_loop())
    assert await open_stamped(Above, "127.0.0.1", 1, stamps) is None
