"""The actor on a Dask worker: it hosts processes, and carries their lines in batches.

A call of an actor takes milliseconds, so none carries a single line: what the processes say is
gathered until somebody asks, and whoever asks waits here until there is something. Its processes
read from pipes of the worker, so they end with it, even if it is killed. They end, too, when Dask
has let go of the actor, because its client is gone, or when nobody has called for a while.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pushlab.hub.child import ChildProcess, end_child, spawn_child

__all__ = ["CLOSE", "ENDED", "ERROR", "OUTPUT", "Host"]

#: What a piece of an event's list is: standard output, standard error, or its end and its status.
OUTPUT, ERROR, ENDED = 0, 1, 2
#: In place of bytes to write: the end of a standard input.
CLOSE = b""

_MOST_BYTES = 32 << 20  # that wait here for somebody to ask
_READ_BYTES = 1 << 18
_LOOK_S = 1.0
_LAST_WORDS_S = 2.0  # what it has started may hold its pipes for longer
_STOP_S = 5.0


class Host:
    """Processes of one run on one worker; its methods are called as an actor's.

    Args:
        lease_s: its processes end when nobody has called for so long.
    """

    def __init__(self, lease_s: float) -> None:
        self._lease_s = lease_s
        self._without = _set_by_dask()
        self._processes: dict[int, ChildProcess] = {}
        self._folders: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._events: list[tuple[int, int, Any]] = []
        self._waiting_bytes = 0
        self._closed = False
        self._worker = _this_worker()

    # ---- processes ------------------------------------------------------------------------------

    async def spawn(self, number: int, module: str, arguments: Sequence[str]) -> int:
        """Start ``python -m module`` as process `number`; its process id."""
        self._called()
        process = await spawn_child(module, *arguments, without=self._without)
        self._processes[number] = process
        self._later(self._attend(number, process))
        return process.pid

    async def _attend(self, number: int, process: ChildProcess) -> None:
        """Gather what a process says, and its end behind that."""
        assert process.stdout is not None
        assert process.stderr is not None
        reading = [
            asyncio.ensure_future(self._gather(number, OUTPUT, process.stdout)),
            asyncio.ensure_future(self._gather(number, ERROR, process.stderr)),
        ]
        status = await process.wait()
        await asyncio.wait(reading, timeout=_LAST_WORDS_S)
        self._say(number, ENDED, status)

    async def _gather(self, number: int, kind: int, stream: asyncio.StreamReader) -> None:
        while piece := await stream.read(_READ_BYTES):
            while self._waiting_bytes > _MOST_BYTES and not self._closed:
                self._room.clear()
                await self._room.wait()
            self._waiting_bytes += len(piece)
            self._say(number, kind, piece)

    def _say(self, number: int, kind: int, what: Any) -> None:
        self._events.append((number, kind, what))
        self._something.set()

    async def events(self, within_s: float) -> list[tuple[int, int, Any]]:
        """What the processes have said since the last call; waits for something, but not longer."""
        self._called()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._something.wait(), within_s)
        self._something.clear()
        events, self._events = self._events, []
        self._waiting_bytes = 0
        self._room.set()
        self._called()
        return events

    async def carry(self, batch: Sequence[tuple[str, int, Any]]) -> None:
        """Do to processes what each says, in order: ``write`` (or `CLOSE`), or ``signal``."""
        self._called()
        for what, number, value in batch:
            process = self._processes.get(number)
            if process is None or process.stdin is None or process.returncode is not None:
                continue
            with contextlib.suppress(ConnectionError, RuntimeError):
                if what == "signal":
                    _send(process.pid, value)
                elif value == CLOSE:
                    process.stdin.close()
                else:
                    process.stdin.write(value)
                    await process.stdin.drain()

    # ---- files ----------------------------------------------------------------------------------

    async def folder(self, in_memory: bool) -> str:
        """Make a folder; in memory if that is wanted and can be."""
        self._called()
        shared = "/dev/shm" if in_memory and os.access("/dev/shm", os.W_OK) else None
        folder = tempfile.mkdtemp(prefix="pushlab-", dir=shared)
        self._folders.add(folder)
        return folder

    async def remove(self, folder: str) -> None:
        """Remove one that was made here."""
        self._called()
        if folder in self._folders:
            self._folders.discard(folder)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def sizes(self, folder: str) -> dict[str, int]:
        """The files in a folder that was made here, in bytes."""
        self._called()
        base = Path(folder)
        return {
            str(one.relative_to(base)): one.stat().st_size
            for one in base.rglob("*")
            if one.is_file()
        }

    async def read(self, path: str, offset: int, size: int) -> bytes:
        """A piece of a file."""
        self._called()
        return await asyncio.to_thread(_read, path, offset, size)

    async def append(self, path: str, data: bytes) -> None:
        """Write at the end of a file."""
        self._called()
        await asyncio.to_thread(_append, path, data)

    # ---- the end --------------------------------------------------------------------------------

    def _called(self) -> None:
        """Somebody has called: the lease begins anew; by the first call, everything does."""
        loop = asyncio.get_running_loop()
        self._seen_s = loop.time()
        if not hasattr(self, "_something"):
            self._something, self._room = asyncio.Event(), asyncio.Event()
            self._later(self._guard())

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self) -> None:
        """End everything when nobody holds the actor any more, or nobody calls."""
        loop = asyncio.get_running_loop()
        while not self._closed:
            await asyncio.sleep(_LOOK_S)
            held = self._worker is None or self in self._worker.state.actors.values()
            if not held or loop.time() - self._seen_s > self._lease_s:
                await self._end(0.0)

    async def close(self) -> None:
        """End all processes, and remove all folders."""
        self._called()
        await self._end(_STOP_S)

    async def _end(self, within_s: float) -> None:
        self._closed = True
        self._room.set()
        running = [one for one in self._processes.values() if one.returncode is None]
        await asyncio.gather(*(end_child(one, within_s=within_s) for one in running))
        for one in running:  # what they may have started, and lost
            _send(one.pid, signal.SIGKILL)
        folders, self._folders = self._folders, set()
        for folder in folders:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _this_worker() -> Any:
    """The worker whose actor this is; None where it is none's."""
    from distributed import get_worker

    try:
        return get_worker()
    except ValueError:
        return None


def _set_by_dask() -> list[str]:
    """What a nanny has set for its worker, and would change what is measured: malloc's dials."""
    import dask

    told = dask.config.get("distributed.nanny.pre-spawn-environ", {})
    return [name for name, value in told.items() if os.environ.get(name) == str(value)]


def _send(pid: int, what: int) -> None:
    """Send a signal; SIGKILL goes to the process's whole group, which is its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if what == signal.SIGKILL:
            os.killpg(pid, what)
        else:
            os.kill(pid, what)


def _read(path: str, offset: int, size: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(size)


def _append(path: str, data: bytes) -> None:
    with open(path, "ab") as file:
        file.write(data)
