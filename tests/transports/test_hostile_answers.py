"""What client halves over HTTP make of answers as proxies and strangers give them."""

import json
import tracemalloc

import pytest

from pushlab.contract.hits import Hit
from pushlab.contract.serving import Entry
from pushlab.contract.subscriber import Phase
from pushlab.transports.long_polling import LongPolling
from pushlab.transports.short_polling import ShortPolling
from pushlab.transports.sse import ServerSentEvents, encode_event, encode_for_pages
from pushlab.transports.websocket import WebSocket
from pushlab.wire.asking import ClockOptions
from tests.transports.halves import SECOND, Closed, Connected, Cursor, Disconnected, Hand, texts

STREAM = b"Content-Type: text/event-stream\r\n"
HELLO = b"retry: 1000\nid: e-0\n\n"


def short_polling():
    return ShortPolling(ClockOptions(random_phase=False))


POLLS = pytest.mark.parametrize("transport", [short_polling, LongPolling], ids=["short", "long"])
ALL = pytest.mark.parametrize(
    "transport",
    [short_polling, LongPolling, ServerSentEvents, WebSocket],
    ids=["short", "long", "sse", "websocket"],
)


def dialled(transport, **rest):
    hand = Hand(transport(), **rest)
    hand.dial()
    return hand


def refusal_body(reason="token-expired", status=401):
    return json.dumps({"error": reason, "detail": "why", "status": status}).encode()


def page(*messages, cursor="e-1", kind=b"application/json"):
    told = [{"seq": seq, "data": data} for seq, data in messages]
    body = json.dumps({"cursor": cursor, "messages": told}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (
        kind,
        len(body),
        body,
    )


# ---- refusals ---------------------------------------------------------------------------------


@ALL
@pytest.mark.parametrize("head", [b"HTTP/1.1 401 No\r\n\r\n", b"HTTP/1.0 401 No\r\n\r\n"])
def test_a_refusal_that_ends_with_its_connection_is_read_to_its_end(transport, head):
    hand = dialled(transport)
    body = refusal_body()
    assert hand.feed(head + body[:5]) == []
    assert hand.feed(body[5:]) == []
    assert hand.eof() == [Closed("token-expired", 401)]
    assert hand.half.hits.get(Hit.REFUSED) == 1


@ALL
def test_half_a_refusal_of_a_known_length_is_a_loss(transport):
    hand = dialled(transport)
    body = refusal_body()
    hand.feed(b"HTTP/1.1 401 No\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:5])
    assert [type(event) for event in hand.eof()] == [Disconnected]


@ALL
def test_a_refusal_without_an_end_is_a_refusal_all_the_same(transport):
    hand = dialled(transport)
    events = [*hand.feed(b"HTTP/1.1 403 No\r\n\r\n")]
    for _ in range(3):
        events += hand.feed(b"x" * 30_000) if hand.half.phase is Phase.OPEN else []
    assert events == [Closed("http-403", 403)]


@pytest.mark.parametrize("transport", [short_polling, LongPolling, ServerSentEvents])
def test_a_refusal_that_stops_in_the_middle_is_a_refusal_when_time_is_up(transport):
    hand = dialled(transport)
    hand.feed(b"HTTP/1.1 401 No\r\n\r\n{")
    while hand.half.phase is Phase.OPEN:
        hand.wake()
    assert hand.half.events_received() == [Closed("http-401", 401)]
    assert hand.now - 1_000 * SECOND <= 60 * SECOND


@pytest.mark.parametrize("reason", [7, None, "", "x" * 200, "a\x1b[31mb", {"a": 1}])
@ALL
def test_a_reason_that_is_no_word_is_not_shown(transport, reason):
    hand = dialled(transport)
    body = json.dumps({"error": reason}).encode()
    answer = b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    assert hand.feed(answer) == [Closed("http-403", 403)]


# ---- answers that are not the asked one -------------------------------------------------------


@ALL
def test_interim_answers_are_passed_over_but_not_for_ever(transport):
    hand = dialled(transport)
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    for byte in early + b"HTTP/1.1 100 Continue\r\n\r\n":
        assert hand.feed(bytes([byte])) == []
    body = refusal_body()
    answer = b"HTTP/1.1 401 No\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    assert hand.feed(early + answer) == [Closed("token-expired", 401)]
    if transport is WebSocket:
        return  # it keeps nothing of them
    hand = dialled(transport)
    events = []
    for _ in range(2_000):
        events += hand.feed(early) if hand.half.phase is Phase.OPEN else []
    assert [type(event) for event in events] == [Disconnected]


@pytest.mark.parametrize("transport", [short_polling, LongPolling, ServerSentEvents])
@pytest.mark.parametrize("headers", [b"", b"Upgrade: websocket\r\nConnection: upgrade\r\n"])
def test_a_change_of_protocol_is_our_error_and_no_parsers(transport, headers):
    hand = dialled(transport)
    (event,) = hand.feed(b"HTTP/1.1 101 Switching Protocols\r\n" + headers + b"\r\nabc")
    assert isinstance(event, Disconnected)
    assert "changes to another protocol" in event.reason


@ALL
def test_a_head_without_an_end_is_given_up(transport):
    for head in (b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nX: y\r\n", b"HTTP/1.1 200 "):
        hand = dialled(transport)
        events, fed = [*hand.feed(head)], 0
        while hand.half.phase is Phase.OPEN and fed < 1_000_000:
            events += hand.feed(b"X: y\r\n" * 100 if head[-1:] == b"\n" else b"x" * 600)
            fed += 600
        assert [type(event) for event in events] == [Disconnected]
        assert fed < 100_000


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"deflate, gzip"])
@pytest.mark.parametrize("transport", [short_polling, LongPolling, ServerSentEvents])
def test_a_compressed_body_is_named(transport, coding):
    hand = dialled(transport)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: " + coding + b"\r\n"
    kind = STREAM if transport is ServerSentEvents else b""
    (event,) = hand.feed(head + kind + b"Content-Length: 4\r\n\r\n\x1f\x8b\x08\x00")
    assert isinstance(event, Disconnected)
    assert "compressed" in event.reason


# ---- SSE --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [None, "text/html", "application/json", "text/event-stream2", ""])
def test_an_answer_of_another_type_is_no_stream_and_is_not_asked_again(kind):
    hand = dialled(ServerSentEvents)
    header = b"" if kind is None else f"Content-Type: {kind}\r\n".encode()
    (event,) = hand.feed(b"HTTP/1.1 200 OK\r\n" + header + b"\r\n" + HELLO)
    assert (type(event), event.status) == (Closed, 406)
    assert event.reason.startswith("not an event stream: ")
    assert hand.half.hits == {Hit.CONNECT: 0, Hit.REFUSED: 1}


@pytest.mark.parametrize(
    "kind", ["text/event-stream", "Text/Event-Stream; charset=utf-8", " text/event-stream ;x"]
)
def test_an_event_stream_may_be_spelt_as_it_likes(kind):
    hand = dialled(ServerSentEvents)
    head = f"HTTP/1.1 200 OK\r\nCONTENT-TYPE: {kind}\r\n\r\n".encode()
    assert hand.feed(head + HELLO) == [Connected(Cursor("e", 0))]
    assert [type(event) for event in hand.eof()] == [Disconnected]


def test_no_content_means_do_not_come_back():
    hand = dialled(ServerSentEvents)
    assert hand.feed(b"HTTP/1.1 204 No Content\r\n\r\n") == [Closed("no-content", 204)]


def stood():
    hand = dialled(ServerSentEvents)
    hand.feed(b"HTTP/1.1 200 OK\r\n" + STREAM + b"\r\n" + HELLO)
    return hand


def test_an_id_stays_until_another_comes_and_one_with_a_zero_byte_is_none():
    hand = stood()
    assert texts(hand.feed(b"id: e-1\n\ndata: a\n\n")) == ["a"]
    assert texts(hand.feed(b"id: e-9\0\ndata: again\n\n")) == [], "it is e-1 once more"
    assert texts(hand.feed(b"data: again\n\n")) == []
    assert texts(hand.feed(b"data: b\nid: e-2\n\n")) == ["b"]
    assert hand.half.cursor == Cursor("e", 2)
    assert hand.feed(b"id\n\n") == []
    (event,) = hand.feed(b"data: of no place\n\n")
    assert isinstance(event, Disconnected)
    assert b"Last-Event-ID: e-2" in hand.dial()


def test_what_is_not_utf8_is_replaced():
    hand = stood()
    assert texts(hand.feed(b"data: \xff\xe2\x82x\nid: e-1\n\n")) == ["\ufffd\ufffdx"]
    assert texts(hand.feed(b"id: e-2\ndata: \xed\xa0\x80\n\n")) == ["\ufffd\ufffd\ufffd"]


def test_a_server_that_wants_its_readers_away_longer_is_heard():
    hand = stood()
    hand.feed(b"retry: 20000\n\n")
    (event,) = hand.eof()
    assert 20 <= event.retry_in_s <= 30
    assert 20 * SECOND <= hand.half.get_timer() - hand.now <= 30 * SECOND
    hand = stood()
    hand.feed(b"retry: " + b"9" * 9_000 + b"\n\n")
    assert 60 <= hand.eof()[0].retry_in_s <= 90


@ALL
@pytest.mark.parametrize(
    ("said", "least_s", "most_s"),
    [
        (b"20", 20, 30),
        (b"9" * 400, 300, 450),
        (b"-1", 0, 0.1),
        (b"soon", 0, 0.1),
        (b"Fri, 31 Dec 1999 23:59:59 GMT", 0, 0.1),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_says_when_to_come_back_is_heard(transport, status, said, least_s, most_s):
    body = refusal_body("too-many-connections", status)
    head = b"HTTP/1.1 %d No\r\nRetry-After: %b\r\nContent-Length: %d\r\n\r\n"
    waits_s = []
    for seed in range(3):
        hand = dialled(transport, seed=seed)
        *_, event = hand.feed(head % (status, said, len(body)) + body)
        assert (type(event), event.reason) == (Disconnected, "too-many-connections")
        assert least_s <= event.retry_in_s <= most_s
        waits_s.append(hand.half.get_timer() - hand.now)
        assert least_s * SECOND <= waits_s[-1] <= most_s * SECOND
    assert len(set(waits_s)) == 3, "they come back apart"


def test_a_stream_without_an_end_of_an_event_takes_bounded_memory():
    hand = stood()
    tracemalloc.start()
    events = []
    for _ in range(300):
        if hand.half.phase is Phase.OPEN:
            events += hand.feed(b"data: " + b"x" * 65_536)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [type(event) for event in events] == [Disconnected]
    assert peak < 16 * 1024 * 1024


def test_much_at_once_is_read():
    """Whatever a slow reader finds in its socket is more than a refusal may have."""
    hand = dialled(ServerSentEvents)
    events = b"".join(b"data: %s\nid: e-%d\n\n" % (b"x" * 30_000, n) for n in range(1, 9))
    got = hand.feed(b"HTTP/1.1 200 OK\r\n" + STREAM + b"\r\n" + HELLO + events)
    assert len(texts(got)) == 8


def test_a_reader_who_notes_an_id_at_once_has_what_it_stands_for():
    """Cut anywhere: whatever id a reader has seen the line of, it has seen the data of."""
    for encode in (encode_event, encode_for_pages):
        for text in ("a", "a\nb\n", "a\rb", "\r\n"):
            whole = encode(Entry("e", 7, text, 0, 0))
            lines = whole.split(b"\n")
            assert lines[-3:] == [b"id: e-7", b"", b""]
            assert all(not line.startswith(b"id") for line in lines[:-3])


# ---- polls ------------------------------------------------------------------------------------


@POLLS
@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"<html>",
        b'{"cursor": "e-1"}',
        b'{"cursor": 5, "messages": []}',
        b'{"cursor": "e-1", "messages": [{"seq": Infinity, "data": "a"}]}',
        b'{"cursor": "e-1", "messages": [{"seq": 1e400, "data": "a"}]}',
        b'{"cursor": "e-1", "messages": [{"seq": 1.5, "data": "a"}]}',
        b'{"cursor": "e-1", "messages": [{"seq": -1, "data": "a"}]}',
        b'{"cursor": "e-1", "messages": [{"seq": 1, "data": 5}]}',
        b'{"cursor": "e-1", "messages": 5}',
        b'{"cursor": "e-1", "messages": [], "gap": 5}',
        b'{"cursor": "e-1", "messages": [{"seq": ' + b"9" * 5_000 + b', "data": "a"}]}',
        b"[" * 100_000,
        b"\xff",
    ],
    ids=lambda body: repr(body[:50]),
)
def test_json_that_is_no_page_is_a_loss_and_nothing_is_taken_of_it(transport, body):
    hand = dialled(transport)
    events = hand.feed(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert [type(event) for event in events] == [Disconnected]
    assert hand.half.cursor is None


@POLLS
def test_a_page_of_another_type_is_named(transport):
    hand = dialled(transport)
    (event,) = hand.feed(page((1, "a"), kind=b"text/html; charset=utf-8"))
    assert isinstance(event, Disconnected)
    assert "text/html instead of JSON" in event.reason


@POLLS
def test_a_page_that_ends_with_its_connection_is_whole_and_the_next_question_needs_another(
    transport,
):
    hand = dialled(transport)
    body = page((1, "a")).partition(b"\r\n\r\n")[2]
    assert hand.feed(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body) == []
    assert texts(hand.eof()) == ["a"]
    assert hand.half.phase is Phase.WAITING
    assert b"after=e-1" in hand.dial()


@POLLS
def test_half_a_page_of_a_known_length_is_a_loss(transport):
    hand = dialled(transport)
    hand.feed(page((1, "a"))[:-3])
    assert [type(event) for event in hand.eof()] == [Disconnected]
    assert hand.half.cursor is None


@POLLS
@pytest.mark.parametrize(
    "behind", [b"garbage", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"\r\n\r\nx"]
)
@pytest.mark.parametrize("close", [b"", b"Connection: close\r\n"])
def test_what_stands_behind_an_answer_costs_its_connection_and_not_the_answer(
    transport, behind, close
):
    hand = dialled(transport)
    answer = page((1, "a")).replace(b"\r\n", b"\r\n" + close, 1)
    assert texts(hand.feed(answer + behind)) == ["a"]
    assert hand.half.phase is Phase.WAITING
    assert b"after=e-1" in hand.dial()


def test_an_answer_that_nobody_asked_for_ends_an_idle_connection_and_nothing_else():
    hand = dialled(short_polling)
    assert texts(hand.feed(page((1, "a")))) == ["a"]
    assert hand.feed(b"HTTP/1.1 408 Request Time-out\r\nConnection: close\r\n\r\n") == []
    assert hand.half.phase is Phase.WAITING
    assert b"after=e-1" in hand.dial()
    assert texts(hand.feed(page((2, "b"), cursor="e-2"))) == ["b"]


@POLLS
def test_a_page_in_chunks_without_an_end_takes_bounded_memory(transport):
    hand = dialled(transport)
    hand.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    hand.half._parser.limit = 1_000_000
    events, fed = [], 0
    while hand.half.phase is Phase.OPEN and fed < 3_000_000:
        events += hand.feed(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
        fed += 0x4000
    assert [type(event) for event in events] == [Disconnected]
    assert "over 1,000,000 bytes" in events[0].reason
    assert fed < 1_100_000
    hand = dialled(transport)
    events = [*hand.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")]
    for _ in range(300):
        events += hand.feed(b"x" * 1_000) if hand.half.phase is Phase.OPEN else []
    assert [type(event) for event in events] == [Disconnected], "an extension without an end"


# ---- redirects --------------------------------------------------------------------------------


def sent_to(location, status=302):
    return f"HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def line_of(request):
    return request.partition(b" HTTP/1.1\r\n")[0].split(b" ")[1]


@ALL
@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/hub/here", b"/hub/here"),
        ("http://127.0.0.1/hub/here", b"/hub/here"),
        ("http://127.0.0.1:80/hub/here", b"/hub/here"),
        ("http://someone:secret@127.0.0.1/hub/here", b"/hub/here"),
        ("//127.0.0.1/hub/here#there", b"/hub/here"),
        ("here", b"/v1/here"),
        ("../here?x=1&after=e-5", b"/here?x=1"),
        ("/h\xc3\xa9 re", b"/h%C3%83%C2%A9%20re"),
    ],
)
def test_a_redirect_within_the_origin_is_followed_at_once(transport, location, path):
    for status in (301, 302, 303, 307, 308):
        hand = dialled(transport)
        assert hand.feed(sent_to(location, status)) == []
        request = hand.dial()
        assert hand.now == 1_000 * SECOND, "it waited"
        assert line_of(request).startswith(path)
        assert b"Authorization: Bearer TOKEN" in request
        assert b"e-5" not in request


@ALL
@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2/v1/poll",
        "http://127.0.0.1:81/v1/poll",
        "https://127.0.0.1/v1/poll",
        "//evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1@evil.example/",
        "mqtt://127.0.0.1/",
    ],
)
def test_a_token_is_never_carried_to_another_origin(transport, location):
    hand = dialled(transport)
    (event,) = hand.feed(sent_to(location))
    assert isinstance(event, Closed | Disconnected)
    assert hand.half.endpoint.host == "127.0.0.1"
    assert (hand.half.endpoint.port, hand.half.endpoint.tls) == (80, False)
    if isinstance(event, Closed):
        assert event.reason.startswith("redirected to ")
        assert event.status == 302


@ALL
def test_redirects_in_a_circle_are_left_with_a_pause(transport):
    hand = dialled(transport)
    for _ in range(5):
        assert hand.feed(sent_to("/again")) == []
        hand.dial()
    (event,) = hand.feed(sent_to("/again"))
    assert isinstance(event, Disconnected)
    assert "redirects in a row" in event.reason
    assert line_of(hand.dial()).startswith(b"/v1/"), "it begins where it was told to"


@pytest.mark.parametrize(("status", "path"), [(302, b"/v1/events"), (308, b"/moved")])
def test_after_a_loss_only_what_has_moved_for_good_is_asked_there(status, path):
    hand = dialled(ServerSentEvents)
    hand.feed(sent_to("/moved", status))
    hand.dial()
    hand.feed(b"HTTP/1.1 200 OK\r\n" + STREAM + b"\r\n" + HELLO)
    hand.eof()
    assert line_of(hand.dial()) == path


@ALL
@pytest.mark.parametrize("location", ["http://[", "http://x:99999999/", "http://:80/"])
def test_a_redirect_to_nowhere_is_a_loss(transport, location):
    hand = dialled(transport)
    (event,) = hand.feed(sent_to(location))
    assert isinstance(event, Disconnected)


# ---- WebSocket through proxies ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n", "http-426"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "http-200"),
    ],
)
def test_a_proxy_that_drops_upgrade_is_told_and_tried_again(answer, shown):
    hand = dialled(WebSocket)
    (event,) = hand.feed(answer)
    assert isinstance(event, Disconnected)
    assert event.reason.startswith(shown + ": no WebSocket gets through; a proxy")
    assert hand.half.hits[Hit.REFUSED] == 1


def test_the_hubs_own_word_for_it_is_shown():
    body = refusal_body("upgrade-required", 426)
    hand = dialled(WebSocket)
    head = b"HTTP/1.1 426 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    (event,) = hand.feed(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert event.reason.startswith("upgrade-required: no WebSocket gets through")
