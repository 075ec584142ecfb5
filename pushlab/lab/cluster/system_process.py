"""A system under test on a worker: ``python -m pushlab.lab.cluster.system_process``, a worker.

It starts the system on its own machine as the laboratory does here, with all that belongs to it,
and answers what the laboratory asks of a server that runs. So every system can be placed, and only
the command line's own connections cross the network.
"""

import asyncio
import contextlib
import os
import signal

from pushlab.contract.cursor import Cursor
from pushlab.errors import PushlabError, SetupError, UsageError
from pushlab.lab.cluster.system_messages import SystemSetup, SystemStarted
from pushlab.lab.trial.clocks import where_to_answer
from pushlab.lab.workers.child import WorkerService, run_worker
from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.publishing import HttpPublishing, MqttPublishing
from pushlab.systems.registry import find_system
from pushlab.systems.system import Admission, ServerCounts, Started
from pushlab.wire.clock_exchange import ClockResponder

__all__ = ["SystemService", "main"]

_LOOK_S = 0.2


class SystemService(WorkerService):
    """One system that runs for one trial."""

    def __init__(self) -> None:
        super().__init__()
        self._started: Started | None = None
        self._clock: ClockResponder | None = None

    @property
    def started(self) -> Started:
        """The system, once it is started."""
        assert self._started is not None, "start first"
        return self._started

    async def close(self) -> None:
        """End it."""
        await self.stop()

    async def start(self, setup: SystemSetup) -> SystemStarted:
        """Start it; what others need of it. What goes wrong is told by its name and text."""
        system = find_system(setup.system) if setup.own is None else DeclaredSystem.of(setup.own)
        try:
            started = self._started = await system.start(setup.wanted)
        except (SetupError, UsageError) as error:
            return SystemStarted(error=type(error).__name__, text=str(error))
        port, wanted = started.clock_port, setup.wanted
        if wanted.clock_key and not port:  # a server that tells no time has the clock of this one
            self._clock = ClockResponder(where_to_answer(wanted.host), wanted.clock_key)
            port = self._clock.port
        api, publishing, broker = started.api, started.api.publishing, started.broker
        return SystemStarted(
            url=api.url,
            http=publishing if isinstance(publishing, HttpPublishing) else None,
            mqtt=publishing if isinstance(publishing, MqttPublishing) else None,
            stamp_key=api.stamp_key,
            watched=dict(started.watched),
            unwatched=started.unwatched,
            broker=None if broker is None else (broker.kind, broker.version),
            backplane=started.backplane,
            authority=started.authority,
            fresh=started.fresh,
            version=started.version,
            clock_port=port,
        )

    async def ended(self) -> str:
        """Wait until something of it dies; what did, and how."""
        waiting = [asyncio.ensure_future(one.how_it_died()) for one in self.started.children]
        waiting.append(asyncio.ensure_future(self._beside_died()))
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for one in waiting:
                one.cancel()

    async def _beside_died(self) -> str:
        broker = self.started.broker
        while broker is None or broker.running:
            if who := self.started.died():
                return f"{who} died"
            await asyncio.sleep(_LOOK_S)
        return f"the MQTT broker ({broker.kind}) died"

    # ---- what is asked of it ----------------------------------------------------------------

    async def admit(
        self,
        transport: str,
        subscribers: list[tuple[str, int, str]],
        duration_minutes: int | None = None,
    ) -> list[Admission]:
        """See `ServerApi`."""
        admit = self.started.api.admit
        return await admit(transport, subscribers, duration_minutes=duration_minutes)

    async def publish(self, channel: str, text: str) -> tuple[str, int]:
        """See `ServerApi`; epoch and number."""
        told: Cursor = await self.started.api.publish(channel, text)
        return told.epoch, told.seq

    async def publish_batch(self, batch: list[tuple[str, str]]) -> list[int]:
        """See `ServerApi`."""
        return await self.started.api.publish_batch(batch)

    async def number_from(self, heads: list[int]) -> None:
        """See `ServerApi`."""
        self.started.api.number_from(heads)

    async def counts(self, transport: str, at_ns: int = 0) -> ServerCounts:
        """See `ServerApi`; moments are of the clock here."""
        return await self.started.api.counts(transport, at_ns)

    async def loop_lags(self) -> list[list[int]]:
        """See `Started`."""
        return await self.started.loop_lags()

    async def send_signal(self, number: int) -> None:
        """See `Started`."""
        self.started.send_signal(signal.Signals(number))

    async def stop(self) -> None:
        """End it; nothing of it is left."""
        if self._clock is not None:
            self._clock.close()
        started, self._started = self._started, None
        if started is not None:
            with contextlib.suppress(PushlabError, OSError):
                await started.stop()


def main() -> None:
    """Serve calls until standard input ends."""
    os.umask(0o077)  # of what it writes: keys and certificates
    run_worker(SystemService)


if __name__ == "__main__":
    main()
