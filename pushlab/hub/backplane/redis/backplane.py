"""Hubs on many processes and hosts: what they share is in one Redis, or Valkey."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

from pushlab.contract.limits import MAX_CHANNELS
from pushlab.contract.reasons import TOO_MANY_CHANNELS
from pushlab.hub.backplane.backplane import Items, LocalHub, Receipt
from pushlab.hub.backplane.redis.following import Following
from pushlab.hub.backplane.redis.log import RedisLog
from pushlab.hub.backplane.redis.sharing import SharingBackplane
from pushlab.hub.channel import Channel

__all__ = ["RedisBackplane"]

#: How long a copy stays that nobody reads.
_UNREAD_NS = 60_000_000_000
#: How often a copy is looked after that is read for long: Redis forgets a quiet channel otherwise.
_FETCHED_NS = 3_600_000_000_000
_AT_A_TIME = 500


class RedisBackplane(SharingBackplane):
    """The channels' logs are in Redis; a hub follows those that are read there.

    Attributes:
        log: of the channels.
    """

    name = "redis"

    def __init__(self, hub: LocalHub, url: str = "") -> None:
        super().__init__(hub, url)
        self.log = RedisLog(self.link, hub.settings, hub.now_ns)
        self._followed: dict[str, Following] = {}
        self.link.on_up(self._catch_up)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Be one of the hubs while the body runs. Raises BackplaneUnavailable."""
        async with super().running():
            try:
                yield
            finally:
                for following in list(self._followed.values()):
                    following.end()

    # ---- channels ---------------------------------------------------------------------------

    def open(self, name: str) -> Channel:
        """A channel that is not followed yet is now. Raises NotYet, and Refused (429)."""
        following = self._followed.get(name)
        if following is not None:
            raise following.not_yet(first=False)
        if len(self._followed) >= MAX_CHANNELS:
            raise TOO_MANY_CHANNELS()
        self._followed[name] = following = Following(
            name, hub=self.hub, link=self.link, log=self.log, ended=self._ended
        )
        raise following.not_yet(first=True)

    def _ended(self, following: Following) -> None:
        del self._followed[following.name]
        if following.copy is not None:
            self.hub.drop(following.name)

    async def _catch_up(self) -> None:
        """The link was down: whatever has been said meanwhile was not heard."""
        followed = list(self._followed.values())
        for start in range(0, len(followed), _AT_A_TIME):
            for following in followed[start : start + _AT_A_TIME]:
                following.catch_up()
            await asyncio.sleep(0)

    async def publish(self, items: Items, key: str | None = None) -> list[Receipt]:
        """Publish these; see `Backplane.publish`."""
        receipts = await self.log.publish(items, key)
        self.hub.published += len(items)
        return receipts

    def retire(self, channels: Sequence[Channel], idle: Callable[[Channel], bool]) -> None:
        """Follow no longer what nobody has read for a while; the log stays in Redis."""
        now_ns = self.hub.now_ns()
        for following in list(self._followed.values()):
            copy = following.copy
            if copy is None:
                continue
            if copy.feeds:
                copy.read_ns = now_ns
                if following.fetched_ns < now_ns - _FETCHED_NS:
                    following.catch_up()
            elif copy.read_ns < now_ns - _UNREAD_NS:
                following.end()
