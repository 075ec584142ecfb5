"""Processes that come up before their trial does, while the trial before is being put away.

Loading Python and its modules takes longer than all else between two windows. Nothing is measured
then, and each process still serves one trial alone. They are started only where a trial with
processes follows at once: beside the harness's floor they would take its time.
"""

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pushlab.hub.child import Child, ChildProcess, end_child
from pushlab.hub.process import spawn_hub
from pushlab.lab.place import EVERYTHING_HERE, HERE, Place, Placement
from pushlab.lab.workers.clients import start_publisher, start_swarm

__all__ = ["WarmPool"]

_Process = TypeVar("_Process")


class WarmPool:
    """Spare processes of each kind at each place; call `drop` in the end."""

    def __init__(self) -> None:
        self._spares: defaultdict[tuple[Any, Place], list[Any]] = defaultdict(list)

    async def fill(
        self, *, hub: bool, swarms: int = 1, placement: Placement = EVERYTHING_HERE
    ) -> None:
        """Start what is missing of a publisher and so many swarms.

        Args:
            hub: whether a hub too, if it is to run here.
        """
        if hub and placement.server.here and not self._spares[spawn_hub, HERE]:
            self._spares[spawn_hub, HERE].append(await spawn_hub())
        if not self._spares[start_publisher, placement.publisher]:
            publisher = await start_publisher(placement.publisher)
            self._spares[start_publisher, placement.publisher].append(publisher)
        missing = Counter(placement.swarm_at(share) for share in range(swarms))
        for place, count in missing.items():
            spares = self._spares[start_swarm, place]
            while len(spares) < count:
                spares.append(await start_swarm(place))

    async def take_hub(self) -> ChildProcess:
        """A spare hub here that still runs, or one that is started now."""
        return self._spare(spawn_hub, HERE) or await spawn_hub()

    async def take(
        self, start: Callable[[Place], Awaitable[_Process]], place: Place = HERE
    ) -> _Process:
        """A spare at this place that still runs, or one that is started now."""
        return self._spare(start, place) or await start(place)

    def _spare(self, start: Any, place: Place) -> Any:
        spares = self._spares[start, place]
        while spares:
            if (spare := spares.pop()).returncode is None:
                return spare
        return None

    async def drop(self) -> None:
        """End those that nobody took."""
        spares = [one for each in self._spares.values() for one in each]
        self._spares.clear()
        for one in spares:
            with contextlib.suppress(ProcessLookupError):
                one.kill()
        await asyncio.gather(
            *(one.stop() if isinstance(one, Child) else end_child(one) for one in spares)
        )
