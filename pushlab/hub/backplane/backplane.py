"""The door to a backplane: what holds the channels' logs, and brings what is published to all hubs.

A hub reads from logs in its own memory (`pushlab.hub.channel`), whichever backplane it has. With
`memory` those are the logs. With a *shared* backplane they are copies, which follow the logs that
all hubs share for as long as somebody reads them here; so a delivery costs the same, and what is
asked before the copy is there waits for it (`NotYet`).
"""

import abc
import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, NamedTuple, Protocol

from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.serving import Entry, HubSettings
from pushlab.contract.tokens import Grant
from pushlab.hub.channel import Channel
from pushlab.hub.keys.grants import Grants
from pushlab.hub.keys.introducing import Introducing
from pushlab.hub.presence.posts import PresencePoster
from pushlab.hub.presence.presence import Presence

__all__ = ["Backplane", "HubsFigures", "Items", "LocalHub", "Receipt"]

_LAST_POSTS_S = 1.0

#: What one request publishes: channel and text of each message, checked.
Items = Sequence[tuple[str, str]]


class Receipt(NamedTuple):
    """Where a message that was published stands.

    Attributes:
        accepted_ns: in nanoseconds of this hub's monotonic clock.
    """

    epoch: str
    seq: int
    accepted_ns: int


class HubsFigures(NamedTuple):
    """The figures of every hub, by its name; who did not answer in time; and who is present.

    Attributes:
        present: (channel, client ID) pairs, each of which may be at several hubs.
    """

    hubs: Mapping[str, Mapping[str, Any]]
    silent: Sequence[str]
    present: int


class LocalHub(Protocol):
    """One hub, as its backplane sees it.

    Attributes:
        closing: whether its feeds are ended, as it stops.
        figures: gives what `/v1/stats` tells of it.
    """

    settings: HubSettings
    presence: Presence
    grants: Grants
    poster: PresencePoster | None
    published: int
    broker: BrokerAccess | None
    introducing: Introducing
    closing: bool
    figures: Callable[[], Mapping[str, Any]]
    wall: Callable[[], float]
    now_ns: Callable[[], int]

    def held(self, name: str) -> Channel | None:
        """The channel of that name, if it is held."""

    def channel(self, name: str) -> Channel:
        """The channel of that name; opened if there is room. Raises NotYet, Refused (429)."""

    def adopt(self, channel: Channel) -> None:
        """Hold a channel that was made elsewhere."""

    def drop(self, name: str) -> None:
        """Hold a channel no longer; whoever reads it is ended, and resumes."""

    def channel_names(self) -> list[str]:
        """The channels that are held."""

    def deliver(self, channel: str, text: str) -> Entry:
        """Append a message to a channel of this hub's own, and hand it to everyone who reads."""


class Backplane(abc.ABC):
    """Holds the logs of one service's channels.

    A plug-in subclasses this and registers the class under the entry-point group
    ``pushlab.backplanes``, by the scheme of its URLs; `pushlab.testing` has the contract.

    Args:
        hub: whose backplane it is.
        url: where it is; it may hold a password.

    Attributes:
        name: the scheme of its URLs; ``memory`` has none.
        shared: whether other hubs have the same channels.
        at_once: whether a publish takes one turn of the event loop, and `Hub.deliver` does it.

    Raises:
        UsageError: the URL is none of its own.
        MissingExtra: what it needs is not installed.
    """

    name: ClassVar[str]
    shared: ClassVar[bool] = True
    at_once = False

    def __init__(self, hub: LocalHub, url: str = "") -> None:
        self.hub = hub

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do what there is to do while the body runs.

        Raises:
            BackplaneUnavailable: it cannot be reached at the start.
        """
        yield

    # ---- channels ---------------------------------------------------------------------------

    @abc.abstractmethod
    def open(self, name: str) -> Channel:
        """A channel that the hub does not hold yet; the hub holds it from now on.

        Raises:
            NotYet: it has to be fetched.
        """

    def reserve(self, name: str) -> None:
        """Somebody will come to this channel: let there be room. Raises Refused (429)."""
        return

    @abc.abstractmethod
    async def publish(self, items: Items, key: str | None = None) -> list[Receipt]:
        """Publish these, all to all hubs or none to any.

        Args:
            key: of two publishes with the same key one counts; the second gets the first's answer.

        Raises:
            Refused: 422 `idempotency-key-reused`, for other messages. 503 `backplane-away`: nothing
                was published; `publish-unknown`: it may have been. And what the backplane has more.
        """

    def publish_now(self, channel: str, text: str) -> Entry:
        """The same for a caller that cannot wait. Raises Refused.

        A shared backplane has no such thing.
        """
        raise NotImplementedError(f"{self.name} cannot publish without waiting")

    def retire(self, channels: Sequence[Channel], idle: Callable[[Channel], bool]) -> None:
        """Let go of what nobody needs: every half a minute.

        Args:
            channels: that the hub holds.
            idle: whether nobody reads a channel, is present on it, or has for as long as it keeps
                messages, and it holds none.
        """
        return

    # ---- all hubs ---------------------------------------------------------------------------

    async def present(self, channel: str) -> list[str]:
        """The client IDs that are present on a channel at any hub, sorted."""
        return self.hub.presence.present(channel)

    def telling(self) -> AbstractAsyncContextManager[None]:
        """Tell of presence while the body runs.

        The application is told of the clients that leave at its end, within a second or not at all.
        """
        return self._telling()

    @contextlib.asynccontextmanager
    async def _telling(self) -> AsyncIterator[None]:
        poster = self.hub.poster
        if poster is None:
            yield
            return
        posting = asyncio.create_task(poster.run())
        try:
            yield
        finally:
            await poster.drain(_LAST_POSTS_S)
            posting.cancel()
            await asyncio.gather(posting, return_exceptions=True)

    def released(self, channel: str, client_id: str, page: str) -> None:
        """A page of a client that polls said goodbye here."""
        return

    async def revoke(self, act: Callable[[], int]) -> int:
        """Let `act` revoke here, and all hubs do the same; how much that has ended at all of them.

        Raises:
            Refused: 503: it is revoked here alone until the backplane is back. What `act` raises.
        """
        return act()

    async def introduce(self, token: str, grant: Grant, *, wanted: bool) -> None:
        """Let whichever hub speaks to the broker tell it of a token; this one does not.

        Args:
            wanted: whether somebody waits for that.

        Raises:
            Refused: 503, it cannot be told.
        """
        return

    async def figures(self) -> HubsFigures | None:
        """The figures of every hub; None where there can be no other.

        Raises:
            Refused: 503: no hub can be asked.
        """
        return None

    def one_at_a_time(
        self, what: str, run: Callable[[], AbstractAsyncContextManager[None]]
    ) -> AbstractAsyncContextManager[None]:
        """Run something at one hub of all at a time, as long as that lives; then at another.

        Where another hub takes over while this one lives, its body ends with `Deposed`.
        """
        return run()
