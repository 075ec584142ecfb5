"""Hubs of one service within this process, and readers at them that resume as clients do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from pushlab.contract.cursor import Cursor
from pushlab.contract.serving import HubSettings, NotYet
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import Refused
from pushlab.hub.backplane.redis.backplane import RedisBackplane
from pushlab.hub.core import Hub
from tests.patience import PATIENCE_S, until

__all__ = ["KEYS", "Reader", "asked", "hubs_at", "read"]

KEYS = TokenKeys.fresh()


@contextlib.asynccontextmanager
async def hubs_at(*urls: str, **dials: float) -> AsyncIterator[list[Hub]]:
    """A hub at each of these addresses of a Redis."""
    async with contextlib.AsyncExitStack() as stack:
        hubs = list[Hub]()
        for url in urls:
            settings = HubSettings(**dials)  # type: ignore[arg-type]
            hub = Hub(
                keys=KEYS,
                settings=settings,
                backplane=lambda hub, url=url: RedisBackplane(hub, url),
            )
            await stack.enter_async_context(hub.backplane.running())
            await stack.enter_async_context(hub.running())
            hubs.append(hub)
        yield hubs


async def asked(question):
    """What it answers, once that has been fetched. Raises Refused."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return question()
            except NotYet as wait:
                await wait.ready()


async def read(hub: Hub, channel: str, after: Cursor | None):
    """What a poll gets."""
    _, grant = hub.make_token("poller", channel)
    return await asked(lambda: hub.read(grant, after))


class Reader:
    """A client with a stream, which comes back with its cursor when it is told to.

    Attributes:
        told: texts of messages, and ``gap``.
        seqs: by epoch.
        ended: how often the hub has ended its stream.
    """

    def __init__(self, hub: Hub, channel: str = "a", cursor: Cursor | None = None) -> None:
        self.hub = hub
        self.told: list[str] = []
        self.cursor = cursor
        self.ended = 0
        self.refused: list[str] = []
        _, self._grant = hub.make_token("reader", channel)
        self._feed = None
        self._task = None

    async def come(self) -> "Reader":
        """Read from now on."""
        feed = await asked(
            lambda: self.hub.subscribe(
                self._grant, self.cursor, transport="test", write=self._write, end=self._end
            )
        )
        if feed.gap_after is not None:
            self.told.append("gap")
        self.cursor = feed.position
        self._feed = feed
        feed.start()
        return self

    def _write(self, entries) -> bool:
        for entry in entries:
            assert entry.epoch == self.cursor.epoch
            assert entry.seq == self.cursor.seq + 1
            self.cursor = entry.cursor
            self.told.append(entry.data)
        return True

    def _end(self, reason: str, status: int) -> None:
        self.ended += 1
        if not self.hub.closing:
            self._task = asyncio.ensure_future(self._again())

    async def _again(self) -> None:
        while not self.hub.closing:
            try:
                await self.come()
                return
            except Refused as refusal:
                self.refused.append(refusal.reason)
                await asyncio.sleep(0.02)

    async def has(self, *told: str) -> None:
        """Wait until it has been told so much, and see that it is this."""
        await until(lambda: len(self.told) >= len(told), f"it was told {self.told}")
        assert self.told == list(told)
