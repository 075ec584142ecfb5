"""Runs a trial to its end, whatever that is: done, a process died, the user stopped the run."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pushlab.errors import PushlabError, SetupError
from pushlab.lab.host.cores import Cores
from pushlab.lab.place import EVERYTHING_HERE
from pushlab.lab.trial.phases import Trial, TrialFailed
from pushlab.lab.trial.plan import Tell, TrialOutcome, TrialPlan
from pushlab.lab.trial.processes import TrialProcesses
from pushlab.lab.trial.testbed import Testbed
from pushlab.lab.workers.parent import WorkerFailed
from pushlab.lab.workers.warm_pool import WarmPool
from pushlab.runs.records import TrialStatus
from pushlab.systems.registry import HUB

__all__ = ["Interrupted", "TrialBackend", "process_backend"]

_Value = TypeVar("_Value")


class TrialBackend:
    """Runs trials, each on a testbed of its own, to their end.

    Args:
        testbed: makes what a trial runs on; nothing of it is started yet.
        warm_pool: what to fill with processes when another trial follows at once.

    Attributes:
        placement: where the next trial's roles run.
    """

    def __init__(
        self, testbed: Callable[[TrialPlan], Testbed], warm_pool: WarmPool | None = None
    ) -> None:
        self._testbed = testbed
        self._warm_pool = warm_pool
        self.placement = EVERYTHING_HERE

    async def close(self) -> None:
        """End processes that were started for a trial that does not come."""
        if self._warm_pool is not None:
            await self._warm_pool.drop()

    async def run(self, plan: TrialPlan, tell: Tell, stop: asyncio.Event) -> TrialOutcome:
        """Run one trial to its end, or until `stop` is set; what fails is in the outcome."""
        trial = Trial(plan, tell, self._testbed(plan))
        status: TrialStatus = "ok"
        reason: str | None = None
        cancelled = False
        try:
            reason = await _until(trial.measure(), trial.testbed, stop)
        except asyncio.CancelledError:
            cancelled = True
        going_on = plan.another_follows and not cancelled and not stop.is_set()
        if going_on and self._warm_pool is not None:
            with contextlib.suppress(OSError, SetupError):
                await self._warm_pool.fill(
                    hub=plan.cell.system == HUB,
                    swarms=plan.scenario.swarm_workers,
                    placement=self.placement,
                )
        if reason is not None:
            status = "failed"
        elif not trial.complete:
            status, reason = "interrupted", "the run was stopped"
        outcome, cancelled_late = await _to_the_end(trial.end(status, reason))
        if cancelled or cancelled_late:
            raise Interrupted(outcome)
        return outcome


def process_backend(cores: Cores | None = None) -> TrialBackend:
    """Runs trials with a hub, a broker, a swarm and a publisher in fresh processes.

    Args:
        cores: which processes run on which; shared out for each trial if None.
    """
    warm_pool = WarmPool()
    return TrialBackend(lambda plan: TrialProcesses(plan, cores, warm_pool), warm_pool)


class Interrupted(asyncio.CancelledError):
    """The task that runs a trial was cancelled; what the trial left is in `outcome`."""

    def __init__(self, outcome: TrialOutcome) -> None:
        super().__init__()
        self.outcome = outcome


async def _to_the_end(work: Awaitable[_Value]) -> tuple[_Value, bool]:
    """Wait for `work` whatever comes: its result, and whether a cancellation came meanwhile."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
        except Exception:
            break
    return task.result(), cancelled


async def _until(work: Any, testbed: Testbed, stop: asyncio.Event) -> str | None:
    """Run `work` until it ends, a process dies or the user stops; the reason if it failed."""
    main = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({main, stopping, testbed.trouble}, return_when=asyncio.FIRST_COMPLETED)
        if testbed.trouble.done():
            return testbed.trouble.result()
        if not main.done():
            return None
        error = main.exception()
        if error is None:
            return None
        # A death is often felt as a lost connection first; its own words say more.
        await asyncio.wait({testbed.trouble}, timeout=0.5)
        return testbed.trouble.result() if testbed.trouble.done() else _reason(error)
    finally:
        for task in (main, stopping):
            task.cancel()
        await asyncio.gather(main, stopping, return_exceptions=True)


def _reason(error: BaseException) -> str:
    if isinstance(error, TrialFailed | PushlabError | WorkerFailed):
        return " ".join(str(error).split())
    return f"{type(error).__name__}: {error}"
