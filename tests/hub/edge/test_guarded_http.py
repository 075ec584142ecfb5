"""Requests of every shape at the hub's edge: limits, and nothing read in two ways."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pushlab.hub.edge.limits import MAX_BATCH_BYTES, MAX_HEAD_BYTES
from tests.edge_connection import DIRECT, EdgeConnection, answer, answers, echo
from tests.edge_requests import SMUGGLED, head, post, statuses

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
