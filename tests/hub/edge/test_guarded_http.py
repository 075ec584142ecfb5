"""Requests of every shape at the hub's edge: limits, time, order, and nothing read in two ways."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushlab.hub.edge.limits import MAX_BATCH_BYTES, MAX_HEAD_BYTES
from tests.edge_connection import DIRECT, EdgeConnection, answer, answers, echo
from tests.patience import PATIENCE_S

SOON_S = 0.03


def head(*headers, line="GET /here HTTP/1.1", host="Host: a"):
    return "\r\n".join([line, *([host] if host else []), *headers, "", ""]).encode("latin-1")


def post(body, *headers, line="POST /there HTTP/1.1"):
    return head(f"Content-Length: {len(body)}", *headers, line=line) + body


async def statuses(*pieces, **how):
    """What one connection that sends these pieces is answered, and the connection."""
    edge = EdgeConnection(**how)
    await edge.send(*pieces)
    found = answers(edge.sent)
    await edge.leave()
    return [status for status, _, _ in found], edge


async def until(condition):
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.005)


# ---- limits -----------------------------------------------------------------------------------

LONG = "x" * (2 * MAX_HEAD_BYTES)
ENDLESS = {
    "target": (414, f"GET /{LONG}".encode()),
    "target, whole": (414, head(line=f"GET /{LONG} HTTP/1.1")),
    "header": (431, head()[:-2] + f"X: {LONG}".encode()),
    "header, whole": (431, head(f"X: {LONG}")),
    "name": (431, head()[:-2] + LONG.encode()),
    "headers": (431, head(*[f"X-{n}: {n}" for n in range(2_000)])),
    "one byte too many": (431, head("X: " + "x" * (MAX_HEAD_BYTES - len(head("X: ")) + 1))),
    "lines before it": (431, b"\r\n" * MAX_HEAD_BYTES),
    "chunk extension": (
        431,
        head("Transfer-Encoding: chunked", line="POST /there HTTP/1.1") + b"1;" + LONG.encode(),
    ),
    "chunk extensions": (
        431,
        head("Transfer-Encoding: chunked", line="POST /there HTTP/1.1")
        + b"".join(b"1;%b\r\na\r\n" % (b"e" * 5_000) for _ in range(9)),
    ),
    "trailer": (
        431,
        head("Transfer-Encoding: chunked", line="POST /there HTTP/1.1")
        + b"0\r\nX: "
        + LONG.encode(),
    ),
}


@pytest.mark.parametrize("before", [b"", head(), post(b"hi")], ids=["first", "second", "third"])
@pytest.mark.parametrize("name", ENDLESS)
async def test_what_has_no_end_is_refused_at_the_limit(name, before):
    status, data = ENDLESS[name]
    for pieces in ([data], [data[at : at + 700] for at in range(0, len(data), 700)]):
        found, edge = await statuses(*([before] if before else []), *pieces, routes=DIRECT)
        assert found == ([200] if before else []) + [status]
        assert edge.eof_sent  # and what still comes is read past, for a while
        assert not edge.aborted
        assert edge.noted == ["head-too-large"]


async def test_a_head_as_long_as_the_limit_is_served_whoever_parses():
    whole = head("X: " + "x" * (MAX_HEAD_BYTES - len(head("X: "))))
    assert len(whole) == MAX_HEAD_BYTES
    assert (await statuses(whole, routes=DIRECT))[0] == [200]
    assert (await statuses(whole[:9], whole[9:]))[0] == [200]
    assert (await statuses(head() + whole))[0] == [200, 200]


async def test_a_long_head_behind_another_request_is_refused_behind_its_answer():
    found, _ = await statuses(head() + head("X: " + "x" * 20_000), routes=DIRECT)
    assert found == [200, 431]


async def test_a_head_of_single_bytes_is_read_once_each():
    whole = head("X: " + "x" * 4_000)
    found, _ = await statuses(*[whole[at : at + 1] for at in range(len(whole))])
    assert found == [200]


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD", "OPTIONS"])
async def test_a_body_that_no_route_asks_for_is_refused_by_its_length(method):
    asked = head("Content-Length: 65537", line=f"{method} /there HTTP/1.1")
    assert (await statuses(asked))[0] == [413]
    assert (await statuses(head("Content-Length: 2") + b"hi" + head()))[0] == [200, 200]


async def test_a_body_longer_than_any_is_refused_before_it_comes():
    found, edge = await statuses(
        head(f"Content-Length: {MAX_BATCH_BYTES + 1}", line="POST /there HTTP/1.1")
    )
    assert found == [413]
    assert edge.noted == ["too-large"]


async def test_a_chunked_body_stops_at_the_limit():
    line = "GET /there HTTP/1.1"
    chunks = [b"1000\r\n" + b"x" * 4096 + b"\r\n"] * 17
    found, _ = await statuses(head("Transfer-Encoding: chunked", line=line), *chunks)
    assert found == [413]


async def not_reading(scope, receive, send):
    """An application that answers before it has the body."""
    await answer(send, scope)


@pytest.mark.parametrize(("length", "closes"), [(50_000, False), (500_000, True)])
async def test_a_body_that_nobody_reads_is_read_past_if_it_is_short(length, closes):
    edge = EdgeConnection(not_reading)
    await edge.send(head(f"Content-Length: {length}", line="POST /there HTTP/1.1"))
    ((status, headers, _),) = answers(edge.sent)
    assert status == 200
    assert (headers.get("connection") == "close") == closes == edge.eof_sent
    if not closes:
        await edge.send(b"x" * 50_000 + head())
        assert len(answers(edge.sent)) == 2
    await edge.leave()


async def test_chunks_that_nobody_reads_are_read_past_for_so_long():
    for count, closes in ((2, False), (20, True)):
        edge = EdgeConnection(not_reading)
        await edge.send(head("Transfer-Encoding: chunked", line="POST /there HTTP/1.1"))
        assert len(answers(edge.sent)) == 1
        await edge.send(*[b"2000\r\n" + b"x" * 0x2000 + b"\r\n"] * count)
        assert edge.eof_sent == closes
        await edge.send(b"0\r\n\r\n" + head())
        assert len(answers(edge.sent)) == (1 if closes else 2)
        await edge.leave()


async def test_a_client_that_was_not_told_to_continue_may_not_go_on_there():
    edge = EdgeConnection(not_reading)
    await edge.send(head("Content-Length: 5", "Expect: 100-continue", line="POST /a HTTP/1.1"))
    ((_, headers, _),) = answers(edge.sent)
    assert headers["connection"] == "close"
    await edge.leave()


async def test_who_asks_whether_to_continue_is_told():
    edge = EdgeConnection()
    await edge.send(head("Content-Length: 2", "Expect: 100-continue", line="POST /a HTTP/1.1"))
    assert edge.sent == b"HTTP/1.1 100 Continue\r\n\r\n"
    await edge.send(b"hi")
    assert [status for status, _, _ in answers(edge.sent)] == [100, 200]
    await edge.leave()


async def test_an_upload_waits_for_a_slow_handler():
    go_on = asyncio.Event()

    async def slow(scope, receive, send):
        await go_on.wait()
        await echo(scope, receive, send)

    edge = EdgeConnection(slow)
    size = 40 * 65_536
    await edge.send(head(f"Content-Length: {size}", line="POST /there HTTP/1.1"))
    for _ in range(8):
        if edge.reading:
            await edge.send(b"x" * 65_536)
    assert not edge.reading
    assert len(edge.protocol.cycle.body) <= 2 * 65_536
    go_on.set()
    await edge.settle()
    while len(edge.protocol.cycle.body) or edge.protocol.cycle.more_body:
        await edge.send(b"x" * 65_536)
    assert len(json.loads(answers(edge.sent)[0][2])["body"]) == size
    await edge.leave()


# ---- what can be read in two ways ---------------------------------------------------------------

GET = b"GET /here HTTP/1.1\r\nHost: a\r\n"
TE = b"Transfer-Encoding: chunked\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
AMBIGUOUS = {
    "both lengths": GET + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both lengths, turned": GET + TE + b"Content-Length: 3\r\n\r\n0\r\n\r\n",
    "two lengths": GET + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a list of lengths": GET + b"Content-Length: 3, 3\r\n\r\nabc",
    "a length with a sign": GET + b"Content-Length: +3\r\n\r\nabc",
    "a length in hex": GET + b"Content-Length: 0x3\r\n\r\nabc",
    "no length": GET + b"Content-Length: \r\n\r\n",
    "identity, chunked": GET + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
    "chunked, identity": GET + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "gzip, chunked": GET + b"Transfer-Encoding: gzip\r\n" + TE + b"\r\n0\r\n\r\n",
    "chunked twice": GET + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "xchunked": GET + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks of HTTP/1.0": b"POST /here HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a folded header": GET + b"X: a\r\n b\r\n\r\n",
    "a fold at once": b"GET /here HTTP/1.1\r\n Host: a\r\n\r\n",
    "bare LF": b"GET /here HTTP/1.1\nHost: a\n\n",
    "one bare LF": b"GET /here HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    "a bare LF at the end": GET + b"\n",
    "a bare CR": GET + b"X: a\rY: b\r\n\r\n",
    "NUL": GET + b"X: a\0b\r\n\r\n",
    "a space before the colon": GET + b"Content-Length : 3\r\n\r\nabc",
    "no name": GET + b": a\r\n\r\n",
    "no colon": GET + b"X\r\n\r\n",
    "a name that is none": GET + b"X\xa0: a\r\n\r\n",
    "chunk size with a space": GET + b"Transfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n",
    "chunk size without end": GET + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\n",
    "chunk size in 0x": GET + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
    "bare LF behind a chunk size": GET + b"Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
    "bare LF in an extension": GET + b"Transfer-Encoding: chunked\r\n\r\n1;a\n\r\na\r\n0\r\n\r\n",
    "no Host": b"GET /here HTTP/1.1\r\n\r\n",
    "two Hosts": GET + b"Host: a\r\n\r\n",
    "a Host that is none": b"GET /here HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "Hosts in one": b"GET /here HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "a path that is none": b"GET here HTTP/1.1\r\nHost: a\r\n\r\n",
    "letters beyond ASCII": b"GET /h\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
    "no method": b"/here HTTP/1.1\r\nHost: a\r\n\r\n",
    "an unknown method": b"FETCH /here HTTP/1.1\r\nHost: a\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", AMBIGUOUS)
async def test_what_can_be_read_in_two_ways_is_400_and_the_end(name):
    data = AMBIGUOUS[name]
    for before in ([], [head()], [post(b"hi")]):
        for pieces in ([data + SMUGGLED], [data[:20], data[20:] + SMUGGLED]):
            found, edge = await statuses(*before, *pieces, routes=DIRECT)
            assert found == [200] * len(before) + [400], pieces
            assert edge.eof_sent
            assert edge.noted == ["malformed"]


@pytest.mark.parametrize(
    ("line", "status"),
    [("GET /here HTTP/2.0", 505), ("GET /here HTTP/0.9", 400), ("GET /here", 400)],
)
async def test_another_http_is_refused(line, status):
    assert (await statuses(head(line=line)))[0] == [status]


async def test_a_trailer_says_nothing():
    edge = EdgeConnection()
    await edge.send(
        head("Transfer-Encoding: chunked", line="POST /there HTTP/1.1"),
        b"02;ext=1\r\nhi\r\n000\r\nAuthorization: Bearer x\r\nHost: b\r\n\r\n" + head(),
    )
    (status, _, body), (second, _, _) = answers(edge.sent)
    assert (status, second) == (200, 200)
    told = json.loads(body)
    assert told["body"] == "hi"
    assert [name for name, _ in told["headers"]] == ["host", "transfer-encoding"]
    await edge.leave()


@pytest.mark.parametrize(
    ("target", "path", "host"),
    [
        ("http://b:81/here?q=1", "/here", "b:81"),
        ("https://user@b/here?q=1", "/here", "b"),
        ("http://b?q=1", "/", "b"),
        ("/here?q=1", "/here", "a"),
    ],
)
async def test_a_whole_url_is_a_target_whose_host_counts(target, path, host):
    edge = EdgeConnection(routes=DIRECT)
    await edge.send(head(line=f"GET {target} HTTP/1.1"))
    told = json.loads(answers(edge.sent)[0][2])
    assert (told["path"], told["query"], told["headers"]) == (path, "q=1", [["host", host]])
    await edge.leave()


# ---- Upgrade ----------------------------------------------------------------------------------

HANDSHAKE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
    "Sec-WebSocket-Version: 13",
)


@pytest.mark.parametrize(
    "offer",
    [
        ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAAA"),
        ("Connection: Upgrade", "Upgrade: h2c"),
        ("Connection: keep-alive, upgrade", "Upgrade: TLS/1.0"),
        ("Connection: Upgrade", "Upgrade: h2c, websocket"),
        ("Connection: Upgrade", "Upgrade: websocket", "Upgrade: h2c"),
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_an_upgrade_to_what_is_no_websocket_is_ignored(offer, chunked):
    body = SMUGGLED
    if chunked:
        asked = head("Transfer-Encoding: chunked", *offer, line="POST /there HTTP/1.1")
        asked += b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    else:
        asked = post(body, *offer)
    for at in [*range(1, 300, 23), len(asked) - len(body), len(asked)]:
        edge = EdgeConnection()
        await edge.send(*[piece for piece in (asked[:at], asked[at:] + post(b"next")) if piece])
        first, second = answers(edge.sent)
        assert (first[0], json.loads(first[2])["body"]) == (200, body.decode())
        assert json.loads(second[2])["body"] == "next"
        await edge.leave()


async def test_requests_that_all_offer_upgrades_are_served_in_order():
    asked = [post(b"%d" % n, "Connection: Upgrade", "Upgrade: h2c") for n in range(2_000)]
    edge = EdgeConnection()
    edge.protocol.data_received(b"".join(asked))
    await until(lambda: edge.sent.count(b"200 OK") == len(asked))
    bodies = [json.loads(body)["body"] for _, _, body in answers(edge.sent)]
    assert bodies == [str(n) for n in range(2_000)]
    await edge.leave()


async def test_a_websockets_whole_url_is_its_target_and_its_host():
    asked = []

    async def noting(scope, receive, send):
        asked.append((scope["path"], dict(scope["headers"])[b"host"]))
        await echo(scope, receive, send)

    edge = EdgeConnection(noting)
    await edge.send(head(*HANDSHAKE, line="GET ws://b:81/socket?q HTTP/1.1"))
    assert asked == [("/socket", b"b:81")]
    await edge.leave()


@pytest.mark.parametrize("method", ["POST", "HEAD", "DELETE", "PUT"])
async def test_a_websocket_by_another_method_is_refused(method):
    asked = head(*HANDSHAKE, line=f"{method} /socket HTTP/1.1")
    for data in (asked, asked + SMUGGLED):
        found, edge = await statuses(data, routes=DIRECT)
        assert (found, edge.noted) == ([400], ["bad-upgrade"])


async def test_an_upgrade_in_http_1_0_is_ignored():
    edge = EdgeConnection()
    await edge.send(head(*HANDSHAKE, line="GET /there HTTP/1.0"))
    ((status, headers, _),) = answers(edge.sent)
    assert (status, headers["connection"]) == (200, "close")
    await edge.leave()


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ((), 101),
        (("Content-Length: 0",), 101),
        (tuple(f"X-{n}: {n}" for n in range(300)), 101),
        (("Cookie: " + "x" * 12_000,), 101),
        (("X: \xff",), 101),
        (("Content-Length: 2",), 400),
        (("Transfer-Encoding: chunked",), 400),
        (("Host: b",), 400),
        (("Sec-WebSocket-Version: 8",), 426),
    ],
    ids=lambda one: str(one)[:30],
)
async def test_a_websocket_is_answered_whatever_else_its_head_says(more, status):
    asked = head(*HANDSHAKE, *more, line="GET /socket HTTP/1.1")
    edge = EdgeConnection()
    await edge.send(asked[:9], asked[9:] + b"\x81\x82\0\0\0\0hi")
    assert edge.sent.startswith(b"HTTP/1.1 %d " % status)
    assert edge.sent.endswith(b"\x81\x02hi") == (status == 101)  # what came with the head counts
    await edge.leave()


async def test_a_websocket_behind_a_request_opens_behind_its_answer():
    edge = EdgeConnection()
    await edge.send(head() + head(*HANDSHAKE, line="GET /socket HTTP/1.1") + b"\x81\x80\0\0\0\0")
    assert edge.sent.startswith(b"HTTP/1.1 200 ")
    assert edge.sent.index(b"HTTP/1.1 101 ") > edge.sent.index(b'"/here"')
    assert edge.sent.endswith(b"\x81\x00")
    await edge.leave()


async def test_connect_is_for_proxies():
    assert (await statuses(head(line="CONNECT a:80 HTTP/1.1")))[0] == [501]


# ---- time -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "status", "kind"),
    [
        ([b"GET /here HT"], 408, "head-timed-out"),
        ([head()[:-1]], 408, "head-timed-out"),
        ([b"\r\n"], 408, "head-timed-out"),
        ([head("Content-Length: 5", line="POST /there HTTP/1.1") + b"abc"], 408, "body-timed-out"),
        ([head(), b"GET"], 408, "head-timed-out"),
        ([post(b"hi"), head("Content-Length: 5")], 408, "body-timed-out"),
        ([head("Transfer-Encoding: chunked") + b"3\r\nabc\r\n"], 408, "body-timed-out"),
    ],
)
async def test_what_does_not_come_in_its_time_is_408(pieces, status, kind):
    edge = EdgeConnection(head_s=SOON_S, body_s=SOON_S, routes=DIRECT)
    await edge.send(*pieces)
    await until(lambda: edge.eof_sent)
    assert answers(edge.sent)[-1][0] == status
    assert edge.noted == [kind]
    await edge.leave()


async def test_who_drips_gets_no_more_time():
    edge = EdgeConnection(head_s=SOON_S)
    drops = (b"%c" % byte for byte in head("X: " + "x" * 10_000))
    async with asyncio.timeout(PATIENCE_S):
        while not edge.eof_sent:
            await edge.send(b"X" if edge.sent else next(drops))
            await asyncio.sleep(SOON_S / 5)
    await edge.leave()


async def test_who_says_nothing_is_let_go_without_a_word():
    edge = EdgeConnection(head_s=SOON_S)
    await until(lambda: edge.closed)
    assert edge.sent == b""
    assert edge.noted == []
    await edge.leave()


async def test_a_request_that_was_answered_rests_as_long_as_it_may():
    for asked in (head(), post(b"hi")):
        edge = EdgeConnection(idle_s=SOON_S, head_s=3_600, routes=DIRECT)
        await edge.send(asked)
        await until(lambda edge=edge: edge.closed)
        assert len(answers(edge.sent)) == 1
        await edge.leave()


async def test_a_handler_may_take_its_time():
    async def slow(scope, receive, send):
        await asyncio.sleep(5 * SOON_S)
        await echo(scope, receive, send)

    edge = EdgeConnection(slow, head_s=SOON_S, body_s=SOON_S)
    await edge.send(post(b"hi") + b"GET")  # half of the next one has to wait for it as well
    await until(lambda: len(answers(edge.sent)) == 2)
    assert [status for status, _, _ in answers(edge.sent)] == [200, 408]
    await edge.leave()


async def test_a_client_that_does_not_take_its_last_answer_is_cut():
    edge = EdgeConnection(idle_s=SOON_S)
    edge.stalls = True
    await edge.send(head("Connection: close"))
    assert edge.closed
    await until(lambda: edge.aborted)
    await edge.leave()


# ---- order ------------------------------------------------------------------------------------


async def test_requests_whose_answers_are_not_read_are_not_read_either():
    begun = []

    async def counting(scope, receive, send):
        begun.append(scope["path"])
        await answer(send, scope)

    edge = EdgeConnection(counting, idle_s=SOON_S)
    edge.stalls = True
    edge.protocol.data_received(head() * 5_000)
    await edge.settle()
    assert len(begun) <= 2
    assert not edge.reading
    assert len(edge.protocol.pipeline) <= MAX_HEAD_BYTES // len(head()) + 1
    await until(lambda: edge.aborted)  # it has its time to take them
    await edge.leave()


async def test_who_takes_its_answers_gets_all():
    edge = EdgeConnection()
    edge.stalls = True
    edge.protocol.data_received(head() * 3_000)
    await edge.settle()
    edge.take()
    await until(lambda: edge.sent.count(b"200 OK") == 3_000)
    assert edge.reading
    await edge.leave()


async def test_everybody_who_serves_a_connection_learns_of_its_end():
    ended = []

    async def holding(scope, receive, send):
        while (await receive())["type"] != "http.disconnect":
            pass
        ended.append(scope["path"])

    edge = EdgeConnection(holding)
    await edge.send(head(line="GET /one HTTP/1.1") + head(line="GET /two HTTP/1.1"))
    await edge.leave()
    assert ended == ["/one"]  # the second one was never begun


async def test_what_is_wrong_behind_a_held_request_is_told_behind_its_answer():
    go_on = asyncio.Event()

    async def held(scope, receive, send):
        await go_on.wait()
        await answer(send, scope)

    edge = EdgeConnection(held)
    await edge.send(head() + b"nonsense\r\n\r\n", b"more of it")
    assert edge.sent == b""
    go_on.set()
    await edge.settle()
    assert [status for status, _, _ in answers(edge.sent)] == [200, 400]
    await edge.leave()


async def test_an_answer_that_has_begun_is_not_followed_by_a_refusal():
    async def early(scope, receive, send):
        start = {"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]}
        await send(start)
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass

    edge = EdgeConnection(early)
    await edge.send(head("Transfer-Encoding: chunked", line="POST / HTTP/1.1"))
    await edge.send(b"no size\r\n")
    assert edge.sent.count(b"HTTP/1.1") == 1
    assert edge.eof_sent
    await edge.leave()


@pytest.mark.parametrize("value", [b"a\r\nX: b", b"a\nb", b"a\rb"])
async def test_no_answer_has_a_line_break_in_a_header(value, caplog):
    async def split(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x", value)]})

    assert b"X: b" not in (await statuses(head(), app=split))[1].sent
    assert "line break" in caplog.text


@pytest.mark.parametrize(
    ("length", "bodies"), [(3, [b"four"]), (5, [b"four"]), (5, [b"fo", b"ur"])]
)
async def test_an_answer_of_another_length_than_it_says_ends_the_connection(length, bodies, caplog):
    async def wrong(scope, receive, send):
        headers = [(b"content-length", b"%d" % length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for at, body in enumerate(bodies, start=1):
            more = at < len(bodies)
            await send({"type": "http.response.body", "body": body, "more_body": more})

    edge = EdgeConnection(wrong)
    await edge.send(head())
    assert edge.closed
    assert "Content-Length" in caplog.text
    await edge.leave()


async def test_an_answer_to_who_has_gone_or_was_refused_is_nobodys_error(caplog):
    ended = []

    async def late_answer(scope, receive, send):
        while (await receive())["type"] != "http.disconnect":
            pass
        await answer(send, scope)
        ended.append(scope["path"])

    edge = EdgeConnection(late_answer)
    await edge.send(head("Transfer-Encoding: chunked", line="POST /refused HTTP/1.1"), b"nonsense")
    assert [status for status, _, _ in answers(edge.sent)] == [400]
    await edge.leave()
    edge = EdgeConnection(late_answer)
    await edge.send(head("Content-Length: 5", line="POST /gone HTTP/1.1"))
    await edge.leave()
    assert ended == ["/refused", "/gone"]
    assert caplog.text == ""


# ---- half closed ------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [False, True])
async def test_who_has_asked_and_sends_no_more_is_answered_but_over_tls(tls):
    go_on = asyncio.Event()

    async def held(scope, receive, send):
        await go_on.wait()
        await answer(send, scope)

    edge = EdgeConnection(held, tls=tls)
    await edge.send(head(line="GET /one HTTP/1.1") + head(line="GET /two HTTP/1.1"))
    assert edge.protocol.eof_received() is not tls
    go_on.set()
    await edge.settle()
    assert [json.loads(body)["path"] for _, _, body in answers(edge.sent)] == ["/one", "/two"]
    assert edge.closed is not tls  # where asyncio closes by itself
    await edge.leave()


async def test_who_has_asked_for_half_and_sends_no_more_has_gone():
    for pieces in ([b"GET"], [head("Content-Length: 5", line="POST /a HTTP/1.1")], [head()]):
        edge = EdgeConnection()
        await edge.send(*pieces)
        assert edge.protocol.eof_received() is False
        await edge.leave()


async def test_a_stream_goes_on_behind_a_leading_zero():
    go_on = asyncio.Event()

    async def stream(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"two"})

    edge = EdgeConnection(stream)
    await edge.send(head())
    assert edge.protocol.eof_received()
    go_on.set()
    await edge.settle()
    assert edge.sent.endswith(b"\r\n\r\n3\r\none\r\n03\r\ntwo\r\n0\r\n\r\n")
    assert edge.closed
    await edge.leave()


# ---- HTTP/1.0 ---------------------------------------------------------------------------------


async def streaming(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]})
    for piece in (b"one", b"", b"two"):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"three"})


async def test_an_old_client_gets_no_chunks():
    edge = EdgeConnection(streaming)
    await edge.send(head("Connection: keep-alive", line="GET / HTTP/1.0", host=""))
    assert edge.sent == b"HTTP/1.1 200 OK\r\nx: y\r\nconnection: close\r\n\r\nonetwothree"
    assert edge.closed
    await edge.leave()


@pytest.mark.parametrize(
    ("asks", "told"), [(("Connection: keep-alive",), "keep-alive"), ((), "close")]
)
async def test_an_old_client_keeps_its_connection_if_it_asks(asks, told):
    edge = EdgeConnection(routes=DIRECT)
    await edge.send(head(*asks, line="GET /here HTTP/1.0", host=""))
    ((status, headers, body),) = answers(edge.sent)
    assert (status, headers["connection"]) == (200, told)
    assert int(headers["content-length"]) == len(body)
    assert edge.closed == (told == "close")
    await edge.leave()


# ---- every split ------------------------------------------------------------------------------

_names = st.sampled_from(["X-One", "Accept", "connection", "Cookie", "content-length", "Expect"])
_values = st.sampled_from(
    ["", "a", "close", "keep-alive", "0", "3", "100-continue", "x" * 50, "\x80"]
)
_lines = st.tuples(
    st.sampled_from(["GET", "GET", "GET", "POST", "HEAD", "DELETE"]),
    st.sampled_from(["/here", "/here?a=b", "/there%20x", "http://b/here", "*", "//", "/here#a"]),
    st.sampled_from(["1.1", "1.1", "1.0"]),
)
_hosts = st.sampled_from([["Host: a"], ["Host: a"], ["host:a:80"], [], ["Host: a", "Host: a"]])


@settings(deadline=None, max_examples=60)
@given(
    line=_lines,
    hosts=_hosts,
    headers=st.lists(st.tuples(_names, _values), max_size=4),
    at=st.integers(0, 400),
    step=st.sampled_from([1, 7, 400]),
)
def test_a_request_is_answered_alike_however_it_arrives(line, hosts, headers, at, step):
    method, target, version = line
    whole = head(
        *hosts,
        *[f"{n}: {v}" for n, v in headers],
        line=f"{method} {target} HTTP/{version}",
        host="",
    )

    async def run():
        results = []
        for routes, pieces in (
            (DIRECT, [whole]),
            (None, [whole]),
            (DIRECT, [whole[: at % len(whole)], whole[at % len(whole) :]]),
            (None, [whole[i : i + step] for i in range(0, len(whole), step)]),
        ):
            edge = EdgeConnection(routes=routes)
            await edge.send(*[piece for piece in pieces if piece])
            results.append(
                (
                    edge.sent.lower().replace(b"cache-control: no-store\r\n", b""),
                    edge.closed or edge.eof_sent,
                )
            )
            await edge.leave()
        return results

    first, *others = asyncio.run(run())
    for other in others:
        assert other == first
