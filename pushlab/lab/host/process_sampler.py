"""Watching the processes of a trial: CPU seconds, memory, descriptors, each with its stamp.

And for how long a process stood in its core's queue, ready to run, while others ran: what other
programs cost it, as the scheduler itself counts it.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

__all__ = [
    "ProcessWatch",
    "Sample",
    "cpu_seconds",
    "memory_and_descriptors",
    "sample_rows",
    "waited_ns",
    "watch_processes",
]

_SAMPLE_S = 0.2
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


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


def waited_ns(pid: int) -> int | None:
    """For how long the main thread of a process has waited for a core, though it could have run.

    From ``/proc/<pid>/schedstat`` (sched-stats in the kernel's documentation); None where the
    system does not tell.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, IndexError, ValueError):
            return int(Path(f"/proc/{pid}/schedstat").read_bytes().split()[1])
    return None


#: Process, phase, moment, CPU seconds, resident bytes, descriptors, nanoseconds of waiting.
Sample = tuple[str, str, int, float, int, int, int | None]


class ProcessWatch:
    """Samples one process.

    Attributes:
        name: ``hub``, ``broker``, ``swarm``, ``publisher``, ``runner`` or ``machine``.
        held: ``rss_bytes`` and ``open_descriptors``, the largest values seen.
        members: the watches that it is the sum of; empty: it is of one process.
        samples: what was seen, as `sample_rows` has it but for the loop's lag.
        stamped_there: whether `samples` have moments of the clock of the place where it runs, and
            not of this process's.
        clock_of: the process whose clock that is; empty: of the process itself.
        exact: whether CPU seconds are those of the very moment in which it is asked for them.
    """

    exact = True
    members: "Sequence[ProcessWatch]" = ()
    stamped_there = False
    clock_of = ""

    def __init__(self, pid: int, name: str = "") -> None:
        self.pid = pid
        self.name = name
        self.held = {"rss_bytes": 0, "open_descriptors": 0}
        self.samples: list[Sample] = []

    def add_up(self) -> None:
        """Nothing more will be seen: make sums of it, where it is of several processes."""

    def used_cpu_s(self) -> float | None:
        """CPU seconds so far; None when it is gone."""
        return cpu_seconds(self.pid)

    def _memory_and_descriptors(self) -> tuple[int, int] | None:
        return memory_and_descriptors(self.pid)

    def _waited_ns(self) -> int | None:
        return waited_ns(self.pid)

    def sample(self, phase: str = "") -> None:
        """Look once; a process that is gone gives no sample."""
        cpu_s = self.used_cpu_s()
        seen = self._memory_and_descriptors()
        if cpu_s is None or seen is None:
            return
        now_ns = time.monotonic_ns()
        self.samples.append((self.name, phase, now_ns, cpu_s, *seen, self._waited_ns()))
        most = map(max, self.held.values(), seen)
        self.held = dict(zip(self.held, most, strict=True))


def memory_and_descriptors(pid: int) -> tuple[int, int] | None:
    """Resident bytes and open descriptors; None when it is gone.

    On Linux without a walk through the descriptors where that can be.
    """
    try:
        if sys.platform == "linux":
            pages = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
            folder = f"/proc/{pid}/fd"
            count = os.stat(folder).st_size  # since Linux 6.2; before that 0
            return pages * _PAGE_BYTES, count or len(os.listdir(folder))
        process = psutil.Process(pid)
        return int(process.memory_info().rss), int(process.num_fds())
    except (OSError, IndexError, psutil.Error):
        return None


async def watch_processes(
    watches: Iterable[ProcessWatch],
    check: Callable[[], None],
    phase: Callable[[], str] = str,
    *,
    every_s: float = _SAMPLE_S,
) -> None:
    """Sample all of `watches` and call `check`, again and again; `phase` names the moment."""
    watched = list(watches)
    while True:
        for watch in watched:
            watch.sample(phase())
        check()
        await asyncio.sleep(every_s)


def sample_rows(
    watches: Sequence[ProcessWatch], loop_lags: dict[str, Sequence[Sequence[int]]]
) -> dict[str, Any]:
    """The columns of `pushlab.runs.rows.SAMPLES`.

    Args:
        loop_lags: by process, moments and lags in nanoseconds; a sample gets the worst lag since
            the sample before.
    """
    watches = [one for watch in watches for one in (watch, *watch.members)]
    names = ("process", "phase", "at_ns", "cpu_s", "rss_bytes", "open_descriptors", "waited_ns")
    rows = [row for watch in watches for row in watch.samples]
    columns: dict[str, Any] = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    columns["loop_lag_ns"] = [
        lag
        for watch in watches
        for lag in _worst([row[2] for row in watch.samples], loop_lags.get(watch.name, ()))
    ]
    return columns


def _worst(at_ns: Sequence[int], lags: Sequence[Sequence[int]]) -> list[int | None]:
    """For each moment the worst lag since the one before; None where there is none."""
    worst: list[int | None] = [None] * len(at_ns)
    places = np.searchsorted(np.array(at_ns, np.int64), [at for at, _ in lags])
    for place, (_, lag) in zip(places.tolist(), lags, strict=True):
        if place < len(worst):
            before = worst[place]
            worst[place] = max(1, lag, before or 0)
    return worst
