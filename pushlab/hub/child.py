"""A child process: started with pipes, its last words kept, and ended for certain."""

import asyncio
import contextlib
import os
import resource
import signal
import sys
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from pushlab.child_environment import child_environment

__all__ = [
    "Child",
    "ChildProcess",
    "Input",
    "end_child",
    "kill_child",
    "raise_descriptor_limit",
    "spawn_child",
]

_STOP_S = 5.0
_LIMIT = 1 << 26  # of a line


class Input(Protocol):
    """Where a child reads: what of `asyncio.StreamWriter` is used of it."""

    def write(self, data: bytes, /) -> None:
        """Write, now or soon."""

    async def drain(self) -> None:
        """Wait until there is room for more. Raises ConnectionError: nobody reads there."""

    def close(self) -> None:
        """Let it end for whoever reads it."""


class ChildProcess(Protocol):
    """What of `asyncio.subprocess.Process` is used; a process on another machine has it too."""

    @property
    def stdin(self) -> Input | None:
        """Where it reads."""

    @property
    def stdout(self) -> asyncio.StreamReader | None:
        """What it writes."""

    @property
    def stderr(self) -> asyncio.StreamReader | None:
        """What it complains of."""

    @property
    def pid(self) -> int:
        """Its number, on the machine where it runs."""

    @property
    def returncode(self) -> int | None:
        """The exit status; None while it runs, negative for the signal that killed it."""

    async def wait(self) -> int:
        """Wait for its end; the exit status."""

    def kill(self) -> None:
        """End it at once."""

    def send_signal(self, signal: int, /) -> None:
        """Send it a signal."""


class Child:
    """A running child of `spawn_child`; its standard input is how it learns that it shall end.

    Attributes:
        name: what errors call it, such as ``swarm``.
        pid: of the process.
    """

    def __init__(self, process: ChildProcess, name: str) -> None:
        self._process = process
        self._log: deque[str] = deque(maxlen=50)
        self.name = name
        self.pid = process.pid
        assert process.stderr is not None
        self._readers = [asyncio.ensure_future(self._collect(process.stderr))]

    async def _collect(self, stream: asyncio.StreamReader) -> None:
        """Keep the last lines of a stream, and keep it from filling up."""
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # a line longer than the reader holds: its beginning is dropped
                continue
            if not line:
                return
            self._log.append(line.decode(errors="replace").rstrip())

    @property
    def returncode(self) -> int | None:
        """The exit status; None while it runs, negative for the signal that killed it."""
        return self._process.returncode

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self.returncode is None

    @property
    def log(self) -> str:
        """The last lines that it wrote, to standard error mostly."""
        return "\n".join(self._log)

    async def wait(self) -> int:
        """Wait for its end; the exit status, negative for the signal that killed it."""
        return await self._process.wait()

    async def how_it_died(self) -> str:
        """Wait for its end; who died, and how, with its last word."""
        status = await self.wait()
        how = f"killed by signal {-status}" if status < 0 else f"exit status {status}"
        words = self.log.splitlines()[-1:]
        said = f": {words[0].strip()[:200]}" if words and words[0].strip() else ""
        return f"{self.called} died ({how}){said}"

    @property
    def called(self) -> str:
        """It, in a sentence."""
        return f"the {self.name}"

    def kill(self) -> None:
        """End it at once, as ``kill -9`` does."""
        kill_child(self._process)

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    async def stop(self) -> None:
        """Let it end by itself, or by force if it does not."""
        await end_child(self._process, within_s=_STOP_S)
        await asyncio.wait(self._readers, timeout=1)  # its last words


def kill_child(process: ChildProcess) -> None:
    """End a child at once, if it has not ended.

    The standard library's own way looks first whether it has, and so takes its exit status away
    from the event loop that waits for it.
    """
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        if isinstance(process, asyncio.subprocess.Process):
            os.kill(process.pid, signal.SIGKILL)
        else:
            process.kill()


async def end_child(process: ChildProcess, *, within_s: float = 0.0) -> None:
    """Close a child's input and wait for its end; kill it when that takes too long.

    It has ended when this returns; when the caller is cancelled it is killed, and waited for too.
    """
    if process.stdin is not None:
        with contextlib.suppress(ConnectionError):
            process.stdin.close()
    try:
        async with asyncio.timeout(within_s):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            kill_child(process)
            await process.wait()


async def spawn_child(
    module: str, *arguments: str, pass_fds: Sequence[int] = (), without: Sequence[str] = ()
) -> asyncio.subprocess.Process:
    """Start ``python -m module``; its environment is without these variables."""
    environment = child_environment()
    for name in without:
        environment.pop(name, None)
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        pass_fds=pass_fds,
        limit=_LIMIT,
        start_new_session=True,  # a terminal's Ctrl-C is for the parent, who then stops the child
    )


def raise_descriptor_limit() -> None:
    """Allow this process as many descriptors as the machine lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
