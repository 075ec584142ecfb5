"""The harness's own floor: the same work without processes, network or bytes.

The hub lives in this process and the subscribers read it by calls. What a trial measures here is
the cost of measuring; differences below it are nobody's merit.
"""

import time
from functools import partial

from pushlab.contract.tokens import TokenKeys
from pushlab.contract.transport import Transport
from pushlab.hub.core import Hub
from pushlab.lab.direct_hub import DirectHub
from pushlab.lab.load.open_loop import OpenLoop
from pushlab.lab.load.publish_log import PublishLog
from pushlab.lab.trial.backend import TrialBackend
from pushlab.lab.trial.plan import TrialPlan
from pushlab.lab.trial.testbed import LocalTestbed
from pushlab.lab.workers.messages import PublisherSetup
from pushlab.lab.workers.publisher_process import PublisherService
from pushlab.lab.workers.swarm_process import SwarmService

__all__ = ["baseline_backend"]

_URL = "http://in-process:1"


class _DirectPublisher(OpenLoop):
    """An open loop that calls the hub."""

    def __init__(self, hub: Hub, setup: PublisherSetup, publish_log: PublishLog) -> None:
        super().__init__(publish_log, seed=setup.seed, key=setup.stamp_key)
        self._hub = hub
        self._names = setup.channels

    def _send_waiting(self) -> None:
        while self.waiting:
            index = self._take()
            self.publish_log.sent_ns[index] = time.monotonic_ns()
            channel = self._names[self._channels[index]]
            entry = self._hub.publish(channel, self.payload(index).decode())
            self.publish_log.status[index] = 202
            self._accept(index, entry.seq, entry.accepted_ns)


class _Direct(LocalTestbed):
    """A hub in this process and what calls it."""

    def __init__(self, plan: TrialPlan, transport: Transport) -> None:
        super().__init__(plan)
        self._transport = transport

    async def start(self) -> None:
        """Begin a hub."""
        settings = self.plan.scenario.hub_settings
        api = await self._stack.enter_async_context(
            DirectHub.running(self._transport, _URL, keys=TokenKeys.fresh(), settings=settings)
        )
        self.publish_log = PublishLog.create(self.plan.schedule())
        publisher = PublisherService(lambda: self.publish_log, partial(_DirectPublisher, api.hub))
        self._attend(api, SwarmService(lambda setup: self._transport), publisher)


def baseline_backend(transport: Transport) -> TrialBackend:
    """Runs trials of a transport that needs no network.

    Args:
        transport: whose friendly form reads a hub in this process, such as
            `pushlab.testing.null.Null`.
    """
    return TrialBackend(lambda plan: _Direct(plan, transport))
