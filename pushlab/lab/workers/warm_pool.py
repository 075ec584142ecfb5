"""Processes that come up before their trial does, while the trial before is being put away.

Loading Python and its modules takes longer than all else between two windows. Nothing is measured
then, and each process still serves one trial alone. They are started only where a trial with
processes follows at once: beside the harness's floor they would take its time.
"""

import asyncio

from pushlab.hub.child import end_child
from pushlab.hub.process import spawn_hub
from pushlab.lab.workers.publisher_client import PublisherProcess, start_publisher
from pushlab.lab.workers.swarm_client import SwarmProcess, start_swarm

__all__ = ["WarmPool"]


class WarmPool:
    """At most one spare process of each kind; call `drop` in the end."""

    def __init__(self) -> None:
        self._hub: asyncio.subprocess.Process | None = None
        self._swarm: SwarmProcess | None = None
        self._publisher: PublisherProcess | None = None

    async def fill(self) -> None:
        """Start what is missing."""
        self._hub = self._hub or await spawn_hub()
        self._swarm = self._swarm or await start_swarm()
        self._publisher = self._publisher or await start_publisher()

    async def hub(self) -> asyncio.subprocess.Process:
        """A hub's process, for `start_hub`."""
        spare, self._hub = self._hub, None
        return spare if spare is not None and spare.returncode is None else await spawn_hub()

    async def swarm(self) -> SwarmProcess:
        """A swarm."""
        spare, self._swarm = self._swarm, None
        return spare if spare is not None and spare.running else await start_swarm()

    async def publisher(self) -> PublisherProcess:
        """A publisher."""
        spare, self._publisher = self._publisher, None
        return spare if spare is not None and spare.running else await start_publisher()

    async def drop(self) -> None:
        """End those that nobody took."""
        hub, swarm, publisher = self._hub, self._swarm, self._publisher
        self._hub = self._swarm = self._publisher = None
        workers = [worker for worker in (swarm, publisher) if worker is not None]
        for worker in workers:
            worker.kill()
        if hub is not None:
            await end_child(hub)
        await asyncio.gather(*(worker.stop() for worker in workers))
