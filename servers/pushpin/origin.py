"""The application behind Pushpin: it keeps each channel's messages, and says whom to hold.

Pushpin forwards what clients ask, and the answer's Grip headers tell it which channel to hold them
for (https://pushpin.org/docs/protocols/grip/). Each message has a number and names the one before
it, so that Pushpin asks again for a poll that has missed one. `PUSHPIN` in the environment is the
address at which that takes messages.
"""

import asyncio
import json
import os
from collections import defaultdict, deque
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

KEPT = 1000
HOLD_S = 30
KEEP_ALIVE_S = 20
PUSHPIN = urlsplit(os.environ["PUSHPIN"])

heads: dict[str, int] = defaultdict(int)
kept: dict[str, deque[tuple[int, str]]] = defaultdict(lambda: deque(maxlen=KEPT))


def page(number: int, *texts: str) -> str:
    return json.dumps({"last": number, "messages": texts})


def event(number: int, text: str) -> str:
    return f"id: {number}\n" + "".join(f"data: {line}\n" for line in text.split("\n")) + "\n"


def asked(request: Request) -> tuple[str, int, list[tuple[int, str]]]:
    """The channel, its newest number, and what the client has not, or Pushpin where that asks."""
    channel = request.query_params["id"]
    _, _, told = request.headers.get("grip-last", "").partition("last-id=")
    told = told or request.headers.get("last-event-id") or request.query_params.get("after") or ""
    after = int(told) if told else heads[channel]
    return channel, heads[channel], [entry for entry in kept[channel] if entry[0] > after]


async def publish(request: Request) -> Response:
    channel, text = request.query_params["id"], (await request.body()).decode()
    heads[channel] = number = heads[channel] + 1
    kept[channel].append((number, text))
    formats = {
        "http-response": {"body": page(number, text) + "\n"},
        "http-stream": {"content": event(number, text)},
        "ws-message": {"content": page(number, text)},
    }
    names = {"channel": channel, "id": str(number), "prev-id": str(number - 1)}
    body = json.dumps({"items": [names | {"formats": formats}]}).encode()
    head = f"POST {PUSHPIN.path} HTTP/1.1\r\nHost: {PUSHPIN.netloc}\r\nConnection: close\r\n"
    reader, writer = await asyncio.open_connection(PUSHPIN.hostname, PUSHPIN.port)
    writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    answer = await reader.read()
    writer.close()
    return Response(status_code=204 if b" 200 " in answer[:16] else 502)


async def wait(request: Request) -> Response:
    channel, head, news = asked(request)
    headers = {"Cache-Control": "no-store"}
    if not news:
        headers |= {"Grip-Hold": "response", "Grip-Timeout": str(HOLD_S)}
        headers["Grip-Channel"] = f"{channel}; prev-id={head}"
    told = page(head, *(text for _, text in news))
    return Response(told, media_type="application/json", headers=headers)


async def events(request: Request) -> Response:
    channel, _, news = asked(request)
    grip = {
        "Grip-Hold": "stream",
        "Grip-Channel": channel,
        "Grip-Keep-Alive": f":\\n\\n; format=cstring; timeout={KEEP_ALIVE_S}",
    }
    text = "".join(event(*entry) for entry in news)
    return Response(text, media_type="text/event-stream", headers=grip)


async def socket(request: Request) -> Response:
    """WebSocket over HTTP: what a client does comes as events, and so do the answers."""
    told, said = await request.body(), []
    if told.startswith(b"OPEN\r\n"):
        channel, _, news = asked(request)
        subscribe = {"type": "subscribe", "channel": channel}
        pings = {
            "type": "keep-alive",
            "message-type": "ping",
            "content": "",
            "timeout": KEEP_ALIVE_S,
        }
        orders = [f"c:{json.dumps(order)}" for order in (subscribe, pings)]
        texts = [*orders, *(page(*entry) for entry in news)]
        said = [b"OPEN\r\n", *(b"TEXT %x\r\n%b\r\n" % (len(t), t) for t in map(str.encode, texts))]
    elif b"CLOSE" in told:
        said = [told[told.index(b"CLOSE") :]]
    headers = {"Sec-WebSocket-Extensions": 'grip; message-prefix=""'}
    return Response(b"".join(said), media_type="application/websocket-events", headers=headers)


async def ready(request: Request) -> Response:
    return PlainTextResponse("ready\n")


app = Starlette(
    routes=[
        Route("/publish", publish, methods=["POST"]),
        Route("/wait", wait),
        Route("/events", events),
        Route("/socket", socket, methods=["POST"]),
        Route("/ready", ready),
    ]
)
