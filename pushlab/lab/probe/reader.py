"""A reader that keeps what went over its connections, and can be kept away from its server."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from pushlab.contract.events import (
    Closed,
    Connected,
    Disconnected,
    Event,
    Message,
    Overtaken,
    Unnumbered,
)
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.transport import Transport
from pushlab.lab.probe.recording import Recording
from pushlab.systems.stamp import stamps_in
from pushlab.systems.system import Admission
from pushlab.wire.driver import Driver, DriverConnection
from pushlab.wire.tls import client_context
from pushlab.wire.unreachable import why_unreachable

__all__ = ["ProbeReader"]

_LOOK_AGAIN_S = 0.005


class _Kept(DriverConnection):
    """A connection that keeps a recording."""

    __slots__ = ("recording",)

    def __init__(self, driver: "ProbeReader") -> None:
        super().__init__(driver)
        self.recording = Recording()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.recording.opened_ns = time.monotonic_ns()
        super().connection_made(transport)

    def read(self, data: bytes, now_ns: int) -> None:
        self.recording.received.append((now_ns, data))
        super().read(data, now_ns)

    def eof_received(self) -> None:
        self.recording.ended_ns = time.monotonic_ns()
        super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None and self.recording.ended_ns is None:
            self.recording.ended_ns = time.monotonic_ns()
        super().connection_lost(error)


class ProbeReader(Driver):
    """One reader of one channel.

    Args:
        key: of the stamps that it looks for.
        authority: whom to trust if the server is encrypted, as a PEM certificate.
        dial_s: how long an attempt to connect may take.

    Attributes:
        recordings: of its connections, in order.
        accepted: when the server let it in, each time.
        seen: each stamp that came, in the order of arrival: channel, number, and when.
        others: how many messages came without a stamp of this probe.
        said: why the client half was not content, each time.
        closed: its last word; None: it goes on.
    """

    connection_class = _Kept

    def __init__(
        self,
        transport: Transport,
        admission: Admission,
        *,
        key: int,
        authority: str | None,
        dial_s: float,
    ) -> None:
        rng = random.Random(key)
        endpoint = Endpoint.told(admission.endpoint)
        tls = client_context(authority) if endpoint.tls else None
        super().__init__(transport.subscriber(endpoint, admission.token, rng=rng), tls=tls)
        self.channel = admission.channel
        self.recordings: list[Recording] = []
        self.accepted: list[int] = []
        self.seen: list[tuple[int, int, int]] = []
        self.others = 0
        self.said: list[str] = []
        self.closed: Closed | None = None
        self._key = key
        self._within_s = dial_s
        self._away = False
        self._waits_to_dial = False

    # ---- what a driver does -----------------------------------------------------------------

    def take(self, events: Sequence[Event], now_ns: int) -> None:
        """Keep what happened."""
        for event in events:
            match event:
                case Unnumbered(data):
                    self._read(data, now_ns)
                case Message() | Overtaken():
                    self._read(event.data.encode(), now_ns)
                case Connected():
                    self.accepted.append(now_ns)
                case Disconnected(reason):
                    self.said.append(reason)
                case Closed():
                    self.closed = event
                case _:
                    pass

    def _read(self, data: bytes, now_ns: int) -> None:
        found = [(*stamp, now_ns) for stamp in stamps_in(data, self._key)]
        self.seen += found
        self.others += not found

    def write(self, connection: DriverConnection, data: bytes) -> None:
        """Send, and keep what was sent."""
        assert isinstance(connection, _Kept)
        connection.recording.sent.append((time.monotonic_ns(), data))
        super().write(connection, data)

    def connection_opened(self, connection: DriverConnection) -> None:
        """Keep its recording."""
        assert isinstance(connection, _Kept)
        self.recordings.append(connection.recording)
        super().connection_opened(connection)

    def dial(self, now_ns: int) -> None:
        """Connect, or wait until it may come back."""
        if self._away:
            self._waits_to_dial = True
        else:
            super().dial(now_ns)

    async def _try(self) -> None:
        try:
            async with asyncio.timeout(self._within_s):
                await self._connect(self.subscriber.endpoint)
        except (OSError, ValueError) as error:
            self.dial_failed(why_unreachable(error, self.subscriber.endpoint, self._within_s))

    # ---- what a probe does with it ----------------------------------------------------------

    def cut(self) -> None:
        """Break the connection, and stay away."""
        self._away = True
        if self.connection is not None:
            self.connection.transport.abort()

    def come_back(self) -> None:
        """Connect again as the client half does after a loss."""
        self._away = False
        if self._waits_to_dial:
            self._waits_to_dial = False
            self.dial(time.monotonic_ns())

    @property
    def numbers(self) -> list[int]:
        """Those of the messages of its own channel, in the order of arrival."""
        return [number for place, number, _ in self.seen if place == self.channel]

    def arrivals(self, number: int) -> list[int]:
        """When a message of its own channel came, each time that it did."""
        return [at for place, n, at in self.seen if (place, n) == (self.channel, number)]

    async def until(self, holds: Callable[[], object], within_s: float) -> bool:
        """Wait until it holds; whether it did in time. Its end is waited for no longer."""
        deadline = time.monotonic() + within_s
        while not holds():
            if time.monotonic() > deadline or self.closed is not None:
                return bool(holds())
            await asyncio.sleep(_LOOK_AGAIN_S)
        return True

    async def has(self, numbers: Sequence[int], within_s: float) -> bool:
        """Wait for messages of its own channel, anew with each that comes; whether all came."""
        known = -1
        while len(self.seen) > known and not all(map(self.arrivals, numbers)):
            known = len(self.seen)
            await self.until(partial(self._has_more, known), within_s)
        return all(map(self.arrivals, numbers))

    def _has_more(self, known: int) -> bool:
        return len(self.seen) > known

    async def leave(self) -> None:
        """Say goodbye, and close."""
        with suppress(Exception):  # a client half in any state; it has told what it had to
            self.say_goodbye()
        self._stop()
        for connection in list(self._connections):
            connection.transport.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._gone.wait()
        for connection in list(self._connections):
            connection.transport.abort()
