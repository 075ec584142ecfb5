"""Datagrams of the clock exchange, and the conversion of their stamps by clocks that are set."""

import struct

import pytest

from pushlab.wire.clock_exchange import Arrivals, Seal, fresh_key
from pushlab.wire.receive_stamps import Ancillary

STAMPED = 64  # SO_TIMESTAMPNS


class Clocks:
    """Two clocks of one machine that go on by a step at each look."""

    def __init__(self, apart_ns: int) -> None:
        self.now_ns = 1_000_000_000
        self.apart_ns = apart_ns

    def monotonic(self) -> int:
        self.now_ns += 50
        return self.now_ns

    def wall(self) -> int:
        self.now_ns += 50
        return self.now_ns + self.apart_ns


def stamp(wall_ns: int) -> Ancillary:
    return [(1, STAMPED, struct.pack("=qq", *divmod(wall_ns, 1_000_000_000)))]


def test_question_and_answer_are_of_one_length_and_carry_what_they_say() -> None:
    seal = Seal(fresh_key())
    question, answer = seal.question(7), seal.answer(7, 10**18, 10**18 + 5)
    assert len(question) == len(answer) == 48
    assert seal.asked(question) == 7
    assert seal.told(answer) == (7, 10**18, 10**18 + 5)
    assert seal.asked(answer) is None
    assert seal.told(question) is None


def test_each_bit_counts() -> None:
    seal = Seal(fresh_key())
    whole = seal.answer(7, 10, 15)
    for place in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        assert seal.told(bytes(changed)) is None


def test_a_stamp_is_never_earlier_than_the_datagram_and_hardly_later() -> None:
    clocks = Clocks(apart_ns=10**18)
    arrivals = Arrivals(clocks.monotonic, clocks.wall)
    came_ns = clocks.now_ns
    clocks.now_ns += 300_000  # until it is read
    found = arrivals.at_ns(stamp(came_ns + clocks.apart_ns))
    assert came_ns <= found <= came_ns + 200


def test_without_a_stamp_it_is_when_it_was_read() -> None:
    clocks = Clocks(apart_ns=10**18)
    arrivals = Arrivals(clocks.monotonic, clocks.wall)
    before_ns = clocks.now_ns
    assert before_ns < arrivals.at_ns([]) <= before_ns + 100


@pytest.mark.parametrize("step_ns", [10**9, -(10**9), 50_000, -50_000])
def test_a_wall_clock_that_was_set_gives_no_stamp_once(step_ns: int) -> None:
    clocks = Clocks(apart_ns=10**18)
    arrivals = Arrivals(clocks.monotonic, clocks.wall)
    came_ns = clocks.now_ns
    of_then = stamp(came_ns + clocks.apart_ns)
    clocks.now_ns += 200_000
    clocks.apart_ns += step_ns
    assert arrivals.at_ns(of_then) >= came_ns + 200_000
    came_ns = clocks.now_ns
    clocks.now_ns += 200_000
    assert came_ns <= arrivals.at_ns(stamp(came_ns + clocks.apart_ns)) <= came_ns + 300
