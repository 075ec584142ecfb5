"""Chat rooms with FastAPI: posted to by HTTP, read by polls, server-sent events and WebSocket."""

import asyncio
from collections import defaultdict, deque
from contextlib import contextmanager, suppress

from fastapi import FastAPI, WebSocket
from pydantic import BaseModel
from sse_starlette import EventSourceResponse

app = FastAPI()


class Message(BaseModel):
    text: str


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


@app.get("/healthz")
async def healthz():
    return {"status": "ok"}


@app.post("/rooms/{channel}", status_code=201)
async def post(channel: str, message: Message):
    rooms[channel].post(message.text)


@app.get("/rooms/{channel}")
async def poll(channel: str, since: int = 0, wait: float = 0):
    room = rooms[channel]
    if wait and not room.since(since):
        with room.reader() as queue, suppress(TimeoutError):
            await asyncio.wait_for(queue.get(), wait)
    return {"messages": room.since(since), "last": room.last}


@app.get("/rooms/{channel}/events")
async def events(channel: str):
    async def stream():
        with rooms[channel].reader() as queue:
            while True:
                message = await queue.get()
                yield {"id": str(message["id"]), "data": message["text"]}

    return EventSourceResponse(stream())


@app.websocket("/ws/{channel}")
async def socket(websocket: WebSocket, channel: str):
    await websocket.accept()
    hello = await websocket.receive_json()
    with rooms[hello.get("subscribe", channel)].reader() as queue:
        while True:
            await websocket.send_json(await queue.get())
