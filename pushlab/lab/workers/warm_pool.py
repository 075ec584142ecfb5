"""Processes that come up before their trial does, while the trial before is being put away.

Loading Python and its modules takes longer than all else between two windows. Nothing is measured
then, and each process still serves one trial alone. They are started only where a trial with
processes follows at once: beside the harness's floor they would take its time.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pushlab.hub.child import Child, ChildProcess, end_child
from pushlab.hub.process import spawn_hub
from pushlab.lab.place import EVERYTHING_HERE, HERE, Place, Placement
from pushlab.lab.workers.clients import start_publisher, start_swarm

__all__ = ["WarmPool"]

_Process = TypeVar("_Process")


class WarmPool:
    """At most one spare process of each kind at each place; call `drop` in the end."""

    def __init__(self) -> None:
        self._spares: dict[tuple[Any, Place], Any] = {}

    async def fill(self, *, hub: bool, placement: Placement = EVERYTHING_HERE) -> None:
        """Start what is missing.

        Args:
            hub: whether a hub too, if it is to run here.
        """
        if hub and placement.server.here and (spawn_hub, HERE) not in self._spares:
            self._spares[spawn_hub, HERE] = await spawn_hub()
        for start, place in (
            (start_swarm, placement.swarm_at(0)),
            (start_publisher, placement.publisher),
        ):
            if (start, place) not in self._spares:
                self._spares[start, place] = await start(place)

    async def take_hub(self) -> ChildProcess:
        """The spare hub here, if it still runs, or one that is started now."""
        spare = self._spares.pop((spawn_hub, HERE), None)
        return spare if spare is not None and spare.returncode is None else await spawn_hub()

    async def take(
        self, start: Callable[[Place], Awaitable[_Process]], place: Place = HERE
    ) -> _Process:
        """The spare at this place, if it still runs, or one that is started now."""
        spare: Any = self._spares.pop((start, place), None)
        return spare if spare is not None and spare.returncode is None else await start(place)

    async def drop(self) -> None:
        """End those that nobody took."""
        spares, self._spares = list(self._spares.values()), {}
        for one in spares:
            with contextlib.suppress(ProcessLookupError):
                one.kill()
        await asyncio.gather(
            *(one.stop() if isinstance(one, Child) else end_child(one) for one in spares)
        )
