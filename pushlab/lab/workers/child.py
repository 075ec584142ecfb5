"""A worker's own end: commands in lines of JSON on standard input, answers on standard output.

Each line is a command ``{"id": n, "do": ..., ...}``; each is answered by a line ``{"id": n, ...}``,
some of them only when what they wait for has happened. Secrets come this way so that none stands in
an argument list. The process ends when its standard input does, so it never outlives its parent.
"""

import abc
import asyncio
import contextlib
import gc
import json
import resource
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

from pushlab.errors import PushlabError
from pushlab.lab.workers.loop_lag import LoopLag

__all__ = ["CommandServer", "Write", "freeze_memory", "run_worker", "used_cpu_s"]

Write = Callable[[dict[str, Any]], None]


class CommandServer(abc.ABC):
    """Carries out commands: ``do`` is the name of a method behind ``_do_``.

    Args:
        write: takes an answer.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._tasks: set[asyncio.Task[None]] = set()
        self._moments: dict[str, dict[str, Any]] = {}
        self._window_ns = (0, 0)
        self.loop = asyncio.get_running_loop()
        self.lag = LoopLag(self.loop)

    def take(self, line: bytes) -> None:
        """Begin to carry out one command."""
        command = json.loads(line)
        task = asyncio.ensure_future(self._carry_out(command))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, command: dict[str, Any]) -> None:
        do: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]] = getattr(
            self, f"_do_{command['do']}"
        )
        try:
            answer = await do(command)
        except PushlabError as error:
            answer = {"error": type(error).__name__, "text": str(error)}
        except Exception as error:
            answer = {"error": type(error).__name__, "text": f"{type(error).__name__}: {error}"}
        self._write({"id": command["id"], **answer})

    def tell(self, event: str, **values: Any) -> None:
        """Say something without having been asked."""
        self._write({"event": event, **values})

    async def close(self) -> None:  # noqa: B027 - most have nothing to put away
        """Put away what the worker has made, before its process ends."""

    # ---- counters at the ends of the window -------------------------------------------------

    @abc.abstractmethod
    def counters(self) -> dict[str, Any]:
        """The counters now."""

    def note_window(self, start_ns: int, end_ns: int) -> None:
        """Note the counters at `start_ns` and at `end_ns`."""
        self._window_ns = (start_ns, end_ns)
        for moment, at_ns in (("start", start_ns), ("end", end_ns)):
            delay_s = (at_ns - time.monotonic_ns()) / 1e9
            self.loop.call_later(max(0.0, delay_s), self._note, moment)

    def _note(self, moment: str) -> None:
        self._moments[moment] = self.counters()

    def window(self) -> dict[str, Any]:
        """The counters at the window's start (None: not begun), its end, and now; lags; limits."""
        now = self.counters()
        start_ns, end_ns = self._window_ns
        return {
            "start": self._moments.get("start"),
            "end": self._moments.get("end", now),
            "now": now,
            "loop_lag_p99_s": self.lag.p99_s(start_ns, end_ns),
            "loop_lags": self.lag.highest(),
            "descriptor_limit": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        }


def used_cpu_s() -> float:
    """CPU seconds that this process has used."""
    return time.clock_gettime(time.CLOCK_PROCESS_CPUTIME_ID)


def freeze_memory() -> None:
    """Let the collector pass over all that stands now: it stays, and walking it takes long."""
    gc.collect()
    gc.freeze()


async def _serve(make: Callable[[Write], CommandServer]) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 30)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    out = sys.stdout.buffer

    def write(answer: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):
            out.write(json.dumps(answer).encode() + b"\n")
            out.flush()

    server = make(write)
    server.lag.start()
    try:
        while line := await reader.readline():
            server.take(line)
    finally:
        await server.close()


def run_worker(make: Callable[[Write], CommandServer]) -> None:
    """Serve commands until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(_serve(make))
