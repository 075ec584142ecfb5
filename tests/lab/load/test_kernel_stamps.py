"""The kernel's stamps, read from real sockets, and their conversion by clocks that jump."""

import socket
import sys
import time
from collections.abc import Iterator

import pytest

from pushlab.lab.load.kernel_stamps import Segments, WallClock, send_stamps
from pushlab.wire.receive_stamps import SPACE, stamp_of, stamp_received
from tests.patience import PATIENCE_S

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux stamps so")

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A client, stamped where that can be, and the server's end."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        stamp_received(client)
        client.settimeout(PATIENCE_S)
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        with server:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield client, server


def until_stamped(client: socket.socket, server: socket.socket) -> None:
    """The kernel begins to stamp a moment after the first socket has asked for it."""
    until_s = time.monotonic() + PATIENCE_S
    stamp = None
    while stamp is None:
        assert time.monotonic() < until_s, "there never was a stamp"
        server.send(b"?")
        stamp = stamp_of(client.recvmsg(10, SPACE)[1])


class Clocks:
    """Two clocks that go on by a step at each look."""

    def __init__(self, *, apart: int) -> None:
        self.now = 1_000_000_000
        self.apart = apart
        self.every = 100
        self.slow: list[int] = []

    def monotonic(self) -> int:
        self.now += self.slow.pop() if self.slow else self.every
        return self.now

    def wall(self) -> int:
        return self.now + self.apart


def test_a_stamp_is_converted_by_the_distance_of_the_clocks() -> None:
    clocks = Clocks(apart=5_000_000_000)
    clock = WallClock(clocks.monotonic, clocks.wall)
    assert clock.to_monotonic(7_000_000_000) == pytest.approx(2_000_000_000, abs=clock.bound_ns)
    assert clock.steps == 0
    assert clock.bound_ns < 10_000


@pytest.mark.parametrize("step_ns", [3_600_000_000_000, -50_000_000, 20_000])
def test_a_clock_that_was_set_is_noticed_and_what_came_before_not_believed(step_ns: int) -> None:
    clocks = Clocks(apart=5_000_000_000)
    clock = WallClock(clocks.monotonic, clocks.wall)
    before = clocks.wall()
    clocks.apart += step_ns
    assert clock.to_monotonic(before) is None
    assert clock.steps == 1
    after = clocks.wall()
    assert clock.to_monotonic(after) == pytest.approx(clocks.now, abs=2 * clock.bound_ns)
    assert clock.steps == 1


def test_a_reading_in_which_a_step_could_hide_is_made_again_or_given_up() -> None:
    clocks = Clocks(apart=5_000_000_000)
    clock = WallClock(clocks.monotonic, clocks.wall)
    clocks.slow = [40_000_000] * 2  # the process had to wait, once
    assert clock.to_monotonic(clocks.wall()) is not None
    clocks.slow = [40_000_000] * 20
    assert clock.to_monotonic(clocks.wall()) is None
    assert clock.steps == 0


@linux
def test_what_is_received_is_stamped_when_it_came_and_not_when_it_is_read(pair: Pair) -> None:
    client, server = pair
    until_stamped(client, server)
    clock = WallClock()
    before_ns = time.monotonic_ns()
    server.send(b"x")
    after_ns = time.monotonic_ns()
    time.sleep(0.05)
    _, ancillary, _, _ = client.recvmsg(10, SPACE)
    stamp_ns = stamp_of(ancillary)
    assert stamp_ns is not None
    at_ns = clock.to_monotonic(stamp_ns)
    assert at_ns is not None
    assert before_ns - clock.bound_ns <= at_ns <= after_ns + clock.bound_ns


def test_without_a_stamp_there_is_none() -> None:
    assert stamp_of([]) is None
    assert stamp_of([(socket.SOL_SOCKET, 1, b"something else")]) is None


@linux
def test_reads_of_one_segment_are_told_from_those_of_several(pair: Pair) -> None:
    client, server = pair
    segments = Segments(client)

    def took_one() -> bool:
        return segments.took_one(len(client.recv(1000)))

    server.send(b"first")
    assert took_one()
    server.send(b"second")
    server.send(b"third")
    assert not took_one()
    empty_ns = segments.empty_ns
    server.send(b"fourth")
    assert took_one()
    assert segments.empty_ns > empty_ns


@linux
def test_what_is_left_unread_makes_the_next_read_unsure(pair: Pair) -> None:
    client, server = pair
    segments = Segments(client)
    empty_ns = segments.empty_ns
    server.send(b"abcdef")
    assert not segments.took_one(len(client.recv(3)))
    assert segments.empty_ns == empty_ns
    assert not segments.took_one(len(client.recv(3)))
    server.send(b"x")
    assert segments.took_one(len(client.recv(3)))


@linux
def test_what_is_sent_is_stamped_when_it_leaves(pair: Pair) -> None:
    client, _ = pair
    other = send_stamps(client.fileno())
    assert other is not None
    with other:
        clock = WallClock()
        before_ns = time.monotonic_ns()
        client.send(b"x" * 100)
        after_ns = time.monotonic_ns()
        _, ancillary, _, _ = other.recvmsg(0, SPACE, socket.MSG_ERRQUEUE)
        stamp_ns = stamp_of(ancillary)
        assert stamp_ns is not None
        at_ns = clock.to_monotonic(stamp_ns)
        assert at_ns is not None
        assert before_ns - clock.bound_ns <= at_ns <= after_ns + clock.bound_ns


def test_elsewhere_nothing_is_stamped(monkeypatch: pytest.MonkeyPatch, pair: Pair) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not stamp_received(pair[0])
    assert send_stamps(pair[0].fileno()) is None
