"""The race's crowd: ``python -m pushlab.web.crowd_process``, a worker with these commands.

==========  =======================================================================================
``settle``  for one lane: transport, options, link, authority, endpoint, token, and how many clients
            there shall be. What is there already stays, if all but the number is as before.
``status``  for each lane: clients, how many are accepted, how many the server has ended, the
            commonest trouble, and the counters
==========  =======================================================================================

It runs for hours, so unlike a trial's swarm it writes no rows down; it counts.
"""

import asyncio
import random
from typing import Any

from pushlab.contract.registry import make_transport
from pushlab.contract.subscriber import Endpoint
from pushlab.lab.load.recorder import Recorder
from pushlab.lab.load.swarm import Swarm
from pushlab.lab.workers.child import CommandServer, run_worker
from pushlab.runs import Link
from pushlab.wire.tls import client_context

__all__ = ["CrowdServer", "Tally", "main"]

_LEAVE_S = 3.0
_COUNTED = ("bytes_in", "bytes_out", "deliveries")


class Tally(Recorder):
    """A recorder that counts deliveries and keeps none."""

    __slots__ = ("_counted",)

    def __init__(self) -> None:
        super().__init__()
        self._counted = 0
        self.add_subscriber = self.add_received_ns = _forget
        self.add_seq = self._count

    def _count(self, seq: int) -> None:
        self._counted += 1

    @property
    def deliveries(self) -> int:
        """How many messages came."""
        return self._counted

    def connected(self, subscriber: int, wanted_ns: int, now_ns: int) -> None:
        """Who connects is counted by the swarm."""

    def moved(self, subscriber: int, now_ns: int, size: int) -> None:
        """Nobody is observed."""


def _forget(value: int) -> None:
    """Nothing is written down."""


class _Lane:
    """The crowd of one lane, over any number of swarms one after the other."""

    def __init__(self) -> None:
        self.wish: dict[str, Any] = {}
        self.swarm: Swarm | None = None
        self._before = dict.fromkeys(_COUNTED, 0)

    def counters(self) -> dict[str, int]:
        now = self.swarm.recorder.snapshot() if self.swarm is not None else self._before
        carried = self._before if self.swarm is not None else dict.fromkeys(_COUNTED, 0)
        return {name: now[name] + carried[name] for name in _COUNTED}

    def part(self) -> Swarm | None:
        """Let the swarm go; what it counted stays."""
        self._before = self.counters()
        gone, self.swarm = self.swarm, None
        return gone


class CrowdServer(CommandServer):
    """Carries out the crowd's commands."""

    def __init__(self, write: Any) -> None:
        super().__init__(write)
        self._lanes: dict[str, _Lane] = {}
        self._farewells: set[asyncio.Task[None]] = set()

    def counters(self) -> dict[str, Any]:
        """The counters of every lane."""
        return {name: lane.counters() for name, lane in self._lanes.items()}

    async def _do_settle(self, command: dict[str, Any]) -> dict[str, Any]:
        lane = self._lanes.setdefault(command["lane"], _Lane())
        wish = {key: command[key] for key in ("options", "link", "authority", "endpoint", "token")}
        if lane.swarm is not None and (lane.wish != wish or not command["clients"]):
            self._dismiss(lane)
        if command["clients"]:
            if lane.swarm is None:
                lane.wish, lane.swarm = wish, self._swarm(command)
            self._fit(lane.swarm, command)
        return {}

    def _swarm(self, command: dict[str, Any]) -> Swarm:
        authority = command["authority"]
        swarm = Swarm(
            make_transport(command["lane"], command["options"]),
            seed=random.getrandbits(32),
            link=Link(**command["link"]),
            tls=client_context(authority) if authority else None,
        )
        swarm.recorder = Tally()
        return swarm

    def _fit(self, swarm: Swarm, command: dict[str, Any]) -> None:
        """Let clients come or go until there are as many as wished."""
        told = command["endpoint"]
        details = {key: value for key, value in told.items() if key != "url"}
        endpoint = Endpoint.from_url(told["url"], details)
        while len(swarm.readers) > command["clients"]:
            swarm.readers.pop().leave()
        while len(swarm.readers) < command["clients"]:
            swarm.add(0, endpoint, command["token"])
            swarm.readers[-1].start()

    def _dismiss(self, lane: _Lane) -> None:
        swarm = lane.part()
        if swarm is not None:
            task = asyncio.ensure_future(swarm.leave(_LEAVE_S))
            self._farewells.add(task)
            task.add_done_callback(self._farewells.discard)

    async def _do_status(self, command: dict[str, Any]) -> dict[str, Any]:
        del self.lag.at_ns[:], self.lag.lag_ns[:]  # nobody will ask for these
        return {"lanes": {name: self._status(lane) for name, lane in self._lanes.items()}}

    def _status(self, lane: _Lane) -> dict[str, Any]:
        swarm = lane.swarm
        readers = [] if swarm is None else swarm.readers
        trouble = [] if swarm is None else swarm.recorder.reasons.most_common(1)
        return {
            "clients": len(readers),
            "accepted": sum(reader.connected for reader in readers),
            "ended": sum(reader.closed is not None for reader in readers),
            "trouble": trouble[0][0] if trouble else "",
            **lane.counters(),
        }


def main() -> None:
    """Serve commands until standard input ends."""
    run_worker(CrowdServer)


if __name__ == "__main__":
    main()
