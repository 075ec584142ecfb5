"""What looks at processes on a worker's machine: ``python -m pushlab.lab.cluster.agent``, a worker.

The same watches that look at processes here look at them there, by that machine's clock; what they
saw is fetched now and then.
"""

import asyncio
import os

from pushlab.lab.cluster.watches import Seen, seen_by
from pushlab.lab.host.machine import describe_machine
from pushlab.lab.host.machine_watch import MachineWatch
from pushlab.lab.host.process_sampler import ProcessWatch
from pushlab.lab.host.process_tree import TreeWatch
from pushlab.lab.workers.child import WorkerService, run_worker

__all__ = ["AgentService", "main"]

_SAMPLE_S = 0.1
_IDLE_S = 1.0


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

    async def describe(self) -> dict[str, object]:
        """The machine and its software, as a run's environment has it."""
        return dict(await asyncio.to_thread(describe_machine))

    async def clock(self) -> list[str]:
        """What names this machine's monotonic clock: its boot, and its namespace of time."""
        return clock_names()

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
    """What names this machine's monotonic clock; empty where the system does not tell."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return [file.read().strip(), os.readlink("/proc/self/ns/time")]
    except OSError:
        return []


def main() -> None:
    """Serve calls until standard input ends."""
    run_worker(AgentService)


if __name__ == "__main__":
    main()
