"""The swarm's process: ``python -m pushlab.lab.workers.swarm_process``, a worker."""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path

from pushlab.contract.events import Closed
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.transport import Transport
from pushlab.lab.load.swarm import CONCURRENT_DIALS, Swarm
from pushlab.lab.load.traffic_tap import observed_among
from pushlab.lab.load.witness import reading_path_s, witnesses_among
from pushlab.lab.workers.child import CountingService, run_worker
from pushlab.lab.workers.messages import (
    Counters,
    SubscriberClosed,
    SwarmReport,
    SwarmSetup,
    SwarmStatus,
)
from pushlab.runs import WitnessFigures
from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.registry import find_system
from pushlab.wire.tls import client_context

__all__ = ["SwarmService", "main"]

_LEAVE_S = 3.0
#: How often rows are put away, if there are so many.
_PUT_AWAY_S = 0.05
_PUT_AWAY_ROWS = 4096
_REASONS = 100  # of which so many are told


class SwarmService(CountingService):
    """The swarm as a worker.

    Args:
        make: makes the transport; None: the one that the system speaks.
    """

    def __init__(self, make: Callable[[SwarmSetup], Transport] | None = None) -> None:
        super().__init__()
        self._make = make or _transport
        self._swarm: Swarm | None = None
        self._witnesses: Collection[int] = ()
        self._path_s: float | None = None
        self._putting: asyncio.TimerHandle | None = None

    @property
    def swarm(self) -> Swarm:
        """The swarm, once it is configured."""
        assert self._swarm is not None, "configure first"
        return self._swarm

    def counters(self) -> Counters:
        """The counters now."""
        swarm, recorder = self.swarm, self.swarm.recorder
        due, late, skipped = swarm.ticks()
        duplicated, reordered = swarm.set_right()
        return Counters(
            bytes_in=recorder.bytes_in,
            bytes_out=recorder.bytes_out,
            cpu_s=self.cpu_s(),
            hits=swarm.hits(),
            dials=swarm.dials,
            polls_due=due,
            polls_late=late,
            polls_skipped=skipped,
            deliveries=recorder.deliveries,
            duplicated=duplicated,
            reordered=reordered,
            strays=recorder.strays,
            unstamped=recorder.unstamped,
            gaps=recorder.gaps,
            disconnects=recorder.disconnects,
        )

    def witnesses(self) -> WitnessFigures:
        """How the stamps of its deliveries were held against the kernel's."""
        stamps, recorder = self.swarm.stamps, self.swarm.recorder
        if not self.swarm.transport.is_sans_io():
            return WitnessFigures(
                why="without a sans-I/O client half, a transport reads its own sockets"
            )
        if not self._witnesses:  # they are in other shares
            return WitnessFigures()
        if stamps is None:
            return WitnessFigures(why="this machine's kernel does not stamp what TCP receives")
        return WitnessFigures(
            clients=len(self._witnesses),
            deliveries=len(recorder.stamped_row),
            bounded=recorder.bounded,
            discarded=stamps.discarded,
            steps=stamps.clock.steps,
            bound_ns=stamps.clock.bound_ns,
            path_s=self._path_s,
        )

    async def close(self) -> None:
        """Let everybody leave whose connection this process would keep."""
        if self._putting is not None:
            self._putting.cancel()
        if self._swarm is not None and not self.own_process:
            await self._swarm.leave(_LEAVE_S)

    async def configure(self, setup: SwarmSetup) -> bool:
        """Take the subscribers; whether their client half is sans-I/O."""
        transport = self._make(setup)
        authority = setup.authority  # a certificate; there is no secret in it
        count = len(setup.subscribers)
        if transport.is_sans_io():
            channels = [one.channel for one in setup.subscribers]
            drawn = witnesses_among(channels, seed=setup.seed)
            self._witnesses = _numbers(drawn, setup.witnesses)
        self._swarm = swarm = Swarm(
            transport,
            seed=setup.seed,
            key=setup.stamp_key,
            link=setup.link,
            tls=client_context(authority) if authority else None,
            observed=_numbers(observed_among(count), setup.observed),
            witnesses=self._witnesses,
            first=setup.first,
            dials=setup.dials or CONCURRENT_DIALS,
        )
        if swarm.stamps is not None:
            self._path_s = await reading_path_s(swarm.stamps)
        for one in setup.subscribers:
            swarm.add(one.channel, Endpoint.told(one.endpoint), one.token)
        swarm.on_closed = self._tell_closed
        self.freeze_memory()
        return transport.is_sans_io()

    def _tell_closed(self, event: Closed) -> None:
        if self.swarm.closed == 1:
            self.on_event(SubscriberClosed(reason=event.reason, status=event.status))

    async def start(self) -> Counters:
        """Let every subscriber begin; the counters when the server has accepted all."""
        self.swarm.start()
        await self.swarm.all_connected()
        return self.counters()

    async def reach(self, heads: list[int], never: list[list[int]] | None = None) -> None:
        """Wait until all subscribers of channel i have ``heads[i]``; see `Swarm.set_goal`."""
        self.swarm.set_goal(heads, never)
        await self.swarm.reached()

    async def begin(self, start_ns: int, end_ns: int) -> None:
        """Count rows from here, and note the counters at both moments."""
        self.swarm.begin()
        self.note_window(start_ns, end_ns)
        self._put_away()

    def _put_away(self) -> None:
        """Keep the rows that come out of memory, until they are asked for."""
        recorder = self.swarm.recorder
        if len(recorder.seq) - recorder.mark >= _PUT_AWAY_ROWS:
            recorder.put_away()
        self._putting = self.loop.call_later(_PUT_AWAY_S, self._put_away)

    async def status(self) -> SwarmStatus:
        """How far the subscribers are."""
        swarm, recorder = self.swarm, self.swarm.recorder
        return SwarmStatus(
            connected=swarm.connected,
            pending=swarm.pending,
            deliveries=recorder.deliveries,
            recent=recorder.recent(),
            reason=recorder.trouble(),
        )

    async def count(self) -> Counters:
        """The counters now."""
        return self.counters()

    async def leave(self) -> dict[str, int]:
        """Let everybody say goodbye; all hits, when the connections are closed."""
        await self.swarm.leave(_LEAVE_S)
        return self.swarm.hits()

    async def finish(self, path: str) -> SwarmReport:
        """Write the rows to files in `path`; what is missing now is waited for no more."""
        swarm, recorder = self.swarm, self.swarm.recorder
        swarm.forget()
        if self._putting is not None:
            self._putting.cancel()
        return SwarmReport.after(
            self.window(),
            rows=recorder.write(Path(path), swarm.key),
            closed=swarm.closed,
            reasons=dict(recorder.reasons.most_common(_REASONS)),
        )


def _numbers(drawn: Collection[int], told: Collection[int] | None) -> frozenset[int]:
    """Those that were told, or else drawn."""
    return frozenset(drawn if told is None else told)


def _transport(setup: SwarmSetup) -> Transport:
    system = find_system(setup.system) if setup.own is None else DeclaredSystem.of(setup.own)
    return system.transport(setup.transport, setup.options)


def main() -> None:
    """Serve calls until standard input ends."""
    run_worker(SwarmService)


if __name__ == "__main__":
    main()
