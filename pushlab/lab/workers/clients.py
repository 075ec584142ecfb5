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
from collections.abc import Iterator
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
from pushlab.runs.batches import GROUP_ROWS, Batches, Rows
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


def read_rows(folder: Path, counts: dict[str, int], *, per_channel: int) -> dict[str, Rows]:
    """Read what `Recorder.write` wrote, as the columns of `pushlab.runs.rows`.

    The deliveries come in pieces, read when they are asked for: the file may lose its name, and its
    folder may go.
    """
    wanted_ns, connected_ns, connected = _columns(folder / "connects", counts["connects"])
    at_ns, size, observed = _columns(folder / "traffic", counts["traffic"])
    of_seq, number, channel = _columns(folder / "numbers", counts["numbers"])
    stamped, stamped_ns, kernel_ns, witness = _columns(folder / "stamps", counts["stamps"], 3)
    return {
        "deliveries": _deliveries(folder / "deliveries", counts["deliveries"], per_channel),
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


def _deliveries(path: Path, rows: int, per_channel: int) -> Batches:
    file = path.open("rb")  # it goes with the last that can still read it

    def read() -> Iterator[Columns]:
        for start in range(0, rows, GROUP_ROWS):
            count = min(GROUP_ROWS, rows - start)
            seq = _read(file, np.int64, 8 * start, count)
            received_ns = _read(file, np.int64, 8 * (rows + start), count)
            reader = _read(file, np.int32, 16 * rows + 4 * start, count)
            yield {
                "channel": reader // np.int32(per_channel),
                "seq": seq,
                "subscriber": reader,
                "received_ns": received_ns,
            }

    return Batches(read)


def _columns(path: Path, rows: int, wide: int = 2) -> list[npt.NDArray[Any]]:
    kinds = (*[np.int64] * wide, np.int32)
    with path.open("rb") as file:
        return [_read(file, kind, rows * 8 * i, rows) for i, kind in enumerate(kinds)]


def _read(file: IO[bytes], kind: npt.DTypeLike, place: int, count: int) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = np.empty(count, kind)
    view, done = found.view(np.uint8).data, 0
    while done < len(view):
        some = os.preadv(file.fileno(), [view[done:]], place + done)
        if not some:
            raise ValueError(f"{file.name}: ends before its {count:,} rows")
        done += some
    return found
