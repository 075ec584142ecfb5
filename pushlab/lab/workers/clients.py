"""The runner's ends of the workers' processes: the swarm's, with its rows, and the publisher's.

The swarm in Chromium (`BrowserProcess`) takes the same calls as the one in Python. The publisher
and the runner both have the publish log.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from pushlab.hub.child import spawn_child
from pushlab.lab.load.publish_log import PublishLog, unnamed_file
from pushlab.lab.place import HERE, Place
from pushlab.lab.scenario.schedule import Schedule
from pushlab.lab.workers.away import AwayPublisher, start_away_publisher, start_away_swarm
from pushlab.lab.workers.parent import Worker
from pushlab.lab.workers.publisher_process import PublisherService
from pushlab.lab.workers.swarm_process import SwarmService
from pushlab.runs.rows import Columns

__all__ = [
    "BrowserProcess",
    "PublisherProcess",
    "SwarmProcess",
    "read_rows",
    "start_browser",
    "start_publisher",
    "start_swarm",
]


#: A running swarm; start it with `start_swarm`.
SwarmProcess = Worker[SwarmService]


async def start_swarm(place: Place = HERE) -> SwarmProcess:
    """Start the process; it takes commands as soon as Python is up."""
    if not place.here:
        return await start_away_swarm(place)
    process = await spawn_child("pushlab.lab.workers.swarm_process")
    return Worker(process, "swarm", SwarmService)


class BrowserProcess(Worker[SwarmService]):
    """The swarm in Chromium; start it with `start_browser`.

    Args:
        folder: what Chromium leaves on the disk; it goes in the end.
    """

    def __init__(self, process: asyncio.subprocess.Process, folder: str) -> None:
        super().__init__(process, "swarm", SwarmService)
        self._folder = folder

    async def stop(self) -> None:
        """End the process, Chromium and all its children, and remove what they leave."""
        try:
            await super().stop()
        finally:
            self.kill()
            await asyncio.to_thread(_remove, Path(self._folder))

    def kill(self) -> None:
        """End it at once, and Chromium with it: they are one process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _remove(folder: Path) -> None:
    """Remove a folder of processes that were killed; they may write there a moment longer."""
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.02)


async def start_browser() -> SwarmProcess:
    """Start the process; Chromium comes up when it is configured."""
    folder = tempfile.mkdtemp(prefix="pushlab-browser-")
    try:
        worker = await spawn_child("pushlab.lab.browser.process", folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return BrowserProcess(worker, folder)


class PublisherProcess(Worker[PublisherService]):
    """A running publisher; start it with `start_publisher`."""

    def __init__(self, process: asyncio.subprocess.Process, file: IO[bytes]) -> None:
        super().__init__(process, "publisher", PublisherService)
        self._file = file

    async def plan(self, schedule: Schedule) -> PublishLog:
        """Set out what it shall send; what becomes of each message is in the log at once."""
        return PublishLog.create(schedule, self._file)


async def start_publisher(place: Place = HERE) -> PublisherProcess | AwayPublisher:
    """Start the process; it takes commands as soon as Python is up."""
    if not place.here:
        return await start_away_publisher(place)
    file = unnamed_file()
    process = await spawn_child(
        "pushlab.lab.workers.publisher_process", str(file.fileno()), pass_fds=[file.fileno()]
    )
    return PublisherProcess(process, file)


def read_rows(folder: Path, counts: dict[str, int], *, per_channel: int) -> dict[str, Columns]:
    """Read what `Recorder.write` wrote, as the columns of `pushlab.runs.rows`."""
    seq, received_ns, reader = _columns(folder / "deliveries", counts["deliveries"])
    wanted_ns, connected_ns, connected = _columns(folder / "connects", counts["connects"])
    at_ns, size, observed = _columns(folder / "traffic", counts["traffic"])
    of_seq, number, channel = _columns(folder / "numbers", counts["numbers"])
    stamped, stamped_ns, kernel_ns, witness = _columns(folder / "stamps", counts["stamps"], 3)
    return {
        "deliveries": {
            "channel": reader // np.int32(per_channel),
            "seq": seq,
            "subscriber": reader,
            "received_ns": received_ns,
        },
        "connects": {
            "subscriber": connected,
            "wanted_ns": wanted_ns,
            "connected_ns": connected_ns,
        },
        "traffic": {
            "subscriber": observed,
            "at_ns": at_ns,
            "sent": size < 0,
            "bytes": np.abs(size),
        },
        "stamps": {
            "channel": witness // np.int32(per_channel),
            "seq": stamped,
            "subscriber": witness,
            "stamped_ns": stamped_ns,
            "kernel_ns": kernel_ns,
        },
        "numbers": {"channel": channel, "seq": of_seq, "number": number},
    }


def _columns(path: Path, rows: int, wide: int = 2) -> list[npt.NDArray[Any]]:
    raw = path.read_bytes()
    kinds = (*[np.int64] * wide, np.int32)
    return [np.frombuffer(raw, kind, rows, offset=rows * 8 * i) for i, kind in enumerate(kinds)]
