"""What this machine can tell apart today: a second of small exchanges before the first trial.

By how much a timer, or a process that the kernel has just handed data to, runs later than it mostly
does is what other programs cost each message. What costs every message the same falls out of
differences; what varies does not. Ten times that much is the least difference of latencies of which
it makes no more than a tenth.
"""

import asyncio
import json
import math
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from pushlab.hub.child import end_child, spawn_child
from pushlab.lab.host.cores import Cores
from pushlab.lab.host.machine_watch import busy_and_stolen_s, cores_in_use, others_cpu_s

__all__ = ["Calibration", "calibrate"]

_PATIENCE_S = 10.0
_UNKNOWN_S = 1.0
_TIMES = 10.0  # of a disturbance, so that it makes a tenth


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was seen; spans are ``p50``, ``p99`` and ``varies``, in seconds.

    Attributes:
        cores: how many this process may run on.
        others: how many of them other programs used, on average.
        stolen: how many the machine's host gave to other guests.
        clock_s: the smallest step of the monotonic clock that was seen.
        timer_s: how late a timer was.
        servers_s, generator_s: how long after the kernel had it a process on these cores had read
            a byte; empty where the kernel does not stamp.
        round_trip_s: from the sending to the reading of the answer.
    """

    cores: int
    others: float
    stolen: float
    clock_s: float
    timer_s: dict[str, float] = field(default_factory=dict)
    servers_s: dict[str, float] = field(default_factory=dict)
    generator_s: dict[str, float] = field(default_factory=dict)
    round_trip_s: dict[str, float] = field(default_factory=dict)

    @property
    def resolution_s(self) -> float:
        """The least difference of latencies of which disturbances make no more than a tenth.

        A machine that gave too few samples to tell resolves no less than a second.
        """
        if not self.timer_s or not self.round_trip_s:
            return _UNKNOWN_S
        read = self.servers_s.get("varies", 0.0) + self.generator_s.get("varies", 0.0)
        read = read or self.round_trip_s.get("varies", 0.0)
        return _TIMES * (self.timer_s.get("varies", 0.0) + read)

    def to_json(self) -> dict[str, Any]:
        """For the environment of a run."""
        return {**asdict(self), "resolution_s": self.resolution_s}


async def calibrate(cores: Cores, span_s: float) -> Calibration | None:
    """Look at the machine for so long; None where that cannot be done, which stops no run."""
    words = [",".join(map(str, some)) or "-" for some in (cores.servers, cores.generator)]
    child = await spawn_child("pushlab.lab.host.exchanges", *words, f"{span_s:.3f}")
    try:
        assert child.stdout is not None
        async with asyncio.timeout(_PATIENCE_S + span_s):
            await child.stdout.readline()  # it is about to begin
            begin_s, begin = time.monotonic(), _used()
            told = json.loads(await child.stdout.readline())
        passed_s = time.monotonic() - begin_s
        busy_s, stolen_s, own_s, others_s = (
            after - before for after, before in zip(_used(), begin, strict=True)
        )
        own_s += told.pop("cpu_s")
        if math.isnan(others_s):
            others_s = busy_s - own_s
        return Calibration(
            cores=cores_in_use(),
            others=max(0.0, others_s) / passed_s,
            stolen=stolen_s / passed_s,
            **told,
        )
    except (TimeoutError, ValueError, TypeError, KeyError, OSError):
        return None
    finally:
        await end_child(child)


def _used() -> tuple[float, float, float, float]:
    """CPU seconds so far of all programs, stolen, of this process, of others (or not a number)."""
    others_s = others_cpu_s()
    told_s = math.nan if others_s is None else others_s
    return (*busy_and_stolen_s(), time.process_time(), told_s)
