"""Upgrades at the hub's edge: WebSocket's alone is known."""

import json

import pytest

from tests.edge_connection import DIRECT, EdgeConnection, answers, echo
from tests.edge_requests import SMUGGLED, head, post, statuses
from tests.patience import until

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
