"""The race's crowd: ``python -m pushlab.web.crowd_process``, a worker.

It runs for hours, so unlike a trial's swarm it writes no rows down; it counts.
"""

import asyncio
import dataclasses
import random
from dataclasses import dataclass, field
from typing import Any

from pushlab.contract.registry import make_transport
from pushlab.contract.subscriber import Endpoint
from pushlab.lab.load.recorder import Recorder
from pushlab.lab.load.swarm import Swarm
from pushlab.lab.workers.child import WorkerService, run_worker
from pushlab.runs import Link
from pushlab.wire.tls import client_context

__all__ = ["COUNTED", "CrowdService", "LaneRequest", "LaneStatus", "Tally", "main"]

_LEAVE_S = 3.0
#: What is counted of a lane.
COUNTED = ("bytes_in", "bytes_out", "deliveries")


@dataclass(frozen=True, slots=True)
class LaneRequest:
    """Who shall be in a lane.

    Attributes:
        endpoint: where the transport listens, with ``url``.
        token: for all of them; a secret.
        authority: whom to trust where that is encrypted, as a PEM certificate.
    """

    clients: int
    token: str = field(repr=False)
    endpoint: dict[str, Any] = field(repr=False)
    options: dict[str, Any]
    link: Link
    authority: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStatus:
    """Who is in a lane.

    Attributes:
        accepted, ended: how many the server has accepted, and ended.
        trouble: the most frequent one; "": none.
        counted: by the names in `COUNTED`.
    """

    clients: int
    accepted: int
    ended: int
    trouble: str
    counted: dict[str, int]


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
        self.request: LaneRequest | None = None  # that of the swarm, but for the number
        self.swarm: Swarm | None = None
        self._before = dict.fromkeys(COUNTED, 0)

    def counted(self) -> dict[str, int]:
        if self.swarm is None:
            return self._before
        recorder = self.swarm.recorder
        return {name: getattr(recorder, name) + self._before[name] for name in COUNTED}

    def part(self) -> Swarm | None:
        """Let the swarm go; what it counted stays."""
        self._before = self.counted()
        gone, self.swarm = self.swarm, None
        return gone

    def status(self) -> LaneStatus:
        swarm = self.swarm
        readers = [] if swarm is None else swarm.readers
        trouble = [] if swarm is None else swarm.recorder.reasons.most_common(1)
        return LaneStatus(
            clients=len(readers),
            accepted=sum(reader.connected for reader in readers),
            ended=sum(reader.closed is not None for reader in readers),
            trouble=trouble[0][0] if trouble else "",
            counted=self.counted(),
        )


class CrowdService(WorkerService):
    """The crowd as a worker."""

    def __init__(self) -> None:
        super().__init__()
        self._lanes: dict[str, _Lane] = {}
        self._farewells: set[asyncio.Task[None]] = set()

    async def settle(self, lane: str, request: LaneRequest) -> None:
        """Make one lane; what is there already stays, if all but the number is as before."""
        there = self._lanes.setdefault(lane, _Lane())
        alike = there.request is not None and request == dataclasses.replace(
            there.request, clients=request.clients
        )
        if there.swarm is not None and not (alike and request.clients):
            self._dismiss(there)
        if request.clients:
            if there.swarm is None:
                there.request, there.swarm = request, _swarm(lane, request)
            _fit(there.swarm, request)

    def _dismiss(self, lane: _Lane) -> None:
        swarm = lane.part()
        if swarm is not None:
            task = asyncio.ensure_future(swarm.leave(_LEAVE_S))
            self._farewells.add(task)
            task.add_done_callback(self._farewells.discard)

    async def status(self) -> dict[str, LaneStatus]:
        """How each lane is."""
        del self.lag.at_ns[:], self.lag.lag_ns[:]  # nobody will ask for these
        return {name: lane.status() for name, lane in self._lanes.items()}


def _swarm(lane: str, request: LaneRequest) -> Swarm:
    authority = request.authority
    swarm = Swarm(
        make_transport(lane, request.options),
        seed=random.getrandbits(32),
        link=request.link,
        tls=client_context(authority, own=True) if authority else None,
    )
    swarm.recorder = Tally()
    return swarm


def _fit(swarm: Swarm, request: LaneRequest) -> None:
    """Let clients come or go until there are as many as wanted."""
    endpoint = Endpoint.told(request.endpoint)
    while len(swarm.readers) > request.clients:
        swarm.readers.pop().say_goodbye()
    while len(swarm.readers) < request.clients:
        swarm.add(0, endpoint, request.token)
        swarm.readers[-1].start()


def main() -> None:
    """Serve calls until standard input ends."""
    run_worker(CrowdService)


if __name__ == "__main__":
    main()
