"""The runner's end of a worker's process: calls out, answers back, and its death noticed.

A worker is a child that carries out calls; `pushlab.lab.workers.child` is its own end.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from pushlab.hub.child import Child, ChildProcess
from pushlab.lab.workers.messages import SubscriberClosed, decode_answer, encode, remote

__all__ = ["Worker", "WorkerFailed"]


_Service = TypeVar("_Service")


class WorkerFailed(Exception):
    """A worker's process died or could not do what it was told."""


class Worker(Child, Generic[_Service]):
    """A running worker; start its process with `spawn_child`.

    Attributes:
        commands: what it can be told: the coroutines of its `service`.
        on_event: called with what the worker tells without having been asked.
    """

    def __init__(self, process: ChildProcess, name: str, service: type[_Service]) -> None:
        super().__init__(process, name)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._next_id = 0
        self.commands = remote(service, self.call)
        self.on_event: Callable[[SubscriberClosed], None] = lambda event: None
        self._answers = asyncio.ensure_future(self._read_answers())
        self._readers.append(self._answers)

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
            if self._answers.done():
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
