"""One subscriber of the swarm: its connection, its timer, and what its application sees.

`SansIoSubscriber` does for a sans-I/O subscriber what `pushlab.contract.subscriber` asks of a
driver, and as little else as it can: one protocol object for each connection, one timer for each
subscriber, one clock reading for each piece of data that arrives. `IteratorSubscriber` runs the
friendly form of a transport that insists on its own sockets.
"""

import asyncio
from collections.abc import Sequence
from time import monotonic_ns
from typing import cast

from pushlab.contract.events import Closed, Connected, Disconnected, Event, Gap, Message
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.lab.load.swarm_state import SwarmState

__all__ = ["Connection", "IteratorSubscriber", "SansIoSubscriber", "VirtualSubscriber"]

_TICK_NS = 1_000_000  # event loops round timers to a millisecond, some of them downward


class Connection(asyncio.Protocol):
    """One TCP connection of a driver; a driver may have had others before."""

    __slots__ = ("driver", "transport")

    def __init__(self, driver: "SansIoSubscriber") -> None:
        self.driver = driver
        self.transport: asyncio.Transport | None = None  # or a line that looks like one

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self.driver.connection_made(self)

    def data_received(self, data: bytes) -> None:
        """Bytes arrived: note when, and read them when all that has come is noted."""
        swarm = self.driver.swarm
        swarm.arrived.append((self, data, monotonic_ns()))
        if not swarm.reading:
            swarm.read_soon()

    def read(self, data: bytes, now_ns: int) -> None:
        """Read what arrived at `now_ns`."""
        driver = self.driver
        driver.swarm.recorder.bytes_in += len(data)
        if driver.connection is self:
            subscriber = driver.subscriber
            if subscriber.receive_data(data, now_ns):
                driver.flush(now_ns)
            else:
                driver.take(subscriber.events_received(), now_ns)

    def eof_received(self) -> None:
        """The other side sends no more."""
        self._gone()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self.driver.swarm.connection_closed(self)
        self._gone()

    def connection_failed(self, reason: str) -> None:
        """The connection will not open."""
        self.driver.dial_failed(reason)

    def _gone(self) -> None:
        driver = self.driver
        driver.swarm.read_all()
        if driver.connection is self:
            driver.connection = None
            now_ns = monotonic_ns()
            driver.subscriber.receive_eof(now_ns)
            driver.flush(now_ns)


class VirtualSubscriber:
    """What the application sees of one subscriber.

    Attributes:
        number: the subscriber's, from 0.
        channel: the number of its channel.
        last_seq: the highest message that it has; 0 before the first.
        wanted_ns: when it first wanted a connection.
        connected: whether the server has accepted it once.
        closed: the server's last word, if it has ended.
    """

    __slots__ = ("channel", "closed", "connected", "last_seq", "number", "swarm", "wanted_ns")

    def __init__(self, swarm: SwarmState, number: int, channel: int) -> None:
        self.swarm = swarm
        self.number = number
        self.channel = channel
        self.last_seq = 0
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
                if seq > last:
                    self.last_seq = seq
                    if swarm.pending and last < swarm.goal[self.channel] <= seq:
                        swarm.one_reached()
                elif seq == last:
                    recorder.duplicated += 1
                else:
                    recorder.reordered += 1
            elif isinstance(event, Connected):
                if not self.connected:
                    self.connected = True
                    recorder.connected(self.number, self.wanted_ns, now_ns)
                    swarm.one_connected()
            elif isinstance(event, Gap):
                recorder.gaps += 1
            elif isinstance(event, Disconnected):
                recorder.disconnects += 1
                recorder.reasons[event.reason] += 1
            elif isinstance(event, Closed):
                self.closed = event
                if event.status:
                    recorder.reasons[f"closed: {event.reason}"] += 1
                    swarm.one_closed(event)


class SansIoSubscriber(VirtualSubscriber):
    """Drives one sans-I/O subscriber: the duty that `pushlab.contract.subscriber` describes."""

    __slots__ = ("connection", "dialing", "subscriber", "timer", "timer_ns")

    def __init__(
        self, swarm: SwarmState, number: int, channel: int, subscriber: Subscriber
    ) -> None:
        super().__init__(swarm, number, channel)
        self.subscriber = subscriber
        self.connection: Connection | None = None
        self.dialing = False
        self.timer: asyncio.TimerHandle | None = None
        self.timer_ns = 0

    def start(self) -> None:
        """Let the subscriber begin."""
        now_ns = monotonic_ns()
        self.subscriber.start(now_ns)
        self.flush(now_ns)

    def leave(self) -> None:
        """Say goodbye and close."""
        now_ns = monotonic_ns()
        self.subscriber.close(now_ns)
        self.flush(now_ns)

    def flush(self, now_ns: int) -> None:
        """Carry out what the subscriber asks for after anything has happened."""
        subscriber = self.subscriber
        data = subscriber.data_to_send()
        if data and self.connection is not None and self.connection.transport is not None:
            self.connection.transport.write(data)
            self.swarm.recorder.bytes_out += len(data)
        events = subscriber.events_received()
        if events:
            self.take(events, now_ns)
        if not subscriber.holds_connection:
            if self.connection is not None:
                gone, self.connection = self.connection, None
                if gone.transport is not None:
                    gone.transport.close()  # what is left is sent first
            if subscriber.wants_connection and not self.dialing:
                self.dialing = True
                if not self.wanted_ns:
                    self.wanted_ns = now_ns
                self.swarm.dial(self.dial)
        when_ns = subscriber.get_timer()
        if when_ns is not None and (self.timer is None or when_ns < self.timer_ns):
            self._arm(when_ns, now_ns)

    def _arm(self, when_ns: int, now_ns: int) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.timer_ns = when_ns
        delay_s = max(0, when_ns - now_ns) / 1e9
        self.timer = self.swarm.loop.call_later(delay_s, self._wake)

    def _wake(self) -> None:
        """The timer ran; it may have been a little early, or set for a time that has moved."""
        self.timer = None
        now_ns = monotonic_ns()
        when_ns = self.subscriber.get_timer()
        if when_ns is not None and when_ns > now_ns:
            self._arm(max(when_ns, now_ns + _TICK_NS), now_ns)
            return
        self.subscriber.handle_timer(now_ns)
        self.flush(now_ns)

    # ---- called for the connection ----

    def connection_made(self, connection: Connection) -> None:
        """The connection that was dialled is open."""
        self.connection = connection
        self.dialing = False
        self.swarm.connections.add(connection)
        now_ns = monotonic_ns()
        self.subscriber.connection_made(now_ns)
        self.flush(now_ns)

    async def dial(self) -> None:
        """Open a connection, if it is still wanted."""
        if not self.subscriber.wants_connection:
            self.dialing = False
            return
        endpoint = self.subscriber.endpoint
        try:
            await self.swarm.loop.create_connection(
                lambda: self.swarm.line(self.number, Connection(self), endpoint),
                endpoint.host,
                endpoint.port,
            )
        except OSError as error:
            self.dial_failed(error.strerror or str(error))

    def dial_failed(self, reason: str) -> None:
        """The connection that was dialled will not open."""
        self.dialing = False
        now_ns = monotonic_ns()
        self.subscriber.connection_failed(reason, now_ns)
        self.flush(now_ns)


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

    def leave(self) -> None:
        """Stop reading."""
        if self.task is not None:
            self.task.cancel()

    async def _read(self) -> None:
        try:
            async for event in self.swarm.transport.messages(self._endpoint, self._token):
                self.take((event,), monotonic_ns())
        except Exception as error:  # a plug-in's failure is this subscriber's end, not the swarm's
            self.take((Closed(f"{type(error).__name__}: {error}", 500),), monotonic_ns())
