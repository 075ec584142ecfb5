"""The runner's end of the publisher's process, and the publish_log that both of them have."""

import asyncio
from typing import IO, Any

from pushlab.lab.load.publish_log import PublishLog, unnamed_file
from pushlab.lab.scenario.schedule import Schedule
from pushlab.lab.workers.parent import Worker, spawn_worker

__all__ = ["PublisherProcess", "start_publisher"]


class PublisherProcess(Worker):
    """A running publisher; start it with `start_publisher`.

    Attributes:
        publish_log: the schedule, and what has become of each message so far; there once told.
    """

    def __init__(self, process: asyncio.subprocess.Process, file: IO[bytes]) -> None:
        super().__init__(process, "publisher")
        self._file = file
        self.publish_log: PublishLog | None = None

    def plan(self, schedule: Schedule) -> None:
        """Set out what it shall send."""
        self.publish_log = PublishLog.create(schedule, self._file)

    async def configure(self, **settings: Any) -> None:
        """Tell it where to send; it opens its first connections."""
        assert self.publish_log is not None
        await self.ask("configure", rows=len(self.publish_log), **settings)


async def start_publisher() -> PublisherProcess:
    """Start the process; it takes commands as soon as Python is up."""
    file = unnamed_file()
    process = await spawn_worker(
        "pushlab.lab.workers.publisher_process", str(file.fileno()), pass_fds=[file.fileno()]
    )
    return PublisherProcess(process, file)
