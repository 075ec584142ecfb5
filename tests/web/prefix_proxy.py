"""A small reverse proxy in a thread: a path goes to the hub, as servers put it before one."""

import asyncio
import contextlib
import queue
import re
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

__all__ = ["prefix_proxy"]

_CONNECTION = re.compile(rb"\r\n(?:connection|keep-alive):[^\r]*", re.I)


class _Proxy:
    def __init__(self, upstream: str, prefix: str, *, strips: bool, plain: bool) -> None:
        self._upstream = urlsplit(upstream)
        self._prefix = prefix.encode()
        self._strips = strips
        self._plain = plain
        self.strays: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request: its head is rewritten, the rest goes through as it is, both ways."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            target = head.split(b" ", 2)[1]
            if not re.match(re.escape(self._prefix) + rb"(?![^/?])", target):
                self.strays.append(target.decode())
                writer.write(
                    b"HTTP/1.1 404 Stray\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                )
                writer.close()
                return
            if self._strips:
                head = head.replace(target, target.removeprefix(self._prefix), 1)
            host = f"\r\nHost: {self._upstream.netloc}".encode()
            head = re.sub(rb"\r\nhost:[^\r]*", host, head, count=1, flags=re.I)
            if self._plain:
                head = re.sub(rb"\r\nsec-fetch-[^\r]*", b"", head, flags=re.I)
            if b"\r\nupgrade: websocket" not in head.lower():
                head = _CONNECTION.sub(b"", head)[:-2] + b"Connection: close\r\n\r\n"
            there, to_hub = await asyncio.open_connection(
                self._upstream.hostname, self._upstream.port
            )
            to_hub.write(head)
            ways = (_carry(reader, to_hub), _carry(there, writer))
            both = [asyncio.ensure_future(way) for way in ways]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for way in both:
                way.cancel()
            to_hub.close()
            writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


@contextlib.contextmanager
def prefix_proxy(
    upstream: str, prefix: str, *, strips: bool = True, plain: bool = False
) -> Iterator[tuple[str, list[str]]]:
    """The address below which the hub stands, and the requests that went past it.

    It is a bare proxy: the hub sees its own address in ``Host``, and nothing else is told.

    Args:
        strips: whether it takes the path away.
        plain: whether requests look as they do where neither TLS nor the loopback is.
    """
    proxy = _Proxy(upstream, prefix, strips=strips, plain=plain)
    began: queue.SimpleQueue[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]]
    began = queue.SimpleQueue()

    async def run() -> None:
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        port, stop = server.sockets[0].getsockname()[1], asyncio.Event()
        began.put((port, asyncio.get_running_loop(), stop))
        await stop.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    port, loop, stop = began.get()
    try:
        yield f"http://127.0.0.1:{port}{prefix}", proxy.strays
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
