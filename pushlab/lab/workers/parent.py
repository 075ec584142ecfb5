"""The runner's end of a worker's process: calls out, answers back, and its death noticed.

A worker is a child that carries out calls; `pushlab.lab.workers.child` is its own end.
"""

import asyncio
import contextlib
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from pushlab.hub.process import end_child
from pushlab.lab.workers.messages import SubscriberClosed, decode_answer, encode

__all__ = ["Worker", "WorkerFailed", "spawn_worker"]

_STOP_S = 2.0


class WorkerFailed(Exception):
    """A worker's process died or could not do what it was told."""


class Worker:
    """A running worker; start it with `spawn_worker`.

    Attributes:
        name: what errors call it, such as ``swarm``.
        pid: of the process.
        on_event: called with what the worker tells without having been asked.
    """

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self._process = process
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._next_id = 0
        self._log: deque[str] = deque(maxlen=20)
        self.name = name
        self.pid = process.pid
        self.on_event: Callable[[SubscriberClosed], None] = lambda event: None
        self._readers = [
            asyncio.ensure_future(self._read_answers()),
            asyncio.ensure_future(self._read_log()),
        ]

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process.returncode is None

    async def wait(self) -> int:
        """Wait for its end; the exit status."""
        return await self._process.wait()

    def last_words(self) -> str:
        """The last line that it wrote to standard error."""
        return self._log[-1] if self._log else ""

    async def call(self, method: Callable[..., Any], **arguments: Any) -> Any:
        """Let the worker carry out its `method`, and wait for the answer.

        Raises:
            WorkerFailed: the process is gone, or cannot do it.
        """
        self._next_id += 1
        number, do = self._next_id, method.__name__
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        stdin = self._process.stdin
        assert stdin is not None
        try:
            if self._readers[0].done():
                raise WorkerFailed(f"the {self.name}'s process has ended")
            stdin.write(encode({"id": number, "do": do, "with": arguments}))
            await stdin.drain()
            told = await future
        except ConnectionError as error:
            raise WorkerFailed(f"the {self.name}'s process has ended") from error
        finally:
            self._waiting.pop(number, None)
        if "error" in told:
            raise WorkerFailed(f"the {self.name} could not {do}: {told['error']}")
        return decode_answer(method, told["answer"])

    async def _read_answers(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        try:
            while line := await stdout.readline():
                told = msgspec.json.decode(line)
                if "event" in told:
                    self.on_event(msgspec.convert(told["event"], SubscriberClosed))
                    continue
                future = self._waiting.get(told["id"])
                if future is not None and not future.done():
                    future.set_result(told)
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(WorkerFailed(f"the {self.name}'s process has ended"))

    async def _read_log(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        while line := await stderr.readline():
            self._log.append(line.decode(errors="replace").rstrip())

    async def stop(self) -> None:
        """End it, by force if it does not follow."""
        await end_child(self._process, within_s=_STOP_S)
        await asyncio.gather(*self._readers, return_exceptions=True)

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()


async def spawn_worker(
    module: str, *arguments: str, pass_fds: Sequence[int] = ()
) -> asyncio.subprocess.Process:
    """Start ``python -m module``; it takes commands as soon as Python is up."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=pass_fds,
        limit=1 << 26,
        start_new_session=True,  # a terminal's Ctrl-C is for the runner, who then stops the worker
    )
