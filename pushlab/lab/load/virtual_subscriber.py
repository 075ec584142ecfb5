"""One subscriber of the swarm, and what all of them share: what has arrived, and how far they are.

`SansIoSubscriber` drives a sans-I/O client half, `IteratorSubscriber` the friendly form of a
transport that insists on its own sockets.
"""

import abc
import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence, Set
from time import monotonic_ns
from typing import Any

from pushlab.contract.events import (
    Closed,
    Connected,
    Disconnected,
    Event,
    Gap,
    Message,
    Overtaken,
    Unnumbered,
)
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.contract.transport import Transport
from pushlab.lab.load.recorder import Recorder
from pushlab.lab.load.stamped_socket import Arrival, Looks, Stamps
from pushlab.systems.stamp import STAMP_BYTES, stamps_in
from pushlab.wire.driver import DriverConnection, SubscriberDriver

__all__ = [
    "Connection",
    "IteratorSubscriber",
    "SansIoSubscriber",
    "SwarmState",
    "VirtualSubscriber",
    "WitnessConnection",
]

_READ_AT_ONCE = 4
_OVERLOAD_NS = 10_000_000


class SwarmState(abc.ABC):
    """What a subscriber knows of the swarm that it belongs to.

    Attributes:
        recorder: what has been written down.
        key: of the trial's stamps.
        goal: for each channel, the `seq` that its subscribers shall reach.
        never: for each channel, the numbers that no publish took, for which nobody waits; empty:
            who has the goal itself has reached it.
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
        self.never: Sequence[Set[int]] = ()
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
    async def connect(self, subscriber: "SansIoSubscriber") -> None:
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


class Connection(DriverConnection):
    """A connection whose bytes wait until all that have come are noted."""

    __slots__ = ("swarm",)

    def __init__(self, driver: SubscriberDriver, swarm: SwarmState) -> None:
        super().__init__(driver)
        self.swarm = swarm

    def data_received(self, data: bytes) -> None:
        """Bytes arrived: note when, and read them when all that has come is noted."""
        swarm = self.swarm
        swarm.arrived.append((self, data, monotonic_ns()))
        swarm.recorder.bytes_in += len(data)
        if not swarm.reading:
            swarm.read_soon()

    def eof_received(self) -> None:
        """The other side sends no more."""
        self.swarm.read_all()
        super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self.swarm.read_all()
        super().connection_lost(error)

    def connection_failed(self, reason: str) -> None:
        """The connection will not open."""
        self.driver.dial_failed(reason)


class WitnessConnection(Connection):
    """A connection that writes down beside each delivery when the kernel had its data.

    Args:
        stamps: where the stamp of what arrives is.
        whole: whether what one read brings is one answer, none of which counts before its end.
    """

    __slots__ = ("_arrivals", "_stamps", "_whole")

    def __init__(
        self, driver: SubscriberDriver, swarm: SwarmState, stamps: Stamps, *, whole: bool
    ) -> None:
        super().__init__(driver, swarm)
        self._stamps = stamps
        self._whole = whole
        self._arrivals: deque[Arrival | None] = deque()  # one for each piece that is to be read

    def data_received(self, data: bytes) -> None:
        """Bytes arrived: note when, by both clocks."""
        super().data_received(data)
        self._arrivals.append(self._stamps.current)

    def read(self, data: bytes, now_ns: int) -> None:
        """Read what arrived, and stamp the deliveries in it."""
        recorder = self.swarm.recorder
        arrival = self._arrivals.popleft()
        first = len(recorder.seq)
        super().read(data, now_ns)
        if arrival is not None and arrival.last_ns:
            end = len(recorder.seq)
            for row in range(first, end):
                known = self._whole or row == end - 1 or arrival.first_ns == arrival.last_ns
                at_ns = arrival.last_ns if known else arrival.first_ns
                recorder.stamped(row, at_ns, bounded=not known)


class VirtualSubscriber:
    """What the application sees of one subscriber.

    Attributes:
        number: the subscriber's, from 0.
        channel: the number of its channel.
        beginnings: how the messages of its channel begin.
        last_seq: the highest message that it has; 0 before the first.
        missing: numbers below `last_seq` that it has not, where the server promises no order.
        first: the number up to which messages are probes, where the server has no numbers.
        wanted_ns: when it first wanted a connection.
        connected: whether the server has accepted it once.
        closed: the server's last word, if it has ended.
    """

    __slots__ = (
        "beginnings",
        "channel",
        "closed",
        "connected",
        "first",
        "last_seq",
        "missing",
        "number",
        "swarm",
        "wanted_ns",
    )

    def __init__(self, swarm: SwarmState, number: int, channel: int) -> None:
        self.swarm = swarm
        self.number = number
        self.channel = channel
        self.beginnings = swarm.recorder.beginnings[channel]
        self.last_seq = 0
        self.missing: set[int] = set()
        self.first = 0
        self.wanted_ns = 0
        self.connected = False
        self.closed: Closed | None = None

    def take(self, events: Sequence[Event], now_ns: int) -> None:
        """Write down what happened at `now_ns`."""
        swarm, recorder = self.swarm, self.swarm.recorder
        for event in events:
            if type(event) is Message:
                seq, last = event.seq, self.last_seq
                recorder.add_subscriber(self.number)
                recorder.add_seq(seq)
                recorder.add_received_ns(now_ns)
                beginnings = self.beginnings
                if seq > beginnings.newest:
                    beginnings.newest = seq
                    beginnings.texts[seq] = event.data[:STAMP_BYTES]
                if seq > last:
                    self.last_seq = seq
                    if swarm.pending and last < swarm.goal[self.channel] <= seq:
                        swarm.one_reached()
            elif type(event) is Unnumbered:
                self._recognise(event.data, now_ns)
            elif isinstance(event, Connected):
                if not self.connected:
                    self.connected = True
                    recorder.connected(self.number, self.wanted_ns, now_ns)
                    swarm.one_connected()
            elif isinstance(event, Gap):
                recorder.gaps += 1
            elif isinstance(event, Overtaken):  # it has come, though behind a later one
                recorder.add_subscriber(self.number)
                recorder.add_seq(event.seq)
                recorder.add_received_ns(now_ns)
                self.beginnings.texts.setdefault(event.seq, event.data[:STAMP_BYTES])
            elif isinstance(event, Disconnected):
                recorder.disconnects += 1
                recorder.reasons[event.reason] += 1
            elif isinstance(event, Closed):
                self.closed = event
                if event.status:
                    recorder.reasons[f"closed: {event.reason}"] += 1
                    swarm.one_closed(event)

    def _recognise(self, data: bytes, now_ns: int) -> None:
        """A server that does not number its messages sent this: whose stamps it has, came."""
        recorder = self.swarm.recorder
        stamps = stamps_in(data, self.swarm.key)
        if not stamps:
            recorder.unstamped += 1
        for channel, number in stamps:
            if channel != self.channel:
                recorder.strays += 1
            elif number > self.first:
                recorder.add_subscriber(self.number)
                recorder.add_seq(number)
                recorder.add_received_ns(now_ns)
                if number == self.last_seq + 1 and not self.swarm.pending:
                    self.last_seq = number
                else:
                    self._arrived(number)

    def _arrived(self, number: int) -> None:
        """A message came out of order, or again, or while somebody waits for it."""
        swarm = self.swarm
        waited = swarm.pending and not self.has_all()
        if number > self.last_seq:
            self.missing.update(range(self.last_seq + 1, number))
            if swarm.never:
                self.missing -= swarm.never[self.channel]
            self.last_seq = number
        else:
            self.missing.discard(number)
        if waited and self.has_all():
            swarm.one_reached()

    def has_all(self) -> bool:
        """Whether it has what it shall: its channel's goal, and all before that was taken."""
        swarm = self.swarm
        return self.last_seq >= swarm.goal[self.channel] and not (swarm.never and self.missing)

    def begin(self) -> None:
        """Messages count from here; what came before were probes."""
        self.first = self.last_seq
        self.missing.clear()


class SansIoSubscriber(VirtualSubscriber, SubscriberDriver):
    """Drives one sans-I/O subscriber."""

    __slots__ = ("connection", "dialing", "loop", "subscriber", "timer", "timer_ns")

    def __init__(
        self, swarm: SwarmState, number: int, channel: int, subscriber: Subscriber
    ) -> None:
        super().__init__(swarm, number, channel)
        self.subscriber = subscriber
        self.connection = None
        self.dialing = False
        self.loop = swarm.loop
        self.timer = None
        self.timer_ns = 0

    def write(self, connection: DriverConnection, data: bytes) -> None:
        """Send these bytes, and count them."""
        connection.transport.write(data)
        self.swarm.recorder.bytes_out += len(data)

    def dial(self, now_ns: int) -> None:
        """Open a connection when it is this subscriber's turn."""
        if not self.wanted_ns:
            self.wanted_ns = now_ns
        self.swarm.dial(self.connect)

    async def connect(self) -> None:
        """Open a connection, if it is still wanted."""
        if not self.subscriber.wants_connection:
            self.dialing = False
            return
        try:
            await self.swarm.connect(self)
        except OSError as error:
            self.dial_failed(error.strerror or str(error))

    def connection_opened(self, connection: DriverConnection) -> None:
        """A connection is open."""
        self.swarm.connections.add(connection)

    def connection_closed(self, connection: DriverConnection) -> None:
        """A connection is gone."""
        self.swarm.connection_closed(connection)


class IteratorSubscriber(VirtualSubscriber):
    """Runs the friendly form of a transport that has no sans-I/O client half."""

    __slots__ = ("_endpoint", "_token", "task")

    def __init__(
        self, swarm: SwarmState, number: int, channel: int, endpoint: Endpoint, token: str
    ) -> None:
        super().__init__(swarm, number, channel)
        self._endpoint = endpoint
        self._token = token
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read."""
        self.wanted_ns = monotonic_ns()
        self.task = self.swarm.loop.create_task(self._read())

    def say_goodbye(self) -> None:
        """Stop reading."""
        if self.task is not None:
            self.task.cancel()

    async def _read(self) -> None:
        try:
            async for event in self.swarm.transport.messages(self._endpoint, self._token):
                self.take((event,), monotonic_ns())
        except Exception as error:  # a plug-in's failure is this subscriber's end, not the swarm's
            self.take((Closed(f"{type(error).__name__}: {error}", 500),), monotonic_ns())
