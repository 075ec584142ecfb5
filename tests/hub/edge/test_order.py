"""Many requests on one connection: in order, one at a time, none dropped."""

import asyncio

import pytest

from pushlab.hub.edge.limits import MAX_HEAD_BYTES
from tests.edge_connection import EdgeConnection, answer, answers
from tests.edge_requests import SOON_S, head, statuses
from tests.patience import until


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
