"""What a swarm can be told, whether it is one process or shared out over several."""

from typing import Protocol

from pushlab.lab.workers.messages import Counters, SwarmReport, SwarmSetup, SwarmStatus

__all__ = ["SwarmCommands"]


class SwarmCommands(Protocol):
    """The commands of `SwarmService`."""

    async def configure(self, setup: SwarmSetup) -> bool:
        """Take the subscribers; whether their client half is sans-I/O."""

    async def start(self) -> Counters:
        """Let every subscriber begin; the counters when the server has accepted all."""

    async def reach(self, heads: list[int], never: list[list[int]] | None = None) -> None:
        """Wait until all subscribers of channel i have ``heads[i]``; see `Swarm.set_goal`."""

    async def begin(self, start_ns: int, end_ns: int) -> None:
        """Count rows from here, and note the counters at both moments."""

    async def status(self) -> SwarmStatus:
        """How far the subscribers are."""

    async def count(self) -> Counters:
        """The counters now."""

    async def leave(self) -> dict[str, int]:
        """Let everybody say goodbye; all hits, when the connections are closed."""

    async def finish(self, path: str) -> SwarmReport:
        """Write the rows to files in `path`; what is missing now is waited for no more."""
