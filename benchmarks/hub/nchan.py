"""nginx with nchan, as ``servers/nchan/`` configures it, on a core of its own.

nchan (https://nchan.io) keeps its channels in memory, as the hub does, and is set up to do what the
hub does: messages are kept for an hour, at most 1,000 of them, and a new subscriber begins with
what is published from now on.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psutil

from benchmarks.harness.model import NotRun
from benchmarks.harness.processes import pin
from pushlab.errors import SetupError
from pushlab.systems import nchan
from pushlab.systems.system import Wanted

__all__ = ["Nchan", "missing", "running_nchan"]


@dataclass(frozen=True, slots=True)
class Nchan:
    """A running nginx with nchan.

    Attributes:
        url: where it listens, as ``http://host:port``.
        pids: of master and worker.
    """

    url: str
    pids: list[int]


def missing() -> str | None:
    """Why nchan cannot run here, or None."""
    return nchan.Nchan().missing() or None


@contextlib.asynccontextmanager
async def running_nchan(*, core: int) -> AsyncIterator[Nchan]:
    """A fresh nginx on a core of its own.

    Raises:
        NotRun: it is not installed, or does not start.
    """
    try:
        started = await nchan.Nchan().start(Wanted(transport="sse"))
    except SetupError as error:
        raise NotRun(str(error)) from error
    try:
        (watched,) = started.watched.values()
        master = psutil.Process(watched.pid)
        pin(master.pid, core)
        yield Nchan(started.api.url, [master.pid, *(each.pid for each in master.children())])
    finally:
        await asyncio.shield(started.stop())
