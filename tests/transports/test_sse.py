"""The client half of SSE, byte by byte."""

import asyncio
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.contract.hits import Hit
from pushlab.contract.serving import Entry, HubSettings
from pushlab.contract.subscriber import Phase
from pushlab.contract.tokens import TokenKeys
from pushlab.hub.core import Hub
from pushlab.transports.sse import ServerSentEvents, encode_event, encode_for_pages
from tests.transports.halves import (
    SECOND,
    Closed,
    Connected,
    Cursor,
    Disconnected,
    Gap,
    Hand,
    refusal,
    texts,
)
from tests.wire.test_event_stream import by_the_standard

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
HELLO = b"retry: 1000\nid: e-0\n\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def opened(*, cursor=None, hello=HELLO):
    hand = Hand(ServerSentEvents(), cursor=cursor)
    hand.dial()
    events = hand.feed(HEAD + (chunk(hello) if hello else b""))
    return hand, events


def read(stream):
    """The texts in a stream's bytes, behind a hello."""
    hand, _ = opened()
    return texts(hand.feed(chunk(stream)))


# ---- the request ------------------------------------------------------------------------------


def test_the_first_request_has_no_cursor_and_the_next_has_one():
    hand = Hand(ServerSentEvents())
    request = hand.dial()
    assert request.startswith(b"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:80\r\n")
    assert b"Authorization: Bearer TOKEN\r\n" in request
    assert b"last-event-id" not in request.lower()
    assert hand.feed(HEAD + chunk(HELLO)) == [Connected(Cursor("e", 0))]
    hand.feed(chunk(b"id: e-1\ndata: a\n\n"))
    assert isinstance(hand.eof()[0], Disconnected)
    assert b"\r\nLast-Event-ID: e-1\r\n" in hand.dial()
    assert hand.half.hits == {Hit.CONNECT: 1, Hit.RECONNECT: 1}


# ---- parsing ----------------------------------------------------------------------------------

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
NASTY = st.lists(
    st.sampled_from(
        [
            "\n",
            "\r",
            "\r\n",
            " ",
            ":",
            "data: ",
            "id: 9-9\n",
            "event: close\n",
            "\x00",
            "é",
            "\ufeff",
        ]
    ),
    min_size=1,
    max_size=12,
).map("".join)


@given(messages=st.lists(ANY_TEXT | NASTY, max_size=6), cuts=st.lists(st.integers(0, 600)))
def test_every_message_survives_every_split_of_the_bytes(messages, cuts):
    entries = [Entry("e", seq, data, 0, 0) for seq, data in enumerate(messages, 1)]
    stream = HEAD + chunk(HELLO)
    for entry in entries:
        stream += chunk(b": keep-alive\n\n") + chunk(encode_event(entry))
    hand = Hand(ServerSentEvents())
    hand.dial()
    seen = []
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    for start, stop in pairwise(edges):
        seen += hand.feed(stream[start:stop])
    assert seen[0] == Connected(Cursor("e", 0))
    assert texts(seen) == messages
    assert len(seen) == 1 + len(messages)


@given(messages=st.lists(ANY_TEXT | NASTY, min_size=1, max_size=6))
def test_a_plain_reader_sees_every_message_and_pushlabs_own_the_exact_text(messages):
    """By the standard's reading alone: what `onmessage`, and a listener to `json`, are told."""
    entries = [Entry("e", seq, data, 0, 0) for seq, data in enumerate(messages, 1)]
    plain = by_the_standard(b"".join(encode_event(entry) for entry in entries))
    assert plain == [
        ("message", entry.data.replace("\r\n", "\n").replace("\r", "\n"), str(entry.cursor))
        for entry in entries
    ]
    own = by_the_standard(b"".join(encode_for_pages(entry) for entry in entries))
    assert [json.loads(data) if kind == "json" else data for kind, data, _ in own] == messages
    assert [last_id for _, _, last_id in own] == [str(entry.cursor) for entry in entries]


@pytest.mark.parametrize(
    "text",
    [" ", "  a", "a\n b", "\n ", "a\n\n\nb\n", "a\rb\n", ":", "a\n:b", "\ufeffa", "\x00", '"'],
)
def test_a_text_is_what_it_was(text):
    assert read(encode_event(Entry("e", 1, text, 0, 0))) == [text]


EVENTS = b"id: e-1\ndata: a\ndata: b\n\n: c\n\nid: e-2\ndata:x\n\nid:e-3\ndata\ndata: \n\n"


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf", b"\n", b"\xef\xbb\xbf\n\n"])
def test_every_line_ending_and_every_split_give_the_same(ending, begin):
    stream = (begin + HELLO + EVENTS).replace(b"\n", ending)
    for cut in range(len(stream)):
        hand, _ = opened(hello=b"")
        events = []
        for part in (stream[:cut], stream[cut:]):
            if part:
                events += hand.feed(chunk(part))
        assert events[0] == Connected(Cursor("e", 0)), cut
        assert texts(events) == ["a\nb", "x", "\n"], cut


def test_line_endings_may_be_mixed_and_split_byte_by_byte():
    stream = b"id: e-1\r\ndata: a\rdata: b\n\r\nid: e-2\ndata: c\r\rid: e-3\rdata: d\n\n"
    hand, _ = opened()
    events = []
    for byte in stream:
        events += hand.feed(chunk(bytes([byte])))
    assert texts(events) == ["a\nb", "c", "d"]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"id: e-1\ndata:  two spaces\n\n", [" two spaces"]),
        (b"data: before its id\nid: e-1\n\n", ["before its id"]),
        (b"id: e-1\nevent: message\ndata: named\n\n", ["named"]),
        (b'id: e-1\nevent: json\ndata: "a\\rb"\n\n', ["a\rb"]),
        (b"id: e-1\nwhat: ever\n:c\ndata: a\n\n", ["a"]),
        (b"id: e-1\nevent: other\ndata: not for us\n\n", []),
        (b"id: e-1\ndata: never ended", []),
        (b"id: e-1\ndata: twice\n\nid: e-1\ndata: twice\n\n", ["twice"]),
    ],
)
def test_fields(stream, expected):
    assert read(stream) == expected


def test_a_hole_in_the_numbers_is_a_gap():
    hand, _ = opened()
    hand.feed(chunk(b"id: e-1\ndata: a\n\n"))
    events = hand.feed(chunk(b"id: e-4\ndata: d\n\n"))
    assert events[0] == Gap(Cursor("e", 1), Cursor("e", 3))
    assert texts(events) == ["d"]


def test_a_server_that_resumes_elsewhere_tells_of_a_gap_once():
    hello = b"retry: 1000\nid: f-7\n\n"
    gap = json.dumps({"after": "e-3", "resumed": "f-7"}).encode()
    hello += b"event: gap\nid: f-7\ndata: " + gap + b"\n\n"
    hand, events = opened(cursor="e-3", hello=hello)
    assert events == [Connected(Cursor("f", 7)), Gap(Cursor("e", 3), Cursor("f", 7))]
    assert texts(hand.feed(chunk(b"id: f-8\ndata: x\n\n"))) == ["x"]


# ---- the end ----------------------------------------------------------------------------------


def close(reason, status):
    data = json.dumps({"reason": reason, "status": status}).encode()
    return chunk(b"event: close\ndata: " + data + b"\n\n")


def test_a_final_close_is_the_end_and_nothing_behind_it_counts():
    hand, _ = opened()
    events = hand.feed(close("token-expired", 401) + chunk(b"id: e-1\ndata: late\n\n"))
    assert events == [Closed("token-expired", 401)]
    assert hand.half.phase is Phase.CLOSED


@pytest.mark.parametrize(("reason", "status"), [("slow-reader", 408), ("server-restart", 503)])
def test_a_passing_close_is_a_loss(reason, status):
    hand, _ = opened()
    late = b"id: e-1\ndata: late\n\n"
    end = close(reason, status)[:-2]
    events = hand.feed(end + b"\r\n" + chunk(late) + b"0\r\n\r\n")
    assert [type(event) for event in events] == [Disconnected]
    assert events[0].reason == reason
    assert hand.half.get_timer() > hand.now


def test_nothing_behind_a_close_in_the_same_piece_counts():
    hand, _ = opened()
    piece = b'event: close\ndata: {"reason": "slow-reader", "status": 408}\n\nid: e-1\ndata: x\n\n'
    assert [type(event) for event in hand.feed(chunk(piece))] == [Disconnected]
    assert hand.half.cursor == Cursor("e", 0)


def test_a_stream_that_ends_without_a_word_is_a_loss():
    hand, _ = opened()
    assert isinstance(hand.feed(b"0\r\n\r\n")[0], Disconnected)


def test_a_loss_in_mid_event_leaves_no_trace():
    hand, _ = opened()
    hand.feed(chunk(b"id: e-1\ndata: ha"))
    hand.eof()
    assert b"Last-Event-ID: e-0" in hand.dial()
    events = hand.feed(HEAD + chunk(HELLO) + chunk(b"id: e-1\ndata: whole\n\n"))
    assert texts(events) == ["whole"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405])
def test_a_refusal_is_the_end(status):
    hand = Hand(ServerSentEvents())
    hand.dial()
    assert hand.feed(refusal(status, "why-not")) == [Closed("why-not", status)]
    assert hand.half.hits == {Hit.CONNECT: 0, Hit.REFUSED: 1}


@pytest.mark.parametrize("status", [302, 408, 429, 500, 502, 503])
def test_a_refusal_for_now_is_a_loss(status):
    hand = Hand(ServerSentEvents())
    hand.dial()
    (event,) = hand.feed(refusal(status, "later"))
    assert (type(event), event.reason) == (Disconnected, "later")


def test_an_interim_answer_is_passed_over():
    hand = Hand(ServerSentEvents())
    hand.dial()
    assert hand.feed(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n") == []
    assert hand.feed(HEAD + chunk(HELLO)) == [Connected(Cursor("e", 0))]


GARBAGE_STREAMS = [
    b"data: no id\n\n",
    b"id: nonsense\ndata: x\n\n",
    b"id: e-x\ndata: x\n\n",
    b"id: e-1\nevent: json\n\n",
    b"id: e-1\nevent: json\ndata: {\n\n",
    b"id: e-1\nevent: json\ndata: 5\n\n",
    b"id: e-1\nevent: json\ndata: " + b"[" * 100_000 + b"\n\n",
    b"event: close\n\n",
    b"event: close\ndata: []\n\n",
    b'event: close\ndata: {"reason": "x", "status": "y"}\n\n',
    b"id: nonsense\n\n",
    b"data: " + b"x" * 1_100_000,
]


@pytest.mark.parametrize("stream", GARBAGE_STREAMS, ids=lambda stream: repr(stream[:24]))
def test_a_stream_that_is_none_is_a_loss_and_no_exception(stream):
    hand, _ = opened()
    events = hand.feed(chunk(stream))
    assert [type(event) for event in events] == [Disconnected]


@given(st.binary(min_size=1, max_size=60), st.booleans())
def test_no_bytes_raise(data, within):
    hand = Hand(ServerSentEvents())
    hand.dial()
    hand.feed((HEAD + chunk(HELLO) + chunk(data)) if within else data)
    hand.eof()


# ---- silence ----------------------------------------------------------------------------------


def test_a_silent_server_is_left_and_keep_alives_hold_it():
    hand, _ = opened()
    begin = hand.now
    hand.now += 40 * SECOND
    assert hand.feed(chunk(b": keep-alive\n\n")) == []
    while hand.half.phase is Phase.OPEN:
        hand.wake()
    (event,) = hand.half.events_received()
    assert (type(event), event.reason) == (Disconnected, "the server fell silent")
    assert 85 * SECOND < hand.now - begin < 95 * SECOND, "50 seconds after the keep-alive"


@pytest.mark.parametrize(
    ("keep_alive_s", "silence_s"), [(0.05, 50), (15, 50), (60, 185), (1_800, 5_405)]
)
def test_the_hubs_own_keep_alive_holds_the_connection(keep_alive_s, silence_s):
    """What the hub says of its keep-alive is waited for three times, and a little."""
    hub = Hub(keys=TokenKeys.fresh(), settings=HubSettings(keep_alive_s=keep_alive_s))
    assert ServerSentEvents().in_force(hub.settings).timers.silence_s == silence_s
    hand, events = opened(hello=hello_of(hub))
    assert [type(event) for event in events] == [Connected]
    for _ in range(3):
        hand.now += round(keep_alive_s * SECOND)
        hand.half.handle_timer(hand.now)
        assert hand.feed(chunk(b": keep-alive\n\n")) == []
        assert hand.half.phase is Phase.OPEN, "lost, though the hub spoke on time"
    heard = hand.now
    while hand.half.phase is Phase.OPEN:
        hand.wake()
    assert hand.now - heard == silence_s * SECOND
    hand.dial()  # what another server says of itself is not known yet
    assert hand.half.get_timer() - hand.now == 50 * SECOND


def hello_of(hub):
    """The first bytes of the hub's stream."""
    said = []

    class Exchange:
        def begin(self, headers, data):
            said.append(data)
            return True

    async def begin():
        token, _ = hub.make_token("ann")
        (route,) = ServerSentEvents().routes(hub)
        headers = [(b"authorization", b"Bearer " + token.encode())]
        stream = route.direct({"method": "GET", "query_string": b"", "headers": headers})
        stream.begin(Exchange())
        stream.close()

    asyncio.run(begin())
    return said[0]


@pytest.mark.parametrize("word", [b"keep-alive on", b"keep-alive -1", b"keep-alive nan", b"x 60"])
def test_a_comment_that_names_no_span_changes_nothing(word):
    hand, _ = opened()
    begin = hand.now
    assert hand.feed(chunk(b": " + word + b"\n\n")) == []
    while hand.half.phase is Phase.OPEN:
        hand.wake()
    assert hand.now - begin == 50 * SECOND
