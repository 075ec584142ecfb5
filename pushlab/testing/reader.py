"""Readers: the clients with which the suite looks at a transport.

`WireReader` drives the sans-I/O client half over a socket of its own, so that it can stop reading
or cut the socket. `StreamReader` iterates over the friendly form of transports that have no
sans-I/O half. `FriendlyReader` is an application: it uses `pushlab.connect`.
"""

import abc
import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from unittest import SkipTest

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Connected, Event, Gap, Message
from pushlab.contract.hits import Hit
from pushlab.contract.subscriber import Subscriber
from pushlab.errors import PushlabError
from pushlab.testing.judge import LIMIT_S, check_texts, eventually
from pushlab.wire.driver import DriverConnection, StallingDriver

__all__ = ["FriendlyReader", "StreamReader", "SuiteReader", "WireReader"]


class SuiteReader(abc.ABC):
    """Collects what one client is told.

    Attributes:
        events: everything so far.
        error: what ended it, if an error did.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.error: Exception | None = None

    # ---- what it was told -------------------------------------------------------------------

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def messages(self) -> list[Message]:
        """The messages so far."""
        return self.of(Message)

    @property
    def gaps(self) -> list[Gap]:
        """The gaps so far."""
        return self.of(Gap)

    @property
    def texts(self) -> list[str]:
        """What the messages say."""
        return [message.data for message in self.messages]

    @property
    def cursor(self) -> Cursor | None:
        """Where it stands: behind the last event that says so."""
        for event in reversed(self.events):
            if isinstance(event, Message):
                return event.cursor
            if isinstance(event, Gap):
                return event.resumed
            if isinstance(event, Connected) and not self.of(Message) and not self.of(Gap):
                return event.cursor
        return None

    @property
    def hits(self) -> Mapping[Hit, int] | None:
        """What it has sent, by kind; None when its client half does not tell."""
        return None

    def story(self) -> str:
        """The last events, for a failure's text."""
        told = [
            f"message {event.seq}" if isinstance(event, Message) else str(event)
            for event in self.events[-6:]
        ]
        if self.error is not None:
            told.append(repr(self.error))
        return "it was told: " + ("; ".join(told) if told else "nothing")

    # ---- waiting ----------------------------------------------------------------------------

    async def until(
        self, holds: Callable[[], object], what: str, *, limit_s: float = LIMIT_S
    ) -> None:
        """Wait until `holds()`; fail with `what`, and with what the reader was told."""
        await eventually(holds, lambda: f"{what}; {self.story()}", limit_s=limit_s)

    async def connected(self, who: str = "a reader") -> None:
        """Wait until it was told that it is connected."""
        await self.until(lambda: self.of(Connected), f"{who} was not told that it is connected")

    async def has(
        self, expected: list[str], who: str = "a reader", *, limit_s: float = LIMIT_S
    ) -> None:
        """Wait until it has as many messages, and fail unless they are exactly these."""
        with contextlib.suppress(AssertionError):
            await eventually(lambda: len(self.messages) >= len(expected), "", limit_s=limit_s)
        try:
            check_texts(self.texts, expected, who)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.story()}") from None

    # ---- doing ------------------------------------------------------------------------------

    @abc.abstractmethod
    def stall(self) -> None:
        """Take nothing more off the wire."""

    @abc.abstractmethod
    def go_on(self) -> None:
        """Read again."""

    def cut(self) -> None:
        """Break the connection without a goodbye, and do not come back; skips without a socket."""
        self.drop()

    def drop(self) -> None:
        """Break the connection without a goodbye, and come back; skips without a socket."""
        raise SkipTest("this reader has no socket that could be cut")

    @abc.abstractmethod
    async def leave(self) -> None:
        """Say goodbye and wait until the connection is gone."""


class WireReader(StallingDriver, SuiteReader):
    """A sans-I/O client half over a socket of its own."""

    dial_s = LIMIT_S

    def __init__(self, subscriber: Subscriber) -> None:
        SuiteReader.__init__(self)
        StallingDriver.__init__(self, subscriber)
        self._cut = False
        self.start()

    @property
    def hits(self) -> Mapping[Hit, int]:
        """What it has sent, by kind."""
        return self.subscriber.hits

    def take(self, events: Sequence[Event], now_ns: int) -> None:
        """Keep them."""
        self.events += events

    def flush(self, now_ns: int) -> None:
        """Do what the subscriber asks for, unless it was cut off."""
        if not self._cut:
            super().flush(now_ns)

    def connection_made(self, connection: DriverConnection) -> None:
        """A connection is open."""
        if self._cut:
            connection.transport.abort()
            return
        if self._stalled:
            connection.transport.pause_reading()
        super().connection_made(connection)

    def cut(self) -> None:
        """Break the connection without a goodbye, and do not come back."""
        self._cut = True
        self._stop()
        self.drop()

    def drop(self) -> None:
        """Break the connection without a goodbye, and come back."""
        if self.connection is not None:
            self.connection.transport.abort()

    async def leave(self) -> None:
        """Say goodbye and wait until the connection is gone."""
        connection = self.connection
        if self._stalled:
            self.go_on()
        self.say_goodbye()
        self._stop()
        try:
            async with asyncio.timeout(LIMIT_S):
                await self._gone.wait()
        except TimeoutError:
            if connection is not None:
                connection.transport.abort()
            raise AssertionError("a closed connection did not end") from None


class StreamReader(SuiteReader):
    """The friendly form of a transport that has no sans-I/O half, read in a task."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._task = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        try:
            async for event in self._events():
                self.events.append(event)
                await self._may_read.wait()
        except (PushlabError, OSError) as error:
            self.error = error

    def _events(self) -> AsyncIterator[Event]:
        return self._stream  # type: ignore[no-any-return]

    @property
    def hits(self) -> Mapping[Hit, int] | None:
        """What it has sent, by kind, if the stream tells."""
        return getattr(self._stream, "hits", None)

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self._task.done()

    def stall(self) -> None:
        """Take nothing more."""
        self._may_read.clear()

    def go_on(self) -> None:
        """Read again."""
        self._may_read.set()

    async def leave(self) -> None:
        """Close the stream; `leave_s` says how long that took."""
        self._task.cancel()
        await asyncio.wait({self._task})
        if not self._task.cancelled() and (error := self._task.exception()) is not None:
            raise error
        began = time.monotonic()
        async with asyncio.timeout(LIMIT_S):
            await self._close()
        self.leave_s = time.monotonic() - began

    async def _close(self) -> None:
        await self._stream.aclose()


class FriendlyReader(StreamReader):
    """An application that uses `pushlab.connect`; `error` is what its iteration raised."""

    _entered = False

    async def _events(self) -> AsyncIterator[Event]:
        await self._stream.__aenter__()
        self._entered = True
        async for event in self._stream.events():
            yield event

    async def _close(self) -> None:
        if self._entered:
            await self._stream.__aexit__(None, None, None)
