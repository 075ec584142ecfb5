"""Server-sent events of a foreign server, byte by byte."""

import asyncio
from contextlib import suppress
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.contract.hits import Hit
from pushlab.contract.subscriber import Endpoint
from pushlab.systems.spec import Speech
from pushlab.wire.driver import Driver
from tests.patience import until
from tests.systems.clients.foreigners import foreign, found, message, spoken
from tests.transports.halves import SECOND, Closed, Connected, Disconnected, response

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def opened(speech=None, path="/events", head=CHUNKED):
    hand = foreign("sse", path, speech)
    hand.dial()
    assert [type(event) for event in hand.feed(head)] == [Connected]
    return hand


def read(stream):
    return found(opened().feed(chunk(stream)))


def test_it_asks_as_an_event_source_does():
    request = foreign("sse").dial()
    assert b"\r\nAccept: text/event-stream\r\n" in request
    assert b"Last-Event-ID" not in request


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        (b"data: a\n\n", [b"a"]),
        (b"data:a\n\n", [b"a"]),
        (b"id: 1\ndata: a\n\n", [b"a"]),
        (b"data: a\nid: 1\n\n", [b"a"]),
        (b"id: 1\nevent: chat\ndata: a\n\n", [b"a"]),
        (b"event: ping\r\ndata: 2026\r\n\r\n", [b"2026"]),
        (b"data: a\ndata: b\ndata:c\n\n", [b"a\nb\nc"]),
        (b": keep-alive\n\n", []),
        (b"retry: 500\n\nid: 7\n\nevent: x\n\n", []),
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data: a\nodd: field\n\n", [b"a"]),
        (b"data\n\n", [b""]),
        ("\ufeffdata: é\n\n".encode(), ["é".encode()]),
    ],
)
def test_each_event_with_data_is_a_message(stream, data):
    assert read(stream) == data


LINES = st.sampled_from(
    [
        b"data: a",
        b"data:",
        b"data",
        b"data: \xc3\xa9",
        b"id: 4",
        b"id",
        b"event: x",
        b": c",
        b"x: y",
    ]
)


@given(
    blocks=st.lists(st.lists(LINES, min_size=1, max_size=4), max_size=5),
    cuts=st.lists(st.integers(0, 300)),
    ending=st.sampled_from([b"\n", b"\r\n", b"\r"]),
)
def test_every_split_and_every_line_ending_give_the_same(blocks, cuts, ending):
    stream = b"".join(ending.join(lines) + 2 * ending for lines in blocks)
    whole = []
    for lines in blocks:
        values = [
            line[4:].removeprefix(b":").removeprefix(b" ") for line in lines if line[:4] == b"data"
        ]
        whole += [b"\n".join(values)] if values else []
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    for head, framed in ((CHUNKED, chunk), (HEAD + b"\r\n", bytes)):
        hand = opened(head=head)
        events = []
        for start, stop in pairwise(edges):
            for byte_or_two in (framed(stream[start:stop]),):
                cut = len(byte_or_two) // 2
                events += hand.feed(byte_or_two[:cut]) if cut else []
                events += hand.feed(byte_or_two[cut:])
        # A carriage return at the very end may be half a line's end.
        events += hand.feed(framed(b"\n")) if ending == b"\r" and blocks else []
        assert found(events) == whole


def test_it_comes_back_with_the_last_id():
    hand = opened()
    hand.feed(chunk(b"id: 1:0\ndata: a\n\nid: 2:0\ndata: b\n\n"))
    assert isinstance(hand.eof()[0], Disconnected)
    assert b"\r\nLast-Event-ID: 2:0\r\n" in hand.dial()
    hand.feed(CHUNKED + chunk(b"id\ndata: c\n\n"))
    hand.eof()
    assert b"Last-Event-ID" not in hand.dial(), "the server has taken its ID back"
    assert hand.half.hits == {Hit.CONNECT: 1, Hit.RECONNECT: 2}


def test_the_place_may_stand_in_the_data_and_go_into_the_path():
    hand = opened(Speech(last_id="$.n"), "/events?since={last_id}")
    hand.feed(chunk(b'id: x\ndata: {"n": 5}\n\n'))
    hand.eof()
    request = hand.dial()
    assert request.startswith(b"GET /events?since=5 ")
    assert b"Last-Event-ID" not in request


def test_a_wish_to_stay_away_is_heeded_up_to_a_minute():
    for asked_ms, least_s, most_s in ((20_000, 20, 30), (10**9, 60, 90)):
        hand = opened()
        hand.feed(chunk(b"retry: %d\n\n" % asked_ms))
        assert least_s <= hand.eof()[0].retry_in_s <= most_s


def test_silence_ends_it_only_where_the_server_promised_none():
    hand = opened()
    assert hand.half.get_timer() is None
    hand = opened(Speech(keep_alive_s=10.0))
    assert hand.half.get_timer() - hand.now > 10 * SECOND
    hand.wake()
    assert "silent" in hand.half.events_received()[0].reason


def test_a_server_that_never_answers_is_told():
    hand = foreign("sse")
    hand.dial()
    hand.wake()
    assert hand.half.events_received()[0].reason == "GET /lab-0 is not answered"


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (
            response(200, b"<p>", "Content-Type: text/html"),
            Closed("not an event stream: text/html", 406),
        ),
        (response(200, b"x"), Closed("not an event stream: of no type", 406)),
        (response(204), Closed("no-content", 204)),
    ],
)
def test_what_is_no_stream_ends_it(answer, end):
    hand = foreign("sse")
    hand.dial()
    assert hand.feed(answer) == [end]


async def test_against_a_server():
    """One that cuts the stream after every second event, and resumes."""
    log = [message(number) for number in range(1, 8)]
    places = []

    async def serve(reader, writer):
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            since = int(head.partition(b"Last-Event-ID: ")[2].split(b"\r\n")[0] or 0)
            places.append(since)
            writer.write(HEAD + b"\r\n: hello\n\n")
            for number in range(since + 1, min(since + 3, 8)):
                writer.write(b"id: %d\nevent: chat\ndata: %s\n\n" % (number, log[number - 1]))
            if since == 6:
                await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    where = Endpoint("127.0.0.1", port, False, "/e", {"channel": "lab-0", "client": "c"})
    got = []

    class Reader(Driver):
        def take(self, events, now_ns):
            got.extend(found(events))

    reader = Reader(spoken("sse").subscriber(where, "", rng=Random(1)))
    reader.start()
    try:
        await until(lambda: len(got) >= 7)
    finally:
        reader.say_goodbye()
        server.close()
    assert got == log
    assert places == [0, 2, 4, 6]
