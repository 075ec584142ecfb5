"""Drives one sans-I/O client half over this event loop's sockets.

This is a driver's whole duty, as `pushlab.contract.subscriber` describes it. `pushlab.connect`, the
contract suite's reader and the recorder of conversations each add what they are for by overriding a
step; the laboratory's swarm, which drives thousands at once, has a leaner one.
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Sequence
from typing import ClassVar, cast

from pushlab.contract.events import Event
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.wire.tls import client_context

__all__ = ["Driver", "DriverProtocol"]

_WRITE_BUFFER_BYTES = 1024 * 1024


class Driver:
    """One subscriber, over any number of connections in a row.

    Args:
        tls: whom to trust where the endpoint is encrypted; None: whom this machine trusts.

    Attributes:
        dial_s: how long an attempt to open a connection may take.
    """

    dial_s: ClassVar[float] = 10.0

    def __init__(self, subscriber: Subscriber, *, tls: ssl.SSLContext | None = None) -> None:
        self._subscriber = subscriber
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._link: asyncio.Transport | None = None  # the connection in use
        self._links: set[asyncio.Transport] = set()  # open, or closing
        self._gone = asyncio.Event()  # whether there is none
        self._gone.set()
        self._dialing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin."""
        self._subscriber.start(time.monotonic_ns())
        self._turn()

    # ---- what a driver is for ---------------------------------------------------------------

    def _take(self, events: Sequence[Event]) -> None:
        """What the client half made of what happened."""

    def _write(self, link: asyncio.Transport, data: bytes) -> None:
        """Send these bytes."""
        link.write(data)

    async def _connect(self, endpoint: Endpoint) -> None:
        """Open a connection, a `DriverProtocol`, to where the transport listens."""
        context = (self._tls or client_context()) if endpoint.tls else None
        await self._loop.create_connection(
            lambda: DriverProtocol(self), endpoint.host, endpoint.port, ssl=context
        )

    def _delay_s(self, due_ns: int) -> float | None:
        """How long to wait for a timer that is due then; None: do not wait for it."""
        return max(0.0, (due_ns - time.monotonic_ns()) / 1e9)

    # ---- the duty ---------------------------------------------------------------------------

    def _turn(self) -> None:
        """After anything happened: send, take events, open or close, and set the timer."""
        subscriber, link = self._subscriber, self._link
        data = subscriber.data_to_send()
        if data and link is not None:
            self._write(link, data)
        if events := subscriber.events_received():
            self._take(events)
        if link is not None and not subscriber.holds_connection:
            self._link = None
            link.close()
        if subscriber.wants_connection and self._dialing is None:
            self._dialing = self._loop.create_task(self._dial())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_ns = subscriber.get_timer()
        delay_s = None if due_ns is None else self._delay_s(due_ns)
        if delay_s is not None:
            self._timer = self._loop.call_later(delay_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._subscriber.handle_timer(time.monotonic_ns())
        self._turn()

    async def _dial(self) -> None:
        try:
            async with asyncio.timeout(self.dial_s):
                await self._connect(self._subscriber.endpoint)
        except (OSError, TimeoutError, ValueError) as error:  # ValueError: a name no host can have
            self._dialing = None
            reason = str(error) or "no answer to a connection attempt"
            self._subscriber.connection_failed(reason, time.monotonic_ns())
            self._turn()

    def _stop(self) -> None:
        """Dial no more, and wait for no timer."""
        if self._dialing is not None:
            self._dialing.cancel()
        if self._timer is not None:
            self._timer.cancel()

    # ---- what a link tells ------------------------------------------------------------------

    def made(self, link: asyncio.Transport) -> None:
        """A connection is open."""
        self._dialing = None
        self._link = link
        self._links.add(link)
        self._gone.clear()
        self._subscriber.connection_made(time.monotonic_ns())
        self._turn()

    def data(self, link: asyncio.Transport, data: bytes) -> None:
        """Bytes arrived; those of a connection that is no longer wanted are dropped."""
        if link is self._link:
            self._subscriber.receive_data(data, time.monotonic_ns())
            self._turn()

    def lost(self, link: asyncio.Transport) -> None:
        """A connection is closed."""
        self._links.discard(link)
        if not self._links:
            self._gone.set()
        if link is self._link:
            self._link = None
            self._subscriber.receive_eof(time.monotonic_ns())
            self._turn()


class DriverProtocol(asyncio.Protocol):
    """One connection of a driver."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self._transport = cast(asyncio.Transport, transport)
        with contextlib.suppress(NotImplementedError):
            self._transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)
        self._driver.made(self._transport)

    def data_received(self, data: bytes) -> None:
        """Bytes arrived."""
        self._driver.data(self._transport, data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._driver.lost(self._transport)
