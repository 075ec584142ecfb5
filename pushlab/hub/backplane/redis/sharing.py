"""A backplane on Redis, but for the channels' logs: `Service` as `Backplane` asks for it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

from pushlab.contract.tokens import Grant
from pushlab.hub.backplane.backplane import Backplane, HubsFigures, LocalHub
from pushlab.hub.backplane.redis.link import RedisLink
from pushlab.hub.backplane.redis.service import Service

__all__ = ["SharingBackplane"]


class SharingBackplane(Backplane):
    """What is the same for whatever keeps the logs there.

    Attributes:
        link: to Redis.
        service: this hub among the others.
    """

    def __init__(self, hub: LocalHub, url: str = "") -> None:
        super().__init__(hub, url)
        self.link = RedisLink(url, now_ns=hub.now_ns)
        self.service = Service(hub, self.link)
        self._saying: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Be one of the hubs while the body runs. Raises BackplaneUnavailable."""
        async with self.link.running(), self.service.running():
            yield

    def telling(self) -> AbstractAsyncContextManager[None]:
        """See `Service.telling`."""
        return self.service.telling()

    def released(self, channel: str, client_id: str, page: str) -> None:
        """Let the other hubs know."""
        if self.link.up:
            task = asyncio.ensure_future(self.service.released(channel, client_id, page))
            self._saying.add(task)
            task.add_done_callback(self._saying.discard)

    async def revoke(self, act: Callable[[], int]) -> int:
        """See `SharedRevocations.revoke`."""
        return await self.service.revocations.revoke(act)

    async def introduce(self, token: str, grant: Grant, *, wanted: bool) -> None:
        """See `Introductions`."""
        await self.service.introduce(token, grant, wanted=wanted)

    async def present(self, channel: str) -> list[str]:
        """See `SharedPresence.present`."""
        return await self.service.presence.present(channel)

    async def figures(self) -> HubsFigures | None:
        """See `Service.figures`."""
        return await self.service.figures()

    def one_at_a_time(
        self, what: str, run: Callable[[], AbstractAsyncContextManager[None]]
    ) -> AbstractAsyncContextManager[None]:
        """See `pushlab.hub.backplane.redis.elections`."""
        return self.service.one_at_a_time(what, run)
