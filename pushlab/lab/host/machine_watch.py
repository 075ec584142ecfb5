"""What the whole machine does beside a trial: everybody's CPU, and what its host or a limit took.

CPU seconds that the processes of the run did not use are other programs'. Time that a hypervisor
gave to other guests is stolen; time in which a control group's quota or the processor's heat kept
programs from running is throttled.
"""

import contextlib
import functools
import os
import time
from pathlib import Path

import psutil

from pushlab.lab.host.process_sampler import ProcessWatch

__all__ = ["MachineWatch", "busy_and_stolen_s", "cores_in_use", "throttled_s"]

_CGROUP = Path("/sys/fs/cgroup")
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

    Attributes:
        moments: when it looked, and what was used, stolen and throttled by then: nanoseconds, and
            seconds.
    """

    def __init__(self) -> None:
        super().__init__(0, "machine")
        self.moments: list[tuple[int, float, float, float]] = []

    def used_cpu_s(self) -> float:
        """CPU seconds that all programs have used."""
        busy_s, stolen_s = busy_and_stolen_s()
        self.moments.append((time.monotonic_ns(), busy_s, stolen_s, throttled_s()))
        return busy_s

    def _memory_and_descriptors(self) -> tuple[int, int]:
        return 0, 0

    def _waited_ns(self) -> None:
        """Nobody in particular waits."""
