"""Presence: who reads which channel now, and who is told when that changes.

A client ID is present on a channel while at least one of its connections stands or, for clients
that poll, while its lease lasts. Each coming and going is told once, in order: to callbacks at
once, and to the application's URL by a form POST, as App Engine's Channel API did it.

There a client ID had one connection, and each was told once. Here it may have several, two tabs
with one token for example; the first to come and the last to go are told, so that for each client
ID a "connected" is followed by a "disconnected" and the other way round. A client that loses its
connection and comes back has gone and come; the polls of a client that polls are one connection.
"""

import asyncio
import contextlib
import logging
import urllib.parse
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pushlab.errors import UsageError
from pushlab.wire.http1 import BadResponse, request_bytes
from pushlab.wire.http_client import fetch
from pushlab.wire.tls import client_context

__all__ = ["Presence", "PresenceEvent", "PresencePoster"]

_ANSWER_DUE_S = 5.0
_LONGEST_PAUSE_S = 5.0
_log = logging.getLogger("pushlab")


@dataclass(frozen=True, slots=True)
class PresenceEvent:
    """`client_id` came to `channel` (`connected`) or left it."""

    client_id: str
    channel: str
    connected: bool


class Presence:
    """Counts connections and leases for each client on each channel.

    Times are given in by the caller, in nanoseconds of the monotonic clock.
    """

    def __init__(self) -> None:
        self._connections: dict[tuple[str, str], int] = {}
        self._leases: dict[tuple[str, str], int] = {}
        self._listeners: list[Callable[[PresenceEvent], None]] = []

    def listen(self, listener: Callable[[PresenceEvent], None]) -> None:
        """Call `listener` at each change, in order; what it raises is logged, no more."""
        self._listeners.append(listener)

    def present(self, channel: str) -> list[str]:
        """The client IDs that are present on a channel, sorted."""
        keys = self._connections.keys() | self._leases.keys()
        return sorted(client for where, client in keys if where == channel)

    def elsewhere(self, channel: str) -> int:
        """How many (channel, client ID) pairs are present on any other channel."""
        keys = self._connections.keys() | self._leases.keys()
        return sum(where != channel for where, _ in keys)

    def total(self) -> int:
        """How many (channel, client ID) pairs are present."""
        return len(self._connections.keys() | self._leases.keys())

    def channels(self) -> set[str]:
        """The channels on which somebody is present."""
        return {channel for channel, _ in self._connections.keys() | self._leases.keys()}

    def join(self, channel: str, client_id: str) -> None:
        """A connection stands."""
        key = (channel, client_id)
        before = key in self._connections or key in self._leases
        self._connections[key] = self._connections.get(key, 0) + 1
        if not before:
            self._tell(key, connected=True)

    def leave(self, channel: str, client_id: str) -> None:
        """A connection has gone; without a `join` before it, nothing happens."""
        key = (channel, client_id)
        left = self._connections.get(key, 0) - 1
        if left > 0:
            self._connections[key] = left
        elif left == 0:
            del self._connections[key]
            if key not in self._leases:
                self._tell(key, connected=False)

    def lease(self, channel: str, client_id: str, until_ns: int) -> None:
        """A client that polls is present until then; the latest word counts."""
        key = (channel, client_id)
        before = key in self._connections or key in self._leases
        self._leases[key] = until_ns
        if not before:
            self._tell(key, connected=True)

    def release(self, channel: str, client_id: str) -> None:
        """A client that polls said goodbye."""
        key = (channel, client_id)
        if self._leases.pop(key, None) is not None and key not in self._connections:
            self._tell(key, connected=False)

    def sweep(self, now_ns: int) -> None:
        """End the leases that have run out."""
        for channel, client_id in [key for key, end in self._leases.items() if end <= now_ns]:
            self.release(channel, client_id)

    def _tell(self, key: tuple[str, str], *, connected: bool) -> None:
        event = PresenceEvent(client_id=key[1], channel=key[0], connected=connected)
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                _log.exception("a listener for presence failed")


class PresencePoster:
    """Posts presence to an application, one request at a time and in order.

    ``POST <url>/_ah/channel/connected/`` (or ``disconnected/``) with ``from=<client ID>``, form
    encoded, and ``channel=<channel>`` too where it is not the client ID. Any 2xx is success. A
    request that fails is tried again with growing pauses, `attempts` times in all, which is some
    ten seconds; then it is given up and counted. What comes behind it waits, so the order is kept.
    An application whose answer is lost on its way is told again of what it knows.

    Args:
        url: of the application, ``http`` or ``https``, perhaps with a path in front.

    Attributes:
        dropped: events that could not be told.

    Raises:
        UsageError: `url` is not such a URL.
    """

    def __init__(self, url: str, *, attempts: int = 7, first_pause_s: float = 0.2) -> None:
        try:
            parts = urllib.parse.urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise UsageError(f"the presence URL {url!r} is not a URL: {error}") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"the presence URL {url!r} is not one such as http://127.0.0.1:8080")
        self._host = parts.hostname
        self._port = port or (443 if parts.scheme == "https" else 80)
        self._authority = parts.netloc.rpartition("@")[2]
        self._path = parts.path.rstrip("/")
        self._tls = parts.scheme == "https"
        self._attempts = attempts
        self._first_pause_s = first_pause_s
        self._waiting: deque[PresenceEvent] = deque(maxlen=100_000)
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.dropped = 0

    def __call__(self, event: PresenceEvent) -> None:
        """Take an event for posting."""
        if len(self._waiting) == self._waiting.maxlen:
            self.dropped += 1
        self._waiting.append(event)
        self._idle.clear()
        self._wake.set()

    async def drain(self, limit_s: float) -> None:
        """Wait until everything is told, but no longer than `limit_s` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._idle.wait()

    async def run(self) -> None:
        """Post until cancelled."""
        while True:
            while not self._waiting:
                self._idle.set()
                self._wake.clear()
                await self._wake.wait()
            event = self._waiting.popleft()
            pause_s = self._first_pause_s
            for attempt in range(self._attempts):
                if await self._post(event):
                    break
                if attempt + 1 < self._attempts:
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                self.dropped += 1

    def _request(self, event: PresenceEvent) -> bytes:
        what = "connected" if event.connected else "disconnected"
        form = {"from": event.client_id}
        if event.channel != event.client_id:
            form["channel"] = event.channel
        return request_bytes(
            self._authority,
            "POST",
            f"{self._path}/_ah/channel/{what}/",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Connection": "close",
            },
            body=urllib.parse.urlencode(form).encode(),
        )

    async def _post(self, event: PresenceEvent) -> bool:
        """Whether the application took it; a redirection, too, is a failure."""
        try:
            answer = await fetch(
                self._host,
                self._port,
                self._request(event),
                tls=client_context() if self._tls else None,
                within_s=_ANSWER_DUE_S,
                head_only=True,
            )
        except (OSError, ValueError, BadResponse):  # no connection, no answer in time, or no HTTP
            return False
        return 200 <= answer.status < 300
