"""The hub: channels, tokens, presence and counts, with no wire of its own.

Transports' server halves read from it (`pushlab.contract.serving.Hub`), the HTTP API writes to it.
It lives on one event loop, so a publish and everything that it causes happen in one turn.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace

from pushlab.contract.cursor import Cursor
from pushlab.contract.hits import Hit
from pushlab.contract.limits import DEFAULT_TOKEN_MINUTES, check_channel, check_message
from pushlab.contract.reasons import SERVER_RESTART
from pushlab.contract.serving import BrokerAccess, Entry, HubSettings, Page
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.errors import Refused
from pushlab.hub.channel import Channel, ChannelFeed
from pushlab.hub.presence import Presence
from pushlab.hub.presence_posts import PresencePoster
from pushlab.hub.refusals import Refusal, Refusals

__all__ = ["MAX_CHANNELS", "Hub"]

MAX_CHANNELS = 200_000
_MAX_KNOWN_TOKENS = 100_000
_SWEEP_S = 0.25
_RETIRE_EVERY_S = 30.0
_LAST_POSTS_S = 1.0


class Hub:
    """Holds every channel of one server.

    Args:
        keys: sign and check tokens.
        settings: the dials.
        broker: the MQTT broker to bridge to, if any.
        poster: tells an application about presence, if any; it hears from `self.presence`.

    Attributes:
        hits: transport name to kind to count.
        presence: who is there.
        refusals: what was refused or cut, by kind.
    """

    def __init__(
        self,
        *,
        keys: TokenKeys,
        settings: HubSettings | None = None,
        broker: BrokerAccess | None = None,
        poster: PresencePoster | None = None,
    ) -> None:
        self.keys = keys
        self.settings = settings or HubSettings()
        self.broker = broker
        self.presence = Presence()
        self.poster = poster
        if poster is not None:
            poster.watch(self.presence)
        self.refusals = Refusals()
        self.hits: dict[str, dict[Hit, int]] = {}
        self.published = 0
        self.started_ns = time.monotonic_ns()
        self._channels: dict[str, Channel] = {}
        self._known: dict[str, Grant] = {}
        self._introduced: set[str] = set()
        self._expiries: dict[ChannelFeed, asyncio.TimerHandle] = {}
        self._grant_hooks: list[Callable[[str, Grant], Awaitable[None]]] = []
        self._url = ""
        self._closed = False

    # ---- life -------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def running(self) -> "AsyncIterator[Hub]":
        """Sweep leases and post presence while the body runs; end every feed after it.

        The application is told of the clients that leave thereby, within a second or not at all.
        """
        tasks = [asyncio.create_task(self._sweep())]
        if self.poster is not None:
            tasks.append(asyncio.create_task(self.poster.run()))
        try:
            yield self
        finally:
            self.close()
            if self.poster is not None:
                await self.poster.drain(_LAST_POSTS_S)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.refusals.close()

    def close(self) -> None:
        """End every feed; its client will come back and resume."""
        self._closed = True
        for channel in self._channels.values():
            for feed in tuple(channel.feeds):
                feed.finish(*SERVER_RESTART)

    async def _sweep(self) -> None:
        retire_at = time.monotonic() + _RETIRE_EVERY_S
        while True:
            await asyncio.sleep(_SWEEP_S)
            self.presence.sweep(time.monotonic_ns())
            self.refusals.sweep()
            if time.monotonic() >= retire_at:
                self._retire()
                retire_at = time.monotonic() + _RETIRE_EVERY_S

    def _retire(self) -> None:
        """Forget channels that nobody reads and that hold nothing any more."""
        now_ns = time.monotonic_ns()
        quiet_ns = now_ns - int(self.settings.retain_s * 1e9)
        present = self.presence.channels()
        for name, channel in list(self._channels.items()):
            channel.trim(now_ns)
            idle = not channel.feeds and channel.touched_ns < quiet_ns
            if idle and name not in present:
                del self._channels[name]

    def listening_at(self, url: str) -> None:
        """Note where the hub listens, once it does."""
        self._url = url

    def url(self) -> str:
        """Where the hub listens, as ``http://host:port``."""
        return self._url

    # ---- tokens -----------------------------------------------------------------------------

    async def create_channel(
        self, client_id: str, channel: str | None = None, duration_minutes: int | None = None
    ) -> tuple[str, Grant]:
        """Make a token with which `client_id` may read `channel` (its own, unless named).

        Raises:
            InvalidClientId, InvalidChannel, InvalidDuration: outside the contract's limits.
            Refused: 429 when the hub holds too many channels.
        """
        token, grant = self.make_token(client_id, channel, duration_minutes)
        await self._introduce(token, grant)
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
            now=time.time(),
        )
        grant = replace(grant, expires_at=round(grant.expires_at, 3))  # as the token has it
        self.channel(grant.channel)
        return token, grant

    async def welcome(self, token: str) -> Grant:
        """Read a token that was perhaps made elsewhere with these keys, and tell the hooks of it.

        Raises Refused as `verify` does.
        """
        grant = self.verify(token)
        if token not in self._introduced:
            await self._introduce(token, grant)
        return grant

    async def _introduce(self, token: str, grant: Grant) -> None:
        if not self._grant_hooks:
            return
        for hook in self._grant_hooks:
            await hook(token, grant)
        if len(self._introduced) >= _MAX_KNOWN_TOKENS:
            self._introduced.clear()
        self._introduced.add(token)

    def on_grant(self, hook: Callable[[str, Grant], Awaitable[None]]) -> None:
        """Call `hook(token, grant)` for each new token, before anybody learns of it."""
        self._grant_hooks.append(hook)

    def verify(self, token: str) -> Grant:
        """Read a token. Raises Refused (401: token-invalid, token-revoked, token-expired)."""
        now = time.time()
        grant = self._known.get(token)
        if grant is None or grant.expires_at <= now:
            grant = self.keys.verify(token, now=now)
            if len(self._known) >= _MAX_KNOWN_TOKENS:
                self._known.clear()
            self._known[token] = grant
        return grant

    # ---- channels ---------------------------------------------------------------------------

    def channel(self, name: str) -> Channel:
        """The channel of that name, made on first use. Raises Refused (429) past the limit."""
        channel = self._channels.get(name)
        if channel is None:
            if len(self._channels) >= MAX_CHANNELS:
                raise Refused(
                    429, "too-many-channels", f"this hub holds {MAX_CHANNELS:,} channels already"
                )
            channel = self._channels[name] = Channel(name, self.settings, time.monotonic_ns())
        return channel

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
        self.channel(name)

    def publish(self, channel: str, data: object) -> Entry:
        """Append a message to a channel and hand it to everyone who reads.

        Raises:
            InvalidChannel, InvalidMessage: outside the contract's limits.
            Refused: 429 when the hub holds too many channels.
        """
        text = check_message(data)
        found = self._channels.get(channel) or self.channel(check_channel(channel))
        self.published += 1
        return found.publish(text, len(text.encode()), time.monotonic_ns())

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
        if self._closed:
            raise Refused(SERVER_RESTART[1], SERVER_RESTART[0], "the server is stopping")

        def on_close(feed: ChannelFeed) -> None:
            self._expiries.pop(feed).cancel()
            self.presence.leave(grant.channel, grant.client_id)

        channel = self.channel(grant.channel)
        channel.trim(time.monotonic_ns())
        feed = ChannelFeed(
            channel, after, write=write, end=end, on_close=on_close, on_slow=self._on_slow
        )
        self._expiries[feed] = asyncio.get_running_loop().call_later(
            max(0.0, grant.expires_at - time.time()), feed.finish, "token-expired", 401
        )
        self.presence.join(grant.channel, grant.client_id)
        return feed

    def _on_slow(self) -> None:
        self.refusals.note(Refusal.SLOW_READER)

    def tail(
        self, channel: str, after: Cursor | None, write: Callable[[Sequence[Entry]], bool]
    ) -> ChannelFeed:
        """A feed for the hub's own use: no token, no presence, no lag limit."""
        return ChannelFeed(
            self.channel(channel),
            after,
            write=write,
            end=lambda reason, status: None,
            on_close=lambda feed: None,
            limited=False,
        )

    def read(self, grant: Grant, after: Cursor | None, *, most: int | None = None) -> Page:
        """What a poll gets, at most so many messages. Raises Refused (400 `invalid-cursor`)."""
        return self.channel(grant.channel).page(after, time.monotonic_ns(), most=most)

    # ---- presence and counts ----------------------------------------------------------------

    def lease(self, grant: Grant, lease_s: float | None = None) -> None:
        """A polling client is present for a while (not past its token's end)."""
        span_s = min(lease_s or self.settings.lease_s, max(0.0, grant.expires_at - time.time()))
        until_ns = time.monotonic_ns() + int(span_s * 1e9)
        self.presence.lease(grant.channel, grant.client_id, until_ns)

    def release(self, grant: Grant) -> None:
        """A polling client said goodbye."""
        self.presence.release(grant.channel, grant.client_id)

    def join(self, grant: Grant) -> None:
        """A connection of this client stands."""
        self.presence.join(grant.channel, grant.client_id)

    def leave(self, grant: Grant) -> None:
        """A connection of this client has gone."""
        self.presence.leave(grant.channel, grant.client_id)

    def count(self, transport: str, kind: Hit, n: int = 1) -> None:
        """Count hits."""
        kinds = self.hits.get(transport)
        if kinds is None:
            kinds = self.hits[transport] = {}
        kinds[kind] = kinds.get(kind, 0) + n

    def refuse(self, transport: str, refusal: Refused) -> None:
        """Count something that was refused, and why."""
        self.count(transport, Hit.REFUSED)
        self.refusals.note(refusal.reason)
