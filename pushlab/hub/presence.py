"""Presence: who reads which channel now, and who is told when that changes.

A client ID is present on a channel while at least one of its connections stands or, for clients
that poll, while its lease lasts. Each coming and going is told once, in order: to callbacks at
once, and to the application's URL by a form POST, as App Engine's Channel API did it.
"""

import asyncio
import urllib.parse
import urllib.request
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Presence", "PresenceEvent", "PresencePoster"]


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
        """Call `listener` at each change, in order."""
        self._listeners.append(listener)

    def present(self, channel: str) -> list[str]:
        """The client IDs that are present on a channel, sorted."""
        keys = self._connections.keys() | self._leases.keys()
        return sorted(client for where, client in keys if where == channel)

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
            listener(event)


class PresencePoster:
    """Posts presence to an application, one request at a time and in order.

    ``POST <url>/_ah/channel/connected/`` (or ``disconnected/``) with ``from=<client ID>``, form
    encoded, and ``channel=<channel>`` too where it is not the client ID. A request that fails is
    tried again with growing pauses, `attempts` times in all; then it is given up and counted.

    Attributes:
        dropped: events that could not be told.
    """

    def __init__(self, url: str, *, attempts: int = 6, first_pause_s: float = 0.2) -> None:
        self._url = url.rstrip("/")
        self._attempts = attempts
        self._first_pause_s = first_pause_s
        self._waiting: deque[PresenceEvent] = deque(maxlen=100_000)
        self._wake = asyncio.Event()
        self.dropped = 0

    def __call__(self, event: PresenceEvent) -> None:
        """Take an event for posting."""
        if len(self._waiting) == self._waiting.maxlen:
            self.dropped += 1
        self._waiting.append(event)
        self._wake.set()

    async def run(self) -> None:
        """Post until cancelled."""
        while True:
            while not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            event = self._waiting.popleft()
            pause_s = self._first_pause_s
            for attempt in range(self._attempts):
                if await asyncio.to_thread(self._post, event):
                    break
                if attempt + 1 < self._attempts:
                    await asyncio.sleep(pause_s)
                    pause_s *= 2
            else:
                self.dropped += 1

    def _post(self, event: PresenceEvent) -> bool:
        what = "connected" if event.connected else "disconnected"
        form = {"from": event.client_id}
        if event.channel != event.client_id:
            form["channel"] = event.channel
        request = urllib.request.Request(
            f"{self._url}/_ah/channel/{what}/",
            data=urllib.parse.urlencode(form).encode(),
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return bool(200 <= response.status < 300)
        except (OSError, ValueError):
            return False
