"""One hub alone: its channels' logs are in its own memory, and in a file if they are to be kept."""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

from pushlab.contract.limits import MAX_CHANNELS
from pushlab.contract.reasons import TOO_MANY_CHANNELS
from pushlab.contract.serving import Entry
from pushlab.errors import UsageError
from pushlab.hub.backplane.backplane import Backplane, Items, LocalHub, Receipt
from pushlab.hub.backplane.once import PublishOnce
from pushlab.hub.channel import Channel
from pushlab.hub.keep.lives import Lives

if TYPE_CHECKING:
    from pushlab.hub.keep.keep import Keep

__all__ = ["MemoryBackplane"]


class MemoryBackplane(Backplane):
    """No other hub has these channels.

    Attributes:
        lives: what is known of channels that are not held.
        keep: commits what is published to a file before anybody is told; None: nothing is kept.
    """

    name = "memory"
    shared = False

    def __init__(self, hub: LocalHub, url: str = "", *, lives: Lives | None = None) -> None:
        if url not in ("", self.name):
            raise UsageError(f"the backplane 'memory' has no address, and this is one: {url}")
        super().__init__(hub)
        self.at_once = True
        self.lives = Lives() if lives is None else lives
        self.keep: Keep | None = None
        self._once = PublishOnce(hub.now_ns)

    def keep_in(self, keep: "Keep") -> None:
        """Commit from now on."""
        self.keep, self.at_once = keep, False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write, if the channels are kept, while the body runs."""
        if self.keep is None:
            yield
            return
        async with self.keep.running():
            yield

    def open(self, name: str) -> Channel:
        """Make it. Raises Refused (429) past the limit."""
        hub = self.hub
        if len(hub.channel_names()) >= MAX_CHANNELS:
            raise TOO_MANY_CHANNELS()
        epoch, head = self.lives.begin(name)
        channel = Channel(name, hub.settings, hub.now_ns(), epoch=epoch, head=head)
        hub.adopt(channel)
        return channel

    def reserve(self, name: str) -> None:
        """Make it, if it is not there. Raises Refused (429) past the limit."""
        self.hub.channel(name)

    async def publish(self, items: Items, key: str | None = None) -> list[Receipt]:
        """Publish these; see `Backplane.publish`. Raises too what `Keep.publish` does."""
        if key is None:
            return await self._take(items)
        return await self._once.publish(items, key, self._take)

    async def _take(self, items: Items) -> list[Receipt]:
        if self.keep is not None:
            entries = await self.keep.publish(items)
        else:
            entries = [self.hub.deliver(channel, text) for channel, text in items]
        return [Receipt(each.epoch, each.seq, each.accepted_ns) for each in entries]

    def publish_now(self, channel: str, text: str) -> Entry:
        """Publish a message in this turn. Raises Refused as `Keep.publish`."""
        if self.keep is None:
            return self.hub.deliver(channel, text)
        return self.keep.publish_now(channel, text)

    def retire(self, channels: Sequence[Channel], idle: Callable[[Channel], bool]) -> None:
        """Let go of channels that nobody reads and that hold nothing any more; see `Lives`."""
        dropped = list[str]()
        for channel in channels:
            if idle(channel):
                self.hub.drop(channel.name)
                dropped += self.lives.forget(channel.name, channel.epoch, channel.head)
        if self.keep is not None:
            self.keep.trim(channels, dropped, self.lives.generation)
