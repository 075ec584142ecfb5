"""The good readers: a thousand that share transports and channels, and messages that come steadily.

A reader is one of the swarm's, as in every trial. Messages leave by the clock, whatever the hub
does, and a latency counts from when its message was to leave, so a hub that stalls is not spared
what it could not take meanwhile.
"""

import asyncio
import contextlib
import tempfile
import time
from array import array
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.generator.swarm import configured_swarm, wrong_in
from pushlab.errors import PushlabError
from pushlab.lab.workers.clients import SwarmProcess
from pushlab.lab.workers.messages import SwarmReport
from pushlab.systems.hub_api import HubApi

__all__ = ["TRANSPORTS", "Crowd", "Phase", "gathered"]

TRANSPORTS = ("sse", "websocket", "long-polling")
_CONNECT_S = 120.0
_DRAIN_S = 20.0
_FAR_NS = 3_600_000_000_000
_TICK_NS = 1_500_000
_PAYLOAD = "x" * 100


@dataclass(slots=True)
class Phase:
    """The messages of one stretch of time, and how they arrived.

    Attributes:
        latencies_ns: of every delivery.
        owed: deliveries that were due.
        late_ns: how late the publisher itself was, of every message.
    """

    latencies_ns: list[int] = field(default_factory=list)
    owed: int = 0
    late_ns: list[int] = field(default_factory=list)
    refused: int = 0

    @property
    def lost(self) -> int:
        """Deliveries that never came."""
        return self.owed - len(self.latencies_ns)


class Crowd:
    """The readers, and what was published to them.

    Args:
        channels: how many; every channel has as many readers.
        per_s: messages published in a second, to one channel after another.
    """

    def __init__(
        self,
        api: HubApi,
        swarms: Sequence[SwarmProcess],
        *,
        readers: int,
        channels: int,
        per_s: int,
    ) -> None:
        self._api = api
        self._swarms = swarms
        self._readers = readers
        self._channels = channels
        self._per_s = per_s
        self._sent = 0
        self._published: dict[tuple[int, int], tuple[Phase, int]] = {}
        self.wrong = 0

    async def publish_for(self, seconds: float, phase: Phase) -> None:
        """Publish by the clock, and note what is owed for it."""
        began_ns = time.monotonic_ns()
        under_way: set[asyncio.Task[None]] = set()
        for number in range(int(seconds * self._per_s)):
            due_ns = began_ns + number * 1_000_000_000 // self._per_s
            if (wait_ns := due_ns - time.monotonic_ns() - _TICK_NS) > 0:
                await asyncio.sleep(wait_ns / 1e9)
            while time.monotonic_ns() < due_ns:  # noqa: ASYNC110 - a timer is a millisecond late
                await asyncio.sleep(0)
            phase.late_ns.append(time.monotonic_ns() - due_ns)
            task = asyncio.ensure_future(self._publish(self._sent % self._channels, due_ns, phase))
            self._sent += 1
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        if under_way:
            await asyncio.wait(under_way, timeout=_DRAIN_S)

    async def _publish(self, channel: int, due_ns: int, phase: Phase) -> None:
        try:
            at = await self._api.publish(f"good-{channel}", _PAYLOAD)
        except PushlabError:
            phase.refused += 1
            return
        self._published[channel, at.seq] = phase, due_ns
        phase.owed += self._readers // self._channels

    async def finish(self) -> None:
        """Wait for what is on its way, and give every delivery to its message's phase."""
        heads = [0] * self._channels
        for channel, seq in self._published:
            heads[channel] = max(heads[channel], seq)
        for swarm in self._swarms:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(swarm.commands.reach(heads=heads), _DRAIN_S)
        first = 0
        for swarm, share in zip(self._swarms, _shares(self._readers), strict=True):
            with tempfile.TemporaryDirectory(prefix="pushlab-attack-") as folder:
                told = await swarm.commands.finish(path=folder)
                self._take(Path(folder) / "deliveries", told, first)
            self.wrong += wrong_in(told) + told.closed
            first += share

    def _take(self, path: Path, told: SwarmReport, first: int) -> None:
        rows = told.rows["deliveries"]
        seqs, received_ns, subscribers = array("q"), array("q"), array("i")
        with path.open("rb") as file:
            for column in (seqs, received_ns, subscribers):
                column.fromfile(file, rows)
        for seq, at_ns, subscriber in zip(seqs, received_ns, subscribers, strict=True):
            found = self._published.get(((first + subscriber) % self._channels, seq))
            if found is not None:
                found[0].latencies_ns.append(at_ns - found[1])


def _shares(readers: int) -> list[int]:
    """How many readers each transport has."""
    base, more = divmod(readers, len(TRANSPORTS))
    return [base + (number < more) for number in range(len(TRANSPORTS))]


@contextlib.asynccontextmanager
async def gathered(
    api: HubApi, *, readers: int, channels: int, per_s: int, core: int
) -> AsyncIterator[Crowd]:
    """The readers, connected, while the body runs."""
    async with contextlib.AsyncExitStack() as stack:
        swarms, first = [], 0
        for transport, share in zip(TRANSPORTS, _shares(readers), strict=True):
            wanted = [
                (f"{transport}-{i}", (first + i) % channels, f"good-{(first + i) % channels}")
                for i in range(share)
            ]
            admissions = await api.admit(transport, wanted)
            swarm = await stack.enter_async_context(
                configured_swarm(transport, {}, admissions, core=core)
            )
            await asyncio.wait_for(swarm.commands.start(), _CONNECT_S)
            now_ns = time.monotonic_ns()
            await swarm.commands.begin(start_ns=now_ns, end_ns=now_ns + _FAR_NS)
            swarms.append(swarm)
            first += share
        yield Crowd(api, swarms, readers=readers, channels=channels, per_s=per_s)
