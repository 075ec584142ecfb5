"""The swarm: thousands of subscribers on one event loop, each with its own connection.

It drives the same client halves that `pushlab.connect` does. Connections are opened with a bound on
how many are under way at once.
"""

import asyncio
import contextlib
import ssl
from collections import Counter, deque
from collections.abc import Callable, Container, Sequence
from random import Random
from time import monotonic_ns
from typing import cast

from pushlab.contract.events import Closed
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.transport import Transport
from pushlab.lab.load.emulated_link import DelayedProtocol, Holding, SubscriberIO
from pushlab.lab.load.recorder import Recorder
from pushlab.lab.load.tls_layer import TlsProtocol
from pushlab.lab.load.traffic_tap import TappedProtocol
from pushlab.lab.load.virtual_subscriber import Connection, IteratorSubscriber, SansIoSubscriber
from pushlab.runs import Link
from pushlab.wire.tls import client_context

__all__ = ["Swarm"]

_CONCURRENT_DIALS = 64
_READ_AT_ONCE = 4
_OVERLOAD_NS = 10_000_000


class Swarm:
    """All subscribers of one trial.

    Args:
        transport: whose client half is driven.
        seed: of the randomness that all subscribers share, since a generator for each would be a
            third of its memory. They draw their phases in the order of their numbers.
        link: the network to emulate between every subscriber and the server.
        tls: whom to trust where an endpoint is encrypted; None: whom this machine trusts.
        observed: numbers of the subscribers of whom every sending and receiving is written down.

    Attributes:
        recorder: what has been written down.
        goal: for each channel, the `seq` that its subscribers shall reach.
        pending: how many have not reached it yet.
        dials: how many connections have been asked for.
        connected, closed: how many were accepted by the server, and ended by it.
        arrived: what came and is still to be read: connection, bytes, and when they came.
        reading: whether the event loop will read it without being told.
        on_closed: called with the event when the server ends a subscriber.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        seed: int,
        link: Link | None = None,
        tls: ssl.SSLContext | None = None,
        observed: Container[int] = (),
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.transport = transport
        self.recorder = Recorder()
        self.readers: list[SansIoSubscriber | IteratorSubscriber] = []
        self.connections: set[Connection] = set()
        self.goal: Sequence[int] = ()
        self.pending = 0
        self.dials = 0
        self.connected = 0
        self.closed = 0
        self.on_closed: Callable[[Closed], None] = lambda event: None
        self._rng = Random(seed)
        self._link = link or Link()
        self._holding = Holding(self.loop, self._link, seed=seed) if self._link.present else None
        self._tls = tls
        self._observed = observed
        self._dials: deque[SansIoSubscriber] = deque()
        self._dialing: set[asyncio.Task[None]] = set()
        self._all_connected = asyncio.Event()
        self._reached = asyncio.Event()
        self._all_closed = asyncio.Event()
        self.arrived: deque[tuple[Connection, bytes, int]] = deque()
        self.reading = False

    def add(self, channel: int, endpoint: Endpoint, token: str) -> None:
        """Add a subscriber of channel number `channel`."""
        number = len(self.readers)
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
        for reader in self.readers:
            reader.leave()
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

    # ---- reading ----------------------------------------------------------------------------

    def read_soon(self) -> None:
        """Read what has arrived, once the event loop has noted all that is there by now."""
        self.reading = True
        self.loop.call_soon(self._read_some)

    def _read_some(self) -> None:
        """Read a few pieces and let the event loop look again, so that none waits long for it.

        A hundred messages that arrive at once take most of a millisecond to read, and what is
        noted only then would be late by as much, by no fault of the server's. Where pieces wait
        for long all the same, the generator is overloaded: then all are read at once, and the event
        loop's lag tells of it.
        """
        arrived = self.arrived
        waited_ns = monotonic_ns() - arrived[0][2] if arrived else 0
        some = len(arrived) if waited_ns > _OVERLOAD_NS else _READ_AT_ONCE
        try:
            for _ in range(min(some, len(arrived))):
                connection, data, now_ns = arrived.popleft()
                connection.read(data, now_ns)
        finally:
            self.reading = bool(arrived)
            if arrived:
                self.loop.call_soon(self._read_some)

    def read_all(self) -> None:
        """Read all that has arrived, now."""
        arrived = self.arrived
        while arrived:
            connection, data, now_ns = arrived.popleft()
            connection.read(data, now_ns)

    def connection_closed(self, connection: Connection) -> None:
        """A connection is gone."""
        self.connections.discard(connection)
        if not self.connections:
            self._all_closed.set()

    # ---- connecting -------------------------------------------------------------------------

    def dial(self, driver: SansIoSubscriber) -> None:
        """Open a connection for `driver` when it is its turn."""
        self.dials += 1
        self._dials.append(driver)
        self._next_dial()

    def line(self, connection: Connection, endpoint: Endpoint) -> asyncio.Protocol:
        """What to put on the socket of `connection`: itself, or lines that do more."""
        line: SubscriberIO = connection
        if endpoint.tls:
            if self._tls is None:
                self._tls = client_context()
            line = TlsProtocol(self._tls, endpoint.host, connection, self.recorder)
        if connection.driver.number in self._observed:
            line = TappedProtocol(connection.driver.number, line, self.recorder)
        if self._holding is not None:
            line = DelayedProtocol(self._holding, line)
        return cast(asyncio.Protocol, line)

    def _next_dial(self) -> None:
        while self._dials and len(self._dialing) < _CONCURRENT_DIALS:
            task = self.loop.create_task(self._dials.popleft().dial())
            self._dialing.add(task)
            task.add_done_callback(self._dial_done)

    def _dial_done(self, task: "asyncio.Task[None]") -> None:
        self._dialing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.loop.call_exception_handler({"message": "a dial failed", "exception": error})
        self._next_dial()

    def one_connected(self) -> None:
        """One more subscriber was accepted for the first time."""
        self.connected += 1
        if self.connected == len(self.readers):
            self._all_connected.set()

    def one_closed(self, event: Closed) -> None:
        """The server ended a subscriber."""
        self.closed += 1
        self.on_closed(event)

    async def all_connected(self) -> None:
        """Wait until the server has accepted every subscriber."""
        await self._all_connected.wait()

    # ---- reaching ---------------------------------------------------------------------------

    def set_goal(self, heads: Sequence[int]) -> None:
        """From now on, every subscriber of channel ``i`` shall reach the `seq` ``heads[i]``."""
        self.goal = heads
        self.pending = sum(reader.last_seq < heads[reader.channel] for reader in self.readers)
        self._reached.clear()
        if not self.pending:
            self._reached.set()

    def one_reached(self) -> None:
        """One more subscriber has what it shall reach."""
        self.pending -= 1
        if not self.pending:
            self._reached.set()

    async def reached(self) -> None:
        """Wait until every subscriber has reached the goal."""
        await self._reached.wait()

    # ---- figures ----------------------------------------------------------------------------

    def hits(self) -> dict[str, int]:
        """Requests sent so far, by kind."""
        total: Counter[str] = Counter()
        for reader in self.readers:
            if isinstance(reader, SansIoSubscriber):
                for kind, count in reader.subscriber.hits.items():
                    total[str(kind)] += count
        return dict(total)

    def wire_duplicates(self) -> int:
        """Messages that arrived again and were dropped before the application saw them."""
        return sum(r.subscriber.duplicates for r in self.readers if isinstance(r, SansIoSubscriber))
