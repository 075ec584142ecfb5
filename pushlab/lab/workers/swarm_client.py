"""The runner's end of the swarm's process: its subscribers handed over, its rows read.

The swarm in Chromium (`BrowserProcess`) takes the same commands.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pushlab.lab.hub_api import Admission
from pushlab.lab.workers.parent import Worker, spawn_worker
from pushlab.runs import Link

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
    """A running swarm; start it with `start_swarm`."""

    def when_closed(self, act: Callable[[str, int], None]) -> None:
        """Let `act` be called with reason and status when the server ends a first subscriber."""
        self.on_event = lambda event: act(event["reason"], event["status"])

    async def configure(
        self,
        transport: str,
        options: Mapping[str, Any],
        admissions: Sequence[Admission],
        *,
        seed: int,
        link: Link,
        server: str = "",
        authority: str | None = None,
    ) -> bool:
        """Give it its subscribers; whether their client half is sans-I/O.

        Args:
            link: the network to emulate.
            server: the hub's URL, of which the pages of a browser must be.
            authority: whom to trust where endpoints are encrypted, as a PEM certificate.
        """
        subscribers = [[a.channel, a.token, dict(a.endpoint)] for a in admissions]
        answer = await self.ask(
            "configure",
            transport=transport,
            options=dict(options),
            seed=seed,
            link=asdict(link),
            server=server,
            authority=authority,
            subscribers=subscribers,
        )
        return bool(answer["sans_io"])


async def start_swarm() -> SwarmProcess:
    """Start the process; it takes commands as soon as Python is up."""
    return SwarmProcess(await spawn_worker("pushlab.lab.workers.swarm_process"), "swarm")


class BrowserProcess(SwarmProcess):
    """The swarm in Chromium; start it with `start_browser`.

    Args:
        folder: what Chromium leaves on the disk; it goes in the end.
    """

    def __init__(self, process: asyncio.subprocess.Process, folder: str) -> None:
        super().__init__(process, "swarm")
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


def read_deliveries(path: Path, rows: int, *, per_channel: int) -> dict[str, Any]:
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


def read_connects(path: Path, rows: int) -> dict[str, Any]:
    """Read what the command ``finish`` wrote, as the columns of `pushlab.runs.rows.CONNECTS`."""
    raw = path.read_bytes()
    return {
        "subscriber": np.frombuffer(raw, np.int32, rows, offset=rows * 16),
        "wanted_ns": np.frombuffer(raw, np.int64, rows),
        "connected_ns": np.frombuffer(raw, np.int64, rows, offset=rows * 8),
    }


def read_traffic(path: Path, rows: int) -> dict[str, Any]:
    """Read what the command ``finish`` wrote, as the columns of `pushlab.runs.rows.TRAFFIC`."""
    raw = path.read_bytes()
    size = np.frombuffer(raw, np.int64, rows, offset=rows * 8)
    return {
        "subscriber": np.frombuffer(raw, np.int32, rows, offset=rows * 16),
        "at_ns": np.frombuffer(raw, np.int64, rows),
        "sent": size < 0,
        "bytes": np.abs(size),
    }
