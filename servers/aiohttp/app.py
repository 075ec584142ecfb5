"""Chat rooms with aiohttp: posted to by HTTP, read by polls, server-sent events and WebSocket."""

import argparse
import asyncio
import json
from collections import defaultdict, deque
from contextlib import contextmanager, suppress

import uvloop
from aiohttp import WSMsgType, web

KEEP_ALIVE_S = 15


class Room:
    def __init__(self):
        self.last = 0
        self.history = deque(maxlen=1000)
        self.readers = set()

    def post(self, text):
        self.last += 1
        self.history.append({"id": self.last, "text": text})
        for queue in self.readers:
            queue.put_nowait(self.history[-1])

    def since(self, last):
        missed = self.last - last
        return list(self.history)[-missed:] if missed > 0 else []

    @contextmanager
    def reader(self):
        queue = asyncio.Queue()
        self.readers.add(queue)
        try:
            yield queue
        finally:
            self.readers.remove(queue)


rooms = defaultdict(Room)
routes = web.RouteTableDef()


@routes.get("/healthz")
async def healthz(request):
    return web.json_response({"status": "ok"})


@routes.post("/rooms/{channel}")
async def post(request):
    rooms[request.match_info["channel"]].post((await request.json())["text"])
    return web.Response(status=201)


@routes.get("/rooms/{channel}")
async def poll(request):
    room = rooms[request.match_info["channel"]]
    since, wait = int(request.query.get("since", 0)), float(request.query.get("wait", 0))
    if wait and not room.since(since):
        with room.reader() as queue, suppress(TimeoutError):
            await asyncio.wait_for(queue.get(), wait)
    return web.json_response({"messages": room.since(since), "last": room.last})


@routes.get("/rooms/{channel}/events")
async def events(request):
    room = rooms[request.match_info["channel"]]
    has = request.headers.get("Last-Event-ID")
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
    response = web.StreamResponse(headers=headers)
    with room.reader() as queue:
        missed = room.since(int(has)) if has else []
        await response.prepare(request)
        for message in missed:
            await response.write(event(message))
        while True:
            try:
                message = await asyncio.wait_for(queue.get(), KEEP_ALIVE_S)
            except TimeoutError:
                await response.write(b": ping\n\n")
            else:
                await response.write(event(message))


def event(message):
    data = "".join(f"data: {line}\n" for line in message["text"].split("\n"))
    return f"id: {message['id']}\n{data}\n".encode()


@routes.get("/ws/{channel}")
async def socket(request):
    websocket = web.WebSocketResponse(heartbeat=KEEP_ALIVE_S)
    with rooms[request.match_info["channel"]].reader() as queue:
        await websocket.prepare(request)
        sending = asyncio.create_task(send(websocket, queue))
        try:
            async for message in websocket:  # answers pings, and sees the end
                if message.type == WSMsgType.ERROR:
                    break
        finally:
            sending.cancel()
    return websocket


async def send(websocket, queue):
    with suppress(ConnectionError):
        while True:
            await websocket.send_str(json.dumps(await queue.get()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8000)
    app = web.Application()
    app.add_routes(routes)
    web.run_app(
        app,
        host="127.0.0.1",
        port=parser.parse_args().port,
        access_log=None,
        loop=uvloop.new_event_loop(),
        shutdown_timeout=1,
    )
