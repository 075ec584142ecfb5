"""A testbed of fresh processes: hub, broker, swarm and publisher, watched while they run."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from typing import Any

from pushlab.errors import PushlabError
from pushlab.hub.child import Child
from pushlab.hub.process import HubProcess, spawn_hub, start_hub
from pushlab.lab.host.certificates import fresh_certificate
from pushlab.lab.host.cores import Cores, choose_cores, pin
from pushlab.lab.host.machine_watch import MachineWatch
from pushlab.lab.host.process_sampler import ProcessWatch, watch_processes
from pushlab.lab.host.process_tree import TreeWatch
from pushlab.lab.hub_api import HubApi
from pushlab.lab.trial.plan import TrialPlan
from pushlab.lab.trial.testbed import Testbed
from pushlab.lab.workers.clients import start_browser, start_publisher, start_swarm
from pushlab.lab.workers.parent import WorkerFailed
from pushlab.lab.workers.warm_pool import WarmPool

__all__ = ["TrialProcesses"]

_STOP_S = 8.0
_HUB_LAG_EVERY_S = 0.1  # it shall cost the server nothing that one could measure


class TrialProcesses(Testbed):
    """Fresh processes for one trial.

    Args:
        cores: which processes run on which; shared out afresh if None.
        warm_pool: where to take processes from that have come up already.
    """

    def __init__(
        self, plan: TrialPlan, cores: Cores | None = None, warm_pool: WarmPool | None = None
    ) -> None:
        super().__init__(plan)
        self.cores = choose_cores() if cores is None else cores
        self._warm_pool = warm_pool or WarmPool()
        self._children: list[Child] = []  # the swarm first, the hub last
        self._api: HubApi | None = None
        self._hub: HubProcess | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def has_swarm(self) -> bool:
        """Whether the swarm has been started and still runs."""
        return any(one.name == "swarm" and one.running for one in self._children)

    async def start(self) -> None:
        """Start swarm, publisher, broker (for transports that need one) and hub."""
        # Python comes up in both while the rest starts
        browser = self.plan.cell.client == "browser"
        swarm = await (start_browser() if browser else self._warm_pool.take(start_swarm))
        self._children.append(swarm)
        publisher = await self._warm_pool.take(start_publisher)
        self._children.append(publisher)
        self.swarm, self.publisher = swarm.commands, publisher.commands
        swarm.on_event = self.server_ended
        self._begin_to_watch("swarm", swarm.pid, self.cores.generator, tree=browser)
        self._begin_to_watch("publisher", publisher.pid, self.cores.publisher)
        with contextlib.ExitStack() as stack:
            certificate = None
            if self.plan.scenario.tls:
                certificate = stack.enter_context(fresh_certificate())
                self.authority = certificate.authority
            self.publish_log = publisher.plan(self.plan.schedule())
            config = await self._hub_config(certificate, lag_every_s=_HUB_LAG_EVERY_S)
            hub = self._hub = await start_hub(config, process=await self._warm_pool.take(spawn_hub))
        self._children.append(hub)
        self.api = self._api = HubApi(hub.url, hub.api_key, authority=self.authority)
        self._begin_to_watch("hub", hub.pid, self.cores.servers)
        if self.broker is not None and self.broker.pid is not None:
            self._begin_to_watch("broker", self.broker.pid, self.cores.servers)
        self.watches |= {"runner": ProcessWatch(os.getpid(), "runner"), "machine": MachineWatch()}
        self._tasks = [
            *(asyncio.ensure_future(self._watch(one)) for one in self._children),
            asyncio.ensure_future(
                watch_processes(self.watches.values(), self._check_broker, lambda: self.phase)
            ),
        ]

    async def server_lags(self) -> list[list[int]]:
        """When the hub's event loop was looked at, and how late it was."""
        return [] if self._hub is None else await self._hub.loop_lags()

    def signal_server(self, number: signal.Signals) -> None:
        """Send a signal to the hub."""
        self._children[-1].send_signal(number)

    def _begin_to_watch(
        self, name: str, pid: int, cores: Sequence[int], *, tree: bool = False
    ) -> None:
        pin(pid, cores)  # and what descends from it
        self.watches[name] = TreeWatch(pid, name) if tree else ProcessWatch(pid, name)

    # ---- noticing deaths --------------------------------------------------------------------

    async def _watch(self, child: Child) -> None:
        status = await child.wait()
        words = child.log.splitlines()[-1:]
        said = f": {words[0].strip()[:200]}" if words and words[0].strip() else ""
        self.report(f"the {child.name} died ({_ended(status)}){said}")

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
        for one in self._children:
            one.kill()
        await asyncio.gather(*(_limited(one.stop(), one.kill) for one in self._children))
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
