"""What was used and counted at one end of the window, however late whoever asks may be.

A server that counts is told of the moment before it comes and looks at itself; the processes are
looked at here.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from pushlab.lab.trial.testbed import Cpu, Testbed
from pushlab.systems.system import ServerCounts

__all__ = ["Moment", "looking"]


@dataclass(frozen=True, slots=True)
class Moment:
    """What was used and counted at one moment.

    Moments are of the publisher's clock.

    Attributes:
        seen_ns: when the processes were looked at; `server` says when the server looked at itself.
        cpu: CPU seconds of each.
    """

    seen_ns: int
    cpu: Cpu
    server: ServerCounts


@contextlib.asynccontextmanager
async def looking(
    testbed: Testbed, transport: str, at_ns: int
) -> "AsyncIterator[asyncio.Future[Moment]]":
    """What will have been used and counted at `at_ns`, which is still to come.

    Args:
        at_ns: a moment of the publisher's clock.
    """
    task = asyncio.ensure_future(_moment(testbed, transport, at_ns))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _moment(testbed: Testbed, transport: str, at_ns: int) -> Moment:
    clocks = testbed.clocks
    its = clocks.of("hub")
    server = asyncio.ensure_future(testbed.api.counts(transport, its.from_reference(at_ns)))
    try:
        await asyncio.sleep((at_ns - clocks.now_ns()) / 1e9)
        seen_ns, cpu = clocks.now_ns(), await testbed.cpu()
        counts = await server
        return Moment(seen_ns, cpu, replace(counts, at_ns=its.to_reference(counts.at_ns)))
    finally:
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)
