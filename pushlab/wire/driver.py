"""Drives sans-I/O client halves over an event loop's sockets.

`SubscriberDriver` is a driver's whole duty, as `pushlab.contract.subscriber` describes it, and as
little else as can be: it reads the clock once for each piece of data, and sets a timer anew only
where one is due earlier. The laboratory's swarm drives thousands with it. `Driver` adds what one
subscriber needs: sockets of its own, encryption, an end that can be waited for. `pushlab.connect`,
the contract suite's reader and the recorder of conversations each override a step of it.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Sequence
from time import monotonic_ns
from typing import TYPE_CHECKING, Any, ClassVar

from pushlab.contract.events import Event
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.wire.tls import client_context

__all__ = ["Driver", "DriverConnection", "StallingDriver", "SubscriberDriver"]

_WRITE_BUFFER_BYTES = 1024 * 1024
_TICK_NS = 1_000_000  # event loops round timers to a millisecond, some of them downward


class SubscriberDriver:
    """One subscriber, over any number of connections in a row.

    Whoever drives says in `take`, `write` and `dial` what becomes of events, bytes and wishes.

    Attributes:
        connection: the one in use.
        dialing: whether one has been asked for.
        loop: on which all of it happens.
        timer, timer_ns: what wakes the subscriber, and when.
    """

    if not TYPE_CHECKING:
        __slots__ = ()  # of this class; those below have them, beside what others give them

    subscriber: Subscriber
    connection: "DriverConnection | None"
    dialing: bool
    loop: asyncio.AbstractEventLoop
    timer: asyncio.TimerHandle | None
    timer_ns: int

    def take(self, events: Sequence[Event], now_ns: int) -> None:
        """What the client half made of what happened."""
        raise NotImplementedError

    def write(self, connection: "DriverConnection", data: bytes) -> None:
        """Send these bytes."""
        connection.transport.write(data)

    def dial(self, now_ns: int) -> None:
        """Open a connection; call `connection_made` or `dial_failed` in the end."""
        raise NotImplementedError

    # ---- the duty ---------------------------------------------------------------------------

    def start(self) -> None:
        """Let the subscriber begin."""
        now_ns = monotonic_ns()
        self.subscriber.start(now_ns)
        self.flush(now_ns)

    def say_goodbye(self) -> None:
        """Let it say goodbye and close."""
        now_ns = monotonic_ns()
        self.subscriber.close(now_ns)
        self.flush(now_ns)

    def flush(self, now_ns: int) -> None:
        """Carry out what the subscriber asks for after anything has happened."""
        subscriber = self.subscriber
        data = subscriber.data_to_send()
        if data and self.connection is not None:
            self.write(self.connection, data)
        events = subscriber.events_received()
        if events:
            self.take(events, now_ns)
        if not subscriber.holds_connection:
            if self.connection is not None:
                gone, self.connection = self.connection, None
                gone.leave(subscriber.linger_s)
            if subscriber.wants_connection and not self.dialing:
                self.dialing = True
                self.dial(now_ns)
        when_ns = subscriber.get_timer()
        if when_ns is not None and (self.timer is None or when_ns < self.timer_ns):
            self.arm(when_ns, now_ns)

    def arm(self, when_ns: int, now_ns: int) -> None:
        """Wake the subscriber then."""
        if self.timer is not None:
            self.timer.cancel()
        self.timer_ns = when_ns
        delay_s = max(0, when_ns - now_ns) / 1e9
        self.timer = self.loop.call_later(delay_s, self.wake)

    def wake(self) -> None:
        """The timer ran; it may have been a little early, or set for a time that has moved."""
        self.timer = None
        now_ns = monotonic_ns()
        when_ns = self.subscriber.get_timer()
        if when_ns is not None and when_ns > now_ns:
            self.arm(max(when_ns, now_ns + _TICK_NS), now_ns)
            return
        self.subscriber.handle_timer(now_ns)
        self.flush(now_ns)

    # ---- what a connection tells ------------------------------------------------------------

    def connection_made(self, connection: "DriverConnection") -> None:
        """The connection that was wanted is open."""
        self.connection = connection
        self.dialing = False
        self.connection_opened(connection)
        now_ns = monotonic_ns()
        self.subscriber.connection_made(now_ns)
        self.flush(now_ns)

    def dial_failed(self, reason: str) -> None:
        """The connection that was wanted will not open."""
        self.dialing = False
        now_ns = monotonic_ns()
        self.subscriber.connection_failed(reason, now_ns)
        self.flush(now_ns)

    def lost(self, connection: "DriverConnection") -> None:
        """The other side sends no more, or a connection is closed."""
        if self.connection is connection:
            self.connection = None
            now_ns = monotonic_ns()
            self.subscriber.receive_eof(now_ns)
            self.flush(now_ns)

    def reads(self, connection: "DriverConnection") -> bool:
        """Whether what comes on it is wanted now."""
        return True

    def connection_opened(self, connection: "DriverConnection") -> None:
        """A connection is open."""

    def connection_closed(self, connection: "DriverConnection") -> None:
        """A connection is closed for good, whether it was in use or not."""


class DriverConnection(asyncio.Protocol):
    """One connection of a driver, which may have had others before."""

    __slots__ = ("driver", "transport")

    def __init__(self, driver: SubscriberDriver) -> None:
        self.driver = driver
        self.transport: Any = None  # what the event loop, or a layer below, gives

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self.transport = transport
        self.driver.connection_made(self)

    def leave(self, linger_s: float) -> None:
        """Close it when what is left is sent, after the other side has or `linger_s` are over."""
        if linger_s:
            self.driver.loop.call_later(linger_s, self.transport.close)
        else:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Bytes arrived."""
        self.read(data, monotonic_ns())

    def read(self, data: bytes, now_ns: int) -> None:
        """Read what arrived at `now_ns`; of a connection that is no longer wanted, nothing."""
        driver = self.driver
        if driver.connection is self:
            subscriber = driver.subscriber
            if subscriber.receive_data(data, now_ns):
                driver.flush(now_ns)
            else:
                driver.take(subscriber.events_received(), now_ns)

    def pause_writing(self) -> None:
        """The other side does not take what it is sent: hear no more of what asks for answers."""
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """There is room again."""
        if not self.transport.is_closing() and self.driver.reads(self):
            self.transport.resume_reading()

    def eof_received(self) -> None:
        """The other side sends no more."""
        self.driver.lost(self)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self.driver.lost(self)
        self.driver.connection_closed(self)


class Driver(SubscriberDriver):
    """One subscriber with sockets of its own.

    Args:
        tls: whom to trust where the endpoint is encrypted; None: whom this machine trusts.

    Attributes:
        dial_s: how long an attempt to open a connection may take.
        connection_class: what a connection is.
        receive_buffer_bytes: of its sockets; 0: what the system gives.
    """

    dial_s: ClassVar[float] = 10.0
    connection_class: ClassVar[type[DriverConnection]] = DriverConnection
    receive_buffer_bytes: ClassVar[int] = 0

    def __init__(self, subscriber: Subscriber, *, tls: ssl.SSLContext | None = None) -> None:
        self.subscriber = subscriber
        self.connection = None
        self.dialing = False
        self.loop = asyncio.get_running_loop()
        self.timer = None
        self.timer_ns = 0
        self._tls = tls
        self._connections: set[DriverConnection] = set()  # open, or closing
        self._gone = asyncio.Event()  # whether there is none
        self._gone.set()
        self._dialling: asyncio.Task[None] | None = None

    async def _connect(self, endpoint: Endpoint) -> None:
        """Open a connection to where the transport listens."""
        context = (self._tls or client_context()) if endpoint.tls else None
        if not self.receive_buffer_bytes:
            await self.loop.create_connection(
                lambda: self.connection_class(self), endpoint.host, endpoint.port, ssl=context
            )
            return
        wire = await self._narrow(endpoint)
        try:
            name = endpoint.host if context is not None else None
            await self.loop.create_connection(
                lambda: self.connection_class(self), sock=wire, ssl=context, server_hostname=name
            )
        except BaseException:
            wire.close()
            raise

    async def _narrow(self, endpoint: Endpoint) -> socket.socket:
        """A connected socket with a small buffer. Raises OSError."""
        found = await self.loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        family, _, _, _, address = found[0]
        wire = socket.socket(family)
        try:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer_bytes)
            wire.setblocking(False)
            await self.loop.sock_connect(wire, address)
        except BaseException:
            wire.close()
            raise
        return wire

    def dial(self, now_ns: int) -> None:
        """Open a connection."""
        self._dialling = self.loop.create_task(self._try())

    async def _try(self) -> None:
        try:
            async with asyncio.timeout(self.dial_s):
                await self._connect(self.subscriber.endpoint)
        except (OSError, TimeoutError, ValueError) as error:  # ValueError: a name no host can have
            self.dial_failed(str(error) or "no answer to a connection attempt")

    def _stop(self) -> None:
        """Dial no more, and wait for no timer."""
        if self._dialling is not None:
            self._dialling.cancel()
        if self.timer is not None:
            self.timer.cancel()

    def connection_opened(self, connection: DriverConnection) -> None:
        """A connection is open."""
        with contextlib.suppress(NotImplementedError):
            connection.transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)
        self._connections.add(connection)
        self._gone.clear()

    def connection_closed(self, connection: DriverConnection) -> None:
        """A connection is closed."""
        self._connections.discard(connection)
        if not self._connections:
            self._gone.set()


class StallingDriver(Driver):
    """One that can stop reading; its buffer is small, so that this holds up the server soon."""

    receive_buffer_bytes = 8 * 1024
    _stalled = False

    def reads(self, connection: DriverConnection) -> bool:
        """Not while it is stalled."""
        return not self._stalled

    def stall(self) -> None:
        """Take nothing more off the wire."""
        self._stalled = True
        if self.connection is not None:
            self.connection.transport.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        self._stalled = False
        if self.connection is not None:
            self.connection.transport.resume_reading()
