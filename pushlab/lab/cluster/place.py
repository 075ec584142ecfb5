"""A worker of a Dask cluster as a place: an actor there hosts the processes, and calls are batches.

One call waits at the worker for what its processes say, and one at a time carries what is written
to them; what comes meanwhile waits for the next. When the worker is lost, all of its processes have
ended.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from pushlab.errors import SetupError
from pushlab.hub.child import ChildProcess
from pushlab.lab.cluster.agent import AgentMachine, AgentService, clock_names
from pushlab.lab.cluster.broker_client import start_away_broker
from pushlab.lab.cluster.host import ENDED
from pushlab.lab.cluster.process import AwayProcess
from pushlab.lab.cluster.system_client import start_away_system
from pushlab.lab.cluster.watches import AwayMachineWatch, AwayWatch
from pushlab.lab.host.process_sampler import ProcessWatch
from pushlab.lab.place import Place, PlacedBroker
from pushlab.lab.scenario.cells import Cell
from pushlab.lab.workers.parent import Worker, WorkerFailed
from pushlab.systems.system import Started, Wanted

__all__ = ["DaskPlace"]

_EVENTS_S = 5.0  # a call waits so long for processes to say something
_ANSWER_S = 30.0  # a worker that answers no call for so long, with the wait on top, is lost
_KILLED = -9


class DaskPlace(Place):
    """A worker; `open` starts what serves it there.

    Args:
        actor: a `Host` there, as Dask gives it.
        label: what runs call it.
        address: its host.

    Attributes:
        machine: what the machine and its software are, once it is open.
        cores: how many the worker's processes may use.
    """

    def __init__(self, actor: Any, label: str, address: str) -> None:
        self.label = label
        self.address = address
        self.shares_clock = False
        self.why_lost = ""
        self.cores = 0
        self._lost = asyncio.Event()
        self.machine: dict[str, Any] = {}
        self._actor = actor
        self._processes: dict[int, AwayProcess] = {}
        self._number = 0
        self._outbox: list[tuple[str, int, Any]] = []
        self._outgoing = asyncio.Event()
        self._agent: Worker[AgentService] | None = None
        self._watches: dict[str, AwayWatch] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._carrying = [
            asyncio.ensure_future(self._listen()),
            asyncio.ensure_future(self._send()),
        ]

    def __repr__(self) -> str:
        return f"<DaskPlace {self.label}>"

    async def open(self) -> None:
        """Start what looks at processes there. Raises SetupError."""
        process = await self.spawn("pushlab.lab.cluster.agent")
        self._agent = Worker(process, f"agent of {self.label}", AgentService)
        told: AgentMachine = await self._ask(self._agent.commands.describe())
        self.machine, self.pid, self.cores = told.environment, told.pid, told.cores
        here = clock_names()
        self.shares_clock = bool(here) and told.clock[:2] == here[:2]
        self.shares_processes = bool(here) and told.clock == here

    @property
    def agent(self) -> AgentService:
        """What looks at processes there."""
        assert self._agent is not None, "open first"
        return self._agent.commands

    # ---- calls ----------------------------------------------------------------------------------

    async def _call(self, method: str, *arguments: Any, within_s: float = _ANSWER_S) -> Any:
        """Call the actor. Raises SetupError: the worker is lost, or says no."""
        if self.why_lost:
            raise SetupError(self.why_lost)
        try:
            async with asyncio.timeout(within_s):
                return await getattr(self._actor, method)(*arguments)
        except TimeoutError as error:
            self.lose(f"{self.label} was lost: it did not answer within {within_s:g} s")
            raise SetupError(self.why_lost) from error
        except FileNotFoundError as error:
            raise SetupError(f"{self.label}: {error.strerror}: {error.filename}") from error
        except (OSError, RuntimeError, KeyError) as error:
            # Dask tells of a worker that is gone in several ways, and of nothing else in these.
            self.lose(f"{self.label} was lost: its Dask worker died, or cannot be reached")
            raise SetupError(self.why_lost) from error

    def lose(self, why: str) -> None:
        """Nothing runs there any more; all its processes have ended."""
        if self.why_lost:
            return
        self.why_lost = why
        self._lost.set()  # before its processes end: that is the reason to be told
        for process in list(self._processes.values()):
            process.happened(ENDED, _KILLED)

    async def _listen(self) -> None:
        """Let what the processes say happen here."""
        with contextlib.suppress(SetupError):
            while True:
                events = await self._call("events", _EVENTS_S, within_s=_EVENTS_S + _ANSWER_S)
                for number, kind, what in events:
                    if (process := self._processes.get(number)) is not None:
                        process.happened(kind, what)
                        if kind == ENDED:
                            del self._processes[number]

    async def _send(self) -> None:
        """Carry away what is to be written and signalled, in order, all that waits in one call."""
        with contextlib.suppress(SetupError):
            while True:
                await self._outgoing.wait()
                self._outgoing.clear()
                outbox, self._outbox = self._outbox, []
                await self._call("carry", outbox)
                if not self._outbox:
                    for process in self._processes.values():
                        process.stdin.sent()

    def _post(self, what: str, number: int, value: Any) -> None:
        self._outbox.append((what, number, value))
        self._outgoing.set()

    # ---- processes ------------------------------------------------------------------------------

    async def spawn(self, module: str, *arguments: str) -> ChildProcess:
        """Start ``python -m module`` there. Raises SetupError."""
        self._number += 1
        number = self._number
        process = AwayProcess(
            lambda data: self._post("write", number, data),
            lambda what: self._post("signal", number, what),
        )
        self._processes[number] = process
        try:
            process.pid = await self._call("spawn", number, module, arguments)
        except BaseException:
            self._processes.pop(number, None)
            raise
        return process

    async def start(self, cell: Cell, wanted: Wanted) -> Started:
        """Start the cell's system there. Raises SetupError, UsageError."""
        return await start_away_system(self, cell, wanted)

    async def start_broker(self) -> PlacedBroker:
        """Start a broker there, alone. Raises SetupError."""
        return await start_away_broker(self)

    async def _ask(self, answer: Awaitable[Any]) -> Any:
        try:
            return await answer
        except WorkerFailed as error:
            raise SetupError(self.why_lost or f"{self.label}: {error}") from error

    # ---- looking --------------------------------------------------------------------------------

    async def begin_watching(self) -> None:
        """Forget the processes of the trial before. Raises SetupError."""
        self._watches = {}
        await self._ask(self.agent.begin())

    def watch(self, name: str, pid: int, *, tree: bool = False) -> ProcessWatch:
        """Begin to watch a process there."""
        watch = self._watches[name] = AwayWatch(pid, name)
        self._soon(self.agent.watch(name=name, pid=pid, tree=tree))
        return watch

    def watch_machine(self, name: str, apart: Sequence[int] = ()) -> ProcessWatch:
        """Begin to watch the machine."""
        watch = self._watches[name] = AwayMachineWatch(name, apart, self.cores)
        self._soon(self.agent.watch_machine(name=name, apart=list(apart)))
        return watch

    def note_phase(self, name: str) -> None:
        """What is being done from now on is called so in the samples."""
        self._soon(self.agent.phase(name=name))

    async def until_lost(self) -> str:
        """Wait until nothing runs there any more; why."""
        await self._lost.wait()
        return self.why_lost

    async def look(self) -> None:
        """Look now at all that is watched there; who is gone is not known."""
        used: dict[str, float | None] = {}
        with contextlib.suppress(SetupError):
            used = await self._ask(self.agent.look())
        for name, watch in self._watches.items():
            watch.used_s = used.get(name)

    async def take_samples(self) -> None:
        """Take over what was seen there since the last time."""
        with contextlib.suppress(SetupError):
            for name, seen in (await self._ask(self.agent.samples())).items():
                if name in self._watches:
                    self._watches[name].take(seen)

    def _soon(self, call: Awaitable[None]) -> None:
        """Let it be done, in the order of calls; that the worker is lost is told elsewhere."""

        async def quietly() -> None:
            with contextlib.suppress(WorkerFailed):
                await call

        task = asyncio.ensure_future(quietly())
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    # ---- files ----------------------------------------------------------------------------------

    async def folder(self, *, in_memory: bool = False) -> str:
        """Make a folder there. Raises SetupError."""
        return str(await self._call("folder", in_memory))

    async def remove(self, folder: str) -> None:
        """Remove one. Raises SetupError."""
        await self._call("remove", folder)

    async def sizes(self, folder: str) -> Mapping[str, int]:
        """The files in a folder there. Raises SetupError."""
        found: Mapping[str, int] = await self._call("sizes", folder)
        return found

    async def read(self, path: str, offset: int, size: int) -> bytes:
        """A piece of a file there. Raises SetupError."""
        return bytes(await self._call("read", path, offset, size))

    async def write(self, path: str, data: bytes) -> None:
        """Append to a file there. Raises SetupError."""
        await self._call("append", path, data)

    # ---- the end --------------------------------------------------------------------------------

    async def close(self) -> None:
        """End all processes there."""
        with contextlib.suppress(SetupError):
            await self._call("close")
        self.lose(f"{self.label} is closed")
        for task in [*self._carrying, *self._calls]:
            task.cancel()
        await asyncio.gather(*self._carrying, *self._calls, return_exceptions=True)
        if self._agent is not None:
            await self._agent.stop()
