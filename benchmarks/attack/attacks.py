"""The attacks, one function each. All are bounded: it is the hub that is tried, not the machine."""

import asyncio
import base64
import itertools
import os
import struct
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from benchmarks.attack.attacker import Attacker, Line

__all__ = ["ATTACKS", "Attack"]

_KEY = base64.b64encode(bytes(16)).decode()
_HOST = "Host: 127.0.0.1\r\n"
_PAUSE_S = 0.05  # before one that was sent away comes again


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack: what it does, in words, and how."""

    words: str
    run: Callable[[Attacker], Awaitable[None]]
    floods_readers: bool = False  #: whether much is published to the attacker's channel meanwhile


def _get(path: str, *headers: str, method: str = "GET") -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"{method} {path} HTTP/1.1\r\n{_HOST}{lines}\r\n".encode()


def _upgrade(token: str) -> bytes:
    return _get(
        f"/v1/socket?token={token}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {_KEY}",
    )


async def _endless(attacker: Attacker, first: bytes, piece: bytes) -> None:
    line = await attacker.dial()
    if line is not None:
        stands = await line.send(first)
        while stands and attacker.lasts:
            stands = await line.send(piece)
            await asyncio.sleep(0)
        await line.first_line(0.5)
        line.close()
    await asyncio.sleep(_PAUSE_S)


async def endless_heads(attacker: Attacker) -> None:
    first, piece = b"GET /healthz HTTP/1.1\r\n", b"X-Filler: " + b"a" * 16_000 + b"\r\n"
    await attacker.many(8, lambda: _endless(attacker, first, piece))


async def endless_targets(attacker: Attacker) -> None:
    await attacker.many(8, lambda: _endless(attacker, b"GET /", b"a" * 16_384))


async def _slowly(attacker: Attacker, first: bytes, byte: bytes) -> None:
    line = await attacker.dial()
    if line is not None:
        stands = await line.send(first)
        while stands and attacker.lasts:
            await asyncio.sleep(1)
            stands = await line.send(byte)
        await line.first_line(0.2)
        line.close()
    await asyncio.sleep(_PAUSE_S)


async def slow_heads(attacker: Attacker) -> None:
    await attacker.many(200, lambda: _slowly(attacker, b"GET /healthz HTTP/1.1\r\n", b"X"))


async def slow_bodies(attacker: Attacker) -> None:
    first = _get("/v1/messages", "Content-Length: 50000", method="POST")
    await attacker.many(200, lambda: _slowly(attacker, first, b"["))


async def huge_bodies(attacker: Attacker) -> None:
    first = _get("/v1/channels/a/messages", "Content-Length: 9999999999", method="POST")
    await attacker.many(8, lambda: _endless(attacker, first, b"a" * 32_768))


async def idle_connections(attacker: Attacker) -> None:
    lines = [await attacker.dial() for _ in range(1_500)]
    await attacker.rest()
    for line in lines:
        if line is not None:
            await line.first_line(0.0001)
            line.close()


async def _pings(attacker: Attacker, token: str) -> None:
    line = await attacker.dial(receive_bytes=4_096)
    if line is None:
        return
    await line.send(_upgrade(token))
    await line.first_line(1)
    line.stop_reading()
    ping = bytes((0x89, 0x80 | 125)) + bytes(4) + bytes(125)
    while attacker.lasts and await line.send(ping * 100):  # noqa: ASYNC110 - it floods
        await asyncio.sleep(0)
    line.close()


async def ping_floods(attacker: Attacker) -> None:
    tokens = itertools.cycle(attacker.tokens)
    await attacker.many(16, lambda: _pings(attacker, next(tokens)))


def _streams(attacker: Attacker) -> Iterator[bytes]:
    """Requests for event streams and WebSockets with good tokens, in turn for ever."""
    requests = [_get(f"/v1/events?token={token}") for token in attacker.tokens]
    requests += [_upgrade(token) for token in attacker.tokens]
    return itertools.cycle(requests)


async def _slow_reader(attacker: Attacker, request: bytes) -> None:
    line = await attacker.dial(receive_bytes=4_096)
    if line is not None:
        await line.send(request)
        await line.first_line(1)
        line.stop_reading()
        await attacker.rest()
        line.close()


async def slow_readers(attacker: Attacker) -> None:
    each = _streams(attacker)
    await attacker.many(50, lambda: _slow_reader(attacker, next(each)))


async def _half_open(attacker: Attacker, request: bytes) -> None:
    line = await attacker.dial()
    if line is not None:
        await line.send(request)
        await line.first_line(1)
        await asyncio.sleep(0.5)
        line.close(silently=os.geteuid() == 0)


async def half_open_peers(attacker: Attacker) -> None:
    each = _streams(attacker)
    await attacker.many(100, lambda: _half_open(attacker, next(each)))


async def _once(attacker: Attacker, request: bytes) -> None:
    line = await attacker.dial()
    if line is not None:
        await line.send(request)
        await line.first_line(1)
        line.close()


async def bad_joins(attacker: Attacker) -> None:
    request = _get("/v1/events", "Authorization: Bearer k0.bm9uZQ." + "a" * 43)
    await attacker.paced(300, lambda: _once(attacker, request))


async def good_joins(attacker: Attacker) -> None:
    each = _streams(attacker)
    await attacker.paced(300, lambda: _once(attacker, next(each)))


async def _asks(attacker: Attacker, request: bytes, pause_s: float) -> None:
    line = await attacker.dial()
    if line is None:
        await asyncio.sleep(_PAUSE_S)
        return
    answers = request.count(b"\r\n\r\n")
    while attacker.lasts and await line.send(request):
        for _ in range(answers):
            try:
                await asyncio.wait_for(_whole_answer(attacker, line), 2)
            except (TimeoutError, OSError, ValueError, asyncio.IncompleteReadError):
                line.close()
                return
        await asyncio.sleep(pause_s)
    line.close()


async def _whole_answer(attacker: Attacker, line: Line) -> None:
    head = await line.reader.readuntil(b"\r\n\r\n")
    attacker.note(head[9:12].decode("latin-1"))
    for header in head.lower().split(b"\r\n"):
        if header.startswith(b"content-length:"):
            await line.reader.readexactly(int(header[15:]))


async def health_floods(attacker: Attacker) -> None:
    await attacker.many(16, lambda: _asks(attacker, _get("/healthz"), 0.02))


async def pipelines(attacker: Attacker) -> None:
    tokens = itertools.cycle(attacker.tokens)
    await attacker.many(
        8, lambda: _asks(attacker, _get(f"/v1/poll?token={next(tokens)}") * 20, 0.2)
    )


async def h2c_bodies(attacker: Attacker) -> None:
    hidden = _get("/v1/hidden")
    request = _get(
        "/v1/channels/a/messages",
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        f"Content-Length: {len(hidden)}",
        method="POST",
    )
    await attacker.paced(100, lambda: _once(attacker, request + hidden))


async def _oversize(attacker: Attacker, token: str) -> None:
    line = await attacker.dial()
    if line is not None:
        await line.send(_upgrade(token))
        await line.first_line(1)
        stands = await line.send(bytes((0x81, 0xFF)) + struct.pack("!Q", 2**40) + bytes(4))
        while stands and attacker.lasts:
            stands = await line.send(bytes(16_384))
            await asyncio.sleep(0)
        line.close()
    await asyncio.sleep(_PAUSE_S)


async def oversize_frames(attacker: Attacker) -> None:
    tokens = itertools.cycle(attacker.tokens)
    await attacker.many(8, lambda: _oversize(attacker, next(tokens)))


ATTACKS = {
    "heads": Attack("8 heads without an end", endless_heads),
    "targets": Attack("8 targets without an end", endless_targets),
    "slow-heads": Attack("200 heads, a byte a second each", slow_heads),
    "slow-bodies": Attack("200 bodies, a byte a second each", slow_bodies),
    "huge-bodies": Attack("8 bodies of 10 GB", huge_bodies),
    "idle": Attack("1,500 connections that say nothing", idle_connections),
    "pings": Attack("16 WebSockets that ping and read nothing", ping_floods),
    "slow-readers": Attack("50 readers of 1.2 MB/s who take nothing", slow_readers, True),
    "half-open": Attack("100 peers that vanish, again and again", half_open_peers),
    "bad-joins": Attack("300 joins a second with a bad token", bad_joins),
    "good-joins": Attack("300 joins a second with a good one", good_joins),
    "health": Attack("16 clients that ask /healthz 50 times a second", health_floods),
    "pipelining": Attack("8 clients, 20 polls in one write", pipelines),
    "h2c": Attack("100 h2c upgrades a second with a body", h2c_bodies),
    "frames": Attack("8 WebSockets, frames of 1 TiB", oversize_frames),
}
