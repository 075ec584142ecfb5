"""Two hubs of one service in this process: a backplane that shares by calling, for tests of pages.

Each log is held by the first hub; the others' copies are fetched, so what asks has to wait for it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from pushlab.contract.serving import NotYet
from pushlab.contract.tokens import TokenKeys
from pushlab.hub.backplane.backplane import Backplane, Receipt
from pushlab.hub.channel import Channel
from pushlab.hub.core import Hub
from pushlab.hub.reasons import BACKPLANE_AWAY, PUBLISH_UNKNOWN

__all__ = ["Service"]


class Service:
    """What the hubs share.

    Attributes:
        away: whether it answers nobody.
        forgets: how many publishes are taken whose answer is lost.
        taken: keys of publishes.
    """

    def __init__(self) -> None:
        self.logs: dict[str, Channel] = {}
        self.hubs: list[Hub] = []
        self.away = False
        self.forgets = 0
        self.taken: dict[str | None, list[Receipt]] = {}
        self.runs: list[tuple[Hub, object]] = []
        self.keys = TokenKeys.fresh()

    def hub(self) -> Hub:
        """One more hub."""
        hub = Hub(keys=self.keys, backplane=lambda hub: SharedBackplane(hub, self))
        self.hubs.append(hub)
        return hub


class SharedBackplane(Backplane):
    """At one hub of a `Service`."""

    name = "shared-by-calling"

    def __init__(self, hub: Hub, service: Service) -> None:
        super().__init__(hub)
        self._service = service

    def open(self, name: str) -> Channel:
        raise NotYet(lambda: self._fetch(name))

    async def _fetch(self, name: str) -> None:
        await asyncio.sleep(0)
        log = self._log(name)
        if self.hub.held(name) is None:
            copy = Channel(
                name, self.hub.settings, self.hub.now_ns(), epoch=log.epoch, head=log.first - 1
            )
            for entry in log.slice(log.first - 1, messages=10_000, size=10**9) or ():
                copy.publish(entry.data, entry.size, entry.accepted_ns)
            self.hub.adopt(copy)

    def _log(self, name: str) -> Channel:
        if self._service.away:
            raise BACKPLANE_AWAY()
        first = self._service.hubs[0]
        return self._service.logs.setdefault(name, Channel(name, first.settings, first.now_ns()))

    async def publish(self, items, key=None):
        await asyncio.sleep(0)
        service = self._service
        if key is not None and key in service.taken:
            return service.taken[key]
        receipts = []
        for name, text in items:
            entry = self._log(name).publish(text, len(text.encode()), self.hub.now_ns())
            receipts.append(Receipt(entry.epoch, entry.seq, entry.accepted_ns))
            for hub in service.hubs:
                if hub.held(name) is not None:
                    hub.deliver(name, text)
        service.taken[key] = receipts
        if key is not None and service.forgets:
            service.forgets -= 1
            raise PUBLISH_UNKNOWN()
        return receipts

    @contextlib.asynccontextmanager
    async def one_at_a_time(self, what, run) -> AsyncIterator[None]:
        """At the hub that came first; its successor begins when it has gone."""
        turn, running = asyncio.Event(), self._service.runs
        mine = (self.hub, turn)

        async def wait_and_run() -> None:
            while running[0] is not mine:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            async with run():
                await asyncio.Event().wait()

        running.append(mine)
        task = asyncio.create_task(wait_and_run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            running.remove(mine)
