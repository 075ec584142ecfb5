"""Clients that are none of ours read the hub's wire as their specifications say."""

import asyncio
import json
import urllib.request

import httpx
import httpx_sse
import pytest
from websockets.asyncio.client import connect as ws_connect
from websockets.exceptions import ConnectionClosedError

from tests.live_hub import live_hub
from tests.patience import PATIENCE_S

TEXTS = [
    "plain",
    "two\nlines",
    "\n",
    " a space",
    "data: x\n\nid: 9",
    "漢字😀",
    "\x00",
    "x" * 32_767,
]


async def publish_all(hub, channel, messages):
    items = [{"channel": channel, "data": data} for data in messages]
    answer = await hub.api("POST", "/v1/messages", items)
    assert answer.status == 202


async def test_httpx_sse_reads_the_stream_and_resumes():
    async with live_hub() as hub, asyncio.timeout(PATIENCE_S):
        token = await hub.token("ann")
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(trust_env=False) as client:
            url = f"{hub.url}/v1/events"
            seen = []
            async with httpx_sse.aconnect_sse(client, "GET", url, headers=headers) as source:
                events = source.aiter_sse()
                hello = await anext(events)
                assert hello.data == ""
                assert 1_000 <= hello.retry <= 3_000
                await publish_all(hub, "ann", TEXTS)
                async for event in events:
                    assert event.event == "message"
                    seen.append(event.data)
                    last_id = event.id
                    if len(seen) == 3:
                        break
            headers["Last-Event-ID"] = last_id
            async with httpx_sse.aconnect_sse(client, "GET", url, headers=headers) as source:
                async for event in source.aiter_sse():
                    if event.event == "message" and event.data:
                        seen.append(event.data)
                    if len(seen) == len(TEXTS):
                        break
    assert seen == TEXTS


@pytest.mark.parametrize("asked", ["", "?at=1"], ids=["plain", "pushlab's own"])
async def test_httpx_sse_reads_a_carriage_return_and_a_gap_and_the_end(asked):
    """To a plain reader it is a line break; who listens to pushlab's own events has it exactly."""
    async with live_hub() as hub, asyncio.timeout(PATIENCE_S):
        await publish_all(hub, "ann", ["a\r\nb\rc"])
        headers = {"Authorization": f"Bearer {await hub.token('ann')}", "Last-Event-ID": "old-1"}
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client:
            seen = []
            url = f"{hub.url}/v1/events{asked}"
            async with httpx_sse.aconnect_sse(client, "GET", url, headers=headers) as source:
                async for event in source.aiter_sse():
                    seen.append((event.event, event.data))
                    if event.event == "json" or event.data == "a\nb\nc":
                        await hub.process.stop()
    assert seen[0] == ("message", ""), "the hello, which a browser tells nobody of"
    names = [name for name, _ in seen[1:]]
    assert names == (["gap", "at", "json", "close"] if asked else ["gap", "message", "close"])
    assert json.loads(seen[1][1])["after"] == "old-1"
    assert not asked or json.loads(seen[3][1]) == "a\r\nb\rc"
    assert json.loads(seen[-1][1]) == {"reason": "server-restart", "status": 503}


@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflate"])
async def test_websockets_reads_frames_and_resumes(deflate):
    options = {"websocket": {"deflate": deflate}}
    async with live_hub(transports=options) as hub, asyncio.timeout(PATIENCE_S):
        token = await hub.token("ann")
        url = hub.url.replace("http", "ws", 1) + "/v1/socket"
        headers = {"Authorization": f"Bearer {token}"}
        seen = []
        async with ws_connect(url, additional_headers=headers) as socket:
            assert bool(socket.protocol.extensions) == deflate
            start = await socket.recv()
            assert start.endswith("-0")
            await publish_all(hub, "ann", TEXTS)
            while len(seen) < 3:
                cursor, _, data = (await socket.recv()).partition(" ")
                seen.append(data)
        async with ws_connect(f"{url}?after={cursor}&token={token}") as socket:
            assert await socket.recv() == cursor
            while len(seen) < len(TEXTS):
                seen.append((await socket.recv()).partition(" ")[2])
    assert seen == TEXTS


@pytest.mark.parametrize(
    ("path", "code", "reason"),
    [
        ("/v1/socket", 4401, "token-missing"),
        ("/v1/socket?token=x", 4401, "token-invalid"),
        ("/v1/socket?token={token}&after=x", 4400, "invalid-cursor"),
        ("/v1/nowhere?token={token}", 4404, "not-found"),
    ],
)
async def test_websockets_learns_why_it_is_refused(path, code, reason):
    async with live_hub(transports={"websocket": {}}) as hub, asyncio.timeout(PATIENCE_S):
        path = path.format(token=await hub.token("ann"))
        async with ws_connect(hub.url.replace("http", "ws", 1) + path) as socket:
            with pytest.raises(ConnectionClosedError) as closed:
                await socket.recv()
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, reason)


async def test_a_websocket_that_talks_is_heard_out():
    """The server has no use for what a client sends, and must not choke on it."""
    async with live_hub(transports={"websocket": {}}) as hub, asyncio.timeout(PATIENCE_S):
        token = await hub.token("ann")
        url = hub.url.replace("http", "ws", 1) + f"/v1/socket?token={token}"
        async with ws_connect(url) as socket:
            await socket.recv()
            for _ in range(50):
                await socket.send("x" * 1_000)
                await socket.send(b"y" * 1_000)
            await hub.publish("ann", "still here")
            assert (await socket.recv()).endswith(" still here")
            await (await socket.ping())


async def test_urllib_polls():
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def fetch(url, token, method="GET"):
        headers = {"Authorization": f"Bearer {token}"}
        request = urllib.request.Request(url, headers=headers, method=method)
        with opener.open(request, timeout=PATIENCE_S) as answer:
            return answer.status, answer.headers, answer.read()

    async with live_hub() as hub:
        token = await hub.token("ann")
        for path in ("/v1/poll", "/v1/wait"):
            status, headers, body = await asyncio.to_thread(fetch, hub.url + path, token)
            assert (status, body) == (204, b"")
            cursor = headers["Pushlab-Cursor"]
            await publish_all(hub, "ann", TEXTS)
            target = f"{hub.url}{path}?after={cursor}"
            status, headers, body = await asyncio.to_thread(fetch, target, token)
            assert status == 200
            assert headers["Content-Type"] == "application/json"
            assert [message["data"] for message in json.loads(body)["messages"]] == TEXTS
            status, _, _ = await asyncio.to_thread(fetch, hub.url + path, token, "DELETE")
            assert status == 204
