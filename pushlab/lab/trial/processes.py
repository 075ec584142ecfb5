"""The processes of one trial, hub, broker, swarm and publisher: watched, and stopped at the end."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pushlab.brokers.start import Broker, start_broker
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import PushlabError
from pushlab.hub.process import HubConfig, HubProcess, start_hub
from pushlab.lab.host.certificates import fresh_certificate
from pushlab.lab.host.cores import Cores, choose_cores, pin
from pushlab.lab.host.process_sampler import ProcessWatch, watch_processes
from pushlab.lab.host.process_tree import TreeWatch
from pushlab.lab.hub_api import HubApi
from pushlab.lab.load.publish_log import PublishLog
from pushlab.lab.trial.plan import TrialPlan
from pushlab.lab.workers.parent import Worker, WorkerFailed
from pushlab.lab.workers.publisher_client import PublisherProcess
from pushlab.lab.workers.swarm_client import SwarmProcess, start_browser
from pushlab.lab.workers.warm_pool import WarmPool
from pushlab.wire.certificate import Certificate

__all__ = ["Cpu", "TrialProcesses"]

_STOP_S = 8.0


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU seconds of the processes's processes at one moment; None for one that is not there."""

    hub_s: float | None
    broker_s: float | None
    swarm_s: float | None


class TrialProcesses:
    """Fresh processes for one trial.

    Args:
        cores: which processes run on which; shared out afresh if None.
        warm_pool: where to take processes from that have come up already.

    Attributes:
        trouble: set to the reason as soon as one of the processes is found dead.
        authority: whom to trust if everything is encrypted, as a PEM certificate.
        watches: of those that run here, by name: ``hub``, ``swarm``, ``publisher``, ``broker``.
        phase: the name of what is being done, for the samples.
    """

    def __init__(
        self, plan: TrialPlan, cores: Cores | None = None, warm_pool: WarmPool | None = None
    ) -> None:
        self.plan = plan
        self.cores = choose_cores() if cores is None else cores
        self.trouble: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.authority: str | None = None
        self.broker: Broker | None = None
        self.watches: dict[str, ProcessWatch] = {}
        self.phase = ""
        self._warm_pool = warm_pool or WarmPool()
        self._hub: HubProcess | None = None
        self._swarm: SwarmProcess | None = None
        self._publisher: PublisherProcess | None = None
        self._api: HubApi | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def hub(self) -> HubProcess:
        """The server."""
        assert self._hub is not None
        return self._hub

    @property
    def swarm(self) -> SwarmProcess:
        """The subscribers."""
        assert self._swarm is not None
        return self._swarm

    @property
    def has_swarm(self) -> bool:
        """Whether the swarm has been started and still runs."""
        return self._swarm is not None and self._swarm.running

    @property
    def publisher(self) -> PublisherProcess:
        """The publisher."""
        assert self._publisher is not None
        return self._publisher

    @property
    def publish_log(self) -> PublishLog:
        """The schedule, and what the publisher has made of it so far."""
        assert self.publisher.publish_log is not None
        return self.publisher.publish_log

    @property
    def api(self) -> HubApi:
        """The server's API."""
        assert self._api is not None
        return self._api

    async def start(self) -> None:
        """Start swarm, broker (for transports that need one) and hub.

        Raises:
            SetupError, UsageError: one of them does not start; the others are left to `stop`.
        """
        # Python comes up in both while the rest starts
        browser = self.plan.cell.client == "browser"
        self._swarm = await (start_browser() if browser else self._warm_pool.swarm())
        self._publisher = await self._warm_pool.publisher()
        self._begin_to_watch("swarm", self._swarm.pid, self.cores.generator, tree=browser)
        self._begin_to_watch("publisher", self._publisher.pid, self.cores.publisher)
        with contextlib.ExitStack() as stack:
            certificate = None
            if self.plan.scenario.tls:
                certificate = stack.enter_context(fresh_certificate())
                self.authority = certificate.authority
            self._publisher.plan(self.plan.schedule())
            await self._start_servers(certificate)
        self._api = HubApi(self.hub.url, self.hub.api_key, authority=self.authority)
        self._watch()

    async def _start_servers(self, certificate: Certificate | None) -> None:
        keys = TokenKeys.fresh()
        cell, scenario = self.plan.cell, self.plan.scenario
        if cell.make().profile.needs_broker:
            self.broker = await start_broker(scenario.broker, keys=keys, certificate=certificate)
        self._hub = await start_hub(
            HubConfig(
                keys=keys.export(),
                settings=scenario.hub_settings,
                transports={cell.transport: dict(cell.options)},
                broker=None if self.broker is None else self.broker.access,
                certificate=certificate,
            ),
            process=await self._warm_pool.hub(),
        )

    def _watch(self) -> None:
        self._begin_to_watch("hub", self.hub.pid, self.cores.servers)
        if self.broker is not None and self.broker.pid is not None:
            self._begin_to_watch("broker", self.broker.pid, self.cores.servers)
        self._tasks = [
            asyncio.ensure_future(self._watch_hub()),
            asyncio.ensure_future(self._watch_worker(self.swarm)),
            asyncio.ensure_future(self._watch_worker(self.publisher)),
            asyncio.ensure_future(
                watch_processes(self.watches.values(), self._check_broker, lambda: self.phase)
            ),
        ]

    def _begin_to_watch(
        self, name: str, pid: int, cores: Sequence[int], *, tree: bool = False
    ) -> None:
        pin(pid, cores)  # and what descends from it
        self.watches[name] = TreeWatch(pid, name) if tree else ProcessWatch(pid, name)

    def cpu(self) -> Cpu:
        """CPU seconds now."""
        used = {name: watch.used_cpu_s() for name, watch in self.watches.items()}
        return Cpu(used.get("hub"), used.get("broker"), used.get("swarm"))

    # ---- noticing deaths --------------------------------------------------------------------

    def report(self, reason: str) -> None:
        """Note the first trouble."""
        if not self.trouble.done():
            self.trouble.set_result(reason)

    async def _watch_hub(self) -> None:
        status = await self.hub.wait()
        self.report(f"the hub died ({_ended(status)})" + _said(self.hub.log.splitlines()))

    async def _watch_worker(self, worker: Worker) -> None:
        status = await worker.wait()
        self.report(f"the {worker.name} died ({_ended(status)})" + _said([worker.last_words()]))

    def _check_broker(self) -> None:
        if self.broker is not None and not self.broker.running:
            self.report(f"the MQTT broker ({self.broker.kind}) died")

    # ---- the end ----------------------------------------------------------------------------

    async def stop(self) -> None:
        """End everything; none of the processes is left when this returns.

        Nothing is in them any more that anybody needs, so they are not asked to say goodbye.
        """
        for task in self._tasks:
            task.cancel()
        if self._api is not None:
            self._api.close()
        running = [one for one in (self._swarm, self._publisher, self._hub) if one is not None]
        for one in running:
            one.kill()
        await asyncio.gather(*(_limited(one.stop(), one.kill) for one in running))
        if self.broker is not None:
            await _limited(self.broker.stop(), self.broker.kill)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.trouble.cancel()


async def _limited(work: Any, kill: Any) -> None:
    try:
        await asyncio.wait_for(work, _STOP_S)
    except (TimeoutError, PushlabError, WorkerFailed, OSError):
        with contextlib.suppress(OSError):
            kill()


def _ended(status: int) -> str:
    return f"killed by signal {-status}" if status < 0 else f"exit status {status}"


def _said(lines: Sequence[str]) -> str:
    last = lines[-1].strip() if lines else ""
    return f": {last[:200]}" if last else ""
