"""What the whole machine does beside a trial: everybody's CPU, and what its host or a limit took.

What programs used that do not descend from this process is other programs'. On Linux each of them
is asked: what the machine counts as a whole it samples, a hundred times a second, and a window of a
second is then wrong by a twentieth. Time that a hypervisor gave to other guests is stolen; time in
which a control group's quota or the processor's heat kept programs from running is throttled.
"""

import contextlib
import functools
import gzip
import io
import math
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil

from pushlab.lab.host.process_sampler import ProcessWatch

__all__ = [
    "MachineWatch",
    "busy_and_stolen_s",
    "cores_in_use",
    "others_cpu_s",
    "stolen_is_counted",
    "throttled_s",
]

_CGROUP = Path("/sys/fs/cgroup")
_PROC = Path("/proc")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_OTHERS_EVERY_NS = 1_000_000_000
_HEAT = "devices/system/cpu/cpu[0-9]*/thermal_throttle/core_throttle_total_time_ms"


def cores_in_use() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def busy_and_stolen_s() -> tuple[float, float]:
    """CPU seconds that all programs have used since the machine began; and those stolen from it.

    As the system counts, in ticks of 10 ms mostly. ``steal`` of proc(5) is 0 where there is none.
    """
    times = psutil.cpu_times()
    names = ("user", "nice", "system", "irq", "softirq")
    return sum(getattr(times, name, 0.0) for name in names), getattr(times, "steal", 0.0)


def others_cpu_s(apart: Iterable[int] = ()) -> float | None:
    """CPU seconds so far of all programs that do not descend from this process, or from those.

    Those that have ended are in it as far as their parents have waited for them (proc(5), ``stat``:
    ppid, utime, stime, cutime, cstime). None where the system does not tell.
    """
    if sys.platform != "linux":
        return None
    parents, used = {}, {}
    for entry in os.listdir(_PROC):
        if entry.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError), _stat(entry) as file:
                told = file.read()
                fields = told[told.rindex(b")") + 2 :].split()
                parents[int(entry)] = int(fields[1])
                used[int(entry)] = sum(map(int, fields[11:15]))
    ours = {os.getpid(), *apart}
    found = list(ours)
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    while found:
        below = children.get(found.pop(), [])
        ours.update(below)
        found += below
    return sum(ticks for pid, ticks in used.items() if pid not in ours) * _TICK_S


def _stat(pid: str) -> io.FileIO:
    return io.FileIO(f"{_PROC}/{pid}/stat")


@functools.cache
def stolen_is_counted() -> bool:
    """Whether a process's CPU clock may go on while the host runs other guests.

    A Linux that was built with ``CONFIG_PARAVIRT_TIME_ACCOUNTING`` takes that time out.
    """
    for path in (_PROC / "config.gz", Path(f"/boot/config-{os.uname().release}")):
        with contextlib.suppress(OSError, EOFError):
            told = path.read_bytes()
            told = gzip.decompress(told) if path.suffix == ".gz" else told
            return b"\nCONFIG_PARAVIRT_TIME_ACCOUNTING=y\n" not in told
    return True


def throttled_s() -> float:
    """Seconds in which a quota or heat has kept programs from running; 0 where nobody tells."""
    quotas, heats = _counters()
    found = sum(map(_throttled_by_quota, quotas))
    for path in heats:
        with contextlib.suppress(OSError, ValueError):
            found += int(path.read_text()) / 1e3
    return found


@functools.cache
def _counters() -> tuple[list[Path], list[Path]]:
    """The ``cpu.stat`` of this process's control groups, version 1 and 2; and those of heat."""
    quotas = [_CGROUP / "cpu" / "cpu.stat"]
    with contextlib.suppress(OSError, IndexError):
        own = Path("/proc/self/cgroup").read_text().split("0::/")[1].splitlines()[:1]
        quotas.append(_CGROUP.joinpath(*own) / "cpu.stat")
    return [path for path in quotas if path.exists()], list(Path("/sys").glob(_HEAT))


def _throttled_by_quota(path: Path) -> float:
    with contextlib.suppress(OSError, ValueError):
        told = dict(line.split() for line in path.read_text().splitlines())
        return int(told.get("throttled_usec", 0)) / 1e6 + int(told.get("throttled_time", 0)) / 1e9
    return 0.0


class MachineWatch(ProcessWatch):
    """Samples the machine as a process of its own: its CPU seconds are those of all programs.

    Args:
        apart: processes that are no other programs, though they do not descend from this one: such
            as a server that ran before.

    Attributes:
        moments: when it looked, and what was used, stolen and throttled by then: nanoseconds, and
            seconds.
        others: when it asked what other programs have used since the first look, and the seconds;
            where that can be asked, at the beginning of each phase and each second.
        cores: how many a trial's processes may use.
        cores: how many a trial's processes may use.
    """

    def __init__(self, apart: Sequence[int] = ()) -> None:
        super().__init__(0, "machine")
        self.cores = cores_in_use()
        self._apart = apart
        self.moments: list[tuple[int, float, float, float]] = []
        self.others: list[tuple[int, float]] = []
        self._phase = ""
        self._told_s = math.inf

    def sample(self, phase: str = "") -> None:
        """Look once."""
        now_ns = time.monotonic_ns()
        last_ns = self.others[-1][0] if self.others else -_OTHERS_EVERY_NS
        if phase != self._phase or now_ns - last_ns >= _OTHERS_EVERY_NS:
            self._phase = phase
            if (used_s := others_cpu_s(self._apart)) is not None:
                # One whose parent never waits for it takes with it what it has used.
                so_far_s = self.others[-1][1] if self.others else 0.0
                self.others.append((now_ns, so_far_s + max(0.0, used_s - self._told_s)))
                self._told_s = used_s
        super().sample(phase)

    def used_cpu_s(self) -> float:
        """CPU seconds that all programs have used."""
        busy_s, stolen_s = busy_and_stolen_s()
        self.moments.append((time.monotonic_ns(), busy_s, stolen_s, throttled_s()))
        return busy_s

    def _memory_and_descriptors(self) -> tuple[int, int]:
        return 0, 0

    def _waited_ns(self) -> None:
        """Nobody in particular waits."""
