"""A socket whose data the kernel stamps when it arrives, as a transport of the event loop's.

An event loop's own transports cannot hand the stamps on. `StampedSocket` stands in their place and
does what they do for a protocol; beside each piece of data `Stamps.current` has its `Arrival`.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pushlab.lab.load.kernel_stamps import Segments, WallClock
from pushlab.wire.receive_stamps import SPACE, stamp_of, stamp_received

__all__ = ["Arrival", "Looks", "StampedSocket", "Stamps", "open_stamped"]

_READ_BYTES = 64 * 1024
_HIGH_WATER_BYTES = 64 * 1024
_LOOK_EVERY_S = 0.005


class Arrival:
    """When a piece of data reached this machine, in nanoseconds of the monotonic clock.

    Attributes:
        last_ns: when its last byte had; 0: not known.
        first_ns: when its first byte had, at the earliest: `last_ns` where the piece is one
            segment of TCP, else no later than the event loop had looked for data without finding
            any.
    """

    __slots__ = ("first_ns", "last_ns")

    def __init__(self, last_ns: int = 0, first_ns: int = 0) -> None:
        self.last_ns = last_ns
        self.first_ns = first_ns

    def later(self, ns: int) -> "Arrival":
        """The same at the end of a way of `ns`."""
        return Arrival(self.last_ns + ns, self.first_ns + ns) if self.last_ns else self


class Looks:
    """When the event loop has looked for data, so that none which is older can be unread.

    What was there at a moment of one turn of the loop has been read two turns later. So the third
    last moment counts.
    """

    __slots__ = ("_at_ns",)

    def __init__(self) -> None:
        self._at_ns = (0, 0, 0)

    def look(self, now_ns: int) -> None:
        """The loop is at work, outside the reading of data; at most once in a turn."""
        self._at_ns = (*self._at_ns[1:], now_ns)

    @property
    def since_ns(self) -> int:
        """All that is unread has come since."""
        return self._at_ns[0]


class Stamps:
    """What the witnesses of one swarm share.

    Args:
        loop: on which they are read.
        looks: others who say when the loop has looked for data.
        clock: converts the kernel's stamps.

    Attributes:
        buffer: what their sockets are read into.
        current: of the data that is being handed on; None: it has no stamp.
        discarded: pieces whose stamp could not be converted.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *looks: Looks,
        clock: WallClock | None = None,
    ) -> None:
        self.loop = loop
        self.clock = clock or WallClock()
        self.buffer = memoryview(bytearray(_READ_BYTES))
        self.current: Arrival | None = None
        self.discarded = 0
        self._own = Looks()
        self._looks = looks
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look at the clock now and then, for loops that have little else to do."""
        self._own.look(time.monotonic_ns())
        self._timer = self.loop.call_later(_LOOK_EVERY_S, self.start)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def fill(self, arrival: Arrival, ancillary: Any, segments: Segments, size: int) -> None:
        """Note when a piece of `size` bytes arrived."""
        empty_ns = segments.empty_ns
        alone = segments.took_one(size)
        wall_ns = stamp_of(ancillary)
        if wall_ns is None:  # the kernel begins to stamp a moment after it was asked to
            return
        last_ns = self.clock.to_monotonic(wall_ns)
        if last_ns is None:
            self.discarded += 1
            return
        if not alone:
            looked_ns = max((looks.since_ns for looks in self._looks), default=0)
            arrival.first_ns = min(last_ns, max(empty_ns, looked_ns, self._own.since_ns))
        else:
            arrival.first_ns = last_ns
        arrival.last_ns = last_ns


class _Reads(Protocol):
    """What a `StampedSocket` tells: an `asyncio.Protocol`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def eof_received(self) -> bool | None: ...
    def connection_lost(self, error: Exception | None) -> None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...


class StampedSocket(asyncio.Transport):
    """A transport over a socket that is read with the kernel's stamps.

    It does what the event loop's own does for a protocol: bytes in order, writes that never block,
    flow control both ways, and one call at the end.

    Args:
        sock: connected, not blocking.
        above: what is told.
        stamps: where the stamp of each piece is while the piece is handed on.
    """

    def __init__(self, sock: socket.socket, above: _Reads, stamps: Stamps) -> None:
        super().__init__({"socket": sock})
        self._sock = sock
        self._above = above
        self._stamps = stamps
        self._loop = stamps.loop
        self._segments = Segments(sock)
        self._unsent = bytearray()
        self._reading = False
        self._closing = False
        self._over = False
        self._held = False
        above.connection_made(self)
        self.resume_reading()

    # ---- reading ----------------------------------------------------------------------------

    def is_reading(self) -> bool:
        """Whether what arrives is read."""
        return self._reading

    def pause_reading(self) -> None:
        """Leave what arrives in the kernel."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._sock)

    def resume_reading(self) -> None:
        """Read what arrives."""
        if not self._reading and not self._closing:
            self._reading = True
            self._loop.add_reader(self._sock, self._read)

    def _read(self) -> None:
        stamps, arrival = self._stamps, Arrival()
        try:
            size, ancillary, _, _ = self._sock.recvmsg_into([stamps.buffer], SPACE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(error)
            return
        if not size:
            self.pause_reading()
            if not self._above.eof_received():
                self.close()
            return
        stamps.current = arrival
        try:
            self._above.data_received(bytes(stamps.buffer[:size]))
        finally:
            stamps.current = None
        with contextlib.suppress(OSError):  # closed by what it said
            stamps.fill(arrival, ancillary, self._segments, size)

    # ---- writing ----------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send; what the kernel does not take at once follows when it does."""
        if self._closing or self._over or not data:
            return
        sent = 0
        if not self._unsent:
            try:
                sent = self._sock.send(data)
            except (BlockingIOError, InterruptedError):
                pass
            except OSError as error:
                self._end(error)
                return
            if sent == len(data):
                return
            self._loop.add_writer(self._sock, self._write)
        self._unsent += memoryview(data)[sent:]
        if len(self._unsent) > _HIGH_WATER_BYTES and not self._held:
            self._held = True
            self._above.pause_writing()

    def _write(self) -> None:
        try:
            sent = self._sock.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(error)
            return
        del self._unsent[:sent]
        if self._held and not self._unsent:
            self._held = False
            self._above.resume_writing()
        if not self._unsent:
            self._loop.remove_writer(self._sock)
            if self._closing:
                self._end(None)

    # ---- the end ----------------------------------------------------------------------------

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._closing or self._over

    def close(self) -> None:
        """Close when what was written is sent."""
        if not self.is_closing():
            self.pause_reading()
            self._closing = True
            if not self._unsent:
                self._end(None)

    def abort(self) -> None:
        """Close at once."""
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self._over:
            return
        self.pause_reading()
        if self._unsent:
            self._loop.remove_writer(self._sock)
        self._over = self._closing = True
        self._loop.call_soon(self._gone, error)

    def _gone(self, error: Exception | None) -> None:
        try:
            self._above.connection_lost(error)
        finally:
            self._sock.close()


async def open_stamped(
    make: Callable[[], _Reads], host: str, port: int, stamps: Stamps
) -> StampedSocket | None:
    """Open a connection whose data is stamped.

    Returns:
        None where the kernel stamps nothing: nothing was opened.

    Raises:
        OSError: no connection.
    """
    loop = stamps.loop
    found: Sequence[Any] = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure: OSError | None = None
    for family, kind, number, _, address in found:
        sock = socket.socket(family, kind, number)
        try:
            sock.setblocking(False)
            if not stamp_received(sock):
                sock.close()
                return None
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(sock, address)
            return StampedSocket(sock, make(), stamps)
        except OSError as error:
            failure = error
            sock.close()
        except BaseException:
            sock.close()
            raise
    raise failure or OSError(f"{host}: no address")
