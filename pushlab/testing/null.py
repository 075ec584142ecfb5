"""The null transport: no network, no bytes; a reader calls the hub in its own process.

It is the reference that the contract suite is checked with, and the laboratory's floor: what a
measurement shows with it is the harness's own cost.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from random import Random

from pushlab.contract.backoff import Backoff
from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Closed, Connected, Disconnected, Event
from pushlab.contract.hits import Hit
from pushlab.contract.inbox import Inbox
from pushlab.contract.profile import Profile
from pushlab.contract.reasons import is_final
from pushlab.contract.serving import Entry, Feed, Hub
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.transport import Transport
from pushlab.errors import Refused

__all__ = ["Null", "NullReader"]

#: The hubs that serve in this process, by where they say that they listen.
_HUBS: dict[str, Hub] = {}
_MOST_WAITING = 32


class Null(Transport):
    """No network: both ends in one process."""

    name = "null"
    profile = Profile(title="Harness floor", delivery="stream")

    # ---- the server half --------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def background(self, hub: Hub) -> AsyncIterator[None]:
        """Make the hub known to readers in this process while it serves."""
        _HUBS[hub.url()] = hub
        try:
            yield
        finally:
            del _HUBS[hub.url()]

    # ---- the client half --------------------------------------------------------------------

    def messages(
        self, endpoint: Endpoint, token: str, *, cursor: Cursor | None = None
    ) -> "NullReader":
        """The client half."""
        return NullReader(self, f"http://{endpoint.authority}", token, cursor)


class NullReader:
    """One reader, over any number of readings of the hub in a row.

    Attributes:
        hits: what it asked of the hub, by kind.
    """

    def __init__(self, transport: Null, url: str, token: str, cursor: Cursor | None) -> None:
        self.hits: dict[Hit, int] = {}
        self._transport = transport
        self._url = url
        self._token = token
        self._inbox = Inbox(cursor)
        self._backoff = Backoff(Random())
        self._events: deque[Event] = deque()
        self._told: asyncio.Queue[Callable[[], None]] = asyncio.Queue()  # what the hub said
        self._feed: Feed | None = None
        self._blocked = False
        self._retry_at = 0.0
        self._over = False

    def __aiter__(self) -> "NullReader":
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self._over:
                raise StopAsyncIteration
            if self._feed is None:
                await asyncio.sleep(max(0.0, self._retry_at - time.monotonic()))
                self._connect()
            else:
                (await self._told.get())()
        return self._events.popleft()

    async def aclose(self) -> None:
        """Leave."""
        self._over = True
        if self._feed is not None:
            self._feed.close()

    # ---- reading ----------------------------------------------------------------------------

    def _connect(self) -> None:
        hub = _HUBS.get(self._url)
        if hub is None:
            self._lose("nobody serves there", 503)
            return
        cursor = self._inbox.cursor
        kind = Hit.CONNECT if cursor is None else Hit.RECONNECT
        name = self._transport.name
        try:
            grant = hub.verify(self._token)
            feed = hub.subscribe(grant, cursor, transport=name, write=self._write, end=self._end)
        except Refused as refusal:
            self._count(hub, Hit.REFUSED)
            self._lose(refusal.reason, refusal.status)
            return
        self._count(hub, kind)
        self._feed = feed
        self._backoff.reset()
        self._events.append(Connected(feed.position))
        gap = self._inbox.position(feed.position)
        if gap is not None:
            self._events.append(gap)
        feed.start()

    def _count(self, hub: Hub, kind: Hit) -> None:
        hub.count(self._transport.name, kind)
        self.hits[kind] = self.hits.get(kind, 0) + 1

    def _take(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._events.extend(self._inbox.accept(entry.epoch, entry.seq, entry.data))
        if self._blocked and self._feed is not None and self._told.empty():
            self._blocked = False
            self._feed.resume()

    def _lose(self, reason: str, status: int) -> None:
        self._feed, self._blocked = None, False
        if is_final(status):
            self._over = True
            self._events.append(Closed(reason, status))
        else:
            delay_s = self._backoff.next_delay_s()
            self._retry_at = time.monotonic() + delay_s
            self._events.append(Disconnected(reason, delay_s))

    # ---- called by the hub ------------------------------------------------------------------

    def _write(self, entries: Sequence[Entry]) -> bool:
        self._told.put_nowait(partial(self._take, entries))
        self._blocked = self._told.qsize() >= _MOST_WAITING
        return not self._blocked

    def _end(self, reason: str, status: int) -> None:
        self._told.put_nowait(partial(self._lose, reason, status))
