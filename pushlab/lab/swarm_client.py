"""The runner's end of the swarm's process: commands out, answers back, and its death noticed."""

import asyncio
import contextlib
import json
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pushlab.lab.hub_api import Admission
from pushlab.runs import Link

__all__ = ["SwarmFailed", "SwarmProcess", "read_rows", "start_swarm"]

_STOP_S = 2.0


class SwarmFailed(Exception):
    """The swarm's process died or could not do what it was told."""


class SwarmProcess:
    """A running swarm; start it with `start_swarm`.

    Attributes:
        pid: of the process.
        on_closed: called with reason and status when the server has ended a first subscriber.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._next_id = 0
        self._log: deque[str] = deque(maxlen=20)
        self.pid = process.pid
        self.on_closed: Callable[[str, int], None] = lambda reason, status: None
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

    async def ask(self, do: str, **values: Any) -> dict[str, Any]:
        """Send a command and wait for its answer.

        Raises:
            SwarmFailed: the process is gone, or cannot do it.
        """
        self._next_id += 1
        number = self._next_id
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        line = json.dumps({"id": number, "do": do, **values}).encode() + b"\n"
        stdin = self._process.stdin
        assert stdin is not None
        try:
            if self._readers[0].done():
                raise SwarmFailed("the swarm's process has ended")
            stdin.write(line)
            await stdin.drain()
            answer = await future
        except ConnectionError as error:
            raise SwarmFailed("the swarm's process has ended") from error
        finally:
            self._waiting.pop(number, None)
        if "error" in answer:
            raise SwarmFailed(f"the swarm could not {do}: {answer['text']}")
        return answer

    async def configure(
        self,
        transport: str,
        options: Mapping[str, Any],
        admissions: Sequence[Admission],
        *,
        seed: int,
        link: Link,
        authority: str | None = None,
    ) -> bool:
        """Give it its subscribers; whether their client half is sans-I/O.

        Args:
            link: the network to emulate.
            authority: whom to trust where endpoints are encrypted, as a PEM certificate.
        """
        subscribers = [[a.channel, a.token, dict(a.endpoint)] for a in admissions]
        answer = await self.ask(
            "configure",
            transport=transport,
            options=dict(options),
            seed=seed,
            link=asdict(link),
            authority=authority,
            subscribers=subscribers,
        )
        return bool(answer["sans_io"])

    async def _read_answers(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        try:
            while line := await stdout.readline():
                answer = json.loads(line)
                if "event" in answer:
                    self.on_closed(answer["reason"], answer["status"])
                    continue
                future = self._waiting.get(answer.pop("id"))
                if future is not None and not future.done():
                    future.set_result(answer)
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(SwarmFailed("the swarm's process has ended"))

    async def _read_log(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        while line := await stderr.readline():
            self._log.append(line.decode(errors="replace").rstrip())

    async def stop(self) -> None:
        """End it, by force if it does not follow."""
        if self._process.stdin is not None:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_S)
        except TimeoutError:
            self.kill()
            await self._process.wait()
        await asyncio.gather(*self._readers, return_exceptions=True)

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()


async def start_swarm() -> SwarmProcess:
    """Start the process; it takes commands as soon as Python is up."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pushlab.lab.swarm_process",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 26,
        start_new_session=True,  # a terminal's Ctrl-C is for the runner, who then stops the swarm
    )
    return SwarmProcess(process)


def read_rows(path: Path, rows: int, *, per_channel: int) -> dict[str, Any]:
    """Read what the command ``finish`` wrote, as the columns of `pushlab.runs.rows.DELIVERIES`."""
    raw = path.read_bytes()
    seq = np.frombuffer(raw, np.int64, rows)
    received_ns = np.frombuffer(raw, np.int64, rows, offset=rows * 8)
    subscriber = np.frombuffer(raw, np.int32, rows, offset=rows * 16)
    return {
        "channel": subscriber // np.int32(per_channel),
        "seq": seq,
        "subscriber": subscriber,
        "received_ns": received_ns,
    }
