"""The swarm: thousands of subscribers on one event loop, each with its own connection.

It drives the same client halves that `pushlab.connect` does. Connections are opened with a bound on
how many are under way at once. It may be one share of a trial's subscribers, a run of consecutive
numbers: each of them is then who it would be in a swarm of all.
"""

import asyncio
import contextlib
import functools
import ssl
from collections import Counter, deque
from collections.abc import Callable, Collection, Container, Coroutine, Sequence
from random import Random
from time import monotonic_ns
from typing import Any

from pushlab.contract.subscriber import Endpoint
from pushlab.contract.ticks import Ticks
from pushlab.contract.transport import Transport
from pushlab.lab.load.emulated_link import DelayedProtocol, Holding
from pushlab.lab.load.stamped_socket import Stamps, open_stamped
from pushlab.lab.load.swarm_state import NumberedDriver, SwarmState
from pushlab.lab.load.tls_layer import TlsProtocol
from pushlab.lab.load.traffic_tap import TappedProtocol
from pushlab.lab.load.virtual_subscriber import (
    Connection,
    IteratorSubscriber,
    SansIoSubscriber,
    WitnessConnection,
)
from pushlab.lab.load.witness import WitnessDelay
from pushlab.runs import Link
from pushlab.wire.tls import client_context

__all__ = ["CONCURRENT_DIALS", "Swarm"]

#: How many connections are opened at once, by all processes of a trial together.
CONCURRENT_DIALS = 64


class Swarm(SwarmState):
    """All subscribers of one trial, or a share of them.

    Args:
        transport: whose client half is driven.
        key: of the trial's stamps.
        seed: of the randomness that all subscribers share, since a generator for each would be a
            third of its memory. They draw their phases in the order of their numbers.
        link: the network to emulate between every subscriber and the server.
        tls: whom to trust where an endpoint is encrypted; None: whom this machine trusts.
        observed: numbers of the subscribers of whom every sending and receiving is written down.
        witnesses: numbers of those whose deliveries are stamped by the kernel too.
        first: the number of its first subscriber; who comes before is in other shares.
        dials: how many connections may be under way at once.

    Attributes:
        dials: how many connections have been asked for.
        stamps: what the witnesses share; None: there is none, or the kernel stamps nothing here.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        seed: int,
        key: int = 0,
        link: Link | None = None,
        tls: ssl.SSLContext | None = None,
        observed: Container[int] = (),
        witnesses: Collection[int] = (),
        first: int = 0,
        dials: int = CONCURRENT_DIALS,
    ) -> None:
        super().__init__(transport, key)
        self.readers: list[SansIoSubscriber | IteratorSubscriber] = []
        self.dials = 0
        self._never: list[frozenset[int]] | None = None
        self._rng = Random(seed)
        for _ in range(first):  # the phases of those who come before
            self._rng.random()
        self._first = first
        self._most_dials = dials
        self._link = link or Link()
        self._holding = (
            Holding(self.loop, self._link, seed=seed + first) if self._link.present else None
        )
        self._tls = tls
        self._observed = observed
        self._witnesses = witnesses
        self.stamps = Stamps(self.loop, self.looks) if witnesses else None
        self._dials: deque[Callable[[], Coroutine[Any, Any, None]]] = deque()
        self._dialing: set[asyncio.Task[None]] = set()

    def add(self, channel: int, endpoint: Endpoint, token: str) -> None:
        """Add a subscriber of channel number `channel`."""
        number = self._first + len(self.readers)
        self.wanted += 1
        if not self.transport.is_sans_io():
            self.readers.append(IteratorSubscriber(self, number, channel, endpoint, token))
            return
        subscriber = self.transport.subscriber(endpoint, token, rng=self._rng)
        self.readers.append(SansIoSubscriber(self, number, channel, subscriber))

    def start(self) -> None:
        """Let every subscriber begin."""
        for reader in self.readers:
            reader.start()

    async def leave(self, limit_s: float) -> None:
        """Let every subscriber say goodbye, and wait until the connections are closed."""
        limit_s += self._link.slack_s
        if self.stamps is not None:
            self.stamps.stop()
        for reader in self.readers:
            reader.say_goodbye()
        tasks = [
            r.task for r in self.readers if isinstance(r, IteratorSubscriber) and r.task is not None
        ]
        if tasks:
            await asyncio.wait(tasks, timeout=limit_s)
        if self._dialing:
            await asyncio.wait(self._dialing, timeout=limit_s)
        if self.connections:
            self._all_closed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_closed.wait(), limit_s)

    # ---- connecting -------------------------------------------------------------------------

    def dial(self, connect: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Let `connect` open a connection when it is its turn."""
        self.dials += 1
        self._dials.append(connect)
        self._next_dial()

    async def connect(self, subscriber: NumberedDriver) -> None:
        """Open a connection of a subscriber's. Raises OSError."""
        endpoint, stamps = subscriber.subscriber.endpoint, self.stamps
        if stamps is not None and subscriber.number in self._witnesses:
            shared, whole = stamps, self.transport.profile.asks

            def line() -> asyncio.Protocol:
                made = WitnessConnection(subscriber, self, shared, whole=whole)
                return self._line(subscriber, made)

            if await open_stamped(line, endpoint.host, endpoint.port, stamps):
                return
            self.stamps = None
        await self.loop.create_connection(
            lambda: self._line(subscriber, Connection(subscriber, self)),
            endpoint.host,
            endpoint.port,
        )

    def _line(self, subscriber: NumberedDriver, connection: Connection) -> asyncio.Protocol:
        """What to put on a subscriber's socket: its connection, or what does more."""
        endpoint = subscriber.subscriber.endpoint
        line: asyncio.Protocol = connection
        if endpoint.tls:
            if self._tls is None:
                self._tls = client_context()
            line = TlsProtocol(self._tls, endpoint.host, connection, self.recorder)
        if subscriber.number in self._observed:
            line = TappedProtocol(subscriber.number, line, self.recorder)
        if self._holding is not None:
            line = (
                WitnessDelay(self._holding, line, self.stamps)
                if self.stamps is not None and isinstance(connection, WitnessConnection)
                else DelayedProtocol(self._holding, line)
            )
        return line

    def _next_dial(self) -> None:
        while self._dials and len(self._dialing) < self._most_dials:
            task = self.loop.create_task(self._dials.popleft()())
            self._dialing.add(task)
            task.add_done_callback(self._dial_done)

    def _dial_done(self, task: "asyncio.Task[None]") -> None:
        self._dialing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.loop.call_exception_handler({"message": "a dial failed", "exception": error})
        self._next_dial()

    # ---- reaching ---------------------------------------------------------------------------

    def begin(self) -> None:
        """Forget the probes: messages count from here."""
        self.recorder.begin()
        self.forget()
        if self.stamps is not None:
            self.stamps.start()

    def forget(self) -> None:
        """Wait no more for anything up to the goal, nor take it for a message that counts."""
        for reader in self.readers:
            reader.begin(self.goal[reader.channel] if self.goal else 0)

    def set_goal(
        self, heads: Sequence[int], never: Sequence[Collection[int]] | None = None
    ) -> None:
        """From now on, every subscriber of channel ``i`` shall reach the `seq` ``heads[i]``.

        Args:
            never: where the laboratory numbers, those of each channel that no publish took: all
                others are waited for. None: those of last time, or the `seq` alone.
        """
        self.goal = heads
        if never is not None:
            self._never = [frozenset(numbers) for numbers in never]
        owed = functools.cache(self._owed)
        self.pending = sum(
            reader.aim(owed(reader.channel, reader.first)) for reader in self.readers
        )
        self._reached.clear()
        if not self.pending:
            self._reached.set()

    def _owed(self, channel: int, first: int) -> bytes | None:
        """Of the numbers from `first` to the goal, which are waited for; None: the goal alone."""
        if self._never is None:
            return None
        never = self._never[channel]
        return bytes(n > first and n not in never for n in range(first, self.goal[channel] + 1))

    # ---- figures ----------------------------------------------------------------------------

    def hits(self) -> dict[str, int]:
        """Requests sent so far, by kind."""
        total: Counter[str] = Counter()
        for reader in self.readers:
            if isinstance(reader, SansIoSubscriber):
                for kind, count in reader.subscriber.hits.items():
                    total[str(kind)] += count
        return dict(total)

    def ticks(self) -> Ticks:
        """What was due by the subscribers' clocks so far; none where they ask by no clock."""
        now_ns, total = monotonic_ns(), Ticks()
        for reader in self.readers:
            if isinstance(reader, SansIoSubscriber) and (ticks := reader.subscriber.ticks(now_ns)):
                total = Ticks(*map(sum, zip(total, ticks, strict=True)))
        return total

    def set_right(self) -> tuple[int, int]:
        """Messages that arrived again and were dropped, and such as were put in order.

        There are no rows of the ones, and no rows that would show the others.
        """
        halves = [r.subscriber for r in self.readers if isinstance(r, SansIoSubscriber)]
        return sum(half.duplicates for half in halves), sum(half.reordered for half in halves)
