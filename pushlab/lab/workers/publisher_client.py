"""The runner's end of the publisher's process, and the ledger that both of them have."""

import asyncio
from typing import IO, Any

from pushlab.lab.load.publish_log import Ledger, unnamed_file
from pushlab.lab.scenario.schedule import Schedule
from pushlab.lab.workers.parent import Worker, spawn_worker

__all__ = ["PublisherProcess", "start_publisher"]


class PublisherProcess(Worker):
    """A running publisher; start it with `start_publisher`.

    Attributes:
        ledger: the schedule, and what has become of each message so far; there once it is told.
    """

    def __init__(self, process: asyncio.subprocess.Process, file: IO[bytes]) -> None:
        super().__init__(process, "publisher")
        self._file = file
        self.ledger: Ledger | None = None

    def plan(self, schedule: Schedule) -> None:
        """Set out what it shall send."""
        self.ledger = Ledger.create(schedule, self._file)

    async def configure(self, **settings: Any) -> None:
        """Tell it where to send; it opens its first connections."""
        assert self.ledger is not None
        await self.ask("configure", rows=len(self.ledger), **settings)


async def start_publisher() -> PublisherProcess:
    """Start the process; it takes commands as soon as Python is up."""
    file = unnamed_file()
    process = await spawn_worker(
        "pushlab.lab.workers.publisher_process", str(file.fileno()), pass_fds=[file.fileno()]
    )
    return PublisherProcess(process, file)
