"""A trial in haste, for tests of the notebooks: real sockets, but all in this process and short.

Nothing that it measures is worth showing; what it leaves has the shape of a real trial. `measure`
uses it when `pushlab.course.mode.fast` says so.
"""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from pushlab.brokers.start import Broker, start_broker
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.tokens import TokenKeys
from pushlab.hub.process import HubConfig
from pushlab.hub.serve import serve
from pushlab.lab.hub_api import HubApi
from pushlab.lab.load.publish_log import PublishLog
from pushlab.lab.load.publisher import Publisher
from pushlab.lab.load.swarm import Swarm
from pushlab.lab.load.traffic_tap import observed_among
from pushlab.lab.trial.events import Phase, Progress
from pushlab.lab.trial.plan import Stop, Tell, TrialOutcome, TrialPlan
from pushlab.lab.workers.swarm_client import read_traffic
from pushlab.runs import BrokerFigures, ServerFigures, SwarmFigures

__all__ = ["InProcessBackend", "serving_here"]

_LEAD_NS = 20_000_000
_LIMIT_S = 20.0
_NS = 1_000_000_000


class InProcessBackend:
    """Runs trials on this event loop."""

    async def close(self) -> None:
        """It keeps nothing."""

    async def run(self, plan: TrialPlan, tell: Tell, stop: Stop) -> TrialOutcome:
        """See `pushlab.lab.trial.plan.TrialBackend`."""
        cell, scenario = plan.cell, plan.scenario
        transport = cell.make()
        tell(Progress(plan.order, Phase.STARTING))
        async with AsyncExitStack() as stack:
            broker = None
            keys = TokenKeys.fresh()
            if transport.profile.needs_broker:
                broker = await stack.enter_async_context(
                    await start_broker(scenario.broker, keys=keys)
                )
            config = HubConfig(
                keys=keys.export(),
                settings=scenario.hub_settings,
                transports={cell.transport: dict(cell.options)},
                broker=None if broker is None else broker.access,
            )
            api = HubApi(await stack.enter_async_context(serving_here(config)), config.api_key)
            stack.callback(api.close)
            swarm = Swarm(
                transport,
                seed=plan.seed,
                link=scenario.link,
                observed=observed_among(scenario.clients),
            )
            readers = [
                (f"client-{i}", i // scenario.per_channel, plan.channels[i // scenario.per_channel])
                for i in range(scenario.clients)
            ]
            for one in await api.admit(cell.transport, readers, duration_minutes=120):
                url = str(one.endpoint["url"])
                swarm.add(one.channel, Endpoint.from_url(url, one.endpoint), one.token)
            try:
                async with asyncio.timeout(_LIMIT_S):
                    return await self._measure(plan, tell, api, swarm, broker)
            except TimeoutError:
                reason = f"the trial was not done after {_LIMIT_S:g} s"
                return TrialOutcome(plan.record(status="failed", reason=reason))
            finally:
                await swarm.leave(1.0)

    async def _measure(
        self, plan: TrialPlan, tell: Tell, api: HubApi, swarm: Swarm, broker: Broker | None
    ) -> TrialOutcome:
        tell(Progress(plan.order, Phase.PROBING))
        swarm.start()
        await swarm.all_connected()
        heads = await api.publish_to_all(plan.channels, "probe")
        swarm.set_goal(heads)
        await swarm.reached()
        publish_log = PublishLog.create(plan.schedule())
        publisher = Publisher(
            api,
            publish_log,
            channels=plan.channels,
            payload_bytes=plan.scenario.payload_bytes,
            seed=plan.seed,
        )
        await publisher.connect()
        swarm.recorder.begin()
        begin_ns = time.monotonic_ns() + _LEAD_NS
        start_ns = begin_ns + publish_log.schedule.warmup_ns
        end_ns = begin_ns + publish_log.schedule.end_ns
        name = plan.cell.transport
        publisher.start(begin_ns)
        await _until(start_ns)
        before = (swarm.recorder.snapshot(), swarm.hits(), await api.hits(name))
        tell(Progress(plan.order, Phase.MEASURING))
        await _until(end_ns)
        after = (swarm.recorder.snapshot(), swarm.hits(), await api.hits(name))
        await publisher.finish(plan.scenario.drain_s)
        swarm.set_goal(publish_log.heads(heads))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(swarm.reached(), plan.scenario.drain_s)
        publisher.close()
        counted = (before[1], after[1]) if broker is not None else (before[2], after[2])
        record = plan.record(
            status="ok",
            reason=None,
            measure_start_ns=start_ns,
            measure_end_ns=end_ns,
            publisher=publish_log.figures(),
            server=ServerFigures(
                hits=_minus(counted[1], counted[0]), hits_setup=dict(_plain(counted[0])), cpu_s=0.0
            ),
            broker=BrokerFigures(kind=broker.kind, version=broker.version) if broker else None,
            swarm=SwarmFigures(
                hits=_minus(after[1], before[1]),
                bytes_in=after[0]["bytes_in"] - before[0]["bytes_in"],
                bytes_out=after[0]["bytes_out"] - before[0]["bytes_out"],
                duplicated=swarm.recorder.duplicated,
                reordered=swarm.recorder.reordered,
                gaps=swarm.recorder.gaps,
            ),
        )
        return TrialOutcome(
            record,
            publishes=publish_log.rows(plan.scenario.payload_bytes),
            deliveries=swarm.recorder.columns(plan.scenario.per_channel),
            connects=swarm.recorder.connects(),
            traffic=_traffic(swarm),
        )


@asynccontextmanager
async def serving_here(config: HubConfig) -> AsyncIterator[str]:
    """A hub on this event loop; its URL."""
    stop = asyncio.Event()
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(serve(config, stop=stop, ready=listening.set_result))
    try:
        waited: set[asyncio.Future[Any]] = {task, listening}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if not listening.done():
            await task  # it has failed: this raises why
        yield listening.result()
    finally:
        stop.set()
        await asyncio.gather(task, return_exceptions=True)


async def _until(when_ns: int) -> None:
    await asyncio.sleep(max(0, when_ns - time.monotonic_ns()) / _NS)


def _plain(hits: Mapping[Any, int]) -> dict[str, int]:
    return {str(kind): n for kind, n in hits.items() if n}


def _minus(after: Mapping[Any, int], before: Mapping[Any, int]) -> dict[str, int]:
    there, here = _plain(after), _plain(before)
    return {kind: n - here.get(kind, 0) for kind, n in there.items() if n > here.get(kind, 0)}


def _traffic(swarm: Swarm) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="pushlab-course-") as name:
        path = Path(name, "traffic")
        return read_traffic(path, swarm.recorder.write_traffic(path))
