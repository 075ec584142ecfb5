"""Running something at one hub of all at a time; see `Backplane.one_at_a_time`."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

from pushlab.contract.turns import Deposed
from pushlab.errors import PushlabError
from pushlab.hub.backplane.redis.members import Members

__all__ = ["one_at_a_time"]

_log = logging.getLogger("pushlab")

_Run = Callable[[], AbstractAsyncContextManager[None]]


@contextlib.asynccontextmanager
async def one_at_a_time(members: Members, what: str, run: _Run) -> AsyncIterator[None]:
    """Run it whenever this hub is elected for it, while the body runs.

    Raises:
        PushlabError: it could not be begun, where this hub was elected at once. Later, another hub
            is given its turn then.
        Refused: 503, Redis is away.
    """
    term = _Terms(members, what, run)
    members.candidate.add(what)
    await members.beat()
    task = asyncio.ensure_future(term.run())
    try:
        if members.holds(what):
            await term.begun.wait()
            if term.wrong is not None:
                raise term.wrong
        yield
    finally:
        term.stopping.set()
        await asyncio.gather(task, return_exceptions=True)
        await members.resign(what)


class _Terms:
    """One hub's terms, one after another."""

    def __init__(self, members: Members, what: str, run: _Run) -> None:
        self._members = members
        self._what = what
        self._run = run
        self.begun = asyncio.Event()  # a first time, or in vain
        self.stopping = asyncio.Event()
        self.wrong: Exception | None = None

    async def run(self) -> None:
        members, what = self._members, self._what
        while not self.stopping.is_set():
            if not members.holds(what):
                await self._next(members.beat_s)
                continue
            try:
                await self._serve()
            except Exception as error:
                if not self.begun.is_set():
                    self.wrong = error
                    self.begun.set()
                    return
                await self._step_back(error)

    async def _serve(self) -> None:
        with contextlib.suppress(Deposed):
            async with self._run():
                self.begun.set()
                while self._members.holds(self._what):
                    await self._next(self._members.left_s())
                    if self.stopping.is_set():
                        return
                raise Deposed

    async def _step_back(self, error: Exception) -> None:
        """Let others try; this hub does again if none of them has."""
        members, what = self._members, self._what
        if isinstance(error, PushlabError):
            _log.warning("this hub cannot run %s, another may: %s", what, error)
        else:
            _log.error("%s failed at this hub", what, exc_info=error)
        await members.resign(what)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(members.lease_s / 2):
                await self.stopping.wait()
        members.candidate.add(what)

    async def _next(self, within_s: float) -> None:
        """Wait for a beat or the end."""
        waits = {
            asyncio.ensure_future(self._members.changed(within_s)),
            asyncio.ensure_future(self.stopping.wait()),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
