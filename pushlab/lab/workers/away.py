"""Swarm and publisher at a place that is not here: the same commands, and files brought home.

What a worker writes is on its own machine. The swarm's rows are copied into the folder that its
caller named; the publisher's log is sent to it before it begins, and fetched when it has finished.
"""

import contextlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pushlab.errors import PushlabError
from pushlab.hub.child import ChildProcess
from pushlab.lab.load.publish_log import PublishLog
from pushlab.lab.place import Place
from pushlab.lab.scenario.schedule import Schedule
from pushlab.lab.workers.messages import SwarmReport, WindowReport
from pushlab.lab.workers.parent import Worker
from pushlab.lab.workers.publisher_process import PublisherService
from pushlab.lab.workers.swarm_process import SwarmService

__all__ = ["AwayPublisher", "AwaySwarm", "start_away_publisher", "start_away_swarm"]

_PIECE_BYTES = 8 << 20


class AwaySwarm(Worker[SwarmService]):
    """A swarm elsewhere; start it with `start_away_swarm`."""

    def __init__(self, process: ChildProcess, place: Place) -> None:
        super().__init__(process, "swarm", SwarmService)
        self._place = place
        self._finish: Any = self.commands.finish
        _replace(self.commands, self.finish)

    async def finish(self, path: str) -> SwarmReport:
        """As the service does, with the rows in `path` on this machine."""
        there = await self._place.folder()
        try:
            report: SwarmReport = await self._finish(path=there)
            await self._place.bring(there, Path(path))
            return report
        finally:
            with contextlib.suppress(PushlabError, OSError):
                await self._place.remove(there)


class AwayPublisher(Worker[PublisherService]):
    """A publisher elsewhere; start it with `start_away_publisher`.

    Args:
        folder: of its log, at its place.
    """

    def __init__(self, process: ChildProcess, place: Place, folder: str) -> None:
        super().__init__(process, "publisher", PublisherService)
        self._place = place
        self._folder = folder
        self._publish_log: PublishLog | None = None
        self._begin: Any = self.commands.begin
        self._finish: Any = self.commands.finish
        _replace(self.commands, self.begin, self.finish)

    async def plan(self, schedule: Schedule) -> PublishLog:
        """Set out what it shall send; what becomes of each message is known in the end."""
        self._publish_log = PublishLog.create(schedule)
        await self._place.send(self._publish_log.memory, f"{self._folder}/log")
        return self._publish_log

    async def begin(self, begin_ns: int, heads: list[int]) -> None:
        """As the service does, and its log here is begun and numbered alike."""
        await self._begin(begin_ns=begin_ns, heads=heads)
        assert self._publish_log is not None
        self._publish_log.start_ns = begin_ns
        self._publish_log.number_from(heads)

    async def finish(self, limit_s: float) -> WindowReport:
        """As the service does; what became of each message is known then."""
        report: WindowReport = await self._finish(limit_s=limit_s)
        await self.bring()
        return report

    async def bring(self) -> None:
        """Fetch the log as it is now. Raises SetupError, OSError."""
        assert self._publish_log is not None
        memory, path = self._publish_log.memory, f"{self._folder}/log"
        offset = 0
        while offset < len(memory):
            piece = await self._place.read(path, offset, _PIECE_BYTES)
            if not piece:
                break
            memory[offset : offset + len(piece)] = piece
            offset += len(piece)

    async def stop(self) -> None:
        """End the process, and remove its log there; it is fetched before if it was killed."""
        try:
            await super().stop()
        finally:
            with contextlib.suppress(PushlabError, OSError):
                await self._place.remove(self._folder)


def _replace(commands: Any, *methods: Callable[..., Any]) -> None:
    """Let these go before the commands of their names."""
    for method in methods:
        assert inspect.iscoroutinefunction(method)
        setattr(commands, method.__name__, method)


async def start_away_swarm(place: Place) -> AwaySwarm:
    """Start a swarm there; it takes commands as soon as Python is up."""
    return AwaySwarm(await place.spawn("pushlab.lab.workers.swarm_process"), place)


async def start_away_publisher(place: Place) -> AwayPublisher:
    """Start a publisher there; it takes commands as soon as Python is up."""
    folder = await place.folder(in_memory=True)
    try:
        process = await place.spawn("pushlab.lab.workers.publisher_process", f"{folder}/log")
    except BaseException:
        with contextlib.suppress(PushlabError, OSError):
            await place.remove(folder)
        raise
    return AwayPublisher(process, place, folder)
