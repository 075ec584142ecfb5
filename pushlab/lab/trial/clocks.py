"""The clocks of one trial's processes: all moments of a trial are told by the publisher's.

On one machine all processes have one clock, and nobody is asked. Elsewhere each process that stamps
exchanges datagrams with the publisher, before the window, now and then meanwhile, and after the
drain; see `pushlab.lab.clocks`. The hub is asked by the publisher, all others ask the publisher.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

from pushlab.contract.authority import is_loopback
from pushlab.lab.clocks.asker import ClockAsker, ClockDoor, Exchanges
from pushlab.lab.clocks.clock_map import SAME, Clock
from pushlab.lab.clocks.known import KnownClock
from pushlab.lab.host.machine_watch import MachineWatch
from pushlab.lab.host.process_sampler import ProcessWatch
from pushlab.lab.load.publish_log import PublishLog
from pushlab.runs import RemoteClock
from pushlab.systems.publishing import HttpPublishing, Publishing
from pushlab.wire.clock_exchange import fresh_key

__all__ = ["AnswersClock", "TrialClocks", "where_to_answer"]

HUB, RUNNER = "hub", "runner"


class AnswersClock(Protocol):
    """What a worker can be told of clocks."""

    async def answer_clock(self, host: str, key: str) -> int:
        """Answer who asks for this process's time; the port."""

    async def ask_clock(self, door: ClockDoor) -> Exchanges:
        """Ask another process for its time, from now on; what came of it so far."""


def where_to_answer(address: str) -> str:
    """Where to listen for datagrams to `address`, which may be another machine's name for this."""
    if is_loopback(address):
        return address
    return "::" if ":" in address else "0.0.0.0"


class TrialClocks:
    """The clocks of one trial, by the names of its processes; until `add` they are all one.

    Attributes:
        key: of the trial's questions; a secret.
    """

    def __init__(self) -> None:
        self.key = fresh_key()
        self._known: dict[str, KnownClock] = {}
        self._own: ClockAsker | None = None
        self._publisher: tuple[AnswersClock, ClockDoor] | None = None

    def __repr__(self) -> str:
        return f"TrialClocks({', '.join(self._known)})"

    # ---- who has which ----------------------------------------------------------------------

    async def publisher_at(self, publisher: AnswersClock, address: str) -> None:
        """Let the publisher answer at that address, and ask it from here. Raises SetupError."""
        port = await publisher.answer_clock(host=where_to_answer(address), key=self.key)
        door = ClockDoor(host=address, port=port, key=self.key)
        self._publisher = publisher, door
        self._own = own = ClockAsker.open(door)
        own.go_on()
        self._known[RUNNER] = KnownClock(RUNNER, own.around)

    def add(self, process: str, worker: AnswersClock) -> None:
        """Let a worker ask the publisher."""
        assert self._publisher is not None
        _, door = self._publisher
        self._known[process] = KnownClock(process, lambda: worker.ask_clock(door=door))

    def add_server(self, address: str, port: int) -> None:
        """Let the publisher ask the server, at a port where its process answers."""
        assert self._publisher is not None
        publisher, _ = self._publisher
        door = ClockDoor(host=address, port=port, key=self.key)
        self._known[HUB] = KnownClock(
            HUB, lambda: publisher.ask_clock(door=door), asked_by_publisher=True
        )

    async def ask(self) -> None:
        """Ask all once more, if there is anybody to be asked.

        Raises:
            SetupError: somebody has never answered.
        """
        await asyncio.gather(*(clock.ask() for clock in self._known.values()))

    async def ask_again(self) -> None:
        """The same; of who answers no more, or has died, as much is known as before."""
        await asyncio.gather(
            *(clock.ask() for clock in self._known.values()), return_exceptions=True
        )

    def close(self) -> None:
        """Ask no more from here."""
        if self._own is not None:
            self._own.close()

    # ---- moments ----------------------------------------------------------------------------

    def of(self, process: str) -> Clock:
        """The clock of a process; where nobody has answered there is no trial, and one will do."""
        known = self._known.get(process)
        if known is None and process == HUB:  # who is asked from here is stamped here
            known = self._known.get(RUNNER)
        return known if known is not None and known.is_known else SAME

    async def asked_ns(self) -> int:
        """Now, by the publisher's clock, after all were asked once more. Raises SetupError."""
        await self.ask()
        return self.now_ns()

    def now_ns(self) -> int:
        """Now, by the publisher's clock."""
        return self.of(RUNNER).to_reference(time.monotonic_ns())

    def map_lags(self, process: str, lags: Sequence[Sequence[int]]) -> list[list[int]]:
        """When an event loop was looked at, by the publisher's clock, and how late it was."""
        clock = self.of(process)
        return [[clock.to_reference(at_ns), lag_ns] for at_ns, lag_ns in lags]

    def map_watch(self, watch: ProcessWatch) -> None:
        """Tell by the publisher's clock when a process was looked at."""
        for one in watch.members:
            self.map_watch(one)
        if not self._known or watch.members:
            return
        there = self._watched_by(watch).to_reference
        watch.samples = [(*row[:2], there(row[2]), *row[3:]) for row in watch.samples]
        if isinstance(watch, MachineWatch):
            watch.moments = [(there(row[0]), *row[1:]) for row in watch.moments]
            watch.others = [(there(at_ns), used_s) for at_ns, used_s in watch.others]

    def _watched_by(self, watch: ProcessWatch) -> Clock:
        """The clock of who looked at it: of its place, where that did, else of this process."""
        if not watch.stamped_there:
            return self.of(RUNNER)
        name = watch.clock_of or watch.name
        known = name in self._known or name.startswith("publisher")
        return self.of(name if known else HUB)  # what stands beside the server has its clock

    def map_accepted(self, publish_log: PublishLog, publishing: Publishing) -> None:
        """Tell by the publisher's clock when the server took each message, if it says so itself."""
        says = isinstance(publishing, HttpPublishing) and publishing.numbers
        if says and HUB in self._known:
            taken = publish_log.accepted_ns > 0
            accepted_ns = self.of(HUB).to_reference(publish_log.accepted_ns[taken])
            publish_log.accepted_ns[taken] = accepted_ns

    def figures(self, from_ns: int | None, to_ns: int | None) -> list[RemoteClock]:
        """What is known of each, over a span of the publisher's clock; None: as far as asked."""
        found = (clock.figures(from_ns, to_ns) for clock in self._known.values())
        return [one for one in found if one is not None]
