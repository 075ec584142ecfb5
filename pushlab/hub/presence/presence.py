"""Presence: who reads which channel now, and who is told when that changes.

A client ID is present on a channel while at least one of its connections stands or, for clients
that poll, while its lease lasts. Each coming and going is told once, in order: to callbacks at
once, and to the application's URL (`pushlab.hub.presence.posts`).

There a client ID had one connection, and each was told once. Here it may have several, two tabs
with one token for example; the first to come and the last to go are told, so that for each client
ID a "connected" is followed by a "disconnected" and the other way round. A client that loses its
connection and comes back has gone and come; the polls with one token are one connection. Who
renews an expired token in a moment has been there all the while.
"""

import logging
from collections.abc import Callable, Set
from dataclasses import dataclass

__all__ = ["Presence", "PresenceEvent"]

_log = logging.getLogger("pushlab")


@dataclass(frozen=True, slots=True)
class PresenceEvent:
    """`client_id` came to `channel` (`connected`) or left it."""

    client_id: str
    channel: str
    connected: bool


class Presence:
    """Counts connections and leases for each client on each channel.

    Times are given in by the caller, in nanoseconds of the monotonic clock. Of the leases of
    several pages of one client the last is kept, and one of another page beside it.
    """

    def __init__(self) -> None:
        self._connections: dict[tuple[str, str], int] = {}
        self._leases: dict[tuple[str, str], tuple[int, str]] = {}
        self._beside: dict[tuple[str, str], tuple[int, str]] = {}
        self._listeners: list[Callable[[PresenceEvent], None]] = []

    def listen(self, listener: Callable[[PresenceEvent], None]) -> None:
        """Call `listener` at each change, in order; what it raises is logged, no more."""
        self._listeners.append(listener)

    def present(self, channel: str) -> list[str]:
        """The client IDs that are present on a channel, sorted."""
        keys = self._connections.keys() | self._leases.keys()
        return sorted(client for where, client in keys if where == channel)

    def here(self, channel: str, client_id: str) -> bool:
        """Whether this client is present on this channel."""
        key = (channel, client_id)
        return key in self._connections or key in self._leases

    def elsewhere(self, channel: str) -> int:
        """How many (channel, client ID) pairs are present on any other channel."""
        keys = self._connections.keys() | self._leases.keys()
        return sum(where != channel for where, _ in keys)

    def total(self) -> int:
        """How many (channel, client ID) pairs are present."""
        return len(self._connections.keys() | self._leases.keys())

    def pairs(self) -> Set[tuple[str, str]]:
        """All (channel, client ID) pairs that are present."""
        return self._connections.keys() | self._leases.keys()

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

    def leave(self, channel: str, client_id: str, until_ns: int = 0) -> None:
        """A connection has gone; without a `join` before it, nothing happens.

        Its client stays present until then, if that is still to come.
        """
        key = (channel, client_id)
        left = self._connections.get(key, 0) - 1
        if left >= 0 and until_ns > self._leases.get(key, (0, ""))[0]:
            self._leases[key] = until_ns, ""
        if left > 0:
            self._connections[key] = left
        elif left == 0:
            del self._connections[key]
            if key not in self._leases:
                self._tell(key, connected=False)

    def lease(self, channel: str, client_id: str, until_ns: int, page: str = "") -> None:
        """A page of a client that polls is present until then; its latest word counts."""
        key = (channel, client_id)
        last = self._leases.get(key)
        self._leases[key] = until_ns, page
        if last is None:
            if key not in self._connections:
                self._tell(key, connected=True)
        elif last[1] != page:
            self._beside[key] = last

    def release(self, channel: str, client_id: str, page: str = "") -> None:
        """A page of a client that polls said goodbye; another one may still be there."""
        key = (channel, client_id)
        ended = self._leases.pop(key, None)
        if ended is None:
            return
        others = [each for each in (ended, self._beside.pop(key, ended)) if each[1] != page]
        if others:
            self._leases[key] = max(others)
        elif key not in self._connections:
            self._tell(key, connected=False)

    def sweep(self, now_ns: int) -> None:
        """End the leases that have run out."""
        ended = [(*key, page) for key, (end, page) in self._leases.items() if end <= now_ns]
        for channel, client_id, page in ended:
            self.release(channel, client_id, page)

    def end_leases(self) -> None:
        """End all of them: nobody is left to be asked."""
        self._beside.clear()
        for (channel, client_id), (_, page) in tuple(self._leases.items()):
            self.release(channel, client_id, page)

    def _tell(self, key: tuple[str, str], *, connected: bool) -> None:
        event = PresenceEvent(client_id=key[1], channel=key[0], connected=connected)
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                _log.exception("a listener for presence failed")
