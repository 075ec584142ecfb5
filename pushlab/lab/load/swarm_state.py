"""What all subscribers of a swarm share: what has arrived, and how far they are."""

import abc
import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from time import monotonic_ns
from typing import Any

from pushlab.contract.events import Closed
from pushlab.contract.transport import Transport
from pushlab.lab.load.recorder import Recorder
from pushlab.lab.load.stamped_socket import Looks
from pushlab.wire.driver import DriverConnection, SubscriberDriver

__all__ = ["NumberedDriver", "SwarmState"]

_READ_AT_ONCE = 4
_OVERLOAD_NS = 10_000_000


class NumberedDriver(SubscriberDriver):
    """Drives the subscriber of this number."""

    __slots__ = ()

    number: int


class SwarmState(abc.ABC):
    """What a subscriber knows of the swarm that it belongs to.

    Attributes:
        recorder: what has been written down.
        key: of the trial's stamps.
        goal: for each channel, the `seq` that its subscribers shall reach.
        pending: how many have not reached it yet.
        wanted: how many are to be accepted by the server.
        connected, closed: how many were accepted by the server, and ended by it.
        connections: those that are open.
        arrived: what came and is still to be read: connection, bytes, and when they came.
        reading: whether the event loop will read it without being told.
        looks: when the event loop was seen at work.
        on_closed: called with the event when the server ends a subscriber.
    """

    def __init__(self, transport: Transport, key: int = 0) -> None:
        self.loop = asyncio.get_running_loop()
        self.transport = transport
        self.key = key
        self.recorder = Recorder()
        self.connections: set[DriverConnection] = set()
        self.goal: Sequence[int] = ()
        self.pending = 0
        self.wanted = 0
        self.connected = 0
        self.closed = 0
        self.on_closed: Callable[[Closed], None] = lambda event: None
        self._all_connected = asyncio.Event()
        self._reached = asyncio.Event()
        self._all_closed = asyncio.Event()
        self.arrived: deque[tuple[DriverConnection, bytes, int]] = deque()
        self.reading = False
        self.looks = Looks()

    @abc.abstractmethod
    def dial(self, connect: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Let `connect` open a connection when it is its turn."""

    @abc.abstractmethod
    async def connect(self, subscriber: NumberedDriver) -> None:
        """Open a connection. Raises OSError."""

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
        arrived, now_ns = self.arrived, monotonic_ns()
        self.looks.look(now_ns)
        waited_ns = now_ns - arrived[0][2] if arrived else 0
        some = len(arrived) if waited_ns > _OVERLOAD_NS else _READ_AT_ONCE
        try:
            for _ in range(min(some, len(arrived))):
                connection, data, at_ns = arrived.popleft()
                connection.read(data, at_ns)
        finally:
            self.reading = bool(arrived)
            if arrived:
                self.loop.call_soon(self._read_some)

    def read_all(self) -> None:
        """Read all that has arrived, now."""
        arrived = self.arrived
        while arrived:
            connection, data, at_ns = arrived.popleft()
            connection.read(data, at_ns)

    def connection_closed(self, connection: DriverConnection) -> None:
        """A connection is gone."""
        self.connections.discard(connection)
        if not self.connections:
            self._all_closed.set()

    # ---- how far they are -------------------------------------------------------------------

    def one_connected(self) -> None:
        """One more subscriber was accepted for the first time."""
        self.connected += 1
        if self.connected == self.wanted:
            self._all_connected.set()

    def one_closed(self, event: Closed) -> None:
        """The server ended a subscriber."""
        self.closed += 1
        self.on_closed(event)

    async def all_connected(self) -> None:
        """Wait until the server has accepted every subscriber."""
        await self._all_connected.wait()

    def one_reached(self) -> None:
        """One more subscriber has what it shall reach."""
        self.pending -= 1
        if not self.pending:
            self._reached.set()

    async def reached(self) -> None:
        """Wait until every subscriber has reached the goal."""
        await self._reached.wait()
