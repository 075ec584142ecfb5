"""One connection to a Redis, for many who ask at a time.

What is asked in one turn of the event loop goes in one write, and nobody waits for another's
answer. redis-py connects, logs in and reads answers; its pool would take a connection for each.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

import hiredis
from redis.asyncio import Connection
from redis.exceptions import ResponseError

from pushlab.hub.reasons import BACKPLANE_AWAY, PUBLISH_UNKNOWN

__all__ = ["Answer", "Line", "Topics"]

#: What Redis answers: bytes, numbers, None, and lists of these.
Answer: TypeAlias = Any
_MOST_WAITING = 50_000


class Line:
    """Asks and answers, in order.

    Args:
        connection: not opened yet; the line has it for itself.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._outbox: list[tuple[bytes, asyncio.Future[Answer]]] = []
        self._waiting: deque[tuple[float, asyncio.Future[Answer]]] = deque()
        self._wanted = asyncio.Event()
        self._closed = False

    async def open(self) -> None:
        """Connect and log in. Raises RedisError."""
        await self._connection.connect()  # type: ignore[no-untyped-call]

    def ask(self, *command: bytes | str | int) -> "asyncio.Future[Answer]":
        """Send a command; the future has its answer.

        It raises ResponseError where Redis says that it cannot, Refused (503) `backplane-away` if
        the command was not sent, and `publish-unknown` if it was and there is no answer.
        """
        future = asyncio.get_running_loop().create_future()
        if self._closed or len(self._outbox) + len(self._waiting) >= _MOST_WAITING:
            future.set_exception(BACKPLANE_AWAY())
            return future
        if not self._outbox:
            self._wanted.set()
        self._outbox.append((hiredis.pack_command(command), future))  # type: ignore[arg-type]
        return future

    def unanswered_s(self) -> float:
        """How long the oldest has waited that was sent and not answered."""
        return time.monotonic() - self._waiting[0][0] if self._waiting else 0.0

    async def run(self) -> None:
        """Write and read until the connection fails. Raises RedisError or OSError then."""
        writing = asyncio.ensure_future(self._write())
        reading = asyncio.ensure_future(self._read())
        try:
            done, _ = await asyncio.wait({writing, reading}, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in (writing, reading):
                task.cancel()
            await asyncio.gather(writing, reading, return_exceptions=True)

    async def _write(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            batch, self._outbox = self._outbox, []
            now_s = time.monotonic()
            self._waiting.extend((now_s, future) for _, future in batch)
            packed = [each for each, _ in batch]
            await self._connection.send_packed_command(packed, check_health=False)

    async def _read(self) -> None:
        read, waiting = self._connection.read_response, self._waiting
        while True:
            answer: Answer
            try:
                answer = await read(timeout=math.inf)
            except ResponseError as error:
                future = waiting.popleft()[1]
                if not future.done():
                    future.set_exception(error)
                continue
            if self._pushed(answer):
                continue
            future = waiting.popleft()[1]
            if not future.done():
                future.set_result(answer)

    def _pushed(self, answer: Answer) -> bool:
        """Whether this was no answer to anything asked, and has been dealt with."""
        return False

    async def close(self) -> None:
        """Tell all who wait that no answer will come, and cut the connection."""
        self._closed = True
        unsent, self._outbox = self._outbox, []
        for _, future in self._waiting:
            if not future.done():
                future.set_exception(PUBLISH_UNKNOWN())
        for _, future in unsent:
            if not future.done():
                future.set_exception(BACKPLANE_AWAY())
        self._waiting.clear()
        await self._connection.disconnect(nowait=True)


class Topics(Line):
    """A line that has subscribed to topics, on which Redis speaks unasked.

    Args:
        heard: takes a topic and what was said there.
    """

    def __init__(self, connection: Connection, heard: Callable[[bytes, bytes], None]) -> None:
        super().__init__(connection)
        self._heard = heard

    def _pushed(self, answer: Answer) -> bool:
        if type(answer) is list and answer[0] == b"message":
            self._heard(answer[1], answer[2])
            return True
        return False
