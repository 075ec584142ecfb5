"""An application that hubs tell of presence: a small HTTP server that notes what it is told."""

import asyncio
import contextlib
from urllib.parse import parse_qs

from tests.patience import PATIENCE_S

__all__ = ["Application", "status"]


def status(code, *lines):
    return "\r\n".join([f"HTTP/1.1 {code} So", "Content-Length: 0", *lines, "", ""]).encode()


class Application:
    """A small HTTP server; `answer(what, client ID)` says, or awaits, each answer: None is 200."""

    def __init__(self, answer=lambda what, client_id: None):
        self.answer = answer
        self.requests = []
        self.taken = []

    @contextlib.asynccontextmanager
    async def listening(self, port=0):
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            raw = dict(line.split(": ", 1) for line in head[1:] if line)
            body = await reader.readexactly(int(headers["content-length"]))
            path = head[0].split(" ")[1]
            form = parse_qs(body.decode())
            what, client_id = path.split("/")[-2], form.get("from", [""])[0]
            self.requests.append((head[0], raw, body))
            answer = self.answer(what, client_id)
            if asyncio.iscoroutine(answer):
                answer = await answer
            answer = status(200) if answer is None else answer
            if b" 2" in answer[:12]:
                self.taken.append((what, client_id))
            writer.write(answer)
            await writer.drain()
        writer.close()

    async def until(self, reached):
        async with asyncio.timeout(PATIENCE_S):
            while not reached():  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.002)

    async def until_taken(self, count):
        await self.until(lambda: len(self.taken) >= count)

    def since_reset(self):
        reset = ("reset", "")
        taken = self.taken
        return taken[taken.index(reset) + 1 :] if reset in taken else []

    def told_of(self, client_id):
        return [what for what, who in self.taken if who == client_id]
