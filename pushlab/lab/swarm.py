"""The swarm: thousands of sans-I/O subscribers on one event loop, each with its own connection.

It drives the same client halves that `pushlab.connect` does, and does as little else as it can: one
protocol object for each connection, one timer for each subscriber, one clock reading for each piece
of data that arrives. Connections are opened with a bound on how many are under way at once.
"""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from random import Random
from typing import cast

from pushlab.contract.events import Closed, Connected, Disconnected, Event, Gap, Message
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.contract.transport import Transport
from pushlab.lab.recorder import Recorder

__all__ = ["Driver", "Swarm"]

_CONCURRENT_DIALS = 64
_LAG_EVERY_S = 0.02
_TICK_NS = 1_000_000  # event loops round timers to a millisecond, some of them downward


class _Connection(asyncio.Protocol):
    """One TCP connection of a driver; a driver may have had others before."""

    __slots__ = ("driver", "transport")

    def __init__(self, driver: "Driver") -> None:
        self.driver = driver
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self.driver.connection_made(self)

    def data_received(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        driver = self.driver
        driver.swarm.recorder.bytes_in += len(data)
        if driver.connection is self:
            driver.subscriber.receive_data(data, now_ns)
            driver.flush(now_ns)

    def eof_received(self) -> None:
        self._gone()

    def connection_lost(self, error: Exception | None) -> None:
        self.driver.swarm.connection_closed(self)
        self._gone()

    def _gone(self) -> None:
        driver = self.driver
        if driver.connection is self:
            driver.connection = None
            now_ns = time.monotonic_ns()
            driver.subscriber.receive_eof(now_ns)
            driver.flush(now_ns)


class Reader:
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

    def __init__(self, swarm: "Swarm", number: int, channel: int) -> None:
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
                recorder.subscriber.append(self.number)
                recorder.seq.append(seq)
                recorder.received_ns.append(now_ns)
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
                    recorder.connect_s.append((now_ns - self.wanted_ns) / 1e9)
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


class Driver(Reader):
    """Drives one sans-I/O subscriber: the duty that `pushlab.contract.subscriber` describes."""

    __slots__ = ("connection", "dialing", "subscriber", "timer", "timer_ns")

    def __init__(self, swarm: "Swarm", number: int, channel: int, subscriber: Subscriber) -> None:
        super().__init__(swarm, number, channel)
        self.subscriber = subscriber
        self.connection: _Connection | None = None
        self.dialing = False
        self.timer: asyncio.TimerHandle | None = None
        self.timer_ns = 0

    def start(self) -> None:
        """Let the subscriber begin."""
        now_ns = time.monotonic_ns()
        self.subscriber.start(now_ns)
        self.flush(now_ns)

    def leave(self) -> None:
        """Say goodbye and close."""
        now_ns = time.monotonic_ns()
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
        if self.connection is not None and not subscriber.holds_connection:
            gone, self.connection = self.connection, None
            if gone.transport is not None:
                gone.transport.close()  # what is left is sent first
        if subscriber.wants_connection and not self.dialing:
            self.dialing = True
            if not self.wanted_ns:
                self.wanted_ns = now_ns
            self.swarm.dial(self)
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
        now_ns = time.monotonic_ns()
        when_ns = self.subscriber.get_timer()
        if when_ns is not None and when_ns > now_ns:
            self._arm(max(when_ns, now_ns + _TICK_NS), now_ns)
            return
        self.subscriber.handle_timer(now_ns)
        self.flush(now_ns)

    # ---- called for the connection ----

    def connection_made(self, connection: _Connection) -> None:
        """The connection that was dialled is open."""
        self.connection = connection
        self.swarm.connections.add(connection)
        now_ns = time.monotonic_ns()
        self.subscriber.connection_made(now_ns)
        self.flush(now_ns)

    async def dial(self) -> None:
        """Open a connection, if it is still wanted."""
        endpoint = self.subscriber.endpoint
        try:
            if self.subscriber.wants_connection:
                tls = endpoint.tls or None
                await self.swarm.loop.create_connection(
                    lambda: _Connection(self), endpoint.host, endpoint.port, ssl=tls
                )
        except OSError as error:
            self.subscriber.connection_failed(error.strerror or str(error), time.monotonic_ns())
        finally:
            self.dialing = False
        self.flush(time.monotonic_ns())


class Guest(Reader):
    """Runs the friendly form of a transport that has no sans-I/O client half."""

    __slots__ = ("_endpoint", "_token", "task")

    def __init__(
        self, swarm: "Swarm", number: int, channel: int, endpoint: Endpoint, token: str
    ) -> None:
        super().__init__(swarm, number, channel)
        self._endpoint = endpoint
        self._token = token
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read."""
        self.wanted_ns = time.monotonic_ns()
        self.task = self.swarm.loop.create_task(self._read())

    def leave(self) -> None:
        """Stop reading."""
        if self.task is not None:
            self.task.cancel()

    async def _read(self) -> None:
        try:
            async for event in self.swarm.transport.messages(self._endpoint, self._token):
                self.take((event,), time.monotonic_ns())
        except Exception as error:  # a plug-in's failure is this subscriber's end, not the swarm's
            self.take((Closed(f"{type(error).__name__}: {error}", 500),), time.monotonic_ns())


class Swarm:
    """All subscribers of one trial.

    Args:
        transport: whose client half is driven.
        seed: each subscriber's randomness comes from it and from the subscriber's number.

    Attributes:
        recorder: what has been written down.
        goal: for each channel, the `seq` that its subscribers shall reach.
        pending: how many have not reached it yet.
        connected, closed: how many were accepted by the server, and ended by it.
        on_closed: called with the event when the server ends a subscriber.
    """

    def __init__(self, transport: Transport, *, seed: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.transport = transport
        self.recorder = Recorder()
        self.readers: list[Driver | Guest] = []
        self.connections: set[_Connection] = set()
        self.goal: Sequence[int] = ()
        self.pending = 0
        self.connected = 0
        self.closed = 0
        self.on_closed: Callable[[Closed], None] = lambda event: None
        self._seed = seed
        self._dials: deque[Driver] = deque()
        self._dialing: set[asyncio.Task[None]] = set()
        self._all_connected = asyncio.Event()
        self._reached = asyncio.Event()
        self._all_closed = asyncio.Event()
        self._lag_due = 0.0

    def add(self, channel: int, endpoint: Endpoint, token: str) -> None:
        """Add a subscriber of channel number `channel`."""
        number = len(self.readers)
        if not self.transport.is_sans_io():
            self.readers.append(Guest(self, number, channel, endpoint, token))
            return
        rng = Random(f"{self._seed}/{number}")
        subscriber = self.transport.subscriber(endpoint, token, rng=rng)
        self.readers.append(Driver(self, number, channel, subscriber))

    def start(self) -> None:
        """Let every subscriber begin."""
        for reader in self.readers:
            reader.start()
        self._lag_due = self.loop.time()
        self._sample_lag()

    async def leave(self, limit_s: float) -> None:
        """Let every subscriber say goodbye, and wait until the connections are closed."""
        for reader in self.readers:
            reader.leave()
        tasks = [r.task for r in self.readers if isinstance(r, Guest) and r.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=limit_s)
        if self._dialing:
            await asyncio.wait(self._dialing, timeout=limit_s)
        if self.connections:
            self._all_closed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_closed.wait(), limit_s)

    def connection_closed(self, connection: _Connection) -> None:
        """A connection is gone."""
        self.connections.discard(connection)
        if not self.connections:
            self._all_closed.set()

    # ---- connecting -------------------------------------------------------------------------

    def dial(self, driver: Driver) -> None:
        """Open a connection for `driver` when it is its turn."""
        self._dials.append(driver)
        self._next_dial()

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
            if isinstance(reader, Driver):
                for kind, count in reader.subscriber.hits.items():
                    total[str(kind)] += count
        return dict(total)

    def wire_duplicates(self) -> int:
        """Messages that arrived again and were dropped before the application saw them."""
        return sum(r.subscriber.duplicates for r in self.readers if isinstance(r, Driver))

    def _sample_lag(self) -> None:
        now_s = self.loop.time()
        self.recorder.loop_lag_s.append(max(0.0, now_s - self._lag_due))
        self._lag_due = now_s + _LAG_EVERY_S
        self.loop.call_at(self._lag_due, self._sample_lag)
