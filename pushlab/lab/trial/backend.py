"""Runs a trial to its end, whatever that is: done, a process died, the user stopped the run."""

import abc
import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any, TypeVar

from pushlab.errors import PushlabError
from pushlab.lab.host.cores import Cores
from pushlab.lab.trial.phases import Trial, TrialFailed
from pushlab.lab.trial.plan import Tell, TrialOutcome, TrialPlan
from pushlab.lab.trial.processes import TrialProcesses
from pushlab.lab.trial.testbed import Testbed
from pushlab.lab.workers.parent import WorkerFailed
from pushlab.lab.workers.warm_pool import WarmPool
from pushlab.runs.records import TrialStatus

__all__ = ["Interrupted", "ProcessBackend", "TestbedBackend"]

_Value = TypeVar("_Value")


class TestbedBackend(abc.ABC):
    """Runs trials, each on a testbed of its own."""

    @abc.abstractmethod
    def _testbed(self, plan: TrialPlan) -> Testbed:
        """What a trial runs on; nothing of it is started yet."""

    async def _prepare_next(self) -> None:  # noqa: B027 - most prepare nothing
        """Another trial follows the one that is about to end."""

    async def close(self) -> None:  # noqa: B027 - most keep nothing
        """Put away what was prepared for a trial that does not come."""

    async def run(self, plan: TrialPlan, tell: Tell, stop: asyncio.Event) -> TrialOutcome:
        """Run one trial; see `pushlab.lab.trial.plan.TrialBackend`."""
        trial = Trial(plan, tell, self._testbed(plan))
        status: TrialStatus = "ok"
        reason: str | None = None
        cancelled = False
        try:
            reason = await _until(trial.measure(), trial.testbed, stop)
        except asyncio.CancelledError:
            cancelled = True
        if plan.another_follows and not cancelled and not stop.is_set():
            await self._prepare_next()
        if reason is not None:
            status = "failed"
        elif not trial.complete:
            status, reason = "interrupted", "the run was stopped"
        outcome, cancelled_late = await _to_the_end(trial.end(status, reason))
        if cancelled or cancelled_late:
            raise Interrupted(outcome)
        return outcome


class ProcessBackend(TestbedBackend):
    """Runs trials with a hub, a broker, a swarm and a publisher in fresh processes.

    Args:
        cores: which processes run on which; shared out for each trial if None.
    """

    def __init__(self, cores: Cores | None = None) -> None:
        self._cores = cores
        self._warm_pool = WarmPool()

    def _testbed(self, plan: TrialPlan) -> Testbed:
        return TrialProcesses(plan, self._cores, self._warm_pool)

    async def _prepare_next(self) -> None:
        with contextlib.suppress(OSError):
            await self._warm_pool.fill()

    async def close(self) -> None:
        """End processes that were started for a trial that does not come."""
        await self._warm_pool.drop()


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
