"""A fast testbed, for tests of the notebooks: real sockets, but all on this event loop.

Nothing that it measures is worth showing; what it leaves has the shape of a real trial. `measure`
uses it when `pushlab.course.mode.fast` says so.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pushlab.hub.process import HubConfig
from pushlab.hub.serve import serve
from pushlab.lab.load.publish_log import PublishLog
from pushlab.lab.trial.backend import TrialBackend
from pushlab.lab.trial.testbed import LocalTestbed
from pushlab.lab.workers.publisher_process import PublisherService
from pushlab.lab.workers.swarm_process import SwarmService
from pushlab.systems.hub import hub_config
from pushlab.systems.hub_api import HubApi
from pushlab.systems.registry import HUB
from pushlab.systems.system import ServerApi

__all__ = ["in_process_backend", "serving_here"]


class _InProcess(LocalTestbed):
    """A hub on this event loop, or a server of another make, and clients beside it."""

    async def start(self) -> None:
        """Start broker (for transports that need one) and hub, or the other server."""
        api = await (self._hub() if self.plan.cell.system == HUB else self._other())
        self.publish_log = PublishLog.create(self.plan.schedule())
        self._attend(api, SwarmService(), PublisherService(lambda: self.publish_log))

    async def _hub(self) -> ServerApi:
        config, self.broker = await hub_config(self.wanted())
        if self.broker is not None:
            self._stack.push_async_exit(self.broker)
        return HubApi(await self._stack.enter_async_context(serving_here(config)), config.api_key)

    async def _other(self) -> ServerApi:
        started = await self.plan.cell.served_by.start(self.wanted())
        self._stack.push_async_callback(started.stop)
        self.fresh, self.unwatched = started.fresh, started.unwatched or "nobody looked at it"
        return started.api


def in_process_backend() -> TrialBackend:
    """Runs trials on this event loop."""
    return TrialBackend(_InProcess)


@asynccontextmanager
async def serving_here(config: HubConfig) -> AsyncIterator[str]:
    """A hub on this event loop; its URL."""
    stop = asyncio.Event()
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(serve(config, stop=stop, ready=listening.set_result))
    try:
        waited: set[asyncio.Future[Any]] = {task, listening}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if not listening.done():
            await task  # it has failed: this raises why
        yield listening.result()
    finally:
        stop.set()
        await asyncio.gather(task, return_exceptions=True)
