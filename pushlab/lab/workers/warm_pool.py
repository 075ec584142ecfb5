"""Processes that come up before their trial does, while the trial before is being put away.

Loading Python and its modules takes longer than all else between two windows. Nothing is measured
then, and each process still serves one trial alone. They are started only where a trial with
processes follows at once: beside the harness's floor they would take its time.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pushlab.hub.child import Child, end_child
from pushlab.hub.process import spawn_hub
from pushlab.lab.workers.clients import start_publisher, start_swarm

__all__ = ["WarmPool"]

_Process = TypeVar("_Process")


class WarmPool:
    """At most one spare process of each kind, by what starts it; call `drop` in the end."""

    def __init__(self) -> None:
        self._spares: dict[Callable[[], Awaitable[Any]], Any] = {}

    async def fill(self, *, hub: bool) -> None:
        """Start what is missing.

        Args:
            hub: whether a hub too.
        """
        for start in (spawn_hub, start_swarm, start_publisher):
            if start not in self._spares and (hub or start is not spawn_hub):
                self._spares[start] = await start()

    async def take(self, start: Callable[[], Awaitable[_Process]]) -> _Process:
        """The spare, if it still runs, or one that is started now."""
        spare: Any = self._spares.pop(start, None)
        return spare if spare is not None and spare.returncode is None else await start()

    async def drop(self) -> None:
        """End those that nobody took."""
        spares, self._spares = list(self._spares.values()), {}
        for one in spares:
            with contextlib.suppress(ProcessLookupError):
                one.kill()
        await asyncio.gather(
            *(one.stop() if isinstance(one, Child) else end_child(one) for one in spares)
        )
