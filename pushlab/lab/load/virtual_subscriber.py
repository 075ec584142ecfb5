"""One subscriber of the swarm: its connections, and what the application sees of it.

`SansIoSubscriber` drives a sans-I/O client half, `IteratorSubscriber` the friendly form of a
transport that insists on its own sockets.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from time import monotonic_ns

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
from pushlab.lab.load.stamped_socket import Arrival, Stamps
from pushlab.lab.load.swarm_state import NumberedDriver, SwarmState
from pushlab.systems.stamp import STAMP_BYTES, stamps_in
from pushlab.wire.driver import DriverConnection, SubscriberDriver

__all__ = [
    "Connection",
    "IteratorSubscriber",
    "SansIoSubscriber",
    "VirtualSubscriber",
    "WitnessConnection",
]

_AHEAD = 64  # numbers for which there is room at a time


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
        first: where the laboratory numbers, the number up to which messages do not count.
        have: for each number behind it, whether it has come.
        owed, lacks: what of these it shall have before it has reached the goal, see `aim`; and how
            many of them have not come.
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
        "have",
        "lacks",
        "last_seq",
        "number",
        "owed",
        "swarm",
        "wanted_ns",
    )

    def __init__(self, swarm: SwarmState, number: int, channel: int) -> None:
        self.swarm = swarm
        self.number = number
        self.channel = channel
        self.beginnings = swarm.recorder.beginnings[channel]
        self.last_seq = 0
        self.first = 0
        self.have = bytearray()
        self.owed: bytes | None = None
        self.lacks = 0
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
                have, place = self.have, number - self.first
                if place >= len(have):
                    have += bytes(place + _AHEAD - len(have))
                again, have[place] = have[place], 1
                if number > self.last_seq:
                    self.last_seq = number
                if self.lacks:
                    self._lacks_less(number, again)

    def _lacks_less(self, number: int, again: int) -> None:
        """Something came while it lacks some of what it shall reach."""
        owed, place = self.owed, number - self.first
        if owed is None:
            self.lacks = int(self.last_seq < self.swarm.goal[self.channel])
        elif not again and place < len(owed):
            self.lacks -= owed[place]
        if not self.lacks:
            self.swarm.one_reached()

    def aim(self, owed: bytes | None) -> bool:
        """Whether it lacks some of the goal.

        Args:
            owed: for each number behind `first`, from its own on, whether it is waited for; None:
                who has the goal itself has reached it.
        """
        self.owed = owed
        if owed is None:
            self.lacks = int(self.last_seq < self.swarm.goal[self.channel])
        else:
            wanted = int.from_bytes(owed, "little")
            has = int.from_bytes(self.have[: len(owed)], "little")
            self.lacks = (wanted & ~has).bit_count()
        return self.lacks > 0

    def begin(self, newest: int) -> None:
        """Messages count from here: what has a number up to `newest` is of no interest any more."""
        self.first = max(self.last_seq, newest)
        self.have, self.owed, self.lacks = bytearray(), None, 0


class SansIoSubscriber(VirtualSubscriber, NumberedDriver):
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
