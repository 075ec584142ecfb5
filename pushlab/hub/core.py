"""The hub: channels, tokens, presence and counts, with no wire of its own.

Transports' server halves read from it (`pushlab.contract.serving.Hub`), the HTTP API writes to it.
It lives on one event loop, so a publish and everything that it causes happen in one turn.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.cursor import Cursor
from pushlab.contract.hits import Hit
from pushlab.contract.limits import (
    BACK_WITHIN_S,
    DEFAULT_TOKEN_MINUTES,
    check_channel,
    check_message,
)
from pushlab.contract.reasons import SERVER_RESTART
from pushlab.contract.serving import Entry, HubSettings, Page
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.errors import Refused
from pushlab.hub.backplane.backplane import Backplane
from pushlab.hub.backplane.memory import MemoryBackplane
from pushlab.hub.channel import Channel, ChannelFeed
from pushlab.hub.edge.refusals import Refusal, Refusals
from pushlab.hub.keys.grants import Grants
from pushlab.hub.keys.introducing import Introducing
from pushlab.hub.keys.revoked import Revoked
from pushlab.hub.presence.posts import PresencePoster
from pushlab.hub.presence.presence import Presence

__all__ = ["Hub"]

_SWEEP_S = 0.25
_RETIRE_EVERY_NS = 30_000_000_000
_log = logging.getLogger("pushlab")

#: Makes the backplane of a hub.
BackplaneMaker: TypeAlias = Callable[["Hub"], Backplane]


class Hub:
    """Holds every channel of one server.

    Args:
        keys: sign and check tokens.
        settings: the dials.
        broker: the MQTT broker to bridge to, if any.
        poster: tells an application about presence, if any; it hears from `self.presence`.
        revoked: the grants that are revoked already.
        backplane: makes what holds the channels' logs; None: the hub has them for itself.
        wall, clock_ns: the wall clock (Unix seconds) and the monotonic one.

    Attributes:
        backplane: holds the channels' logs.
        grants: which tokens count, and what stands on them.
        introducing: lets a broker know of tokens.
        hits: transport name to kind to count.
        presence: who is there.
        refusals: what was refused or cut, by kind.
        closing: whether its feeds are ended, as it stops.
        figures: gives what `/v1/stats` tells of it; whoever serves that sets it.
        connections, most_connections: tells how many are open, and how many may be; whoever accepts
            them sets both.
    """

    def __init__(
        self,
        *,
        keys: TokenKeys,
        settings: HubSettings | None = None,
        broker: BrokerAccess | None = None,
        poster: PresencePoster | None = None,
        revoked: Revoked | None = None,
        backplane: BackplaneMaker | None = None,
        wall: Callable[[], float] = time.time,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.keys = keys
        self.wall = wall
        self.now_ns = clock_ns
        self.grants = Grants(keys, wall=wall, revoked=revoked)
        # Each poll and each stream calls these: they are the hub's own, without a step between.
        self.verify = self.grants.verify
        self.counts = self.grants.counts
        self.hold = self.grants.hold
        self.let_go = self.grants.let_go
        self.settings = settings or HubSettings()
        self.broker = broker
        self.presence = Presence()
        self.poster = poster
        self.refusals = Refusals()
        self.figures: Callable[[], Mapping[str, Any]] = dict
        self.connections: Callable[[], int] = lambda: 0
        self.most_connections = 0
        self.hits: dict[str, dict[Hit, int]] = {}
        self.published = 0
        self.started_ns = clock_ns()
        self._channels: dict[str, Channel] = {}
        self.introducing = Introducing(self._introduce_elsewhere)
        self.on_grant = self.introducing.on_grant
        self._url = ""
        self.closing = False
        self.backplane: Backplane = (backplane or MemoryBackplane)(self)
        if poster is not None and not self.backplane.shared:
            poster.watch(self.presence)

    # ---- life -------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def running(self) -> "AsyncIterator[Hub]":
        """Sweep leases and post presence while the body runs; end every feed after it.

        The application is told of the clients that leave thereby, within a second or not at all.
        """
        async with self.backplane.telling():
            sweeping = asyncio.create_task(self._sweep())
            try:
                yield self
            finally:
                self.close()
                self.presence.end_leases()
                sweeping.cancel()
                await asyncio.gather(sweeping, return_exceptions=True)
        self.refusals.close()

    def close(self) -> None:
        """End every feed; its client will come back and resume."""
        self.closing = True
        for channel in self._channels.values():
            for feed in tuple(channel.feeds):
                feed.finish(*SERVER_RESTART.ending)

    async def _sweep(self) -> None:
        retire_at_ns = self.now_ns() + _RETIRE_EVERY_NS
        while True:
            await asyncio.sleep(_SWEEP_S)
            try:
                self.sweep()
                if self.now_ns() >= retire_at_ns:
                    retire_at_ns = self.now_ns() + _RETIRE_EVERY_NS
                    self.retire()
            except Exception:  # a fault in one sweep shall not let tokens live for ever
                _log.exception("a sweep failed")

    def sweep(self) -> None:
        """End what has expired: leases, and all that stands on a token whose time is over."""
        self.presence.sweep(self.now_ns())
        self.grants.sweep()

    def retire(self) -> None:
        """Let go of what nobody needs any more."""
        now_ns = self.now_ns()
        quiet_ns = now_ns - int(self.settings.retain_s * 1e9)
        present = self.presence.channels()
        channels = list(self._channels.values())
        for channel in channels:
            channel.trim(now_ns)

        def idle(channel: Channel) -> bool:
            quiet = not channel.feeds and channel.touched_ns < quiet_ns
            return quiet and channel.first > channel.head and channel.name not in present

        self.backplane.retire(channels, idle)
        self.grants.revoked.prune(self.wall())

    def listening_at(self, url: str) -> None:
        """Note where this machine reaches the hub, once it listens."""
        self._url = url

    def url(self) -> str:
        """Where this machine reaches the hub, as ``http://host:port``; clients: `hub.reach`."""
        return self._url

    def broker_url(self) -> str:
        """Where this machine reaches the broker; empty without one."""
        return "" if self.broker is None else self.broker.url

    # ---- tokens -----------------------------------------------------------------------------

    async def create_channel(
        self,
        client_id: str,
        channel: str | None = None,
        duration_minutes: int | None = None,
        *,
        wanted: bool | None = False,
    ) -> tuple[str, Grant]:
        """Make a token with which `client_id` may read `channel` (its own, unless named).

        Args:
            wanted: whether a broker is to know it at once (True), soon (False), or only if
                somebody asks `welcome` for that (None).

        Raises:
            InvalidClientId, InvalidChannel, InvalidDuration: outside the contract's limits.
            Refused: 429 when the hub holds too many channels.
        """
        token, grant = self.make_token(client_id, channel, duration_minutes)
        if wanted is not None:
            await self.introducing.introduce(token, grant, wanted=wanted)
        return token, grant

    def make_token(
        self, client_id: str, channel: str | None = None, duration_minutes: int | None = None
    ) -> tuple[str, Grant]:
        """The same without waiting: the hooks are told when the token is first shown to `welcome`.

        Its holder does that before it goes to a broker, for it has to ask where that is.
        """
        token, grant = self.keys.issue(
            client_id=client_id,
            channel=client_id if channel is None else channel,
            duration_minutes=DEFAULT_TOKEN_MINUTES
            if duration_minutes is None
            else duration_minutes,
            now=self.wall(),
        )
        grant = replace(grant, expires_at=round(grant.expires_at, 3))  # as the token has it
        self.backplane.reserve(grant.channel)
        return token, grant

    async def welcome(self, token: str) -> Grant:
        """Read a token that was perhaps made elsewhere with these keys: a broker knows it then.

        Raises Refused as `verify` does.
        """
        grant = self.verify(token)
        if token not in self.introducing:
            await self.introducing.introduce(token, grant, wanted=True)
        return grant

    async def _introduce_elsewhere(self, token: str, grant: Grant, wanted: bool) -> None:
        await self.backplane.introduce(token, grant, wanted=wanted)

    # ---- channels ---------------------------------------------------------------------------

    def channel(self, name: str) -> Channel:
        """The channel of that name, opened on first use. Raises Refused (429) and NotYet."""
        channel = self._channels.get(name)
        return self.backplane.open(name) if channel is None else channel

    def held(self, name: str) -> Channel | None:
        """The channel of that name, if it is held."""
        return self._channels.get(name)

    def adopt(self, channel: Channel) -> None:
        """Hold a channel that was made elsewhere."""
        self._channels[channel.name] = channel

    def drop(self, name: str) -> None:
        """Hold a channel no longer; whoever reads it is ended, and resumes."""
        channel = self._channels.pop(name)
        for feed in tuple(channel.feeds):
            feed.finish(*SERVER_RESTART.ending)

    def channel_names(self) -> list[str]:
        """The channels that are held."""
        return list(self._channels)

    @property
    def channel_count(self) -> int:
        """How many channels the hub holds."""
        return len(self._channels)

    @property
    def feed_count(self) -> int:
        """How many feeds are open."""
        return sum(len(channel.feeds) for channel in self._channels.values())

    def check(self, channel: object, data: object) -> None:
        """Raise what `publish` would raise; afterwards there is room for the channel."""
        name = check_channel(channel)
        check_message(data)
        self.backplane.reserve(name)

    def publish(self, channel: str, data: object) -> Entry:
        """Append a message to a channel and hand it to everyone who reads.

        Raises:
            InvalidChannel, InvalidMessage: outside the contract's limits.
            Refused: 429 when the hub holds too many channels; 503 and 507 when it cannot be kept.
        """
        text = check_message(data)
        if self.backplane.at_once:
            return self.deliver(channel, text)
        return self.backplane.publish_now(check_channel(channel), text)

    def deliver(self, channel: str, text: str) -> Entry:
        """The same for a text that is a message, and is kept if it shall be."""
        found = self._channels.get(channel) or self.channel(check_channel(channel))
        self.published += 1
        return found.publish(text, len(text.encode()), self.now_ns())

    def subscribe(
        self,
        grant: Grant,
        after: Cursor | None,
        *,
        transport: str,
        write: Callable[[Sequence[Entry]], bool],
        end: Callable[[str, int], None],
    ) -> ChannelFeed:
        """Open a feed; see `pushlab.contract.serving.Hub.subscribe`."""
        if self.closing:
            raise SERVER_RESTART()

        def on_close(feed: ChannelFeed) -> None:
            self.let_go(grant, feed)
            self.leave(grant)

        channel = self.channel(grant.channel)
        channel.trim(self.now_ns())
        feed = ChannelFeed(
            channel, after, write=write, end=end, on_close=on_close, on_slow=self._on_slow
        )
        self.hold(grant, feed)
        self.presence.join(grant.channel, grant.client_id)
        return feed

    def _on_slow(self) -> None:
        self.refusals.note(Refusal.SLOW_READER)

    def tail(
        self,
        channel: str,
        after: Cursor | None,
        write: Callable[[Sequence[Entry]], bool],
        end: Callable[[str, int], None] = lambda reason, status: None,
    ) -> ChannelFeed:
        """A feed for the hub's own use: no token, no presence, no lag limit."""
        return ChannelFeed(
            self.channel(channel),
            after,
            write=write,
            end=end,
            on_close=lambda feed: None,
            limited=False,
        )

    def read(self, grant: Grant, after: Cursor | None, *, most: int | None = None) -> Page:
        """What a poll gets, at most so many messages. Raises Refused (400 `invalid-cursor`)."""
        return self.channel(grant.channel).page(after, self.now_ns(), most=most)

    # ---- presence and counts ----------------------------------------------------------------

    def lease(self, grant: Grant, lease_s: float | None = None) -> None:
        """A polling client is present for a while, but not much past its token's end."""
        left_s = max(0.0, grant.expires_at - self.wall())
        span_s = min(lease_s or self.settings.lease_s, left_s + BACK_WITHIN_S)
        until_ns = self.now_ns() + int(span_s * 1e9)
        self.presence.lease(grant.channel, grant.client_id, until_ns, grant.grant_id)

    def release(self, grant: Grant) -> None:
        """A polling client said goodbye. One whose token has expired did not, and may be back."""
        if grant.expires_at > self.wall():
            self.presence.release(grant.channel, grant.client_id, grant.grant_id)
            self.backplane.released(grant.channel, grant.client_id, grant.grant_id)

    def join(self, grant: Grant) -> None:
        """A connection of this client stands."""
        self.presence.join(grant.channel, grant.client_id)

    def leave(self, grant: Grant) -> None:
        """A connection of this client has gone."""
        until_ns = 0
        if grant.expires_at <= self.wall():
            until_ns = self.now_ns() + int(BACK_WITHIN_S * 1e9)
        self.presence.leave(grant.channel, grant.client_id, until_ns)

    def count(self, transport: str, kind: Hit, n: int = 1) -> None:
        """Count hits."""
        kinds = self.hits.get(transport)
        if kinds is None:
            kinds = self.hits[transport] = {}
        kinds[kind] = kinds.get(kind, 0) + n

    def refuse(self, transport: str, refusal: Refused) -> None:
        """Count something that was refused, and why."""
        self.count(transport, Hit.REFUSED)
        names_host = refusal.reason == Refusal.UNKNOWN_HOST  # which is the answer to who wonders
        self.refusals.note(refusal.reason, detail=refusal.detail if names_host else "")
