"""A testbed of fresh processes: a server, a swarm and a publisher, watched while they run."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pushlab.brokers.start import Broker
from pushlab.contract.broker_access import BrokerAccess
from pushlab.errors import PushlabError, SetupError
from pushlab.hub.child import Child
from pushlab.lab.host.cores import Cores, choose_cores, pin
from pushlab.lab.host.metrics_watch import MetricsWatch
from pushlab.lab.host.process_group import GroupWatch
from pushlab.lab.host.process_sampler import ProcessWatch, watch_processes
from pushlab.lab.host.process_tree import TreeWatch
from pushlab.lab.place import EVERYTHING_HERE, HERE, Place, PlacedBroker, Placement
from pushlab.lab.trial.on_its_clock import OnItsClock
from pushlab.lab.trial.plan import TrialPlan
from pushlab.lab.trial.shares import SwarmShares
from pushlab.lab.trial.testbed import Cpu, Testbed
from pushlab.lab.workers.clients import (
    SwarmProcess,
    start_browser,
    start_publisher,
    start_swarm,
)
from pushlab.lab.workers.parent import WorkerFailed
from pushlab.lab.workers.swarm_commands import SwarmCommands
from pushlab.lab.workers.warm_pool import WarmPool
from pushlab.runs import member_name, share_name
from pushlab.systems.registry import HUB
from pushlab.systems.system import Started, Wanted

__all__ = ["TrialProcesses"]

_STOP_S = 8.0
_SAMPLES_EVERY_S = 2.0
_SERVER_LAG_EVERY_S = 0.1  # it shall cost the server nothing that one could measure


class TrialProcesses(Testbed):
    """Fresh processes for one trial.

    Args:
        cores: which processes run on which; shared out afresh if None.
        warm_pool: where to take processes from that have come up already.
        placement: where each role runs.
    """

    def __init__(
        self,
        plan: TrialPlan,
        cores: Cores | None = None,
        warm_pool: WarmPool | None = None,
        placement: Placement = EVERYTHING_HERE,
    ) -> None:
        super().__init__(plan)
        self.placement = placement
        self.cores = choose_cores() if cores is None else cores
        self._warm_pool = warm_pool or WarmPool()
        self._children: list[Child] = []
        self._swarms: list[SwarmProcess] = []
        self._placed_broker: PlacedBroker | None = None
        self._started: Started | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def has_swarm(self) -> bool:
        """Whether the swarm has been started and some of it still runs."""
        return any(one.running for one in self._swarms)

    async def start(self) -> None:
        """Start swarm, publisher and the system under test."""
        # Python comes up in both while the rest starts
        roles = self.placement
        await asyncio.gather(*(place.begin_watching() for place in roles.all))
        await self._start_swarm()
        publisher = await self._warm_pool.take(start_publisher, roles.publisher)
        self._children.append(publisher)
        self.publisher = publisher.commands
        self._begin_to_watch("publisher", publisher.pid, roles.publisher, self.cores.publisher)
        self.publish_log = await publisher.plan(self.plan.schedule())
        hub_here = self.plan.cell.system == HUB and roles.server.here
        spare = await self._warm_pool.take_hub() if hub_here else None
        broker = await self._start_broker()
        access = None if broker is None else broker.access
        wanted = self._wanted(spare, access)
        started = self._started = await roles.server.start(self.plan.cell, wanted)
        self.api, self.authority = started.api, started.authority
        self.broker = started.broker or broker
        self.fresh, self.unwatched = started.fresh, started.unwatched
        self.backplane = started.backplane
        for name, process in started.watched.items():
            cores = self.cores.servers if started.fresh else ()  # what is not ours stays as it is
            if process.pid:
                self._begin_to_watch(name, process.pid, roles.server, cores, tree=process.tree)
            if process.more:
                self._watch_as_one(name, (process.pid, *process.more), roles.server, cores)
            if process.metrics:
                await self._begin_to_read(name, process.metrics)
        if self._clocks_differ:
            await self._compare_clocks(started.clock_port)
        pids = [(one.pid, *one.more) for one in started.watched.values() if one.pid]
        apart = [pid for each in pids for pid in each]
        self.watches["runner"] = ProcessWatch(os.getpid(), "runner")
        self._watch_machines(apart)
        self._tasks = [
            *(
                asyncio.ensure_future(self._watch(one))
                for one in [*self._children, *started.children]
            ),
            asyncio.ensure_future(
                watch_processes(self.watches.values(), self._check_broker, lambda: self.phase)
            ),
            *(asyncio.ensure_future(self._watch_place(place)) for place in self._away),
            *(asyncio.ensure_future(self._take_samples(place)) for place in self._away),
        ]

    async def _start_swarm(self) -> None:
        """Start its processes, and watch them as one."""
        browser, count = self.plan.cell.client == "browser", self.plan.scenario.swarm_workers
        for number in range(1, count + 1):
            at = HERE if browser else self.placement.swarm_at(number - 1)
            one = await (start_browser() if browser else self._warm_pool.take(start_swarm, at))
            self._swarms.append(one)
            self._children.append(one)
            one.on_event = self.server_ended
            name = "swarm" if count == 1 else share_name(number)
            one.name = "swarm" if count == 1 else f"swarm share {number} of {count}"
            self._begin_to_watch(name, one.pid, at, self.cores.generator, tree=browser)
        self._tell_swarm([one.commands for one in self._swarms])
        if count == 1:
            return
        members = [self.watches.pop(share_name(number)) for number in range(1, count + 1)]
        self.watches["swarm"] = GroupWatch(members, "swarm")

    def _tell_swarm(self, commands: Sequence[SwarmCommands]) -> None:
        """Let these be told what to do."""
        self.swarm = SwarmShares(commands) if len(commands) > 1 else commands[0]

    async def _start_broker(self) -> Broker | None:
        """Start a broker that is to be apart from the hub. Raises SetupError."""
        place, cell, scenario = self.placement.broker, self.plan.cell, self.plan.scenario
        if place is None or cell.system != HUB or not cell.make().profile.needs_broker:
            return None
        if scenario.tls or scenario.broker not in ("auto", "embedded"):
            raise SetupError(
                "cluster.broker: the broker on a worker of its own is the embedded one, without"
                " tls; leave the label out, or broker and tls"
            )
        found = await place.start_broker()
        self._children.append(found.child)
        self._placed_broker = found
        self._begin_to_watch("broker", found.pid, place, self.cores.servers)
        return found.broker

    def _wanted(self, spare: Any, broker: BrokerAccess | None) -> Wanted:
        """What the trial wants of its system."""
        key = self.clocks.key if self._clocks_differ else ""
        return self.wanted(
            lag_every_s=_SERVER_LAG_EVERY_S, spare=spare, clock_key=key, broker_access=broker
        )

    @property
    def _clocks_differ(self) -> bool:
        """Whether any of the processes may have another clock than this one."""
        return not all(place.shares_clock for place in self.placement.all)

    async def _compare_clocks(self, server_port: int) -> None:
        """Let all that stamp be compared with the publisher; nobody has been told of a moment yet.

        Raises:
            SetupError: somebody does not answer.
        """
        roles, clocks = self.placement, self.clocks
        await clocks.publisher_at(self.publisher, roles.publisher.address)
        names = [self._name(number) for number in range(1, len(self._swarms) + 1)]
        for name, swarm in zip(names, self._swarms, strict=True):
            clocks.add(name, swarm.commands)
        if server_port:
            clocks.add_server(roles.server.address, server_port)
        if self._placed_broker is not None:
            clocks.add("broker", self._placed_broker.commands)
        await clocks.ask()
        pairs = zip(names, self._swarms, strict=True)
        self._tell_swarm([OnItsClock(one.commands, clocks.of(name)) for name, one in pairs])

    def _name(self, number: int) -> str:
        """Of a process of the swarm, among the watches."""
        return "swarm" if len(self._swarms) == 1 else share_name(number)

    async def look_behind(self) -> None:
        """Ask once more those that are asked."""
        asked = [one for one in self.watches.values() if isinstance(one, MetricsWatch)]
        await asyncio.gather(*(one.look(self.phase) for one in asked))

    async def server_lags(self) -> list[list[int]]:
        """When the server's event loop was looked at, and how late it was."""
        lags = [] if self._started is None else await self._started.loop_lags()
        return self.clocks.map_lags("hub", lags)

    def signal_server(self, number: signal.Signals) -> None:
        """Send a signal to the server."""
        if self._started is not None:
            self._started.send_signal(number)

    async def cpu(self) -> Cpu:
        """CPU seconds now of each process that is watched, wherever it runs."""
        await asyncio.gather(*(place.look() for place in self.placement.all))
        return await super().cpu()

    def _begin_to_watch(
        self, name: str, pid: int, place: Place, cores: Sequence[int], *, tree: bool = False
    ) -> None:
        watch = place.watch(name, pid, tree=tree)
        if place.here:
            for each in watch.pids() if isinstance(watch, TreeWatch) else [pid]:
                pin(each, cores)  # and what it starts from now on
        else:
            self.watched_at[name] = place
        self.watches[name] = watch

    def _watch_machines(self, apart: Sequence[int]) -> None:
        """Watch each machine once; where a worker runs, what it has started is the trial's."""
        of_host: dict[str, list[Place]] = {}
        for place in self.placement.all:
            of_host.setdefault("" if place.shares_processes else place.address, []).append(place)
        for number, (host, places) in enumerate(of_host.items()):
            name = "machine" if not number else f"machine of {places[0].label}"
            ours = [*apart, *(place.pid for place in places if place.pid)]
            at = places[0] if host else HERE
            watch = self.watches[name] = at.watch_machine(name, ours)
            if host:
                there = (one for one, place in self.watched_at.items() if place is at)
                watch.clock_of = next(there, "")  # of who looks: another worker's may differ
                self.watched_at[name] = at

    def _watch_as_one(
        self, name: str, pids: Sequence[int], place: Place, cores: Sequence[int]
    ) -> None:
        """Watch processes that do the same work, each by itself and all together."""
        members = []
        for number, pid in enumerate(pids, 1):
            self._begin_to_watch(member_name(name, number), pid, place, cores)
            members.append(self.watches.pop(member_name(name, number)))
        self.watches[name] = GroupWatch(members, name)

    async def _begin_to_read(self, name: str, metrics: str) -> None:
        """Read a process's figures at an address, in place of looking at it."""
        watch = MetricsWatch(metrics, name)
        self.watches.pop(name, None)
        await watch.look()
        if watch.trouble:
            self.unwatched = watch.why_not()
        else:
            self.watches[name] = watch

    # ---- noticing deaths --------------------------------------------------------------------

    async def _watch(self, child: Child) -> None:
        self.report(await child.how_it_died())

    @property
    def _away(self) -> list[Place]:
        return [place for place in self.placement.all if not place.here]

    async def _watch_place(self, place: Place) -> None:
        self.report(await place.until_lost())

    async def _take_samples(self, place: Place) -> None:
        """Bring home what was seen there now and then: what is lost keeps what it told."""
        while True:
            await asyncio.sleep(_SAMPLES_EVERY_S)
            await place.take_samples()

    def _check_broker(self) -> None:
        if self.broker is not None and not self.broker.running:
            self.report(f"the MQTT broker ({self.broker.kind}) died")
        if self._started is not None and (who := self._started.died()):
            self.report(f"{who} died")

    # ---- the end ----------------------------------------------------------------------------

    async def stop(self) -> None:
        """End everything; none of the processes is left when this returns.

        Nothing is in them any more that anybody needs, so they are not asked to say goodbye.
        """
        self.clocks.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(place.take_samples() for place in self._away))
        for one in self._children:
            one.kill()
        ending = [_limited(one.stop(), one.kill) for one in self._children]
        if self._started is not None:
            ending.append(self._started.stop())
        await asyncio.gather(*ending)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for watch in self.watches.values():
            self.clocks.map_watch(watch)
            watch.add_up()
        self.trouble.cancel()


async def _limited(work: Awaitable[None], kill: Callable[[], None]) -> None:
    try:
        await asyncio.wait_for(work, _STOP_S)
    except (TimeoutError, PushlabError, WorkerFailed, OSError):
        with contextlib.suppress(OSError):
            kill()
