"""What a trial is run on: a server, subscribers and a publisher, wherever they are."""

import abc
import asyncio
import contextlib
import secrets
import signal
from typing import Any

from pushlab.brokers.start import Broker
from pushlab.hub.backplane.registry import with_log_in
from pushlab.lab.host.process_sampler import ProcessWatch
from pushlab.lab.load.publish_log import PublishLog
from pushlab.lab.place import EVERYTHING_HERE, Place
from pushlab.lab.scenario.several_hubs import hub_backplane
from pushlab.lab.trial.clocks import TrialClocks
from pushlab.lab.trial.plan import TrialPlan
from pushlab.lab.workers.messages import SubscriberClosed
from pushlab.lab.workers.publisher_process import PublisherService
from pushlab.lab.workers.swarm_commands import SwarmCommands
from pushlab.lab.workers.swarm_process import SwarmService
from pushlab.systems.registry import HUB
from pushlab.systems.system import Beside, ServerApi, Wanted

__all__ = ["Cpu", "LocalTestbed", "Testbed"]


#: CPU seconds by process at one moment; None where it is gone.
Cpu = dict[str, float | None]


class Testbed(abc.ABC):
    """Server, subscribers and publisher of one trial; `start` makes them.

    Attributes:
        swarm, publisher: told what to do, here or in processes of their own.
        api: the server's.
        publish_log: the schedule, and what the publisher has made of it so far.
        broker: where the transport needs one; `backplane`: where the hub has one.
        trouble: set to the reason as soon as a part is found dead.
        channels: their names, by number.
        stamp_key: tells the messages of this trial from those of others.
        fresh: whether the server began with the trial.
        unwatched: why nothing is known of the server's CPU and memory; empty where it is.
        authority: whom to trust if everything is encrypted, as a PEM certificate.
        clocks: of the processes; all moments of the trial are told by the publisher's.
        watches: of the processes, by name: ``hub``, ``swarm``, ``publisher``, ``broker``, and the
            ``runner`` and the ``machine`` beside them; none where nothing has a process of its own.
        phase: the name of what is being done, for the samples.
        placement: where each role runs.
        watched_at: by name of a watch, where its process is, if that is not here.
        loaded: whether messages are being published: from then on the server may end subscribers.
    """

    swarm: SwarmCommands
    publisher: PublisherService
    api: ServerApi
    publish_log: PublishLog

    def __init__(self, plan: TrialPlan) -> None:
        self.plan = plan
        self.trouble: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.stamp_key = secrets.randbits(32)
        self.broker: Broker | None = None
        self.backplane: Beside | None = None
        self.fresh, self.unwatched = True, ""
        self.authority: str | None = None
        self.clocks = TrialClocks()
        self.watches: dict[str, ProcessWatch] = {}
        self._phase = ""
        self.loaded = False
        self.placement = EVERYTHING_HERE
        self.watched_at: dict[str, Place] = {}

    @abc.abstractmethod
    async def start(self) -> None:
        """Start everything.

        Raises:
            SetupError, UsageError: something does not start; the rest is left to `stop`.
        """

    @abc.abstractmethod
    async def stop(self) -> None:
        """End everything; nothing is left when this returns."""

    @property
    def phase(self) -> str:
        """The name of what is being done."""
        return self._phase

    @phase.setter
    def phase(self, name: str) -> None:
        if name != self._phase:
            self._phase = name
            for place in self.placement.all:
                place.note_phase(name)

    @property
    def has_swarm(self) -> bool:
        """Whether the swarm can be asked for its rows."""
        return True

    @property
    def channels(self) -> list[str]:
        """The channels' names, by number; on a server that others use too, nobody else's."""
        count = self.plan.scenario.channel_count
        if self.plan.cell.system == HUB:
            return [f"lab/{number}" for number in range(count)]
        return [f"lab-{self.stamp_key:08x}-{number}" for number in range(count)]

    async def server_lags(self) -> list[list[int]]:
        """When the server's event loop was looked at, and how late it was; empty if it was not."""
        return []

    def signal_server(self, number: signal.Signals) -> None:  # noqa: B027 - a server may have no process
        """Send a signal to the server, if it has a process of its own."""

    async def look_behind(self) -> None:  # noqa: B027 - there may be nothing
        """Look once more behind the window at what is not looked at in the very moment."""

    async def cpu(self) -> Cpu:
        """CPU seconds now of each process that is watched."""
        members = [one for watch in self.watches.values() for one in watch.members]
        used = {name: watch.used_cpu_s() for name, watch in self.watches.items()}
        return {**used, **{one.name: one.used_cpu_s() for one in members}}

    def held(self, name: str) -> dict[str, Any]:
        """The most memory and descriptors that a process was seen to hold, if it is watched."""
        watch = self.watches.get(name)
        return {} if watch is None else watch.held

    def report(self, reason: str) -> None:
        """Note the first trouble."""
        if not self.trouble.done():
            self.trouble.set_result(reason)

    def server_ended(self, event: SubscriberClosed) -> None:
        """The server ended a first subscriber, which is trouble before there is load."""
        if not self.loaded:
            told = str(event.status)
            more = "" if told in event.reason else f" ({told})"
            self.report(f"the server closed a subscriber: {event.reason}{more}")

    def wanted(self, **more: Any) -> Wanted:
        """What the trial wants of its system."""
        cell, scenario = self.plan.cell, self.plan.scenario
        return Wanted(
            transport=cell.transport,
            options=dict(cell.options),
            channels=self.channels,
            settings=scenario.hub_settings,
            broker=scenario.broker,
            hub_workers=scenario.hub_workers,
            backplane=with_log_in(hub_backplane(scenario.backplane, scenario.hub_workers)),
            tls=scenario.tls,
            stamp_key=self.stamp_key,
            **more,
        )


class LocalTestbed(Testbed):
    """A testbed within this process: nothing has a process of its own, nothing of it is watched."""

    def __init__(self, plan: TrialPlan) -> None:
        super().__init__(plan)
        self._stack = contextlib.AsyncExitStack()

    def _attend(self, api: ServerApi, swarm: SwarmService, publisher: PublisherService) -> None:
        """Let these be the parts, and end them in `stop` before what has been started so far."""
        self._stack.callback(api.close)
        self._stack.push_async_callback(publisher.close)
        self._stack.push_async_callback(swarm.close)
        swarm.on_event = self.server_ended
        self.api, self.swarm, self.publisher = api, swarm, publisher

    async def stop(self) -> None:
        """End everything."""
        await self._stack.aclose()
        self.trouble.cancel()
