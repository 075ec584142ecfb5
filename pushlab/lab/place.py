"""Where the processes of a trial run: on this machine, or on another that carries their lines.

A role of a trial is started at a `Place` and told what to do by lines, wherever that is; so the
laboratory above this door is the same for both. `HERE` is this machine.
"""

import abc
import asyncio
import mmap
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pushlab.brokers.start import Broker
from pushlab.errors import SetupError
from pushlab.hub.child import Child, ChildProcess, spawn_child
from pushlab.lab.host.machine_watch import MachineWatch
from pushlab.lab.host.process_sampler import ProcessWatch
from pushlab.lab.host.process_tree import TreeWatch
from pushlab.lab.scenario.cells import Cell
from pushlab.systems.system import Started, Wanted

__all__ = ["EVERYTHING_HERE", "HERE", "HerePlace", "Place", "PlacedBroker", "Placement"]

_PIECE_BYTES = 8 << 20


class Place(abc.ABC):
    """A machine, or a part of one, on which processes of a trial can run.

    Attributes:
        label: what runs call it; no host's name.
        address: the host by which others reach what listens there.
        here: whether it is this machine, as far as files and process numbers go.
        shares_clock: whether its monotonic clock is this process's.
        shares_processes: whether processes there have numbers that mean the same here.
        pid: of what starts them there; 0: this process does.
        why_lost: why nothing runs there any more, in words; empty: all is well.
    """

    label = "here"
    address = "127.0.0.1"
    here = False
    shares_clock = True
    shares_processes = True
    pid = 0
    why_lost = ""

    @abc.abstractmethod
    async def spawn(self, module: str, *arguments: str) -> ChildProcess:
        """Start ``python -m module`` there, with pipes; it ends when its standard input does.

        Raises:
            SetupError: nothing can be started there.
        """

    @abc.abstractmethod
    async def start(self, cell: Cell, wanted: Wanted) -> Started:
        """Start the cell's system there, reached at `address`. Raises SetupError, UsageError."""

    async def start_broker(self) -> "PlacedBroker":
        """Start a broker there, alone. Raises SetupError."""
        raise SetupError(f"{self.label}: a broker stands beside its server")

    # ---- looking at processes ---------------------------------------------------------------

    @abc.abstractmethod
    def watch(self, name: str, pid: int, *, tree: bool = False) -> ProcessWatch:
        """Begin to watch a process there; what it is asked of CPU is as `look` saw it last."""

    @abc.abstractmethod
    def watch_machine(self, name: str, apart: Sequence[int] = ()) -> ProcessWatch:
        """Begin to watch the machine; see `MachineWatch`."""

    # What is here is looked at when it is asked for, and nothing of it is lost by itself.

    async def begin_watching(self) -> None:  # noqa: B027
        """Forget what was watched there. Raises SetupError."""

    async def look(self) -> None:  # noqa: B027
        """Look now at all that is watched there."""

    async def take_samples(self) -> None:  # noqa: B027
        """Let the watches have what was seen there since the last time."""

    def note_phase(self, name: str) -> None:  # noqa: B027
        """What is being done from now on is called so in the samples."""

    async def until_lost(self) -> str:
        """Wait until nothing runs there any more; why."""
        await asyncio.Event().wait()
        return self.why_lost

    # ---- files ------------------------------------------------------------------------------

    @abc.abstractmethod
    async def folder(self, *, in_memory: bool = False) -> str:
        """Make a folder there, to be removed with `remove`; in memory, if that can be."""

    @abc.abstractmethod
    async def remove(self, folder: str) -> None:
        """Remove one, with all that is in it."""

    @abc.abstractmethod
    async def sizes(self, folder: str) -> Mapping[str, int]:
        """The files in a folder there, by name, in bytes."""

    @abc.abstractmethod
    async def read(self, path: str, offset: int, size: int) -> bytes:
        """A piece of a file there; shorter where it ends."""

    @abc.abstractmethod
    async def write(self, path: str, data: bytes) -> None:
        """Append to a file there, which is made if it is not there."""

    async def send(self, data: "bytes | bytearray | mmap.mmap", path: str) -> None:
        """Write a file there, in pieces."""
        view = memoryview(data)
        for offset in range(0, max(1, len(view)), _PIECE_BYTES):
            await self.write(path, bytes(view[offset : offset + _PIECE_BYTES]))

    async def bring(self, there: str, folder: Path) -> None:
        """Copy every file of a folder there into `folder`, in pieces: never one as a whole."""
        for name, size in (await self.sizes(there)).items():
            with (folder / name).open("wb") as file:
                while (place := file.tell()) < size:
                    piece = await self.read(f"{there}/{name}", place, _PIECE_BYTES)
                    if not piece:
                        break
                    file.write(piece)


class HerePlace(Place):
    """This machine."""

    here = True

    async def spawn(self, module: str, *arguments: str) -> ChildProcess:
        """Start ``python -m module``, with pipes."""
        return await spawn_child(module, *arguments)

    async def start(self, cell: Cell, wanted: Wanted) -> Started:
        """Start the cell's system. Raises SetupError, UsageError."""
        return await cell.served_by.start(wanted)

    def watch(self, name: str, pid: int, *, tree: bool = False) -> ProcessWatch:
        """Begin to watch a process."""
        return TreeWatch(pid, name) if tree else ProcessWatch(pid, name)

    def watch_machine(self, name: str, apart: Sequence[int] = ()) -> ProcessWatch:
        """Begin to watch the machine."""
        return MachineWatch(apart)

    async def folder(self, *, in_memory: bool = False) -> str:
        """Make a folder."""
        return tempfile.mkdtemp(prefix="pushlab-")

    async def remove(self, folder: str) -> None:
        """Remove one."""
        shutil.rmtree(folder, ignore_errors=True)

    async def sizes(self, folder: str) -> Mapping[str, int]:
        """The files in a folder."""
        return {one.name: one.stat().st_size for one in Path(folder).iterdir() if one.is_file()}

    async def read(self, path: str, offset: int, size: int) -> bytes:
        """A piece of a file."""
        return await asyncio.to_thread(_read, path, offset, size)

    async def write(self, path: str, data: bytes) -> None:
        """Append to a file."""
        await asyncio.to_thread(_append, path, data)


def _read(path: str, offset: int, size: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(size)


def _append(path: str, data: bytes) -> None:
    with open(path, "ab") as file:
        file.write(data)


HERE: Place = HerePlace()


@dataclass(frozen=True, slots=True)
class PlacedBroker:
    """A broker that runs apart from its server.

    Attributes:
        child: what hosts it there; `commands`: what that can be told of clocks.
        broker: how it is reached; it has no process here.
        pid: of the broker itself, there.
    """

    child: Child
    commands: Any
    broker: Broker
    pid: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Which role of a trial runs where.

    Attributes:
        server: the system under test, and the broker beside it.
        broker: the broker, if it is to be elsewhere.
        swarm: of the swarm's shares, in turn.
    """

    server: Place = HERE
    publisher: Place = HERE
    swarm: Sequence[Place] = (HERE,)
    broker: Place | None = None

    @property
    def all(self) -> list[Place]:
        """Each place once."""
        apart = [] if self.broker is None else [self.broker]
        return list(dict.fromkeys([self.server, self.publisher, *self.swarm, *apart]))

    def to_json(self) -> dict[str, list[str]]:
        """By role, the labels of the places; empty where everything is here."""
        if self == EVERYTHING_HERE:
            return {}
        swarm = dict.fromkeys(place.label for place in self.swarm)
        return {
            "hub": [self.server.label],
            "publisher": [self.publisher.label],
            "swarm": list(swarm),
            **({} if self.broker is None else {"broker": [self.broker.label]}),
        }

    def swarm_at(self, share: int) -> Place:
        """Where a share of the swarm runs."""
        return self.swarm[share % len(self.swarm)]


EVERYTHING_HERE = Placement()
