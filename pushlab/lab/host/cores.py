"""Which processes run on which cores, so that the generator does not take the server's time.

Where there are two cores or more, servers (hub and broker) get one half of them, and the generator
(swarm and publisher) the other. Where that other half is a single core, the publisher may run on
any: it needs little time, but at once, and a swarm that is reading a fan-out would keep it waiting
(docs/method.md has the figures). Threads of one physical core stay together where that leaves both
sides a core. The runner itself stays free: it does little, and wherever there is time.
"""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Cores", "choose_cores", "pin"]


@dataclass(frozen=True, slots=True)
class Cores:
    """The two sides; both are empty where nothing is pinned, and `why` says why.

    Attributes:
        servers: the cores of hub and broker.
        generator: the cores of the swarm.
        publisher: the cores of the publisher.
    """

    servers: tuple[int, ...] = ()
    generator: tuple[int, ...] = ()
    publisher: tuple[int, ...] = ()
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """For the environment of a run."""
        if not self.servers:
            return {"pinned": False, "why": self.why}
        return {
            "pinned": True,
            "hub": list(self.servers),
            "broker": list(self.servers),
            "swarm": list(self.generator),
            "publisher": list(self.publisher),
        }


def choose_cores(*, pinning: bool = True, available: Sequence[int] | None = None) -> Cores:
    """Share out the cores that this process may use.

    Args:
        pinning: whether to pin at all.
        available: these instead.
    """
    if not pinning:
        return Cores(why="switched off")
    if available is None:
        if not hasattr(os, "sched_getaffinity"):
            return Cores(why="this system has no way to pin a process")
        available = sorted(os.sched_getaffinity(0))
    if len(available) < 2:
        return Cores(why="there is one core")
    ordered = sorted(available, key=lambda core: (_siblings(core), core))
    half = len(ordered) // 2
    while half > 1 and _siblings(ordered[half - 1]) == _siblings(ordered[half]):
        half -= 1
    if _siblings(ordered[half - 1]) == _siblings(ordered[half]):
        half = len(ordered) // 2
    servers, generator = tuple(ordered[:half]), tuple(ordered[half:])
    return Cores(servers, generator, generator if len(generator) > 1 else tuple(ordered))


def _siblings(core: int) -> int:
    """The first thread of the physical core that this one is a thread of."""
    path = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text().replace("-", ",").split(",")[0])
    return core


def pin(pid: int | None, cores: Sequence[int]) -> None:
    """Keep a process with all its threads to these cores; nothing if there are none."""
    if pid is None or not cores or not hasattr(os, "sched_setaffinity"):
        return
    threads = [pid]
    with contextlib.suppress(OSError):
        threads = [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    for thread in threads:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(thread, cores)
