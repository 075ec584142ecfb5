"""A worker's own end: calls in lines of JSON on standard input, answers on standard output.

A call is answered when what it waits for has happened. Secrets come this way so that none stands in
an argument list. The process ends when its standard input does, so it never outlives its parent.
"""

import abc
import asyncio
import contextlib
import dataclasses
import gc
import inspect
import resource
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec
import uvloop

from pushlab.errors import PushlabError
from pushlab.hub.child import raise_descriptor_limit
from pushlab.hub.loop_lag import LoopLag, p99_s
from pushlab.lab.clocks.asker import ClockAsker, ClockDoor, Exchanges
from pushlab.lab.workers.messages import (
    Counters,
    SubscriberClosed,
    WindowReport,
    decode_arguments,
    encode,
)
from pushlab.runs import WitnessFigures
from pushlab.wire.clock_exchange import ClockResponder

__all__ = ["CountingService", "WorkerService", "run_worker"]


class WorkerService:
    """Does what a worker does, in a process of its own or in somebody else's.

    Attributes:
        own_process: whether it has the process, its CPU and its event loop to itself.
        on_event: told what happens without having been asked.
    """

    def __init__(self) -> None:
        self.own_process = False
        self.on_event: Callable[[SubscriberClosed], None] = lambda event: None
        self.loop = asyncio.get_running_loop()
        self.lag = LoopLag(self.loop)
        self._responder: ClockResponder | None = None
        self._asker: ClockAsker | None = None

    async def close(self) -> None:
        """Put away what the worker has made."""

    # ---- the clock --------------------------------------------------------------------------

    async def answer_clock(self, host: str, key: str) -> int:
        """Answer who asks for this process's time; the port. Raises SetupError.

        Args:
            host: where to answer.
            key: of the trial.
        """
        self._responder = ClockResponder(host, key)
        return self._responder.port

    async def ask_clock(self, door: ClockDoor) -> Exchanges:
        """Ask another process for its time, now and then from here on; what came of it so far.

        Raises:
            SetupError: there is no way there.
        """
        if self._asker is None:
            self._asker = ClockAsker.open(door)
        found = await self._asker.around()
        self._asker.go_on()
        return found

    def leave_clock(self) -> None:
        """Answer and ask no more."""
        for one in (self._responder, self._asker):
            if one is not None:
                one.close()

    def cpu_s(self) -> float:
        """CPU seconds that the process has used, if it is the worker's own."""
        if not self.own_process:
            return 0.0
        return time.clock_gettime(time.CLOCK_PROCESS_CPUTIME_ID)

    def freeze_memory(self) -> None:
        """Let the collector pass over all that stands now: it stays, and walking it takes long."""
        if self.own_process:
            gc.collect()
            gc.freeze()


class CountingService(WorkerService, abc.ABC):
    """A service that notes its counters at the ends of a window."""

    def __init__(self) -> None:
        super().__init__()
        self._moments: dict[str, Counters] = {}
        self._window_ns = (0, 0)

    @abc.abstractmethod
    def counters(self) -> Counters:
        """The counters now."""

    def witnesses(self) -> WitnessFigures:
        """How its stamps were held against the kernel's, so far."""
        return WitnessFigures()

    def note_window(self, start_ns: int, end_ns: int) -> None:
        """Note the counters at `start_ns` and at `end_ns`."""
        self._window_ns = (start_ns, end_ns)
        self._note("start", start_ns)
        self._note("end", end_ns)

    def _note(self, moment: str, at_ns: int) -> None:
        now_ns = time.monotonic_ns()
        if now_ns < at_ns:  # timers may run a millisecond early
            self.loop.call_later((at_ns - now_ns) / 1e9, self._note, moment, at_ns)
        else:
            self._moments[moment] = dataclasses.replace(self.counters(), at_ns=now_ns)

    def window(self) -> WindowReport:
        """What was noted, and the counters now."""
        now = self.counters()
        return WindowReport(
            start=self._moments.get("start"),
            end=self._moments.get("end", now),
            now=now,
            loop_lag_p99_s=p99_s(within := self.lag.within(*self._window_ns)),
            window_lags_ns=within,
            loop_lags=self.lag.highest(),
            descriptor_limit=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
            witnesses=self.witnesses(),
        )


async def _answer(service: WorkerService, call: dict[str, Any]) -> dict[str, Any]:
    """Carry out a call: the answer, or what went wrong."""
    try:
        method = getattr(service, call["do"])
        answer = method(**decode_arguments(method, call["with"]))
        if inspect.isawaitable(answer):
            answer = await answer
        return {"id": call["id"], "answer": answer}
    except Exception as error:
        text = str(error) if isinstance(error, PushlabError) else f"{type(error).__name__}: {error}"
        return {"id": call["id"], "error": text}


async def _serve(make: Callable[[], WorkerService]) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 30)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    out = sys.stdout.buffer
    tasks: set[asyncio.Task[None]] = set()

    def write(message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):
            out.write(encode(message))
            out.flush()

    async def carry_out(line: bytes) -> None:
        write(await _answer(service, msgspec.json.decode(line)))

    service = make()
    service.own_process = True
    service.on_event = lambda event: write({"event": event})
    service.lag.start()
    try:
        while line := await reader.readline():
            task = asyncio.ensure_future(carry_out(line))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    finally:
        service.leave_clock()
        await service.close()


def run_worker(make: Callable[[], WorkerService]) -> None:
    """Serve calls until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    raise_descriptor_limit()
    uvloop.run(_serve(make))
