"""Polls of a foreign server: what they ask, and what they make of an answer."""

import asyncio
import json
from contextlib import suppress
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.contract.hits import Hit
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.ticks import Ticks
from pushlab.systems.spec import Speech
from pushlab.wire.driver import Driver
from tests.patience import until
from tests.systems.clients.foreigners import foreign, found, message, spoken
from tests.transports.halves import SECOND, Closed, Connected, Disconnected, response

BOTH = pytest.mark.parametrize("name", ["short-polling", "long-polling"])
PATH = "/rooms/lab-0?since={last_id}"


def poll(name, path=PATH, speech=None, **options):
    if name == "short-polling":
        options = {"random_phase": False, **options}
    return foreign(name, path, speech or Speech(last_id="$.last"), **options)


def answer(*numbers, last=0, **more):
    items = [{"text": message(number).decode()} for number in numbers]
    return response(200, json.dumps({"items": items, "last": last, **more}).encode())


def next_question(hand):
    return hand.half.data_to_send() or hand.wake()


@BOTH
def test_an_answer_with_a_stamp_is_handed_on_whole_and_its_place_is_asked_from_next(name):
    hand = poll(name)
    assert hand.dial().startswith(b"GET /rooms/lab-0 HTTP/1.1\r\n")
    events = hand.feed(answer(1, 2, last=2))
    assert any(isinstance(event, Connected) for event in events) or name == "long-polling"
    [body] = found(events)
    assert message(1) in body
    assert message(2) in body
    assert b"?since=2 " in next_question(hand)
    assert hand.half.hits == {Hit.POLL_USEFUL: 1}


@BOTH
@pytest.mark.parametrize(
    "nothing",
    [
        response(204).replace(b"Content-Length: 0\r\n", b""),
        response(304).replace(b"Content-Length: 0\r\n", b""),
        response(200),
        response(200, b"[]"),
        response(200, b"no messages", "Content-Type: text/html"),
    ],
    ids=["204", "304", "empty 200", "empty list", "words"],
)
def test_there_are_many_ways_to_say_nothing(name, nothing):
    hand = poll(name)
    hand.dial()
    for count in (1, 2, 3):
        assert found(hand.feed(nothing)) == []
        assert hand.half.hits == {Hit.POLL_EMPTY: count}
        assert next_question(hand).startswith(b"GET ")
    assert found(hand.feed(answer(1))) != []


def test_a_hold_that_ends_with_408_is_asked_again_at_once():
    hand = poll("long-polling")
    hand.dial()
    for _ in range(3):
        hand.now += SECOND
        assert not any(isinstance(e, Disconnected) for e in hand.feed(response(408)))
        assert hand.half.data_to_send().startswith(b"GET ")


def test_a_long_poll_is_in_when_it_has_asked_and_only_an_answer_ends_its_backoff():
    hand = poll("long-polling")
    hand.half.connection_made(hand.now)
    assert [type(event) for event in hand.half.events_received()] == [Connected]
    delays = []
    for _ in range(6):
        [lost] = hand.feed(response(503))
        delays.append(lost.retry_in_s)
        hand.dial()
    assert delays[5] > 4 * delays[0]
    assert isinstance(hand.feed(response(204))[0], Connected)


def test_a_server_that_does_not_hold_a_question_is_not_flooded():
    hand = poll("long-polling")
    hand.dial()
    told = []
    for _ in range(150):
        told += [e.reason for e in hand.feed(response(204)) if isinstance(e, Disconnected)]
        if not hand.half.data_to_send():
            before = hand.now
            assert hand.wake().startswith(b"GET ")
            assert hand.now - before >= SECOND
    assert told == ["GET /lab-0 is not held: nothing comes at once, time after time"]
    hand.feed(answer(1))
    assert hand.half.data_to_send(), "a message ends that"


def test_validators_go_back_as_http_has_it():
    hand = poll("long-polling", "/long", Speech(last_id="validators"))
    assert b"If-" not in hand.dial()
    date = "Mon, 30 Nov 2026 14:00:00 GMT"
    hand.feed(response(200, message(1), "ETag: 0", f"Last-Modified: {date}"))
    sent = hand.half.data_to_send()
    assert b"\r\nIf-None-Match: 0\r\n" in sent
    assert f"\r\nIf-Modified-Since: {date}\r\n".encode() in sent
    hand.feed(response(304))
    assert b"\r\nIf-None-Match: 0\r\n" in hand.half.data_to_send(), "304 without them keeps them"
    hand.feed(response(200, message(2), "Etag: 1"))
    assert b"\r\nIf-None-Match: 1\r\n" in hand.half.data_to_send()


def test_a_header_may_tell_the_place():
    speech = Speech(last_id="header:X-Last", headers={"X-Since": "{last_id}"})
    hand = poll("short-polling", "/r", speech)
    hand.dial()
    hand.feed(response(200, message(1), "x-last: 5"))
    assert b"\r\nX-Since: 5\r\n" in hand.wake()


def test_one_message_an_answer_is_asked_on_at_once_until_there_is_none():
    hand = poll("short-polling", "/r", Speech(one_by_one=True))
    hand.dial()
    hand.feed(response(200, message(1)))
    assert hand.half.data_to_send()
    hand.feed(response(200, message(2)))
    assert hand.half.data_to_send()
    hand.feed(response(304))
    assert not hand.half.data_to_send()
    assert hand.wake()


def test_the_same_empty_answer_does_not_hide_that_the_place_has_moved():
    hand = poll("short-polling")
    hand.dial()
    hand.feed(answer(last=1))
    assert b"since=1 " in hand.wake()
    hand.feed(answer(2, last=2))
    assert b"since=2 " in hand.wake()
    hand.feed(answer(last=1))  # a replica that is behind, perhaps
    assert b"since=1 " in hand.wake()


def test_short_polls_tick_by_the_clock():
    hand = poll("short-polling", interval_s=1.0)
    hand.dial()
    hand.now += 3 * SECOND
    hand.feed(answer())
    assert hand.half.ticks(hand.now) == Ticks(due=4, late=0, skipped=3)
    assert spoken("short-polling", interval_s=2.0).in_force(None).timers.interval_s == 2.0
    assert spoken("long-polling", Speech(hold_s=5.0)).in_force(None).timers.hold_s == 5.0


def test_a_hold_that_is_known_is_waited_for_and_not_much_longer():
    hand = poll("long-polling", speech=Speech(hold_s=10.0))
    hand.dial()
    assert SECOND * 10 < hand.half.get_timer() - hand.now < SECOND * 60
    assert not hand.wake()
    assert isinstance(hand.half.events_received()[-1], Disconnected)
    unknown = poll("long-polling")
    unknown.dial()
    assert unknown.half.get_timer() is None


@BOTH
def test_a_page_for_people_ends_it(name):
    hand = poll(name)
    hand.dial()
    page = response(200, b"<!doctype html><p>Log in", "Content-Type: text/html; charset=utf-8")
    end = hand.feed(page)[-1]
    assert end == Closed("GET /lab-0 was answered by a page for people (text/html)", 406)


@BOTH
def test_what_is_compressed_unasked_is_not_taken(name):
    hand = poll(name)
    hand.dial()
    lost = hand.feed(response(200, b"\x1f\x8b", "Content-Encoding: gzip"))[-1]
    assert "compressed (gzip)" in lost.reason


@BOTH
@given(cuts=st.lists(st.integers(0, 600)), numbers=st.lists(st.integers(1, 99), max_size=4))
def test_an_answer_may_come_in_any_pieces(name, cuts, numbers):
    stream = answer(*numbers, last=7, note="é\r\n\r\n")
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    hand = poll(name)
    hand.dial()
    events = []
    for start, stop in pairwise(edges):
        events += hand.feed(stream[start:stop])
    assert [message(number) in found(events)[0] for number in numbers] == [True] * len(numbers)
    assert len(found(events)) == bool(numbers)
    assert b"since=7 " in next_question(hand)


@BOTH
async def test_against_a_server(name):
    """One that answers from a list, in chunks, and closes now and then."""
    log, asked = [], []

    async def serve(reader, writer):
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            for turn in range(3):
                head = await reader.readuntil(b"\r\n\r\n")
                asked.append(head.split(b" ")[1])
                since = int(asked[-1].partition(b"since=")[2] or 0)
                if name == "long-polling":
                    await until(lambda since=since: len(log) > since)
                body = json.dumps({"items": log[since:], "last": len(log)}).encode()
                ends = b"Connection: close\r\n" if turn == 2 else b""
                head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + ends + b"\r\n"
                writer.write(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    where = Endpoint("127.0.0.1", port, False, PATH, {"channel": "lab-0", "client": "c"})
    options = {"interval_s": 0.01} if name == "short-polling" else {}
    got = []

    class Reader(Driver):
        def take(self, events, now_ns):
            got.extend(found(events))

    made = spoken(name, Speech(last_id="$.last"), **options)
    reader = Reader(made.subscriber(where, "", rng=Random(1)))
    reader.start()
    try:
        for number in range(1, 8):
            await until(lambda: len(asked) > 0)
            log.append(message(number).decode())
            await until(lambda number=number: any(message(number) in body for body in got))
    finally:
        reader.say_goodbye()
        server.close()
    assert b"".join(got).count(b"QZ") == 7, "each once"
