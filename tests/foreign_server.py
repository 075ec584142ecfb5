"""A small server of another make, as a program: rooms, polls, an event stream; and its faults.

    python foreign_server.py PORT [FAULT]

``POST /rooms/NAME`` publishes, ``GET /rooms/NAME?since=N`` polls, ``GET /rooms/NAME/events``
streams. FAULT: ``refuses`` (401 to publishers), ``nowhere`` (404 to readers), ``html``, ``silent``
(readers are let in and never get anything), ``mute`` (no answer to anybody), ``deaf`` (none to
publishers), ``dies`` (after 20 messages).
"""

import asyncio
import contextlib
import json
import os
import sys
from collections import defaultdict

FAULT = sys.argv[2] if len(sys.argv) > 2 else ""
rooms: dict[str, list[str]] = defaultdict(list)
readers: dict[str, set[asyncio.Queue[str]]] = defaultdict(set)
published = 0


def publish(room: str, text: str) -> None:
    global published
    published += 1
    if FAULT == "dies" and published > 20:
        print("out of memory, as it were", file=sys.stderr, flush=True)
        os._exit(3)
    if FAULT == "silent":
        return
    rooms[room].append(text)
    for queue in readers[room]:
        queue.put_nowait(text)


async def stream(room: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hello\n\n")
    queue: asyncio.Queue[str] = asyncio.Queue()
    readers[room].add(queue)
    try:
        while True:
            writer.write(f"data: {json.dumps({'text': await queue.get()})}\n\n".encode())
            await writer.drain()
    finally:
        readers[room].discard(queue)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, path, _ = head.split(" ", 2)
            fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
            body = await reader.readexactly(int(fields.get("content-length", 0)))
            if FAULT == "mute" or (FAULT == "deaf" and method == "POST"):
                await asyncio.sleep(3600)
            place, _, query = path.partition("?")
            room = place.removeprefix("/rooms/").removesuffix("/events")
            status, kind, answer = 200, "application/json", b"{}"
            if method == "POST" and FAULT == "refuses":
                status, answer = 401, b'{"detail": "no such key"}'
            elif method == "POST":
                publish(room, json.loads(body)["text"])
                status = 201
            elif FAULT == "nowhere" and place != "/":
                status = 404
            elif FAULT == "html" and place != "/":
                kind, answer = "text/html", b"<html>Welcome</html>"
            elif place.endswith("/events"):
                await stream(room, writer)
            elif place != "/":
                since = int(query.removeprefix("since=") or 0)
                told = {"last": len(rooms[room]), "messages": rooms[room][since:]}
                answer = json.dumps(told).encode()
            lines = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n"
            writer.write(f"{lines}Content-Length: {len(answer)}\r\n\r\n".encode() + answer)
    writer.close()


async def main() -> None:
    async with await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
