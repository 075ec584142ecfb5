"""A trial from its plan to the disk."""

import asyncio

from pushlab.errors import NotEnoughDescriptors
from pushlab.lab.host.machine import require_descriptors
from pushlab.lab.trial.backend import Interrupted
from pushlab.lab.trial.plan import Tell, TrialBackend, TrialOutcome, TrialPlan
from pushlab.runs import RunWriter, TrialRecord

__all__ = ["run_trial"]


async def run_trial(
    plan: TrialPlan, backend: TrialBackend, writer: RunWriter, tell: Tell, stop: asyncio.Event
) -> TrialRecord:
    """Run one trial and put it on disk, whatever becomes of it; if this is cancelled, too.

    Where this machine cannot have so many clients, it has failed.

    Raises:
        RunError: the disk does not take it.
    """
    try:
        require_descriptors(plan.scenario.clients)
        outcome = await backend.run(plan, tell, stop)
    except NotEnoughDescriptors as error:
        outcome = TrialOutcome(plan.record(status="failed", reason=str(error)))
    except Interrupted as interrupted:
        writer.add_trial(interrupted.outcome.record, **interrupted.outcome.rows)
        raise
    writer.add_trial(outcome.record, **outcome.rows)
    return outcome.record
