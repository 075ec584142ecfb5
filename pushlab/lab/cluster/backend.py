"""Runs trials on a cluster: each is placed anew on the workers that there are by then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from pushlab.errors import SetupError
from pushlab.lab.cluster.session import Cluster, open_cluster
from pushlab.lab.host.cores import Cores
from pushlab.lab.place import EVERYTHING_HERE
from pushlab.lab.scenario.placing import ClusterRoles
from pushlab.lab.trial.backend import TrialBackend
from pushlab.lab.trial.plan import Tell, TrialOutcome, TrialPlan
from pushlab.lab.trial.processes import TrialProcesses
from pushlab.lab.workers.warm_pool import WarmPool

__all__ = ["ClusterBackend", "placing"]

_CORES = Cores(why="roles are placed on a cluster")


class ClusterBackend(TrialBackend):
    """Trials on a cluster's workers."""

    def __init__(self, cluster: Cluster, wanted: ClusterRoles) -> None:
        self._cluster = cluster
        self._wanted = wanted
        pool = WarmPool()
        super().__init__(lambda plan: TrialProcesses(plan, _CORES, pool, self.placement), pool)
        self.placement = EVERYTHING_HERE

    @property
    def machines(self) -> Mapping[str, Mapping[str, Any]]:
        """By label, the machine and the software of each worker that was used."""
        return self._cluster.machines

    async def run(self, plan: TrialPlan, tell: Tell, stop: asyncio.Event) -> TrialOutcome:
        """Run one trial to its end; a worker that is lost fails it, and the run goes on or stops.

        Where no worker is left for a role, nothing can go on.
        """
        try:
            self.placement = await self._cluster.placement()
        except SetupError as error:
            stop.set()
            return TrialOutcome(plan.record(status="failed", reason=str(error)))
        outcome = await super().run(plan, tell, stop)
        lost = any(place.why_lost for place in self.placement.all)
        if lost and self._wanted.on_loss == "stop":
            stop.set()
        return outcome


@contextlib.asynccontextmanager
async def placing(address: str, wanted: ClusterRoles) -> AsyncIterator[ClusterBackend]:
    """What runs trials on the cluster at this address; places for the first are open by then.

    Raises:
        UsageError, MissingExtra, SetupError: see `open_cluster`; or no worker is there for a role.
    """
    async with open_cluster(address, wanted) as cluster:
        await cluster.placement()
        yield ClusterBackend(cluster, wanted)
