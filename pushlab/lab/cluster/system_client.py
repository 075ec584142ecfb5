"""The runner's end of a system on a worker: its `Started` and its `ServerApi`, by calls."""

import asyncio
import contextlib
import signal
from collections.abc import Sequence
from dataclasses import replace

from pushlab import errors
from pushlab.brokers.start import Broker
from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.cursor import Cursor
from pushlab.errors import ConnectionFailed, SetupError, UsageError
from pushlab.hub.child import ChildProcess
from pushlab.lab.cluster.system_messages import SystemSetup, SystemStarted
from pushlab.lab.cluster.system_process import SystemService
from pushlab.lab.place import Place
from pushlab.lab.scenario.cells import Cell
from pushlab.lab.workers.parent import Worker, WorkerFailed
from pushlab.systems.system import Admission, ServerApi, ServerCounts, Started, Wanted

__all__ = ["AwaySystem", "start_away_system"]

_STOP_S = 10.0


async def start_away_system(place: Place, cell: Cell, wanted: Wanted) -> Started:
    """Start the cell's system at a place. Raises SetupError, UsageError: it does not start."""
    process = _SystemProcess(await place.spawn("pushlab.lab.cluster.system_process"), place)
    wanted = replace(wanted, host=place.address, spare=None)
    setup = SystemSetup(system=cell.system, own=cell.own, wanted=wanted)
    try:
        told = await process.commands.start(setup=setup)
    except WorkerFailed as error:
        await process.stop()
        raise SetupError(place.why_lost or str(error)) from error
    except BaseException:
        await process.stop()
        raise
    if told.error:
        await process.stop()
        kind = getattr(errors, told.error, SetupError)
        kind = kind if issubclass(kind, SetupError | UsageError) else SetupError
        raise kind(f"{place.label}: {told.text}")
    return AwaySystem(process, told)


class _SystemProcess(Worker[SystemService]):
    """The process that hosts the system."""

    def __init__(self, process: ChildProcess, place: Place) -> None:
        super().__init__(process, "system", SystemService)
        self._place = place

    async def how_it_died(self) -> str:
        """What of the system has died, or that it all did."""
        try:
            return await self.commands.ended()
        except WorkerFailed:
            return self._place.why_lost or await super().how_it_died()


class AwaySystem(Started):
    """A system that runs on a worker for one trial."""

    def __init__(self, process: _SystemProcess, told: SystemStarted) -> None:
        self.api = _AwayApi(process.commands, told)
        self.children = [process]
        self.watched = told.watched
        self.unwatched = told.unwatched
        if told.broker is not None:
            kind, version = told.broker
            self.broker = Broker(BrokerAccess(kind, "", 0, "", ""), version=version)
        self.backplane = told.backplane
        self.authority = told.authority
        self.fresh = told.fresh
        self.version, self.clock_port = told.version, told.clock_port
        self._process = process
        self._signals: set[asyncio.Task[None]] = set()

    async def loop_lags(self) -> list[list[int]]:
        """When its event loop was looked at, and how late it was."""
        with contextlib.suppress(WorkerFailed):
            return await self._process.commands.loop_lags()
        return []

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the server."""
        task = asyncio.ensure_future(self._process.commands.send_signal(number=int(number)))
        self._signals.add(task)
        task.add_done_callback(self._signals.discard)

    async def stop(self) -> None:
        """End it, and the process that hosts it."""
        with contextlib.suppress(WorkerFailed, TimeoutError):
            await asyncio.wait_for(self._process.commands.stop(), _STOP_S)
        await self._process.stop()


class _AwayApi(ServerApi):
    """A server on a worker, asked through the process that hosts it."""

    def __init__(self, service: SystemService, told: SystemStarted) -> None:
        publishing = told.http or told.mqtt
        assert publishing is not None
        self.url, self.publishing, self.stamp_key = told.url, publishing, told.stamp_key
        self._service = service
        self._numbering: list[asyncio.Task[None]] = []

    async def admit(
        self,
        transport: str,
        subscribers: Sequence[tuple[str, int, str]],
        *,
        duration_minutes: int | None = None,
    ) -> list[Admission]:
        """What each needs. Raises ConnectionFailed: also where the server said no."""
        with _translated():
            return await self._service.admit(
                transport=transport,
                subscribers=list(subscribers),
                duration_minutes=duration_minutes,
            )

    async def publish(self, channel: str, text: str) -> Cursor:
        """Publish a message. Raises ConnectionFailed: also where the server said no."""
        with _translated():
            return Cursor(*await self._service.publish(channel=channel, text=text))

    async def publish_batch(self, batch: Sequence[tuple[str, str]]) -> list[int]:
        """Publish to each channel its text. Raises ConnectionFailed."""
        with _translated():
            return await self._service.publish_batch(batch=list(batch))

    def number_from(self, heads: Sequence[int]) -> None:
        """By channel: numbers are higher from now on; calls behind this one come behind it."""
        task = asyncio.ensure_future(self._quietly(list(heads)))
        self._numbering = [task]

    async def _quietly(self, heads: list[int]) -> None:
        with contextlib.suppress(WorkerFailed):
            await self._service.number_from(heads=heads)

    async def counts(self, transport: str, at_ns: int = 0) -> ServerCounts:
        """What it has counted, as it is at a moment of its clock. Raises ConnectionFailed."""
        with _translated():
            return await self._service.counts(transport=transport, at_ns=at_ns)


class _translated:
    """A worker's failure is the server's: it is gone, or said no."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, WorkerFailed):
            raise ConnectionFailed(str(error)) from error
