"""One trial: start, connect, probe, warm up, measure, drain, stop; and what is left if it breaks.

A trial is ready when every subscriber has received a probe, never because some time has passed. It
ends with a drain that has a limit. Whatever happens, the rows that exist are kept.
"""

import asyncio
import contextlib
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from functools import partial
from pathlib import Path
from typing import Any, cast

from pushlab.errors import PushlabError
from pushlab.lab.host.machine import closing_connections
from pushlab.lab.host.process_sampler import sample_rows
from pushlab.lab.trial.events import Phase, Progress
from pushlab.lab.trial.live_latency import LiveLatency
from pushlab.lab.trial.merging import rows_of
from pushlab.lab.trial.moments import looking
from pushlab.lab.trial.parts import Parts
from pushlab.lab.trial.plan import Tell, TrialOutcome, TrialPlan
from pushlab.lab.trial.record import (
    TrialObservations,
    collect,
    numbered,
    stamp_rows,
    without_last,
)
from pushlab.lab.trial.setting_up import set_up
from pushlab.lab.trial.testbed import Testbed
from pushlab.lab.workers.messages import SwarmStatus
from pushlab.lab.workers.parent import WorkerFailed
from pushlab.runs.records import TrialStatus
from pushlab.runs.rows import Columns

__all__ = ["Trial", "TrialFailed"]

_READY_S = 30.0
_CLIENTS_PER_S = 100  # a slow machine connects so many clients a second
_PROBE_AGAIN_S = 2.0
_LEAD_NS = 100_000_000  # from the word to begin to the schedule's zero
_PROGRESS_S = 0.5
_SETTLING_ROUNDS = 3
_COLLECT_S = 15.0
_COUNTS_AGREE_S = 5.0  # at most; they agree at once unless something is wrong
_BROKER_COUNTS_AGREE_S = 8.0  # Mosquitto tells its counts once a second
_NS = 1_000_000_000
_PROBED = "received a probe"
_UNSEEN = "what is published is taken, and nobody sees its stamp: `pushlab probe` says more"


class TrialFailed(Exception):
    """A trial cannot go on; the text is its reason."""


class Trial:
    """The state of one trial.

    Args:
        testbed: what it runs on; it is started and stopped here.

    Attributes:
        complete: whether everything was measured.
    """

    def __init__(self, plan: TrialPlan, tell: Tell, testbed: Testbed) -> None:
        self.plan = plan
        self.testbed = testbed
        self.complete = False
        self._tell = tell
        self._published = False
        self._published_before = 0
        self._last: list[int] = []  # by channel, the message that closed it; 0: none
        self._connected = 0
        self._deliveries = 0
        self._live: LiveLatency | None = None
        self._median_s: float | None = None
        self._counts = plan.cell.served_by.counts_hits
        self._notes = TrialObservations()
        self._parts = Parts(plan, testbed)
        self._notes.parts = self._parts.windows

    # ---- the phases -------------------------------------------------------------------------

    async def measure(self) -> None:
        """From nothing to the last delivery. Raises TrialFailed and what the parts raise."""
        scenario = self.plan.scenario
        self._note(Phase.STARTING)
        await self.testbed.start()
        await self._parts.alone()
        self._notes.sans_io = await set_up(self.plan, self.testbed)
        limit_s = _READY_S + 2 * self.plan.cell.interval_s + scenario.clients / _CLIENTS_PER_S
        limit_s += scenario.link.slack_s
        await self._connect(limit_s)
        heads = await self._probe(limit_s)
        await self._settle()
        await self._window(heads)
        await self._drain(heads)
        self.complete = True
        await self._take_apart(heads)

    async def _connect(self, limit_s: float) -> None:
        """Let every subscriber connect, and note what that took."""
        before = await self.testbed.cpu()
        told = await self._within(
            Phase.CONNECTING,
            limit_s,
            self.testbed.swarm.start(),
            "were accepted by the server",
        )
        self._notes.connecting = (before, await self.testbed.cpu(), told)

    async def _probe(self, limit_s: float) -> list[int]:
        """Send messages until every subscriber has the newest; the channels' heads."""
        begin_s = time.monotonic()
        again_s = _PROBE_AGAIN_S + 2 * self.plan.cell.interval_s
        again_s += self.plan.scenario.link.slack_s
        batch = [(channel, "probe") for channel in self.testbed.channels]
        while True:
            heads = await self._answered(self.testbed.api.publish_batch(batch), limit_s)
            reach = self.testbed.swarm.reach(heads=heads)
            try:
                await self._within(Phase.PROBING, again_s, reach, _PROBED, since_s=begin_s)
                return heads
            except TrialFailed:
                if time.monotonic() - begin_s >= limit_s:
                    raise

    async def _answered(self, publishing: Awaitable[list[int]], limit_s: float) -> list[int]:
        """What `publishing` gives. Raises TrialFailed: it is not answered in time."""
        try:
            return await asyncio.wait_for(publishing, limit_s)
        except TimeoutError:
            told = f"publishing was not answered within {limit_s:.3g} s"
            raise TrialFailed(told) from None

    async def _settle(self) -> None:
        """Let swarm and server work off what the probes left: answers come after all that."""
        await asyncio.sleep(self.plan.scenario.link.round_trip_s)
        for _ in range(_SETTLING_ROUNDS):
            await self._look()
            self._published_before = await self._publish_requests()

    async def _publish_requests(self) -> int:
        """How many requests to publish the server has counted so far."""
        return (await self.testbed.api.hits(self.plan.cell.transport)).get("publish", 0)

    async def _window(self, heads: list[int]) -> None:
        """Warm up and measure."""
        testbed = self.testbed
        schedule = testbed.publish_log.schedule
        begin_ns = await testbed.clocks.asked_ns() + _LEAD_NS
        start_ns, end_ns = begin_ns + schedule.warmup_ns, begin_ns + schedule.end_ns
        await testbed.swarm.begin(start_ns=start_ns, end_ns=end_ns)
        self._live = LiveLatency(
            schedule, heads=heads, begin_ns=begin_ns, per_channel=self.plan.scenario.per_channel
        )
        testbed.loaded = self._published = True
        look = partial(looking, testbed, self.plan.cell.transport)
        async with look(start_ns) as start, look(end_ns) as end:
            await testbed.publisher.begin(begin_ns=begin_ns, heads=heads)
            testbed.api.number_from(testbed.publish_log.last_numbers(heads))
            await self._pass_time(Phase.WARMUP, begin_ns, start_ns)
            self._notes.start_ns = start_ns
            self._notes.start = await start
            async with self._stalling((start_ns + end_ns) // 2):
                await self._pass_time(Phase.MEASURING, start_ns, end_ns)
            self._notes.end_ns = end_ns
            self._notes.end = await end
        self._notes.closing_connections = closing_connections()

    @contextlib.asynccontextmanager
    async def _stalling(self, middle_ns: int) -> AsyncIterator[None]:
        """Meanwhile stop the server around `middle_ns`, if the scenario asks for it.

        A stall that began late, on a busy machine, is waited for; who is stopped does not wait.
        """
        task = asyncio.ensure_future(self._stall(middle_ns))
        try:
            yield
            await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _stall(self, middle_ns: int) -> None:
        stall_s = self.plan.scenario.stall_s
        if not stall_s:
            return
        now_ns = self.testbed.clocks.now_ns
        await asyncio.sleep((middle_ns - now_ns()) / _NS - stall_s / 2)
        try:
            self.testbed.signal_server(signal.SIGSTOP)
            from_ns = now_ns()
            await asyncio.sleep(stall_s)
            self._notes.stall_ns = [from_ns, now_ns()]
        finally:
            with contextlib.suppress(ProcessLookupError):
                self.testbed.signal_server(signal.SIGCONT)

    async def _drain(self, heads: list[int]) -> None:
        """Wait for what is still under way; what has not come by then is lost."""
        limit_s = self.plan.scenario.drain_s + self.plan.cell.interval_s
        limit_s += self.plan.scenario.link.slack_s
        end_s = time.monotonic() + limit_s
        self._note(Phase.DRAINING, total_s=limit_s)
        self._notes.publisher = await self.testbed.publisher.finish(limit_s=limit_s)
        publish_log = self.testbed.publish_log
        goal = await self._closing(publish_log.heads(heads))
        numbering = self.testbed.api.stamp_key is not None
        never = publish_log.never_taken(len(heads)) if numbering else None
        with contextlib.suppress(TrialFailed):
            await self._within(
                Phase.DRAINING,
                max(0.05, end_s - time.monotonic()),
                self.testbed.swarm.reach(heads=goal, never=never),
                "have everything",
            )
        await self.testbed.look_behind()
        if self._counts:
            self._notes.published = await self._publish_requests() - self._published_before

    async def _closing(self, heads: list[int]) -> list[int]:
        """What every subscriber shall reach, to have all that there is.

        Where a publish was never answered, nobody knows the channel's newest message: a last one
        tells, since whoever has it has those before it, or has lost them.
        """
        if not (channels := self.testbed.publish_log.unanswered_channels()):
            return heads
        last = [(self.testbed.channels[channel], "the last") for channel in channels]
        with contextlib.suppress(PushlabError):
            before = await self._publish_requests()
            told = await self.testbed.api.publish_batch(last)
            self._published_before += await self._publish_requests() - before
            self._last = [0] * len(heads)
            for channel, seq in zip(channels, told, strict=True):
                self._last[channel] = heads[channel] = seq
        return heads

    async def _take_apart(self, heads: list[int]) -> None:
        """Idle, and at another rate; what was measured is put away before."""
        start, end = self._notes.start, self._notes.end
        if not self._parts.wanted or start is None or end is None:
            return
        await self._collect()
        await self._settle()  # the publisher's connections are closed by then
        self._note(Phase.PARTS, total_s=2.5 * self.plan.parts_s)
        await self._parts.beside(self.testbed.publish_log.heads(heads), start.cpu, end.cpu)

    # ---- waiting ----------------------------------------------------------------------------

    async def _pass_time(self, phase: Phase, from_ns: int, to_ns: int) -> None:
        """Let the time until `to_ns` pass, and tell of it."""
        total_s, now_ns = (to_ns - from_ns) / _NS, self.testbed.clocks.now_ns
        self._note(phase, total_s=total_s)
        while (left_ns := to_ns - now_ns()) > 0:
            await asyncio.sleep(min(_PROGRESS_S, left_ns / _NS))
            if now_ns() < to_ns:
                await self._look()
                done_s = max(0, now_ns() - from_ns) / _NS
                self._note(phase, done_s=done_s, total_s=total_s)

    async def _within(
        self,
        phase: Phase,
        limit_s: float,
        work: Awaitable[Any],
        wanted: str,
        *,
        since_s: float | None = None,
    ) -> Any:
        """The result of `work`; tell of it, and give up after `limit_s`.

        Args:
            since_s: when what is waited for began to be, if before now.

        Raises:
            TrialFailed: it did not come.
        """
        begin_s = time.monotonic()
        task = asyncio.ensure_future(work)
        try:
            while True:
                done_s = time.monotonic() - begin_s
                self._note(phase, done_s=done_s, total_s=limit_s)
                left_s = max(0.0, limit_s - done_s)
                await asyncio.wait({task}, timeout=min(_PROGRESS_S, left_s))
                if task.done():
                    await self._look()
                    return task.result()
                status = await self._look()
                if time.monotonic() - begin_s >= limit_s:
                    clients = self.plan.scenario.clients
                    connecting = phase is Phase.CONNECTING
                    count = status.connected if connecting else clients - status.pending
                    why = status.reason
                    if not count and wanted == _PROBED and not self._counts:
                        why = why or _UNSEEN
                    waited_s = limit_s if since_s is None else time.monotonic() - since_s
                    raise TrialFailed(
                        f"only {count:,} of {clients:,} subscribers {wanted}"
                        f" within {waited_s:.3g} s{f' ({why})' if why else ''}"
                    )
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _look(self) -> SwarmStatus:
        status = await self.testbed.swarm.status()
        self._connected, self._deliveries = status.connected, status.deliveries
        if self._live is not None:
            self._median_s = self._live.add(status.recent)
        return status

    def _note(self, phase: Phase, *, done_s: float = 0.0, total_s: float | None = None) -> None:
        self.testbed.phase = phase.name.lower()
        self._tell(
            Progress(
                self.plan.order,
                phase,
                done_s=done_s,
                total_s=total_s,
                connected=self._connected,
                deliveries=self._deliveries,
                median_latency_s=self._median_s,
            )
        )

    # ---- the end ----------------------------------------------------------------------------

    async def end(self, status: TrialStatus, reason: str | None) -> TrialOutcome:
        """Collect what there is, stop everything, and say what the trial left."""
        self._note(Phase.STOPPING)
        try:
            if self._published:
                with contextlib.suppress(WorkerFailed, TimeoutError):
                    await asyncio.wait_for(self._halt_publisher(), _COLLECT_S)
                with contextlib.suppress(WorkerFailed, TimeoutError):
                    await asyncio.wait_for(self._collect(), _COLLECT_S)
                if status == "ok" and self._notes.swarm is not None and self._notes.swarm.lacking:
                    status, reason = "failed", self._notes.swarm.lacking
            self._notes.server_lags = await self.testbed.server_lags()
            if self.complete and self._notes.swarm is not None:
                with contextlib.suppress(WorkerFailed, PushlabError, TimeoutError):
                    await asyncio.wait_for(self._reconcile(), _COLLECT_S)
        finally:
            await self.testbed.stop()
        notes, testbed = self._notes, self.testbed
        publish_log = testbed.publish_log if self._published else None
        record = collect(testbed, notes, publish_log, status=status, reason=reason)
        rows = dict(notes.rows)
        if publish_log is not None:
            rows["publishes"] = publish_log.rows()
            rows["stamps"] = stamp_rows(rows.get("stamps"), publish_log)
        if watches := list(testbed.watches.values()):
            rows["samples"] = sample_rows(watches, notes.loop_lags())
        return TrialOutcome(record, rows)

    async def _halt_publisher(self) -> None:
        """Let the publisher send no more, and get its figures if there are none yet."""
        if self._notes.publisher is None:
            limit_s = -self.plan.scenario.duration_s - self.plan.scenario.warmup_s
            self._notes.publisher = await self.testbed.publisher.finish(limit_s=limit_s)

    async def _collect(self) -> None:
        """Get the swarm's figures and rows, if it still runs."""
        if not self.testbed.has_swarm or self._notes.swarm is not None:
            return
        await self.testbed.clocks.ask_again()
        with tempfile.TemporaryDirectory(prefix="pushlab-") as folder:
            self._notes.swarm = told = await self.testbed.swarm.finish(path=folder)
            rows = rows_of(told, Path(folder), per_channel=self.plan.scenario.per_channel)
        numbers = cast(Columns, rows.pop("numbers"))
        deliveries = rows["deliveries"] = without_last(rows["deliveries"], self._last)
        publish_log = self.testbed.publish_log
        self._notes.misnumbered = publish_log.misnumbered(numbers)
        own = self.testbed.api.stamp_key is not None  # whose numbers the deliveries have
        publish_log.recognise(numbered(deliveries) if own else numbers)
        self._notes.rows = rows
        self.testbed.clocks.map_accepted(publish_log, self.testbed.api.publishing)

    async def _reconcile(self) -> None:
        """Let all leave; then wait until the server has counted what the clients sent."""
        left = await self.testbed.swarm.leave()
        self._notes.swarm_hits = sent = {kind: n for kind, n in left.items() if n}
        if not self._notes.sans_io or not self._counts:
            return
        limit_s = _COUNTS_AGREE_S if self.testbed.broker is None else _BROKER_COUNTS_AGREE_S
        end_s = time.monotonic() + limit_s
        while True:
            self._notes.server_hits = await self.testbed.api.hits(self.plan.cell.transport)
            received = {k: n for k, n in self._notes.server_hits.items() if n and k != "publish"}
            if received == sent or time.monotonic() >= end_s:
                return
            await asyncio.sleep(0.05)
