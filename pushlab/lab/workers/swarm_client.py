"""The runner's end of the swarm's process: its subscribers handed over, its rows read.

The swarm in Chromium (`BrowserProcess`) takes the same calls.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import numpy as np

from pushlab.lab.workers.messages import SwarmCommands, remote
from pushlab.lab.workers.parent import Worker, spawn_worker
from pushlab.runs.rows import Columns

__all__ = [
    "BrowserProcess",
    "SwarmProcess",
    "read_connects",
    "read_deliveries",
    "read_traffic",
    "start_browser",
    "start_swarm",
]


class SwarmProcess(Worker):
    """A running swarm; start it with `start_swarm`.

    Attributes:
        commands: what it can be told.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        super().__init__(process, "swarm")
        self.commands = remote(SwarmCommands, self.call)  # type: ignore[type-abstract]


async def start_swarm() -> SwarmProcess:
    """Start the process; it takes commands as soon as Python is up."""
    return SwarmProcess(await spawn_worker("pushlab.lab.workers.swarm_process"))


class BrowserProcess(SwarmProcess):
    """The swarm in Chromium; start it with `start_browser`.

    Args:
        folder: what Chromium leaves on the disk; it goes in the end.
    """

    def __init__(self, process: asyncio.subprocess.Process, folder: str) -> None:
        super().__init__(process)
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
        worker = await spawn_worker("pushlab.lab.browser.process", folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return BrowserProcess(worker, folder)


def read_deliveries(path: Path, rows: int, *, per_channel: int) -> Columns:
    """Read what the command ``finish`` wrote, as the columns of `pushlab.runs.rows.DELIVERIES`."""
    raw = path.read_bytes()
    seq = np.frombuffer(raw, np.int64, rows)
    received_ns = np.frombuffer(raw, np.int64, rows, offset=rows * 8)
    subscriber = np.frombuffer(raw, np.int32, rows, offset=rows * 16)
    return {
        "channel": subscriber // np.int32(per_channel),
        "seq": seq,
        "subscriber": subscriber,
        "received_ns": received_ns,
    }


def read_connects(path: Path, rows: int) -> Columns:
    """Read what the command ``finish`` wrote, as the columns of `pushlab.runs.rows.CONNECTS`."""
    raw = path.read_bytes()
    return {
        "subscriber": np.frombuffer(raw, np.int32, rows, offset=rows * 16),
        "wanted_ns": np.frombuffer(raw, np.int64, rows),
        "connected_ns": np.frombuffer(raw, np.int64, rows, offset=rows * 8),
    }


def read_traffic(path: Path, rows: int) -> Columns:
    """Read what the command ``finish`` wrote, as the columns of `pushlab.runs.rows.TRAFFIC`."""
    raw = path.read_bytes()
    size = np.frombuffer(raw, np.int64, rows, offset=rows * 8)
    return {
        "subscriber": np.frombuffer(raw, np.int32, rows, offset=rows * 16),
        "at_ns": np.frombuffer(raw, np.int64, rows),
        "sent": size < 0,
        "bytes": np.abs(size),
    }
