"""Processes under measurement: started, pinned to a core, their CPU seconds read, ended.

A contender written in Python is a script that is handed a *board*: three numbers in a file that
both sides have in memory. It counts its work there, so that the harness can read the count at a
moment of its choosing without asking.
"""

import asyncio
import contextlib
import mmap
import os
import resource
import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import psutil

from pushlab.lab.host.process_sampler import cpu_seconds

__all__ = [
    "CORES",
    "Board",
    "Child",
    "cpu_of",
    "pin",
    "program_missing",
    "raise_descriptor_limit",
    "rss_of",
    "start_child",
]

_STOP_S = 5.0
_FIELDS = ("work", "errors", "ready")

#: The cores that this run may use; with a single one, everybody shares it.
CORES = (
    sorted(os.sched_getaffinity(0))
    if hasattr(os, "sched_getaffinity")
    else list(range(os.cpu_count() or 1))
)


class Board:
    """Counters that a contender and the harness share.

    Attributes:
        cells: ``[work, errors, ready]`` as 64-bit integers; see the properties.
        path: of the file behind it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        size = 8 * len(_FIELDS)
        with path.open("r+b" if path.exists() else "w+b") as file:
            file.truncate(size)
            self._map = mmap.mmap(file.fileno(), size)
        self.cells = memoryview(self._map).cast("q")

    @property
    def work(self) -> int:
        """What has been done so far, each piece checked."""
        return self.cells[0]

    @property
    def errors(self) -> int:
        """What was not as it should have been."""
        return self.cells[1]

    @property
    def ready(self) -> int:
        """How many clients stand."""
        return self.cells[2]


def cpu_of(pid: int) -> float:
    """User and system CPU seconds of a process and all of its descendants that live.

    Raises:
        RuntimeError: it is gone.
    """
    total = cpu_seconds(pid)
    if total is None:
        raise RuntimeError("a measured process has ended")
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(pid).children(recursive=True):
            total += cpu_seconds(child.pid) or 0.0
    return total


def rss_of(pid: int) -> int:
    """Resident bytes of a process and its descendants."""
    process = psutil.Process(pid)
    return sum(int(each.memory_info().rss) for each in (process, *process.children(recursive=True)))


def pin(pid: int, core: int, *, polite: bool = False) -> None:
    """Keep a process and its threads on one core (Linux; elsewhere the system decides).

    Args:
        core: an index into `CORES`; a machine with fewer cores shares its last one.
        polite: do not interrupt whoever runs on that core when work arrives (SCHED_BATCH).
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    chosen = {CORES[min(core, len(CORES) - 1)]}
    for each in (pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))):
        for thread in psutil.Process(each).threads():
            with contextlib.suppress(OSError):
                os.sched_setaffinity(thread.id, chosen)
                if polite:
                    os.sched_setscheduler(thread.id, os.SCHED_BATCH, os.sched_param(0))


def raise_descriptor_limit() -> int:
    """Allow this process and its children as many descriptors as the machine lets them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return soft


def program_missing(name: str) -> Callable[[], str | None]:
    """For `Contender.missing`: a program that must be installed."""
    return lambda: None if shutil.which(name) else f"{name} is not installed"


class Child:
    """A process under measurement.

    Attributes:
        pid: of the process.
        board: its counters.
    """

    def __init__(self, process: asyncio.subprocess.Process, board: Board) -> None:
        self._process = process
        self.board = board
        self.pid = process.pid
        self._log: deque[str] = deque(maxlen=30)
        self._reading = asyncio.ensure_future(self._read_log())

    async def _read_log(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self._log.append(line.decode(errors="replace").rstrip())

    @property
    def log(self) -> str:
        """The last lines that it wrote."""
        return "\n".join(self._log)

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process.returncode is not None

    def check(self) -> None:
        """Raise RuntimeError with its last words if it has ended."""
        if self.ended:
            last = self._log[-1] if self._log else "without a word"
            raise RuntimeError(f"the contender ended ({self._process.returncode}): {last}")

    async def until(self, condition: Callable[[], bool], limit_s: float, what: str) -> None:
        """Wait until `condition` holds.

        Raises:
            RuntimeError: it does not within `limit_s`, or the process has ended.
        """
        due = time.monotonic() + limit_s
        while not condition():
            self.check()
            if time.monotonic() > due:
                raise RuntimeError(f"{what}: not within {limit_s:g} s")
            await asyncio.sleep(0.001)

    async def wait(self) -> int:
        """Wait for its end; the exit status."""
        status = await self._process.wait()
        await self._reading
        return status

    async def stop(self) -> None:
        """End it, by force if it does not follow."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), _STOP_S)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
                await self._process.wait()
        await self._reading


@contextlib.asynccontextmanager
async def start_child(
    command: Sequence[str], *, core: int | None = None, polite: bool = False
) -> AsyncIterator[Child]:
    """Run a program while the body does; ``{board}`` in its arguments becomes the board's path.

    A command that begins with ``-m`` is run by this Python.
    """
    with tempfile.TemporaryDirectory(prefix="pushlab-bench-") as folder:
        board = Board(Path(folder) / "board")
        arguments = [argument.replace("{board}", str(board.path)) for argument in command]
        if arguments[0] == "-m":
            arguments.insert(0, sys.executable)
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # a terminal's Ctrl-C is for the harness, who then ends it
        )
        child = Child(process, board)
        try:
            if core is not None:
                pin(child.pid, core, polite=polite)
            yield child
        finally:
            await child.stop()
