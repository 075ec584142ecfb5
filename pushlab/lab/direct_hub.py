"""A hub in this process, asked by calls: no sockets, no bytes."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence

from pushlab.contract.cursor import Cursor
from pushlab.contract.serving import HubSettings
from pushlab.contract.tokens import TokenKeys
from pushlab.contract.transport import Transport
from pushlab.hub.core import Hub
from pushlab.systems.hub_api import HubApi
from pushlab.systems.system import Admission, ServerCounts

__all__ = ["DirectHub"]


class DirectHub(HubApi):
    """What `HubApi` offers, of a hub that is called; make it with `running`."""

    def __init__(self, hub: Hub, url: str) -> None:
        super().__init__(url, "")
        self.hub = hub

    @classmethod
    @contextlib.asynccontextmanager
    async def running(
        cls, transport: Transport, url: str, *, keys: TokenKeys, settings: HubSettings
    ) -> "AsyncIterator[DirectHub]":
        """A hub that runs meanwhile, with what the transport does in the background."""
        hub = Hub(keys=keys, settings=settings)
        hub.listening_at(url)
        async with hub.running(), transport.background(hub) or contextlib.nullcontext():
            yield cls(hub, url)

    async def admit(
        self,
        transport: str,
        subscribers: Sequence[tuple[str, int, str]],
        *,
        duration_minutes: int | None = None,
    ) -> list[Admission]:
        """A token for each (client ID, number of the channel, its name), in order."""
        return [
            Admission((await self.hub.create_channel(client, name))[0], number, {"url": self.url})
            for client, number, name in subscribers
        ]

    async def revoke(self, token: str) -> None:
        """Let a token count no more. Raises Refused."""
        self.hub.grants.revoke(token)

    async def publish(self, channel: str, text: str) -> Cursor:
        """Publish a message. Raises Refused."""
        return self.hub.publish(channel, text).cursor

    async def publish_batch(self, batch: Sequence[tuple[str, str]]) -> list[int]:
        """Publish to each channel its text; the `seq` of each."""
        return [self.hub.publish(channel, text).seq for channel, text in batch]

    async def present(self, channel: str) -> list[str]:
        """The client IDs that are present on a channel."""
        return self.hub.presence.present(channel)

    async def counts(self, transport: str, at_ns: int = 0) -> ServerCounts:
        """What the hub has counted by kind for `transport` at that moment; 0: now."""
        await asyncio.sleep(max(0, at_ns - time.monotonic_ns()) / 1e9)
        hits = {str(kind): n for kind, n in self.hub.hits.get(transport, {}).items()}
        return ServerCounts(time.monotonic_ns(), hits)
