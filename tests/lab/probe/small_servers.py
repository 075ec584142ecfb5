"""A small server of every transport that does, as it is told, what probes look for."""

import asyncio
import base64
import contextlib
import hashlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["Behaviour", "SmallServer", "serving"]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """What a server does; the defaults are all as they should be.

    Attributes:
        buffer_bytes: of a stream, so many are collected before they are sent on.
        dies_after: publishes.
        drops: every so manieth message is not given to readers; 0: none.
        alters: blanks at a text's end are taken off.
        favours: only the newest reader of a channel is given anything.
        waits: publishing is answered when every reader has room again.
    """

    ids: bool = True
    resumes: bool = True
    replays: bool = False
    keep_alive_s: float = 0.0
    buffer_bytes: int = 0
    leaks: bool = False
    swaps: bool = False
    drops: int = 0
    doubles: bool = False
    alters: bool = False
    favours: bool = False
    waits: bool = False
    delivers: bool = True
    most_bytes: int = 1_000_000
    publish_status: int = 202
    publish_body: str = "{}"
    stream_type: str = "text/event-stream"
    dies_after: int = 10**9
    headers: dict[str, str] = field(default_factory=dict)


class SmallServer:
    """Keeps the messages of each channel, numbered from 1."""

    def __init__(self, does: Behaviour) -> None:
        self.does = does
        self.url = ""
        self.requests: list[str] = []
        self._log: defaultdict[str, list[str]] = defaultdict(list)
        self._news = asyncio.Condition()
        self._newest: defaultdict[str, int] = defaultdict(int)
        self._published = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        others = self._tasks - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    # ---- requests -------------------------------------------------------------------------------

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.split("\r\n")
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in lines)
                }
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, target, _ = first.split(" ")
                self.requests.append(f"{method} {target}")
                await self._answer(writer, method, target, headers, body)
        self._writers.discard(writer)
        writer.close()

    async def _answer(
        self,
        writer: asyncio.StreamWriter,
        method: str,
        target: str,
        headers: dict[str, str],
        body: bytes,
    ) -> None:
        parts = urlsplit(target)
        room, _, channel = parts.path[1:].partition("/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        pages: dict[str, Callable[..., Awaitable[None]]] = {
            "publish": lambda: self._publish(writer, channel, body),
            "sse": lambda: self._stream(writer, channel, headers.get("last-event-id", "")),
            "poll": lambda: self._poll(writer, channel, query, 0.0),
            "long": lambda: self._poll(writer, channel, query, 2.0),
            "ws": lambda: self._socket(writer, channel, headers, query),
            "page": lambda: self._send(writer, 200, "<!doctype html>\n<p>Hello", "text/html"),
            "silent": lambda: asyncio.sleep(3600),
            "locked": lambda: self._send(writer, 401, '{"detail": "no key"}'),
        }
        page = pages.get(room)
        if page is None:
            await self._send(writer, 404, '{"detail": "Not Found"}')
        else:
            await page()

    async def _send(
        self,
        writer: asyncio.StreamWriter,
        status: int,
        body: str = "",
        kind: str = "application/json",
        **headers: str,
    ) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in {**self.does.headers, **headers}.items()]
        writer.write("\r\n".join([*lines, "", body]).encode())
        await writer.drain()

    async def _publish(self, writer: asyncio.StreamWriter, channel: str, body: bytes) -> None:
        if len(body) > self.does.most_bytes:
            await self._send(writer, 413)
            return
        self._published += 1
        if self._published > self.does.dies_after:
            await self.stop()
            return
        if self.does.publish_status < 300 and self.does.delivers:
            async with self._news:
                text = json.loads(body)["text"]
                for name in [channel, *(["*"] if self.does.leaks else [])]:
                    self._log[name].append(text.rstrip() if self.does.alters else text)
                self._news.notify_all()
            for other in list(self._writers) if self.does.waits else ():
                await asyncio.sleep(0)
                await other.drain()
        await self._send(writer, self.does.publish_status, self.does.publish_body)

    # ---- readers --------------------------------------------------------------------------------

    async def _after(self, channel: str, seen: int, within_s: float) -> list[tuple[int, str]]:
        """The messages behind that number, at least one unless none comes in time."""
        log = self._log["*" if self.does.leaks else channel]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(lambda: len(log) > seen)
        return list(enumerate(log[seen:], seen + 1))

    def _first(self, channel: str, place: str) -> int:
        """Behind which number a stream begins."""
        if self.does.replays:
            return 0
        if place and self.does.resumes:
            return int(place)
        return len(self._log["*" if self.does.leaks else channel])

    async def _feed(
        self,
        channel: str,
        place: str,
        write: Callable[[bytes], Awaitable[None]],
        framed: Callable[[int, str], bytes],
        beat: bytes,
    ) -> None:
        seen = self._first(channel, place)
        mine = self._newest[channel] = self._newest[channel] + 1
        while True:
            news = await self._after(channel, seen, self.does.keep_alive_s or 3600)
            if not news:
                await write(beat)
            for number, text in reversed(news) if self.does.swaps else news:
                if self.does.favours and mine < self._newest[channel]:
                    continue
                if not self.does.drops or number % self.does.drops:
                    await write(framed(number, text) * (1 + self.does.doubles))
            seen += len(news)
            if self.does.swaps:
                await asyncio.sleep(0.5)

    async def _stream(self, writer: asyncio.StreamWriter, channel: str, place: str) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {self.does.stream_type}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in self.does.headers.items())
        held = bytearray()

        async def write(data: bytes) -> None:
            held.extend(data)
            if len(held) >= self.does.buffer_bytes:
                writer.write(bytes(held))
                held.clear()
                await writer.drain()

        await write(f"{head}Connection: close\r\n\r\n".encode())
        await self._feed(channel, place, write, self._event, b": keep-alive\n\n")

    def _event(self, number: int, text: str) -> bytes:
        name = f"id: {number}\n" if self.does.ids else ""
        return f"{name}data: {json.dumps({'text': text})}\n\n".encode()

    async def _poll(
        self, writer: asyncio.StreamWriter, channel: str, query: dict[str, str], hold_s: float
    ) -> None:
        seen = int(query.get("since") or 0) if self.does.resumes else 0
        news = await self._after(channel, seen, hold_s)
        last = news[-1][0] if news else seen
        await self._send(
            writer, 200, json.dumps({"last": last, "messages": [text for _, text in news]})
        )

    async def _socket(
        self,
        writer: asyncio.StreamWriter,
        channel: str,
        headers: dict[str, str],
        query: dict[str, str],
    ) -> None:
        key = headers.get("sec-websocket-key", "").encode()
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()
        writer.write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )

        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        def frame(number: int, text: str) -> bytes:
            data = json.dumps({"id": number, "text": text}).encode()
            size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2)
            return b"\x81" + size + data

        await self._feed(channel, query.get("since", ""), write, frame, b"\x89\x00")


@contextlib.asynccontextmanager
async def serving(**does: Any) -> AsyncIterator[SmallServer]:
    """A server that does so."""
    server = SmallServer(Behaviour(**does))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
