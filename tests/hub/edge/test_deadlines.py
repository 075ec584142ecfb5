"""How long a request may take, and what is left of a connection half of which is closed."""

import asyncio
import json

import pytest

from tests.edge_connection import DIRECT, EdgeConnection, answer, answers, echo
from tests.edge_requests import SOON_S, head, post
from tests.patience import PATIENCE_S, until

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
