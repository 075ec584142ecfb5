"""A swarm of several processes that is told what to do as one is.

The subscribers are shared out in runs of consecutive numbers. Everything that is drawn is drawn
among all of them: who is observed, who is a witness, in which phase each polls. So a trial asks the
same of its server, whoever its subscribers live with.
"""

import asyncio
import dataclasses
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

from pushlab.lab.load.swarm import CONCURRENT_DIALS
from pushlab.lab.load.traffic_tap import observed_among
from pushlab.lab.load.witness import witnesses_among
from pushlab.lab.trial.merging import (
    merge_counters,
    merge_hits,
    merge_reports,
    merge_statuses,
)
from pushlab.lab.workers.messages import Counters, SwarmReport, SwarmSetup, SwarmStatus
from pushlab.lab.workers.parent import WorkerFailed
from pushlab.lab.workers.swarm_commands import SwarmCommands

__all__ = ["SwarmShares", "share_bounds", "shared_out"]

_UNEVEN = 10  # a share may be larger or smaller by so much of it, for whole channels


def share_bounds(channels: Sequence[int], shares: int) -> list[int]:
    """Where the shares begin, and where the last one ends.

    A cut goes between two channels where that leaves the shares nearly even, since who reads one
    channel in one process wakes that process once for a message.

    Args:
        channels: of each subscriber, the number of its channel, in order.
        shares: how many; at least one subscriber for each.
    """
    clients = len(channels)
    even = clients / shares
    bounds = [0]
    for number in range(1, shares):
        cut = round(number * even)
        near = range(int(even / _UNEVEN) + 1)
        places = (cut + way * away for away in near for way in (-1, 1))
        whole = (p for p in places if 0 < p < clients and channels[p - 1] != channels[p])
        bounds.append(next(whole, cut))
    return [*bounds, clients]


def shared_out(setup: SwarmSetup, shares: int) -> list[SwarmSetup]:
    """What each share is to be."""
    channels = [one.channel for one in setup.subscribers]
    bounds = share_bounds(channels, shares)
    observed = observed_among(len(channels))
    witnesses = sorted(witnesses_among(channels, seed=setup.seed))
    found = []
    for number in range(shares):
        ours = range(bounds[number], bounds[number + 1])
        found.append(
            dataclasses.replace(
                setup,
                subscribers=setup.subscribers[ours.start : ours.stop],
                first=ours.start,
                observed=[one for one in observed if one in ours],
                witnesses=[one for one in witnesses if one in ours],
                dials=-(-CONCURRENT_DIALS // shares),
            )
        )
    return found


class SwarmShares:
    """The shares of one trial's swarm, with the commands of one.

    Args:
        shares: what each can be told, in the order of their subscribers.

    Attributes:
        sizes: how many subscribers each has, once they are shared out.
    """

    def __init__(self, shares: Sequence[SwarmCommands]) -> None:
        self._shares = list(shares)
        self.sizes: list[int] = []

    async def configure(self, setup: SwarmSetup) -> bool:
        """Share out the subscribers; whether their client half is sans-I/O."""
        setups = shared_out(setup, len(self._shares))
        self.sizes = [len(one.subscribers) for one in setups]
        pairs = zip(self._shares, setups, strict=True)
        return all(await _all([share.configure(setup=one) for share, one in pairs]))

    async def start(self) -> Counters:
        """Let every subscriber begin; the counters when the server has accepted all."""
        return merge_counters(await _all([share.start() for share in self._shares]))

    async def reach(self, heads: list[int], never: list[list[int]] | None = None) -> None:
        """Wait until all subscribers of channel i have ``heads[i]``."""
        await _all([share.reach(heads=heads, never=never) for share in self._shares])

    async def begin(self, start_ns: int, end_ns: int) -> None:
        """Count rows from here, and note the counters at both moments."""
        await _all([share.begin(start_ns=start_ns, end_ns=end_ns) for share in self._shares])

    async def status(self) -> SwarmStatus:
        """How far the subscribers are."""
        return merge_statuses(await _all([share.status() for share in self._shares]))

    async def count(self) -> Counters:
        """The counters now."""
        return merge_counters(await _all([share.count() for share in self._shares]))

    async def leave(self) -> dict[str, int]:
        """Let everybody say goodbye; all hits, when the connections are closed."""
        return merge_hits(await _all([share.leave() for share in self._shares]))

    async def finish(self, path: str) -> SwarmReport:
        """Let each share write its rows into a folder of its own below `path`.

        What a share that has died had in its memory is lost, and what the others have is kept.

        Raises:
            WorkerFailed: no share is left.
        """
        parts = [str(number) for number in range(1, len(self._shares) + 1)]
        for part in parts:
            Path(path, part).mkdir()
        told: list[SwarmReport | BaseException] = await asyncio.gather(
            *(
                share.finish(path=str(Path(path, part)))
                for share, part in zip(self._shares, parts, strict=True)
            ),
            return_exceptions=True,
        )
        pairs = zip(told, parts, strict=True)
        reports = [
            dataclasses.replace(one, part=part)
            for one, part in pairs
            if isinstance(one, SwarmReport)
        ]
        errors = [one for one in told if isinstance(one, BaseException)]
        for error in errors:
            if not isinstance(error, WorkerFailed) or not reports:
                raise error
        return merge_reports(reports, str(errors[0]) if errors else "")


async def _all(asked: Sequence[Awaitable[Any]]) -> list[Any]:
    """What all of them give; as soon as one fails, the others are waited for no more."""
    tasks = [asyncio.ensure_future(one) for one in asked]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
