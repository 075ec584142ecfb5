"""A server that answers publishes as a test wants it."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator


class Server:
    """Answers publishes; `pause` holds answers back, `status` refuses, `hang_up` closes."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        self.keys: set[str] = set()
        self.free = asyncio.Event()
        self.free.set()
        self.status = 202
        self.hang_up = False
        self.connections = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                self.bodies.append(await reader.readexactly(int(headers["content-length"])))
                self.paths.append(head[0].split()[1])
                self.keys.add(headers["authorization"])
                seq = len(self.bodies)
                await self.free.wait()
                if self.hang_up:
                    break
                answer = {"seq": seq, "epoch": "e", "accepted_ns": time.monotonic_ns()}
                body = json.dumps(answer).encode()
                start = f"HTTP/1.1 {self.status} X\r\ncontent-length: {len(body)}\r\n\r\n"
                writer.write(start.encode() + body)
        writer.close()


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        server.free.set()
        listener.close()
