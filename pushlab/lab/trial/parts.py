"""Windows beside the measured one, from which the server's costs are taken apart.

CPU per delivery holds what the server uses when nothing happens, and what publishing takes. Four
short stretches tell these apart: nobody connected; all connected and nothing published; messages to
channels that nobody reads; and the measured window's work at another rate. They come before and
after that window, so that its figures stay as they are.
"""

import asyncio
import contextlib
import dataclasses
import time
from collections import Counter
from collections.abc import Awaitable, Sequence

import numpy as np

from pushlab.lab.trial.plan import TrialPlan
from pushlab.lab.trial.testbed import Cpu, Testbed
from pushlab.runs import CostWindow

__all__ = ["Parts"]

_UNREAD = "unread"  # the channel that nobody reads
_LEAST_PER_S, _MOST_PER_S = 50.0, 400.0  # publishes that stand out, and fill no server
_BUSY = 0.25  # the share of a core that the other rate is to take, of the busiest process
_PROCESSES = ("hub", "broker", "backplane", "swarm")
_FACTOR = 20.0  # by which it is higher at most
_LEAST_FACTOR = 2.0  # a busier window is held against a fifth of its rate
_LOWER = 0.2
_LIMIT_S = 5.0
_PUT_OFF = 2.0  # times what the other half of an idle window takes


class Parts:
    """Takes the windows of one trial.

    Attributes:
        windows: those that were taken.
    """

    def __init__(self, plan: TrialPlan, testbed: Testbed) -> None:
        self.windows: list[CostWindow] = []
        self._plan = plan
        self._testbed = testbed
        self._rng = np.random.default_rng([plan.seed, 0xC057])
        self._published: list[tuple[int, int]] = []

    @property
    def wanted(self) -> bool:
        """Whether there is a process whose CPU can be looked at, and time is given for it."""
        watch = self._testbed.watches.get("hub")
        return self._plan.parts_s > 0 and watch is not None and watch.exact

    async def alone(self) -> None:
        """While nobody is connected."""
        if self.wanted:
            await self._window("alone", asyncio.sleep(self._plan.parts_s / 2), clients=0)

    async def beside(self, heads: Sequence[int], start: Cpu, end: Cpu) -> None:
        """Idle, publishing alone, and at another rate; what comes to no end is left out.

        Args:
            heads: of the channels, as every subscriber has them.
            start, end: CPU seconds at the ends of the measured window.
        """
        plan = self._plan
        span_s, channels = plan.parts_s, self._testbed.channels
        for _ in range(2):
            await self._window("idle", asyncio.sleep(span_s / 2))
        self.windows.append(_together(self.windows.pop(), self.windows.pop()))
        rate = plan.scenario.rate_per_s * len(channels)
        other = rate * self._factor(rate, start, end)
        first = self._testbed.api.publish(_UNREAD, "the first makes the channel")
        alone = min(_MOST_PER_S, max(_LEAST_PER_S, other))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(first, _LIMIT_S)
            await self._window("unread", self._publish([_UNREAD], alone, span_s / 2))
            await self._window("second", self._read(channels, heads, other, span_s))

    def _factor(self, rate: float, start: Cpu, end: Cpu) -> float:
        """By how much the other rate is higher, or lower where the first is high itself."""
        scenario, cell = self._plan.scenario, self._plan.cell
        if cell.interval_s and not cell.served_by.counts_hits:
            return _LOWER  # nobody knows how many messages it keeps for who asks later
        used = [(end.get(name) or 0.0) - (start.get(name) or 0.0) for name in _processes(end)]
        busy = max([*used, 0.0]) / scenario.duration_s
        retained = scenario.hub_settings.retain_messages / 2
        waiting = scenario.rate_per_s * (self._plan.cell.interval_s + self._plan.parts_s)
        factor = min(
            _BUSY / busy if busy else _FACTOR, _FACTOR, _MOST_PER_S / rate, retained / waiting
        )
        return factor if factor >= _LEAST_FACTOR else _LOWER

    # ---- work ---------------------------------------------------------------------------------

    async def _read(
        self, channels: Sequence[str], heads: Sequence[int], rate: float, span_s: float
    ) -> None:
        """Publish at Poisson times, and wait until every subscriber has everything."""
        await self._publish(channels, rate, span_s)
        goal = list(heads)
        for channel, seq in self._published:
            goal[channel] = max(goal[channel], seq)
        limit_s = _LIMIT_S + 2 * self._plan.cell.interval_s + self._plan.scenario.link.slack_s
        await asyncio.wait_for(self._testbed.swarm.reach(heads=goal), limit_s)

    async def _publish(self, channels: Sequence[str], rate: float, span_s: float) -> None:
        """Publish by the clock to channels at random; `_published` has the answers."""
        count = max(1, round(rate * span_s))
        begin_s = time.monotonic()
        due_s = begin_s + np.sort(self._rng.uniform(0.0, span_s, count))
        to = self._rng.integers(0, len(channels), count)
        text = "x" * self._plan.scenario.payload_bytes
        sends: list[asyncio.Task[tuple[int, int]]] = []
        try:
            for at_s, channel in zip(due_s.tolist(), to.tolist(), strict=True):
                await asyncio.sleep(at_s - time.monotonic())
                sends.append(asyncio.ensure_future(self._send(channels, channel, text)))
            await asyncio.sleep(begin_s + span_s - time.monotonic())
            self._published = await asyncio.wait_for(asyncio.gather(*sends), _LIMIT_S)
        finally:
            for task in sends:
                task.cancel()

    async def _send(self, channels: Sequence[str], channel: int, text: str) -> tuple[int, int]:
        cursor = await self._testbed.api.publish(channels[channel], text)
        return channel, cursor.seq

    # ---- looking ------------------------------------------------------------------------------

    async def _window(self, name: str, work: Awaitable[None], clients: int | None = None) -> None:
        """Do `work`, and note what it took. Raises what it raises."""
        testbed, self._published = self._testbed, []
        counts = [await testbed.swarm.count()] if clients is None else []
        begin_s, before = time.monotonic(), await testbed.cpu()
        await work
        after, end_s = await testbed.cpu(), time.monotonic()
        counts += [await testbed.swarm.count()] if clients is None else []
        hits, deliveries = dict[str, int](), 0
        if counts:
            first, last = counts
            deliveries = last.deliveries - first.deliveries
            hits = {k: n - first.hits.get(k, 0) for k, n in last.hits.items()}
        self.windows.append(
            CostWindow(
                name=name,
                span_s=end_s - begin_s,
                clients=self._plan.scenario.clients if clients is None else clients,
                publishes=len(self._published),
                deliveries=deliveries,
                hits={kind: n for kind, n in hits.items() if n},
                cpu_s=(after["hub"] or 0.0) - (before["hub"] or 0.0),
                broker_cpu_s=_used(before, after, "broker"),
                backplane_cpu_s=_used(before, after, "backplane"),
            )
        )


def _processes(seen: Cpu) -> list[str]:
    """Those of one process each: of several that do the same work, each by itself."""
    sums = {name.rpartition(" ")[0] for name in seen}
    return [name for name in seen if name.split(" ")[0] in _PROCESSES and name not in sums]


def _together(one: CostWindow, other: CostWindow) -> CostWindow:
    """Two halves of a window as one; the lesser alone where the other took over twice as much.

    What a server puts off, such as a collection of garbage, may take ten times what a second of
    idling does. It is paid by the work that made it, not by the half that it happens to fall into.
    """
    less, more = sorted((one, other), key=lambda half: half.cpu_s / half.span_s)
    if more.cpu_s / more.span_s > _PUT_OFF * less.cpu_s / less.span_s > 0:
        return less
    both = (one, other)
    broker = [half.broker_cpu_s for half in both if half.broker_cpu_s is not None]
    backplane = [half.backplane_cpu_s for half in both if half.backplane_cpu_s is not None]
    return dataclasses.replace(
        one,
        span_s=one.span_s + other.span_s,
        hits=dict(Counter(one.hits) + Counter(other.hits)),
        cpu_s=one.cpu_s + other.cpu_s,
        broker_cpu_s=sum(broker) if len(broker) > 1 else None,
        backplane_cpu_s=sum(backplane) if len(backplane) > 1 else None,
    )


def _used(before: Cpu, after: Cpu, name: str) -> float | None:
    first, last = before.get(name), after.get(name)
    return None if first is None or last is None else last - first
