"""A process with all that descend from it, as one: Chromium is a dozen processes and more."""

import contextlib
import os
import time
from pathlib import Path

import psutil

from pushlab.lab.host.process_sampler import ProcessWatch, cpu_seconds, memory_and_descriptors

__all__ = ["TreeWatch", "end_own_group"]

_FIRST_LOOK_AGAIN_S = 0.1
_LOOK_AGAIN_S = 2.0


class TreeWatch(ProcessWatch):
    """Samples a process and its descendants together.

    What those that ended have used stays in the sum. Memory is the sum of what each has resident,
    so that what they share counts more than once.
    """

    def __init__(self, pid: int, name: str = "") -> None:
        super().__init__(pid, name)
        self._pids = [pid]
        self._looked_s = 0.0
        self._again_s = _FIRST_LOOK_AGAIN_S
        self._used: dict[int, float] = {}

    def pids(self) -> list[int]:
        """The process and its descendants, looked up every two seconds; at first, while it starts
        others, more often.
        """
        now_s = time.monotonic()
        if now_s - self._looked_s >= self._again_s:
            self._looked_s = now_s
            self._again_s = min(2 * self._again_s, _LOOK_AGAIN_S)
            with contextlib.suppress(psutil.Error):
                below = psutil.Process(self.pid).children(recursive=True)
                self._pids = [self.pid, *(child.pid for child in below)]
        return self._pids

    def saying(self, word: str) -> list[int]:
        """Those that have `word` in their command line."""
        found = []
        for pid in self.pids():
            with contextlib.suppress(OSError):
                if word in Path(f"/proc/{pid}/cmdline").read_text(errors="replace"):
                    found.append(pid)
        return found

    def used_cpu_s(self) -> float:
        """CPU seconds that all of them have used so far."""
        for pid in self.pids():
            used = cpu_seconds(pid)
            if used is not None:
                self._used[pid] = used
        return sum(self._used.values())

    def _memory_and_descriptors(self) -> tuple[int, int] | None:
        seen = [found for pid in self.pids() if (found := memory_and_descriptors(pid))]
        return (sum(m for m, _ in seen), sum(d for _, d in seen)) if seen else None

    def _waited_ns(self) -> None:
        """Not known: a dozen processes of many threads each stand in queues of their own."""


def end_own_group(*, within_s: float) -> None:
    """Kill all other processes of this one's group, and wait until they are gone.

    Whoever has lost its parent is still of the group, while it descends from nobody here any more.
    """
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        others = [one for one in psutil.process_iter() if one.pid != os.getpid() and _is_ours(one)]
        if not others:
            return
        for one in others:
            with contextlib.suppress(psutil.Error):
                one.kill()
        # Not longer: who has died is a zombie until its parent looks, and psutil waits for that.
        psutil.wait_procs(others, timeout=0.02)


def _is_ours(one: psutil.Process) -> bool:
    try:
        return os.getpgid(one.pid) == os.getpgrp() and one.status() != psutil.STATUS_ZOMBIE
    except (OSError, psutil.Error):
        return False
