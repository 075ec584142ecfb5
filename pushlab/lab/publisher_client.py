"""The runner's end of the publisher's process, and the ledger that both of them have."""

import asyncio

from pushlab.lab.ledger import Ledger
from pushlab.lab.schedule import Schedule
from pushlab.lab.worker import Worker, spawn_worker

__all__ = ["PublisherProcess", "start_publisher"]


class PublisherProcess(Worker):
    """A running publisher; start it with `start_publisher`.

    Attributes:
        ledger: the schedule, and what has become of each message so far.
    """

    def __init__(self, process: asyncio.subprocess.Process, ledger: Ledger) -> None:
        super().__init__(process, "publisher")
        self.ledger = ledger


async def start_publisher(schedule: Schedule) -> PublisherProcess:
    """Start the process; it takes commands as soon as Python is up."""
    ledger = Ledger.create(schedule, shared=True)
    process = await spawn_worker(
        "pushlab.lab.publisher_process",
        str(ledger.descriptor),
        str(len(ledger)),
        pass_fds=[ledger.descriptor],
    )
    return PublisherProcess(process, ledger)
