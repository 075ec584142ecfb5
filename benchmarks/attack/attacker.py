"""``python -m benchmarks.attack.attacker``: one attack, in a process of its own.

Takes a line of JSON on standard input (what to do, and tokens of its own); answers with ``ready``,
waits for a line, attacks until its time is over, and tells what the hub answered.
"""

import asyncio
import collections
import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Attacker", "Line"]

_NICE = 10
_CHUNK = 64 * 1024


class Line:
    """One connection of the attacker, which does not mind what becomes of it."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: "Attacker"
    ) -> None:
        self.reader = reader
        self.writer = writer
        self._said = said
        self._noted = False

    async def send(self, data: bytes) -> bool:
        """Send, as far as the hub takes it; whether the connection still stands."""
        try:
            self.writer.write(data)
            await asyncio.wait_for(self.writer.drain(), 1)
        except TimeoutError:
            self._said.note("takes no more")
            return False
        except OSError:
            return False
        self._said.sent_bytes += len(data)
        return not self.reader.at_eof()

    async def first_line(self, within_s: float) -> bytes:
        """The answer's first line, noted; empty if nothing comes."""
        line = b""
        with contextlib.suppress(TimeoutError, OSError, ValueError):
            line = await asyncio.wait_for(self.reader.readline(), within_s)
            if not self._noted:
                self._noted = True
                status = line.split(b" ")[1:2]
                self._said.note(status[0].decode("latin-1")[:3] if status else "closed")
        return line

    def stop_reading(self) -> None:
        """Take nothing more of what the hub sends."""
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]

    def close(self, *, silently: bool = False) -> None:
        """Close; `silently`: so that the hub learns nothing of it (Linux, as root)."""
        with contextlib.suppress(OSError):
            if silently:
                sock = self.writer.get_extra_info("socket")
                sock.setsockopt(socket.IPPROTO_TCP, 19, 1)  # TCP_REPAIR: no FIN, no RST
        with contextlib.suppress(OSError, RuntimeError):
            self.writer.transport.abort()


@dataclass
class Attacker:
    """What an attack knows, and what it was answered.

    Attributes:
        tokens: good ones, of a channel that no good reader reads.
        until: when it ends, in seconds of the monotonic clock.
        answers: the hub's, by status.
    """

    host: str
    port: int
    tokens: list[str]
    seconds: float
    until: float = 0.0
    answers: collections.Counter[str] = field(default_factory=collections.Counter)
    connections: int = 0
    sent_bytes: int = 0

    def note(self, answer: str) -> None:
        """Count an answer."""
        self.answers[answer] += 1

    @property
    def lasts(self) -> bool:
        """Whether its time is not over."""
        return time.monotonic() < self.until

    async def dial(self, *, receive_bytes: int = 0) -> Line | None:
        """A connection, or None where there is none to be had."""
        sock = socket.socket()
        sock.setblocking(False)
        if receive_bytes:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        try:
            await asyncio.wait_for(
                asyncio.get_running_loop().sock_connect(sock, (self.host, self.port)), 2
            )
            reader, writer = await asyncio.open_connection(sock=sock, limit=_CHUNK)
        except (OSError, TimeoutError):
            sock.close()
            self.note("no connection")
            return None
        self.connections += 1
        return Line(reader, writer, self)

    async def rest(self) -> None:
        """Do nothing more until the time is over."""
        await asyncio.sleep(max(0.0, self.until - time.monotonic()))

    async def many(self, count: int, attack: Callable[[], Awaitable[None]]) -> None:
        """So many at once, again and again until the time is over."""

        async def one() -> None:
            while self.lasts:
                await attack()

        await asyncio.gather(*(one() for _ in range(count)))

    async def paced(self, per_s: float, attack: Callable[[], Awaitable[None]]) -> None:
        """So many a second, whatever the hub does; at most 200 are under way."""
        under_way: set[asyncio.Task[None]] = set()
        began, made = time.monotonic(), 0
        while self.lasts:
            due = int((time.monotonic() - began) * per_s)
            while made < due:
                made += 1
                if len(under_way) < 200:
                    task = asyncio.ensure_future(attack())  # type: ignore[arg-type]
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
            await asyncio.sleep(0.01)
        for task in under_way:
            task.cancel()


async def _run(told: dict[str, Any]) -> None:
    from benchmarks.attack.attacks import ATTACKS

    attack = ATTACKS[told.pop("attack")]
    attacker = Attacker(**told)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    attacker.until = time.monotonic() + attacker.seconds
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(attack.run(attacker), attacker.seconds + 5)
    print(
        json.dumps(
            {
                "answers": dict(attacker.answers.most_common()),
                "connections": attacker.connections,
                "sent_bytes": attacker.sent_bytes,
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    # It shares a core with those whose latencies are measured.
    if hasattr(os, "SCHED_OTHER"):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    asyncio.run(_run(json.loads(sys.stdin.readline())))
    os._exit(0)  # its connections end with it, and nobody waits for them
