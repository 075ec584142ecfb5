"""The harness's own floor: the same work without processes, network or bytes.

The hub lives in this process and the subscribers read it by calls. What a trial measures here is
the cost of measuring; differences below it are nobody's merit.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence

from pushlab.contract.subscriber import Endpoint
from pushlab.contract.tokens import TokenKeys
from pushlab.contract.transport import Transport
from pushlab.hub.core import Hub
from pushlab.lab.load.open_loop import OpenLoop
from pushlab.lab.load.publish_log import PublishLog
from pushlab.lab.load.swarm import Swarm
from pushlab.lab.trial.events import Phase, Progress
from pushlab.lab.trial.plan import Stop, Tell, TrialOutcome, TrialPlan
from pushlab.runs import SwarmFigures

__all__ = ["BaselineBackend"]

_URL = "http://in-process:1"
_LEAD_NS = 50_000_000
_PROGRESS_S = 0.5
_READY_S = 30.0


class _DirectPublisher(OpenLoop):
    """An open loop that calls the hub."""

    def __init__(
        self,
        hub: Hub,
        publish_log: PublishLog,
        *,
        channels: Sequence[str],
        payload_bytes: int,
        seed: int,
    ) -> None:
        super().__init__(publish_log, payload_bytes=payload_bytes, seed=seed)
        self._hub = hub
        self._names = channels
        self._texts = [payload.decode() for payload in self.payloads]

    def _send_waiting(self) -> None:
        while self.waiting:
            index = self._take()
            self.publish_log.sent_ns[index] = time.monotonic_ns()
            channel = self._names[self._channels[index]]
            entry = self._hub.publish(channel, self._texts[index % len(self._texts)])
            self.publish_log.status[index] = 202
            self._accept(index, entry.seq, entry.accepted_ns)


class BaselineBackend:
    """Runs trials of a transport that needs no network.

    Args:
        transport: whose friendly form reads a hub in this process, such as
            `pushlab.testing.null.Null`.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def close(self) -> None:
        """It keeps nothing."""

    async def run(self, plan: TrialPlan, tell: Tell, stop: Stop) -> TrialOutcome:
        """Run one trial; see `pushlab.lab.trial.plan.TrialBackend`."""
        scenario = plan.scenario
        hub = Hub(keys=TokenKeys.fresh(), settings=scenario.hub_settings)
        hub.listening_at(_URL)
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(hub.running())
            background = self._transport.background(hub)
            if background is not None:
                await stack.enter_async_context(background)
            swarm = Swarm(self._transport, seed=plan.seed)
            for number in range(scenario.clients):
                channel = number // scenario.per_channel
                name = plan.channels[channel]
                token, _ = await hub.create_channel(f"client-{number}", name)
                swarm.add(channel, Endpoint.from_url(_URL), token)
            stack.push_async_callback(swarm.leave, 1.0)
            return await self._measure(plan, tell, stop, hub, swarm)

    async def _measure(
        self, plan: TrialPlan, tell: Tell, stop: Stop, hub: Hub, swarm: Swarm
    ) -> TrialOutcome:
        tell(Progress(plan.order, Phase.CONNECTING))
        swarm.start()
        try:
            async with asyncio.timeout(_READY_S):
                await swarm.all_connected()
                heads = [hub.publish(name, "probe").seq for name in plan.channels]
                swarm.set_goal(heads)
                await swarm.reached()
        except TimeoutError:
            reason = "not every subscriber got a probe"
            return TrialOutcome(plan.record(status="failed", reason=reason))
        publish_log = PublishLog.create(plan.schedule())
        publisher = _DirectPublisher(
            hub,
            publish_log,
            channels=plan.channels,
            payload_bytes=plan.scenario.payload_bytes,
            seed=plan.seed,
        )
        swarm.recorder.begin()
        begin_ns = time.monotonic_ns() + _LEAD_NS
        start_ns = begin_ns + publisher.schedule.warmup_ns
        end_ns = begin_ns + publisher.schedule.end_ns
        publisher.start(begin_ns)
        stopping = asyncio.ensure_future(stop.wait())
        while (now_ns := time.monotonic_ns()) < end_ns and not stop.is_set():
            phase, since = (
                (Phase.WARMUP, begin_ns) if now_ns < start_ns else (Phase.MEASURING, start_ns)
            )
            total_s = (end_ns - start_ns if phase is Phase.MEASURING else start_ns - begin_ns) / 1e9
            done_s = max(0, now_ns - since) / 1e9
            tell(
                Progress(
                    plan.order,
                    phase,
                    done_s=done_s,
                    total_s=total_s,
                    connected=swarm.connected,
                    deliveries=swarm.recorder.deliveries,
                )
            )
            await asyncio.wait({stopping}, timeout=min(_PROGRESS_S, (end_ns - now_ns) / 1e9))
        stopping.cancel()
        interrupted = stop.is_set()
        if not interrupted:
            tell(Progress(plan.order, Phase.DRAINING, deliveries=swarm.recorder.deliveries))
            await publisher.finish(plan.scenario.drain_s)
            swarm.set_goal(publish_log.heads(heads))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(swarm.reached(), plan.scenario.drain_s)
        publisher.close()
        return TrialOutcome(
            plan.record(
                status="interrupted" if interrupted else "ok",
                reason="the run was stopped" if interrupted else None,
                measure_start_ns=start_ns,
                measure_end_ns=None if interrupted else end_ns,
                publisher=publish_log.figures(),
                swarm=SwarmFigures(
                    duplicated=swarm.recorder.duplicated,
                    reordered=swarm.recorder.reordered,
                    gaps=swarm.recorder.gaps,
                ),
            ),
            publishes=publish_log.rows(plan.scenario.payload_bytes),
            deliveries=swarm.recorder.columns(plan.scenario.per_channel),
            connects=swarm.recorder.connects(),
        )
