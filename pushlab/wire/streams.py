"""What streams share: a feed of the hub, written to one exchange; a client that hears silence."""

import abc
from collections.abc import Mapping, Sequence
from typing import Any, Self

from pushlab.contract.hits import Hit
from pushlab.contract.serving import Entry, Feed, Hub, Scope
from pushlab.wire.asgi import admit, linger_s
from pushlab.wire.redirects import HttpSubscriber

__all__ = ["FeedStream", "StreamSubscriber"]

_NS = 1_000_000_000


class FeedStream(abc.ABC):
    """A `StreamingResponse` that tells one client what happens on one channel.

    Attributes:
        full: whether its connection has no room now.
        wrote: whether a message was written since somebody set this to False.
    """

    __slots__ = ("_exchange", "_feed", "_hub", "full", "wrote")

    _exchange: Any
    _feed: Feed

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.full = self.wrote = False

    def open(
        self,
        transport: str,
        scope: Scope,
        query: Mapping[str, str],
        *,
        cursor_names: tuple[str, ...] = ("after",),
    ) -> Self:
        """Open the feed that was asked for, and count that. Raises Refused."""
        grant, after = admit(self._hub, scope, query, cursor_names=cursor_names)
        self._feed = self._hub.subscribe(
            grant, after, transport=transport, write=self._write, end=self._end
        )
        self._hub.count(transport, Hit.CONNECT if after is None else Hit.RECONNECT)
        return self

    def begin(self, exchange: Any) -> None:
        """Say where the client stands; then what it missed, then what comes."""
        self._exchange = exchange
        if self._hello(self._feed):
            self._feed.start()
        else:
            self.full = True

    def resume(self) -> None:
        """The connection has room again."""
        self.full = False
        self._feed.start()
        self._feed.resume()

    def close(self) -> None:
        """The response is complete, or the client has gone."""
        self._feed.close()

    def _write(self, entries: Sequence[Entry]) -> bool:
        self.wrote = True
        if len(entries) == 1:
            room: bool = self._exchange.write(entries[0].form(self.encode))
        else:
            room = self._exchange.write(*[entry.form(self.encode) for entry in entries])
        self.full = not room
        return room

    def _end(self, reason: str, status: int) -> None:
        self.full = True  # nothing comes behind it
        self._farewell(reason, status, linger_s(self._hub, reason))

    @staticmethod
    @abc.abstractmethod
    def encode(entry: Entry) -> bytes:
        """One message as the bytes that are written."""

    @abc.abstractmethod
    def _hello(self, feed: Feed) -> bool:
        """Write the first bytes; whether there is room for more."""

    @abc.abstractmethod
    def _farewell(self, reason: str, status: int, linger_s: float) -> None:
        """Tell the client why the hub ends this, and end the exchange."""


class StreamSubscriber(HttpSubscriber):
    """Reads what comes without being asked for, and gives up a server that falls silent.

    A subclass sets `_heard_ns` whenever bytes come.
    """

    __slots__ = ("_heard_ns", "_silence_ns")

    def _listen(self, now_ns: int, silence_s: float) -> None:
        """Give this connection up when nothing is heard from now on for so long; 0: never."""
        self._heard_ns = now_ns
        self._silence_ns = int(silence_s * _NS)
        self._timer_ns = now_ns + self._silence_ns if silence_s else None

    def _on_timer(self, now_ns: int) -> None:
        due_ns = self._heard_ns + self._silence_ns
        if now_ns >= due_ns:
            self._lose("the server fell silent", now_ns)
        else:
            self._timer_ns = due_ns
