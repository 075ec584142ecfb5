"""The runner's end of the publisher's process, and the publish log that both of them have."""

import asyncio
from typing import IO

from pushlab.hub.child import spawn_child
from pushlab.lab.load.publish_log import PublishLog, unnamed_file
from pushlab.lab.scenario.schedule import Schedule
from pushlab.lab.workers.parent import Worker
from pushlab.lab.workers.publisher_process import PublisherService

__all__ = ["PublisherProcess", "start_publisher"]


class PublisherProcess(Worker[PublisherService]):
    """A running publisher; start it with `start_publisher`."""

    def __init__(self, process: asyncio.subprocess.Process, file: IO[bytes]) -> None:
        super().__init__(process, "publisher", PublisherService)
        self._file = file

    def plan(self, schedule: Schedule) -> PublishLog:
        """Set out what it shall send; what becomes of each message is in the log at once."""
        return PublishLog.create(schedule, self._file)


async def start_publisher() -> PublisherProcess:
    """Start the process; it takes commands as soon as Python is up."""
    file = unnamed_file()
    process = await spawn_child(
        "pushlab.lab.workers.publisher_process", str(file.fileno()), pass_fds=[file.fileno()]
    )
    return PublisherProcess(process, file)
