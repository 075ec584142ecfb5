"""Tells swarm and publisher, before a trial, what they are to do."""

import asyncio

from pushlab.lab.trial.plan import TrialPlan
from pushlab.lab.trial.testbed import Testbed
from pushlab.lab.workers.messages import PublisherSetup, SwarmSetup
from pushlab.systems.publishing import HttpPublishing, MqttPublishing

__all__ = ["set_up"]

_LEAST_MINUTES, _MOST_MINUTES = 120, 1_440
_AROUND_S = 900.0  # what else than its window a trial may take


async def set_up(plan: TrialPlan, testbed: Testbed) -> bool:
    """Have every subscriber admitted, and configure both; whether client halves are sans-I/O.

    Raises:
        Refused, ConnectionFailed: the server admits nobody.
    """
    scenario, cell, publishing = plan.scenario, plan.cell, testbed.api.publishing
    names = testbed.channels
    readers = [
        (f"client-{i}", i // scenario.per_channel, names[i // scenario.per_channel])
        for i in range(scenario.clients)
    ]
    longest_s = scenario.warmup_s + scenario.duration_s + scenario.drain_s + _AROUND_S
    minutes = min(_MOST_MINUTES, max(_LEAST_MINUTES, int(longest_s / 60)))
    subscribers = await testbed.api.admit(cell.transport, readers, duration_minutes=minutes)
    sans_io, _ = await asyncio.gather(
        testbed.swarm.configure(
            setup=SwarmSetup(
                system=cell.system,
                own=cell.own,
                transport=cell.transport,
                options=dict(cell.options),
                subscribers=subscribers,
                seed=plan.seed,
                stamp_key=testbed.stamp_key,
                link=scenario.link,
                server=testbed.api.url,
                authority=testbed.authority,
            )
        ),
        testbed.publisher.configure(
            setup=PublisherSetup(
                http=publishing if isinstance(publishing, HttpPublishing) else None,
                mqtt=publishing if isinstance(publishing, MqttPublishing) else None,
                channels=names,
                seed=plan.seed,
                stamp_key=testbed.stamp_key,
            )
        ),
    )
    return sans_io
