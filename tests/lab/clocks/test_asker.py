"""Exchanges between real sockets: their stamps in order, what strangers get, and who is gone."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from pushlab.errors import SetupError
from pushlab.lab.clocks.asker import ClockAsker, ClockDoor
from pushlab.lab.clocks.estimate import estimate
from pushlab.wire.clock_exchange import ClockResponder, Seal, fresh_key
from tests.patience import until

KEY = fresh_key()


@pytest.fixture
async def responder() -> AsyncIterator[ClockResponder]:
    made = ClockResponder("127.0.0.1", KEY)
    yield made
    made.close()


def door(port: int, key: str = KEY) -> ClockDoor:
    return ClockDoor(host="127.0.0.1", port=port, key=key)


async def test_each_exchange_has_four_stamps_in_order(responder: ClockResponder) -> None:
    asker = ClockAsker.open(door(responder.port))
    try:
        found = await asker.around()
    finally:
        asker.close()
    assert len(found) + found.lost == 40
    assert len(found) > 20
    for place in range(0, len(found.stamps), 4):
        asked, received, left, back = found.stamps[place : place + 4]
        assert asked <= received <= left <= back  # of one clock


async def test_of_one_clock_the_shift_is_nothing_and_the_bound_small(
    responder: ClockResponder,
) -> None:
    asker = ClockAsker.open(door(responder.port))
    try:
        found = estimate(await asker.around())
    finally:
        asker.close()
    assert found is not None
    now_ns = found.map.base_ns
    bound_ns = found.map.bound_ns(now_ns, now_ns)
    assert abs(found.map.to_reference(now_ns) - now_ns) <= bound_ns < 5_000_000


async def test_it_goes_on_meanwhile_until_it_is_closed(responder: ClockResponder) -> None:
    asker = ClockAsker.open(door(responder.port))
    asker.go_on()
    try:
        await until(lambda: len(asker.exchanges()) >= 8)
    finally:
        asker.close()


async def test_who_has_another_key_gets_no_answer(responder: ClockResponder) -> None:
    asker = ClockAsker.open(door(responder.port, fresh_key()))
    try:
        await asker.ask(2)
    finally:
        asker.close()
    assert asker.exchanges().lost == 2
    assert not len(asker.exchanges())
    assert (responder.answered, responder.ignored) == (0, 2)


async def test_strangers_get_no_answer_and_hold_nobody_up(responder: ClockResponder) -> None:
    seal, other = Seal(KEY), Seal(fresh_key())
    whole = seal.question(1)
    changed = bytearray(whole)
    changed[10] ^= 1
    strange = [b"", b"x", whole[:-1], whole + b"x", bytes(changed), other.question(1)]
    strange += [seal.answer(1, 2, 3), b"\0" * 48, b"y" * 1400]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.connect(("127.0.0.1", responder.port))
        stranger.setblocking(False)
        for datagram in strange * 10:
            stranger.send(datagram)
        asker = ClockAsker.open(door(responder.port))
        try:
            await until(lambda: responder.ignored == 10 * len(strange))
            await asker.ask(3)
            assert len(asker.exchanges()) == 3
        finally:
            asker.close()
        with pytest.raises(BlockingIOError):
            stranger.recv(100)


async def test_an_answer_that_nobody_asked_for_is_not_believed() -> None:
    seal = Seal(KEY)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as false:
        false.bind(("127.0.0.1", 0))
        false.setblocking(False)
        asker = ClockAsker.open(door(false.getsockname()[1]))
        try:
            asking = asyncio.ensure_future(asker.ask(1))
            loop = asyncio.get_running_loop()
            _, where = await loop.sock_recvfrom(false, 100)
            for datagram in (seal.answer(5, 1, 2), Seal(fresh_key()).answer(5, 1, 2), b"?"):
                await loop.sock_sendto(false, datagram, where)
            await asking
        finally:
            asker.close()
    assert not len(asker.exchanges())


async def test_who_is_gone_is_a_question_lost(responder: ClockResponder) -> None:
    responder.close()
    asker = ClockAsker.open(door(responder.port))
    try:
        await asker.ask(2)
    finally:
        asker.close()
    assert asker.exchanges().lost == 2


async def test_where_nobody_answers_it_gives_up_soon(responder: ClockResponder) -> None:
    responder.close()
    asker = ClockAsker.open(door(responder.port))
    try:
        found = await asker.around()
    finally:
        asker.close()
    assert (len(found), found.lost) == (0, 8)


async def test_an_address_that_is_none_is_told_in_one_line() -> None:
    with pytest.raises(SetupError, match="clock"):
        ClockAsker.open(ClockDoor(host="no such host.invalid", port=1, key=KEY))
    with pytest.raises(SetupError, match="clock"):
        ClockResponder("203.0.113.7", KEY)


def test_the_key_is_in_no_repr() -> None:
    assert KEY not in repr(door(1))
    assert KEY not in repr(Seal(KEY))
