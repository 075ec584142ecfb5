"""The machine under the laboratory: limits, the use that processes make of it, and its description.

No host name, no user name, no path and no token goes into a run.
"""

import asyncio
import contextlib
import importlib.metadata
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil

from pushlab.errors import NotEnoughDescriptors

__all__ = [
    "SPARE_DESCRIPTORS",
    "ProcessWatch",
    "cpu_seconds",
    "describe_machine",
    "require_descriptors",
    "watch_processes",
]

#: Descriptors of a process beyond one per client: files, pipes, the publisher's connections.
SPARE_DESCRIPTORS = 128
_SAMPLE_S = 0.5
_PACKAGES = (
    "pushlab",
    "uvicorn",
    "uvloop",
    "httptools",
    "websockets",
    "starlette",
    "aiomqtt",
    "amqtt",
    "numpy",
    "pyarrow",
    "psutil",
)


def require_descriptors(clients: int) -> None:
    """Allow this process and its children a descriptor for each client.

    Raises:
        NotEnoughDescriptors: the machine does not allow so many; the text has the numbers.
    """
    needed = clients + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if hard != unlimited and needed > hard:
        raise NotEnoughDescriptors(
            f"{clients:,} clients need {needed:,} open descriptors in one process, and this machine"
            f" allows {hard:,} (ulimit -Hn); ask for at most {max(0, hard - SPARE_DESCRIPTORS):,}"
            " clients or raise the limit"
        )
    if soft == unlimited or soft >= needed:
        return
    wanted = needed if hard == unlimited else hard
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ValueError, OSError) as error:
        raise NotEnoughDescriptors(
            f"{clients:,} clients need {needed:,} open descriptors in one process; the limit is"
            f" {soft:,} and cannot be raised ({error})"
        ) from error


def cpu_seconds(pid: int) -> float | None:
    """User and system CPU seconds that a process has used; None when it is gone.

    On Linux to the nanosecond (clock_getcpuclockid(3)); elsewhere as the system counts ticks.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return time.clock_gettime((~pid << 3) | 2)
        return None
    with contextlib.suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return None


class ProcessWatch:
    """Samples the memory and the open descriptors of one process.

    Attributes:
        rss_bytes, open_descriptors: the largest values seen.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.rss_bytes = 0
        self.open_descriptors = 0
        self._process: psutil.Process | None = None
        with contextlib.suppress(psutil.Error):
            self._process = psutil.Process(pid)

    def sample(self) -> None:
        """Look once."""
        if self._process is None:
            return
        with contextlib.suppress(psutil.Error, OSError):
            self.rss_bytes = max(self.rss_bytes, self._process.memory_info().rss)
            self.open_descriptors = max(self.open_descriptors, self._process.num_fds())


async def watch_processes(
    watches: Iterable[ProcessWatch], check: Callable[[], None], *, every_s: float = _SAMPLE_S
) -> None:
    """Sample all of `watches` and call `check`, again and again."""
    watched = list(watches)
    while True:
        for watch in watched:
            watch.sample()
        check()
        await asyncio.sleep(every_s)


def describe_machine(broker: str = "") -> dict[str, Any]:
    """What a run must say of the machine and the software that made it.

    Args:
        broker: kind and version of the MQTT broker, if there is one.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "load": list(os.getloadavg()),
        "kernel": f"{platform.system()} {platform.release()}",
        "limits": {"open_descriptors": soft, "open_descriptors_hard": hard},
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
        "event_loop": "uvloop",
        "parsers": {"http": "httptools", "websocket": "websockets"},
        "broker": broker,
        "commit": _commit(),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str | None:
    """The commit of the source tree that this package runs from, ``+`` when changed since."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=5,
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "pushlab")
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None
