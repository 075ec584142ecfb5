"""pushlab's contender: the swarm's process, the very one that a trial of `pushlab compare` runs."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.harness.processes import pin
from pushlab.lab.workers.clients import SwarmProcess, start_swarm
from pushlab.lab.workers.messages import SwarmReport, SwarmSetup
from pushlab.systems.system import Admission

__all__ = ["Window", "configured_swarm", "measure_window", "running_swarm", "wrong_in"]

_CONNECT_S = 60.0
_LEAD_NS = 20_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """What the swarm itself notes at the two ends of a window.

    Attributes:
        hits: by kind.
        wrong: duplicates, reorderings, gaps and lost connections over the whole life.
    """

    deliveries: int
    hits: Mapping[str, int]
    cpu_s: float
    wall_s: float
    wrong: int


@contextlib.asynccontextmanager
async def configured_swarm(
    transport: str,
    options: Mapping[str, Any],
    admissions: Sequence[Admission],
    *,
    core: int | None = 0,
    polite: bool = False,
) -> AsyncIterator[SwarmProcess]:
    """A swarm that has its subscribers and has not let them begin."""
    swarm = await start_swarm()
    try:
        if core is not None:
            pin(swarm.pid, core, polite=polite)
        setup = SwarmSetup(
            transport=transport, options=dict(options), subscribers=list(admissions), seed=1
        )
        await swarm.commands.configure(setup=setup)
        yield swarm
    finally:
        await swarm.stop()


@contextlib.asynccontextmanager
async def running_swarm(
    transport: str,
    options: Mapping[str, Any],
    admissions: Sequence[Admission],
    *,
    core: int | None = 0,
    polite: bool = False,
) -> AsyncIterator[SwarmProcess]:
    """Subscribers that are connected while the body runs."""
    async with configured_swarm(transport, options, admissions, core=core, polite=polite) as swarm:
        await asyncio.wait_for(swarm.commands.start(), _CONNECT_S)
        yield swarm


async def measure_window(swarm: SwarmProcess, seconds: float) -> Window:
    """Let the swarm note its counters, sleep, and let it tell them."""
    start_ns = time.monotonic_ns() + _LEAD_NS
    end_ns = start_ns + int(seconds * 1e9)
    await swarm.commands.begin(start_ns=start_ns, end_ns=end_ns)
    await asyncio.sleep((end_ns - time.monotonic_ns()) / 1e9 + 0.05)
    with tempfile.TemporaryDirectory(prefix="pushlab-bench-") as folder:
        told = await swarm.commands.finish(path=folder)
    start, end = told.start, told.end
    assert start is not None
    return Window(
        deliveries=end.deliveries - start.deliveries,
        hits={k: n - start.hits.get(k, 0) for k, n in end.hits.items()},
        cpu_s=end.cpu_s - start.cpu_s,
        wall_s=seconds,
        wrong=wrong_in(told) + told.closed,
    )


def wrong_in(told: SwarmReport) -> int:
    """Duplicates, reorderings, gaps and lost connections."""
    now = told.now
    return now.duplicated + now.reordered + now.gaps + now.disconnects
