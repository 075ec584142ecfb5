"""The hub over a socket: what it serves itself, what it leaves to uvicorn, no difference.

Longer than 400 lines, since one hub serves all of it.
"""

import asyncio
import base64
import contextlib
import json
import re

import pytest
import pytest_asyncio

from tests.live_hub import dial, live_hub, read_answer, read_head
from tests.patience import PATIENCE_S, with_more_time

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub():
    async with live_hub() as running:
        yield running


def request(target, token, *headers, method="GET", version="1.1", body=b""):
    lines = [
        f"{method} {target} HTTP/{version}",
        "Host: localhost",
        f"Authorization: Bearer {token}",
    ]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def handshake(token, *, version=13, target="/v1/socket"):
    key = base64.b64encode(b"0123456789abcdef").decode()
    return request(
        target,
        token,
        "Upgrade: websocket",
        "Connection: keep-alive, Upgrade",
        f"Sec-WebSocket-Key: {key}",
        f"Sec-WebSocket-Version: {version}",
    )


def masked(opcode, payload, *, fin=True):
    """A client's frame, masked with zeros, which change nothing."""
    assert len(payload) < 126
    return bytes([(0x80 if fin else 0) | opcode, 0x80 | len(payload)]) + bytes(4) + payload


async def read_frame(reader):
    first, length = await reader.readexactly(2)
    assert length < 126
    return first & 0x0F, await reader.readexactly(length)


async def read_chunk(reader):
    size = int(await reader.readline(), 16)
    return (await reader.readexactly(size + 2))[:-2]


async def in_pieces(writer, data):
    """Send the data so that it arrives in two pieces."""
    middle = len(data) // 2
    writer.write(data[:middle])
    await asyncio.sleep(0.05)
    writer.write(data[middle:])


@contextlib.asynccontextmanager
async def connection(hub):
    async with asyncio.timeout(PATIENCE_S), dial(hub.url) as (reader, writer):
        yield reader, writer


async def cursor_of(reader, writer, token, path="/v1/poll"):
    writer.write(request(path, token))
    answer = await read_answer(reader)
    return answer.headers["pushlab-cursor"]


# ---- requests of every shape ------------------------------------------------------------------


async def test_the_same_question_gets_each_time_the_answer_of_its_time(hub):
    token = await hub.token("reader", "repeated")
    async with connection(hub) as (reader, writer):
        cursor = await cursor_of(reader, writer, token)
        question = request(f"/v1/poll?after={cursor}", token)
        for _ in range(3):
            writer.write(question)
            assert (await read_answer(reader)).status == 204
        await hub.publish("repeated", "news")
        for _ in range(2):
            writer.write(question)
            assert [m["data"] for m in (await read_answer(reader)).json["messages"]] == ["news"]


@pytest.mark.parametrize("path", ["/v1/poll", "/v1/wait"])
@pytest.mark.parametrize(
    "shape",
    ["pieces", "close", "http/1.0", "chunked", "body", "expect", "large", "absolute", "line-ends"],
)
async def test_a_request_of_any_shape_is_answered_alike(hub, path, shape):
    token = await hub.token("reader", f"shapes-{shape}-{path[4:]}")
    plain = request(path, token)
    async with connection(hub) as (reader, writer):
        match shape:
            case "pieces":
                await in_pieces(writer, plain)
            case "close":
                writer.write(request(path, token, "Connection: close"))
            case "http/1.0":
                writer.write(request(path, token, version="1.0"))
            case "chunked":
                writer.write(request(path, token, "Transfer-Encoding: chunked"))
                writer.write(b"2\r\nhi\r\n0\r\n\r\n")
            case "body":
                writer.write(request(path, token, "Content-Length: 2", body=b"hi"))
            case "expect":
                writer.write(request(path, token, "Expect: 100-continue"))
            case "large":
                writer.write(request(path, token, "X-Large: " + "x" * 15_000))
            case "absolute":
                writer.write(request(hub.url + path, token))
            case "line-ends":
                writer.write(b"\r\n" + plain)
        answer = await read_answer(reader)
        assert answer.status == 204
        assert "pushlab-cursor" in answer.headers
        assert answer.headers["cache-control"] == "no-store"
        if shape in ("close", "http/1.0"):
            assert answer.headers["connection"] == "close"
            assert await reader.read() == b""
        else:  # and the connection goes on
            writer.write(plain)
            assert (await read_answer(reader)).status == 204


async def test_requests_sent_at_once_are_answered_in_order(hub):
    token = await hub.token("reader", "pipeline")
    async with connection(hub) as (reader, writer):
        cursor = await cursor_of(reader, writer, token)
        await hub.publish("pipeline", "one")
        poll = request(f"/v1/poll?after={cursor}", token)
        writer.write(poll + request("/healthz", token) + request("/v1/poll", token) + poll[:10])
        answers = [await read_answer(reader) for _ in range(3)]
        writer.write(poll[10:])
        answers.append(await read_answer(reader))
        assert [answer.status for answer in answers] == [200, 200, 204, 200]
        assert answers[1].body == b"ok\n"


async def test_a_request_behind_one_that_waits_is_answered_behind_it(hub):
    token = await hub.token("reader", "behind")
    async with connection(hub) as (reader, writer):
        cursor = await cursor_of(reader, writer, token)
        writer.write(request(f"/v1/wait?after={cursor}", token))
        await asyncio.sleep(0.05)
        writer.write(request("/v1/poll", token))
        await asyncio.sleep(0.05)
        await hub.publish("behind", "one")
        assert (await read_answer(reader)).json["messages"][0]["data"] == "one"
        assert (await read_answer(reader)).status == 204


async def test_a_connection_may_ask_for_this_and_that(hub):
    token = await hub.token("reader", "mixed")
    async with connection(hub) as (reader, writer):
        for target, status in [
            ("/v1/poll", 204),
            ("/healthz", 200),
            ("/v1/poll", 204),
            ("/nothing", 404),
            ("/v1/wait", 204),
        ]:
            writer.write(request(target, token))
            assert (await read_answer(reader)).status == status


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
async def test_another_method_is_told_which_would_do(hub, method):
    token = await hub.token("reader", "methods")
    async with connection(hub) as (reader, writer):
        writer.write(request("/v1/poll", token, method=method))
        answer = await read_head(reader)
        assert answer.status == 405
        assert answer.headers["allow"] == "GET, DELETE"


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS client's hello\r\n\r\n",
        b"GET /v1/poll HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /v1/poll HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"GET /v1/poll HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_nonsense_is_400_and_the_next_client_is_served(hub, nonsense):
    async with connection(hub) as (reader, writer):
        writer.write(nonsense)
        assert (await read_head(reader)).status == 400
    token = await hub.token("reader", "after-nonsense")
    async with connection(hub) as (reader, writer):
        await cursor_of(reader, writer, token)


async def test_half_a_request_of_one_client_is_nothing_to_another(hub):
    token = await hub.token("reader", "halves")
    question = request("/v1/poll", token)
    async with connection(hub) as (reader, writer), connection(hub) as (other, to_other):
        writer.write(question[:25])
        await asyncio.sleep(0.05)
        await cursor_of(other, to_other, token)
        writer.write(question[25:])
        assert (await read_answer(reader)).status == 204


@pytest.mark.parametrize("path", ["/v1/wait", "/v1/events"])
@pytest.mark.parametrize("direct", [True, False])
async def test_who_closes_its_half_is_answered_and_who_closes_has_gone(hub, path, direct):
    channel = f"half-closed-{direct}{path[3:]}"
    token = await hub.token("reader", channel)
    async with connection(hub) as (reader, writer):
        cursor = await cursor_of(reader, writer, token)
        asked = request(f"{path}?after={cursor}", token)
        writer.write(asked) if direct else await in_pieces(writer, asked)
        await hub.until_present(channel, ["reader"])
        writer.write_eof()
        await asyncio.sleep(0.1)
        told = await hub.publish(channel, "still there")
        if path == "/v1/wait":
            answer = await read_answer(reader)
            assert [message["seq"] for message in answer.json["messages"]] == [told["seq"]]
            assert await reader.read() == b""
            return
        assert (await read_head(reader)).status == 200
        assert b"retry: " in await read_chunk(reader)
        assert b"still there" in await read_chunk(reader)


@pytest.mark.parametrize("path", ["/v1/wait", "/v1/events"])
@pytest.mark.parametrize("direct", [True, False])
async def test_who_closes_during_a_wait_has_gone(hub, path, direct):
    """And not when the wait ends or a keep-alive is due, which is far behind the patience."""
    channel = f"gone-{direct}{path[3:]}"
    token = await hub.token("leaver", channel)
    async with connection(hub) as (reader, writer):
        epoch = (await hub.publish(channel, "one"))["epoch"]
        asked = request(f"{path}?after={epoch}-1", token)
        writer.write(asked) if direct else await in_pieces(writer, asked)
        await hub.until_present(channel, ["leaver"])
        if path == "/v1/events":
            await read_head(reader)
            await read_chunk(reader)
    await hub.until_present(channel, [])


async def test_who_sends_on_can_read_why_that_was_refused(hub):
    async with connection(hub) as (reader, writer):
        writer.write(b"GET /v1/poll HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-A: b\r\n" * 100_000)
        answer = await read_answer(reader)
        assert (answer.status, answer.json["error"]) == (431, "head-too-large")
        assert answer.headers["connection"] == "close"
        assert await reader.read() == b""


@pytest.mark.timeout(2 * PATIENCE_S)
async def test_heads_without_end_take_no_memory(hub):
    async def rss_bytes():
        return (await hub.api("GET", "/v1/stats")).json["process"]["rss_bytes"]

    async def flood(start):
        async with connection(hub) as (_, writer):
            writer.write(start)
            with contextlib.suppress(OSError):
                for _ in range(64):
                    writer.write(b"x" * 1_000_000)
                    await writer.drain()

    before = await rss_bytes()
    chunked = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n1;"
    await asyncio.gather(*map(flood, (b"GET /", b"GET / HTTP/1.1\r\nX: ", chunked)))
    assert (await hub.ask("GET", "/healthz")).status == 200
    assert await rss_bytes() - before < 16 * 1024 * 1024


async def test_the_hubs_dials_are_those_of_its_connections():
    await with_more_time(dials_are_heard, 0.1, 2.0)


async def dials_are_heard(head_s):
    dials = {"head_s": head_s, "body_s": 2 * head_s, "idle_s": 3 * head_s}
    async with live_hub(settings=dials) as hub:
        posted = b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n["
        keyed = posted.replace(b"\r\n", b"\r\nAuthorization: Bearer %b\r\n" % hub.key.encode(), 1)
        healthy = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

        async def told(data):
            async with connection(hub) as (reader, writer):
                writer.write(data)
                return await reader.read()

        silent, half, body, idle = await asyncio.gather(
            *map(told, (b"", b"GET / HTTP/1.1\r\n", keyed, healthy))
        )
        assert silent == b""
        assert half.startswith(b"HTTP/1.1 408 ")
        assert b"head-timed-out" in half
        assert body.startswith(b"HTTP/1.1 408 ")
        assert b"body-timed-out" in body
        assert idle.endswith(b"ok\n")
        refusals = (await hub.api("GET", "/v1/stats")).json["refusals"]
        assert refusals == {"head-timed-out": 1, "body-timed-out": 1}


# ---- streams ----------------------------------------------------------------------------------


@pytest.mark.parametrize("keeps", [True, False])
async def test_a_stream_of_an_old_client_ends_with_its_connection_and_has_no_chunks(hub, keeps):
    token = await hub.token("old", f"old-{keeps}")
    asked = request("/v1/events", token, *["Connection: keep-alive"] * keeps, version="1.0")
    async with connection(hub) as (reader, writer):
        writer.write(asked)
        head = await read_head(reader)
        assert head.status == 200
        assert "transfer-encoding" not in head.headers
        assert head.headers["connection"] == "close"
        assert (await reader.readuntil(b"\n\n")).startswith(b"retry: ")
        await hub.publish(f"old-{keeps}", "one")
        assert b"data: one" in await reader.readuntil(b"\n\n")


@pytest.mark.parametrize("direct", [True, False])
async def test_a_stream_is_the_same_at_the_door_and_by_asgi(hub, direct):
    channel = f"stream-{direct}"
    token = await hub.token("reader", channel)
    async with connection(hub) as (reader, writer):
        asked = request("/v1/events", token)
        writer.write(asked) if direct else await in_pieces(writer, asked)
        head = await read_head(reader)
        assert (head.status, head.headers) == (
            200,
            {
                "content-type": "text/event-stream",
                "cache-control": "no-store",
                "x-accel-buffering": "no",
                "transfer-encoding": "chunked",
            },
        )
        hello = await read_chunk(reader)
        assert re.match(rb"retry: [123]\d{3}\nid: ", hello)
        for seq, text in enumerate(["one", "\U0001f680 two\nlines", "x" * 30_000], start=1):
            epoch = (await hub.publish(channel, text))["epoch"]
            data = text.replace("\n", "\ndata: ")
            assert await read_chunk(reader) == f"data: {data}\nid: {epoch}-{seq}\n\n".encode()
        assert await hub.present(channel) == ["reader"]
    await hub.until_present(channel, [])


async def test_a_stream_that_the_hub_ends_leaves_a_connection_that_can_ask(monkeypatch):
    async with live_hub() as hub:
        token = await hub.token("reader", "ended")
        async with connection(hub) as (reader, writer):
            writer.write(request("/v1/events", token))
            await read_head(reader)
            await read_chunk(reader)
            stopping = asyncio.ensure_future(hub.process.stop())
            end = await read_chunk(reader)
            assert json.loads(end.split(b"data: ")[1])["reason"] == "server-restart"
            assert await read_chunk(reader) == b""  # the last chunk
            assert await reader.read() == b""
            await stopping
            assert hub.log() == ""


@pytest.mark.parametrize("direct", [True, False])
async def test_a_websocket_is_the_same_at_the_door_and_by_asgi(hub, direct):
    channel = f"socket-{direct}"
    token = await hub.token("reader", channel)
    async with connection(hub) as (reader, writer):
        asked = handshake(token)
        writer.write(asked) if direct else await in_pieces(writer, asked)
        head = await read_head(reader)
        assert (head.status, head.headers) == (
            101,
            {
                "upgrade": "websocket",
                "connection": "Upgrade",
                "sec-websocket-accept": "BACScCJPNqyz+UBoqMH89VmURoA=",
            },
        )
        opcode, hello = await read_frame(reader)
        assert (opcode, hello[-2:]) == (1, b"-0")
        told = await hub.publish(channel, "one")
        assert await read_frame(reader) == (1, f"{told['epoch']}-1 one".encode())
        writer.write(masked(9, b"there?"))
        assert await read_frame(reader) == (10, b"there?")
        writer.write(masked(8, b"\x03\xe8"))
        assert await read_frame(reader) == (8, b"\x03\xe8")
        assert await reader.read() == b""
    await hub.until_present(channel, [])


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (masked(1, b"\xff"), 1007),
        (masked(1, b"\xe2\x82", fin=False) + masked(0, b"\xff"), 1007),
        (masked(1, b"\xe2\x82"), 1007),
        (masked(0, b"a rest of nothing"), 1002),
        (masked(1, b"a", fin=False) + masked(1, b"b"), 1002),
        (masked(3, b"no such opcode"), 1002),
        (b"\x81\x01a", 1002),  # not masked
        (b"\x81\xff" + (64 * 1024 + 1).to_bytes(8, "big") + bytes(4), 1009),
    ],
)
async def test_what_breaks_a_websocket_ends_it_with_the_code_that_says_so(hub, frames, code):
    token = await hub.token("reader", "broken")
    async with connection(hub) as (reader, writer):
        writer.write(handshake(token))
        await read_head(reader)
        await read_frame(reader)
        writer.write(frames)
        opcode, payload = await read_frame(reader)
        assert (opcode, int.from_bytes(payload[:2], "big")) == (8, code)
        assert await reader.read() == b""
    await hub.until_present("broken", [])
    assert (await hub.api("GET", "/v1/stats")).json["refusals"]["websocket-error"] >= 1


async def test_a_websocket_may_be_talked_to(hub):
    token = await hub.token("reader", "talker")
    async with connection(hub) as (reader, writer):
        writer.write(handshake(token))
        await read_head(reader)
        await read_frame(reader)
        writer.write(masked(1, b"\xe2", fin=False) + masked(9, b"1") + masked(0, b"\x82\xac"))
        writer.write(masked(2, b"\xff") + masked(1, b"text") + masked(9, b"2"))
        assert await read_frame(reader) == (10, b"1")
        assert await read_frame(reader) == (10, b"2")


async def test_a_handshake_that_is_none_is_refused(hub):
    token = await hub.token("reader", "handshakes")
    async with connection(hub) as (reader, writer):
        writer.write(handshake(token, version=12))
        head = await read_head(reader)
        assert (head.status, head.headers["sec-websocket-version"]) == (426, "13")
    async with connection(hub) as (reader, writer):
        writer.write(handshake(token).replace(b"GET", b"POST", 1))
        assert (await read_head(reader)).status == 400
    async with connection(hub) as (reader, writer):  # a plain request for the WebSocket's path
        writer.write(request("/v1/socket", token))
        answer = await read_answer(reader)
        assert (answer.status, answer.json["error"]) == (426, "upgrade-required")
        assert (answer.headers["upgrade"], answer.headers["connection"]) == ("websocket", "upgrade")
        assert "proxy" in answer.json["detail"]
        writer.write(request("/v1/socket", token, method="DELETE"))
        answer = await read_answer(reader)
        assert (answer.status, answer.headers["allow"]) == (405, "GET")
    async with connection(hub) as (reader, writer):  # and a WebSocket where none is
        writer.write(handshake(token, target="/v1/poll"))
        assert (await read_head(reader)).status == 101
        assert (await read_frame(reader)) == (8, (4404).to_bytes(2, "big") + b"not-found")


async def test_nothing_of_all_this_was_logged_but_that_something_was_refused(hub):
    kinds = {line.split()[1] for line in hub.log().splitlines() if line.startswith("refused: ")}
    assert len(kinds) == len(hub.log().splitlines())
    assert kinds <= {
        "malformed",
        "bad-upgrade",
        "bad-host",
        "head-too-large",
        "upgrade-required",
        "websocket-error",
    }
