"""`connect`: one channel as an async iterator, over any transport.

::

    async with pushlab.connect(url, token, transport="sse") as messages:
        async for message in messages:
            print(message.seq, message.data)

The connection is kept: it comes back after a loss with backoff and jitter and resumes from its
cursor, so each message arrives once and in order. What retention no longer holds is a `Gap`.
"""

import asyncio
import contextlib
import inspect
import logging
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from random import Random
from typing import Any, cast

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Closed, Connected, Disconnected, Event, Gap, Message
from pushlab.contract.registry import make_transport
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.contract.transport import Transport
from pushlab.errors import ConnectionFailed, Refused, UsageError
from pushlab.wire.candidates import Candidates
from pushlab.wire.discovery import locate
from pushlab.wire.driver import Driver, DriverConnection

__all__ = ["Messages", "TokenSource", "connect"]

#: A token, or a function (async or not) that fetches one whenever one is needed.
TokenSource = str | Callable[[], str | Awaitable[str]]

_LEAVE_S = 2.0
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_EVENTS_HELD = 1_000  # above this the driver stops reading from the socket, until half are taken
_CATCH_UP_NS = 1_000_000_000
#: Ends after which a new token helps.
_RENEWABLE = ("token-expired", "token-revoked")
_log = logging.getLogger("pushlab")


def connect(
    url: str,
    token: TokenSource,
    *,
    transport: str | Transport | Sequence[str | Transport] = "sse",
    cursor: Cursor | str | None = None,
    on_gap: Callable[[Gap], None] | None = None,
    retry_for_s: float = 60.0,
    rng: Random | None = None,
    tls: ssl.SSLContext | None = None,
    **options: Any,
) -> "Messages":
    """Subscribe to the channel that `token` grants.

    Without a cursor it is read from now on, and now is when ``async with`` has been entered: what
    is published after that arrives. With one, reading goes on from there, whenever the connection
    stands. (A transport in the friendly form, `Transport.messages`, reads from when it stands.)

    Args:
        url: the hub's, such as ``http://127.0.0.1:8000``.
        token: from ``POST /v1/channels``; or a function that fetches one, which is then asked again
            when a token expires or its key is dropped.
        transport: a name (`pushlab transports` lists them) or a `Transport`; or several, of which
            the first that gets through is kept, such as ``("websocket", "sse", "long-polling")``
            where a proxy may drop ``Upgrade`` or hold streams back.
        cursor: what the reader has already; None starts from now.
        on_gap: told of messages that were missed; without it, they are logged as a warning.
        retry_for_s: how long to try for a connection before giving up.
        options: the transport's own, such as ``interval_s=5`` for short polling.

    Raises (on entering, or while iterating):
        Refused: the hub said no (401 `token-expired`, `token-invalid`, ...).
        ConnectionFailed: no connection for `retry_for_s` seconds.
        UnknownTransport, MissingExtra, UsageError: at the call itself.
    """
    if isinstance(transport, str):
        transport = make_transport(transport, options)
    elif options:
        raise UsageError(f"the transport is made already: give it {', '.join(options)} there")
    several = [transport] if isinstance(transport, Transport) else transport
    made = [make_transport(each, {}) if isinstance(each, str) else each for each in several]
    return Messages(
        hub=Endpoint.from_url(url),
        token=token,
        candidates=Candidates(made),
        cursor=Cursor.parse(cursor) if isinstance(cursor, str) else cursor,
        on_gap=on_gap,
        retry_for_s=retry_for_s,
        rng=rng or Random(),
        tls=tls,
    )


class Messages:
    """One channel's messages: an async context manager, and an async iterator.

    Attributes:
        gaps: every gap so far.
    """

    @property
    def transport(self) -> Transport:
        """The one in use; of several, the one that is being tried until one gets through."""
        return self._candidates.current

    def __init__(
        self,
        *,
        hub: Endpoint,
        token: TokenSource,
        candidates: Candidates,
        cursor: Cursor | None,
        on_gap: Callable[[Gap], None] | None,
        retry_for_s: float,
        rng: Random,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._hub = hub
        self._token = token
        self._candidates = candidates
        self._cursor = cursor
        self._on_gap = on_gap
        self._retry_for_s = retry_for_s
        self._rng = rng
        self._tls = tls
        self._driver: _Driver | None = None
        self._stream: AsyncIterator[Event] | None = None
        self._entered = False
        self._early: deque[Event] = deque()  # what happened while it was being entered
        self._renewals = 0  # tokens fetched since a connection stood
        self._lost_at: float | None = None
        self.gaps: list[Gap] = []

    @property
    def cursor(self) -> Cursor | None:
        """The last message that was received; resume with it."""
        return self._cursor

    async def __aenter__(self) -> "Messages":
        """Begin, and wait until the hub has said where "from now on" is."""
        self._entered = True
        self._lost_at = time.monotonic()
        try:
            await self._begin()
            while self._cursor is None and self._driver is not None:
                event = await self._advance()
                if isinstance(event, Closed):
                    raise _refusal(event, self.transport)
                self._early.append(event)
        except BaseException:
            await self._finish()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Leave: say goodbye and close the connection."""
        await self._finish()

    def __aiter__(self) -> AsyncIterator[Message]:
        return self._messages()

    async def _messages(self) -> AsyncIterator[Message]:
        async for event in self.events():
            if isinstance(event, Message):
                yield event

    async def events(self) -> AsyncIterator[Event]:
        """Everything that happens: messages, gaps, connections made and lost."""
        if not self._entered:
            raise RuntimeError("use 'async with pushlab.connect(...) as messages'")
        while True:
            event = self._early.popleft() if self._early else await self._advance()
            if isinstance(event, Closed) and event.reason == "closed":
                return
            yield event
            if isinstance(event, Closed):
                raise _refusal(event, self.transport)

    async def _advance(self) -> Event:
        """The next event; what it means for the reader is seen to."""
        while True:
            event = await self._next()
            if isinstance(event, Message):
                self._cursor = event.cursor
            elif not isinstance(event, Closed):
                in_vain = self._lost_at is not None
                self._note(event)
                if in_vain and isinstance(event, Disconnected):
                    await self._follow()
                    await self._fall_back(event)
            elif event.reason != "closed" and (
                await self._renewed(event) or await self._fall_back(event)
            ):
                continue
            return event

    async def _renewed(self, end: Closed) -> bool:
        """Go on with a new token, if one helps and there is patience left.

        A source that gives out one bad token after another is asked with growing pauses.
        """
        if end.reason not in _RENEWABLE or isinstance(self._token, str):
            return False
        now = time.monotonic()
        self._lost_at = self._lost_at or now
        if self._renewals and now - self._lost_at > self._retry_for_s:
            return False
        await self._finish()
        if self._renewals:
            await asyncio.sleep(
                min(_FIRST_PAUSE_S * 2 ** min(self._renewals, 10), _LONGEST_PAUSE_S)
            )
        self._renewals += 1
        await self._begin()
        return True

    async def _fall_back(self, event: Closed | Disconnected) -> bool:
        """Go on with the next transport, if there is one and this one does not get through."""
        refusal: Refused | None = None
        while self._candidates.failed(event):
            await self._finish()
            try:
                await self._begin()
            except Refused as error:  # such as 404: this hub has no broker
                event, refusal = Closed(error.reason, error.status), error
            else:
                return True
        if refusal is not None:
            raise refusal
        return False

    def _note(self, event: Event) -> None:
        if isinstance(event, Gap):
            self._cursor = event.resumed
            self.gaps.append(event)
            if self._on_gap is not None:
                self._on_gap(event)
            else:
                _log.warning("%s", event)
        elif isinstance(event, Connected):
            self._lost_at = None
            self._renewals = 0
            self._candidates.stood()
            self._cursor = self._cursor or event.cursor
        elif isinstance(event, Disconnected):
            now = time.monotonic()
            self._lost_at = self._lost_at or now
            if now - self._lost_at > self._retry_for_s:
                raise ConnectionFailed(
                    f"no connection to {self._hub.authority} for {self._retry_for_s:g} s:"
                    f" {event.reason}"
                )

    async def _follow(self) -> None:
        """Ask whether what cannot be reached has moved: its server may have begun anew."""
        if self._driver is not None and self.transport.profile.own_address:
            with contextlib.suppress(ConnectionFailed, Refused):
                self._driver.subscriber.endpoint = await locate(
                    self.transport, self._hub, self._driver.token, tls=self._tls
                )

    async def _next(self) -> Event:
        if self._driver is not None:
            return await self._driver.next_event()
        if self._stream is None:  # left already
            return Closed("closed", 0)
        try:
            return await anext(self._stream)
        except StopAsyncIteration:
            return Closed("closed", 0)

    async def _begin(self) -> None:
        token = self._token if isinstance(self._token, str) else self._token()
        if inspect.isawaitable(token):
            token = await token
        endpoint = await self._locate(token)
        if self.transport.is_sans_io():
            subscriber = self.transport.subscriber(
                endpoint, token, cursor=self._cursor, rng=self._rng
            )
            self._driver = _Driver(subscriber, token, tls=self._tls)
            self._driver.start()
        else:
            self._stream = self.transport.messages(endpoint, token, cursor=self._cursor)

    async def _locate(self, token: str) -> Endpoint:
        """Where the transport listens; asked until the hub answers or patience ends."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await locate(self.transport, self._hub, token, tls=self._tls)
            except ConnectionFailed as error:
                self._note(Disconnected(str(error), pause_s))
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _finish(self) -> None:
        if self._driver is not None:
            await self._driver.close()
            self._driver = None
        if self._stream is not None:
            await cast(Any, self._stream).aclose()
            self._stream = None


def _refusal(end: Closed, transport: Transport) -> Refused:
    detail = f"the hub ended the subscription: {end.reason}"
    if end.reason == f"http-{end.status}" and transport.profile.protocol != "http":
        detail += "; that is no hub's answer to a WebSocket: does a proxy drop the Upgrade header?"
    return Refused(end.status, end.reason, detail)


class _Driver(Driver):
    """Keeps what happens until the application takes it, and reads no more when that is much."""

    def __init__(self, subscriber: Subscriber, token: str, *, tls: ssl.SSLContext | None) -> None:
        super().__init__(subscriber, tls=tls)
        self.token = token
        self._events: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._paused: DriverConnection | None = None  # the one that is not read
        self._patient_until_ns = 0  # before then no timer: the reader, not the server, was slow

    async def next_event(self) -> Event:
        """The next event, when there is one."""
        while not self._events:
            self._arrived.clear()
            await self._arrived.wait()
        event = self._events.popleft()
        if self._pausing and len(self._events) <= _EVENTS_HELD // 2:
            self._resume_reading()
        return event

    async def close(self) -> None:
        """Leave, and wait until every connection is closed (two seconds at most)."""
        self._resume_reading()
        self.say_goodbye()
        self._stop()
        if self._dialling is not None:
            await asyncio.wait({self._dialling})
        try:
            async with asyncio.timeout(_LEAVE_S):
                await self._gone.wait()
        except TimeoutError:
            pass
        finally:
            for connection in tuple(self._connections):
                connection.transport.abort()

    @property
    def _pausing(self) -> bool:
        return self.connection is not None and self.connection is self._paused

    def _resume_reading(self) -> None:
        if self.connection is not None and self._pausing:
            self._paused = None
            now_ns = time.monotonic_ns()
            self._patient_until_ns = now_ns + _CATCH_UP_NS
            self.connection.transport.resume_reading()
            self.flush(now_ns)

    def reads(self, connection: DriverConnection) -> bool:
        """Not while the application is the slow one."""
        return connection is not self._paused

    def take(self, events: Sequence[Event], now_ns: int) -> None:
        """Keep them until the application takes them."""
        self._events.extend(events)
        if self._events:
            self._arrived.set()
        if len(self._events) > _EVENTS_HELD and self.connection is not None and not self._pausing:
            self._paused = self.connection  # what comes stays in the socket
            self.connection.transport.pause_reading()

    def arm(self, when_ns: int, now_ns: int) -> None:
        """Wake the subscriber then, but not while the reader is the slow one."""
        if not self._pausing:
            super().arm(max(when_ns, self._patient_until_ns), now_ns)

    def wake(self) -> None:
        """The timer ran; it was set before the reader fell behind, perhaps."""
        if self._pausing or time.monotonic_ns() < self._patient_until_ns:
            self.timer = None
            self.flush(time.monotonic_ns())
        else:
            super().wake()
