"""What looks at processes on a worker's machine: ``python -m pushlab.lab.cluster.agent``, a worker.

The same watches that look at processes here look at them there, by that machine's clock; what they
saw is fetched now and then.
"""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pushlab.lab.cluster.watches import Seen, seen_by
from pushlab.lab.host.machine import describe_machine
from pushlab.lab.host.machine_watch import MachineWatch, cores_in_use
from pushlab.lab.host.process_sampler import ProcessWatch
from pushlab.lab.host.process_tree import TreeWatch
from pushlab.lab.workers.child import WorkerService, run_worker

__all__ = ["AgentMachine", "AgentService", "clock_names", "main"]

_SAMPLE_S = 0.1
_IDLE_S = 1.0


@dataclass(frozen=True, slots=True)
class AgentMachine:
    """What the agent is on.

    Attributes:
        environment: as a run has it.
        cores: how many processes there may use.
        pid: of the Dask worker.
        clock: see `clock_names`.
    """

    environment: dict[str, Any]
    cores: int
    pid: int
    clock: list[str]


class AgentService(WorkerService):
    """The watches of one place."""

    def __init__(self) -> None:
        super().__init__()
        self._watches: dict[str, ProcessWatch] = {}
        self._phase = ""
        self._sampling = asyncio.ensure_future(self._sample())

    async def close(self) -> None:
        """Look no more."""
        self._sampling.cancel()

    async def describe(self) -> AgentMachine:
        """The machine and its software, as a run's environment has it."""
        environment = await asyncio.to_thread(describe_machine)
        return AgentMachine(environment, cores_in_use(), os.getppid(), clock_names())

    async def begin(self) -> None:
        """Forget all watches."""
        self._watches = {}

    async def watch(self, name: str, pid: int, tree: bool = False) -> None:
        """Begin to look at a process, or at it and all that descend from it."""
        self._watches[name] = TreeWatch(pid, name) if tree else ProcessWatch(pid, name)

    async def watch_machine(self, name: str, apart: list[int]) -> None:
        """Begin to look at the machine; those processes are no other programs."""
        self._watches[name] = MachineWatch(apart)

    async def phase(self, name: str) -> None:
        """What is being done from now on is called so."""
        self._phase = name

    async def look(self) -> dict[str, float | None]:
        """CPU seconds now, by name."""
        return {name: watch.used_cpu_s() for name, watch in self._watches.items()}

    async def samples(self) -> dict[str, Seen]:
        """What each has seen since this was asked last, and the most that it was seen to hold."""
        return {name: seen_by(watch) for name, watch in self._watches.items()}

    async def _sample(self) -> None:
        while True:
            for watch in list(self._watches.values()):
                watch.sample(self._phase)
            await asyncio.sleep(_SAMPLE_S if self._watches else _IDLE_S)


def clock_names() -> list[str]:
    """What names the machine's monotonic clock, and then its process numbers.

    The boot, and the namespaces of time and of processes; empty where the system does not tell.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return [boot, *(os.readlink(f"/proc/self/ns/{name}") for name in ("time", "pid"))]
    except OSError:
        return []


def main() -> None:
    """Serve calls until standard input ends."""
    run_worker(AgentService)


if __name__ == "__main__":
    main()
