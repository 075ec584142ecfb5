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

__all__ = ["in_process_backend", "serving_here"]


class _InProcess(LocalTestbed):
    """A hub on this event loop, and clients beside it."""

    async def start(self) -> None:
        """Start broker (for transports that need one) and hub."""
        config, self.broker = await hub_config(self.wanted())
        if self.broker is not None:
            self._stack.push_async_exit(self.broker)
        self.publish_log = PublishLog.create(self.plan.schedule())
        url = await self._stack.enter_async_context(serving_here(config))
        publisher = PublisherService(lambda: self.publish_log)
        self._attend(HubApi(url, config.api_key), SwarmService(), publisher)


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
