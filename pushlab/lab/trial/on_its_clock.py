"""A swarm that has another clock than the publisher, told of by the publisher's.

What it is told of moments is its own clock's; what it tells, and the rows that it wrote, are the
publisher's when the caller gets them. So nobody else needs to know that there were two.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pushlab.lab.clocks.clock_map import Clock
from pushlab.lab.load.recorder import STAMP_COLUMNS
from pushlab.lab.workers.messages import Counters, SwarmReport, SwarmSetup, SwarmStatus
from pushlab.lab.workers.swarm_commands import SwarmCommands

__all__ = ["OnItsClock", "map_files"]

_PIECE_ROWS = 1 << 19


class OnItsClock:
    """The commands of a swarm, or of a share of one.

    Args:
        swarm: told what to do.
        clock: its process's.
    """

    def __init__(self, swarm: SwarmCommands, clock: Clock) -> None:
        self._swarm = swarm
        self._clock = clock

    async def configure(self, setup: SwarmSetup) -> bool:
        """Take the subscribers; whether their client half is sans-I/O."""
        return await self._swarm.configure(setup=setup)

    async def start(self) -> Counters:
        """Let every subscriber begin; the counters when the server has accepted all."""
        return await self._swarm.start()

    async def reach(self, heads: list[int], never: list[list[int]] | None = None) -> None:
        """Wait until all subscribers of channel i have ``heads[i]``."""
        await self._swarm.reach(heads=heads, never=never)

    async def begin(self, start_ns: int, end_ns: int) -> None:
        """Count rows from here, and note the counters at both moments."""
        own = self._clock.from_reference
        await self._swarm.begin(start_ns=own(start_ns), end_ns=own(end_ns))

    async def status(self) -> SwarmStatus:
        """How far the subscribers are."""
        told, there = await self._swarm.status(), self._clock.to_reference
        recent = [[reader, seq, there(received_ns)] for reader, seq, received_ns in told.recent]
        return dataclasses.replace(told, recent=recent)

    async def count(self) -> Counters:
        """The counters now."""
        return await self._swarm.count()

    async def leave(self) -> dict[str, int]:
        """Let everybody say goodbye; all hits, when the connections are closed."""
        return await self._swarm.leave()

    async def finish(self, path: str) -> SwarmReport:
        """Write the rows to files in `path`; what is missing now is waited for no more."""
        report, there = await self._swarm.finish(path=path), self._clock.to_reference
        map_files(Path(path), report.rows, self._clock)
        return dataclasses.replace(
            report,
            start=report.start and _moved(report.start, self._clock),
            end=_moved(report.end, self._clock),
            now=_moved(report.now, self._clock),
            loop_lags=[[there(at_ns), lag_ns] for at_ns, lag_ns in report.loop_lags],
        )


def _moved(counters: Counters, clock: Clock) -> Counters:
    if not counters.at_ns:
        return counters
    return dataclasses.replace(counters, at_ns=clock.to_reference(counters.at_ns))


def map_files(folder: Path, counts: Mapping[str, int], clock: Clock) -> None:
    """Set every stamp of the files that `Recorder.write` wrote, piece by piece, in their place.

    Args:
        counts: how many rows there are in each.
    """
    for kind, columns in STAMP_COLUMNS.items():
        rows = counts[kind]
        with (folder / kind).open("r+b") as file:
            for column in columns:
                for first in range(0, rows, _PIECE_ROWS):
                    count = min(_PIECE_ROWS, rows - first)
                    file.seek(8 * (column * rows + first))
                    stamps = np.fromfile(file, np.int64, count)
                    file.seek(8 * (column * rows + first))
                    file.write(clock.to_reference(stamps).tobytes())
